import { advanceSweep } from '../../../experiment/slurm/advance.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep advance PLAN`. */
export const command: Command = {
  help: [
    'Takes the decision of successive halving that is due in a sweep on Slurm, and submits the runs that go on, with the options of the last submission. The job that follows an array does this; by hand it is needed only where compute nodes cannot submit.',
    { title: 'Options', rows: [['out=DIR', 'Results folder. Default: results.']] },
  ],
  example: 'sweep advance sudoku-6-runs',
  flags: {},
  async run({ words, pairs }) {
    const { out } = onlyKeys(pairs, ['out'])
    process.stdout.write(`${await advanceSweep(readPlan(oneWord(words, 'one sweep'), out))}\n`)
    return 0
  },
}
