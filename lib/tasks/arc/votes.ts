import { type Dataset, type Grid, type Identifiers, runAt, type TestTask } from '../../data/dataset.js'
import { crop } from './encode.js'
import { flatten, gridKey, gridOfKey, nested } from './grid.js'
import type { Submission } from './submission.js'
import { parseVersionName, undoVersion } from './version.js'

/** A model's prediction for one version of a test input. */
export interface ArcPrediction {
  /** Row of the puzzle embedding that was used, or that row's name. */
  readonly identifier: number | string
  /** The test input of the task: its index, or the board (`[board²]` tokens) that the model was given. */
  readonly test: number | ArrayLike<number>
  /** `[board²]` predicted tokens. */
  readonly tokens: ArrayLike<number>
  /** sigmoid(q_halt) after the last step, or q_halt itself. */
  readonly halt: { readonly probability: number } | { readonly logit: number }
}

/** A predicted grid for a test input. */
export interface ArcCandidate {
  readonly grid: Grid
  readonly votes: number
  /** Mean of sigmoid(q_halt) over its votes. */
  readonly haltProbability: number
  /** Whether it equals the answer; null if the answer is unknown. */
  readonly correct: boolean | null
}

/** Share of test inputs with a correct grid among the first k candidates, by k. */
export type PassAt = { readonly [name: `pass@${number}`]: number }

/** The result of the votes for one task. */
export interface ArcTaskResult {
  readonly task: string
  readonly inputs: number
  /** Number of predictions for its test inputs, and of distinct grids among them. */
  readonly votes: number
  readonly candidates: number
  /** Averaged over its test inputs; null if an answer is unknown. */
  readonly pass: PassAt | null
}

/** The result of the votes for a whole test set. */
export interface ArcResult {
  /** Averaged over tasks with known answers; null if there are none. */
  readonly pass: PassAt | null
  readonly tasks: readonly ArcTaskResult[]
  /** Number of tasks counted in `pass`. */
  readonly scored: number
  /** Predictions counted, including those of earlier evaluations. */
  readonly predictions: number
  /** Predictions that match no test input of any test task. */
  readonly unmatched: number
  /** Number of earlier evaluations whose votes are included; always 0 without `carryVotes`. */
  readonly carriedEvaluations: number
}

/** Settings of the vote count. */
export interface ArcVotesOptions {
  readonly identifiers: Identifiers
  /** Side of the board; default 30. */
  readonly board?: number
  /** Keeps votes from one evaluation to the next, as the published code does. Default false. */
  readonly carryVotes?: boolean
}

/** The values of k that are reported. */
export const PASS_KS: readonly number[] = [1, 2, 5, 10, 100, 1000]

/** Votes for one candidate; candidates are keyed by content, in the order of their first prediction. */
interface Tally {
  votes: number
  halt: number
}

/** A task's test inputs; equal inputs share their votes. */
interface Ballot {
  readonly task: TestTask
  /** By index of the test input. */
  readonly boxes: readonly Map<string, Tally>[]
  /** By content of the input. */
  readonly byInput: ReadonlyMap<string, Map<string, Tally>>
}

/**
 * Counts votes over the versions of ARC's test inputs: every prediction is cropped, its augmentation undone, and counted as
 * a vote for the resulting grid. Candidates are ranked by (votes, mean sigmoid(q_halt)); ties keep the order of first
 * prediction. A candidate's grid is stored once, packed: 400,000 predictions fit in about 200 MB even if all differ.
 *
 * Source: the published `evaluators/arc.py`, which always carries votes over; here only with `carryVotes`.
 *
 * @example
 * const votes = arcVotes(data)
 * votes.begin()
 * votes.add(arcPrediction(data, example, version, tokens, probability))
 * votes.result().pass?.['pass@2']
 */
export class ArcVotes {
  readonly #ballots: ReadonlyMap<string, Ballot>
  readonly #identifiers: Identifiers
  readonly #board: number
  readonly #carry: boolean
  #predictions = 0
  #unmatched = 0
  #evaluations = 0

  constructor(tasks: readonly TestTask[], options: ArcVotesOptions) {
    this.#ballots = new Map(tasks.map((task) => [task.name, ballotOf(task)]))
    this.#identifiers = options.identifiers
    this.#board = options.board ?? 30
    this.#carry = options.carryVotes ?? false
  }

  /** Begins an evaluation: discards all votes, unless they are carried over. */
  begin(): void {
    this.#evaluations++
    if (this.#carry) return
    for (const { boxes } of this.#ballots.values()) for (const box of boxes) box.clear()
    this.#predictions = 0
    this.#unmatched = 0
  }

  /** Counts one prediction; predictions under the blank identifier are padding and ignored. */
  add({ identifier, test, tokens, halt }: ArcPrediction): void {
    if (identifier === 0) return
    const name = typeof identifier === 'number' ? this.#identifiers.name(identifier) : identifier
    const { task, code } = parseVersionName(name, `identifier ${identifier}`)
    const ballot = this.#ballots.get(task)
    const box =
      typeof test === 'number'
        ? ballot?.boxes[test]
        : ballot?.byInput.get(gridKey(undoVersion(crop(test, this.#board), code)))
    if (!box) {
      this.#unmatched++
      return
    }
    const key = gridKey(undoVersion(crop(tokens, this.#board), code))
    const probability = 'logit' in halt ? 1 / (1 + Math.exp(-halt.logit)) : halt.probability
    const tally = box.get(key) ?? { votes: 0, halt: 0 }
    tally.votes++
    // A diverged model's halting probability is NaN.
    tally.halt += Number.isNaN(probability) ? 0 : probability
    if (tally.votes === 1) box.set(key, tally)
    this.#predictions++
  }

  /** Returns the candidates for a test input, best first; none for a task outside the test set. */
  candidates(task: string, test: number, atMost = Number.POSITIVE_INFINITY): ArcCandidate[] {
    const ballot = this.#ballots.get(task)
    const box = ballot?.boxes[test]
    if (!ballot || !box) return []
    const answer = keyOf(ballot.task.pairs[test]!.output)
    return ranked(box)
      .slice(0, atMost)
      .map(([key, { votes, halt }]) => ({
        grid: nested(gridOfKey(key)),
        votes,
        haltProbability: halt / votes,
        correct: answer === null ? null : key === answer,
      }))
  }

  /** Returns the share of test inputs solved within the first k candidates, per task and overall. */
  result(ks: readonly number[] = PASS_KS): ArcResult {
    const tasks = [...this.#ballots.values()].map((ballot) => taskResult(ballot, ks))
    const known = tasks.flatMap(({ pass }) => (pass ? [pass] : []))
    return {
      pass: known.length === 0 ? null : passAt(ks, (k) => mean(known.map((pass) => pass[`pass@${k}`]!))),
      tasks,
      scored: known.length,
      predictions: this.#predictions,
      unmatched: this.#unmatched,
      carriedEvaluations: this.#carry ? Math.max(0, this.#evaluations - 1) : 0,
    }
  }

  /**
   * Returns the two best candidates of every test input; a single one fills both attempts, and `[[0]]` stands for none.
   */
  submission(): Submission {
    return [...this.#ballots.values()].map(({ task, boxes }) => ({
      task: task.name,
      inputs: boxes.map((box) => {
        const [first, second] = ranked(box)
          .slice(0, 2)
          .map(([key]) => nested(gridOfKey(key)))
        const attempt_1 = first ?? [[0]]
        return { attempt_1, attempt_2: second ?? attempt_1 }
      }),
    }))
  }
}

/** Returns a vote count for a data set's test tasks. @throws RangeError if it has none; only ARC has. */
export function arcVotes(data: Dataset, options: Pick<ArcVotesOptions, 'carryVotes'> = {}): ArcVotes {
  if (!data.testTasks) throw new RangeError('no votes are counted for this task')
  return new ArcVotes(data.testTasks, {
    ...options,
    identifiers: data.identifiers,
    board: Math.sqrt(data.manifest.seqLen),
  })
}

/**
 * Returns the prediction for a version of a test example, with its identifier and test input taken from the data.
 *
 * @param haltProbability sigmoid(q_halt) after the last step
 */
export function arcPrediction(
  { test, augment }: Dataset,
  example: number,
  version: number,
  tokens: ArrayLike<number>,
  haltProbability: number,
): ArcPrediction {
  const identifier = augment ? augment.puzzleId(test, example, version) : test.puzzleIds[example]!
  const first = test.puzzleStarts[runAt(test.puzzleStarts, example)]!
  return { identifier, test: example - first, tokens, halt: { probability: haltProbability } }
}

function ballotOf(task: TestTask): Ballot {
  const byInput = new Map<string, Map<string, Tally>>()
  const boxes = task.pairs.map(({ input }) => {
    const key = gridKey(flatten(input))
    const box = byInput.get(key) ?? new Map<string, Tally>()
    byInput.set(key, box)
    return box
  })
  return { task, boxes, byInput }
}

function taskResult({ task, boxes }: Ballot, ks: readonly number[]): ArcTaskResult {
  const answers = task.pairs.map(({ output }) => keyOf(output))
  // Rank of the correct answer among the candidates; beyond the last if it was not predicted.
  const places = boxes.map((box, i) => {
    const place = ranked(box).findIndex(([key]) => key === answers[i])
    return place < 0 ? Number.POSITIVE_INFINITY : place
  })
  const different = [...new Set(boxes)]
  return {
    task: task.name,
    inputs: boxes.length,
    votes: different.reduce((sum, box) => sum + [...box.values()].reduce((votes, tally) => votes + tally.votes, 0), 0),
    candidates: different.reduce((sum, box) => sum + box.size, 0),
    pass: answers.includes(null) ? null : passAt(ks, (k) => mean(places.map((place) => (place < k ? 1 : 0)))),
  }
}

/** Returns candidates, best first. Sorting is stable: ties keep the order of first prediction. */
function ranked(box: ReadonlyMap<string, Tally>): [string, Tally][] {
  return [...box].sort(([, a], [, b]) => b.votes - a.votes || b.halt / b.votes - a.halt / a.votes)
}

function passAt(ks: readonly number[], share: (k: number) => number): PassAt {
  return Object.fromEntries(ks.map((k) => [`pass@${k}`, share(k)]))
}

function keyOf(grid: Grid | null): string | null {
  return grid === null ? null : gridKey(flatten(grid))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
