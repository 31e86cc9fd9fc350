import { UserError } from '../../errors.js'
import { type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { readOutcomes } from '../../results/record.js'
import type { PairedCounts } from '../../statistics/proportions.js'
import type { ArmMember } from './arm.js'
import type { KnownMember } from './pairs.js'

/**
 * Returns how many puzzles both of two runs solve, only one of them, or neither, from the outcomes of their last
 * evaluations; null unless both are stored, are those that the metric was counted from, and are of the same puzzles.
 *
 * @param metric `test.exact`, or a criterion of a judge such as `test.valid`
 */
export function puzzlePairs(a: KnownMember, b: KnownMember, metric: string): PairedCounts | null {
  if (a.member.dataHash !== b.member.dataHash) return null
  const [ours, theirs] = [solvedBy(a, metric), solvedBy(b, metric)]
  if (!ours || !theirs || ours.size !== theirs.size) return null
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 }
  for (const [puzzle, solved] of ours) {
    const other = theirs.get(puzzle)
    if (other === undefined) return null
    counts[solved ? (other ? 'both' : 'onlyA') : other ? 'onlyB' : 'neither']++
  }
  return counts
}

/** Returns whether each puzzle is solved, by its place and version; null if the outcomes are not those of the metric. */
function solvedBy({ member, measured: { counted } }: KnownMember, metric: string): Map<string, boolean> | null {
  if (counted?.unit !== 'puzzles') return null
  const column = metric.slice('test.'.length)
  const rows = outcomesOf(member, column)
  if (rows === null) return null
  const solved = new Map<string, boolean>()
  for (const row of rows) {
    const value = row[column]
    if (typeof value === 'boolean') solved.set(`${row.puzzle}/${row.version}`, value)
  }
  const count = [...solved.values()].filter(Boolean).length
  return solved.size === counted.of && count === counted.count ? solved : null
}

function outcomesOf({ outcomes, outcomesDir }: ArmMember, column: string): readonly Row[] | null {
  if (outcomes)
    return outcomes.map(({ puzzle, version, exact, criteria }) => ({
      puzzle,
      version,
      [column]: column === 'exact' ? exact : (criteria?.[column] ?? null),
    }))
  if (outcomesDir === null) return null
  try {
    const table = readOutcomes({ dir: outcomesDir })
    const names = ['puzzle', 'version', column]
    return names.every((name) => table.schema.fields.some((field) => field.name === name))
      ? rowsOfTable(table.select(names))
      : null
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
