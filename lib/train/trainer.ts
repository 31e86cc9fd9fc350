import type { Model } from '../model/model.js'
import type { BatchesAhead } from './ahead.js'
import { type StepMetrics, stepMetrics } from './metrics.js'
import { type Snapshot, takeSnapshot } from './snapshot.js'
import { disposeState, type StepOptions, type TrainingState, trainStep } from './step.js'

/** The parts of a trainer. */
export interface TrainerParts {
  readonly state: TrainingState
  readonly options: StepOptions
  /** The training batches, at the position where the state left off. */
  readonly sampler: BatchesAhead
  /** Seconds of training behind the state; default 0. */
  readonly seconds?: number
}

/** The training loop of a model, step by step: every run and every notebook trains with it. */
export class Trainer {
  readonly state: TrainingState
  readonly options: StepOptions
  readonly #sampler: BatchesAhead
  #seconds: number

  constructor({ state, options, sampler, seconds = 0 }: TrainerParts) {
    this.state = state
    this.options = options
    this.#sampler = sampler
    this.#seconds = seconds
    abandoned.register(this, sampler, this)
  }

  /**
   * Makes one supervision step with its update: rows that have halted take new puzzles, the others go on with theirs. Paper,
   * figure 3.
   *
   * @throws NotFinite when a loss or a gradient is NaN or infinite; nothing is changed then.
   */
  step(): StepMetrics {
    const started = performance.now()
    const report = trainStep(this.state, this.#sampler.next(), this.options)
    this.#seconds += (performance.now() - started) / 1000
    return stepMetrics(this.state.step, report, this.#seconds)
  }

  /** Seconds of training so far. */
  get seconds(): number {
    return this.#seconds
  }

  /** The model with the weights that are evaluated: the EMA, or the live ones without EMA. */
  get evaluated(): Model {
    const { model, ema } = this.state
    return ema ? model.with({ weights: ema }) : model
  }

  /** The whole state, outside any backend; see {@link takeSnapshot}. */
  snapshot(): Snapshot {
    return takeSnapshot(this.state, this.#sampler.state(), this.#seconds)
  }

  /** Frees moments, averages and carry, and ends the thread that prepares batches. The model stays. */
  dispose(): void {
    abandoned.unregister(this)
    this.#sampler.close()
    disposeState(this.state)
  }
}

/** A trainer that nothing refers to any more leaves no thread behind. */
const abandoned = new FinalizationRegistry<BatchesAhead>((sampler) => sampler.close())
