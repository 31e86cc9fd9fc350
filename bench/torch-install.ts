import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UserError } from '../lib/errors.js'

/** The measured version of PyTorch. */
export const TORCH_VERSION = '2.13.0'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** The Python of `.venv`. */
export const python = path.join(root, '.venv', 'bin', 'python')

/** Returns the version of PyTorch in `.venv`; null if it cannot be imported. */
export async function torchVersion(): Promise<string | null> {
  if (!existsSync(python)) return null
  try {
    const { stdout } = await promisify(execFile)(python, ['-I', '-c', 'import torch; print(torch.__version__)'])
    return stdout.trim()
  } catch {
    return null
  }
}

/**
 * Installs PyTorch into `.venv` if it is missing; only this bench needs it, `npm start` never does.
 *
 * @returns its version
 * @throws UserError if it cannot be installed
 */
export async function installTorch(): Promise<string> {
  const found = await torchVersion()
  if (found) return found
  process.stderr.write(`recurlab: installing PyTorch ${TORCH_VERSION} into .venv (once; about 200 MB to 3 GB)\n`)
  const options = [
    '-I',
    '-m',
    'pip',
    'install',
    '-q',
    '--disable-pip-version-check',
    `torch==${TORCH_VERSION}`,
    'numpy',
  ]
  let reason = 'pip installed it, but it does not import'
  try {
    await promisify(execFile)(python, options)
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    reason = text.trim().split('\n').at(-1) ?? 'pip failed'
  }
  const version = await torchVersion()
  if (version) return version
  throw new UserError({
    where: 'PyTorch',
    expected: `torch ${TORCH_VERSION} in .venv`,
    found: reason,
    todo: 'Check the network and the free space, or measure without it: torch=false.',
  })
}
