/** Options of a learning-rate schedule. */
export interface Schedule {
  /** Peak learning rate. */
  readonly lr: number
  /** Steps of linear warm-up. */
  readonly warmup: number
  /** The cosine ends at lr × lrMinRatio; 1 keeps the rate constant. */
  readonly lrMinRatio: number
  /** Length of the whole run in steps. */
  readonly totalSteps: number
}

/**
 * Learning rate of a step, counted from 1: linear warm-up lr·step/warmup, then cosine
 * lr·(r + (1 - r)·½(1 + cos(π·progress))), which stays where it ends.
 */
export function learningRate({ lr, warmup, lrMinRatio, totalSteps }: Schedule, step: number): number {
  if (step < warmup) return (lr * step) / warmup
  const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup))
  return lr * (lrMinRatio + (1 - lrMinRatio) * 0.5 * (1 + Math.cos(Math.PI * progress)))
}
