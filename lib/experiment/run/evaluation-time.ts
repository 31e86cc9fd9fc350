import type { Dataset } from '../../data/dataset.js'
import { evaluationBatches } from '../../data/evaluation-batches.js'
import { evaluateInSteps } from '../../evaluate/evaluate.js'
import type { Model } from '../../model/model.js'
import type { RunWork } from '../estimate/work.js'

/** Minimum rows timed, if an evaluation has that many at a time: fewer rows take longer each. */
const LEAST_ROWS = 64

/**
 * Times two supervision steps on the first rows of the test split, at most as many rows as a training step has, or 64. It
 * does not affect the run's numbers.
 *
 * @returns estimated seconds of the whole evaluation, and the seconds that timing took
 */
export function timeEvaluation(
  model: Model,
  { resolved, evaluated }: RunWork,
  data: Dataset,
): { readonly whole: number; readonly piece: number } {
  const { evalBatch, evalVersions: versions, evalSupervisionSteps } = resolved.evaluation
  const rows = Math.min(evalBatch, Math.max(resolved.training.batch, LEAST_ROWS))
  const [batch] = evaluationBatches(data, { batch: rows, versions })
  const times: number[] = []
  const steps = evaluateInSteps(model, model.weights, batch!, 2)
  for (let done: boolean | undefined = false; !done; ) {
    const started = performance.now()
    done = steps.next().done
    times.push((performance.now() - started) / 1000)
  }
  // The first step allocates memory that later ones reuse.
  const step = times.at(-1)!
  const whole = (step * evalSupervisionSteps * evaluated) / batch!.size
  return { whole, piece: times.reduce((sum, time) => sum + time, 0) }
}
