import type { Model } from '../model/model.js'
import type { BatchesAhead } from './ahead.js'
import { type StepMetrics, stepMetrics } from './metrics.js'
import { type Snapshot, takeSnapshot } from './snapshot.js'
import { disposeState, type StepOptions, type TrainingState, trainStep } from './step.js'

/** The parts of a trainer. */
export interface TrainerParts {
  readonly state: TrainingState
  readonly options: StepOptions
  /** The training batches, at the state's position. */
  readonly sampler: BatchesAhead
  /** Seconds of training before the state; default 0. */
  readonly seconds?: number
}

/** The training loop of a model, step by step, used by every run and notebook. */
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
   * Makes one supervision step with its update: halted rows take new puzzles, the others continue with theirs. Paper,
   * figure 3.
   *
   * @throws NotFinite if a loss or a gradient is NaN or infinite; nothing is changed then.
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

  /** The model with the weights to evaluate: the EMA, or the live ones without EMA. */
  get evaluated(): Model {
    const { model, ema } = this.state
    return ema ? model.with({ weights: ema }) : model
  }

  /**
   * Returns the models to evaluate, the one that results are taken from last. Without EMA it is the live one.
   *
   * @param weights the weights to evaluate. Default: as in {@link evaluated}
   */
  arms(weights: 'ema' | 'live' | 'both' = 'ema'): { readonly weights: 'ema' | 'live'; readonly model: Model }[] {
    const { model, ema } = this.state
    const live = { weights: 'live' as const, model }
    if (!ema || weights === 'live') return [live]
    const average = { weights: 'ema' as const, model: this.evaluated }
    return weights === 'both' ? [live, average] : [average]
  }

  /** Returns the full state, outside the backend; see {@link takeSnapshot}. */
  snapshot(): Snapshot {
    return takeSnapshot(this.state, this.#sampler.state(), this.#seconds)
  }

  /** Frees moments, averages and carry, and ends the thread that prepares batches. The model remains. */
  dispose(): void {
    abandoned.unregister(this)
    this.#sampler.close()
    disposeState(this.state)
  }
}

/** Ends the thread of a trainer that has been garbage-collected. */
const abandoned = new FinalizationRegistry<BatchesAhead>((sampler) => sampler.close())
