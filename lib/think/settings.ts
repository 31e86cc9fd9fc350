/** The latents that noise is added to: z (all latents but y), y, or both. */
export type NoiseTarget = 'z' | 'y' | 'both'

/** How the rollouts of a puzzle differ, and how long they run. */
export interface RolloutSettings {
  /** D: supervision steps. */
  readonly depth: number
  /** K: rollouts of each puzzle. */
  readonly rollouts: number
  /** σ of the Gaussian noise added to a latent's elements before each supervision step, the first included. 0: none. */
  readonly noise: number
  /** Default `z`, as PTRM (arXiv 2605.19943). */
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
  /** Supervision steps before damping begins. */
  readonly dampingAfter: number
  /**
   * When a puzzle's rollouts leave the batch: `never`; a rollout once its halting head says so (`halted`), once its answer is
   * right by the task's rules or labels (`solved`), or once its answer has not changed for `settled` steps.
   */
  readonly leave: 'never' | 'halted' | 'solved' | 'settled'
  readonly seed: number
  /** Rows computed at a time; it has no influence on the results. */
  readonly batch: number
}
