import { UserError } from '../errors.js'
import { nearest } from './nearest.js'
import type { ConfigInput } from './schema.js'

/** A named configuration and where it comes from. */
export interface Preset {
  readonly summary: string
  readonly config: ConfigInput
}

/** The published repository's command for Sudoku-Extreme with the MLP. */
const sudokuPaper: ConfigInput = {
  task: 'sudoku',
  data: 'data/sudoku-extreme-1k-aug-1000',
  augment: 1000,
  mixer: 'mlp',
  hidden: 512,
  heads: 8,
  layers: 2,
  expansion: 4,
  positions: 'none',
  puzzleTokens: 16,
  puzzleDim: 512,
  T: 3,
  n: 6,
  K: 16,
  haltExploration: 0.1,
  batch: 768,
  epochs: 50_000,
  evalEvery: 5_000,
  evalBatch: 768,
  checkpointEvery: 500,
  logEvery: 10,
  lr: 1e-4,
  puzzleLr: 1e-4,
  warmup: 2000,
  lrMinRatio: 1,
  weightDecay: 1,
  puzzleWeightDecay: 1,
  ema: 0.999,
}

/** Every preset by its name TASK-SCALE. */
export const presets: Readonly<Record<string, Preset>> = {
  'sudoku-pocket': {
    summary: '4×4 puzzles with 5 clues, generated; minutes on a laptop',
    config: {},
  },
  'sudoku-lab': {
    summary: '6×6 puzzles with 14 clues, generated; hours on a laptop',
    config: {
      box: '2x3',
      clues: 14,
      trainPuzzles: 1000,
      testPuzzles: 500,
      hidden: 128,
      K: 16,
      batch: 128,
      steps: 5000,
      evalEvery: 250,
      checkpointEvery: 250,
      warmup: 200,
      lr: 5e-4,
      ema: 0.995,
    },
  },
  'sudoku-paper': {
    summary: 'Sudoku-Extreme with the commands of the published repository; a GPU for a day and a half',
    config: sudokuPaper,
  },
  'sudoku-paper-text': {
    summary: 'the same with the paper’s text where it differs: 60,000 epochs',
    config: { ...sudokuPaper, epochs: 60_000 },
  },
}

/** A preset's configuration. @throws UserError naming the nearest preset when there is none of that name. */
export function preset(name: string): ConfigInput {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (found) return found.config
  const near = nearest(name, Object.keys(presets))
  throw new UserError({
    where: 'preset',
    expected: `one of ${Object.keys(presets).join(', ')}`,
    found: name,
    ...(near ? { todo: `Did you mean ${near}?` } : {}),
    exitCode: 2,
  })
}
