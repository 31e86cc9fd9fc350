import type { ResolvedConfig } from '../config/resolved.js'
import type { EvaluateOptions } from './evaluation.js'

/** The options of an evaluation that a configuration has. */
export type EvaluationSettings = Pick<EvaluateOptions, 'batch' | 'versions' | 'supervisionSteps' | 'halt'>

/** Returns the settings of an evaluation: the given ones, and for the others the keys of the configuration. */
export function evaluationSettings(
  { evalBatch, evalVersions, evalSupervisionSteps, evalHalt }: ResolvedConfig['evaluation'],
  given: EvaluationSettings = {},
): EvaluationSettings {
  return {
    batch: given.batch ?? evalBatch,
    versions: given.versions ?? evalVersions,
    supervisionSteps: given.supervisionSteps ?? evalSupervisionSteps,
    halt: given.halt ?? evalHalt,
  }
}
