import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { UserError } from '../../errors.js'

const execute = promisify(execFile)

/** Milliseconds after which a command of Slurm counts as hanging, as one does whose controller cannot be reached. */
const LONGEST_MS = 120_000

/**
 * Runs a command of Slurm.
 *
 * @returns its standard output without the last line break
 * @throws UserError when it is not installed, or with what it said when it fails.
 */
export async function slurm(command: string, args: readonly string[], todo?: string): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { encoding: 'utf8', timeout: LONGEST_MS, maxBuffer: 2 ** 28 })
    return stdout.trimEnd()
  } catch (error) {
    throw failure(command, error as NodeJS.ErrnoException & Said, todo)
  }
}

/** As {@link slurm}; null when the command is missing or fails. */
export async function slurmIfThere(command: string, args: readonly string[]): Promise<string | null> {
  try {
    return await slurm(command, args)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

interface Said {
  readonly stderr?: string
  readonly killed?: boolean
}

function failure(command: string, error: NodeJS.ErrnoException & Said, todo: string | undefined): UserError {
  if (error.code === 'ENOENT') return noCommand(command)
  return refusal(command, error.stderr || (error.killed ? 'no answer in two minutes' : error.message), todo)
}

/** Returns the error of a command that is not installed. */
export function noCommand(command: string): UserError {
  return new UserError({
    where: 'Slurm',
    expected: `the command ${command}`,
    found: 'none on this machine',
    todo: 'Work on a machine from which jobs are submitted, or leave out --on slurm to train here.',
  })
}

/** Returns the error of a command that failed. @param said its standard error */
export function refusal(command: string, said: string, todo?: string): UserError {
  const lines = said.split('\n').map((line) => line.replace(/^\w+: (?:error: )?/, '').trim())
  return new UserError({
    where: command,
    expected: 'a request that Slurm accepts',
    found: lines.filter(Boolean).join('; ').replace(/\.$/, '') || 'a failure without a message',
    ...(todo ? { todo } : {}),
  })
}
