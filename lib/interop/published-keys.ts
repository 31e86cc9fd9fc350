import { configGlossary } from '../config/glossary.js'
import type { ConfigKey } from '../config/schema.js'

/** Sizes that the published configuration contains and Recurlab takes from the data set. */
export interface DataSizes {
  readonly seqLen?: number
  readonly vocabSize?: number
  readonly puzzleIdentifiers?: number
}

/** The published model, determined by the tensors; the configuration must agree. */
export interface PublishedModel {
  readonly model: 'trm' | 'hrm' | 'direct'
  readonly latents: 'two' | 'single' | 'multi'
}

export const SIZES: ReadonlyMap<string, keyof DataSizes> = new Map([
  ['num_puzzle_identifiers', 'puzzleIdentifiers'],
  ['seq_len', 'seqLen'],
  ['vocab_size', 'vocabSize'],
])

/** Constants of the published code without a Recurlab key: another value means another model. */
export const FIXED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['causal', false],
  ['rms_norm_eps', 1e-5],
  ['rope_theta', 10000],
])

/** Switches of the published code without a Recurlab key, with their usual values. */
export const USUAL: ReadonlyMap<string, unknown> = new Map([
  ['act_enabled', true],
  ['act_inference', false],
])

/** Keys about files, names and reports, or about one machine's share of a batch. */
export const IRRELEVANT = new Set([
  'batch_size',
  'board_height',
  'board_width',
  'checkpoint_every_eval',
  'checkpoint_path',
  'data_paths_test',
  'eval_save_outputs',
  'evaluators',
  'load_checkpoint',
  'min_eval_interval',
  'project_name',
  'run_name',
])

/** Keys whose meaning depends on the model or differs from Recurlab's. */
export const SPECIAL = new Set([
  'H_cycles',
  'H_layers',
  'L_cycles',
  'L_layers',
  'data_paths',
  'ema',
  'forward_dtype',
  'loss_type',
  'mlp_t',
  'no_ACT_continue',
  'puzzle_emb_len',
])

/** Published names of keys that the published training configuration stores in another form. */
const ELSEWHERE = new Set(['aggregated_voting', 'arch', 'num_aug'])

/** Published keys that map to one Recurlab key with the same value in every model, as in the glossary. */
export const RENAMED: ReadonlyMap<string, ConfigKey> = new Map(
  configGlossary()
    .filter(({ published }) => /^\w+$/.test(published) && !SPECIAL.has(published) && !ELSEWHERE.has(published))
    .map(({ key, published }) => [published, key]),
)

/**
 * Keys of EqR's training alone: its net call keeps 1 − λ of the state and adds noise, and its initial latents are drawn.
 * `recurlab eval` computes the plain call.
 */
export const EQR_ONLY = ['lambda_', 'noise_scale', 'H_init_std', 'L_init_std'] as const

/** Keys of a puzzle embedding, which EqR's configuration may repeat from TRM's, though its model has none. */
export const EQR_UNUSED = ['puzzle_emb_len', 'puzzle_emb_ndim', 'num_puzzle_identifiers'] as const

/** Modules of the published code by the name in `arch.name`, `recursive_reasoning.MODULE@CLASS`, and EqR's. */
export const MODULES: Readonly<Record<string, PublishedModel>> = {
  trm: { model: 'trm', latents: 'two' },
  trm_singlez: { model: 'trm', latents: 'single' },
  trm_hier6: { model: 'trm', latents: 'multi' },
  eqr: { model: 'trm', latents: 'two' },
  hrm: { model: 'hrm', latents: 'two' },
  hrm_act_v1: { model: 'hrm', latents: 'two' },
  transformers_baseline: { model: 'direct', latents: 'single' },
}
