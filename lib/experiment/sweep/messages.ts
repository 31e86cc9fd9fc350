import type { Evaluation } from '../../evaluate/evaluation.js'
import type { Estimate } from '../estimate/memory.js'
import type { Ended } from '../run/ending.js'
import type { TrainMetrics } from '../run/observer.js'
import type { WorkSeconds } from './cost.js'

/** A run to measure: its index in the plan, and its memory, null without an estimate. */
export interface MeasuredRun {
  readonly index: number
  readonly memory: Estimate | null
}

/** A request to a worker. */
export type ToWorker =
  /** Trains a run of the plan by its index and ID, until its end or `stopAt`. */
  | {
      readonly kind: 'train'
      readonly index: number
      readonly run: string
      readonly memory: Estimate | null
      readonly stopAt?: number
    }
  /** Measures the steps and evaluations of runs of the plan, and stores nothing. */
  | { readonly kind: 'measure'; readonly runs: readonly MeasuredRun[] }
  /** Saves the current run and ends the process. */
  | { readonly kind: 'stop' }

/** A message of a worker on itself, or on its current run. */
export type FromWorker =
  /** It is ready for a request. */
  | { readonly kind: 'ready' }
  /** The answer to `measure`, run by run. */
  | { readonly kind: 'measured'; readonly seconds: readonly WorkSeconds[] }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'start'; readonly id: string; readonly step: number; readonly trainSteps: number }
  | { readonly kind: 'steps'; readonly metrics: readonly TrainMetrics[] }
  | { readonly kind: 'evaluationTime'; readonly seconds: number }
  | {
      readonly kind: 'evaluating'
      readonly step: number
      readonly done: number
      readonly puzzles: number
      readonly seconds: number
    }
  /** Without the outcomes of its puzzles. */
  | {
      readonly kind: 'evaluation'
      readonly step: number
      readonly evaluation: Evaluation
      /** For the live weights beside the EMA. */
      readonly weights?: 'live'
    }
  /** The run is finished, saved and interrupted, in use by another process, or failed for a reason. */
  | { readonly kind: 'end'; readonly state: 'finished' | 'interrupted' | 'inUse'; readonly ended?: Ended }
  | { readonly kind: 'failed'; readonly message: string }
