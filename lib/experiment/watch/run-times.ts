import { recursionOf } from '../../model/recursion.js'
import { depth, type ModelShape, stacks, totalTokens } from '../../model/shape.js'
import { countParameters } from '../../model/weights.js'
import type { TimeLeft } from '../../notebook/progress-text.js'
import type { RunWork } from '../estimate/work.js'

/** Seconds of steps after which their rate is known: the first steps are slower. */
const ENOUGH = 1

/** Share of an evaluation after which its time is known. */
const PART = 0.1

/** Seconds of one step and of one evaluation, as far as measured. */
interface Seconds {
  readonly step?: number
  readonly evaluation?: number
}

/**
 * The time left of consecutive runs, measured by their own steps and evaluations. Runs of equal work share their
 * measurements; that of others is guessed from their rough cost until their own steps are measured.
 */
export class RunTimes {
  readonly #runs: readonly RunWork[]
  readonly #before: readonly number[]
  readonly #now: () => number
  /** Measurements by work key; the latest is the last. */
  readonly #known = new Map<string, Seconds>()
  /** Step ends on a clock that stops during evaluations: the first, then each at twice the time of the previous one. */
  #marks: { readonly step: number; readonly at: number }[] = []
  #index = 0
  #step = 0
  #evaluatedAt = 0
  #evaluating: { readonly since: number; share: number } | null = null
  /** Seconds spent in evaluations. */
  #away = 0
  #planned = false

  /** @param before steps that each run has already made; default none @param now a clock in seconds */
  constructor(runs: readonly RunWork[], before: readonly number[] = [], now = () => performance.now() / 1000) {
    this.#runs = runs
    this.#before = before
    this.#now = now
  }

  /** Starts or resumes a run at a step. */
  start(index: number, step: number): void {
    this.#index = index
    this.#step = step
    this.#evaluatedAt = step
    this.#evaluating = null
    this.#marks = []
  }

  /** Marks the end of a step. */
  step(step: number): void {
    this.#step = step
    const at = this.#now() - this.#away
    const [first, last] = [this.#marks[0], this.#marks.at(-1)]
    if (first && last) {
      const from = this.#marks.at(-2) ?? first
      if (at - first.at >= ENOUGH) this.#learn({ step: (at - from.at) / (step - from.step) })
      if (at - first.at < 2 * (last.at - first.at)) return
    }
    this.#marks.push({ step, at })
  }

  /** Sets the seconds of one evaluation of the test split, extrapolated from a piece that took `took` seconds. */
  evaluationTime(seconds: number, took: number): void {
    this.#away += took
    this.#learn({ evaluation: seconds })
  }

  /** Sets the number of puzzles of an evaluation that are done. */
  evaluating(done: number, puzzles: number): void {
    this.#evaluating ??= { since: this.#now(), share: 0 }
    const share = done / Math.max(1, puzzles)
    this.#evaluating.share = share
    if (share >= PART) this.#learn({ evaluation: (this.#now() - this.#evaluating.since) / share })
  }

  /** Marks the end of the evaluation after a step. */
  evaluated(step: number): void {
    if (this.#evaluating) this.#away += this.#now() - this.#evaluating.since
    this.#evaluating = null
    this.#evaluatedAt = step
  }

  /** Returns the seconds until the end of the current run, or of a later one; null before they are known. */
  left(last = this.#index): TimeLeft | null {
    let [seconds, rough] = [0, false]
    for (let index = this.#index; index <= last; index++) {
      const run = this.#runs[index]!
      const each = this.#secondsOf(run)
      if (!each) return null
      const before = this.#before[index] ?? 0
      const [step, evaluatedAt, share] =
        index === this.#index ? [this.#step, this.#evaluatedAt, this.#evaluating?.share ?? 0] : [before, before, 0]
      const evaluations = evaluationsUntil(run, run.trainSteps) - evaluationsUntil(run, evaluatedAt)
      seconds += (run.trainSteps - step) * each.step + Math.max(0, evaluations - share) * each.evaluation
      rough ||= each.rough
    }
    return { seconds, rough }
  }

  /** Returns the seconds until the end of all runs; null before they are known. */
  leftOfAll(): TimeLeft | null {
    return this.left(this.#runs.length - 1)
  }

  /** Returns the seconds left in all, once: when steps and evaluations of the current run are known. Else null. */
  planned(): number | null {
    if (this.#planned || this.left()?.rough !== false) return null
    this.#planned = true
    return this.leftOfAll()?.seconds ?? null
  }

  #learn(seconds: Seconds): void {
    const { key } = this.#runs[this.#index]!
    const known = this.#known.get(key)
    this.#known.delete(key)
    this.#known.set(key, { ...known, ...seconds })
  }

  #secondsOf(run: RunWork): (Required<Seconds> & { rough: boolean }) | null {
    const own = this.#known.get(run.key)
    const [key, known] =
      own?.step !== undefined ? [run.key, own] : ([...this.#known].findLast((each) => each[1].step !== undefined) ?? [])
    const like = this.#runs.find((each) => each.key === key)
    if (known?.step === undefined || !like) return null
    const [from, to] = [roughCost(like), roughCost(run)]
    const step = (known.step * to.step) / from.step
    const evaluation =
      known.evaluation !== undefined && like.evaluated > 0
        ? (known.evaluation * to.evaluation) / from.evaluation
        : (step * to.evaluation) / to.step
    return { step, evaluation, rough: like.key !== run.key || (run.evaluated > 0 && known.evaluation === undefined) }
  }
}

/** Counts the evaluations of a run up to a step: one at every multiple of its interval, and one at its end. */
export function evaluationsUntil({ evaluated, evaluateEvery, trainSteps }: RunWork, step: number): number {
  if (evaluated === 0) return 0
  return Math.floor(step / evaluateEvery) + (step >= trainSteps && trainSteps % evaluateEvery > 0 ? 1 : 0)
}

/**
 * Returns the relative cost of an optimiser step and of an evaluation, comparable between runs: the sum over blocks of
 * weights times tokens, counted three times for a block that carries gradient.
 */
export function roughCost({ config, resolved, shape, evaluated }: RunWork): { step: number; evaluation: number } {
  const blocks = stacks(shape).reduce((sum, { layers }) => sum + layers, 0)
  const block = (countParameters({ ...shape, puzzleIdentifiers: 0 }) / blocks) * totalTokens(shape)
  return {
    step: config.batch * block * stepBlocks(shape),
    evaluation: evaluated * block * depth(shape) * resolved.evaluation.evalSupervisionSteps,
  }
}

/** Counts the blocks of a supervision step; one that carries gradient counts three times. */
export function stepBlocks(shape: ModelShape): number {
  return depth(shape) + 2 * depth(shape, recursionOf(shape).gradientUpdates)
}
