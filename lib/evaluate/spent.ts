import type { Spent } from '../backend/spent.js'

/** Time and energy of an evaluation, as columns of evaluations. */
export interface EvaluationSpent {
  /** Seconds by the clock. */
  readonly evaluationSeconds: number
  /** Seconds of processor cores, all threads of this process. */
  readonly evaluationCpuSeconds: number
  /** Joules of the machine's processors; absent if unknown. */
  readonly evaluationJoules?: number
}

/** Returns the time and energy of an evaluation by the names of its columns. */
export function evaluationSpent({ seconds, cpuSeconds, joules }: Spent): EvaluationSpent {
  return {
    evaluationSeconds: seconds,
    evaluationCpuSeconds: cpuSeconds,
    ...(joules === null ? {} : { evaluationJoules: joules }),
  }
}
