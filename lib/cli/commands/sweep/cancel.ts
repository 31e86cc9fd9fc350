import { cancelTasks } from '../../../experiment/slurm/submit.js'
import { cancelSweep } from '../../../experiment/sweep/cancel.js'
import { Coverage } from '../../../experiment/sweep/coverage.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep cancel PLAN`. */
export const command: Command = {
  help: [
    'Every process that works on the sweep, also on a cluster, saves and stops within seconds; its waiting tasks leave the queue of Slurm. recurlab sweep resume, or the command that began it, continues it.',
    { title: 'Options', rows: [['out=DIR', 'Results folder. Default: results.']] },
  ],
  example: 'sweep cancel sudoku-6-runs',
  flags: {},
  async run({ words, pairs }) {
    const { out } = onlyKeys(pairs, ['out'])
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    cancelSweep(plan)
    const left = (await cancelTasks(plan)) ? ' Its waiting tasks have left the queue of Slurm.' : ''
    process.stdout.write(`Cancelled.${left} ${new Coverage(plan).text()}\n`)
    return 0
  },
}
