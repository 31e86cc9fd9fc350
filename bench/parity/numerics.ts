import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { UserError } from '../../lib/errors.js'
import { isJsonObject, type JsonObject, kindOf } from '../../lib/files/json.js'
import { logStablemax, tokenCrossEntropy } from '../../lib/model/loss.js'
import { rotary, rotaryTable } from '../../lib/model/rope.js'
import { disposeWeights, initialOptimizer, optimizerStep } from '../../lib/train/optimizer.js'
import { learningRate } from '../../lib/train/schedule.js'
import { signSgdStep } from '../../lib/train/sign-sgd.js'
import { type NumberArray, numberArray } from './array.js'
import { type ParityRow, ParityTable } from './table.js'

/** Compares one entry: its content by key, and a function that names its keys in errors. */
type Comparer = (entry: JsonObject, at: (key: string) => string, table: Compare) => void

/** Compares one of an entry's results with its reference. */
type Compare = (name: string, actual: tf.Tensor | ArrayLike<number>, expected: ArrayLike<number>) => void

/** The arithmetic entries, by their names in `data-and-numerics.json`. */
const COMPARERS: Readonly<Record<string, Comparer>> = {
  stablemax: compareStablemax,
  rope: compareRope,
  adam_atan2: compareAdamATan2,
  sparse_sign_sgd: compareSignSgd,
}

/** Names of the entries that {@link compareNumerics} handles. */
export const NUMERIC_ENTRIES: readonly string[] = [...Object.keys(COMPARERS), 'lr_schedule']

/**
 * Compares the arithmetic entries of `data-and-numerics.json`, computed by the functions that training uses. Other entries
 * are ignored.
 *
 * @param file the file name for errors
 * @throws UserError naming key and place of a malformed entry.
 */
export function compareNumerics(entries: JsonObject, file: string): ParityRow[] {
  const table = new ParityTable('numerics')
  for (const [name, value] of Object.entries(entries)) {
    const compare: Compare = (part, actual, expected) => table.compare(name, part, actual, expected)
    if (name === 'lr_schedule') compareSchedules(value, `${file}, ${name}`, compare)
    else if (Object.hasOwn(COMPARERS, name))
      tf.tidy(() => COMPARERS[name]!(record(value, `${file}, ${name}`), (key) => `${file}, ${name}.${key}`, compare))
  }
  return table.rows()
}

/** Compares the loss of every token, its gradient (of the plain sum), and the log probabilities. */
function compareStablemax(entry: JsonObject, at: (key: string) => string, compare: Compare): void {
  const logits = numberArray(entry.logits, [null, null, null], at('logits'))
  const [B, L, V] = logits.shape as [number, number, number]
  const labels = numberArray(entry.labels, [B, L], at('labels'))
  const wrong = labels.data.find((label) => label !== -100 && !(Number.isInteger(label) && label >= 0 && label < V))
  if (wrong !== undefined)
    throw new UserError({ where: at('labels'), expected: `labels below ${V}, or -100`, found: String(wrong) })
  const target = tf.tensor2d(Int32Array.from(labels.data), [B, L], 'int32')
  const loss = (v: tf.Tensor): tf.Tensor => tokenCrossEntropy(v, target, 'stablemax')
  const v = toTensor(logits)
  compare('loss', loss(v), numberArray(entry.loss, [B, L], at('loss')).data)
  compare('grad', tf.grad((v) => tf.sum(loss(v)))(v), numberArray(entry.grad, [B, L, V], at('grad')).data)
  compare('log_probs', logStablemax(v), numberArray(entry.log_probs, [B, L, V], at('log_probs')).data)
}

function compareRope(entry: JsonObject, at: (key: string) => string, compare: Compare): void {
  const cos = numberArray(entry.cos, [null, null], at('cos'))
  const [L, d] = cos.shape as [number, number]
  if (d % 2 === 1) throw new UserError({ where: at('cos'), expected: 'an even head size', found: String(d) })
  const table = rotaryTable(L, d)
  compare('cos', table.cos, cos.data)
  compare('sin', table.sin, numberArray(entry.sin, [L, d], at('sin')).data)
  for (const name of ['q', 'k'] as const) {
    const x = numberArray(entry[name], [null, L, null, d], at(name))
    compare(
      `${name}_rot`,
      rotary(toTensor(x), table),
      numberArray(entry[`${name}_rot`], x.shape, at(`${name}_rot`)).data,
    )
  }
}

function compareAdamATan2(entry: JsonObject, at: (key: string) => string, compare: Compare): void {
  const gradients = numberArray(entry.grads, [null, null], at('grads'))
  const [steps, size] = gradients.shape as [number, number]
  const params = numberArray(entry.params, [steps + 1, size], at('params'))
  const [beta1, beta2] = numberArray(entry.betas, [2], at('betas')).data as unknown as [number, number]
  const weightDecay = single(entry, 'weight_decay', at)
  const lr = single(entry, 'lr', at)
  const row = ({ data }: NumberArray, i: number): Float64Array => data.subarray(i * size, (i + 1) * size)
  let weights: Record<string, tf.Tensor> = { w: tf.tensor1d(Float32Array.from(row(params, 0))) }
  let state = initialOptimizer(weights)
  for (let i = 0; i < steps; i++) {
    const before = [weights, state.m, state.v]
    const next = optimizerStep(weights, { w: tf.tensor1d(Float32Array.from(row(gradients, i))) }, state, lr, {
      kind: 'adamatan2',
      beta1,
      beta2,
      weightDecay,
    })
    for (const tensors of before) disposeWeights(tensors)
    weights = { ...next.weights }
    state = next.state
    compare(`params[${i + 1}]`, weights.w!, row(params, i + 1))
  }
}

function compareSignSgd(entry: JsonObject, at: (key: string) => string, compare: Compare): void {
  const weights = numberArray(entry.weights, [null, null], at('weights'))
  const [rows, dim] = weights.shape as [number, number]
  const ids = numberArray(entry.ids, [null], at('ids')).data
  const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < rows))
  if (wrong !== undefined)
    throw new UserError({ where: at('ids'), expected: `rows of weights, below ${rows}`, found: String(wrong) })
  const gradients = numberArray(entry.grads, [ids.length, dim], at('grads')).data
  const table = Float32Array.from(weights.data)
  signSgdStep(table, dim, Int32Array.from(ids), Float32Array.from(gradients), {
    lr: single(entry, 'lr', at),
    weightDecay: single(entry, 'weight_decay', at),
  })
  compare('weights_after', table, numberArray(entry.weights_after, [rows, dim], at('weights_after')).data)
}

const schedules = z.array(
  z.object({
    base_lr: z.number(),
    warmup_steps: z.number(),
    total_steps: z.number(),
    min_ratio: z.number(),
    steps: z.array(z.tuple([z.number(), z.number()])).min(1),
  }),
)

function compareSchedules(value: unknown, where: string, compare: Compare): void {
  const parsed = schedules.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new UserError({
      where: [where, ...issue.path].join('.'),
      expected: 'a learning-rate schedule with its steps',
      found: issue.message,
    })
  }
  for (const [i, { base_lr, warmup_steps, total_steps, min_ratio, steps }] of parsed.data.entries()) {
    const schedule = { lr: base_lr, warmup: warmup_steps, lrMinRatio: min_ratio, totalSteps: total_steps }
    compare(
      `[${i}]`,
      steps.map(([step]) => learningRate(schedule, step)),
      steps.map(([, rate]) => rate),
    )
  }
}

function record(value: unknown, where: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new UserError({ where, expected: 'a JSON object', found: kindOf(value) })
}

function single(entry: JsonObject, key: string, at: (key: string) => string): number {
  return numberArray(entry[key], [], at(key)).data[0]!
}

function toTensor({ shape, data }: NumberArray): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape])
}
