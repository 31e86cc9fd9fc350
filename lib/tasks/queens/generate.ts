import { latin1 } from '../../data/puzzle-index.js'
import { type PuzzleList, puzzleList } from '../../data/puzzles.js'
import { UserError } from '../../errors.js'
import { Random } from '../../random.js'
import { dihedralSources, twinForm } from '../maze/symmetry.js'
import type { QueensPlan } from './options.js'
import { completions, NONE, type Placement, toTokens } from './solutions.js'

/** A puzzle: the given queens, and every placement that completes them. */
export interface Question {
  readonly given: Placement
  readonly answers: readonly Placement[]
}

/** Default share of test puzzles, as in the GRAM paper. */
const TEST_SHARE = 0.15

/**
 * Returns every puzzle of a size: each solution yields every set of `given` queens, and equal sets form one puzzle with
 * several answers. There are 5,148 at 8×8 with 1 to 3 given queens, and 43,420 at 10×10.
 *
 * Source: N-Queens completion of GRAM (arXiv 2605.19376).
 */
export function allQuestions(size: number, given: readonly number[]): Question[] {
  const questions = new Map<string, { given: Placement; answers: Placement[] }>()
  const solutions = completions(size)
  for (const count of given.filter((count) => count < size))
    for (const rows of rowSets(size, count))
      for (const solution of solutions) {
        const kept = new Uint8Array(size).fill(NONE)
        for (const row of rows) kept[row] = solution[row]!
        const key = latin1(kept)
        const known = questions.get(key)
        if (known) known.answers.push(solution)
        else questions.set(key, { given: kept, answers: [solution] })
      }
  return [...questions.values()]
}

/** Returns every set of `count` rows. */
function rowSets(size: number, count: number, first = 0): number[][] {
  if (count === 0) return [[]]
  const sets: number[][] = []
  for (let row = first; row <= size - count; row++)
    for (const others of rowSets(size, count - 1, row + 1)) sets.push([row, ...others])
  return sets
}

/** The splits, with the number of puzzles they were drawn from. */
export interface QueensSplits {
  readonly train: PuzzleList
  readonly test: PuzzleList
  /** Number of puzzles; one per set of rotated and reflected twins when training draws versions. */
  readonly all: number
}

/**
 * Draws both splits from all puzzles, disjointly, in an order given by the seed. When training draws rotated and
 * reflected versions, the splits share no twins either. The stored answer is one of the completions, drawn from the
 * seed and the puzzle alone; the rating counts the completions. The test puzzles do not depend on the number of
 * training puzzles.
 *
 * @throws UserError when there are too few puzzles.
 */
export function generateSplits(plan: QueensPlan): QueensSplits {
  const { size, given, seed, dihedral } = plan
  const order = Random.of(seed, 'queens', size, ...given).shuffle(allQuestions(size, given))
  const questions = dihedral ? withoutTwins(order, size) : order
  const all = questions.length
  const test = plan.test ?? Math.min(Math.round(TEST_SHARE * all), all - (plan.train ?? 0))
  const train = plan.train ?? all - test
  if (test > all || train + test > all || test < 0) throw tooFew(plan, all)
  const split = (from: number, count: number): PuzzleList => {
    const list = puzzleList({ cells: size * size })
    for (const question of questions.slice(from, from + count)) list.push(puzzleOf(question, seed))
    return list
  }
  return { train: split(test, train), test: split(0, test), all }
}

function puzzleOf({ given, answers }: Question, seed: number): Parameters<PuzzleList['push']>[0] {
  const answer = answers[Random.of(seed, 'queens', 'answer', latin1(given)).int(answers.length)]!
  return { clues: toTokens(given), solution: toTokens(answer), rating: answers.length, line: 0 }
}

/** Returns the first of each set of rotated and reflected twins. */
function withoutTwins(questions: readonly Question[], size: number): Question[] {
  const sources = dihedralSources(size)
  const met = new Set<string>()
  return questions.filter(({ given }) => {
    const form = latin1(twinForm(toTokens(given), sources))
    const isNew = !met.has(form)
    met.add(form)
    return isNew
  })
}

function tooFew({ size, given, train, test, dihedral }: QueensPlan, all: number): UserError {
  const twins = dihedral ? ' up to rotation and reflection' : ''
  return new UserError({
    where: train === null ? 'key test' : test === null ? 'key train' : 'keys train, test',
    expected: `at most ${all} in total, the number of ${size}×${size} puzzles with ${given.join(', ')} given queens${twins}`,
    found: String((train ?? 0) + (test ?? 0)),
    exitCode: 2,
  })
}
