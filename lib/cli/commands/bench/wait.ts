import { benchWait, type WaitMeasurement, waitWorks } from '../../../experiment/bench/wait.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { countOf, onlyKeys } from '../../keys.js'

export const benchWaitHelp = `
recurlab bench wait key=value …   what a training step waits for its batch
Trains on generated puzzles and prints what preparing a batch takes (sampling, augmenting, laying out), and what a step
waits for the one that another thread has prepared ahead.

  only=A,B   ${Object.keys(waitWorks).join(', ')} (default: all, a minute or some)
  steps=N    (default: 5 to 200, by work)
  --json     as JSON`

/** `recurlab bench wait`. @param words what comes after `wait`: nothing */
export async function benchWaitAction(words: readonly string[], { pairs, flags }: Args): Promise<number> {
  if (words.length > 0) throw wrongUse('only key=value after wait', words.join(' '))
  const { only, steps } = onlyKeys(pairs, ['only', 'steps'])
  const rows = await benchWait(only?.split(','), steps === undefined ? undefined : countOf('steps', steps, 1))
  process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(readable))}\n`)
  return 0
}

function readable(row: WaitMeasurement): Record<string, string | number> {
  const { work, batch, steps, ahead, batchSeconds, waitSeconds, stepSeconds, longestSeconds } = row
  return {
    work,
    batch,
    steps,
    ahead: ahead ? 'yes' : 'no',
    'preparing (ms)': (1000 * batchSeconds).toFixed(3),
    'waiting (ms)': (1000 * waitSeconds).toFixed(3),
    'longest (ms)': (1000 * longestSeconds).toFixed(3),
    'step (ms)': (1000 * stepSeconds).toFixed(1),
    'waiting (%)': ((100 * waitSeconds) / (waitSeconds + stepSeconds)).toFixed(2),
  }
}
