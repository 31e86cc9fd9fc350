import { z } from 'zod'
import { parseOptions } from '../options/options.js'

/** The latents that noise is added to: z (all latents but y), y, or both. */
export type NoiseTarget = 'z' | 'y' | 'both'

/** Supervision steps of the published evaluations. */
const PUBLISHED_DEPTH = 16

/** The most steps, and the most rollouts: recordings count both in 16 bits. */
const MOST = 2 ** 16 - 1
/** The largest standard deviation: the square of a latent, which its norm takes, is finite in float32. */
const MOST_STD = 1e6

/** Schema of the settings of rollouts; the same keys in TypeScript and on the command line. */
export const rolloutOptions = z.strictObject({
  depth: z
    .int()
    .min(1)
    .max(MOST)
    .optional()
    .describe('D: supervision steps. Default: as many as the model is trained for.'),
  rollouts: z.int().min(1).max(MOST).default(1).describe('K: rollouts of each puzzle.'),
  noise: z
    .number()
    .min(0)
    .max(MOST_STD)
    .default(0)
    .describe('Standard deviation σ of the noise added to the latents. 0: none; PTRM uses 0.2 to 1, EqR 0.01.'),
  target: z
    .enum(['z', 'y', 'both'])
    .default('z')
    .describe(
      'Latents that noise is added to before a step: z (all latents but y, as PTRM), y or both. With noiseAt=call each network call has noise, whichever latent it updates.',
    ),
  noiseAt: z
    .enum(['step', 'call'])
    .default('step')
    .describe(
      'step: noise is added before each supervision step (PTRM); call: to the result of each network call (EqR).',
    ),
  init: z
    .enum(['learned', 'random'])
    .default('learned')
    .describe('learned: rollouts begin with the latents of the model; random: each with its own, as in EqR.'),
  initStd: z.number().min(0).max(MOST_STD).default(1).describe('Standard deviation of random initial latents.'),
  relabel: z
    .boolean()
    .default(false)
    .describe('Whether every rollout but the first sees the puzzle relabelled or turned by a symmetry of its task.'),
  damping: z.number().gt(0).max(1).default(1).describe('α of the damped step h ← (1−α)·h + α·F(h); 1: no damping.'),
  dampingAt: z
    .enum(['step', 'call'])
    .default('step')
    .describe(
      'step: F is a supervision step (Sotaku); call: F is a network call, and h the latent that it replaces (EqR, α = 0.95).',
    ),
  dampingAfter: z.int().min(0).default(0).describe('Supervision steps before damping begins.'),
  leave: z
    .enum(['never', 'halted', 'solved', 'settled'])
    .default('never')
    .describe('When a rollout ends before D steps: never, or once it is halted, solved or settled.'),
  settledSteps: z
    .int()
    .min(1)
    .default(3)
    .describe('Consecutive steps without a change of the answer after which a rollout is settled.'),
  guide: z
    .number()
    .min(0)
    .default(0)
    .describe('β of guided particles, which are resampled by their halting head (arXiv 2605.25230: 0.25); 0: none.'),
  seed: z.int().min(0).default(0).describe('Seed of all random numbers of the rollouts.'),
  batch: z
    .int()
    .min(1)
    .default(100)
    .describe('Rows computed at a time, fewer if memory is short; no effect on results.'),
})

/** Settings of rollouts as written; omitted ones take their defaults. */
export type RolloutOptions = z.input<typeof rolloutOptions>

/** How the rollouts of a puzzle differ, and how long they run. */
export interface RolloutSettings {
  /** D: supervision steps. */
  readonly depth: number
  /** K: rollouts of each puzzle. */
  readonly rollouts: number
  /** σ of the Gaussian noise added to a latent's elements before each supervision step, the first included. 0: none. */
  readonly noise: number
  /** Default `z`, as PTRM (arXiv 2605.19943). It says nothing about noise in network calls. */
  readonly target: NoiseTarget
  /**
   * Where noise is added: before each supervision `step` (PTRM), or to the result of every network `call` (EqR, arXiv
   * 2605.21488, σ = 0.01).
   */
  readonly noiseAt: 'step' | 'call'
  /** Initial latents: the model's own, or a draw from a normal distribution truncated at two standard deviations for every rollout (EqR). */
  readonly init: 'learned' | 'random'
  /** Standard deviation of random initial latents. */
  readonly initStd: number
  /** Whether each rollout but the first sees the puzzle relabelled or turned by a random symmetry of its task. */
  readonly relabel: boolean
  /** α of the damped step h ← (1−α)·h + α·F(h); 1: no damping. */
  readonly damping: number
  /**
   * Whether F is a whole supervision `step` (Sotaku's delayed damping), or every network `call`, with h its first addend, the
   * latent that it replaces (EqR's net call, arXiv 2605.21488, α = 0.95).
   */
  readonly dampingAt: 'step' | 'call'
  /** Supervision steps before damping begins. */
  readonly dampingAfter: number
  /**
   * When a rollout leaves the batch before D steps: `never`; once its halting head says so (`halted`), once its answer is
   * right by the task's rules or labels (`solved`; an oracle, since a right answer is then never lost), or once its answer has not changed for `settledSteps` steps (`settled`).
   */
  readonly leave: 'never' | 'halted' | 'solved' | 'settled'
  /** Consecutive steps without a change of the answer after which a rollout is settled; default 3. */
  readonly settledSteps: number
  /** β of guided particles: a puzzle's rollouts are weighted and resampled by σ(q_halt)^β (see `particleSteps`); 0: they are independent. */
  readonly guide: number
  readonly seed: number
  /** Rows computed at a time; it has no influence on the results. */
  readonly batch: number
}

/**
 * Returns settings with their defaults.
 *
 * @param trainedDepth the depth if none is given: the model's K
 * @throws UserError (exit code 2) naming the first key that is unknown or has a wrong value.
 */
export function rolloutSettings(options: RolloutOptions = {}, trainedDepth = PUBLISHED_DEPTH): RolloutSettings {
  const { depth = trainedDepth, ...others } = parseOptions(rolloutOptions, options, 'think')
  return { depth, ...others }
}

/**
 * Returns a sentence for each setting that is given and has no effect beside the others: `target` without noise, several
 * rollouts in which nothing is random, and so on.
 */
export function settingsWithoutEffect(given: RolloutOptions, settings: RolloutSettings): string[] {
  const { rollouts, noise, init, relabel, damping, leave, guide } = settings
  const conditions: readonly [key: keyof RolloutOptions, works: boolean, needed: string][] = [
    ['target', noise > 0, 'noise'],
    ['noiseAt', noise > 0, 'noise'],
    ['initStd', init === 'random', 'init=random'],
    ['dampingAt', damping < 1, 'damping'],
    ['dampingAfter', damping < 1, 'damping'],
    ['settledSteps', leave === 'settled', 'leave=settled'],
    ['relabel', rollouts > 1 || !relabel, 'more than one rollout'],
  ]
  const idle = conditions.flatMap(([key, works, needed]) =>
    given[key] === undefined || works ? [] : [`${key} has no effect without ${needed}`],
  )
  const isRandom = noise > 0 || init === 'random' || relabel || guide > 0
  const same = `the ${rollouts} rollouts of a puzzle are the same, without noise, init=random or relabel`
  return rollouts > 1 && !isRandom ? [...idle, same] : idle
}
