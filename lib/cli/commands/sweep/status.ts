import { visible } from '../../../escape/visible.js'
import { type QueuedTask, queuedTasks, queueText, storedJobs } from '../../../experiment/slurm/jobs.js'
import { Coverage } from '../../../experiment/sweep/coverage.js'
import { decisionText, rungDecisions } from '../../../experiment/sweep/halving.js'
import { planWords, readPlan } from '../../../experiment/sweep/plan.js'
import { formatTable } from '../../../results/text.js'
import { type Command, oneWord } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { LISTING_CODE, reportDamaged } from '../../output.js'

/** Returns whether runs of a sweep on Slurm are left that nobody works on. @param queue null where it is unknown */
function isLeft(coverage: Coverage, queue: readonly QueuedTask[] | null): boolean {
  if (queue === null || queue.length > 0 || storedJobs(coverage.plan).length === 0) return false
  return coverage.count('running') === 0 && coverage.count('missing') + coverage.count('interrupted') > 0
}

/** `recurlab sweep status PLAN`. */
export const command: Command = {
  help: [
    'PLAN is the name of a sweep, a prefix of it, or its folder. The state of each run is read from the results, so this works on any machine that sees their folder; where Slurm is, its queue is told, too.',
    LISTING_CODE,
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        [
          '--json',
          'Prints the state of every run, the decisions of successive halving, and the tasks in the queue of Slurm (null where it is unknown), as JSON.',
        ],
      ],
    },
  ],
  example: 'sweep status sudoku-6-runs',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const { out } = onlyKeys(pairs, ['out'])
    const plan = readPlan(oneWord(words, 'one sweep'), out)
    const coverage = new Coverage(plan)
    const queue = await queuedTasks(plan)
    const damaged = coverage.runs.flatMap(({ run, isDamaged, message }) =>
      isDamaged ? [{ id: run, problem: message ?? '' }] : [],
    )
    reportDamaged(damaged)
    const code = damaged.length > 0 ? 1 : 0
    if (flags.has('json')) {
      const facts = { plan: plan.dir, runs: coverage.runs, decisions: rungDecisions(plan), queue }
      process.stdout.write(`${JSON.stringify(facts)}\n`)
      return code
    }
    process.stdout.write(`${formatTable(coverage.table())}\n${coverage.text()}\n${queueText(queue ?? [])}`)
    for (const decision of rungDecisions(plan)) process.stdout.write(`${decisionText(decision)}\n`)
    if (isLeft(coverage, queue))
      process.stdout.write(
        `Nothing of it is in Slurm's queue. To continue: npx recurlab sweep resume ${planWords(plan, out)} --on slurm\n`,
      )
    for (const { run, state, message, isDamaged } of coverage.runs)
      if (state === 'failed' && !isDamaged) process.stdout.write(`Failed: ${run}: ${visible(String(message))}\n`)
    return code
  },
}
