import { UserError } from '../errors.js'
import { type Command, parseArgs } from './command.js'
import { commands } from './registry.js'

/** Runs one command line and returns its exit code: 0, 1 (failed) or 2 (wrong use). */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const [name, ...rest] = argv
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      process.stdout.write(await overview())
      return name === undefined ? 2 : 0
    }
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!load)
      throw new UserError({
        where: 'command line',
        expected: `a command (${Object.keys(commands).join(', ')})`,
        found: name,
        todo: 'See recurlab --help.',
        exitCode: 2,
      })
    const command = await load()
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(helpOf(command))
      return 0
    }
    return await command.run(parseArgs(rest, command.flags))
  } catch (error) {
    if (!(error instanceof UserError) || process.env.RECURLAB_DEBUG) {
      process.stderr.write(
        `recurlab: internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
      )
      return error instanceof UserError ? error.exitCode : 1
    }
    process.stderr.write(`recurlab: ${error.message}\n`)
    return error.exitCode
  }
}

function helpOf(command: Command): string {
  return `recurlab ${command.usage}\n\n${command.summary}\n\n${command.help.trim()}\n`
}

async function overview(): Promise<string> {
  const lines: string[] = []
  for (const load of Object.values(commands)) {
    const command = await load()
    lines.push(`  ${command.usage.padEnd(44)} ${command.summary}`)
  }
  return `recurlab COMMAND …\n\nRecursive reasoning models: train, evaluate, compare, in notebooks and here.\n\n${lines.join('\n')}\n\nrecurlab COMMAND --help says more. Exit code: 0, 1 (failed) or 2 (wrong use).\n`
}
