import type { TimeLeft } from '../../notebook/progress-text.js'
import type { RunWork } from './work.js'

/** Seconds of steps, and share of an evaluation, after which their time is known. */
const ENOUGH = { seconds: 1, share: 0.1 }

/**
 * The time left of consecutive runs, measured by their own steps and evaluations. Runs of equal work share their
 * measurements; until a run is measured, it is assumed to compute as fast as the latest one that is.
 */
export class RunTimes {
  /** With the steps and evaluations done. */
  readonly #runs: { readonly work: RunWork; step: number; evaluations: number }[]
  /** Seconds per multiply-accumulate of steps and of evaluations, by work key, as far as measured. */
  readonly #speeds = new Map<string, Partial<RunWork['macs']>>()
  #latest: Partial<RunWork['macs']> = {}
  #index = 0
  /** The ends of two steps, the first of which begins the measurement of their rate. */
  #window: readonly { readonly step: number; readonly seconds: number }[] = []

  /** @param before steps that each run has already made; default none */
  constructor(works: readonly RunWork[], before: readonly number[] = []) {
    this.#runs = works.map((work, index) => {
      const step = before[index] ?? 0
      return { work, step, evaluations: evaluationsUntil(work, step) }
    })
  }

  /** Starts a run, or resumes it. */
  start(index: number): void {
    this.#index = index
    this.#window = []
  }

  /** Marks the end of a step. The first one after `start` is slower and not measured. @param seconds of training so far */
  step(step: number, seconds: number): void {
    this.#runs[this.#index]!.step = step
    const end = { step, seconds }
    const [from = end, middle = end] = this.#window
    const measured = seconds - from.seconds
    if (measured >= ENOUGH.seconds) this.takes('step', measured / (step - from.step))
    // The window keeps the second half of the steps.
    this.#window = seconds - middle.seconds >= 2 * (middle.seconds - from.seconds) ? [middle, end] : [from, middle]
  }

  /** Marks the progress of the evaluation after a step, in puzzles. @param seconds since it began */
  evaluating(step: number, done: number, puzzles: number, seconds: number): void {
    const run = this.#runs[this.#index]!
    const share = done / puzzles
    run.evaluations = evaluationsUntil(run.work, step) - 1 + share
    if (share >= ENOUGH.share) this.takes('evaluation', seconds / share)
  }

  /** Sets the seconds of one step or evaluation of the current run. */
  takes(kind: keyof RunWork['macs'], seconds: number): void {
    const { key, macs } = this.#runs[this.#index]!.work
    const speed = { [kind]: seconds / macs[kind] }
    this.#speeds.set(key, { ...this.#speeds.get(key), ...speed })
    this.#latest = { ...this.#latest, ...speed }
  }

  /** Returns the seconds left of the next `count` runs, the current one first; null before they are known. */
  left(count = 1): TimeLeft | null {
    let [seconds, rough] = [0, false]
    for (const { work, step, evaluations } of this.#runs.slice(this.#index, this.#index + count)) {
      const own = this.#speeds.get(work.key)
      const speed = { ...this.#latest, ...own }
      if (speed.step === undefined) return null
      seconds += (work.trainSteps - step) * work.macs.step * speed.step
      const toMake = evaluationsUntil(work, work.trainSteps) - evaluations
      seconds += toMake * work.macs.evaluation * (speed.evaluation ?? speed.step)
      rough ||= own?.step === undefined || (work.evaluated > 0 && own.evaluation === undefined)
    }
    return { seconds, rough }
  }
}

/** Counts the evaluations of a run up to a step: one at every multiple of its interval, and one at its end. */
export function evaluationsUntil({ evaluated, evaluateEvery, trainSteps }: RunWork, step: number): number {
  if (evaluated === 0) return 0
  return step < trainSteps ? Math.floor(step / evaluateEvery) : Math.ceil(trainSteps / evaluateEvery)
}
