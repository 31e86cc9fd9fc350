import { loadDataset } from '../../data/index.js'
import { evaluateRun } from '../../experiment/evaluate-run.js'
import { evaluationNumbers } from '../../experiment/train.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'

/** `recurlab eval RUN`. */
export const command: Command = {
  usage: 'eval RUN key=value …',
  summary: 'evaluate the weights of a stored run',
  help: `
RUN is a run's ID, the beginning of one, or its folder. Its EMA weights are evaluated, where it has any.

  data=DIR     another data set (default: the run's own)
  split=train  the training puzzles instead of the test puzzles
  steps=N      supervision steps (default: as in the run)
  batch=N      puzzles at once (default: as in the run)
  out=DIR      the results folder (default: results)
  --json       as JSON`,
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) throw wrongUse('one run', words.join(' ') || 'none')
    const { out, data, split, steps, batch } = onlyKeys(pairs, ['out', 'data', 'split', 'steps', 'batch'])
    if (split !== undefined && split !== 'train' && split !== 'test') throw wrongUse('split=train or split=test', split)
    const { id, step, evaluation } = await evaluateRun(name, {
      ...(out === undefined ? {} : { resultsDir: out }),
      ...(data === undefined ? {} : { data: loadDataset(data) }),
      ...(split === undefined ? {} : { split }),
      ...(steps === undefined ? {} : { steps: positive('steps', steps) }),
      ...(batch === undefined ? {} : { batch: positive('batch', batch) }),
    })
    const row = { run: id, step, ...evaluationNumbers(evaluation) }
    process.stdout.write(flags.has('json') ? `${JSON.stringify(row)}\n` : `${formatTable([row])}\n`)
    return 0
  },
}

function positive(key: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw wrongUse(`${key}=N, a whole number of 1 or more`, text)
  return value
}
