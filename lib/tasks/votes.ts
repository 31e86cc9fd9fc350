/** A prediction for one version of a test example, as an evaluation gives it. */
export interface VersionPrediction {
  /** Index of the example in the test split. */
  readonly puzzle: number
  /** Version of the example that was predicted; 0 is the example itself. */
  readonly version: number
  /** `[seqLen]` predicted tokens. */
  readonly prediction: ArrayLike<number>
  /** sigmoid(q_halt) after the last step. */
  readonly haltProbability: number
}

/** A count of votes over the versions of a data set's test inputs. */
export interface Votes {
  /** Begins an evaluation: discards all votes, unless they are carried over. */
  begin(): void
  /** Counts one prediction as a vote for the answer behind it. */
  add(prediction: VersionPrediction): void
  /**
   * Returns the share of test inputs solved within the first k candidates, per task and overall.
   *
   * @param ks default {@link PASS_KS}
   */
  result(ks?: readonly number[]): VotesResult
  /** Returns the best candidates of every test input as the text of a file to submit. */
  submission(): string
}

/** Settings of a vote count. */
export interface VotesOptions {
  /** Keeps votes from one evaluation to the next, as the published code does. Default: false. */
  readonly carryVotes?: boolean
  /**
   * Leaves test inputs without votes, and tasks without any, out of the result: those of an evaluation of some puzzles.
   * Default: false, they count as wrong.
   */
  readonly votedOnly?: boolean
}

/** Share of test inputs with a correct answer among the first k candidates, by k. */
export type PassAt = { readonly [name: `pass@${number}`]: number }

/** The result of the votes for one test task. */
export interface TaskVotesResult {
  readonly task: string
  readonly inputs: number
  /** Number of predictions for its test inputs, and of distinct answers among them. */
  readonly votes: number
  readonly candidates: number
  /** Averaged over its test inputs; null if an answer is unknown, or if none is counted. */
  readonly pass: PassAt | null
}

/** The result of the votes for a whole test set. */
export interface VotesResult {
  /** Averaged over tasks with known answers; null if there are none. */
  readonly pass: PassAt | null
  readonly tasks: readonly TaskVotesResult[]
  /** Number of tasks counted in `pass`. */
  readonly scored: number
  /** Predictions counted, including those of earlier evaluations. */
  readonly predictions: number
  /** Predictions that match no test input of any test task. */
  readonly unmatched: number
  /** Number of earlier evaluations whose votes are included; always 0 without `carryVotes`. */
  readonly carriedEvaluations: number
}

/** The values of k that are reported. */
export const PASS_KS: readonly number[] = [1, 2, 5, 10, 100, 1000]

/** A test task whose inputs are voted on. */
export interface VotedTask {
  readonly name: string
  readonly inputs: readonly VotedInput[]
}

/** A test input; questions and answers are strings, equal exactly when they are. */
export interface VotedInput {
  /** Equal questions of a task share their votes. */
  readonly question: string
  /** null when the answer is withheld. */
  readonly answer: string | null
}

/** An answer that was predicted for a test input. */
export interface RankedCandidate {
  readonly answer: string
  readonly votes: number
  /** Mean of sigmoid(q_halt) over its votes. */
  readonly haltProbability: number
  /** Whether it equals the stored answer; null if that is unknown. */
  readonly correct: boolean | null
}

/** Votes for one candidate; candidates are keyed by answer, in the order of their first prediction. */
interface Tally {
  votes: number
  halt: number
}

type Box = Map<string, Tally>

/** A task with the votes for each of its inputs. */
interface Ballot {
  readonly task: VotedTask
  /** By index of the test input. */
  readonly boxes: readonly Box[]
  /** First test input of each question. */
  readonly inputOf: ReadonlyMap<string, number>
}

/**
 * Counts votes for the answers to test inputs, whatever the task. Candidates are ranked by (votes, mean sigmoid(q_halt));
 * ties keep the order of first prediction.
 *
 * Source: the published `evaluators/arc.py`, which always carries votes over; here only with `carryVotes`.
 */
export class VoteCount {
  readonly #ballots: ReadonlyMap<string, Ballot>
  readonly #carry: boolean
  readonly #votedOnly: boolean
  #predictions = 0
  #unmatched = 0
  #evaluations = 0

  constructor(tasks: readonly VotedTask[], { carryVotes = false, votedOnly = false }: VotesOptions = {}) {
    this.#ballots = new Map(tasks.map((task) => [task.name, ballotOf(task)]))
    this.#carry = carryVotes
    this.#votedOnly = votedOnly
  }

  /** Begins an evaluation: discards all votes, unless they are carried over. */
  begin(): void {
    this.#evaluations++
    if (this.#carry) return
    for (const { boxes } of this.#ballots.values()) for (const box of boxes) box.clear()
    this.#predictions = 0
    this.#unmatched = 0
  }

  /** Returns the index of the first test input of a task with this question; undefined without one. */
  inputOf(task: string, question: string): number | undefined {
    return this.#ballots.get(task)?.inputOf.get(question)
  }

  /**
   * Counts one prediction; one for a test input that is not there is counted as unmatched.
   *
   * @param answer called only when the test input is there
   */
  add(task: string, input: number | undefined, answer: () => string, haltProbability: number): void {
    const box = input === undefined ? undefined : this.#ballots.get(task)?.boxes[input]
    if (!box) {
      this.#unmatched++
      return
    }
    const key = answer()
    const tally = box.get(key) ?? { votes: 0, halt: 0 }
    tally.votes++
    // A diverged model's halting probability is NaN.
    tally.halt += Number.isNaN(haltProbability) ? 0 : haltProbability
    if (tally.votes === 1) box.set(key, tally)
    this.#predictions++
  }

  /** Returns the candidates for a test input, best first; none for a task outside the test set. */
  candidates(task: string, input: number, atMost = Number.POSITIVE_INFINITY): RankedCandidate[] {
    const ballot = this.#ballots.get(task)
    const box = ballot?.boxes[input]
    if (!ballot || !box) return []
    const known = ballot.task.inputs[input]!.answer
    return ranked(box)
      .slice(0, atMost)
      .map(([answer, { votes, halt }]) => ({
        answer,
        votes,
        haltProbability: halt / votes,
        correct: known === null ? null : answer === known,
      }))
  }

  /** Returns the share of test inputs solved within the first k candidates, per task and overall. */
  result(ks: readonly number[] = PASS_KS): VotesResult {
    const tasks = [...this.#ballots.values()].map((ballot) => taskResult(ballot, ks, this.#votedOnly))
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
}

function ballotOf(task: VotedTask): Ballot {
  const inputOf = new Map<string, number>()
  const boxes: Box[] = []
  task.inputs.forEach(({ question }, input) => {
    const first = inputOf.get(question)
    boxes.push(first === undefined ? new Map() : boxes[first]!)
    if (first === undefined) inputOf.set(question, input)
  })
  return { task, boxes, inputOf }
}

function taskResult({ task, boxes: all }: Ballot, ks: readonly number[], votedOnly: boolean): TaskVotesResult {
  const counted = task.inputs.flatMap(({ answer }, i) =>
    votedOnly && all[i]!.size === 0 ? [] : [{ answer, box: all[i]! }],
  )
  const boxes = counted.map(({ box }) => box)
  // Rank of the correct answer among the candidates; beyond the last if it was not predicted.
  const places = counted.map(({ answer: right, box }) => {
    const place = ranked(box).findIndex(([answer]) => answer === right)
    return place < 0 ? Number.POSITIVE_INFINITY : place
  })
  const different = [...new Set(boxes)]
  return {
    task: task.name,
    inputs: boxes.length,
    votes: different.reduce((sum, box) => sum + [...box.values()].reduce((votes, tally) => votes + tally.votes, 0), 0),
    candidates: different.reduce((sum, box) => sum + box.size, 0),
    pass:
      counted.length === 0 || counted.some(({ answer }) => answer === null)
        ? null
        : passAt(ks, (k) => mean(places.map((place) => (place < k ? 1 : 0)))),
  }
}

/** Returns candidates, best first. Sorting is stable: ties keep the order of first prediction. */
function ranked(box: Box): [string, Tally][] {
  return [...box].sort(([, a], [, b]) => b.votes - a.votes || b.halt / b.votes - a.halt / a.votes)
}

function passAt(ks: readonly number[], share: (k: number) => number): PassAt {
  return Object.fromEntries(ks.map((k) => [`pass@${k}`, share(k)]))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
