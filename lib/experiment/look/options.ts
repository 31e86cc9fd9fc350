import { z } from 'zod'

/** Schema of the options of `look` that are numbers and words. */
export const lookOptions = z.strictObject({
  depth: z
    .int()
    .min(1)
    .optional()
    .describe('Supervision steps. Default: as many as the configuration evaluates (evalSupervisionSteps).'),
  rollouts: z.int().min(1).max(256).default(1).describe('Rollouts from the puzzle, all of which the plane shows.'),
  rollout: z.int().min(0).default(0).describe('The rollout that is recorded update by update, from 0.'),
  noise: z
    .number()
    .min(0)
    .default(0)
    .describe('Standard deviation of the noise added before each supervision step. 0: none.'),
  target: z
    .enum(['z', 'y', 'both'])
    .default('z')
    .describe('Latents that noise is added to: z (all latents but y), y or both.'),
  init: z
    .enum(['learned', 'random'])
    .default('learned')
    .describe('Initial latents: learned (those of the model), or random for each rollout.'),
  initStd: z.number().min(0).default(1).describe('Standard deviation of random initial latents.'),
  seed: z.int().min(0).default(0).describe('Seed of noise and random initial latents.'),
  maps: z.boolean().default(true).describe('Whether attention or token-mixing maps are recorded.'),
})

/** How a puzzle is looked at; omitted options take their defaults. */
export type LookSettings = z.input<typeof lookOptions>
