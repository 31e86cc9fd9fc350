import type { Preset } from '../../config/paper-settings.js'

/** Presets of n-queens completion, at a laptop scale. */
export const queensPresets: Readonly<Record<string, Preset>> = {
  // Split by input as published, each test puzzle has a rotated or reflected twin in training. Split up to symmetry
  // (data built with augment=dihedral: 551 puzzles × 8 to train on, 97 to test), 85 and 72 % are valid after 800 steps
  // (seeds 0 and 1).
  'queens-pocket': {
    summary:
      '8×8 boards with 1 to 3 given queens, all 5,148 split 85:15 by input: 87–90 % of unseen puzzles have a valid answer after 800 steps, 73–74 % the stored one (3 seeds of data and run); 45 s of one core with AMX',
    config: {
      task: 'queens',
      size: 8,
      trainPuzzles: 4376,
      testPuzzles: 772,
      layers: 1,
      T: 1,
      n: 2,
      K: 4,
      warmup: 20,
      trainSteps: 800,
      evalEvery: 200,
    },
  },
}
