import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setFast } from '../../lib/backend/kernels.js'
import { evaluateBatch } from '../../lib/evaluate/evaluate.js'
import {
  type Batch,
  type ConfigInput,
  createModel,
  type Dataset,
  evaluate,
  evaluateRun,
  loss,
  type Model,
  sudoku,
  tf,
  train,
  trainer,
  trainingBatches,
} from '../../lib/index.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { modelTensors } from '../../lib/model/model.js'
import type { HostTensor } from '../../lib/model/weights.js'
import { timeless } from '../timeless.js'

let data: Dataset
let folder = ''
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-design-'))
  data = await sudoku({ box: '2x2', clues: 5, train: 200, test: 300, seed: 0 })
})
after(() => rmSync(folder, { recursive: true, force: true }))

const config = { mixer: 'mlp', hidden: 64, T: 3, n: 6, K: 8 } as const satisfies ConfigInput

/** The largest difference between some logits and those of an evaluation of one supervision step. */
function differenceFromEvaluation(model: Model, batch: Batch, logits: tf.Tensor): number {
  let difference = Number.NaN
  const see = ({ outputs }: { outputs: { logits: tf.Tensor } }): void => {
    difference = tf.tidy(() => tf.max(tf.abs(tf.sub(outputs.logits, logits))).dataSync()[0]!)
  }
  evaluateBatch(model, model.weights, batch, 1, { loss: 'stablemax', see })
  return difference
}

for (const fast of [true, false])
  test(`three cycles by hand give the logits of evaluate after one supervision step, ${fast ? 'to 1e-5 with the fused kernels' : 'bit for bit with plain operations'}`, () => {
    const before = setFast(fast)
    try {
      tf.tidy(() => {
        const model = createModel(config, data, { seed: 0 })
        const batch = data.batch('train', { size: 64, seed: 0 })
        const x = model.embed(batch)
        let { y, z } = model.start(batch)
        for (let cycle = 0; cycle < 3; cycle++) {
          for (let i = 0; i < 6; i++) z = model.net(z, y, x)
          y = model.net(y, z)
        }
        const { logits, qHalt } = model.heads(y)
        assert.deepEqual([logits.shape, qHalt.shape], [[64, 16, 6], [64]])
        const difference = differenceFromEvaluation(model, batch, logits)
        assert.ok(difference <= (fast ? 1e-5 : 0), String(difference))
      })
    } finally {
      setFast(before)
    }
  })

test('separate networks, attention, one and several latents, HRM and direct prediction have their latents and networks by hand', () => {
  const batch = data.batch('test', { size: 16 })
  const small = { hidden: 32, K: 4 } as const
  const check = (model: Model, answer: tf.Tensor3D): void => {
    const difference = differenceFromEvaluation(model, batch, model.heads(answer).logits)
    assert.ok(difference <= 1e-5, String(difference))
  }
  tf.tidy(() => {
    const separate = createModel({ ...small, mixer: 'attention', networks: 'separate', T: 1, n: 2 }, data)
    const x = separate.embed(batch)
    let { y, z } = separate.start(batch)
    for (let i = 0; i < 2; i++) z = separate.net(z, y, x)
    y = separate.netY(y, z)
    check(separate, y)
  })
  tf.tidy(() => {
    const single = createModel({ ...small, latents: 'single', T: 1, n: 2 }, data)
    const x = single.embed(batch)
    let { z } = single.start(batch)
    for (let i = 0; i < 2; i++) z = single.net(z, x)
    check(single, single.net(z))
  })
  tf.tidy(() => {
    const multi = createModel({ ...small, latents: 'multi', T: 1, n: 2 }, data)
    const x = multi.embed(batch)
    let { y, z1, z2 } = multi.start(batch)
    z1 = multi.net(tf.add(z1!, z2!), y, x)
    z2 = multi.net(tf.add(z1, z2!), y, x)
    y = multi.net(y, tf.add(z1, z2))
    check(multi, y)
  })
  tf.tidy(() => {
    const hrm = createModel({ ...small, model: 'hrm', T: 1, n: 2 }, data)
    const x = hrm.embed(batch)
    let { y, z } = hrm.start(batch)
    for (let i = 0; i < 2; i++) z = hrm.net(z, y, x)
    y = hrm.netY(y, z)
    check(hrm, y)
  })
  tf.tidy(() => {
    const direct = createModel({ ...small, model: 'direct' }, data)
    const { y } = direct.start(batch)
    check(direct, direct.net(y, direct.embed(batch)))
  })
})

test('a batch is the first that training draws with the seed, and that of the test split is as it is stored', () => {
  const { next } = trainingBatches(data, { batch: 64, seed: 3, augment: 'fresh' })
  assert.deepEqual(data.batch('train', { size: 64, seed: 3 }), next())
  const { rows, versions, inputs } = data.batch('test', { size: 5, seed: 1 })
  assert.deepEqual([...versions], [0, 0, 0, 0, 0])
  rows.forEach((row, i) => {
    assert.deepEqual(
      [...inputs.subarray(16 * i, 16 * (i + 1))],
      [...data.test.inputs.subarray(16 * row, 16 * (row + 1))],
    )
  })
})

test('the gradient of the loss is that of finite differences, by weight name', () => {
  const before = setFast(false)
  try {
    const model = createModel({ ...config, hidden: 16, heads: 2, T: 1, n: 2, expansion: 1 }, data)
    const batch = data.batch('train', { size: 8 })
    const { value, gradients, puzzleGradients, carry } = loss(model, batch)
    assert.deepEqual(Object.keys(gradients), Object.keys(model.weights))
    assert.deepEqual(puzzleGradients?.shape, [8, 16])
    for (const name of ['lm_head.weight', 'L_level.layers.1.mlp.down_proj.weight', 'embed_tokens.embedding_weight']) {
      const gradient = gradients[name]!
      assert.deepEqual(gradient.shape, model.weights[name]!.shape)
      // Along its own direction the slope is the gradient's norm.
      const norm = tf.norm(gradient).dataSync()[0]!
      const moved = (by: number): number => {
        const weights = { ...model.weights, [name]: tf.add(model.weights[name]!, tf.mul(gradient, by / norm)) }
        return loss(Object.assign(Object.create(model), { weights }) as typeof model, batch).value
      }
      const slope = (moved(2e-2) - moved(-2e-2)) / 4e-2
      assert.ok(Math.abs(slope - norm) <= 0.03 * norm, `${name}: ${slope} and ${norm}`)
    }
    const next = loss(model, batch, { carry })
    assert.notEqual(next.value, value)
    assert.deepEqual([...next.carry.supervisionSteps], new Array(8).fill(2))
  } finally {
    setFast(before)
  }
})

const training = { lr: 1e-3, weightDecay: 0.1, ema: 0.99, batch: 64 } as const
const pocket = { ...config, hidden: 32, T: 2, n: 2, K: 3 } as const

test('a trainer makes the weights that train makes with the same configuration, bit for bit', async () => {
  for (const more of [{}, { mixer: 'attention', halting: 'continue', lr: 2e-3, lrMinRatio: 0.1, warmup: 2 }] as const) {
    const { lr, lrMinRatio, warmup, ...ofModel } = { lrMinRatio: 1, warmup: 0, ...training, ...more }
    const { weightDecay, ema, batch, ...kind } = ofModel
    const run = trainer(createModel({ ...pocket, ...kind }, data, { seed: 5 }), data, {
      lr,
      lrMinRatio,
      warmup,
      weightDecay,
      ema,
      batch,
      trainSteps: 5,
    })
    const losses = Array.from({ length: 5 }, () => run.step().loss)
    const id = await train({ ...pocket, ...training, ...more, trainSteps: 5, seed: 5 }, data, { resultsDir: folder })
    assert.ok(losses.every(Number.isFinite))
    for (const weights of ['live', 'ema'] as const) {
      const { tensors } = await readWeightsFile(path.join(folder, 'runs', id, 'checkpoint-000005.safetensors'), {
        weights,
      })
      assertSame(modelTensors(weights === 'ema' ? run.evaluated : run.state.model), tensors)
    }
    run.dispose()
  }
})

test('a trainer that was saved goes on bit for bit, in memory and from a file that evaluates like any checkpoint', async () => {
  const make = () => createModel(pocket, data)
  const whole = trainer(make(), data, training)
  const first = trainer(make(), data, training)
  for (let step = 0; step < 2; step++) for (const run of [whole, first]) run.step()
  const file = path.join(folder, 'mine.safetensors')
  const saved = first.save(file)
  first.step()
  const others = [
    trainer(make(), data, { from: saved }),
    trainer(make(), data, { from: file }),
    trainer(make(), data, { from: saved }),
  ]
  for (let step = 0; step < 3; step++) {
    const expected = timeless([whole.step()])
    for (const run of others) assert.deepEqual(timeless([run.step()]), expected)
  }
  for (const run of others) {
    assertSame(modelTensors(run.state.model), modelTensors(whole.state.model))
    assertSame(modelTensors(run.evaluated), modelTensors(whole.evaluated))
  }
  const other = await sudoku({ box: '2x2', clues: 6, train: 20, test: 10, seed: 0 })
  assert.throws(
    () => trainer(make(), other, { from: file }),
    /trainer, from: expected the data set that it was trained on/,
  )
  const evaluation = await evaluate(whole, data, { outcomes: false })
  assert.deepEqual([evaluation.puzzles, evaluation.supervisionSteps], [300, 3])
  const stored = await evaluateRun(file, { data, outcomes: false })
  const read = await evaluate(trainer(make(), data, { from: file }), data, { outcomes: false })
  assert.deepEqual([stored.step, stored.evaluation['test.cells']], [2, read['test.cells']])
})

test('a key of the model, an unknown one, and data that the model is not for are refused by name', async () => {
  const model = createModel(pocket, data)
  const loosely = trainer as unknown as (...args: unknown[]) => unknown
  assert.throws(
    () => loosely(model, data, { hidden: 8 }),
    /trainer, key hidden: expected a key of training.*Give it to createModel/,
  )
  assert.throws(() => loosely(model, data, { lrr: 1 }), /key lrr: .* Did you mean lr\?/)
  assert.throws(() => trainer(model, data, { lr: -1 }), /key lr: expected at least 0/)
  const larger = await sudoku({ box: '2x3', clues: 20, train: 8, test: 4, seed: 0 })
  assert.throws(
    () => trainer(model, larger),
    /trainer, data: expected puzzles of 16 tokens, as the model has, found 36\. Make a model/,
  )
  assert.throws(
    () => model.embed(larger.batch('train', { size: 2 })),
    /batch: expected puzzles of 16 tokens, the model's length, found 36 tokens/,
  )
  assert.throws(() => createModel({ layersH: 2 }, data), /key layersH/)
  for (const evaluated of [model, trainer(model, data)])
    await assert.rejects(
      evaluate(evaluated, larger),
      /evaluation, data: expected puzzles of 16 tokens, as the model has, found 36\. Give the data set/,
    )
  assert.throws(() => data.batch('train', { size: 0 }), /batch, size: expected a whole number of 1 or more, found 0/)
})

test('a trainer that diverges says with which rate and what to change, and nothing is changed', () => {
  const run = trainer(createModel(pocket, data), data, { ...training, lr: 10, weightDecay: 100 })
  assert.throws(() => {
    for (let step = 0; step < 100; step++) run.step()
  }, /step \d+, lr 10: expected finite losses, gradients and weights, found .*This step has changed nothing\. Try a smaller lr than 10/)
})

test('what evaluate returns is shown as a table', async () => {
  const { bundleOf } = await import('../../lib/notebook/bundle.js')
  const evaluation = await evaluate(createModel(pocket, data), data, { supervisionSteps: 1 })
  assert.match(
    String(bundleOf(evaluation)['text/html']),
    /<table class="recurlab-table mathjax_ignore">[\s\S]*exact accuracy \(%\)/,
  )
  assert.match(String(bundleOf(evaluation)['text/plain']), /cell accuracy \(%\)/)
  assert.equal(evaluation.puzzles, 300)
})

function assertSame(found: ReadonlyMap<string, HostTensor>, expected: ReadonlyMap<string, HostTensor>): void {
  for (const [name, { shape, data }] of found) {
    assert.deepEqual(shape, expected.get(name)?.shape, name)
    assert.ok(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytesOf(expected.get(name)!)), name)
  }
}

function bytesOf({ data }: HostTensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
