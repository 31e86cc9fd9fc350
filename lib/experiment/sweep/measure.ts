import { startBackend } from '../../backend/index.js'
import { freeKernelMemory } from '../../backend/kernels.js'
import type { Dataset } from '../../data/dataset.js'
import { initialModel } from '../../model/model.js'
import { initialState } from '../../train/step.js'
import { Trainer } from '../../train/trainer.js'
import { timeEvaluation } from '../estimate/evaluation-time.js'
import type { Estimate } from '../estimate/memory.js'
import { type RunWork, runWork } from '../estimate/work.js'
import { newComputeSettings } from '../run/compute-settings.js'
import { newBatchesAhead, stepOptions } from '../run/resolve.js'
import { guessWork, type WorkSeconds } from './cost.js'

/** Seconds of steps that are measured, after a first one that is slower. */
const STEPS_SECONDS = 0.7

/** Guessed seconds of a step above which it is measured with fewer rows, and the fewest rows. */
const LONGEST_STEP = 5
const FEWEST_ROWS = 8

/** Returns the rows that a measured step has: the batch, or as many of it as a step of some seconds. */
export function measuredRows(work: RunWork): number {
  const { batch } = work.config
  const rows = Math.max(FEWEST_ROWS, Math.floor((batch * LONGEST_STEP) / guessWork(work).step))
  return Math.min(batch, rows)
}

/**
 * Measures the steps of a run, and a piece of its evaluation, on a trainer that is thrown away: nothing is stored. Takes about
 * two seconds, or two steps and a piece of an evaluation where these take longer; of a very long step, a part of its rows.
 *
 * @param memory decides the micro-batch; null without an estimate
 */
export async function measureWork(work: RunWork, data: Dataset, memory: Estimate | null): Promise<WorkSeconds> {
  const rows = measuredRows(work)
  const part = rows < work.config.batch ? runWork({ ...work.config, batch: rows, microBatch: 'auto' }, data) : work
  const { config, resolved, shape, trainSteps, evaluated } = part
  const backend = await startBackend()
  const settings = newComputeSettings(config, memory, backend)
  const model = initialModel(shape, config.seed).with({ dtype: settings.dtype })
  const trainer = new Trainer({
    options: stepOptions(resolved, trainSteps, Math.min(rows, settings.microBatch)),
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
    const step = ((trainer.seconds - before) / steps) * (work.config.batch / rows)
    const evaluation = evaluated > 0 ? timeEvaluation(trainer.evaluated, part, data) : 0
    return { step, evaluation }
  } finally {
    trainer.dispose()
    trainer.state.model.dispose()
    freeKernelMemory()
  }
}
