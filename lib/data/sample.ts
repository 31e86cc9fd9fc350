import { Random } from '../random.js'
import { type Puzzle, type PuzzleList, type Puzzles, pick, puzzleList } from './puzzles.js'
import { mix } from './streams.js'

/** A random sample of a stream of puzzles. */
export interface Sample {
  /** Number of puzzles offered so far. */
  readonly offered: number
  offer(puzzle: Puzzle): void
  /** Returns the kept puzzles: in random order when sampled, else in the order offered. */
  take(): Puzzles
}

/**
 * Returns a sample without replacement that holds at most 2 · capacity puzzles at any time: each puzzle gets a priority
 * from (seed, its number), and the lowest priorities stay. The first n puzzles of a sample do not depend on the
 * capacity.
 *
 * @param shape `cells` per puzzle
 * @param capacity number of puzzles to keep; Infinity keeps all, in order
 */
export function createSample(shape: { readonly cells: number }, capacity: number, seed: number): Sample {
  const [a, b] = Random.of(seed, 'sudoku', 'sample').state() as [number, number]
  let list: PuzzleList = puzzleList(shape)
  let priorities: number[] = []
  let offered = 0
  let threshold = Number.POSITIVE_INFINITY
  const priorityOf = (number: number): number => {
    const high = mix(a ^ mix(number))
    const low = mix(b ^ mix(number ^ high))
    return (high >>> 0) * 2 ** 21 + (low >>> 11)
  }
  // Numbers of the puzzles to keep, by priority.
  const best = (): Int32Array =>
    Int32Array.from(priorities, (_, i) => i)
      .sort((i, j) => priorities[i]! - priorities[j]! || i - j)
      .subarray(0, capacity)
  const prune = (): void => {
    const kept = puzzleList(shape)
    const keptPriorities: number[] = []
    for (const i of best()) {
      kept.push(list.at(i))
      keptPriorities.push(priorities[i]!)
    }
    list = kept
    priorities = keptPriorities
    threshold = keptPriorities.at(-1) ?? 0
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
    take: () => (capacity === Number.POSITIVE_INFINITY ? list : pick(list, best())),
  }
}
