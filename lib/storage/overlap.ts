import type { Dataset, Split } from '../data/dataset.js'
import { indexBy, type Likeness } from '../data/puzzle-index.js'
import type { Puzzle } from '../data/puzzles.js'
import { findTask } from '../tasks/registry.js'

/** Numbers of repeated puzzles. */
export interface Repeats {
  /** Training puzzles that repeat an earlier one. */
  readonly train: number
  /** Test puzzles that repeat an earlier one. */
  readonly test: number
  /** Test puzzles that occur in training. */
  readonly across: number
}

/** Repetitions in a data set. */
export interface Duplicates {
  /** Examples with equal questions, and equal answers when a question alone does not identify the task (ARC). */
  readonly literal: Repeats
  /**
   * Groups whose first puzzle is a twin of another group's under the task's sameness (Sudokus relabelled or permuted,
   * mazes rotated or reflected), literal copies included. null when the task defines no twins, or above 200,000 groups.
   */
  readonly twins: Repeats | null
}

/** Maximum number of groups to search for twins: a million take minutes. */
const TWINS_LIMIT = 200_000

/** Returns the numbers of repeated puzzles within and across the splits. */
export function duplicates(data: Dataset): Duplicates {
  return { literal: repeats(data, literalSpotter), twins: twinsOf(data) }
}

/**
 * Returns the number of test puzzles that occur in training, literally and (including literal ones) as twins. `twins` is
 * null when the task defines no twins, or above 200,000 groups.
 */
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

/** Detects repeated items of a split. */
interface Spotter {
  /** Indices of the split to compare. */
  readonly items: readonly number[]
  /** Adds item `i` of the split. @returns whether an equivalent item was present */
  add(i: number): boolean
  /** Returns whether item `i` of another split is present. */
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

/** Compares all examples, token by token when their hashes agree. */
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

/** Returns the first example of each group: its other puzzles are versions of the same one. */
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

/** Returns an example as a puzzle in tokens. */
function puzzleOf({ inputs, labels, ratings, seqLen }: Split, i: number): Puzzle {
  const row = (tokens: Uint8Array): Uint8Array => tokens.subarray(i * seqLen, (i + 1) * seqLen)
  return { clues: row(inputs), solution: row(labels), rating: ratings[i]!, line: 0 }
}
