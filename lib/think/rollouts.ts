import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { checkDataFits } from '../model/data-fit.js'
import { choosesToHalt } from '../model/halting.js'
import type { Model } from '../model/model.js'
import { latentNames, type ModelShape } from '../model/shape.js'
import { criteriaOf, judgeOf } from '../tasks/registry.js'
import { answerOfRow, measuresOf } from './answers.js'
import { RowBatch, rowsAtOnce } from './row-batch.js'
import { type RolloutChoice, type RolloutRow, type RunningRow, rolloutRows } from './rows.js'
import type { NoiseTarget, RolloutSettings } from './settings.js'
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
  const noisy = checkedLatents(model, data, settings)
  const judge = judgeOf(data.manifest)
  const criteria = criteriaOf(data.manifest)
  const size = rowsAtOnce(model, settings.batch)
  const source = rolloutRows(data, settings, choice)
  const { seqLen } = model.shape
  const batch = new RowBatch(model, settings, noisy)
  try {
    for (;;) {
      batch.add(taken(source, size - batch.rows.length))
      if (batch.rows.length === 0) return
      choice.signal?.throwIfAborted()
      const raw = batch.advance()
      const { rows } = batch
      for (const [i, row] of rows.entries())
        row.answer = answerOfRow(row, raw.predictions.subarray(i * seqLen, (i + 1) * seqLen), judge, criteria)
      for (const at of byStep(rows)) yield measuresOf(rows, raw, at, criteria)
      batch.take([...rows.keys()].filter((i) => stays(model.shape, settings, rows[i]!, raw, i)))
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    batch.dispose()
  }
}

/** Checks a model against data and settings. @returns the names of the latents that noise is added to */
export function checkedLatents(model: Model, data: Dataset, { noise, noiseAt, target }: RolloutSettings): string[] {
  checkDataFits(model, data.manifest, {
    where: 'think, data',
    todo: 'Give the data set that the model was made for.',
  })
  const names = latentNames(model.shape)
  const isNoisy: Record<NoiseTarget, (name: string) => boolean> = {
    z: (name) => name !== 'y',
    y: (name) => name === 'y',
    both: () => true,
  }
  const noisy = names.filter(isNoisy[target])
  if (noise > 0 && noiseAt === 'step' && noisy.length === 0)
    throw new UserError({
      where: 'key target',
      expected: `noise on a latent of the model, which has ${names.join(', ')} only`,
      found: target,
      todo: 'Set target=both.',
      exitCode: 2,
    })
  return noisy
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
export function byStep(rows: readonly RunningRow[]): number[][] {
  const groups = new Map<number, number[]>()
  for (const [i, { step }] of rows.entries()) groups.set(step, [...(groups.get(step) ?? []), i])
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
