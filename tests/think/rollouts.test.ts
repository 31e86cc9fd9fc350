import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { Dtype } from '../../lib/backend/kernels.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { UserError } from '../../lib/errors.js'
import { evaluateSteps } from '../../lib/evaluate/steps.js'
import { choosesToHalt } from '../../lib/model/halting.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { rolloutSteps } from '../../lib/think/rollouts.js'
import { rowsAtOnce } from '../../lib/think/row-batch.js'
import type { RolloutChoice } from '../../lib/think/rows.js'
import { type RolloutOptions, rolloutSettings } from '../../lib/think/settings.js'
import type { StepMeasures } from '../../lib/think/step-measures.js'
import { tinyShape } from '../model/tiny.js'

let data: Dataset
before(async () => {
  await startBackend()
  data = await sudoku({ box: '2x2', clues: 6, train: 2, test: 11, seed: 0 })
})

/** A model of 4×4 Sudokus whose heads answer differently from step to step. */
function model(change: Partial<ModelShape> = {}, dtype: Dtype = 'float32'): Model {
  const { vocabSize, seqLen, puzzleIdentifiers } = data.manifest
  const made = initialModel(tinyShape({ vocabSize, seqLen, puzzleIdentifiers, hidden: 64, K: 4, ...change }), 2)
  const draw = Random.of(7)
  made.weights['q_head.weight']!.dispose()
  const head = tf.tensor2d(
    Float32Array.from({ length: 2 * made.shape.hidden }, () => draw.normal()),
    [2, made.shape.hidden],
  )
  made.weights = { ...made.weights, 'q_head.weight': head }
  return made.with({ dtype })
}

/** All rows that rollouts yield, by `puzzle version rollout step`. */
async function rowsOf(
  tried: Model,
  options: RolloutOptions,
  choice: RolloutChoice = {},
): Promise<Map<string, Record<string, unknown>>> {
  const rows = new Map<string, Record<string, unknown>>()
  for await (const measures of rolloutSteps(tried, data, rolloutSettings(options, tried.shape.K), choice))
    for (const [key, row] of rowsIn(measures)) {
      assert.ok(!rows.has(key), `row ${key} twice`)
      rows.set(key, row)
    }
  return rows
}

function* rowsIn(measures: StepMeasures): Generator<[string, Record<string, unknown>]> {
  const { size, seqLen, step, puzzle, version, rollout, answers, criteria } = measures
  for (let i = 0; i < size; i++) {
    const { hash, exact, rightCells, qHalt, qContinue, deltaY, deltaZ, deltaLogits, changed, margin } = measures
    const columns = {
      hash,
      exact,
      rightCells,
      qHalt,
      qContinue,
      deltaY,
      deltaZ,
      deltaLogits,
      changed,
      margin,
      ...criteria,
    }
    yield [
      `${puzzle[i]} ${version[i]} ${rollout[i]} ${step}`,
      {
        ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]])),
        answer: answers.subarray(i * seqLen, (i + 1) * seqLen).join(''),
      },
    ]
  }
}

const sorted = (rows: Map<string, unknown>): [string, unknown][] => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

for (const mixer of ['attention', 'mlp'] as const)
  for (const dtype of ['float32', 'bfloat16'] as const)
    test(`with mixer=${mixer} in ${dtype} a seed gives the same rows bit for bit whatever batch and order`, async () => {
      const tried = model({ mixer, positions: mixer === 'mlp' ? 'none' : 'rope' }, dtype)
      const options = { rollouts: 3, noise: 0.3, target: 'both', relabel: true, seed: 5 } as const
      const expected = await rowsOf(tried, { ...options, batch: 100 })
      assert.equal(expected.size, 11 * 3 * 4)
      for (const batch of [1, 3, 7])
        assert.deepEqual(await rowsOf(tried, { ...options, batch }), expected, `batch ${batch}`)
      const puzzles = Random.of(3).shuffle(Array.from({ length: 11 }, (_, i) => i))
      assert.deepEqual(sorted(await rowsOf(tried, { ...options, batch: 7 }, { puzzles })), sorted(expected))
      disposeModel(tried)
    })

test('one rollout without noise predicts what an evaluation predicts after every step', async () => {
  const tried = model()
  const rows = await rowsOf(tried, { depth: 5, batch: 4 })
  const [batch] = evaluationBatches(data, { batch: 100 })
  for (const { step, predictions, qHalt } of evaluateSteps(tried, tried.weights, batch!, 5))
    for (let puzzle = 0; puzzle < 11; puzzle++) {
      const row = rows.get(`${puzzle} 0 0 ${step}`)!
      assert.equal(row.answer, predictions.subarray(puzzle * 16, (puzzle + 1) * 16).join(''))
      assert.ok(Math.abs((row.qHalt as number) - qHalt[puzzle]!) < 1e-4)
    }
  disposeModel(tried)
})

const OPTIONS: Readonly<Record<string, RolloutOptions>> = {
  'noise in every network call': { noise: 0.1, noiseAt: 'call' },
  'random initial latents': { init: 'random', initStd: 0.5 },
  'damping after the second step': { noise: 0.2, damping: 0.25, dampingAfter: 2 },
  'damped network calls with noise': { init: 'random', damping: 0.95, dampingAt: 'call', noise: 0.01, noiseAt: 'call' },
  'guided particles': { noise: 0.3, guide: 1, relabel: true },
  'rollouts that leave once halted': { noise: 0.3, leave: 'halted' },
  'rollouts that leave once settled': { noise: 0.1, leave: 'settled', settledSteps: 1, depth: 6 },
}
for (const [name, given] of Object.entries(OPTIONS))
  test(`${name}: the rows do not depend on the batch, differ between rollouts, and change with the seed`, async () => {
    const tried = model()
    const options = { rollouts: 3, seed: 1, ...given }
    const puzzles = [4, 0, 7, 2]
    const expected = await rowsOf(tried, { ...options, batch: 100 }, { puzzles })
    for (const batch of [1, 5]) assert.deepEqual(await rowsOf(tried, { ...options, batch }, { puzzles }), expected)
    assert.notDeepEqual(expected.get('4 0 0 1'), expected.get('4 0 1 1'))
    assert.notDeepEqual(await rowsOf(tried, { ...options, seed: 2 }, { puzzles }), expected)
    disposeModel(tried)
  })

const MODELS: Readonly<Record<string, Partial<ModelShape>>> = {
  'an HRM': { model: 'hrm', networks: 'separate', halting: 'continue' },
  'direct prediction': { model: 'direct', latents: 'single', T: 1, n: 0, halting: 'compare' },
  'a TRM of a single latent': { latents: 'single' },
  'a TRM of several latents': { latents: 'multi' },
  'a TRM that is never trained to halt': { halting: 'none' },
}
for (const [what, change] of Object.entries(MODELS))
  test(`${what} has rollouts with noise before steps and in calls, and z moves if there is one`, async () => {
    const tried = model(change)
    const hasZ = tried.shape.latents !== 'single'
    const first = new Set<unknown>()
    for (const noiseAt of ['step', 'call'] as const) {
      const leave = tried.shape.halting === 'none' ? 'settled' : 'halted'
      const options = { noise: 0.3, target: 'both', noiseAt, rollouts: 2, leave } as const
      const expected = await rowsOf(tried, options, { puzzles: [3, 1, 5] })
      assert.deepEqual(await rowsOf(tried, { ...options, batch: 4 }, { puzzles: [3, 1, 5] }), expected)
      for (const { deltaY, deltaZ } of expected.values()) {
        assert.ok((deltaY as number) > 0)
        assert.equal((deltaZ as number) > 0, hasZ)
      }
      first.add(expected.get('3 0 0 1')!.qHalt).add(expected.get('3 0 1 1')!.qHalt)
    }
    assert.equal(first.size, 4)
    disposeModel(tried)
  })

test('rollouts of a smaller K are the first ones of a larger K, at every step of a smaller depth', async () => {
  const tried = model()
  const options = { noise: 0.4, relabel: true, init: 'random', seed: 3, batch: 8 } as const
  const many = await rowsOf(tried, { ...options, rollouts: 5, depth: 4 })
  for (const [key, row] of await rowsOf(tried, { ...options, rollouts: 2, depth: 3 }))
    assert.deepEqual(row, many.get(key))
  disposeModel(tried)
})

test('a rollout that leaves early has the rows of one that stays, up to the step at which the rule holds', async () => {
  const tried = model()
  const options = { noise: 0.3, rollouts: 4, depth: 6, batch: 9 } as const
  const all = await rowsOf(tried, options)
  const steps = (rows: Map<string, unknown>, of: string): number => {
    let step = 0
    while (rows.has(`${of} ${step + 1}`)) step++
    return step
  }
  type Row = { qHalt: number; qContinue: number; changed: number; valid: number; exact: number }
  const first = (of: string, holds: (row: Row) => boolean, from = 1): number => {
    for (let step = from; step <= 6; step++) if (holds(all.get(`${of} ${step}`) as Row)) return step
    return 6
  }
  const lengths = new Set<number>()
  for (const leave of ['halted', 'settled', 'solved'] as const) {
    const rows = await rowsOf(tried, { ...options, leave, settledSteps: 1 })
    for (const [key, row] of rows) assert.deepEqual(row, all.get(key))
    for (let puzzle = 0; puzzle < 11; puzzle++)
      for (let rollout = 0; rollout < 4; rollout++) {
        const of = `${puzzle} 0 ${rollout}`
        const wanted = {
          halted: () => first(of, (row) => choosesToHalt(tried.shape, row.qHalt, row.qContinue)),
          settled: () => first(of, (row) => row.changed === 0, 2),
          solved: () => first(of, (row) => row.valid === 1 || row.exact === 1),
        }[leave]()
        assert.equal(steps(rows, of), wanted, `${leave}, ${of}`)
        lengths.add(wanted)
      }
  }
  assert.ok(lengths.size > 3)
  disposeModel(tried)
})

test('a damped network call keeps 1 − α of the latent that it replaces, as EqR computes it', async () => {
  const tried = model({ T: 2, n: 2 })
  const [batch] = evaluationBatches(data, { batch: 11 })
  const x = tried.embed(batch!)
  let { y, z } = tried.start(batch!) as { y: tf.Tensor; z: tf.Tensor }
  const mixed = (h: tf.Tensor, u: tf.Tensor): tf.Tensor => tf.add(tf.mul(h, 0.25), tf.mul(u, 0.75))
  for (let t = 0; t < 2; t++) {
    for (let i = 0; i < 2; i++) z = mixed(z, tried.net(z, y, x))
    y = mixed(y, tried.netY(y, z))
  }
  const qHalt = tried.heads(y).qHalt.arraySync()
  const rows = await rowsOf(tried, { depth: 1, damping: 0.75, dampingAt: 'call' })
  for (const [puzzle, q] of qHalt.entries())
    assert.ok(Math.abs((rows.get(`${puzzle} 0 0 1`)!.qHalt as number) - q) < 1e-4 * Math.max(1, Math.abs(q)))
  assert.notDeepEqual(rows, await rowsOf(tried, { depth: 1, damping: 0.75 }))
  disposeModel(tried)
})

test('the first rollout sees the plain puzzle, and a relabelled one is judged by the answer turned back', async () => {
  const tried = model()
  const plain = await rowsOf(tried, { rollouts: 1 })
  const relabelled = await rowsOf(tried, { rollouts: 3, relabel: true })
  for (const [key, row] of plain) assert.deepEqual(relabelled.get(key), row)
  assert.ok(
    [...plain.keys()].some(
      (key) => relabelled.get(key)!.answer !== relabelled.get(key.replace(/0 (\d+)$/, '1 $1'))!.answer,
    ),
  )
  disposeModel(tried)
})

test('rollouts free their tensors at the end, when they are closed early, and when they are aborted', async () => {
  const tried = model()
  const before = tf.memory().numTensors
  await rowsOf(tried, { rollouts: 2, noise: 0.1, leave: 'halted', damping: 0.5, batch: 5 })
  assert.equal(tf.memory().numTensors, before)
  for await (const _ of rolloutSteps(tried, data, rolloutSettings({ rollouts: 2, depth: 3 }))) break
  assert.equal(tf.memory().numTensors, before)
  const reason = new Error('stopped')
  await assert.rejects(rowsOf(tried, {}, { signal: AbortSignal.abort(reason) }), reason)
  assert.equal(tf.memory().numTensors, before)
  disposeModel(tried)
})

test('the rows of a batch are limited so that mazes of the published size fit in memory', () => {
  const maze = tinyShape({ hidden: 512, seqLen: 900, puzzleTokens: 16, vocabSize: 6 })
  assert.equal(rowsAtOnce({ shape: tinyShape() }, 100), 100)
  assert.equal(rowsAtOnce({ shape: maze }, 100), 23)
  assert.equal(rowsAtOnce({ shape: { ...maze, seqLen: 900_000 } }, 100), 1)
})

const WRONG: readonly [options: object, choice: object, message: RegExp][] = [
  [{ noise: -0.1 }, {}, /^key noise: expected at least 0 .* found -0\.1/],
  [{ noise: Number.NaN }, {}, /^key noise: expected a number/],
  [{ depth: 0 }, {}, /^key depth: expected at least 1 .* found 0/],
  [{ depth: 1.5 }, {}, /^key depth: expected a whole number .* found 1\.5/],
  [{ rollouts: 0 }, {}, /^key rollouts: expected at least 1 .* found 0/],
  [{ batch: 0 }, {}, /^key batch: expected at least 1 .* found 0/],
  [{ damping: 0 }, {}, /^key damping: expected more than 0 .* found 0/],
  [{ damping: 2 }, {}, /^key damping: expected at most 1 .* found 2/],
  [{ init: 'random', initStd: -1 }, {}, /^key initStd: expected at least 0 .* found -1/],
  [{ init: 'zeros' }, {}, /^key init: expected one of learned, random .* found "zeros"/],
  [{ sigma: 1 }, {}, /^key sigma: expected a key of think/],
  [{ guide: 1, leave: 'halted' }, {}, /^key leave: expected never, .* found halted/],
  [{ depth: 65536 }, {}, /^key depth: expected at most 65535 .* found 65536/],
  [{ rollouts: 1e9 }, {}, /^key rollouts: expected at most 65535 .* found 1000000000/],
  [{ noise: 0.1, noiseAt: 'call', target: 'y' }, {}, /^key target: expected both, since noiseAt=call .* found y/],
  [{ guide: 1, rollouts: 60000 }, {}, /^key rollouts: expected at most \d+ particles/],
  [{}, { puzzles: [11] }, /^key puzzles: expected numbers of puzzles from 0 to 10, the test split's, found 11/],
  [{}, { puzzles: [1, 1] }, /^key puzzles: expected each puzzle once/],
  [{}, { puzzles: [] }, /^key puzzles: expected at least one puzzle/],
  [{}, { versions: 0 }, /^key versions: expected a whole number of 1 or more, found 0/],
]
test('a wrong setting or choice is one UserError that names it', async () => {
  const tried = model()
  for (const [options, choice, message] of WRONG)
    await assert.rejects(rowsOf(tried, options, choice), (error) => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, message)
      return true
    })
  const direct = model({ model: 'direct', latents: 'single', T: 1, n: 0 })
  await assert.rejects(rowsOf(direct, { noise: 1 }), /key target: expected noise on a latent .* y only, found z/)
  disposeModel(tried)
  const untrained = model({ halting: 'none' })
  const head = 'expected a model whose halting head was trained, found one of halting=none'
  await assert.rejects(rowsOf(untrained, { leave: 'halted' }), new RegExp(`^UserError: key leave: ${head}`))
  await assert.rejects(rowsOf(untrained, { guide: 0.25, noise: 0.3 }), new RegExp(`^UserError: key guide: ${head}`))
  disposeModel(direct)
  disposeModel(untrained)
})

test('a task without symmetries refuses relabel', async () => {
  const tried = model()
  const tokens: Dataset = { ...data, manifest: { ...data.manifest, task: 'tokens' } }
  const steps = rolloutSteps(tried, tokens, rolloutSettings({ relabel: true, rollouts: 2 }))
  await assert.rejects(
    steps.next(),
    /^UserError: key relabel: expected a task whose puzzles can be relabelled or turned, found task=tokens/,
  )
  disposeModel(tried)
})
