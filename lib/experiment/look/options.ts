import { z } from 'zod'
import { rolloutOptions } from '../../think/settings.js'

/** Schema of the options of `look` that are numbers and words. */
export const lookOptions = rolloutOptions
  .pick({
    depth: true,
    rollouts: true,
    noise: true,
    target: true,
    noiseAt: true,
    init: true,
    initStd: true,
    seed: true,
  })
  .extend({
    rollouts: z.int().min(1).max(256).default(1).describe('K: rollouts from the puzzle, all of which the plane shows.'),
    rollout: z.int().min(0).default(0).describe('The rollout that is recorded update by update, from 0.'),
    maps: z.boolean().default(true).describe('Whether attention or token-mixing maps are recorded.'),
  })

/** How a puzzle is looked at; omitted options take their defaults. */
export type LookSettings = z.input<typeof lookOptions>
