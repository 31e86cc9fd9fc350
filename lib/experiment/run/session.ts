import { freeKernelMemory } from '../../backend/kernels.js'
import type { ResolvedConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import { Interrupted } from '../../errors.js'
import { type Evaluation, evaluate, evaluationNumbers } from '../../evaluate/evaluation.js'
import { outcomesTable } from '../../evaluate/outcomes.js'
import { type ArcVotes, arcVotes } from '../../evaluate/votes.js'
import { disposeModel } from '../../model/weights.js'
import { type RunWriter, saveCheckpoint } from '../../results/run.js'
import type { BatchesAhead } from '../../train/ahead.js'
import { disposeState, type StepOptions, type StepReport, type TrainingState, trainStep } from '../../train/step.js'
import { divergedInStep, divergedWeights, snapshotNotFinite, weightsNotFinite } from './not-finite.js'
import { type RunObserver, trainMetrics } from './observer.js'
import { evaluationInterval } from './resolve.js'
import { takeSnapshot } from './snapshot.js'
import { onForcedStop } from './stop.js'

/** The observer of a run, and the signal that stops it. */
export interface SessionOptions {
  readonly observer?: RunObserver
  /**
   * When aborted, the run saves after its current step and stops; `resume` goes on. Default: in a notebook, when the user
   * stops the cell, which then fails with how to go on.
   */
  readonly signal?: AbortSignal
}

/** A run that is being made. */
export interface Session {
  /** The flat configuration, as observers are told it. */
  readonly config: Config
  readonly resolved: ResolvedConfig
  readonly data: Dataset
  readonly options: StepOptions
  readonly sampler: BatchesAhead
  readonly state: TrainingState
  readonly run: RunWriter
  /** Length of the run in steps. */
  readonly trainSteps: number
  /** Seconds of training before this process took over. */
  readonly secondsBefore: number
  /** Step of the last evaluation that is stored; 0 before the first. */
  readonly evaluatedAt: number
}

/** How a session ended. */
export type SessionEnd = 'finished' | 'interrupted'

/** Up to so many puzzles the outcomes of the last evaluation are kept with the run: some 100 MB at 900 tokens. */
const KEPT_OUTCOMES = 100_000

/**
 * Steps until the run is at its end or aborted, then frees everything. What was computed is saved in either case.
 *
 * @throws UserError when a loss, a gradient or a weight is NaN or infinite: the run has failed, its last checkpoint is kept.
 */
export async function continueSession(session: Session, { observer, signal }: SessionOptions): Promise<SessionEnd> {
  const { data, run, state, trainSteps, sampler } = session
  const { training, evaluation } = session.resolved
  const interval = evaluationInterval(session.resolved, data)
  const votes = data.testTasks ? arcVotes(data, { carryVotes: evaluation.carryVotes }) : undefined
  if (evaluation.carryVotes && state.step > 0)
    observer?.onNote?.('votes of evaluations before the stop are not carried over')
  let { secondsBefore: seconds, evaluatedAt } = session
  const isDue = (): boolean =>
    data.test.count > 0 && evaluatedAt < state.step && (state.step % interval === 0 || state.step === trainSteps)
  let saved = state.step
  const diverging = () => ({ ...session, saved })
  const evaluateNow = async (): Promise<void> => {
    const weight = weightsNotFinite(state)
    if (weight !== null) throw divergedWeights(diverging(), weight)
    const began = performance.now()
    const evaluation = await evaluateState(session, votes, signal, observer)
    if (!evaluation) return
    evaluatedAt = state.step
    const evaluationSeconds = (performance.now() - began) / 1000
    run.logEvaluation({ step: state.step, ...evaluationNumbers(evaluation), trainSeconds: seconds, evaluationSeconds })
    if (evaluation.outcomes.length > 0) run.writeOutcomes(outcomesTable(evaluation.outcomes, data, 'test'))
    observer?.onEvaluation?.(state.step, evaluation)
  }
  const save = (): void => {
    const snapshot = takeSnapshot(state, sampler.state(), seconds)
    const tensor = snapshotNotFinite(snapshot)
    if (tensor !== null) throw divergedWeights(diverging(), tensor)
    saveCheckpoint(run, snapshot)
    saved = state.step
  }
  const stepOrDiverge = (): StepReport => {
    try {
      return trainStep(state, sampler.next(), session.options)
    } catch (error) {
      throw divergedInStep(diverging(), error)
    }
  }
  const forced = whenForced(session)
  observer?.onStart?.({ id: run.id, config: session.config, step: state.step, trainSteps })
  try {
    // The first save comes before the first step: what cannot be written shows now, not after an hour.
    if (state.step === 0) save()
    // A run that was stopped in an evaluation makes it up.
    if (isDue()) await evaluateNow()
    while (state.step < trainSteps && !signal?.aborted) {
      const started = performance.now()
      const report = stepOrDiverge()
      seconds += (performance.now() - started) / 1000
      const metrics = trainMetrics(state.step, report, seconds)
      const last = state.step === trainSteps
      if (state.step % training.logEvery === 0 || last) run.logMetrics({ ...metrics })
      observer?.onStep?.(metrics)
      if (isDue()) await evaluateNow()
      if (state.step % training.checkpointEvery === 0 && !last && !signal?.aborted) save()
      await new Promise((resolve) => setImmediate(resolve))
      forced.check()
    }
    const end = state.step < trainSteps || isDue() ? 'interrupted' : 'finished'
    save()
    run.finish(end)
    observer?.onEnd?.(end)
    return end
  } catch (error) {
    if (!forced.happened()) run.finish('failed', error instanceof Error ? error.message : String(error))
    throw error
  } finally {
    forced.release()
    free(session)
  }
}

/**
 * After a forced stop nothing of a session may run any more, not even its `finally`: the run is noted as interrupted, at its
 * last checkpoint, and its memory freed.
 */
function whenForced(session: Session): { check(): void; happened(): boolean; release(): void } {
  const { run } = session
  let happened = false
  const release = onForcedStop(() => {
    happened = true
    free(session)
    run.finish('interrupted', 'stopped by force: it goes on from its last checkpoint')
  })
  return {
    check: () => {
      if (happened) throw new Interrupted(`run ${run.id} was stopped by force`)
    },
    happened: () => happened,
    release,
  }
}

function free({ state, sampler }: Session): void {
  sampler.close()
  disposeState(state)
  disposeModel(state.model)
  freeKernelMemory()
}

/**
 * Evaluates the EMA weights, or the live ones without EMA, on the whole test split; at the end with every outcome.
 * null when it was stopped.
 */
async function evaluateState(
  session: Session,
  votes: ArcVotes | undefined,
  signal: AbortSignal | undefined,
  observer: RunObserver | undefined,
): Promise<Evaluation | null> {
  const { data, state, trainSteps } = session
  const { evalBatch, evalVersions: versions, evalSupervisionSteps, evalHalt } = session.resolved.evaluation
  const puzzles = countEvaluated(data, { versions })
  const evaluating = (done: number): void => observer?.onEvaluating?.(state.step, done, puzzles)
  evaluating(0)
  try {
    return await evaluate(state.model, state.ema ?? state.model.weights, data, {
      batch: evalBatch,
      versions,
      supervisionSteps: evalSupervisionSteps,
      halt: evalHalt,
      votes,
      outcomes: state.step === trainSteps && puzzles <= KEPT_OUTCOMES,
      onProgress: evaluating,
      signal,
    })
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null
    throw error
  }
}
