import { type Dataset, type Grid, type Identifiers, runAt, type TestTask } from '../../data/dataset.js'
import { VoteCount, type Votes, type VotesOptions, type VotesResult } from '../votes.js'
import { crop } from './encode.js'
import { flatten, gridKey, gridOfKey, LARGEST, nested } from './grid.js'
import { type Submission, submissionText } from './submission.js'
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

/** Settings of the vote count. */
export interface ArcVotesOptions extends VotesOptions {
  readonly identifiers: Identifiers
  /** Side of the board. Default: 30. */
  readonly board?: number
}

/**
 * Counts votes over the versions of ARC's test inputs: every prediction is cropped, its augmentation undone, and counted
 * as a vote for the resulting grid, ranked as {@link VoteCount} does. A candidate's grid is stored once, packed: 400,000
 * predictions fit in about 200 MB even if all differ.
 *
 * @example
 * const votes = new ArcVotes(data.testTasks, { identifiers: data.identifiers })
 * votes.add({ identifier: 'TASK|||t1|||0213456789', test: 0, tokens, halt: { logit } })
 * votes.result().pass?.['pass@2']
 */
export class ArcVotes {
  readonly #tasks: readonly TestTask[]
  readonly #count: VoteCount
  readonly #identifiers: Identifiers
  readonly #board: number

  constructor(tasks: readonly TestTask[], { identifiers, board = LARGEST, ...options }: ArcVotesOptions) {
    this.#tasks = tasks
    this.#identifiers = identifiers
    this.#board = board
    const voted = tasks.map(({ name, pairs }) => ({
      name,
      inputs: pairs.map(({ input, output }) => ({
        question: gridKey(flatten(input)),
        answer: output && gridKey(flatten(output)),
      })),
    }))
    this.#count = new VoteCount(voted, options)
  }

  /** Begins an evaluation: discards all votes, unless they are carried over. */
  begin(): void {
    this.#count.begin()
  }

  /** Counts one prediction; predictions under the blank identifier are padding and ignored. */
  add({ identifier, test, tokens, halt }: ArcPrediction): void {
    if (identifier === 0) return
    const name = typeof identifier === 'number' ? this.#identifiers.name(identifier) : identifier
    const { task, code } = parseVersionName(name, `identifier ${identifier}`)
    const gridBehind = (board: ArrayLike<number>): string => gridKey(undoVersion(crop(board, this.#board), code))
    const input = typeof test === 'number' ? test : this.#count.inputOf(task, gridBehind(test))
    const probability = 'logit' in halt ? 1 / (1 + Math.exp(-halt.logit)) : halt.probability
    this.#count.add(task, input, () => gridBehind(tokens), probability)
  }

  /** Returns the candidates for a test input, best first; none for a task outside the test set. */
  candidates(task: string, test: number, atMost?: number): ArcCandidate[] {
    return this.#count
      .candidates(task, test, atMost)
      .map(({ answer, ...candidate }) => ({ grid: nested(gridOfKey(answer)), ...candidate }))
  }

  /** Returns the share of test inputs solved within the first k candidates, per task and overall. */
  result(ks?: readonly number[]): VotesResult {
    return this.#count.result(ks)
  }

  /**
   * Returns the two best candidates of every test input; a single one fills both attempts, and `[[0]]` stands for none.
   */
  submission(): Submission {
    return this.#tasks.map(({ name, pairs }) => ({
      task: name,
      inputs: pairs.map((_, test) => {
        const [first, second] = this.candidates(name, test, 2)
        const attempt_1 = first?.grid ?? [[0]]
        return { attempt_1, attempt_2: second?.grid ?? attempt_1 }
      }),
    }))
  }
}

/** Returns a vote count for a data set's test tasks; null if it has none. */
export function arcVotes(data: Dataset, options: VotesOptions = {}): Votes | null {
  const { testTasks, identifiers, manifest } = data
  if (!testTasks) return null
  const votes = new ArcVotes(testTasks, { ...options, identifiers, board: Math.sqrt(manifest.seqLen) })
  return {
    begin: () => votes.begin(),
    add: ({ puzzle, version, prediction, haltProbability }) =>
      votes.add({ ...askedBy(data, puzzle, version), tokens: prediction, halt: { probability: haltProbability } }),
    result: (ks) => votes.result(ks),
    submission: () => submissionText(votes.submission()),
  }
}

/** Returns the identifier and the test input of a version of a test example. */
function askedBy(
  { test, augment }: Dataset,
  example: number,
  version: number,
): Pick<ArcPrediction, 'identifier' | 'test'> {
  const identifier = augment ? augment.puzzleId(test, example, version) : test.puzzleIds[example]!
  const first = test.puzzleStarts[runAt(test.puzzleStarts, example)]!
  return { identifier, test: example - first }
}
