import { readPlan } from '../../../experiment/sweep/plan.js'
import { plannedSweep } from '../../../experiment/sweep/stored.js'
import { type Command, oneWord } from '../../command.js'
import { given, onlyKeys, wholeOf } from '../../keys.js'
import { placeOf, slurmHelp, withoutSlurm } from '../../slurm-options.js'
import { submitAndReport } from './submit.js'
import { trainAndReport } from './train-report.js'

/** `recurlab sweep resume PLAN`. */
export const command: Command = {
  help: [
    'Trains the runs that are missing or were interrupted. Several machines that share the results folder may do so at the same time: a run that another process works on is left to it.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['workers=N', 'Processes that train at the same time. Default: by measurement.'],
        ['--on slurm', 'Submits the runs to a cluster, with the options below, and returns at once.'],
        ['--json', 'Prints the results as JSON.'],
      ],
    },
    slurmHelp('With --on slurm'),
  ],
  example: 'sweep resume sudoku-6-runs',
  onSignal: 'Nothing was trained yet: the same command goes on.',
  flags: { on: true, json: false },
  async run(args) {
    const { words, pairs, flags } = args
    const { out, workers } = onlyKeys(withoutSlurm(pairs), ['out', 'workers'])
    const place = placeOf(args)
    const planned = await plannedSweep(readPlan(oneWord(words, 'one sweep'), out))
    if (place.on) return submitAndReport(planned, { ...planned.options, ...place }, flags.has('json'))
    const options = given({ workers: workers === 'auto' ? undefined : wholeOf('workers', workers) })
    return trainAndReport(planned, { ...planned.options, ...options }, { json: flags.has('json'), out, ask: null })
  },
}
