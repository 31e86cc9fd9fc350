import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { evaluateRun, sudoku } from '../../lib/index.js'
import { readWeightsFile, shapeOfWeights } from '../../lib/interop/weights-file.js'
import { configuredShape } from '../../lib/model/configured.js'
import { type HostTensor, initialTensors } from '../../lib/model/weights.js'
import { assemble, int, tensor, text, torchFile } from '../files/assemble.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-eqr-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** EqR's layout in small: an MLP over a 4×4 Sudoku, no puzzle embedding, no initial latents. */
const EQR: ConfigInput = {
  mixer: 'mlp',
  hidden: 8,
  heads: 2,
  layers: 1,
  T: 3,
  n: 6,
  K: 16,
  puzzleDim: 0,
  puzzleTokens: 0,
}
const shape = configuredShape(resolveConfig(parseConfig(EQR)), { vocabSize: 6, seqLen: 16, puzzleIdentifiers: 1 })

function tensorsOf(seed: number): [string, HostTensor][] {
  return [...initialTensors(shape, seed)].filter(([name]) => !name.endsWith('_init'))
}

const dict = (items: readonly (readonly [string, Uint8Array])[]): Buffer =>
  assemble('}(', ...items.flatMap(([name, value]) => [text(name), value]), 'u')

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9, 'G')
  bytes.writeDoubleBE(value, 1)
  return bytes
}

const TRUE = Buffer.from('\x88', 'latin1')
const FALSE = Buffer.from('\x89', 'latin1')

function arch(more: readonly (readonly [string, Uint8Array])[] = []): Buffer {
  return dict([
    ['name', text('eqr@EqRModel')],
    ['loss', dict([['loss_type', text('stablemax_cross_entropy')]])],
    ['H_cycles', int(3)],
    ['L_cycles', int(6)],
    ['H_layers', int(0)],
    ['L_layers', int(1)],
    ['hidden_size', int(8)],
    ['num_heads', int(2)],
    ['expansion', int(4)],
    ['pos_encodings', text('none')],
    ['board_height', int(4)],
    ['board_width', int(4)],
    ['halt_max_steps', int(16)],
    ['forward_dtype', text('bfloat16')],
    ['mlp_t', TRUE],
    ['lambda_', double(0.95)],
    ['noise_scale', double(0.01)],
    ['H_init_std', double(1)],
    ['L_init_std', double(1)],
    ...more,
  ])
}

/** A checkpoint as EqR's trainer saves it: live weights, their EMA, and the configuration. */
function checkpoint(name: string, eqr = arch()): string {
  const storages: Record<string, Uint8Array> = {}
  const state = (seed: number): Buffer =>
    dict(
      tensorsOf(seed).map(([name, { shape, data }]) => {
        const key = String(Object.keys(storages).length)
        storages[key] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        return [`_orig_mod.model.inner.${name}`, tensor({ key, shape })] as const
      }),
    )
  const all = dict([
    ['step', int(65_100)],
    ['model', state(1)],
    [
      'config',
      dict([
        ['arch', eqr],
        ['ema', TRUE],
        ['epochs', int(50_000)],
        ['load_strict', FALSE],
      ]),
    ],
    [
      'ema',
      dict([
        ['mu', double(0.999)],
        ['shadow', state(2)],
      ]),
    ],
  ])
  const file = path.join(folder, name)
  writeFileSync(file, torchFile(assemble('\x80\x02', all, '.'), storages))
  return file
}

test('a checkpoint of EqR is read with its EMA, its own configuration, no puzzle prefix and initial latents of zeros', async () => {
  const read = await readWeightsFile(checkpoint('eqr.pth'))
  assert.deepEqual([read.weights, read.step, read.sizes.seqLen], ['ema', 65_100, 16])
  const { model, latents, mixer, T, n, K, puzzleDim, puzzleTokens } = read.config
  assert.deepEqual({ model, latents, mixer, T, n, K, puzzleDim, puzzleTokens }, { ...EQR_READ })
  assert.deepEqual(shapeOfWeights(read), shape)
  const average = new Map(tensorsOf(2))
  for (const [name, { data }] of average) assert.deepEqual(read.tensors.get(name)?.data, data, name)
  for (const name of ['H_init', 'L_init']) assert.deepEqual(read.tensors.get(name)?.data, new Float32Array(8))
  const notes = read.notes.join('\n')
  assert.match(
    notes,
    /EqR \(lambda_ 0\.95, noise_scale 0\.01, .*\): a net call is h ← \(1−λ\)·h \+ λ·net\(h\) \+ noise there/,
  )
  assert.match(notes, /no initial latents in the file: EqR draws them at random for every puzzle/)
})

const EQR_READ = {
  model: 'trm',
  latents: 'two',
  mixer: 'mlp',
  T: 3,
  n: 6,
  K: 16,
  puzzleDim: 0,
  puzzleTokens: 0,
} as const

test('the live weights of an EqR checkpoint are those under "model"', async () => {
  const read = await readWeightsFile(checkpoint('live.pth'), { weights: 'live' })
  const live = new Map(tensorsOf(1))
  assert.deepEqual(read.tensors.get('lm_head.weight')?.data, live.get('lm_head.weight')?.data)
  assert.equal(read.weights, 'live')
})

test("keys of a puzzle embedding in EqR's configuration mean nothing, as its model has none", async () => {
  const file = checkpoint(
    'prefix.pth',
    arch([
      ['puzzle_emb_len', int(16)],
      ['puzzle_emb_ndim', int(8)],
    ]),
  )
  const { config } = await readWeightsFile(file)
  assert.deepEqual([config.puzzleTokens, config.puzzleDim], [0, 0])
})

test('weights of EqR are evaluated without a puzzle prefix', async () => {
  const data = await sudoku({ box: '2x2', clues: 6, train: 2, test: 3, seed: 0 })
  const { evaluation } = await evaluateRun(checkpoint('evaluated.pth'), { data, supervisionSteps: 2, dtype: 'float32' })
  assert.deepEqual([evaluation.puzzles, evaluation.scoredCells], [3, 48])
})
