import { latentNames, totalTokens } from '../../model/shape.js'
import { countParameters } from '../../model/weights.js'
import { formatSeconds } from '../../notebook/progress-text.js'
import { evaluationsUntil } from '../estimate/run-times.js'
import type { RunWork } from '../estimate/work.js'
import { wholeMegabytes } from '../watch/report.js'

/** Seconds of one optimiser step and of one evaluation of a run. */
export interface WorkSeconds {
  readonly step: number
  /** 0 for a run without evaluations. */
  readonly evaluation: number
}

/** The cost of the unfinished runs of a sweep, known before the first of them starts. */
export interface SweepCost {
  /** Number of planned runs. */
  readonly runs: number
  /** Number of runs that are stored already: finished, or ended by successive halving. */
  readonly stored: number
  /** Number of failed runs, which are not trained again before `recurlab sweep retry`. */
  readonly failed: number
  /** Number of runs to train. */
  readonly left: number
  /** Number of processes. */
  readonly workers: number
  /** Threads of each. */
  readonly threads: number
  /** Seconds until all runs are done. */
  readonly seconds: number
  /** Whether the steps were measured on this machine; else the time is a guess from their arithmetic, right within a factor of 5. */
  readonly measured: boolean
  /** Bytes that the runs add to the results folder. */
  readonly diskBytes: number
  /** Peak bytes of the largest run in its process; null when memory is not estimated. */
  readonly memoryBytes: number | null
}

/** Multiply-adds that a thread makes in a second, and seconds of a supervision step beside them: within a factor of 5. */
const GUESS = { rate: 10e9, overhead: 2e-3 }

/** Guesses the seconds of a step and of an evaluation with one thread from their arithmetic. */
export function guessWork(work: RunWork): WorkSeconds {
  const { step, evaluation } = work.macs
  const { batch } = work.config
  const { evalBatch, evalSupervisionSteps } = work.resolved.evaluation
  const evalSteps = Math.ceil(work.evaluated / Math.min(evalBatch, batch)) * evalSupervisionSteps
  return {
    step: GUESS.overhead + step / GUESS.rate,
    evaluation: work.evaluated > 0 ? GUESS.overhead * evalSteps + evaluation / GUESS.rate : 0,
  }
}

/** A measured kind of work. */
export interface MeasuredWork {
  readonly work: RunWork
  readonly seconds: WorkSeconds
}

/** Returns the seconds of a run's steps and evaluations: as measured, else scaled from the measured work of the nearest cost. */
export function scaledSeconds(work: RunWork, measured: readonly MeasuredWork[]): WorkSeconds {
  const own = measured.find((one) => one.work.key === work.key)
  if (own) return own.seconds
  const cost = work.macs
  const distance = (one: MeasuredWork): number => Math.abs(Math.log(one.work.macs.step / cost.step))
  const near = measured.reduce((best, one) => (distance(one) < distance(best) ? one : best))
  const from = near.work.macs
  const step = (near.seconds.step * cost.step) / from.step
  const evaluation =
    from.evaluation > 0
      ? (near.seconds.evaluation * cost.evaluation) / from.evaluation
      : (step * cost.evaluation) / cost.step
  return { step, evaluation }
}

/** Returns the seconds of a run from a step to its end. @param step steps already made */
export function runSeconds(work: RunWork, { step, evaluation }: WorkSeconds, made = 0): number {
  const evaluations = evaluationsUntil(work, work.trainSteps) - evaluationsUntil(work, made)
  return (work.trainSteps - made) * step + evaluations * evaluation
}

/** Returns the seconds in which workers make runs, each taking the next run of the plan when it is free. */
export function sharedSeconds(runs: readonly number[], workers: number): number {
  const busy = Array.from({ length: Math.max(1, Math.min(workers, runs.length)) }, () => 0)
  for (const seconds of runs) {
    const free = busy.indexOf(Math.min(...busy))
    busy[free] = busy[free]! + seconds
  }
  return Math.max(...busy)
}

/** Bytes of a row of metrics and of an evaluation, with what Arrow adds to each batch of rows. */
const ROW_BYTES = { metrics: 130, evaluation: 220 }

/** Bytes of a stored outcome beside a byte for each token. */
const OUTCOME_BYTES = 40

/** Bytes of the records of a run: configuration, provenance, status. */
const RECORD_BYTES = 25e3

/** Maximum number of outcomes that a run keeps; see `continueSession`. */
const KEPT_OUTCOMES = 100_000

/**
 * Returns the bytes of a finished run's folder: its checkpoints (the last two and the best, each with weights, EMA, two
 * moments and the carry), and the tables.
 */
export function runBytes({ config, resolved, shape, trainSteps, evaluated, evaluateEvery }: RunWork): number {
  const table = shape.puzzleIdentifiers * shape.puzzleDim
  // The puzzle embedding has neither EMA nor moments.
  const weights = countParameters(shape) * (config.ema > 0 ? 4 : 3) - table * (config.ema > 0 ? 3 : 2)
  const carry = config.batch * (latentNames(shape).length * totalTokens(shape) * shape.hidden + 2 * shape.seqLen + 6)
  const evaluations = evaluated > 0 ? Math.ceil(trainSteps / evaluateEvery) : 0
  const checkpoints = evaluations > 0 ? 3 : 2
  const outcomes = evaluated <= KEPT_OUTCOMES ? evaluated * (OUTCOME_BYTES + shape.seqLen) : 0
  return (
    RECORD_BYTES +
    checkpoints * 4 * (weights + carry) +
    ROW_BYTES.metrics * Math.ceil(trainSteps / resolved.training.logEvery) +
    ROW_BYTES.evaluation * evaluations +
    outcomes
  )
}

/** Returns `6 runs: 2 stored, 4 to train · 2 workers × 1 thread · about 1:40 · 12 MB of disk · 61 MB of memory each`. */
export function costText(cost: SweepCost): string {
  const { runs, stored, failed, left, workers, threads, diskBytes, memoryBytes } = cost
  const counts = [
    ...(stored > 0 ? [`${stored} stored`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${left} to train`,
  ]
  const all = `${counted(runs, 'run')}: ${counts.join(', ')}`
  if (left === 0) return all
  return [
    all,
    `${counted(workers, 'worker')} × ${counted(threads, 'thread')}`,
    timeText(cost),
    `${wholeMegabytes(diskBytes)} of disk`,
    ...(memoryBytes === null ? [] : [`${wholeMegabytes(memoryBytes)} of memory each`]),
  ].join(' · ')
}

/** A guess below this many seconds is told as less than a minute. */
const MINUTE = 60

function timeText({ seconds, measured }: SweepCost): string {
  if (measured) return `about ${formatSeconds(seconds)}`
  return seconds < MINUTE ? 'probably less than a minute' : `very roughly ${formatSeconds(seconds)}`
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
