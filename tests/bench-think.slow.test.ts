import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { setup, torchPeer } from '../bench/against-torch.js'
import type { ThinkBench } from '../bench/think.js'
import { torchVersion } from '../bench/torch-install.js'
import { randomBatch, type Work } from '../bench/work.js'
import { startBackend } from '../lib/backend/index.js'
import { execute } from '../lib/cli/main.js'
import { statesOfSteps } from '../lib/evaluate/states.js'
import { answerOf, heads } from '../lib/model/heads.js'
import { disposeModel, initialModel, modelTensors } from '../lib/model/model.js'
import { PUZZLE_TABLE } from '../lib/model/weights.js'
import { assertClose } from './close.js'
import { tinyShape } from './model/tiny.js'
import { recurlab } from './recurlab.js'

const torch = await torchVersion()
const skip = torch === null && 'PyTorch is not in .venv: `recurlab bench think` installs it'

before(async () => {
  await startBackend()
})

test('bench think measures rollouts, their recording, the ladder and a synthetic recording without PyTorch', async () => {
  const { code, stdout, stderr } = await recurlab([
    ...['bench', 'think', 'only=sudoku-pocket,ladder,recording', 'puzzles=1', 'rows=3200', 'rounds=2', 'torch=false'],
    '--json',
  ])
  assert.equal(code, 0, stderr)
  const { machine, works, ladder, recording } = JSON.parse(stdout) as ThinkBench
  assert.equal(machine.torch, null)
  const [work, ...more] = works
  assert.deepEqual(more, [])
  assert.deepEqual([work!.rows, work!.depth, work!.counted], [25, 16, 2])
  assert.deepEqual(Object.keys(work!.seconds), ['think', 'record', 'recursion'])
  assert.deepEqual(Object.keys(work!.ratios), ['record ÷ think', 'think ÷ recursion'])
  assert.ok(work!.rowsPerSecond > 0 && work!.recorderShare > 0 && work!.recorderShare < 1)
  assert.deepEqual([ladder!.puzzles, ladder!.depth], [1, 256])
  assert.ok(ladder!.seconds > 0 && ladder!.processorSeconds > 0)
  assert.equal(recording!.rows, 3200)
  assert.ok(recording!.bytes > 3200 * 10 && recording!.bytes < 3200 * 60, `${recording!.bytes} bytes`)
})

test('a wrong use of bench think is named before anything is measured or installed', async () => {
  const wrong: [string[], RegExp][] = [
    [['only=sudoku-pocked'], /key only.*sudoku-pocket.*ladder, recording.*Did you mean sudoku-pocket\?/s],
    [['batches=5'], /key batches.*Did you mean batch\?/s],
    [['rows=0'], /rows=N, a whole number of 1 or more/],
    [['puzzles=1.5'], /puzzles=N, a whole number of 1 or more/],
    [['sudoku'], /expected no word, found sudoku/],
  ]
  for (const [args, message] of wrong)
    await assert.rejects(execute(['bench', 'think', ...args]), { name: 'UserError', exitCode: 2, message })
})

test("PyTorch's side thinks what Recurlab computes: logits and halting logits after three steps", {
  skip,
  timeout: 180_000,
}, async () => {
  const sizes = { hidden: 16, heads: 2, layers: 2, layersH: 2, expansion: 4, n: 2, T: 2, vocabSize: 7, seqLen: 9 }
  const work: Work = { name: '', title: '', batch: 6, shape: tinyShape({ ...sizes, puzzleDim: 16 }) }
  const model = initialModel(work.shape, 5)
  const peer = torchPeer(1)
  try {
    await peer.ask(setup(work, 'eager', 1))
    const named = [...modelTensors(model)].filter(([name]) => name !== PUZZLE_TABLE)
    await peer.ask({ do: 'load', weights: Object.fromEntries(named.map(([name, { data }]) => [name, [...data]])) })
    const { outputs } = await peer.ask<{ outputs: Record<'logits' | 'q', number[]> }>({
      do: 'outputs',
      supervisionSteps: 3,
    })
    for (const { step, state } of statesOfSteps(model, model.weights, randomBatch(work), 3)) {
      if (step < 3) continue
      const { logits, qHalt } = tf.tidy(() => {
        const made = heads(answerOf(work.shape, state), model.weights, work.shape)
        return { logits: [...made.logits.dataSync()], qHalt: [...made.qHalt.dataSync()] }
      })
      assertClose(outputs.logits, logits, 1e-4)
      assertClose(
        outputs.q.filter((_, i) => i % 2 === 0),
        qHalt,
        1e-4,
      )
    }
  } finally {
    peer.stop()
    disposeModel(model)
  }
})
