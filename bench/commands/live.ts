import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { benchLive, type LiveMeasurement } from '../live.js'

/** `recurlab bench live`. */
export const command: Command = {
  help: [
    'Trains the pocket Sudoku with and without them alternately, so that both see the same load, and prints milliseconds and processor time per step, and the share of a watched step spent on the display.',
    {
      title: 'Options',
      rows: [
        ['trainSteps=N', 'Steps per round. Default: 60.'],
        ['rounds=N', 'Rounds of each kind. Default: 3.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench live rounds=1',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['trainSteps', 'rounds'])
  const row = await benchLive({
    trainSteps: countOf('trainSteps', keys.trainSteps, 60),
    rounds: countOf('rounds', keys.rounds, 3),
  })
  process.stdout.write(`${flags.has('json') ? JSON.stringify([row]) : formatTable([readable(row)])}\n`)
  return 0
}

function readable(row: LiveMeasurement): Record<string, string | number> {
  return {
    'step (ms)': row.silentStepMs,
    'watched (ms)': row.watchedStepMs,
    'CPU of a step (ms)': row.silentCpuMs,
    'watched, CPU (ms)': row.watchedCpuMs,
    updates: row.updates,
    drawings: row.drawings,
    'one drawing (ms)': row.drawingMs,
    'share of a step (%)': row.share * 100,
  }
}
