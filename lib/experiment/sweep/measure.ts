import { startBackend } from '../../backend/index.js'
import { freeKernelMemory } from '../../backend/kernels.js'
import type { Dataset } from '../../data/dataset.js'
import { initialModel } from '../../model/model.js'
import { initialState } from '../../train/step.js'
import { Trainer } from '../../train/trainer.js'
import { timeEvaluation } from '../estimate/evaluation-time.js'
import type { Estimate } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import { newComputeSettings } from '../run/compute-settings.js'
import { newBatchesAhead, stepOptions } from '../run/resolve.js'

/** Seconds of one optimiser step and of one evaluation of a run. */
export interface WorkSeconds {
  readonly step: number
  /** 0 for a run without evaluations. */
  readonly evaluation: number
}

/** Seconds of steps that are measured, after a first one that is slower. */
const STEPS_SECONDS = 0.7

/**
 * Measures the steps of a run, and a piece of its evaluation, on a trainer that is thrown away: nothing is stored. Takes about
 * two seconds, or two steps and a piece of an evaluation where these take longer.
 *
 * @param memory decides the micro-batch; null without an estimate
 */
export async function measureWork(work: RunWork, data: Dataset, memory: Estimate | null): Promise<WorkSeconds> {
  const { config, resolved, shape, trainSteps, evaluated } = work
  const backend = await startBackend()
  const settings = newComputeSettings(config, memory, backend)
  const model = initialModel(shape, config.seed).with({ dtype: settings.dtype })
  const trainer = new Trainer({
    options: stepOptions(resolved, trainSteps, settings.microBatch),
    sampler: newBatchesAhead(resolved, data),
    state: initialState(model, config.batch, config.ema, config.seed),
  })
  try {
    trainer.step()
    const [before, began] = [trainer.seconds, performance.now()]
    let steps = 0
    do {
      trainer.step()
      steps++
      // Lets a stop signal arrive.
      await new Promise((resolve) => setImmediate(resolve))
    } while (performance.now() - began < 1000 * STEPS_SECONDS)
    const step = (trainer.seconds - before) / steps
    const evaluation = evaluated > 0 ? timeEvaluation(trainer.evaluated, work, data) : 0
    return { step, evaluation }
  } finally {
    trainer.dispose()
    trainer.state.model.dispose()
    freeKernelMemory()
  }
}
