import { directPaper, hrmPaper, type Preset, trmPaper } from '../../config/paper-settings.js'
import type { ConfigInput } from '../../config/schema.js'

const task = {
  task: 'sudoku',
  data: 'data/sudoku-extreme-1k',
  augment: 1000,
  puzzleLr: 1e-4,
  weightDecay: 1,
  puzzleWeightDecay: 1,
} as const satisfies ConfigInput

const paper = {
  ...trmPaper,
  ...task,
  mixer: 'mlp',
  positions: 'none',
  n: 6,
  epochs: 50_000,
  evalEvery: 5_000,
} as const satisfies ConfigInput

const hrm = { ...task, epochs: 20_000, evalEvery: 2_000 } as const satisfies ConfigInput

/** Presets of Sudoku: generated at two laptop scales, and Sudoku-Extreme as published. */
export const sudokuPresets: Readonly<Record<string, Preset>> = {
  'sudoku-pocket': {
    summary:
      '4×4 puzzles with 5 clues, generated: 96–98 % of unseen puzzles after 200 steps (3 seeds); 12 s of one core with AMX, 45 s without',
    config: { T: 2, n: 2, warmup: 20, trainSteps: 200 },
  },
  // With one layer and K = 4, recursion makes up most of the depth, so that the paper's ablations show an effect.
  'sudoku-6x6-pocket': {
    summary:
      '6×6 puzzles with 12 clues, one layer, generated: 94 % of unseen puzzles after 700 steps (3 seeds); 27 s of one core with AMX',
    config: {
      box: '2x3',
      clues: 12,
      trainPuzzles: 1000,
      testPuzzles: 200,
      layers: 1,
      T: 2,
      n: 2,
      K: 4,
      warmup: 20,
      trainSteps: 700,
      evalEvery: 100,
      evalBatch: 200,
    },
  },
  'sudoku-lab': {
    summary:
      '9×9 puzzles with 27 clues, one layer, generated: 82 % of 500 unseen puzzles (3 seeds); 27 minutes of one core with AVX-512',
    config: {
      box: '3x3',
      clues: 27,
      trainPuzzles: 1000,
      testPuzzles: 500,
      hidden: 128,
      layers: 1,
      T: 1,
      n: 4,
      K: 8,
      warmup: 100,
      lrMinRatio: 0.1,
      ema: 0.99,
      trainSteps: 6000,
      evalEvery: 250,
      evalBatch: 500,
    },
  },
  'sudoku-paper': {
    summary: 'Sudoku-Extreme with the commands of the published repository; a GPU for a day and a half',
    config: paper,
  },
  'sudoku-paper-text': {
    summary: 'the same with the paper’s text where it differs: 60,000 epochs, AdamW',
    config: { ...paper, epochs: 60_000, optimizer: 'adamw' },
  },
  'sudoku-hrm-paper': {
    summary: 'HRM on Sudoku-Extreme with its published settings',
    config: { ...hrmPaper, ...hrm },
  },
  'sudoku-direct-paper': {
    summary: 'direct prediction on Sudoku-Extreme: 8 layers, no recursion',
    config: { ...directPaper, ...hrm },
  },
}
