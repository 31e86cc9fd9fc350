import type { Dataset } from '../data/dataset.js'
import { choosesToHalt } from '../model/halting.js'
import type { Model } from '../model/model.js'
import type { ModelShape } from '../model/shape.js'
import { judgingOf, measuresOf, step } from './answers.js'
import { noisyLatents } from './noisy-latents.js'
import { particleSteps } from './particles.js'
import { RowBatch, rowsAtOnce } from './row-batch.js'
import { type RolloutChoice, type RolloutRow, type RunningRow, rolloutRows } from './rows.js'
import type { RolloutSettings } from './settings.js'
import type { StepMeasures } from './step-measures.js'

/**
 * Computes rollouts of a model on the puzzles of a data set, and yields what is measured after each supervision step of each
 * batch of rows: one {@link StepMeasures} for every step that rows of the batch are at. A rollout's numbers are a function of
 * (weights, seed, puzzle, version, rollout) alone; batch size, order and number of puzzles, K and the number of threads have no influence.
 *
 * Noise: PTRM, arXiv 2605.19943, section 4; in every network call and random initial latents: EqR, arXiv 2605.21488.
 * Yields to the event loop between supervision steps, and frees its tensors when it ends or is closed; the model stays.
 *
 * @param model with the weights to evaluate
 * @throws the signal's reason if it is aborted; UserError (exit code 2) for data that do not fit the model, and for settings
 * or a choice that model or data do not have.
 */
export async function* rolloutSteps(
  model: Model,
  data: Dataset,
  settings: RolloutSettings,
  choice: RolloutChoice = {},
): AsyncGenerator<StepMeasures, void> {
  if (settings.guide > 0) return yield* particleSteps(model, data, settings, choice)
  const noisy = noisyLatents(model, data, settings)
  const judging = judgingOf(data)
  const size = rowsAtOnce(model, settings.batch)
  const source = rolloutRows(data, settings, choice)
  const batch = new RowBatch(model, settings, noisy)
  try {
    for (;;) {
      batch.add(taken(source, size - batch.rows.length))
      if (batch.rows.length === 0) return
      choice.signal?.throwIfAborted()
      const raw = step(batch, judging)
      const { rows } = batch
      for (const at of byStep(rows)) yield measuresOf(rows, raw, at, judging)
      batch.take([...rows.keys()].filter((i) => stays(model.shape, settings, rows[i]!, raw, i)))
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    batch.dispose()
  }
}

/** Returns the next rows of a source, at most `count`. */
function taken(source: Iterator<RolloutRow, void>, count: number): RolloutRow[] {
  const rows: RolloutRow[] = []
  while (rows.length < count) {
    const next = source.next()
    if (next.done) break
    rows.push(next.value)
  }
  return rows
}

/** Returns the indices of rows in groups of one step each. */
function byStep(rows: readonly RunningRow[]): number[][] {
  const groups = new Map<number, number[]>()
  for (const [i, { step }] of rows.entries()) {
    const group = groups.get(step)
    if (group) group.push(i)
    else groups.set(step, [i])
  }
  return [...groups.values()]
}

function stays(
  shape: ModelShape,
  { depth, leave, settledSteps }: RolloutSettings,
  { step, answer }: RunningRow,
  { qHalt, qContinue }: { readonly qHalt: Float32Array; readonly qContinue: Float32Array },
  i: number,
): boolean {
  if (step >= depth) return false
  switch (leave) {
    case 'never':
      return true
    case 'halted':
      return !choosesToHalt(shape, qHalt[i]!, qContinue[i]!)
    case 'solved':
      return !(answer!.exact === 1 || answer!.criteria.valid === 1)
    case 'settled':
      return answer!.unchanged < settledSteps
  }
}
