import { readdirSync } from 'node:fs'
import path from 'node:path'
import type * as tf from '@tensorflow/tfjs-core'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { Batch } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { evaluateBatch } from '../../lib/evaluate/evaluate.js'
import { systemReason } from '../../lib/files/atomic.js'
import { readSafetensors, type Safetensors } from '../../lib/files/safetensors.js'
import { toFloat32 } from '../../lib/files/safetensors-dtype.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, modelFromTensors } from '../../lib/model/model.js'
import { type ParityRow, ParityTable } from './table.js'

/** File with the batch and the expected outputs of a checkpoint. */
const EXPECTED = 'expected.safetensors'

/**
 * Imports every official checkpoint `step_*` of a folder with its configuration, evaluates K supervision steps on the batch
 * stored beside it and compares all stored outputs.
 *
 * @param folder with `step_*`, `config.json` (or `all_config.yaml`) and `expected.safetensors`
 * @throws UserError if a file is missing, malformed, or of another model.
 */
export async function compareCheckpoint(folder: string): Promise<ParityRow[]> {
  const expected = readSafetensors(path.join(folder, EXPECTED)).tensors
  const rows: ParityRow[] = []
  for (const name of checkpointsIn(folder)) rows.push(...(await compareOne(folder, name, expected)))
  return rows
}

async function compareOne(folder: string, name: string, expected: Safetensors['tensors']): Promise<ParityRow[]> {
  const file = await readWeightsFile(path.join(folder, name))
  const batch = storedBatch(expected, path.join(folder, EXPECTED))
  const shape = configuredShape(resolveConfig(parseConfig(file.config)), { ...file.sizes, seqLen: batch.seqLen })
  const model = modelFromTensors(shape, file.tensors)
  const table = new ParityTable(`${path.basename(path.resolve(folder))}/${name}`)
  evaluateBatch(model, model.weights, batch, shape.K, {
    loss: 'stablemax',
    see: ({ outputs, predictions }) => {
      const found: Record<string, tf.Tensor | Int32Array> = {
        'out/logits': outputs.logits,
        'out/q_halt_logits': outputs.qHalt,
        'out/q_continue_logits': outputs.qContinue,
        'out/preds': predictions,
      }
      for (const [key, tensor] of expected) {
        if (key.startsWith('batch/')) continue
        const actual = Object.hasOwn(found, key) ? found[key] : undefined
        if (actual === undefined) throw unknown(path.join(folder, EXPECTED), key, Object.keys(found))
        table.compare(key === 'out/preds' ? 'predictions' : 'outputs', key, actual, toFloat32(tensor))
      }
    },
  })
  disposeModel(model)
  return table.rows()
}

function checkpointsIn(folder: string): string[] {
  let files: string[]
  try {
    files = readdirSync(folder)
  } catch (error) {
    throw new UserError({
      where: folder,
      expected: 'a folder with a checkpoint',
      found: systemReason(error),
      exitCode: 2,
    })
  }
  const found = files.filter((name) => /^step_\d+$/.test(name)).sort()
  if (found.length > 0) return found
  throw new UserError({ where: folder, expected: 'an official checkpoint step_N', found: 'none', exitCode: 2 })
}

function storedBatch(tensors: Safetensors['tensors'], file: string): Batch {
  const take = (name: string, rank: number): { shape: readonly number[]; data: Int32Array } => {
    const tensor = tensors.get(name)
    if (tensor?.shape.length !== rank)
      throw new UserError({
        where: `${file}, tensor ${name}`,
        expected: `${rank} dimensions`,
        found: tensor ? `[${tensor.shape.join(', ')}]` : 'no such tensor',
      })
    return { shape: tensor.shape, data: Int32Array.from(tensor.data as ArrayLike<number | bigint>, Number) }
  }
  const inputs = take('batch/inputs', 2)
  const [size, seqLen] = inputs.shape as [number, number]
  return {
    size,
    seqLen,
    inputs: inputs.data,
    labels: take('batch/labels', 2).data,
    puzzleIds: take('batch/puzzle_identifiers', 1).data,
    rows: Int32Array.from({ length: size }, (_, i) => i),
    versions: new Int32Array(size),
  }
}

function unknown(file: string, name: string, known: readonly string[]): UserError {
  return new UserError({ where: `${file}, tensor ${name}`, expected: `one of ${known.join(', ')}`, found: 'another' })
}
