import { addSpent, NOTHING_SPENT, type Spent, startMeter } from '../backend/spent.js'
import { trainingCompute } from '../model/macs.js'
import type { Model } from '../model/model.js'
import type { BatchesAhead } from './ahead.js'
import { type StepMetrics, stepMetrics, type TrainingTotals, trainingTotals } from './metrics.js'
import { type Snapshot, takeSnapshot } from './snapshot.js'
import { disposeState, type StepOptions, type TrainingState, trainStep } from './step.js'

/** The parts of a trainer. */
export interface TrainerParts {
  readonly state: TrainingState
  readonly options: StepOptions
  /** The training batches, at the state's position. */
  readonly sampler: BatchesAhead
  /** Time and energy of training before the state; default none. */
  readonly spent?: Spent
}

/** The training loop of a model, step by step, used by every run and notebook. */
export class Trainer {
  readonly state: TrainingState
  readonly options: StepOptions
  readonly #sampler: BatchesAhead
  #spent: Spent
  #lastLoss: number | null = null

  constructor({ state, options, sampler, spent = NOTHING_SPENT }: TrainerParts) {
    this.state = state
    this.options = options
    this.#sampler = sampler
    this.#spent = spent
    abandoned.register(this, sampler, this)
  }

  /**
   * Makes one supervision step with its update: halted rows take new puzzles, the others continue with theirs. Paper,
   * figure 3.
   *
   * @throws NotFinite if a loss, a gradient or a weight is NaN or infinite and the step is not skipped; nothing is changed then.
   */
  step(): StepMetrics {
    const spent = startMeter()
    const report = trainStep(this.state, this.#sampler.next(), this.options)
    this.#spent = addSpent(this.#spent, spent())
    const metrics = stepMetrics(this.state.step, report, this.totals)
    if (report.skipped === null) this.#lastLoss = metrics.loss
    return metrics
  }

  /** The loss per row of the last step with an update; null before it. */
  get lastLoss(): number | null {
    return this.#lastLoss
  }

  /** Seconds of training so far. */
  get seconds(): number {
    return this.#spent.seconds
  }

  /** Compute, time and energy of training so far. Every row makes a supervision step in every optimiser step. */
  get totals(): TrainingTotals {
    const { step, skipped, model, carry } = this.state
    return trainingTotals(trainingCompute(model.shape, step * carry.batch.size), skipped.total, this.#spent)
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
    return takeSnapshot(this.state, this.#sampler.state(), this.#spent)
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
