import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { setFast } from '../../lib/backend/kernels.js'
import { NOTHING_SPENT } from '../../lib/backend/spent.js'
import { recordFunction } from '../../lib/config/functions.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import { UserError } from '../../lib/errors.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { newBatchesAhead, stepOptions } from '../../lib/experiment/run/resolve.js'
import { continueSession } from '../../lib/experiment/run/session.js'
import { float32Tensors } from '../../lib/files/safetensors.js'
import { type Dataset, type Loss, sudoku, tf as tensors } from '../../lib/index.js'
import { configuredShape } from '../../lib/model/configured.js'
import { initialModel } from '../../lib/model/model.js'
import { publishedLatent } from '../../lib/model/shape.js'
import type { Random } from '../../lib/random.js'
import { createRun, loadCheckpoint, openRun, saveCheckpoint } from '../../lib/results/run.js'
import { restoreSnapshot, type Snapshot, takeSnapshot } from '../../lib/train/snapshot.js'
import { initialState, type TrainingState } from '../../lib/train/step.js'
import { Trainer } from '../../lib/train/trainer.js'
import { trials } from '../trials.js'

let folder = ''
let data: Dataset
before(async () => {
  await startBackend()
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-not-finite-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 40, test: 4, seed: 3 })
})
after(() => rmSync(folder, { recursive: true, force: true }))

const STEPS = 8
const SAVE_EVERY = 3
/** Updates that may be skipped in a row. */
const SKIPS = 2

/** The number that spoils the custom loss's value or gradient in the step that is being made; else null. */
let spoilt: { readonly part: 'value' | 'gradient'; readonly number: number } | null = null

/** The cross-entropy of softmax, spoilt on demand. */
const fragile: Loss = (logits, labels) => {
  const right = tensors.oneHot(tensors.cast(tensors.maximum(labels, 0), 'int32'), logits.shape[2])
  const loss = tensors.neg(tensors.sum(tensors.mul(tensors.logSoftmax(logits), right), -1))
  if (spoilt === null) return loss
  const { part, number } = spoilt
  if (part === 'value') return tensors.add(loss, number)
  return tensors.customGrad((x: unknown) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tensors.mul(dy, number),
  }))(loss)
}

/** Where a number goes wrong. */
const PLACES = [
  'value',
  'gradient',
  'weight',
  'first moment',
  'second moment',
  'EMA',
  'puzzle row',
  'latent',
  'logits',
  'update',
] as const
type Place = (typeof PLACES)[number]

interface Case {
  readonly place: Place
  readonly number: number
  readonly notFinite: 'stop' | 'skip'
  readonly mixer: 'mlp' | 'attention'
  readonly optimizer: 'adamatan2' | 'adamw'
  readonly dtype: 'auto' | 'float32'
  readonly fast: boolean
  readonly puzzleDim: number
  readonly microBatch: number
}

/** Every place, number and answer, on configurations that take turns. */
function allCases(): Case[] {
  const cases: Case[] = []
  for (const place of PLACES)
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const notFinite of ['stop', 'skip'] as const)
        for (let i = 0; i < 8; i++) {
          const bit = (n: number): boolean => ((cases.length * 5 + i) >> n) % 2 === 1
          cases.push({
            ...{ place, number, notFinite, fast: (i & 1) === 0, mixer: (i & 2) === 0 ? 'mlp' : 'attention' },
            optimizer: (i & 4) === 0 ? 'adamatan2' : 'adamw',
            dtype: bit(3) ? 'auto' : 'float32',
            puzzleDim: place === 'puzzle row' || bit(2) ? 16 : 0,
            microBatch: bit(4) ? 3 : 8,
          })
        }
  return cases
}

function newSession(one: Case) {
  const { place, number: _, fast: __, ...keys } = one
  const config = parseConfig({
    ...{ ...keys, hidden: 16, heads: 2, expansion: 1, layers: 1, T: 1, n: 1, K: 3, batch: 8, trainSteps: STEPS },
    ...{ evalEvery: STEPS, evalBatch: 4, checkpointEvery: SAVE_EVERY, maxSkips: SKIPS, weightDecay: 0.1, ema: 0.9 },
    loss: place === 'value' || place === 'gradient' ? recordFunction('loss', fragile) : 'stablemax',
  })
  const resolved = resolveConfig(config)
  const state = initialState(initialModel(configuredShape(resolved, data.manifest), 0), config.batch, config.ema, 0)
  const run = createRun({ resultsDir: folder, config, provenance: {}, trainSteps: STEPS })
  const sampler = newBatchesAhead(resolved, data)
  saveCheckpoint(run, takeSnapshot(state, sampler.state(), NOTHING_SPENT))
  const options = stepOptions(resolved, STEPS, config.microBatch as number)
  const schedule = { ...options.schedule }
  const trainer = new Trainer({ options: { ...options, schedule }, sampler, state })
  return { session: { data, work: runWork(config, data), trainer, run, evaluatedAt: 0 }, schedule }
}

function spoilOne(tensor: tf.Tensor, number: number, random: Random): tf.Tensor {
  const numbers = Float32Array.from(tensor.dataSync())
  numbers[random.int(numbers.length)] = number
  return tf.tensor(numbers, tensor.shape as number[])
}

/** Replaces one number of a random tensor of a state; returns the name of the tensor. */
function spoilState(state: TrainingState, place: Place, number: number, random: Random): string {
  const { model, optimizer, ema, carry } = state
  const replaced = (all: Readonly<Record<string, tf.Tensor>>): [string, Record<string, tf.Tensor>] => {
    const names = Object.keys(all)
    const name = names[random.int(names.length)]!
    const next = spoilOne(all[name]!, number, random)
    all[name]!.dispose()
    return [name, { ...all, [name]: next }]
  }
  if (place === 'weight') {
    const [name, weights] = replaced(model.weights)
    Object.assign(model, { weights })
    return name
  }
  if (place === 'first moment' || place === 'second moment') {
    const which = place === 'first moment' ? 'm' : 'v'
    const [name, moments] = replaced(optimizer[which])
    state.optimizer = { ...optimizer, [which]: moments }
    return `adam.${which}/${name}`
  }
  if (place === 'EMA') {
    const [name, weights] = replaced(ema!)
    state.ema = weights
    return `ema/${name}`
  }
  if (place === 'latent') {
    const [name, latents] = replaced(carry.state)
    state.carry = { ...carry, state: latents as typeof carry.state, halted: new Uint8Array(carry.halted.length) }
    return `carry/${publishedLatent(name)} before the step`
  }
  if (place === 'logits') {
    const head = model.weights['lm_head.weight']!
    const weights = { ...model.weights, 'lm_head.weight': tf.tidy(() => tf.mul(tf.sign(head), 3e38)) }
    head.dispose()
    Object.assign(model, { weights })
    return 'the logits'
  }
  // Every row, so that the batch reads one.
  model.puzzleTable.fill(number)
  return 'puzzle_emb.weights'
}

/** Returns the part of a snapshot that a skipped step leaves as it is. */
function kept({ tensors, state }: Snapshot): object {
  const arrays = [...tensors].filter(([name]) => !name.startsWith('carry/'))
  return {
    tensors: arrays.map(([name, { data }]) => [name, data.slice()]),
    updates: state.updates,
    exploration: state.exploration,
  }
}

async function attempt(one: Case, { random }: { readonly random: Random }): Promise<void> {
  const { place, number, notFinite } = one
  const { numTensors } = tf.memory()
  const { session, schedule } = newSession(one)
  const { trainer, run } = session
  const { state } = trainer
  // No checkpoint is due between the fault and the step that meets it.
  const steps = place === 'logits' ? [2, 3, 5] : [2, 3, 5, 6, 8]
  const step = steps[random.int(steps.length)]!
  const [lr, shape] = [schedule.lr, state.model.shape]
  let name: string | null = null
  let before: object | null = null
  const notes: string[] = []
  const onStep = ({ step: done }: { readonly step: number }): void => {
    if (done === step && before) assert.deepEqual(kept(trainer.snapshot()), before)
    before = null
    spoilt = null
    schedule.lr = lr
    if (done !== step - 1) return
    if (place === 'value' || place === 'gradient') spoilt = { part: place, number }
    else if (place === 'update') schedule.lr = 1e39
    else name = spoilState(state, place, number, random)
    const isOnce = ['value', 'gradient', 'latent', 'update'].includes(place)
    if (isOnce && notFinite === 'skip') before = kept(trainer.snapshot())
  }
  const isHealed = notFinite === 'skip' && ['value', 'gradient', 'latent', 'update'].includes(place)
  setFast(one.fast)
  try {
    const work = continueSession(session, { estimate: false, observer: { onStep, onNote: (text) => notes.push(text) } })
    if (isHealed) assert.equal(await work, 'finished')
    else
      await assert.rejects(work, (error: Error) => {
        assert.ok(error instanceof UserError, error.stack)
        // A finite state whose logits overflow is tried again as often as skipping is allowed.
        const fails = place === 'logits' && notFinite === 'skip' ? step + SKIPS : step
        assert.match(error.message, new RegExp(`^run \\S+, step ${fails} of ${STEPS}, lr `))
        assert.ok(name === null || error.message.includes(` in ${name} (`), error.message)
        const shown = ['logits', 'update', 'gradient'].includes(place) ? '(NaN|-?Infinity)' : String(number)
        assert.match(error.message, new RegExp(`found .*${shown}`))
        assert.match(error.message, /train\.loss \d/)
        const saved = SAVE_EVERY * Math.floor((fails - 1) / SAVE_EVERY)
        assert.match(error.message, new RegExp(`its last checkpoint is of step ${saved}\\.`))
        assert.equal(openRun(run.id, folder).status.checkpoint, saved)
        return true
      })
  } finally {
    spoilt = null
    setFast(true)
  }
  const record = openRun(run.id, folder)
  assert.equal(record.state, isHealed ? 'finished' : 'failed')
  const { metrics, evaluations } = loadRun(run.id, folder)
  for (const row of [...metrics, ...evaluations])
    for (const value of Object.values(row)) assert.ok(typeof value !== 'number' || Number.isFinite(value))
  if (isHealed) {
    assert.deepEqual([metrics.at(-1)!.skippedUpdates, evaluations.at(-1)!.skippedUpdates], [1, 1])
    assert.equal(metrics[step - 1]!['train.gradientNorm'], null)
    assert.match(notes.join('\n'), new RegExp(`^step ${step} makes no update: .*(NaN|Infinity)`, 'm'))
  }
  const { tensors: stored, state: json } = loadCheckpoint(record)
  const restored = restoreSnapshot(shape, float32Tensors(stored), json)
  for (const [tensor, { data }] of float32Tensors(stored)) assert.ok(data.every(Number.isFinite), tensor)
  tf.dispose([
    restored.state.carry.state,
    restored.state.optimizer.m,
    restored.state.optimizer.v,
    restored.state.ema ?? {},
  ])
  restored.state.model.dispose()
  assert.equal(tf.memory().numTensors, numTensors, 'tensors are left')
  rmSync(record.dir, { recursive: true, force: true })
}

test(
  ...trials(
    'NaN or infinity anywhere in a step stops the run there by name, or skips the update as configured',
    { cases: allCases, sample: 48 },
    attempt,
  ),
)
