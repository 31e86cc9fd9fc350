import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { onlyKeys, wholeOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { benchWait, type WaitMeasurement, waitWorks } from '../wait.js'

/** `recurlab bench wait`. */
export const command: Command = {
  help: [
    'Trains on generated puzzles and prints how long preparing a batch takes (sampling, augmenting, laying out), and how long a step waits for a batch that another thread has prepared ahead.',
    {
      title: 'Options',
      rows: [
        ['only=A,B', `${Object.keys(waitWorks).join(', ')}. Default: all, a few minutes.`],
        ['trainSteps=N', 'Steps of each work. Default: 5 to 200.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench wait trainSteps=20',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const { only, trainSteps } = onlyKeys(pairs, ['only', 'trainSteps'])
  const rows = await benchWait(only === undefined ? undefined : only.split(','), wholeOf('trainSteps', trainSteps))
  process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(readable))}\n`)
  return 0
}

function readable(row: WaitMeasurement): Record<string, string | number> {
  const { work, batch, trainSteps, ahead, batchSeconds, waitSeconds, stepSeconds, longestSeconds } = row
  return {
    work,
    batch,
    trainSteps,
    ahead: ahead ? 'yes' : 'no',
    'preparing (ms)': (1000 * batchSeconds).toFixed(3),
    'waiting (ms)': (1000 * waitSeconds).toFixed(3),
    'longest (ms)': (1000 * longestSeconds).toFixed(3),
    'step (ms)': (1000 * stepSeconds).toFixed(1),
    'waiting (%)': ((100 * waitSeconds) / (waitSeconds + stepSeconds)).toFixed(2),
  }
}
