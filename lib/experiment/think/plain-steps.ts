import type { Dataset } from '../../data/dataset.js'
import { evaluationBatches } from '../../data/evaluation-batches.js'
import { evaluateSteps } from '../../evaluate/steps.js'
import { rowOutcome } from '../../model/accuracy.js'
import type { Model } from '../../model/model.js'
import { judgeOf } from '../../tasks/registry.js'
import { UNKNOWN } from '../../think/step-measures.js'
import type { ScoredStep } from './step-scores.js'

/** Yields the measurements of every supervision step of some puzzles, without noise. */
export async function* plainSteps(
  model: Model,
  data: Dataset,
  depth: number,
  choice: {
    split: 'train' | 'test'
    batch: number
    versions?: number | undefined
    puzzles?: readonly number[] | undefined
  },
): AsyncGenerator<ScoredStep> {
  const judge = judgeOf(data.manifest)
  const wanted = choice.puzzles === undefined ? null : new Set(choice.puzzles)
  for (const batch of evaluationBatches(data, choice)) {
    const rows = Array.from(batch.rows.keys()).filter((row) => !wanted || wanted.has(batch.rows[row]!))
    if (rows.length === 0) continue
    for (const { step, predictions, qHalt, qContinue } of evaluateSteps(model, model.weights, batch, depth)) {
      const outcomes = rows.map((row) =>
        rowOutcome({ predictions, qHalt, qContinue, supervisionSteps: new Int32Array(batch.size) }, batch, row),
      )
      const { seqLen } = batch
      const answers = new Uint8Array(rows.length * seqLen)
      rows.forEach((row, i) => {
        answers.set(predictions.subarray(row * seqLen, (row + 1) * seqLen), i * seqLen)
      })
      const judged = rows.map((row, i) =>
        judge
          ? judge(
              batch.inputs.subarray(row * seqLen, (row + 1) * seqLen),
              answers.subarray(i * seqLen, (i + 1) * seqLen),
            )
          : {},
      )
      const names = Object.keys(judged[0]!)
      yield {
        step,
        size: rows.length,
        seqLen,
        puzzle: Int32Array.from(rows, (row) => batch.rows[row]!),
        version: Int32Array.from(rows, (row) => batch.versions[row]!),
        answers,
        exact: Uint8Array.from(outcomes, ({ counted, exact }) => (counted === 0 ? UNKNOWN : exact ? 1 : 0)),
        rightCells: Uint16Array.from(outcomes, ({ right }) => right),
        criteria: Object.fromEntries(
          names.map((name) => [name, Uint8Array.from(judged, (each) => (each[name] ? 1 : 0))]),
        ),
        qHalt: Float32Array.from(rows, (row) => qHalt[row]!),
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
