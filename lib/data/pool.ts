import { UserError } from '../errors.js'
import type { Augmentation, Dataset, Split } from './dataset.js'

/** Number of versions under `fresh`: they are numbered with 31 bits. */
const FRESH = 2 ** 31 - 1

/** The population that training draws from: the puzzles of each group, counted with their versions. */
export interface Pool {
  /** Returns the number of puzzles in a group, versions included; at most 2³¹. */
  size(group: number): number
  /** Returns the stored puzzle and the version of entry `n` of a group. */
  at(group: number, n: number): { puzzle: number; version: number }
}

/**
 * Returns the pool of a training split.
 *
 * @param augment versions per puzzle beside itself, or `fresh`; undefined for none, or for those that the data set
 * fixes
 * @throws UserError when a number is given but the data set fixes its versions.
 */
export function trainingPool(dataset: Pick<Dataset, 'train' | 'augment'>, asked: number | 'fresh' | undefined): Pool {
  const { train, augment } = dataset
  const { groupStarts } = train
  checkAsked(asked, dataset)
  const unlimited = asked === undefined ? 1 : asked === 'fresh' ? FRESH : asked + 1
  const versions = (puzzle: number): number => (augment ? (augment.versions(train, puzzle) ?? unlimited) : 1)
  return {
    size(group) {
      let size = 0
      for (let puzzle = groupStarts[group]!; puzzle < groupStarts[group + 1]!; puzzle++) size += versions(puzzle)
      return Math.min(size, FRESH)
    },
    at(group, n) {
      for (let puzzle = groupStarts[group]!; ; puzzle++) {
        const there = versions(puzzle)
        if (n < there) return { puzzle, version: n }
        n -= there
      }
    },
  }
}

/** Returns whether training puzzles have unlimited versions, so that the configuration must bound the number drawn. */
export function unlimitedVersions({ train, augment }: Pick<Dataset, 'train' | 'augment'>): boolean {
  return augment !== null && (train.count === 0 || augment.versions(train, 0) === null)
}

function checkAsked(asked: number | 'fresh' | undefined, dataset: Pick<Dataset, 'train' | 'augment'>): void {
  if (asked === undefined) return
  if (asked !== 'fresh' && !(Number.isInteger(asked) && asked >= 0 && asked < FRESH))
    throw new UserError({
      where: 'key augment',
      expected: 'a whole number or fresh',
      found: String(asked),
      exitCode: 2,
    })
  if (asked !== 0 && !unlimitedVersions(dataset))
    throw new UserError({
      where: 'key augment',
      expected: 'nothing: the data set fixes how its puzzles are varied',
      found: String(asked),
      todo: 'Leave it out, or build the data set with another augment.',
      exitCode: 2,
    })
}

/** Statistics of a training split, versions included, as in the published `dataset.json`. */
export interface PoolFacts {
  readonly groups: number
  readonly puzzles: number
  /** Mean number of examples per puzzle. */
  readonly meanPuzzleExamples: number
}

/** Counts the puzzles of a split in every version that the data set fixes; once each when it fixes none. */
export function splitFacts(split: Split, augment: Augmentation | null): PoolFacts {
  const { puzzleStarts, groupStarts } = split
  let puzzles = 0
  let examples = 0
  for (let puzzle = 0; puzzle + 1 < puzzleStarts.length; puzzle++) {
    const versions = augment?.versions(split, puzzle) ?? 1
    puzzles += versions
    examples += versions * (puzzleStarts[puzzle + 1]! - puzzleStarts[puzzle]!)
  }
  return { groups: groupStarts.length - 1, puzzles, meanPuzzleExamples: puzzles === 0 ? 0 : examples / puzzles }
}
