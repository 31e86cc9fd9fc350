import { cancelSweep } from '../../../experiment/sweep/cancel.js'
import { Coverage } from '../../../experiment/sweep/coverage.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep cancel PLAN`. */
export const command: Command = {
  help: [
    'Every process that works on the sweep saves and stops within seconds. recurlab sweep resume, or the command that began it, continues it.',
    { title: 'Options', rows: [['out=DIR', 'Results folder. Default: results.']] },
  ],
  example: 'sweep cancel sudoku-6-runs',
  flags: {},
  run({ words, pairs }) {
    const { out } = onlyKeys(pairs, ['out'])
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    cancelSweep(plan)
    process.stdout.write(`Cancelled. ${new Coverage(plan).text()}\n`)
    return 0
  },
}
