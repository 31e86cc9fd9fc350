import { resolveConfig } from '../config/resolved.js'
import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import {
  type EvaluateOptions,
  type Evaluation,
  evaluate as evaluateModel,
  shownNumbers,
} from '../evaluate/evaluation.js'
import { titledRow } from '../evaluate/metric-names.js'
import type { MetricMeans, Metrics, NoMetrics } from '../evaluate/own-metrics.js'
import { evaluationSettings } from '../evaluate/settings.js'
import type { Model } from '../model/model.js'
import { bundleOf, JUPYTER_DISPLAY } from '../notebook/bundle.js'
import type { Trainer } from '../train/trainer.js'

/**
 * Evaluates a model, or a trainer's EMA weights: every puzzle runs all supervision steps, unless `halt` ends it earlier.
 * `show` displays the result as a table. Yields to the event loop between supervision steps.
 *
 * @example
 * show(await evaluate(run, data))
 *
 * @param options default: the evaluation keys of the model's or trainer's configuration
 * @throws the signal's reason if it is aborted; UserError for a metric that throws or does not return a number, and (exit
 * code 2) for data of another task, length or vocabulary than the model was made for, and unless batch, supervisionSteps
 * and versions are whole numbers of 1 or more.
 */
export async function evaluate<M extends Metrics = NoMetrics>(
  evaluated: Model | Trainer,
  data: Dataset,
  options: EvaluateOptions<M> = {},
): Promise<Evaluation & MetricMeans<M>> {
  const model = 'evaluated' in evaluated ? evaluated.evaluated : evaluated
  const { config } = evaluated as { readonly config?: Config }
  const settings = config ? evaluationSettings(resolveConfig(config).evaluation, options) : {}
  const evaluation = await evaluateModel<M>(model, data, { ...options, ...settings })
  return Object.defineProperty(evaluation, JUPYTER_DISPLAY, {
    value: () => bundleOf([titledRow({ ...shownNumbers(evaluation) })]),
  })
}
