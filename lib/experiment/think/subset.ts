import { createHash } from 'node:crypto'
import type { Dataset } from '../../data/dataset.js'
import { splitNamed } from '../../data/split-named.js'
import { UserError } from '../../errors.js'
import { Random } from '../../random.js'

/** The examples of a split that are evaluated, named and hashed, so that two numbers can be seen to be of the same ones. */
export interface Subset {
  readonly split: 'train' | 'test'
  /** In words, e.g. `100 of 1,000 test puzzles (drawn)`. */
  readonly name: string
  /** SHA-256, in hexadecimal, of the data set's hash, the split and the indices in ascending order. */
  readonly hash: string
  /** Indices in the split, ascending. */
  readonly puzzles: readonly number[]
}

/**
 * Chooses examples of a split.
 *
 * @param puzzles a number of examples, drawn at random and always the same (a larger number contains a smaller one); or
 * indices. Default: all
 * @param split default `test`
 * @throws UserError (exit code 2) for an index outside the split or given twice, for no examples, and for more than there are.
 */
export function subsetOf(
  data: Pick<Dataset, 'hash' | 'train' | 'test'>,
  puzzles?: number | readonly number[],
  split: 'train' | 'test' = 'test',
): Subset {
  const { count } = splitNamed(data, split)
  if (count === 0)
    throw new UserError({ where: `the ${split} split`, expected: 'at least one puzzle', found: 'none', exitCode: 2 })
  const all = Array.from({ length: count }, (_, i) => i)
  const named = (name: string, chosen: readonly number[]): Subset => {
    const sorted = [...chosen].sort((a, b) => a - b)
    const hash = createHash('sha256')
      .update(JSON.stringify([data.hash, split, sorted]))
      .digest('hex')
    return { split, name, hash, puzzles: sorted }
  }
  const of = (n: number): string => `${counted(n)} of ${counted(count)} ${split} puzzles`
  if (puzzles === undefined || puzzles === count) return named(`all ${counted(count)} ${split} puzzles`, all)
  if (typeof puzzles === 'number') {
    check(Number.isInteger(puzzles) && puzzles >= 1 && puzzles <= count, `1 to ${count} puzzles`, puzzles)
    return named(`${of(puzzles)} (drawn)`, Random.of('puzzles').shuffle(all).slice(0, puzzles))
  }
  check(puzzles.length > 0, 'at least one index', 'none')
  const seen = new Set<number>()
  for (const index of puzzles) {
    check(Number.isInteger(index) && index >= 0 && index < count, `indices from 0 to ${count - 1}`, index)
    check(!seen.has(index), 'every index once', `${index} twice`)
    seen.add(index)
  }
  return named(`${of(puzzles.length)} (chosen)`, puzzles)
}

function check(holds: boolean, expected: string, found: number | string): void {
  if (!holds) throw new UserError({ where: 'puzzles', expected, found: String(found), exitCode: 2 })
}

function counted(n: number): string {
  return n.toLocaleString('en-US')
}
