import { Random } from '../../random.js'
import { mix } from '../streams.js'
import type { Geometry } from './box.js'
import { type Puzzle, type PuzzleList, puzzleList } from './puzzles.js'

/** Takes puzzles one by one and keeps a random sample of them. */
export interface Sample {
  /** Puzzles offered so far. */
  readonly offered: number
  offer(puzzle: Puzzle): void
  /** What was kept: in random order when sampled, in the order offered otherwise. */
  take(): PuzzleList
}

/**
 * A sample without replacement that holds at most 2 · capacity puzzles at any time: each gets a priority from
 * (seed, its number) and those with the least stay. The first n of a sample are the same whatever the capacity.
 *
 * @param capacity puzzles to keep; Infinity keeps all, in order
 */
export function createSample(grid: Geometry, capacity: number, seed: number): Sample {
  const [a, b] = Random.of(seed, 'sudoku', 'sample').state() as [number, number]
  let list = puzzleList(grid)
  let priorities: number[] = []
  let offered = 0
  let threshold = Number.POSITIVE_INFINITY
  const priorityOf = (number: number): number => {
    const high = mix(a ^ mix(number))
    const low = mix(b ^ mix(number ^ high))
    return (high >>> 0) * 2 ** 21 + (low >>> 11)
  }
  const prune = (): void => {
    const order = Array.from(priorities, (_, i) => i)
    order.sort((i, j) => priorities[i]! - priorities[j]! || i - j)
    const kept = puzzleList(grid)
    const keptPriorities: number[] = []
    for (const i of order.slice(0, capacity)) {
      kept.push(list.at(i))
      keptPriorities.push(priorities[i]!)
    }
    list = kept
    priorities = keptPriorities
    if (kept.count === capacity) threshold = keptPriorities.at(-1) ?? 0
  }
  return {
    get offered() {
      return offered
    },
    offer(puzzle) {
      const number = offered++
      if (capacity === Number.POSITIVE_INFINITY) list.push(puzzle)
      else {
        const priority = priorityOf(number)
        if (priority >= threshold) return
        list.push(puzzle)
        priorities.push(priority)
        if (list.count >= 2 * capacity) prune()
      }
    },
    take() {
      if (capacity !== Number.POSITIVE_INFINITY) prune()
      return list
    },
  }
}
