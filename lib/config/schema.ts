import { z } from 'zod'
import { isBestMetric } from './best-metric.js'
import type { FunctionRecord, Loss, Mixer } from './functions.js'
import { recursionType } from './recursion-key.js'
import { parseUntil, untilText } from './until.js'

/** Glossary entry of a key, beside its type and default. */
interface FieldMeta {
  /** Symbol in the paper. */
  symbol?: string
  /** Name in the published code's configuration. */
  published?: string
  /** One sentence. */
  description: string
  /** Accepted values in words, when a JSON Schema cannot express them. */
  values?: string
}

/** Range and default belong to each field, so `type` is a bare `z.int()`. */
const field = <T extends z.ZodType>(type: T, meta: FieldMeta): T => type.meta({ ...meta })

const count = z.int().min(1)
const rate = z.number().min(0).max(1)

/**
 * The schema of an experiment, as one flat object. Defaults are those of `sudoku-pocket`, small enough for a laptop,
 * except the recursion (T and n are the paper's), `warmup` and `trainSteps`. Notebooks, the command line and a run's
 * `config.json` use the same keys.
 */
export const configSchema = z.strictObject({
  task: field(z.string().min(1).default('sudoku'), {
    description: 'Task to solve; tokens: a published data set of another task.',
  }),
  data: field(z.string().nullable().default(null), {
    description: 'Folder of a built data set; null: puzzles are generated from the keys below.',
  }),
  box: field(z.enum(['2x2', '2x3', '3x3']).nullable().default(null), {
    description: 'Sudoku box, rows x columns; null: 2x2, a 4×4 grid.',
  }),
  clues: field(z.int().min(1).max(80).nullable().default(null), {
    description:
      'Given digits of a generated Sudoku; null: 5 at 4×4, 14 at 6×6, 27 at 9×9. Given queens of a generated board; null: 1 to 3.',
  }),
  size: field(z.int().min(5).max(64).nullable().default(null), {
    description:
      'Side of a generated maze, or of the board of generated ARC-like tasks; null: 30. Side of a board of queens; null: 8.',
  }),
  minPath: field(z.int().min(2).nullable().default(null), {
    description: 'Minimum cells of a generated maze’s shortest path, including S and G; null: by size, 110 at 30.',
  }),
  versions: field(z.int().min(0).nullable().default(null), {
    published: 'num_aug',
    description: 'Maximum augmented versions of a generated ARC-like task beside itself; null: 10.',
  }),
  trainPuzzles: field(z.int().min(0).nullable().default(null), {
    description: 'Number of base puzzles, or ARC-like tasks, generated for training; null: 200.',
  }),
  testPuzzles: field(z.int().min(0).nullable().default(null), {
    description: 'Number of puzzles or tasks generated for testing; null: 300.',
  }),
  dataSeed: field(z.int().min(0).nullable().default(null), { description: 'Seed of the generated puzzles; null: 0.' }),
  augment: field(
    z
      .union([z.literal('fresh'), z.int().min(0)])
      .nullable()
      .default(null),
    {
      published: 'num_aug',
      description:
        'Augmented versions per training Sudoku beside itself; "fresh" always draws new ones; null: fresh, or as the data set fixes.',
    },
  ),

  model: field(z.enum(['trm', 'hrm', 'direct']).default('trm'), {
    published: 'arch',
    description:
      'trm: Tiny Recursive Model; hrm: Hierarchical Reasoning Model; direct: one network, once per supervision step.',
  }),
  latents: field(z.enum(['two', 'single', 'multi']).nullable().default(null), {
    symbol: 'y, z',
    published: 'arch: trm, trm_singlez, trm_hier6',
    description: 'For trm: two: answer y and latent z; single: z alone; multi: y and z₁ to z_n; null: two.',
  }),
  networks: field(z.enum(['shared', 'separate']).nullable().default(null), {
    symbol: 'f_L, f_H',
    description: 'For trm: shared: one network updates z and y; separate: one each; null: shared.',
  }),
  gradient: field(z.enum(['full', 'one-step']).nullable().default(null), {
    description:
      'For trm: full: through the whole last latent recursion; one-step: through its last updates of z and y; null: full.',
  }),
  recursion: field(recursionType.nullable().default(null), {
    values:
      'a list of updates, a result of recursion(), trm() or hrm(), or null; on the command line a file with one as JSON, e.g. the config.json of a run',
    description:
      'The updates of a supervision step, in place of latents, gradient, T and n, which then have no effect; null: as those keys define.',
  }),
  halting: field(z.enum(['halt', 'continue', 'compare', 'none']).nullable().default(null), {
    published: 'no_ACT_continue',
    description:
      'halt: a row halts on q_halt > 0; continue: on q_halt > q_continue, with the continue loss and its extra forward pass ("w/ ACT"); compare: on q_halt > q_continue, without a continue loss; none: every row takes K steps and there is no halting loss; null: trm halt, hrm continue, direct compare.',
  }),
  mixer: field(z.enum(['mlp', 'attention']).default('mlp'), {
    published: 'mlp_t',
    description: 'Token mixer: an MLP over the L axis, or self-attention; in a notebook also a custom Mixer.',
  }),
  hidden: field(z.int().min(1).max(16384).default(64), {
    symbol: 'D',
    published: 'hidden_size',
    description: 'Hidden size.',
  }),
  heads: field(count.default(4), { symbol: 'h', published: 'num_heads', description: 'Attention heads.' }),
  layers: field(z.int().min(1).max(64).default(2), {
    published: 'L_layers',
    description: 'Blocks in the network; for hrm and separate networks, in the one for z (f_L).',
  }),
  layersH: field(z.int().min(1).max(64).nullable().default(null), {
    published: 'H_layers',
    description: 'Blocks in the network for y (f_H), for hrm and separate networks; null: layers.',
  }),
  expansion: field(z.number().min(0.01).max(64).default(4), {
    published: 'expansion',
    description: 'SwiGLU expansion; the inner width is a multiple of 256.',
  }),
  positions: field(z.enum(['rope', 'learned', 'none']).nullable().default(null), {
    published: 'pos_encodings',
    description: 'Position encoding; null: rope for attention, none for the MLP.',
  }),
  puzzleTokens: field(z.int().min(0).max(1024).default(0), {
    symbol: 'P',
    published: 'puzzle_emb_len',
    description:
      'Puzzle-embedding tokens before the puzzle; 0, and always for hrm and direct: as many as puzzleDim needs.',
  }),
  puzzleDim: field(z.int().min(0).nullable().default(null), {
    published: 'puzzle_emb_ndim',
    description: 'Width of a puzzle-embedding row; null: hidden; 0: no puzzle embedding.',
  }),
  T: field(z.int().min(1).max(1000).nullable().default(null), {
    symbol: 'T',
    published: 'H_cycles',
    description: 'Latent recursions in a supervision step, the last with gradient; null: trm 3, hrm 2; direct has one.',
  }),
  n: field(z.int().min(1).max(1000).nullable().default(null), {
    symbol: 'n',
    published: 'L_cycles',
    description: 'Updates of z in a latent recursion, before the one of y; null: trm 6, hrm 2; direct has none.',
  }),
  K: field(z.int().min(1).max(100_000).default(8), {
    symbol: 'N_sup',
    published: 'halt_max_steps',
    description: 'Maximum supervision steps on one puzzle; evaluation takes exactly that many.',
  }),
  haltExploration: field(rate.nullable().default(null), {
    published: 'halt_exploration_prob',
    description: 'Probability that a row must continue for a random number of steps before it may halt; null: 0.1.',
  }),
  loss: field(z.enum(['stablemax', 'softmax']).default('stablemax'), {
    published: 'loss_type',
    description: 'Function from logits to probabilities in the cross-entropy; in a notebook also a custom Loss.',
  }),

  batch: field(count.default(64), {
    symbol: 'B',
    published: 'global_batch_size',
    description: 'Batch size: rows in a supervision step.',
  }),
  microBatch: field(z.union([z.literal('auto'), count]).default('auto'), {
    description:
      'Micro-batch size: rows computed at a time, their gradients summed over the batch; auto: the whole batch, or as many rows as fit into memory; with estimate: false always the whole batch.',
  }),
  dtype: field(z.enum(['auto', 'float32', 'bfloat16']).default('auto'), {
    published: 'forward_dtype',
    description:
      'Data type of the blocks’ products; sums, weights, losses and the optimiser are float32, and bfloat16 has its range, so there is no loss scale. auto: bfloat16 if the processor has matrix units for it (AMX), else float32.',
  }),
  trainSteps: field(count.nullable().default(null), {
    description: 'Length of the run in optimiser steps; null with epochs, else 300.',
  }),
  epochs: field(count.nullable().default(null), {
    published: 'epochs',
    description: 'Length of the run in passes over the base puzzles, instead of trainSteps.',
  }),
  patience: field(count.nullable().default(null), {
    description:
      'Number of evaluations in a row without a better bestMetric after which the run ends; null: no such end.',
  }),
  until: field(
    z
      .string()
      .refine((text) => parseUntil(text) !== null, 'a metric, a comparison and a number, e.g. test.exact >= 0.9')
      .overwrite(untilText)
      .nullable()
      .default(null),
    {
      values: 'METRIC >= NUMBER, or with >, <= or <, or null',
      description:
        'Condition that ends the run, on a metric of the evaluations or of each step, e.g. train.loss < 0.1; null: none.',
    },
  ),
  maxSeconds: field(z.number().gt(0).nullable().default(null), {
    description: 'Seconds of training, without evaluations and over all resumptions, that end the run; null: no limit.',
  }),
  evalEvery: field(count.default(50), {
    published: 'eval_interval',
    description: 'Interval between evaluations in steps; in epochs when the length is given in epochs.',
  }),
  evalBatch: field(count.default(150), { description: 'Puzzles evaluated at once.' }),
  evalVersions: field(count.nullable().default(null), {
    description: 'Maximum versions of each test puzzle that are evaluated (ARC: and vote), itself first; null: all.',
  }),
  carryVotes: field(z.boolean().default(false), {
    published: 'aggregated_voting',
    description: 'ARC: whether votes of earlier evaluations count too, as in the published code.',
  }),
  evalSupervisionSteps: field(count.nullable().default(null), {
    description: 'Supervision steps in evaluation; null: K.',
  }),
  evalWeights: field(z.enum(['ema', 'live', 'both']).nullable().default(null), {
    description:
      'Weights that evaluations along the run take, told in their column weights; both: results are those of the EMA; null: the EMA, without it the live ones.',
  }),
  bestMetric: field(
    z
      .string()
      .refine(isBestMetric, 'a metric of the evaluations, e.g. test.exact or min test.NAME')
      .nullable()
      .default(null),
    {
      values: 'METRIC, max METRIC or min METRIC, or null',
      description: 'Metric of the evaluations by which the best checkpoint is chosen and kept; null: max test.exact.',
    },
  ),
  evalHalt: field(z.boolean().default(false), {
    description: 'Whether the halting head ends a puzzle early in evaluation; false: all steps, as published.',
  }),
  notFinite: field(z.enum(['stop', 'skip']).default('stop'), {
    description:
      'stop: a step that computes NaN or infinity ends the run, which has failed; skip: the step makes no update, and is counted in skippedUpdates.',
  }),
  maxSkips: field(count.default(10), {
    description: 'With notFinite=skip: skipped updates in a row after which the next one ends the run.',
  }),
  checkpointEvery: field(count.default(50), { description: 'Steps between checkpoints of the whole state.' }),
  keepEvery: field(count.nullable().default(null), {
    description:
      'Interval in steps of checkpoints that are kept for good, beside the last two and the best evaluated one; null: none.',
  }),
  logEvery: field(count.default(1), { description: 'Steps between records of the training metrics.' }),

  optimizer: field(z.enum(['adamatan2', 'adamw']).default('adamatan2'), {
    description: 'adamatan2 as in the published code, adamw as in the paper’s text.',
  }),
  lr: field(z.number().min(0).max(10).default(2e-3), { published: 'lr', description: 'Peak learning rate.' }),
  warmup: field(z.int().min(0).default(0), { published: 'lr_warmup_steps', description: 'Steps of linear warm-up.' }),
  lrMinRatio: field(rate.default(1), {
    published: 'lr_min_ratio',
    description: 'Final learning rate of the cosine schedule, as a fraction of lr; 1 keeps the rate constant.',
  }),
  beta1: field(rate.default(0.9), { symbol: 'β₁', published: 'beta1', description: 'Decay of the first moment.' }),
  beta2: field(rate.default(0.95), { symbol: 'β₂', published: 'beta2', description: 'Decay of the second moment.' }),
  weightDecay: field(z.number().min(0).max(100).default(0.1), {
    published: 'weight_decay',
    description: 'Decoupled weight decay.',
  }),
  puzzleLr: field(z.number().min(0).max(10).nullable().default(null), {
    published: 'puzzle_emb_lr',
    description: 'Learning rate of the puzzle embedding; null: lr.',
  }),
  puzzleWeightDecay: field(z.number().min(0).max(100).nullable().default(null), {
    published: 'puzzle_emb_weight_decay',
    description: 'Weight decay of the puzzle embedding; null: weightDecay.',
  }),
  ema: field(z.number().min(0).max(0.999999).default(0.98), {
    symbol: 'μ',
    published: 'ema_rate',
    description: 'Decay of the exponential moving average of the weights, which evaluation uses; 0: none.',
  }),
  freeze: field(z.boolean().default(false), {
    published: 'freeze_weights',
    description: 'Whether only the puzzle embedding is trained.',
  }),
  seed: field(z.int().min(0).default(0), {
    published: 'seed',
    description: 'Seed of weights, order, augmentations and exploration.',
  }),
})

type Checked = z.infer<typeof configSchema>
type Written = z.input<typeof configSchema>

/** Functions that a key accepts beside the names in its schema. */
interface Functions {
  readonly mixer: Mixer
  readonly loss: Loss
}

/** A complete, checked experiment; functions are represented by their records, so that it is plain JSON. */
export type Config = { [K in keyof Checked]: K extends keyof Functions ? Checked[K] | FunctionRecord : Checked[K] }

/** An experiment as a user writes it: any subset of keys; the others take their defaults. */
export type ConfigInput = {
  [K in keyof Written]: K extends keyof Functions ? Written[K] | Functions[K] | FunctionRecord : Written[K]
}

/** A key of the configuration. */
export type ConfigKey = keyof Config
