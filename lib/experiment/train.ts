import { startBackend } from '../backend/index.js'
import { checkDataKeys } from '../config/data-keys.js'
import { parseConfig } from '../config/parse.js'
import type { Config, ConfigInput } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { evaluationBatches } from '../data/evaluation-batches.js'
import type { TrainingBatches } from '../data/sampler.js'
import { type Evaluation, evaluate } from '../evaluate/evaluate.js'
import { countParameters, createModel, disposeModel } from '../model/weights.js'
import { collectProvenance } from '../results/provenance.js'
import { createRun, type RunWriter, saveCheckpoint } from '../results/run.js'
import { disposeState, initialState, type StepOptions, type TrainingState, trainStep } from '../train/step.js'
import { checkMemory, estimateRun } from './estimate.js'
import { type RunObserver, trainMetrics } from './observer.js'
import { withDataKeys } from './dataset.js'
import { evaluationInterval, modelShape, newSampler, stepOptions, totalSteps } from './resolve.js'
import { takeSnapshot } from './snapshot.js'

/** Where a run goes and who watches it. */
export interface TrainOptions {
  /** Folder under which `runs/ID` is made; default `results`. */
  readonly resultsDir?: string
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

/**
 * Trains one model from the start and returns its run's ID.
 *
 * @param input the configuration; keys left out take their defaults
 * @param data the puzzles
 * @throws UserError for a wrong configuration, or a results folder that cannot be written to.
 */
export async function train(input: ConfigInput, data: Dataset, options: TrainOptions = {}): Promise<string> {
  const asked = parseConfig(input)
  checkDataKeys(asked)
  const config = withDataKeys(asked, data.manifest)
  const shape = modelShape(config, data.manifest)
  const backend = await startBackend()
  const steps = totalSteps(config, data)
  const estimate = await estimateRun(config, shape, data, steps)
  checkMemory(config, estimate)
  options.observer?.onEstimate?.(estimate)
  const run = createRun({
    resultsDir: options.resultsDir ?? 'results',
    config,
    name: `${config.task}-${config.mixer}`,
    steps,
    parameters: countParameters(shape),
    provenance: collectProvenance({ dataHash: data.hash, backend: { ...backend }, seed: config.seed }),
  })
  const session: Session = {
    config,
    data,
    options: stepOptions(config, steps),
    sampler: newSampler(config, data),
    state: initialState(createModel(shape, config.seed), config.batch, config.ema, config.seed),
    run,
    steps,
    secondsBefore: 0,
  }
  // The first save comes before the first step: what cannot be written shows now, not after an hour.
  saveCheckpoint(run, takeSnapshot(session.state, session.sampler.state(), 0))
  await continueSession(session, options)
  return run.id
}

/** Steps until the run is at its end or aborted, then frees everything. What was computed is saved in either case. */
export async function continueSession(session: Session, { observer, signal }: TrainOptions): Promise<void> {
  const { config, data, run, state, steps, sampler } = session
  const interval = evaluationInterval(config, data)
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
        const evaluation = await evaluateState(session)
        run.logEvaluation({ step: state.step, ...evaluationNumbers(evaluation), seconds })
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

/** Evaluates the EMA weights, or the live ones without EMA, on the whole test split. */
async function evaluateState({ config, data, state }: Session): Promise<Evaluation> {
  return evaluate(
    state.model,
    state.ema ?? state.model.weights,
    evaluationBatches(data, { batch: config.evalBatch, versions: config.evalVersions ?? undefined }),
    { steps: config.evalSteps ?? config.K },
  )
}

/** An evaluation without the outcomes of its puzzles. */
export function evaluationNumbers({ outcomes: _, ...numbers }: Evaluation): Omit<Evaluation, 'outcomes'> {
  return numbers
}
