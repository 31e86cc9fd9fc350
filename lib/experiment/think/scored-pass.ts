import type { Dataset } from '../../data/dataset.js'
import { countEvaluated, evaluatedExamples } from '../../data/evaluation-batches.js'
import { Interrupted } from '../../errors.js'
import type { Model } from '../../model/model.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { rolloutSteps } from '../../think/rollouts.js'
import type { RolloutChoice } from '../../think/rows.js'
import { rolloutSettings } from '../../think/settings.js'
import type { StepMeasures } from '../../think/step-measures.js'
import type { Subset } from './subset.js'

/** A deterministic rollout of each puzzle of a subset. */
export interface PlannedPass {
  readonly model: Model
  readonly data: Dataset
  readonly subset: Subset
  /** Supervision steps. */
  readonly depth: number
  /** Maximum versions of each puzzle; default all. */
  readonly versions: number | undefined
  /** Rows computed at a time. */
  readonly batch: number
  /** Called with the measurements after each supervision step of a batch. */
  readonly add: (step: StepMeasures) => void
}

/** How the progress of passes is reported, and what stops them. */
export interface PassReport {
  /** Called with the supervision steps done and their total, all puzzles together. Default: a progress line in a notebook. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Computes passes one after the other.
 *
 * @param label the work, e.g. `ladder`
 * @returns the seconds of all
 * @throws Interrupted when the signal is aborted.
 */
export async function runPasses(
  label: string,
  passes: readonly PlannedPass[],
  { onProgress }: PassReport,
  signal: AbortSignal | undefined,
): Promise<number> {
  const planned = passes.map((pass) => ({ ...pass, choice: choiceOf(pass) }))
  const total = planned.reduce((sum, { data, choice, depth }) => sum + depth * countRows(data, choice), 0)
  const meter = onProgress || !currentHost() ? null : openMeter({ label, total, unit: 'supervision steps' })
  const began = performance.now()
  let done = 0
  try {
    for (const { model, data, depth, batch, choice, add } of planned)
      for await (const step of rolloutSteps(model, data, rolloutSettings({ depth, batch }), { ...choice, signal })) {
        add(step)
        done += step.size
        meter?.at(done)
        onProgress?.(done, total)
      }
    meter?.end('done')
    return (performance.now() - began) / 1000
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error
    throw new Interrupted(`stopped after ${done} of ${total} supervision steps: the next call starts again`)
  } finally {
    meter?.end('stopped')
  }
}

type PassChoice = Pick<RolloutChoice, 'puzzles' | 'versions'> & { readonly split: 'train' | 'test' }

function choiceOf({ data, subset: { split, puzzles }, versions }: PlannedPass): PassChoice {
  // Without a choice the order is an evaluation's, by which votes break ties.
  return { split, versions, puzzles: puzzles.length === data[split].count ? undefined : puzzles }
}

/** Returns the number of rows that are computed. */
function countRows(data: Dataset, { split, puzzles, versions }: PassChoice): number {
  if (puzzles === undefined) return countEvaluated(data, { split, versions })
  const wanted = new Set(puzzles)
  let rows = 0
  for (const { example } of evaluatedExamples(data, { split, versions })) if (wanted.has(example)) rows++
  return rows
}
