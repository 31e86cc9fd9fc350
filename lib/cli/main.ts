import { Interrupted, UserError } from '../errors.js'
import { outOfMemory } from '../experiment/estimate/out-of-memory.js'
import { fileOperations as fs } from '../files/operations.js'
import { parseArgs, WrongUse } from './command.js'
import { findCommand } from './find.js'
import { onEarlySignal, STOPPED } from './interrupt.js'
import { guardOutput } from './output.js'
import { helpOf, overview } from './overview.js'

/**
 * Runs one command line and returns its exit code: 0, 1 (failed), 2 (wrong usage) or 75 (stopped and saved). Errors are
 * printed on standard error.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const output = guardOutput()
  const code = await run(argv)
  // A failed write is reported in the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve))
  return output.exitCode(code)
}

/** A command whose error names no keys of its own. */
const WHOLE_COMMAND = {
  where: 'memory',
  estimate: null,
  todo: 'Lower the rows at a time (evalBatch of eval, batch of think), the size of the data (trainPuzzles, versions) or hidden; or end other work on this machine.',
} as const

async function run(argv: readonly string[]): Promise<number> {
  try {
    return await execute(argv)
  } catch (thrown) {
    const error = process.env.RECURLAB_DEBUG ? thrown : outOfMemory(WHOLE_COMMAND, thrown)
    if (!(error instanceof UserError) || process.env.RECURLAB_DEBUG) {
      process.stderr.write(
        `recurlab: internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
      )
      return error instanceof UserError ? error.exitCode : 1
    }
    process.stderr.write(`recurlab: ${error.message}\n`)
    return error instanceof Interrupted ? STOPPED : error.exitCode
  }
}

/** Runs one command line. @returns the exit code 0, 1 or 75 @throws UserError for wrong usage and for failures. */
export async function execute(argv: readonly string[]): Promise<number> {
  const words = meant(argv)
  const [first] = words
  if (first === undefined || first === '--help' || first === '-h') {
    process.stdout.write(overview())
    return first === undefined ? 2 : 0
  }
  if (first === '--version' || first === '-V') {
    process.stdout.write(`${versionText()}\n`)
    return 0
  }
  const asksHelp = words.includes('--help') || words.includes('-h')
  const { path, entry, command, rest } = await findCommand(words, asksHelp)
  if (asksHelp || 'commands' in command) {
    process.stdout.write(helpOf({ path, entry, command, rest }))
    return 0
  }
  onEarlySignal(command.onSignal ?? null)
  try {
    return await command.run(parseArgs(rest, command))
  } catch (error) {
    throw error instanceof WrongUse ? error.withHelp(path) : error
  }
}

/** Returns the version, as `recurlab --version` prints it. */
function versionText(): string {
  const { version } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return `recurlab ${version}`
}

/** Rewrites `help COMMAND` to `COMMAND --help`. */
function meant(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv
  return first === 'help' ? [...rest.filter((word) => word !== 'help'), '--help'] : argv
}
