import { UserError } from '../../errors.js'
import { compareRuns, evaluationRows } from '../../results/comparison.js'
import { DEFAULT_RESULTS, listRuns, openRun, type RunListing } from '../../results/run.js'
import { formatTable } from '../../results/text.js'
import type { Command } from '../command.js'
import { onlyKeys } from '../keys.js'

/** `recurlab runs`. */
export const command: Command = {
  usage: 'runs [ID …]',
  summary: 'list the stored runs and compare them',
  help: `
Without an ID all runs are compared, newest last. An ID may be cut to its beginning, where no other run begins so.
Columns: the keys of the configuration that differ between the runs shown, parameters, the last evaluation, and the
best exact accuracy so far. A run whose process is gone is "interrupted".

  out=DIR  the results folder (default: ${DEFAULT_RESULTS})
  --json   as JSON

Example: recurlab runs 20261104`,
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const { out = DEFAULT_RESULTS } = onlyKeys(pairs, ['out'])
    const { runs, damaged } =
      words.length > 0 ? { runs: words.map((word) => openRun(word, out)), damaged: [] } : list(out)
    for (const { id, problem } of damaged) process.stderr.write(`recurlab: run ${id} cannot be read: ${problem}\n`)
    const rows = compareRuns(runs)
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else if (rows.length > 0) process.stdout.write(`${formatTable(rows)}\n`)
    else
      process.stdout.write(
        `No runs in ${out}. Make one: recurlab train sudoku-pocket${out === DEFAULT_RESULTS ? '' : ` out=${out}`}\n`,
      )
    return damaged.length > 0 ? 1 : 0
  },
}

/** All runs that can be compared; one with damaged evaluations must not hide the others. */
function list(resultsDir: string): RunListing {
  const { runs, damaged } = listRuns(resultsDir)
  const whole = runs.filter((run) => {
    try {
      evaluationRows(run)
      return true
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      damaged.push({ id: run.id, problem: error.message })
      return false
    }
  })
  return { runs: whole, damaged }
}
