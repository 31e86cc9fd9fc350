import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { fromPublishedConfig } from '../../lib/interop/published-config.js'
import { type PublishedModel, RENAMED } from '../../lib/interop/published-keys.js'
import { preset } from '../../lib/tasks/presets.js'

const trm: PublishedModel = { model: 'trm', latents: 'two' }

/** The published repository's commands, as `all_config.yaml` keeps them. */
const training = {
  epochs: 50000,
  eval_interval: 5000,
  checkpoint_every_eval: true,
  global_batch_size: 768,
  lr: 1e-4,
  lr_min_ratio: 1,
  lr_warmup_steps: 2000,
  beta1: 0.9,
  beta2: 0.95,
  weight_decay: 1,
  puzzle_emb_weight_decay: 1,
  puzzle_emb_lr: 1e-4,
  seed: 0,
  min_eval_interval: 0,
  ema: true,
  ema_rate: 0.999,
  freeze_weights: false,
}
const arch = {
  name: 'recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1',
  loss: { name: 'losses@ACTLossHead', loss_type: 'stablemax_cross_entropy' },
  halt_exploration_prob: 0.1,
  halt_max_steps: 16,
  H_cycles: 3,
  L_cycles: 6,
  H_layers: 0,
  L_layers: 2,
  hidden_size: 512,
  num_heads: 8,
  expansion: 4,
  puzzle_emb_ndim: 512,
  pos_encodings: 'none',
  forward_dtype: 'bfloat16',
  mlp_t: true,
  puzzle_emb_len: 16,
  no_ACT_continue: true,
}

test('the published command for Sudoku with the MLP is the preset sudoku-paper', () => {
  const { config, notes } = fromPublishedConfig(
    { ...training, arch, data_paths: ['data/sudoku-extreme-1k-aug-1000'] },
    trm,
    'x',
  )
  const paper = preset('sudoku-paper')
  for (const [key, value] of Object.entries(parseConfig(config)))
    if (!['data', 'augment', 'evalBatch', 'checkpointEvery', 'logEvery'].includes(key))
      assert.deepEqual(value ?? undefined, effective(key, parseConfig(paper)), key)
  assert.deepEqual(notes, [])
})

/** Keys that the preset leaves at their default, which the published configuration spells out. */
function effective(key: string, config: ReturnType<typeof parseConfig>): unknown {
  if (key === 'latents') return config.latents ?? 'two'
  if (key === 'halting') return config.halting ?? 'halt'
  return config[key as keyof typeof config] ?? undefined
}

test('HRM’s and the baseline’s configurations are those of their presets', () => {
  const { puzzle_emb_len: _P, no_ACT_continue: _A, mlp_t: _M, ...shared } = arch
  const hrm = fromPublishedConfig(
    {
      arch: {
        ...shared,
        name: 'recursive_reasoning.hrm@H',
        H_layers: 4,
        L_layers: 4,
        H_cycles: 2,
        L_cycles: 2,
        pos_encodings: 'rope',
      },
    },
    { model: 'hrm', latents: 'two' },
    'x',
  )
  assert.deepEqual(hrm.assumed, {})
  const { model, layers, layersH, T, n, K, puzzleTokens, latents } = hrm.config
  assert.deepEqual(
    [model, layers, layersH, T, n, K, puzzleTokens, latents],
    ['hrm', 4, 4, 2, 2, 16, undefined, undefined],
  )
  const { L_layers: _L, L_cycles: _n, ...only } = shared
  const direct = fromPublishedConfig(
    {
      arch: {
        ...only,
        name: 'recursive_reasoning.transformers_baseline@Model_ACTV2',
        H_layers: 8,
        H_cycles: 1,
        act_enabled: true,
      },
    },
    { model: 'direct', latents: 'single' },
    'x',
  )
  assert.deepEqual(
    [direct.config.model, direct.config.layers, direct.config.T, direct.config.n],
    ['direct', 8, undefined, undefined],
  )
  for (const { config } of [hrm, direct]) assert.ok(parseConfig({ mixer: 'attention', ...config }))
})

test('every key that is not known is named, with its value', () => {
  const source = { ...arch, arch_seed: 7, supervision_curriculum: true, H_layers: 3, ema_rate: null }
  const { notes, config } = fromPublishedConfig(source, trm, 'x')
  assert.deepEqual(
    notes.slice(0, 3).map((note) => note.split(':')[0]),
    ['name', 'loss', 'arch_seed'],
  )
  assert.ok(notes.includes('supervision_curriculum: true is unknown and ignored'))
  assert.ok(notes.includes('H_layers: 3 has no effect on this model and is ignored'))
  assert.equal(config.ema, undefined)
})

test('without an average, ema_rate says nothing', () => {
  assert.equal(fromPublishedConfig({ hidden_size: 8, ema: false, ema_rate: 0.999 }, trm, 'x').config.ema, 0)
  assert.equal(fromPublishedConfig({ hidden_size: 8, ema: true, ema_rate: 0.99 }, trm, 'x').config.ema, 0.99)
})

test('the task is told by the folder of the data', () => {
  for (const [folder, task] of [
    ['data/arc1concept-aug-1000', 'arc'],
    ['/home/x/maze-30x30-hard-1k', 'maze'],
    ['data/sudoku-extreme-1k-aug-1000', 'sudoku'],
    ['data/queens-8', 'queens'],
    ['data/something-sudoku', undefined],
  ])
    assert.equal(fromPublishedConfig({ hidden_size: 8, data_paths: [folder] }, trm, 'x').config.task, task)
})

test('a trainer that was not told to average did not, and a model alone says nothing of it', () => {
  const { ema: _, ema_rate: __, ...untold } = training
  assert.equal(parseConfig(fromPublishedConfig({ arch, ...untold }, trm, 'c').config).ema, 0)
  assert.equal(parseConfig(fromPublishedConfig({ arch, ...training }, trm, 'c').config).ema, 0.999)
  assert.equal(fromPublishedConfig({ arch }, trm, 'c').config.ema, undefined)
})

test('the published keys that are only renamed are those of the glossary', () => {
  assert.deepEqual(
    [...RENAMED].map(([published, key]) => `${published}=${key}`).sort(),
    'beta1=beta1 beta2=beta2 ema_rate=ema epochs=epochs eval_interval=evalEvery expansion=expansion freeze_weights=freeze global_batch_size=batch halt_exploration_prob=haltExploration halt_max_steps=K hidden_size=hidden lr=lr lr_min_ratio=lrMinRatio lr_warmup_steps=warmup num_heads=heads pos_encodings=positions puzzle_emb_lr=puzzleLr puzzle_emb_ndim=puzzleDim puzzle_emb_weight_decay=puzzleWeightDecay seed=seed weight_decay=weightDecay'.split(
      ' ',
    ),
  )
})
