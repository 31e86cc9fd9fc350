import { readPlan } from '../../../experiment/sweep/plan.js'
import { plannedSweep } from '../../../experiment/sweep/stored.js'
import { type Command, oneWord } from '../../command.js'
import { given, onlyKeys, wholeOf } from '../../keys.js'
import { trainAndReport } from './report.js'

/** `recurlab sweep resume PLAN`. */
export const command: Command = {
  help: [
    'Trains the runs that are missing or were interrupted. Several machines that share the results folder may do so at the same time: a run that another process works on is left to it.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['workers=N', 'Processes that train at the same time. Default: by measurement.'],
        ['--json', 'Prints the results as JSON.'],
      ],
    },
  ],
  example: 'sweep resume sudoku-6-runs',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const { out, workers } = onlyKeys(pairs, ['out', 'workers'])
    const planned = await plannedSweep(readPlan(oneWord(words, 'one sweep'), out))
    const options = given({ workers: workers === 'auto' ? undefined : wholeOf('workers', workers) })
    return trainAndReport(planned, { ...planned.options, ...options }, { json: flags.has('json'), out, ask: null })
  },
}
