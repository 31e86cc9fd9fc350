import { freeKernelMemory } from '../../backend/kernels.js'
import { type Spent, startMeter } from '../../backend/spent.js'
import { bestMetricOf } from '../../config/best-metric.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted } from '../../errors.js'
import { type Evaluation, evaluate, evaluationNumbers } from '../../evaluate/evaluation.js'
import { outcomesTable } from '../../evaluate/outcomes.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { evaluationSettings } from '../../evaluate/settings.js'
import { evaluationSpent } from '../../evaluate/spent.js'
import { collapseOf, collapseText } from '../../results/collapse.js'
import { type RunWriter, saveCheckpoint } from '../../results/run.js'
import { votesOf } from '../../tasks/registry.js'
import type { Votes } from '../../tasks/votes.js'
import type { StepMetrics } from '../../train/metrics.js'
import type { Trainer } from '../../train/trainer.js'
import { timeEvaluation } from '../estimate/evaluation-time.js'
import type { Estimate } from '../estimate/memory.js'
import { type MemoryUser, outOfMemory } from '../estimate/out-of-memory.js'
import type { RunWork } from '../estimate/work.js'
import { endedByEvaluation, endedByStep, mayEndEarly } from './ending.js'
import { divergedInStep, divergedWeights, snapshotNotFinite, weightsNotFinite } from './not-finite.js'
import { type RunObserver, trainMetrics } from './observer.js'
import { onForcedStop } from './stop.js'

/** The observer of a run, its stop signal, and whether its cost is estimated. */
export interface SessionOptions {
  readonly observer?: RunObserver
  /**
   * When aborted, the run saves after its current step and stops; `resume` continues it. Default: aborted when the user
   * stops the notebook cell, which then fails with the way to resume.
   */
  readonly signal?: AbortSignal
  /** Step after which the run is saved and left interrupted, to be resumed later. Default: its end. */
  readonly stopAt?: number
  /** Step at which the run ends although no key says so: where the run that it repeats was ended by time. */
  readonly endAt?: number
  /**
   * Whether memory is estimated before the first step, so that a run which does not fit is refused, and a piece of an
   * evaluation is timed after the first steps, for the time left. Default true. With false, the micro-batch `auto` is the
   * whole batch, and the time of evaluations is a guess until the first one.
   */
  readonly estimate?: boolean
}

/** A run in progress. */
export interface Session {
  readonly data: Dataset
  readonly work: RunWork
  readonly trainer: Trainer
  readonly run: RunWriter
  /** Custom metrics. Default none. */
  readonly metrics?: Metrics
  /** The memory of the run. Default: unknown. */
  readonly estimate?: Pick<Estimate, 'peakBytes' | 'lower'> | null
}

/** How a session ended. */
export type SessionEnd = 'finished' | 'interrupted'

/** Seconds of training after which a piece of an evaluation is timed. */
const TIMED_AFTER = 0.5

/** Maximum number of outcomes of the last evaluation that are stored with the run: about 100 MB at 900 tokens. */
const KEPT_OUTCOMES = 100_000

/**
 * Makes steps until the run ends or is aborted, then frees everything. The results are saved in either case.
 *
 * @throws UserError if a loss, a gradient or a weight is NaN or infinite: the run has failed, and its last checkpoint is
 * kept.
 */
export async function continueSession(
  session: Session,
  { observer, signal, estimate = true, stopAt = Number.POSITIVE_INFINITY, endAt }: SessionOptions,
): Promise<SessionEnd> {
  const { data, run, trainer, work } = session
  const { config, trainSteps, evaluateEvery: interval } = work
  const { training, evaluation } = work.resolved
  const { state } = trainer
  const { carryVotes, evalWeights } = evaluation
  const newVotes = (): Votes | undefined => votesOf(data, { carryVotes }) ?? undefined
  const votes = { ema: newVotes(), live: newVotes() }
  if (carryVotes && state.step > 0) observer?.onNote?.('votes of evaluations before the stop are not carried over')
  const evaluatedAt = (): number => run.evaluations.at(-1)?.step ?? 0
  const lastMetrics = run.metrics.at(-1)
  let ended = endedByStep(work, {
    step: state.step,
    seconds: trainer.seconds,
    metrics: lastMetrics?.step === state.step ? lastMetrics : null,
    endAt,
  })
  const isDue = (): boolean =>
    data.test.count > 0 && evaluatedAt() < state.step && (state.step % interval === 0 || ended !== null)
  // A new run has no checkpoint yet; a resumed one is at its checkpoint.
  let saved = state.step > 0 ? state.step : null
  const lossBefore = lastMetrics?.['train.loss']
  const diverging = () => ({
    ...{ config, run, trainSteps, saved: saved ?? 0, state, options: trainer.options },
    lastLoss: trainer.lastLoss ?? (typeof lossBefore === 'number' ? lossBefore : null),
  })
  const evaluateNow = async (): Promise<void> => {
    const weight = weightsNotFinite(state)
    if (weight !== null) throw divergedWeights(diverging(), weight)
    // A run that is killed during a long evaluation loses nothing of its training, and evaluates first when resumed.
    save()
    const withOutcomes = ended !== null || mayEndEarly(work)
    const arms = await evaluateArms(session, votes, withOutcomes, signal, observer)
    if (!arms) return
    untimed = false
    const rows = arms.map(({ weights, evaluation, spent }) => ({
      step: state.step,
      ...(evalWeights === undefined ? {} : { weights }),
      ...evaluationNumbers(evaluation),
      ...trainer.totals,
      ...evaluationSpent(spent),
    }))
    ended ??= endedByEvaluation(work, [...run.evaluations, ...rows])
    const { outcomes } = arms.at(-1)!.evaluation
    // Before the rows, without which a resumed run repeats the evaluation.
    if (ended && outcomes.length > 0) run.writeOutcomes(outcomesTable(outcomes, data, 'test'))
    run.logEvaluation(...rows)
    for (const { weights, evaluation } of arms)
      if (arms.length > 1 && weights === 'live') observer?.onEvaluation?.(state.step, evaluation, 'live')
      else observer?.onEvaluation?.(state.step, evaluation)
  }
  const save = (): void => {
    if (saved === state.step) return
    const snapshot = trainer.snapshot()
    const tensor = snapshotNotFinite(snapshot)
    if (tensor !== null) throw divergedWeights(diverging(), tensor)
    saveCheckpoint(run, snapshot)
    saved = state.step
  }
  const stepOrDiverge = (): StepMetrics => {
    try {
      const metrics = trainer.step()
      if (metrics.skipped !== undefined && isPowerOfTen(metrics.skippedUpdates))
        observer?.onNote?.(skippedNote(metrics.step, metrics.skippedUpdates, metrics.skipped))
      return metrics
    } catch (error) {
      throw divergedInStep(diverging(), error)
    }
  }
  const secondsBefore = trainer.seconds
  let untimed = estimate && observer?.onEvaluationTime !== undefined && work.evaluated > 0
  const timeOnce = (): void => {
    if (!untimed || trainer.seconds - secondsBefore < TIMED_AFTER) return
    untimed = false
    observer?.onEvaluationTime?.(timeEvaluation(trainer.evaluated, work, data))
  }
  const forced = whenForced(session)
  try {
    if (data.test.count === 0)
      observer?.onNote?.('the data set has no test puzzles: the run is not evaluated, and has no test metrics')
    observer?.onStart?.({ id: run.id, config, step: state.step, trainSteps, work })
    // The first save comes before the first step, so that a write error shows now, not after an hour.
    save()
    if (isDue()) await evaluateNow()
    // A run that was killed after its last evaluation.
    ended ??= endedByEvaluation(work, run.evaluations)
    while (ended === null && state.step < stopAt && !signal?.aborted) {
      const metrics = trainMetrics(stepOrDiverge())
      ended = endedByStep(work, { step: state.step, seconds: trainer.seconds, metrics: { ...metrics }, endAt })
      // The last step of a run is always logged.
      const maybeLast = ended !== null || (mayEndEarly(work) && isDue())
      if (state.step % training.logEvery === 0 || maybeLast) run.logMetrics({ ...metrics })
      observer?.onStep?.(metrics)
      if (isDue()) await evaluateNow()
      else timeOnce()
      if (isToSave(state.step, training) && !signal?.aborted) save()
      run.flushWhenDue()
      await new Promise((resolve) => setImmediate(resolve))
      forced.check()
    }
    save()
    if (ended === null || isDue()) {
      run.finish('interrupted')
      observer?.onEnd?.('interrupted')
      return 'interrupted'
    }
    run.finish('finished', ended.message ?? undefined, ended.reason)
    const collapse = collapseOf(run.evaluations, bestMetricOf(config), config.ema)
    if (collapse !== null) observer?.onNote?.(`collapsed after the best evaluation: ${collapseText(collapse)}`)
    observer?.onEnd?.('finished', ended)
    return 'finished'
  } catch (thrown) {
    const error = outOfMemory(memoryUser(session, saved ?? 0), thrown)
    if (!forced.happened()) run.finish('failed', error instanceof Error ? error.message : String(error))
    throw error
  } finally {
    forced.release()
    free(session)
  }
}

function memoryUser({ run, trainer, estimate = null, work: { config } }: Session, saved: number): MemoryUser {
  const { batch, microBatch = batch } = { ...config, ...trainer.options }
  const lower =
    estimate?.lower ??
    `Lower microBatch (${microBatch}), batch (${batch}), evalBatch (${config.evalBatch}) or hidden (${config.hidden}).`
  return {
    where: `run ${run.id}, step ${trainer.state.step + 1}`,
    estimate: estimate?.peakBytes ?? null,
    todo: `The run has failed; its last checkpoint is of step ${saved}. ${lower}`,
  }
}

/** Says that an update was skipped. */
function skippedNote(step: number, skipped: number, found: string): string {
  const nth = skipped === 1 ? '' : `, ${skipped} so far`
  return `step ${step} makes no update${nth}: ${found} (notFinite=skip)`
}

function isPowerOfTen(count: number): boolean {
  return /^10*$/.test(String(count))
}

/** Returns whether a checkpoint is due at a step, apart from those of evaluations. */
function isToSave(step: number, { checkpointEvery, keepEvery }: RunWork['resolved']['training']): boolean {
  return step % checkpointEvery === 0 || (keepEvery !== undefined && step % keepEvery === 0)
}

/**
 * After a forced stop no code of a session may run, not even its `finally`: the run is recorded as interrupted at its last
 * checkpoint, and its memory is freed.
 */
function whenForced(session: Session): { check(): void; happened(): boolean; release(): void } {
  const { run } = session
  let happened = false
  const release = onForcedStop(() => {
    happened = true
    free(session)
    run.finish('interrupted', 'stopped by force: resuming continues from its last checkpoint')
  })
  return {
    check: () => {
      if (happened) throw new Interrupted(`run ${run.id} was stopped by force`)
    },
    happened: () => happened,
    release,
  }
}

function free({ trainer }: Session): void {
  trainer.dispose()
  trainer.state.model.dispose()
  freeKernelMemory()
}

/** An evaluation of one set of weights. */
interface Arm {
  readonly weights: 'ema' | 'live'
  readonly evaluation: Evaluation
  readonly spent: Spent
}

/**
 * Evaluates the weights that `evalWeights` names on the whole test split, the set that results are taken from last; that one
 * with every outcome where the run may end. Returns null if it was stopped.
 */
async function evaluateArms(
  session: Session,
  votes: Readonly<Record<Arm['weights'], Votes | undefined>>,
  withOutcomes: boolean,
  signal: AbortSignal | undefined,
  observer: RunObserver | undefined,
): Promise<Arm[] | null> {
  const { data, trainer } = session
  const { resolved, evaluated: puzzles } = session.work
  const { state } = trainer
  const models = trainer.arms(resolved.evaluation.evalWeights)
  const start = performance.now()
  const evaluating = (done: number): void =>
    observer?.onEvaluating?.(state.step, done, puzzles, (performance.now() - start) / 1000)
  evaluating(0)
  const arms: Arm[] = []
  try {
    for (const [index, { weights, model }] of models.entries()) {
      const spent = startMeter()
      const isLast = index === models.length - 1
      const evaluation = await evaluate(model, data, {
        ...evaluationSettings(resolved.evaluation),
        votes: votes[weights],
        metrics: session.metrics,
        outcomes: withOutcomes && isLast && puzzles <= KEPT_OUTCOMES,
        onProgress: (done) => {
          // Reads the energy counters before they start again.
          spent()
          evaluating((index * puzzles) / models.length + done)
        },
        signal,
      })
      arms.push({ weights, evaluation, spent: spent() })
    }
    return arms
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null
    throw error
  }
}
