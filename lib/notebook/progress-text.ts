import { clip } from '../results/text-width.js'

/** Where a piece of work stands. */
export interface Progress {
  readonly done: number
  /** null where nobody knows. */
  readonly total: number | null
  /** Seconds since the work began. */
  readonly seconds: number
  /** Work already done when the clock started, e.g. by the process that was interrupted. */
  readonly doneBefore?: number
  /** Where the first piece of work had ended: it takes longer than others, so rates are measured from there. */
  readonly first?: FirstPiece | null
  /** Seconds that so much work was expected to take, where somebody has estimated it. */
  readonly plan?: ((done: number) => number) | null
}

/** The first piece of some work. */
export interface FirstPiece {
  /** How much was done with it. */
  readonly done: number
  /** Seconds since the work began. */
  readonly seconds: number
}

/** What a line of progress says. */
export interface ProgressLine extends Progress {
  /** In front of the line; empty for none. */
  readonly label: string
  /** What is counted, in the plural: `steps`. */
  readonly unit: string
  /** The current activity, where it is not the counted work: `evaluating 40/300 puzzles`. */
  readonly doing?: string
  /** Metrics as text, e.g. `loss 0.31 (best 0.29 at 31)`. */
  readonly metrics: readonly string[]
  /** `done`: it has come to its end; `stopped`: it has ended before. */
  readonly state: 'running' | 'done' | 'stopped'
}

/** Characters of the bar. */
const BAR = 20
const LABEL = 60

/** From this share of the planned time on, what is measured counts, and the plan no longer. */
const TRUSTED = 0.1

/**
 * Seconds still to go: at first as planned, then, more and more, at the rate so far. NaN where the total is not known, or
 * there is no plan and nothing is done yet.
 */
export function remainingSeconds(progress: Progress): number {
  const { done, total, plan } = progress
  if (total === null) return Number.NaN
  const { made, seconds } = measured(progress)
  if (!plan) return made > 0 ? (seconds / made) * (total - done) : Number.NaN
  const whole = plan(total) - plan(progress.doneBefore ?? 0)
  const passed = plan(done) - plan(done - made)
  const weight = passed > 0 ? Math.min(1, passed / (TRUSTED * whole)) : 0
  const pace = weight > 0 ? weight * (seconds / passed) + (1 - weight) : 1
  return pace * (plan(total) - plan(done))
}

/** The measured work and its duration, without the first piece once there are others, or a plan. */
function measured({ done, doneBefore = 0, seconds, first, plan }: Progress): { made: number; seconds: number } {
  return first && (done > first.done || plan)
    ? { made: done - first.done, seconds: seconds - first.seconds }
    : { made: done - doneBefore, seconds }
}

/** `1:02:03`, `4:05`, `12 s` or `0.4 s`. */
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
 * One line: `120/300 steps (40 %) · 5.0 steps/s · 24 s so far, 36 s left · loss 0.31 (best 0.29 at 31)`.
 *
 * @param bar whether a bar stands in front, where the total is known, in the place of the percentage
 */
export function progressText(line: ProgressLine, bar: boolean): string {
  const label = printable(clip(line.label, LABEL))
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
  const { unit, state, first: _first, plan: _plan, ...whole } = line
  const { made, seconds } = measured(state === 'running' ? line : whole)
  if (made <= 0 || seconds <= 0) return ''
  const speed = made / seconds
  if (speed < 1) return `${(1 / speed).toFixed(1)} s each`
  return `${speed < 100 ? speed.toFixed(1) : Math.round(speed)} ${unit}/s`
}

function time(line: ProgressLine): string {
  if (line.state !== 'running') return `took ${formatSeconds(line.seconds)}`
  if (line.seconds < 0.05) return ''
  const left = remainingSeconds(line)
  return `${formatSeconds(line.seconds)} so far${Number.isNaN(left) ? '' : `, ${formatSeconds(left)} left`}`
}

/** Labels may come from data: control characters must not reach the terminal or tear the line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd')
}
