import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys } from '../../lib/cli/keys.js'
import { projectFolder } from '../../lib/files/places.js'
import { formatTable } from '../../lib/results/text.js'
import { middle } from '../rounds.js'
import { benchStart, type StartMeasurement } from '../start.js'

const program = fileURLToPath(new URL('../../lib/cli/recurlab.mjs', import.meta.url))

/** `recurlab bench start`. */
export const command: Command = {
  help: [
    'Times commands from their start, alternating so that all see the same load: recurlab --help, recurlab runs, a training run of five tiny steps, and a headless notebook until its first line, its first cell, the end of its import of lib and its first training step.',
    {
      title: 'Options',
      rows: [
        ['rounds=N', 'Measurements of each command; the median and the minimum are shown. Default: 5.'],
        ['--json', 'Prints every time as JSON.'],
      ],
    },
  ],
  example: 'bench start rounds=3',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['rounds'])
  const rows = await benchStart(program, path.join(projectFolder, 'lib'), countOf('rounds', keys.rounds, 5))
  process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(readable))}\n`)
  return 0
}

function readable({ what, seconds }: StartMeasurement): Record<string, string | number> {
  const round = (value: number): number => Math.round(value * 100) / 100
  return { what, 'median (s)': round(middle(seconds)), 'shortest (s)': round(Math.min(...seconds)) }
}
