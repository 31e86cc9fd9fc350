import { directPaper, hrmPaper, type Preset, trmPaper } from '../../config/paper-settings.js'
import type { ConfigInput } from '../../config/schema.js'

const task = {
  task: 'maze',
  data: 'data/maze-30x30-hard-1k',
  puzzleLr: 1e-4,
  weightDecay: 1,
  puzzleWeightDecay: 1,
} as const satisfies ConfigInput

const paper = {
  ...trmPaper,
  ...task,
  mixer: 'attention',
  positions: 'rope',
  n: 4,
  epochs: 50_000,
  evalEvery: 5_000,
} as const satisfies ConfigInput

const hrm = { ...task, epochs: 20_000, evalEvery: 2_000 } as const satisfies ConfigInput

/** Presets of mazes: generated at two laptop scales, and Maze-Hard as published. */
export const mazePresets: Readonly<Record<string, Preset>> = {
  'maze-pocket': {
    summary:
      '6×6 mazes, generated: 66–72 % of unseen mazes after 800 steps (2 seeds); 40 s of one core with AMX, three minutes without',
    config: {
      task: 'maze',
      size: 6,
      minPath: 6,
      trainPuzzles: 4000,
      testPuzzles: 200,
      mixer: 'attention',
      T: 1,
      n: 2,
      K: 1,
      batch: 64,
      trainSteps: 800,
      evalEvery: 100,
      evalBatch: 100,
      weightDecay: 0.01,
    },
  },
  'maze-lab': {
    summary: '15×15 mazes, generated; many hours on a laptop (not measured to its end)',
    config: {
      task: 'maze',
      size: 15,
      trainPuzzles: 1000,
      testPuzzles: 500,
      mixer: 'attention',
      hidden: 128,
      n: 4,
      K: 16,
      batch: 32,
      trainSteps: 5000,
      evalEvery: 250,
      checkpointEvery: 250,
      warmup: 200,
      lr: 5e-4,
      ema: 0.995,
    },
  },
  'maze-paper': {
    summary: 'Maze-Hard with the commands of the published repository; four GPUs for a day',
    config: paper,
  },
  'maze-paper-text': {
    summary:
      'the same with the paper’s text where it differs: 60,000 epochs, mazes × 8 (a data set built with augment=dihedral), AdamW',
    config: { ...paper, data: 'data/maze-30x30-hard-1k-dihedral', epochs: 60_000, optimizer: 'adamw' },
  },
  'maze-hrm-paper': {
    summary: 'HRM on Maze-Hard with its published settings',
    config: { ...hrmPaper, ...hrm },
  },
  'maze-direct-paper': {
    summary: 'direct prediction on Maze-Hard: 8 layers, no recursion',
    config: { ...directPaper, ...hrm },
  },
}
