import { resolveConfig } from '../config/resolved.js'
import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import {
  type EvaluateOptions,
  type Evaluation,
  evaluate as evaluateModel,
  evaluationNumbers,
} from '../evaluate/evaluation.js'
import { titledRow } from '../evaluate/metric-names.js'
import type { MetricMeans, Metrics, NoMetrics } from '../evaluate/metrics.js'
import type { Model } from '../model/model.js'
import { bundleOf, JUPYTER_DISPLAY } from '../notebook/bundle.js'
import type { Trainer } from '../train/trainer.js'

/**
 * Evaluates a model, or what a trainer has trained (its EMA weights): every puzzle for all supervision steps, unless `halt` lets
 * it be done before. A notebook shows what is returned as a table. Yields to the event loop between supervision steps.
 *
 * @example
 * show(await evaluate(run, data))
 *
 * @param options default: what the configuration of the model or the trainer says of evaluations
 * @throws the signal's reason when it is aborted; UserError for a metric that throws or is no number, and (exit code 2) for data
 * that the model is not for, and a batch, supervisionSteps or versions that are no whole number of 1 or more.
 */
export async function evaluate<M extends Metrics = NoMetrics>(
  evaluated: Model | Trainer,
  data: Dataset,
  options: EvaluateOptions<M> = {},
): Promise<Evaluation & MetricMeans<M>> {
  const model = 'evaluated' in evaluated ? evaluated.evaluated : evaluated
  const { config } = evaluated as { readonly config?: Config }
  const evaluation = await evaluateModel<M>(model, data, { ...(config && evaluationOptions(config)), ...options })
  return Object.defineProperty(evaluation, JUPYTER_DISPLAY, {
    value: () => bundleOf([titledRow({ ...evaluationNumbers(evaluation) })]),
  })
}

/** The options of evaluations in a configuration. */
function evaluationOptions(config: Config): EvaluateOptions<never> {
  const { evalBatch, evalVersions, evalSupervisionSteps, evalHalt } = resolveConfig(config).evaluation
  return { batch: evalBatch, versions: evalVersions, supervisionSteps: evalSupervisionSteps, halt: evalHalt }
}
