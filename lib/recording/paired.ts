import type { Difference } from '../statistics/difference.js'
import { pairedDifference } from '../statistics/paired.js'
import { pairedProportions } from '../statistics/proportions.js'

/**
 * Returns the difference of two sets of values, puzzle by puzzle: a − b, by McNemar's exact test where every value is 0 or 1,
 * else by the paired t test.
 *
 * @param a value in [0, 1] by puzzle
 * @returns null without a common puzzle
 */
export function pairedBy(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): Difference | null {
  const pairs = [...a].flatMap(([puzzle, value]) => {
    const other = b.get(puzzle)
    return other === undefined ? [] : [[value, other] as const]
  })
  if (pairs.length === 0) return null
  const isBinary = pairs.every((pair) => pair.every((value) => value === 0 || value === 1))
  if (!isBinary)
    return pairedDifference(
      pairs.map(([value]) => value),
      pairs.map(([, other]) => other),
    )
  const count = (first: number, second: number): number => pairs.filter(([x, y]) => x === first && y === second).length
  return pairedProportions({ both: count(1, 1), onlyA: count(1, 0), onlyB: count(0, 1), neither: count(0, 0) })
}
