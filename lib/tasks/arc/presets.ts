import { directPaper, hrmPaper, type Preset, trmPaper } from '../../config/paper-settings.js'
import type { ConfigInput } from '../../config/schema.js'

const task = {
  task: 'arc',
  puzzleLr: 1e-2,
  weightDecay: 0.1,
  puzzleWeightDecay: 0.1,
  epochs: 100_000,
  evalEvery: 10_000,
} as const satisfies ConfigInput

const trm = {
  ...trmPaper,
  ...task,
  mixer: 'attention',
  positions: 'rope',
  n: 4,
} as const satisfies ConfigInput

const [arc1, arc2] = ['data/arc-1-aug-1000', 'data/arc-2-aug-1000'] as const

/** Presets of ARC: generated tasks at two laptop scales, and ARC-AGI-1 and -2 as published. */
export const arcPresets: Readonly<Record<string, Preset>> = {
  'arc-pocket': {
    summary:
      'ARC-like tasks on 8×8 boards, generated: pass@2 of 25–30 % on 10 unseen tasks after 800 steps (2 seeds); 70 s of one core with AMX',
    config: {
      task: 'arc',
      size: 8,
      versions: 20,
      trainPuzzles: 30,
      testPuzzles: 10,
      mixer: 'attention',
      T: 1,
      n: 2,
      K: 1,
      batch: 64,
      trainSteps: 800,
      evalEvery: 200,
      evalBatch: 105,
      puzzleLr: 1e-2,
    },
  },
  'arc-lab': {
    summary: 'ARC-like tasks on 15×15 boards, generated; many hours on a laptop (not measured to its end)',
    config: {
      task: 'arc',
      size: 15,
      versions: 100,
      trainPuzzles: 200,
      testPuzzles: 50,
      mixer: 'attention',
      hidden: 128,
      n: 4,
      K: 16,
      batch: 32,
      trainSteps: 5000,
      evalEvery: 1000,
      checkpointEvery: 250,
      warmup: 200,
      lr: 5e-4,
      puzzleLr: 1e-2,
      ema: 0.995,
    },
  },
  'arc-1-paper': {
    summary: 'ARC-AGI-1 with the commands of the published repository; four GPUs for three days',
    config: { ...trm, data: arc1 },
  },
  'arc-1-paper-text': {
    summary: 'the same with the paper’s text where it differs: AdamW',
    config: { ...trm, data: arc1, optimizer: 'adamw' },
  },
  'arc-2-paper': {
    summary: 'ARC-AGI-2 with the commands of the published repository',
    config: { ...trm, data: arc2 },
  },
  'arc-2-paper-text': {
    summary: 'the same with the paper’s text where it differs: AdamW',
    config: { ...trm, data: arc2, optimizer: 'adamw' },
  },
  'arc-1-hrm-paper': {
    summary: 'HRM on ARC-AGI-1 with its published settings',
    config: { ...hrmPaper, ...task, data: arc1 },
  },
  'arc-2-hrm-paper': {
    summary: 'HRM on ARC-AGI-2 with its published settings',
    config: { ...hrmPaper, ...task, data: arc2 },
  },
  'arc-1-direct-paper': {
    summary: 'direct prediction on ARC-AGI-1: 8 layers, no recursion',
    config: { ...directPaper, ...task, data: arc1 },
  },
  'arc-2-direct-paper': {
    summary: 'direct prediction on ARC-AGI-2: 8 layers, no recursion',
    config: { ...directPaper, ...task, data: arc2 },
  },
}
