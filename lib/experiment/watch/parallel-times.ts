import type { TimeLeft } from '../../notebook/progress-text.js'
import { evaluationsUntil } from '../estimate/run-times.js'
import type { RunWork } from '../estimate/work.js'
import type { TrainMetrics } from '../run/observer.js'

/** Share of an evaluation after which its time is known. */
const ENOUGH = 0.1

/** Measurements of one run. */
interface Times {
  /** Step of the first metrics of this process, and training seconds until then. */
  first: { readonly step: number; readonly seconds: number } | null
  step: number
  /** Seconds of a step and of an evaluation; null before they are measured. */
  perStep: number | null
  perEvaluation: number | null
  /** Evaluations made, with the share of a running one. */
  evaluations: number
}

/**
 * The time left of runs that several processes train at the same time. A run that is not measured yet is as fast as the mean
 * of the others, by its multiply-accumulates.
 */
export class ParallelTimes {
  readonly #works: readonly RunWork[]
  readonly #workers: number
  readonly #times: readonly Times[]

  /** @param before steps that each run has already made */
  constructor(works: readonly RunWork[], before: readonly number[], workers: number) {
    this.#works = works
    this.#workers = workers
    this.#times = works.map((work, index) => ({
      first: null,
      step: before[index] ?? 0,
      perStep: null,
      perEvaluation: null,
      evaluations: evaluationsUntil(work, before[index] ?? 0),
    }))
  }

  /** Returns the steps of all runs so far. */
  get steps(): number {
    return this.#times.reduce((sum, { step }) => sum + step, 0)
  }

  /** Starts or resumes a run at a step. */
  start(index: number, step: number): void {
    const times = this.#times[index]!
    Object.assign(times, { step, first: null, evaluations: evaluationsUntil(this.#works[index]!, step) })
  }

  step(index: number, { step, trainSeconds }: TrainMetrics): void {
    const times = this.#times[index]!
    times.step = step
    // The first step is slower.
    if (!times.first) times.first = { step, seconds: trainSeconds }
    else times.perStep = (trainSeconds - times.first.seconds) / (step - times.first.step)
  }

  /** Sets the seconds of an evaluation of a run. */
  evaluationTime(index: number, seconds: number): void {
    this.#times[index]!.perEvaluation = seconds
  }

  /** Marks the progress of an evaluation, in puzzles. @param seconds since it began */
  evaluating(index: number, done: number, puzzles: number, seconds: number): void {
    const times = this.#times[index]!
    const share = done / Math.max(1, puzzles)
    times.evaluations = Math.floor(times.evaluations) + Math.min(share, 0.999)
    if (share >= ENOUGH) times.perEvaluation = seconds / share
  }

  /** Marks the end of an evaluation. */
  evaluated(index: number): void {
    const times = this.#times[index]!
    times.evaluations = Math.floor(times.evaluations) + 1
  }

  /** Marks a run that makes no more steps. */
  end(index: number): void {
    const work = this.#works[index]!
    const times = this.#times[index]!
    Object.assign(times, { step: work.trainSteps, evaluations: evaluationsUntil(work, work.trainSteps) })
  }

  /** Returns the seconds until the end of all runs; null before any is known. */
  left(): TimeLeft | null {
    const macs = this.#works.map((work) => work.macs)
    const mean = (of: 'perStep' | 'perEvaluation', kind: keyof RunWork['macs']): number | null => {
      const known = this.#times.flatMap((times, i) => (times[of] === null ? [] : [times[of] / macs[i]![kind]]))
      return known.length > 0 ? known.reduce((sum, each) => sum + each, 0) / known.length : null
    }
    const [step, evaluation] = [mean('perStep', 'step'), mean('perEvaluation', 'evaluation')]
    if (step === null) return null
    const left = this.#works.map((work, i) => {
      const times = this.#times[i]!
      const evaluations = evaluationsUntil(work, work.trainSteps) - times.evaluations
      const each = times.perEvaluation ?? (evaluation ?? step) * macs[i]!.evaluation
      return (work.trainSteps - times.step) * (times.perStep ?? step * macs[i]!.step) + evaluations * each
    })
    const rough = this.#times.some(({ perStep }, i) => perStep === null && left[i]! > 0) || evaluation === null
    return { seconds: Math.max(...left, left.reduce((sum, each) => sum + each, 0) / this.#workers), rough }
  }
}
