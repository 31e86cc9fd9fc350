import { Coverage } from '../../../experiment/sweep/coverage.js'
import { listPlans, readPlan } from '../../../experiment/sweep/plan.js'
import { ConfigComparison } from '../../../results/config-comparison.js'
import { readEach } from '../../../results/run.js'
import { formatTable } from '../../../results/text.js'
import { type Command, noWords } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { LISTING_CODE, reportDamaged } from '../../output.js'

/** `recurlab sweep list`. */
export const command: Command = {
  help: [
    'Oldest first.',
    LISTING_CODE,
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
    const plans = listPlans(out).map((id) => ({ id }))
    const { read: rows, damaged } = readEach(plans, ({ id: name }) => {
      const coverage = new Coverage(readPlan(name, out))
      const { id, made, runs } = coverage.plan
      const varied = new ConfigComparison(runs).keys.join(', ')
      return { sweep: id, made: made.slice(0, 16).replace('T', ' '), varied, coverage: coverage.text() }
    })
    reportDamaged(damaged, 'sweep')
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else process.stdout.write(rows.length > 0 ? `${formatTable(rows)}\n` : 'No sweeps.\n')
    return damaged.length > 0 ? 1 : 0
  },
}
