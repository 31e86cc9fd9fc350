import { UserError } from '../../errors.js'
import { type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { isRefused } from '../../files/system-errors.js'
import { readOutcomes } from '../../results/record.js'
import { mean } from '../../statistics/estimate.js'
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
  const pairs = joined(a, b, metric)
  if (pairs === null) return null
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 }
  for (const [x, y] of pairs) counts[x ? (y ? 'both' : 'onlyA') : y ? 'onlyB' : 'neither']++
  return counts
}

/**
 * Returns the share of correct cells, in percent, of each puzzle in two runs, in the order of the puzzles; null as
 * {@link puzzlePairs} does.
 */
export function cellPairs(a: KnownMember, b: KnownMember): { readonly a: number[]; readonly b: number[] } | null {
  const pairs = joined(a, b, 'test.cells')
  return pairs && { a: pairs.map(([x]) => 100 * x), b: pairs.map(([, y]) => 100 * y) }
}

/** Returns the values of each puzzle in two runs, booleans as 0 and 1. */
function joined(a: KnownMember, b: KnownMember, metric: string): (readonly [number, number])[] | null {
  if (a.member.dataHash !== b.member.dataHash) return null
  const [ours, theirs] = [valuesOf(a, metric), valuesOf(b, metric)]
  if (!ours || !theirs || ours.size !== theirs.size) return null
  const pairs = [...ours].flatMap(([puzzle, value]): [number, number][] => {
    const other = theirs.get(puzzle)
    return other === undefined ? [] : [[value, other]]
  })
  return pairs.length === ours.size ? pairs : null
}

/** Returns a value by puzzle and version; null if the outcomes are not those of the metric, whose mean they must have. */
function valuesOf({ member, measured }: KnownMember, metric: string): Map<string, number> | null {
  const column = metric.slice('test.'.length)
  const values = new Map<string, number>()
  for (const row of outcomesOf(member, column) ?? []) {
    const value = row[column]
    if (typeof value === 'boolean' || typeof value === 'number')
      values.set(`${row.puzzle}/${row.version}`, Number(value))
  }
  return Math.abs(100 * mean([...values.values()]) - measured.value) < 1e-6 ? values : null
}

function outcomesOf({ outcomes, outcomesDir }: ArmMember, column: string): readonly Row[] | null {
  if (outcomes)
    return outcomes.map(({ puzzle, version, exact, cells, criteria }) => ({
      puzzle,
      version,
      [column]: column === 'exact' ? exact : column === 'cells' ? cells : (criteria?.[column] ?? null),
    }))
  if (outcomesDir === null) return null
  try {
    const table = readOutcomes({ dir: outcomesDir })
    const names = ['puzzle', 'version', column]
    return names.every((name) => table.schema.fields.some((field) => field.name === name))
      ? rowsOfTable(table.select(names))
      : null
  } catch (error) {
    // Outcomes that cannot be read now are no reason for another test.
    if (error instanceof UserError && !isRefused(error)) return null
    throw error
  }
}
