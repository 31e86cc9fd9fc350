import { spawn } from 'node:child_process'
import path from 'node:path'
import { Interrupted, UserError } from '../../errors.js'
import { readBytes, sha256, writeFileAtomic } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { Wheel } from '../../tasks/downloads.js'
import { byHand, type WheelSource } from './sources.js'

/** Options of {@link downloadWheel}. */
export interface PipOptions {
  /** Python interpreter whose pip is used. */
  readonly python: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
  /** Timeout of pip in milliseconds. Default: 10 minutes. */
  readonly limit?: number | undefined
}

/**
 * Downloads a wheel with pip, which uses the package index of the user's settings, retries by itself, and verifies the
 * checksum; nothing is installed.
 *
 * @param folder an empty folder
 * @returns path of the file
 * @throws UserError when pip is missing, reaches no index, or downloads another file.
 */
export async function downloadWheel(
  wheel: Wheel,
  folder: string,
  source: WheelSource,
  dir: string,
  options: PipOptions,
): Promise<string> {
  const { python, signal } = options
  const fail = (expected: string, found: string, todo = byHand(source, dir)): UserError =>
    new UserError({ where: source.title, expected, found, todo })
  if (!fs.existsSync(python))
    throw fail('a Python with pip', `none at ${python}`, `Run npm run setup. ${byHand(source, dir)}`)
  const wanted = path.join(folder, 'wanted.txt')
  writeFileAtomic(wanted, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`)
  const args = [
    // Without the user's PYTHONPATH and PYTHONHOME.
    '-I',
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--no-cache-dir',
    '--no-input',
  ]
  const { code, text } = await run(
    python,
    [...args, '--disable-pip-version-check', '-r', wanted, '-d', folder],
    options,
  )
  if (signal?.aborted)
    throw new Interrupted({
      where: source.title,
      expected: 'a complete download',
      found: 'an interrupt',
      todo: 'Run the same command again.',
    })
  const file = path.join(folder, `${wheel.name}-${wheel.version}-py3-none-any.whl`)
  if (code === 0 && fs.existsSync(file)) {
    const found = sha256(readBytes(file))
    if (found === wheel.sha256) return file
    throw fail(`SHA-256 ${wheel.sha256} of ${path.basename(file)}`, found)
  }
  const about = `${wheel.name} ${wheel.version} from the Python package index`
  if (/DO NOT MATCH THE HASHES|HashMismatch/i.test(text))
    throw fail(`${about} with SHA-256 ${wheel.sha256}`, lineOf(text, /^\s*Got\s/m) ?? 'another file')
  if (/NewConnectionError|name resolution|Connection refused|Network is unreachable|Max retries exceeded/i.test(text))
    throw fail('a connection to the Python package index (shown by: pip config list)', 'none')
  throw fail(
    about,
    code === null ? 'pip, ended' : `pip's exit code ${code}: ${lineOf(text, /^ERROR/m) ?? 'no reason given'}`,
  )
}

/** Default timeout: ten minutes. */
const LIMIT = 600_000

function run(
  python: string,
  args: readonly string[],
  { environment, signal, limit = LIMIT }: PipOptions,
): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve) => {
    const stop = AbortSignal.timeout(limit)
    const child = spawn(python, args, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: signal ? AbortSignal.any([signal, stop]) : stop,
    })
    let text = ''
    const keep = (chunk: Buffer): void => {
      text = (text + chunk.toString('utf8')).slice(-100_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => {
      text += `\n${error.message}`
    })
    child.on('close', (code) => resolve({ code, text }))
  })
}

/** Returns the first matching line, trimmed, or null. */
function lineOf(text: string, pattern: RegExp): string | null {
  const at = text.search(pattern)
  return at < 0 ? null : text.slice(at).trimStart().split('\n', 1)[0]!.trim().slice(0, 200)
}
