import { storeFailure } from '../../../experiment/sweep/failures.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { trainOne } from '../../../experiment/sweep/stored.js'
import { serveWorker } from '../../../experiment/sweep/worker.js'
import { reportObserver } from '../../../experiment/watch/report.js'
import { streamSink } from '../../../notebook/status-line.js'
import { type Command, oneWord, wrongUse } from '../../command.js'
import { abortOnInterrupt, STOPPED } from '../../interrupt.js'
import { onlyKeys, wholeOf } from '../../keys.js'

/** `recurlab sweep work PLAN [run=N]`. */
export const command: Command = {
  help: [
    'Trains one run of a plan until it ends, waits for a decision of successive halving, or is stopped, then exits with 0 (done, or waits), 75 (stopped and saved) or 1 (failed). Without run=, serves the sweep that started this process.',
    {
      title: 'Options',
      rows: [
        ['run=N', 'Place of the run in the plan, from 0.'],
        ['failed=TEXT', 'With run=: records that the run failed, with the reason, and trains nothing. Default: none.'],
        ['out=DIR', 'Results folder. Default: results.'],
      ],
    },
  ],
  example: 'sweep work sudoku-6-runs run=0',
  onSignal: 'Nothing was trained yet: the same command goes on.',
  flags: {},
  async run({ words, pairs }) {
    const { run, failed, out } = onlyKeys(pairs, ['run', 'failed', 'out'])
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    const interrupt = abortOnInterrupt()
    const index = wholeOf('run', run, 0)
    if (index === undefined) {
      if (!process.send) throw wrongUse('run=N', 'none')
      await serveWorker(plan, interrupt.signal)
      return 0
    }
    if (index >= plan.runs.length) throw wrongUse(`run=N, at most ${plan.runs.length - 1}`, String(index))
    if (failed !== undefined) {
      interrupt.end()
      storeFailure(plan, plan.runs[index]!.run, failed)
      return 1
    }
    const end = await trainOne(plan, index, reportObserver(streamSink(process.stdout)), interrupt.signal)
    interrupt.end()
    if (end === 'waits') process.stdout.write('waits for the next decision of successive halving\n')
    return { done: 0, waits: 0, failed: 1, stopped: STOPPED }[end]
  },
}
