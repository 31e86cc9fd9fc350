/** Where a piece of work stands. */
export interface Progress {
  readonly done: number
  readonly total: number
  /** Seconds since the work began. */
  readonly seconds: number
  /** Work already done when the clock started, e.g. by the process that was interrupted. */
  readonly doneBefore?: number
}

/** Seconds still to go at the rate so far; NaN before anything is done. */
export function remainingSeconds({ done, total, seconds, doneBefore = 0 }: Progress): number {
  const made = done - doneBefore
  return made > 0 ? (seconds / made) * (total - done) : Number.NaN
}

/** `1:02:03`, `4:05` or `12 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/** `step 120/300, 5.1 steps/s, 35 s left`. */
export function formatProgress(progress: Progress): string {
  const { done, total, seconds, doneBefore = 0 } = progress
  const rate = (done - doneBefore) / seconds
  const left = done < total ? `${formatSeconds(remainingSeconds(progress))} left` : `took ${formatSeconds(seconds)}`
  const speed = rate >= 1 ? `${rate.toFixed(1)} steps/s` : `${(1 / rate).toFixed(1)} s/step`
  return `step ${done}/${total}, ${speed}, ${left}`
}
