import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { countEvaluated } from '../data/evaluation-batches.js'
import type { TrainingBatches } from '../data/sampler.js'
import { type Evaluation, evaluate, evaluationNumbers } from '../evaluate/evaluation.js'
import { outcomesTable } from '../evaluate/outcomes.js'
import { type ArcVotes, arcVotes } from '../evaluate/votes.js'
import { disposeModel } from '../model/weights.js'
import { type RunWriter, saveCheckpoint } from '../results/run.js'
import { disposeState, type StepOptions, type TrainingState, trainStep } from '../train/step.js'
import { type RunObserver, trainMetrics } from './observer.js'
import { evaluationInterval } from './resolve.js'
import { takeSnapshot } from './snapshot.js'

/** Who watches a run, and how it is stopped. */
export interface SessionOptions {
  readonly observer?: RunObserver
  /** When aborted, the run saves after its current step and stops; `resume` goes on. */
  readonly signal?: AbortSignal
}

/** A run while it goes on. */
export interface Session {
  readonly config: Config
  readonly data: Dataset
  readonly options: StepOptions
  readonly sampler: TrainingBatches
  readonly state: TrainingState
  readonly run: RunWriter
  /** Length of the run in steps. */
  readonly steps: number
  /** Seconds of training before this process took over. */
  readonly secondsBefore: number
}

/** Up to so many puzzles the outcomes of the last evaluation are kept with the run: some 100 MB at 900 tokens. */
const KEPT_OUTCOMES = 100_000

/** Steps until the run is at its end or aborted, then frees everything. What was computed is saved in either case. */
export async function continueSession(session: Session, { observer, signal }: SessionOptions): Promise<void> {
  const { config, data, run, state, steps, sampler } = session
  const interval = evaluationInterval(config, data)
  const votes = data.testTasks ? arcVotes(data, { carryVotes: config.carryVotes }) : undefined
  if (config.carryVotes && state.step > 0)
    observer?.onNote?.('votes of evaluations before the stop are not carried over')
  let seconds = session.secondsBefore
  const save = (): void => saveCheckpoint(run, takeSnapshot(state, sampler.state(), seconds))
  observer?.onStart?.({ id: run.id, config, step: state.step, steps })
  try {
    while (state.step < steps && !signal?.aborted) {
      const started = performance.now()
      const report = trainStep(state, sampler.next(), session.options)
      seconds += (performance.now() - started) / 1000
      const metrics = trainMetrics(state.step, report, seconds)
      const last = state.step === steps
      if (state.step % config.logEvery === 0 || last) run.logMetrics({ ...metrics })
      observer?.onStep?.(metrics)
      if (data.test.count > 0 && (state.step % interval === 0 || last)) {
        const evaluation = await evaluateState(session, votes, last)
        run.logEvaluation({ step: state.step, ...evaluationNumbers(evaluation), seconds })
        if (evaluation.outcomes.length > 0) run.writeOutcomes(outcomesTable(evaluation.outcomes, data, 'test'))
        observer?.onEvaluation?.(state.step, evaluation)
      }
      if (state.step % config.checkpointEvery === 0 && !last) save()
      await new Promise((resolve) => setImmediate(resolve))
    }
    save()
    run.finish(state.step < steps ? 'interrupted' : 'finished')
    observer?.onEnd?.(state.step < steps ? 'interrupted' : 'finished')
  } catch (error) {
    run.finish('failed', error instanceof Error ? error.message : String(error))
    throw error
  } finally {
    disposeState(state)
    disposeModel(state.model)
  }
}

/** Evaluates the EMA weights, or the live ones without EMA, on the whole test split; at the end with every outcome. */
async function evaluateState(session: Session, votes: ArcVotes | undefined, last: boolean): Promise<Evaluation> {
  const { config, data, state } = session
  const versions = config.evalVersions ?? undefined
  return evaluate(state.model, state.ema ?? state.model.weights, data, {
    batch: config.evalBatch,
    versions,
    steps: config.evalSteps ?? config.K,
    votes,
    outcomes: last && countEvaluated(data, { versions }) <= KEPT_OUTCOMES,
  })
}
