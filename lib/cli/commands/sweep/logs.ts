import { tasksLogs } from '../../../experiment/slurm/logs.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { type Command, wrongUse } from '../../command.js'
import { onlyKeys, wholeOf } from '../../keys.js'

/** `recurlab sweep logs PLAN [RUN …]`. */
export const command: Command = {
  help: [
    'A run has one log, to which all its attempts append; the jobs that follow arrays, which decide and make reports, have one together.',
    {
      title: 'Options',
      rows: [
        ['RUN …', 'IDs of runs, their places in the plan, from 0, or report. Default: all that have a log.'],
        ['lines=N', 'Last lines of each. Default: all of one run, 10 of several.'],
        ['out=DIR', 'Results folder. Default: results.'],
      ],
    },
  ],
  example: 'sweep logs sudoku-6-runs 0',
  flags: {},
  run({ words, pairs }) {
    const { out, lines } = onlyKeys(pairs, ['out', 'lines'])
    const [name, ...runs] = words
    if (name === undefined) throw wrongUse('a sweep', 'none')
    const logs = tasksLogs(readPlan(name, out), runs)
    const most = wholeOf('lines', lines) ?? (logs.length === 1 ? Number.POSITIVE_INFINITY : 10)
    for (const { index, run, text } of logs) {
      const all = text.trimEnd().split('\n')
      const shown = all.slice(Math.max(0, all.length - most))
      process.stdout.write(`==> ${index === null ? '' : `${index} `}${run}\n${shown.join('\n')}\n`)
    }
    if (logs.length === 0) process.stdout.write('No logs: no task of this sweep has begun on a cluster.\n')
    return 0
  },
}
