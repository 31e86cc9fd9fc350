import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import vm from 'node:vm'
import type { Tensor } from '@tensorflow/tfjs-core'
import ts from 'typescript'
import * as library from '../../lib/index.js'
import { assertClose } from '../close.js'
import { root } from '../shared.js'

const { tf } = library

before(() => library.startBackend())

/** The layers that a cell computes with. */
const LAYERS = [
  'rmsNorm',
  'swiglu',
  'attention',
  'tokenMlp',
  'rotary',
  'block',
  'embed',
  'heads',
  'stablemaxCrossEntropy',
  'supervisionLoss',
  'haltTarget',
] as const

/** TSDoc of each exported function of `lib/model`, by name. */
const comments = new Map(
  readdirSync(path.join(root, 'lib/model')).flatMap((file) => {
    const text = readFileSync(path.join(root, 'lib/model', file), 'utf8')
    return [...text.matchAll(/\/\*\*\n((?: \*.*\n)+?) \*\/\nexport function (\w+)/g)].map(
      ([, comment, name]) => [name!, comment!.replace(/^ \* ?/gm, '')] as const,
    )
  }),
)

for (const name of LAYERS) {
  test(`${name} says its shapes, its source and its errors, and its example computes what it says`, () => {
    const comment = comments.get(name)
    assert.ok(comment, `a comment of ${name}`)
    assert.match(comment, /`\[[^\]]*\]`/, 'shapes')
    assert.match(comment, /[Pp]aper/, 'where the paper has it')
    assert.match(comment, /@throws UserError/)
    const example = /@example\n([\s\S]*?)(?=\n@|$)/.exec(comment)?.[1]?.trimEnd()
    assert.ok(example, 'an example')
    const [, code, expected] = /^([\s\S]*) \/\/ (.*)$/.exec(example)!
    const lines = code!.split('\n')
    const result = lines.findLastIndex((line) => /^\S/.test(line) && !/^[})\]]/.test(line))
    const body = [...lines.slice(0, result), `return ${lines.slice(result).join('\n')}`].join('\n')
    const script = ts.transpile(`(({ ${Object.keys(library).join(', ')} }) => {\n${body}\n})`, {
      target: ts.ScriptTarget.ES2023,
    })
    const found = tf.tidy(() => vm.runInThisContext(script)(library)) as number | number[]
    const numbers = (value: unknown): number[] => [value].flat(9).map(Number)
    const wanted: unknown = JSON.parse(expected!)
    assert.deepEqual(shapeOf(found), shapeOf(wanted), 'its shape')
    assertClose(numbers(found), numbers(wanted), 1e-5)
  })
}

test('a wrong shape is one sentence with what was expected and found', () => {
  const {
    attention,
    block,
    embed,
    haltTarget,
    heads,
    rmsNorm,
    rotary,
    stablemaxCrossEntropy,
    supervisionLoss,
    swiglu,
    tokenMlp,
  } = library
  const h = tf.zeros([2, 3, 4])
  const mlp = { gate_up_proj: tf.zeros([10, 4]), down_proj: tf.zeros([4, 5]) }
  const labels = tf.zeros([2, 3], 'int32')
  for (const [call, message] of [
    [() => rmsNorm(3 as unknown as Tensor), 'rmsNorm, x: expected a tensor, found number.'],
    [() => rmsNorm(h, 3), 'rmsNorm, axis: expected an axis of a tensor of shape [2, 3, 4], found 3.'],
    [
      () => swiglu(h, { ...mlp, gate_up_proj: tf.zeros([8, 4]) }),
      'swiglu, gate_up_proj: expected a tensor of shape [10, 4], found [8, 4].',
    ],
    [() => tokenMlp(h, mlp), 'tokenMlp, down_proj: expected a tensor of shape [3, inner], found [4, 5].'],
    [
      () => attention(h, { qkv_proj: tf.zeros([12, 3]), o_proj: tf.zeros([4, 4]) }, { heads: 2 }),
      'attention, qkv_proj: expected a tensor of shape [12, 4], found [12, 3].',
    ],
    [
      () => attention(h, { qkv_proj: tf.zeros([12, 4]), o_proj: tf.zeros([4, 4]) }, { heads: 3 }),
      'attention, heads: expected a divisor of the width 4, found 3.',
    ],
    [() => rotary(h), 'rotary, x: expected a tensor of shape [B, L, heads, d], found [2, 3, 4].'],
    [
      () => block(h, {}, 'L', { mixer: 'mlp', heads: 1 }),
      'tokenMlp, down_proj: expected a tensor of shape [3, inner], found undefined.',
    ],
    [
      () => embed(labels, { 'embed_tokens.embedding_weight': h }),
      'embed, embed_tokens.embedding_weight: expected a tensor of shape [V, D], found [2, 3, 4].',
    ],
    [
      () => heads(h, { 'lm_head.weight': tf.zeros([5, 3]) }),
      'heads, lm_head.weight: expected a tensor of shape [V, 4], found [5, 3].',
    ],
    [
      () => stablemaxCrossEntropy(h, tf.zeros([2, 4], 'int32')),
      'stablemaxCrossEntropy, labels: expected a tensor of shape [2, 3], found [2, 4].',
    ],
    [
      () => haltTarget(h, tf.zeros([3, 3], 'int32')),
      'haltTarget, labels: expected a tensor of shape [2, 3], found [3, 3].',
    ],
    [
      () => supervisionLoss({ logits: h, qHalt: tf.zeros([3]), qContinue: tf.zeros([2]) }, labels),
      'supervisionLoss, qHalt: expected a tensor of shape [2], found [3].',
    ],
  ] as const)
    assert.throws(call, { name: 'UserError', message })
})

/** The sizes of nested arrays. */
function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []
}
