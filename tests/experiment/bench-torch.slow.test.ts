import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setup, type TorchMeasurement, torchPeer } from '../../bench/against-torch.js'
import { medianRatio, type Round, summaries, undisturbed } from '../../bench/rounds.js'
import { torchVersion } from '../../bench/torch-install.js'
import {
  benchStep,
  evaluationFlops,
  networkFlops,
  randomBatch,
  stepFlops,
  torchWork,
  type Work,
  works,
} from '../../bench/work.js'
import { Worker } from '../../bench/worker.js'
import { startBackend } from '../../lib/backend/index.js'
import { kernels, type Units } from '../../lib/backend/kernels.js'
import { execute } from '../../lib/cli/main.js'
import { disposeModel, initialModel, modelTensors } from '../../lib/model/model.js'
import { PUZZLE_TABLE } from '../../lib/model/weights.js'
import { disposeState, initialState, type StepOptions, trainStep } from '../../lib/train/step.js'
import { tinyShape } from '../model/tiny.js'
import { recurlab } from '../recurlab.js'

// Before any test is declared: tests start to run while the file waits.
const torch = await torchVersion()
const skip = torch === null && 'PyTorch is not in .venv: `recurlab bench train` installs it'

before(async () => {
  await startBackend()
})

const round = (canary: number, recurlab: number, eager = 1): Round => ({ canary, seconds: { recurlab, eager } })

test('a round counts unless its canary is more than a tenth slower than the best', () => {
  const rounds = [round(1.2, 9), round(1, 1), round(1.09, 2), round(1.11, 8), round(1.05, 3)]
  assert.deepEqual(
    undisturbed(rounds, 1).map(({ seconds }) => seconds.recurlab),
    [1, 3, 2],
  )
})

test('where the machine was never quiet, the least disturbed rounds count', () => {
  const rounds = [round(3, 7), round(1, 1), round(2, 5), round(4, 9)]
  assert.deepEqual(
    undisturbed(rounds, 3).map(({ canary }) => canary),
    [1, 2, 3],
  )
  assert.equal(undisturbed(rounds.slice(0, 2), 3).length, 2, 'not more than were made')
  assert.deepEqual(undisturbed([], 3), [])
})

test('minimum and median of every side, with odd and even numbers of rounds', () => {
  const rounds = [round(1, 4, 40), round(1, 1, 30), round(1, 3, 10), round(1, 2, 20)]
  assert.deepEqual(summaries(rounds), { recurlab: { minimum: 1, median: 2.5 }, eager: { minimum: 10, median: 25 } })
  assert.deepEqual(summaries(rounds.slice(0, 3)).recurlab, { minimum: 1, median: 3 })
})

test('the median ratio is taken inside the rounds, so that a slow spell which meets both sides does not count', () => {
  assert.equal(medianRatio([round(1, 1, 2), round(1, 50, 100), round(1, 9, 10)], 'recurlab', 'eager'), 0.5)
})

test("the paper's Sudoku step costs the operations that its matrix products add up to", () => {
  const [mlp, attention] = works as [Work, Work]
  // B = 32, L = 97, D = 512, inner 1536 over channels and 512 over tokens, two layers, 2 operations a product.
  const channels = 2 * (97 * 512 * 3072 + 97 * 1536 * 512)
  const tokens = 2 * 512 * (97 * 1024 + 512 * 97)
  const attended = 2 * (97 * 512 * 1536 + 97 * 512 * 512 + 2 * 97 * 97 * 512)
  assert.equal(networkFlops(mlp), 32 * 2 * (channels + tokens))
  assert.equal(networkFlops(attention), 32 * 2 * (channels + attended))
  assert.equal(stepFlops(mlp), 35 * networkFlops(mlp), '21 calls forward, 7 of them backward at twice the cost')
  assert.equal(evaluationFlops(mlp, 16), 16 * 21 * networkFlops(mlp))
})

test('a wrong use of bench train and bench eval is named before anything is measured or installed', async () => {
  const wrong: [string[], RegExp][] = [
    [['train', 'only=chess'], /key only.*sudoku-mlp, sudoku-attention, maze, pocket-mlp, pocket-attention.*chess/s],
    [['train', 'round=5'], /key round.*Did you mean rounds\?/s],
    [['train', 'supervisionSteps=2'], /key supervisionSteps: expected one of only, rounds, torch/],
    [['eval', 'supervisionSteps=0'], /supervisionSteps=N, a whole number of 1 or more/],
    [['train', 'rounds=1.5'], /rounds=N, a whole number of 1 or more/],
    [['train', 'dtype=half'], /dtype=float32\|bfloat16, found half/],
    [['train', 'torch=maybe'], /torch=true\|false, found maybe/],
    [['eval', 'sudoku'], /expected no word, found sudoku/],
  ]
  for (const [args, message] of wrong)
    await assert.rejects(execute(['bench', ...args]), { name: 'UserError', exitCode: 2, message })
  const { code, stdout, stderr } = await recurlab(['bench', 'train', 'only=chess'])
  assert.equal(code, 2, stderr)
  assert.match(stderr, /^recurlab: key only: expected some of .*, found chess\.\n$/)
  assert.equal(stdout, '')
})

test('without PyTorch bench train measures Recurlab alone', async () => {
  const { code, stdout, stderr } = await recurlab([
    ...['bench', 'train', 'only=pocket-mlp', 'rounds=2', 'torch=false', '--json'],
  ])
  assert.equal(code, 0, stderr)
  const { machine, measurements } = JSON.parse(stdout) as {
    machine: { torch: string | null }
    measurements: TorchMeasurement[]
  }
  assert.equal(machine.torch, null)
  const [row, ...more] = measurements
  assert.deepEqual(more, [])
  assert.deepEqual(Object.keys(row!.seconds), ['recurlab'])
  assert.deepEqual(row!.ratios, {})
  assert.equal(row!.matmulGflops, null)
  assert.ok(row!.seconds.recurlab!.minimum > 0 && row!.seconds.recurlab!.minimum <= row!.seconds.recurlab!.median)
  assert.ok(row!.gflops > 0)
  assert.ok(row!.peakBytes.recurlab! > 50e6, 'a process with TensorFlow in it')
})

test('in bfloat16 bench train measures what the processor computes it with, or says that it cannot', async () => {
  const { code, stdout, stderr } = await recurlab([
    ...['bench', 'train', 'only=pocket-attention', 'rounds=1', 'torch=false', 'dtype=bfloat16', '--json'],
  ])
  if (!kernels()?.units.bfloat16) {
    assert.equal(code, 1)
    assert.match(stderr, /key dtype: expected float32 or auto/)
    return
  }
  assert.equal(code, 0, stderr)
  const { machine } = JSON.parse(stdout) as { machine: { dtype: string; units: Units } }
  assert.deepEqual(machine, { ...machine, dtype: 'bfloat16', units: kernels()!.units })
})

test('a side whose process ends, or has ended, is a clear error', { timeout: 180_000 }, async () => {
  const worker = new Worker('PyTorch', process.execPath, ['-e', "console.error('out of memory'); process.exit(3)"], {})
  const error = { name: 'UserError', message: /PyTorch: expected an answer, found out of memory/ }
  await assert.rejects(worker.ask({ do: 'step' }), error)
  await assert.rejects(worker.ask({ do: 'step' }), error)
  worker.stop()
  const missing = new Worker('PyTorch', '/nowhere/python', [], {})
  await assert.rejects(missing.ask({ do: 'step' }), { name: 'UserError', message: /\/nowhere\/python/ })
  missing.stop()
})

/** Every row has a puzzle embedding of its own and takes its puzzle again at every step, as in the peer. */
const small: Record<string, Work> = Object.fromEntries(
  (['mlp', 'attention'] as const).map((mixer) => {
    const positions = mixer === 'mlp' ? 'none' : 'rope'
    const sizes = { hidden: 16, heads: 2, layers: 2, layersH: 2, expansion: 4, n: 2, T: 2, K: 1, vocabSize: 7 } as const
    const puzzles = { seqLen: 9, puzzleDim: 16, puzzleIdentifiers: 6 }
    return [
      mixer,
      { name: mixer, title: mixer, batch: 6, shape: tinyShape({ mixer, positions, ...sizes, ...puzzles }) },
    ]
  }),
)

// A rate at which one update moves a weight by a hundred times the tolerance.
const lr = 1e-2
const options: StepOptions = { ...benchStep, schedule: { ...benchStep.schedule, lr }, puzzleWeightDecay: 0 }

/** What a gradient must be, as a share of its tensor's largest, to be more than rounding: AdamW makes a whole step of any. */
const NOISE = 1e-4

for (const [mixer, work] of Object.entries(small))
  test(`PyTorch's side computes what Recurlab computes: loss and weights of three steps, ${mixer}`, {
    skip,
  }, async () => {
    const state = initialState(initialModel(work.shape, 5), work.batch, options.ema, 0)
    const peer = torchPeer(1)
    try {
      await peer.ask({ ...setup(work, 'eager', 1), work: { ...torchWork(work), lr } })
      const batch = { ...randomBatch(work), puzzleIds: Int32Array.from({ length: work.batch }, (_, row) => row) }
      const rounded = new Set<string>()
      const losses: number[] = []
      for (let step = 1; step <= 3; step++) {
        const before = modelTensors(state.model)
        before.delete(PUZZLE_TABLE)
        await peer.ask({
          do: 'load',
          weights: Object.fromEntries([...before].map(([name, { data }]) => [name, [...data]])),
        })
        const { lmLoss } = trainStep(state, batch, options, ({ gradients }) => {
          for (const [name, gradient] of Object.entries(gradients)) {
            const sizes = [...gradient.dataSync()].map(Math.abs)
            const noise = NOISE * sizes.reduce((a, b) => Math.max(a, b), 0)
            sizes.forEach((size, i) => {
              if (size > 0 && size < noise) rounded.add(`${name}[${i}]`)
            })
          }
        })
        near((await peer.ask({ do: 'step' })).loss!, lmLoss, `loss of step ${step}`)
        losses.push(lmLoss)
        const theirs = (await peer.ask({ do: 'weights' })).weights!
        const ours = modelTensors(state.model)
        assert.deepEqual(Object.keys(theirs).sort(), Object.keys(state.model.weights).sort())
        let compared = 0
        let all = 0
        for (const [name, numbers] of Object.entries(theirs)) {
          assert.equal(numbers.length, ours.get(name)!.data.length, name)
          all += numbers.length
          numbers.forEach((value, i) => {
            if (rounded.has(`${name}[${i}]`)) return
            compared++
            near(value, ours.get(name)!.data[i]!, `${name}[${i}] after step ${step}`)
          })
        }
        assert.ok(compared > 0.98 * all, `${compared} of ${all} weights compared`)
      }
      assert.ok(losses[2]! < losses[0]!, 'the steps do something')
    } finally {
      peer.stop()
      disposeState(state)
      disposeModel(state.model)
    }
  })

function near(found: number, expected: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= 1e-4 * Math.max(1, Math.abs(expected)), `${what}: ${found}, not ${expected}`)
}
