import { Coverage } from '../../../experiment/sweep/coverage.js'
import { rungDecisions } from '../../../experiment/sweep/halving.js'
import { readPlan } from '../../../experiment/sweep/plan.js'
import { formatTable } from '../../../results/text.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'

/** `recurlab sweep status PLAN`. */
export const command: Command = {
  help: [
    'PLAN is the name of a sweep, a prefix of it, or its folder. Everything is read from the results, so this works on any machine that sees their folder.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the state of every run, and the decisions of successive halving, as JSON.'],
      ],
    },
  ],
  example: 'sweep status sudoku-6-runs',
  flags: { json: false },
  run({ words, pairs, flags }) {
    const { out } = onlyKeys(pairs, ['out'])
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    const coverage = new Coverage(plan)
    if (flags.has('json')) {
      const facts = { plan: plan.dir, runs: coverage.runs, decisions: rungDecisions(plan) }
      process.stdout.write(`${JSON.stringify(facts)}\n`)
      return 0
    }
    process.stdout.write(`${formatTable(coverage.table())}\n${coverage.text()}\n`)
    for (const { run, state, message } of coverage.runs)
      if (state === 'failed') process.stdout.write(`Failed: ${run}: ${message}\n`)
    return 0
  },
}
