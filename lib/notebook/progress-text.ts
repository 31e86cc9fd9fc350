import { visible } from '../escape/visible.js'
import { clip } from '../results/text-width.js'

/** The progress of some work. */
export interface Progress {
  readonly done: number
  /** null if unknown. */
  readonly total: number | null
  /** Seconds since the work began. */
  readonly seconds: number
  /** Work already done when the clock started, e.g. by the process that was interrupted. */
  readonly doneBefore?: number
  /** The end of the first piece of work, which takes longer than others: rates are measured from there. */
  readonly first?: FirstPiece | null
  /** The time left if the caller measures it; null before it is known. Default: derived from the rate so far. */
  readonly left?: TimeLeft | null
}

/** The time left for some work. */
export interface TimeLeft {
  readonly seconds: number
  /** True if it is partly a guess. */
  readonly rough: boolean
}

/** The first piece of some work. */
export interface FirstPiece {
  /** Amount done by its end. */
  readonly done: number
  /** Seconds since the work began. */
  readonly seconds: number
}

/** The content of a progress line. */
export interface ProgressLine extends Progress {
  /** Prefix of the line; empty for none. */
  readonly label: string
  /** The counted unit, in the plural: `steps`. */
  readonly unit: string
  /** The current activity, if it is not the counted work: `evaluating 40/300 puzzles`. */
  readonly doing?: string
  /** Metrics as text, e.g. `loss 0.31 (best 0.29 at 31)`. */
  readonly metrics: readonly string[]
  /** `done`: the work is complete; `stopped`: it ended earlier. */
  readonly state: 'running' | 'done' | 'stopped'
}

/** Characters of the bar. */
const BAR = 20
const LABEL = 60

/** Returns the seconds left at the rate so far. NaN if the total is unknown, or nothing is done yet. */
export function remainingSeconds(progress: Progress): number {
  const { made, seconds } = measured(progress)
  return progress.total !== null && made > 0 ? (seconds / made) * (progress.total - progress.done) : Number.NaN
}

/** Returns the measured work and its duration, without the first piece once there are others. */
function measured({ done, doneBefore = 0, seconds, first }: Progress): { made: number; seconds: number } {
  return first && done > first.done
    ? { made: done - first.done, seconds: seconds - first.seconds }
    : { made: done - doneBefore, seconds }
}

/** Formats seconds: `1:02:03`, `4:05`, `12 s` or `0.4 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  if (seconds < 0.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/**
 * Returns one line: `120/300 steps (40 %) · 5.0 steps/s · 24 s so far, 36 s left · loss 0.31 (best 0.29 at 31)`.
 *
 * @param bar whether a bar replaces the percentage, if the total is known
 */
export function progressText(line: ProgressLine, bar: boolean): string {
  const label = clip(visible(line.label), LABEL)
  const parts = [count(line, bar), line.doing ?? '', rate(line), time(line), ...line.metrics].filter(
    (part) => part !== '',
  )
  return `${label === '' ? '' : `${label}: `}${parts.join(' · ')}`
}

function count({ done, total, unit, state }: ProgressLine, bar: boolean): string {
  if (state === 'stopped') return `stopped at ${done}${total === null ? '' : ` of ${total}`} ${unit}`
  if (total === null) return `${done} ${unit}`
  const share = total > 0 ? Math.min(1, done / total) : 1
  if (!bar) return `${done}/${total} ${unit} (${Math.floor(share * 100)} %)`
  const full = Math.floor(share * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${done}/${total} ${unit}`
}

function rate(line: ProgressLine): string {
  const { unit, state, first: _first, ...whole } = line
  const { made, seconds } = measured(state === 'running' ? line : whole)
  if (made <= 0 || seconds <= 0) return ''
  const speed = made / seconds
  if (speed < 1) return `${(1 / speed).toFixed(1)} s each`
  return `${speed < 100 ? speed.toFixed(1) : Math.round(speed)} ${unit}/s`
}

function time(line: ProgressLine): string {
  if (line.state !== 'running') return `took ${formatSeconds(line.seconds)}`
  if (line.seconds < 0.05) return ''
  return `${formatSeconds(line.seconds)} so far${timeLeft(line)}`
}

function timeLeft(line: ProgressLine): string {
  if (line.left === null) return ', measuring the time left'
  if (line.left) return `, ${line.left.rough ? 'about ' : ''}${formatSeconds(line.left.seconds)} left`
  const left = remainingSeconds(line)
  return Number.isNaN(left) ? '' : `, ${formatSeconds(left)} left`
}
