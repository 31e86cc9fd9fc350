import { storedJobs } from '../../../experiment/slurm/jobs.js'
import { planWords, readPlan } from '../../../experiment/sweep/plan.js'
import { retryRuns } from '../../../experiment/sweep/retry.js'
import { type Command, wrongUse } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep retry PLAN [RUN …]`. */
export const command: Command = {
  help: [
    'Marks failed runs as interrupted: recurlab sweep resume continues each from its last checkpoint, or begins it anew.',
    {
      title: 'Options',
      rows: [
        ['RUN …', 'IDs of runs. Default: all failed ones.'],
        ['out=DIR', 'Results folder. Default: results.'],
      ],
    },
  ],
  example: 'sweep retry sudoku-6-runs',
  flags: {},
  run({ words, pairs }) {
    const { out } = onlyKeys(pairs, ['out'])
    const [name, ...runs] = words
    if (name === undefined) throw wrongUse('a sweep', 'none')
    const plan = readPlan(name, out)
    const retried = retryRuns(plan, runs)
    const place = storedJobs(plan).length > 0 ? ' --on slurm' : ''
    const where = `${planWords(plan, out)}${place}`
    process.stdout.write(
      retried.length === 0
        ? 'No failed runs.\n'
        : `${retried.map((run) => `${run}\n`).join('')}To continue: npx recurlab sweep resume ${where}\n`,
    )
    return 0
  },
}
