import { initialTensors } from '../../lib/model/weights.js'
import { dictionary, tensor, torchFile } from '../files/assemble.js'
import { SMALL, shapeOf } from '../results/weights-fixture.js'

/** A file in the layout of the published trainer: tensors under the names of its wrappers. */
function published(): { bytes: Buffer; numbers: number } {
  const tensors = [...initialTensors(shapeOf(SMALL), 0)]
  const storages = Object.fromEntries(
    tensors.map(([, { data }], i) => [String(i), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
  )
  const items = tensors.map(
    ([name, { shape }], i) => [`_orig_mod.model.inner.${name}`, tensor({ key: String(i), shape })] as const,
  )
  const numbers = tensors.reduce((sum, [, { data }]) => sum + data.length, 0)
  return { bytes: torchFile(dictionary(items), storages), numbers }
}

/** The file's bytes, and how many numbers it holds. */
export const { bytes: WEIGHTS, numbers: NUMBERS } = published()

/** Its `all_config.yaml`. */
export const CONFIG = `arch:
  name: recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1
  hidden_size: 4
  num_heads: 2
  H_cycles: 2
  L_cycles: 3
  L_layers: 1
  H_layers: 0
  expansion: 4
  mlp_t: false
  pos_encodings: rope
  puzzle_emb_ndim: 4
  puzzle_emb_len: 2
  halt_max_steps: 4
  loss:
    loss_type: stablemax_cross_entropy
`
