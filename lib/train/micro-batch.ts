import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { type Carry, disposeCarry } from '../model/carry.js'
import { disposeFused, type FusedWeights, fusedGradients, fuseWeights } from '../model/fused-weights.js'
import type { LossKind } from '../model/loss.js'
import type { Model } from '../model/model.js'
import { trainedNames, type Weights } from '../model/weights.js'
import { disposeWeights, mapWeights, pickWeights } from './optimizer.js'
import { type Pass, passOfRows } from './pass.js'

/**
 * One supervision step from a carry; see `passOfRows`. The rows are computed in micro-batches one after the other, so that
 * memory is needed for one of them only: the same numbers up to the order in which the gradients are summed.
 *
 * @param microBatch rows of a micro-batch at most; the last one may have fewer
 * @returns with the gradients of all trained weights, in their order
 */
export function forwardBackward(
  model: Model,
  carry: Carry,
  lossKind: LossKind,
  microBatch: number = carry.batch.size,
): Pass {
  const fused = fuseWeights(model.weights, model.shape, true, model.dtype)
  try {
    const pass = passOfParts(model, fused, carry, lossKind, microBatch)
    const names = trainedNames(model.shape)
    const gradients = { ...pass.gradients, ...(fused ? fusedGradients(fused, names) : {}) }
    return { ...pass, gradients: pickWeights(gradients, names) }
  } finally {
    if (fused) disposeFused(fused)
  }
}

function passOfParts(
  model: Model,
  fused: FusedWeights | null,
  carry: Carry,
  lossKind: LossKind,
  microBatch: number,
): Pass {
  const { size } = carry.batch
  if (microBatch >= size) return passOfRows(model, fused, carry, lossKind, size)
  const passes: Pass[] = []
  let gradients: Weights | null = null
  for (let from = 0; from < size; from += microBatch) {
    const part = rowsOf(carry, from, Math.min(size, from + microBatch))
    const pass = passOfRows(model, fused, part, lossKind, size)
    disposeCarry(part)
    passes.push(pass)
    gradients = gradients ? addAndFree(gradients, pass.gradients) : pass.gradients
  }
  const whole = join(passes, gradients!)
  for (const { state, outputs } of passes) tf.dispose([...Object.values(state), ...Object.values(outputs)])
  return whole
}

/** Rows [from, to) of a carry; its tensors are the caller's to free. */
function rowsOf({ state, supervisionSteps, halted, batch }: Carry, from: number, to: number): Carry {
  const rows = to - from
  return {
    state: Object.fromEntries(
      Object.entries(state).map(([name, tensor]) => [name, tf.slice(tensor, [from, 0, 0], [rows, -1, -1])]),
    ),
    supervisionSteps: supervisionSteps.subarray(from, to),
    halted: halted.subarray(from, to),
    batch: rowsOfBatch(batch, from, to),
  }
}

function rowsOfBatch(batch: Batch, from: number, to: number): Batch {
  const { seqLen } = batch
  return {
    size: to - from,
    seqLen,
    inputs: batch.inputs.subarray(from * seqLen, to * seqLen),
    labels: batch.labels.subarray(from * seqLen, to * seqLen),
    puzzleIds: batch.puzzleIds.subarray(from, to),
    rows: batch.rows.subarray(from, to),
    versions: batch.versions.subarray(from, to),
  }
}

function addAndFree(a: Weights, b: Weights): Weights {
  const sums = mapWeights(a, (gradient, name) => tf.add(gradient, b[name]!))
  disposeWeights(a)
  disposeWeights(b)
  return sums
}

/** The sums of the parts' passes over the whole batch. */
function join(passes: readonly Pass[], gradients: Weights): Pass {
  const first = passes[0]!
  const rows = <T extends tf.Tensor>(of: (pass: Pass) => T): T => tf.concat(passes.map(of), 0) as T
  const floats = (of: (pass: Pass) => Float32Array | null): Float32Array | null =>
    of(first) &&
    joined(
      passes.map((pass) => of(pass)!),
      Float32Array,
    )
  const total = (of: (pass: Pass) => number): number => passes.reduce((sum, pass) => sum + of(pass), 0)
  return {
    state: Object.fromEntries(Object.keys(first.state).map((name) => [name, rows((pass) => pass.state[name]!)])),
    outputs: {
      logits: rows((pass) => pass.outputs.logits),
      qHalt: rows((pass) => pass.outputs.qHalt),
      qContinue: rows((pass) => pass.outputs.qContinue),
    },
    predictions: joined(
      passes.map((pass) => pass.predictions),
      Int32Array,
    ),
    continueTarget: floats((pass) => pass.continueTarget),
    puzzleGradients: floats((pass) => pass.puzzleGradients),
    gradients,
    losses: {
      loss: total((pass) => pass.losses.loss),
      lmLoss: total((pass) => pass.losses.lmLoss),
      qHaltLoss: total((pass) => pass.losses.qHaltLoss),
      qContinueLoss: first.losses.qContinueLoss === null ? null : total((pass) => pass.losses.qContinueLoss!),
    },
  }
}

/** Arrays of numbers one after the other. */
function joined<T extends Float32Array | Int32Array>(parts: readonly T[], kind: new (length: number) => T): T {
  const all = new kind(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
