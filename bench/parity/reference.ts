import path from 'node:path'
import { z } from 'zod'
import type { Batch } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { readJson } from '../../lib/files/json.js'
import { readSafetensors, type Safetensors } from '../../lib/files/safetensors.js'
import { toFloat32 } from '../../lib/files/safetensors-dtype.js'
import type { HostTensor } from '../../lib/model/weights.js'

const metrics = z.object({
  count: z.number(),
  accuracy: z.number(),
  exact_accuracy: z.number(),
  q_halt_accuracy: z.number(),
  steps: z.number(),
  lm_loss: z.number(),
  q_halt_loss: z.number(),
  q_continue_loss: z.number().optional(),
})

/** The content of a reference folder's `VARIANT.json`, by the published code's names. */
const description = z.object({
  variant: z.string(),
  config: z.object({
    seq_len: z.int().positive(),
    vocab_size: z.int().positive(),
    num_puzzle_identifiers: z.int().positive(),
    puzzle_emb_ndim: z.int().nonnegative(),
    puzzle_emb_len: z.int().nonnegative().default(0),
    H_cycles: z.int().positive(),
    L_cycles: z.int().nonnegative().optional(),
    H_layers: z.int().nonnegative().optional(),
    L_layers: z.int().nonnegative().optional(),
    hidden_size: z.int().positive(),
    expansion: z.number().positive(),
    num_heads: z.int().positive(),
    pos_encodings: z.enum(['rope', 'learned', 'none']),
    halt_max_steps: z.int().positive(),
    halt_exploration_prob: z.number(),
    mlp_t: z.boolean().default(false),
    no_ACT_continue: z.boolean().default(true),
  }),
  batch_size: z.int().positive(),
  loss_type: z.enum(['stablemax_cross_entropy', 'softmax_cross_entropy']),
  optimizer: z.enum(['adam_atan2', 'adamw']),
  lr: z.number(),
  lr_warmup_steps: z.number(),
  lr_min_ratio: z.number(),
  betas: z.tuple([z.number(), z.number()]),
  weight_decay: z.number(),
  puzzle_emb_lr: z.number(),
  puzzle_emb_weight_decay: z.number(),
  ema_rate: z.number(),
  steps: z.array(z.object({ loss: z.number(), lrs: z.array(z.number()), metrics })),
  eval: z.object({ supervision_steps: z.int().positive(), metrics }),
})

/** One variant's reference numbers: the description and the tensors. */
export interface Reference {
  readonly name: string
  readonly about: z.infer<typeof description>
  readonly tensors: Safetensors['tensors']
}

/** Reads one variant. @throws UserError if a file is missing or malformed. */
export function readReference(folder: string, name: string): Reference {
  const file = path.join(folder, `${name}.json`)
  const parsed = description.safeParse(readJson(file))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new UserError({
      where: `${file}, key ${issue.path.join('.') || '(top)'}`,
      expected: 'the format of the reference numbers',
      found: issue.message,
    })
  }
  return { name, about: parsed.data, tensors: readSafetensors(path.join(folder, `${name}.safetensors`)).tensors }
}

/** Returns a float tensor of a reference. @throws UserError if it is missing. */
export function referenceTensor(reference: Reference, name: string): HostTensor {
  const tensor = reference.tensors.get(name)
  if (!tensor)
    throw new UserError({
      where: `${reference.name}.safetensors`,
      expected: `the tensor ${name}`,
      found: 'no such tensor',
    })
  return { shape: tensor.shape, data: toFloat32(tensor) }
}

/** Returns copies of all float tensors under a prefix, by the rest of their names. */
export function tensorsUnder(reference: Reference, prefix: string): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>()
  for (const name of reference.tensors.keys())
    if (name.startsWith(prefix)) {
      const { shape, data } = referenceTensor(reference, name)
      found.set(name.slice(prefix.length), { shape, data: data.slice() })
    }
  return found
}

/** Returns the batch stored under `step1/batch`, `eval/batch`, …. */
export function referenceBatch(reference: Reference, prefix: string): Batch {
  const numbers = (name: string): Int32Array => {
    const tensor = reference.tensors.get(`${prefix}/${name}`)
    if (!tensor)
      throw new UserError({
        where: `${reference.name}.safetensors`,
        expected: `${prefix}/${name}`,
        found: 'no such tensor',
      })
    return Int32Array.from(tensor.data as ArrayLike<number | bigint>, Number)
  }
  const size = reference.about.batch_size
  return {
    size,
    seqLen: reference.about.config.seq_len,
    inputs: numbers('inputs'),
    labels: numbers('labels'),
    puzzleIds: numbers('puzzle_identifiers'),
    rows: Int32Array.from({ length: size }, (_, i) => i),
    versions: new Int32Array(size),
  }
}
