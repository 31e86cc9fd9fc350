import type { Dataset } from '../../data/dataset.js'
import { evaluationBatches } from '../../data/evaluation-batches.js'
import { evaluateInSteps } from '../../evaluate/evaluate.js'
import type { Model } from '../../model/model.js'
import type { RunWork } from './work.js'

/**
 * Returns the seconds of an evaluation of the test split, extrapolated from one supervision step on its first batch. It does
 * not affect the run's numbers.
 */
export function timeEvaluation(model: Model, { resolved, evaluated }: RunWork, data: Dataset): number {
  const { evalBatch: batch, evalVersions: versions, evalSupervisionSteps } = resolved.evaluation
  const [rows] = evaluationBatches(data, { batch, versions })
  const steps = evaluateInSteps(model, model.weights, rows!, 2)
  // The first step allocates memory that later ones reuse.
  steps.next()
  const started = performance.now()
  steps.next()
  return (((performance.now() - started) / 1000) * evalSupervisionSteps * evaluated) / rows!.size
}
