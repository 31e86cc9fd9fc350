import type { ConfigInput } from './schema.js'

/** A named configuration with its source. */
export interface Preset {
  readonly summary: string
  readonly config: ConfigInput
}

/** Settings common to all published TRM commands. */
export const trmPaper = {
  model: 'trm',
  hidden: 512,
  heads: 8,
  layers: 2,
  expansion: 4,
  puzzleTokens: 16,
  puzzleDim: 512,
  T: 3,
  K: 16,
  haltExploration: 0.1,
  batch: 768,
  evalBatch: 768,
  checkpointEvery: 500,
  logEvery: 10,
  lr: 1e-4,
  warmup: 2000,
  lrMinRatio: 1,
  ema: 0.999,
} as const satisfies ConfigInput

/** The published HRM: two stacks of 4 layers, no EMA. */
export const hrmModel = {
  model: 'hrm',
  mixer: 'attention',
  layers: 4,
  T: 2,
  n: 2,
  puzzleTokens: 0,
  ema: 0,
} as const satisfies ConfigInput

/** Settings common to the published HRM commands. */
export const hrmPaper = { ...trmPaper, ...hrmModel } as const satisfies ConfigInput

/** The paper's "direct pred" row: 8 layers, no recursion, one supervision step; otherwise trained as HRM. */
export const directPaper = {
  ...hrmPaper,
  model: 'direct',
  layers: 8,
  T: 1,
  n: null,
  K: 1,
} as const satisfies ConfigInput
