import type { Dataset, Split } from '../data/dataset.js'
import { indexBy, type Likeness } from '../data/puzzle-index.js'
import type { Puzzle } from '../data/puzzles.js'
import { findTask } from '../tasks/registry.js'

/** How many puzzles occur more than once. */
export interface Repeats {
  /** Training puzzles that an earlier one repeats. */
  readonly train: number
  /** Test puzzles that an earlier one repeats. */
  readonly test: number
  /** Test puzzles that are training puzzles. */
  readonly across: number
}

/** Puzzles of a data set that occur more than once. */
export interface Duplicates {
  /** Examples with the same question; where a question alone does not tell the task (ARC), and the same answer. */
  readonly literal: Repeats
  /**
   * Groups whose first puzzle is a twin of that of another by the task's sameness (Sudokus relabelled or permuted,
   * mazes turned or mirrored), literal copies included. Null where the task knows of no twins, or above 200,000 groups.
   */
  readonly twins: Repeats | null
}

/** Above so many groups twins are not looked for: a million take minutes. */
const TWINS_LIMIT = 200_000

/** Counts what occurs more than once, by comparing all with all. */
export function duplicates(data: Dataset): Duplicates {
  return { literal: repeats(data, literalSpotter), twins: twinsOf(data) }
}

/** The test puzzles that are training puzzles, and that are (literal ones included) twins of one. */
export function splitOverlap(data: Dataset): { readonly literal: number; readonly twins: number | null } {
  const { literal, twins } = duplicates(data)
  return { literal: literal.across, twins: twins?.across ?? null }
}

function twinsOf(data: Dataset): Repeats | null {
  const { manifest, train, test } = data
  if (train.groupStarts.length + test.groupStarts.length - 2 > TWINS_LIMIT) return null
  const likeness = findTask(manifest.task)?.sameness?.likeness?.(manifest)
  return likeness ? repeats(data, (split) => twinSpotter(likeness, split)) : null
}

/** Tells whether things were met before. */
interface Spotter {
  /** Indices in the split that are compared. */
  readonly items: readonly number[]
  /** Takes item `i` of the split in. @returns whether the same was there already */
  add(i: number): boolean
  /** Whether item `i` of another split was taken in. */
  has(other: Split, i: number): boolean
}

function repeats(data: Dataset, spotter: (split: Split, data: Dataset) => Spotter): Repeats {
  const count = (items: readonly number[], same: (i: number) => boolean): number =>
    items.reduce((found, i) => found + (same(i) ? 1 : 0), 0)
  const [train, test] = [spotter(data.train, data), spotter(data.test, data)]
  return {
    train: count(train.items, (i) => train.add(i)),
    test: count(test.items, (i) => test.add(i)),
    across: count(test.items, (i) => train.has(data.test, i)),
  }
}

/** All examples, compared token by token where their hashes agree. */
function literalSpotter(split: Split, { manifest }: Dataset): Spotter {
  const withAnswer = !findTask(manifest.task)?.sameness?.byQuestion
  const met = new Map<number, number[]>()
  const same = (a: Split, i: number, b: Split, j: number): boolean =>
    equalRows(a.inputs, i, b.inputs, j, split.seqLen) &&
    (!withAnswer || equalRows(a.labels, i, b.labels, j, split.seqLen))
  const find = (other: Split, i: number): number[] | undefined => met.get(rowHash(other.inputs, i, split.seqLen))
  return {
    items: Array.from({ length: split.count }, (_, i) => i),
    add(i) {
      const alike = find(split, i)
      if (alike?.some((j) => same(split, i, split, j))) return true
      if (alike) alike.push(i)
      else met.set(rowHash(split.inputs, i, split.seqLen), [i])
      return false
    },
    has: (other, i) => find(other, i)?.some((j) => same(other, i, split, j)) ?? false,
  }
}

function equalRows(a: Uint8Array, i: number, b: Uint8Array, j: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (a[i * length + at] !== b[j * length + at]) return false
  return true
}

function rowHash(tokens: Uint8Array, i: number, length: number): number {
  let hash = 0x811c9dc5
  for (let at = i * length; at < (i + 1) * length; at++) hash = Math.imul(hash ^ tokens[at]!, 0x01000193)
  return hash
}

/** The first example of each group: its other puzzles are versions of it anyway. */
function firstExamples({ puzzleStarts, groupStarts }: Split): number[] {
  return Array.from(groupStarts.subarray(0, -1), (puzzle) => puzzleStarts[puzzle]!)
}

function twinSpotter(likeness: Likeness, split: Split): Spotter {
  const index = indexBy(likeness, (number) => puzzleOf(split, number))
  return {
    items: firstExamples(split),
    add(i) {
      const puzzle = puzzleOf(split, i)
      if (index.find(puzzle) >= 0) return true
      index.add(puzzle, i)
      return false
    },
    has: (other, i) => index.find(puzzleOf(other, i)) >= 0,
  }
}

/** An example as a puzzle in tokens. */
function puzzleOf({ inputs, labels, ratings, seqLen }: Split, i: number): Puzzle {
  const row = (tokens: Uint8Array): Uint8Array => tokens.subarray(i * seqLen, (i + 1) * seqLen)
  return { clues: row(inputs), solution: row(labels), rating: ratings[i]!, line: 0 }
}
