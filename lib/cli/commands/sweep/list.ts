import { Coverage } from '../../../experiment/sweep/coverage.js'
import { listPlans, readPlan } from '../../../experiment/sweep/plan.js'
import { ConfigComparison } from '../../../results/config-comparison.js'
import { formatTable } from '../../../results/text.js'
import { type Command, noWords } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep list`. */
export const command: Command = {
  help: [
    'Oldest first.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the sweeps as JSON.'],
      ],
    },
  ],
  example: 'sweep list',
  flags: { json: false },
  run({ words, pairs, flags }) {
    noWords(words)
    const { out } = onlyKeys(pairs, ['out'])
    const rows = listPlans(out).map((name) => {
      const coverage = new Coverage(readPlan(name, out))
      const { id, made, runs } = coverage.plan
      const varied = new ConfigComparison(runs).keys.join(', ')
      return { sweep: id, made: made.slice(0, 16).replace('T', ' '), varied, coverage: coverage.text() }
    })
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else process.stdout.write(rows.length > 0 ? `${formatTable(rows)}\n` : 'No sweeps.\n')
    return 0
  },
}
