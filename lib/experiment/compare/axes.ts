import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import { configuredShape } from '../../model/configured.js'
import { flopsOf } from '../../model/macs.js'
import { depth } from '../../model/shape.js'

/**
 * The quantity along the horizontal axis of a figure. Those of training are totals up to the row; `parameters` and `depth`
 * are those of the model.
 */
export type Axis =
  /** Optimiser steps. */
  | 'step'
  /** Multiply-accumulates of training, all rows. */
  | 'macs'
  /** Floating-point operations of training, 2 · MACs. */
  | 'flops'
  /** Seconds of training by the clock. */
  | 'seconds'
  /** Seconds of training of all processor cores; on a shared machine these compare, those of the clock do not. */
  | 'cpuSeconds'
  /** Joules of the machine's processors during training. */
  | 'joules'
  /** Trainable parameters. */
  | 'parameters'
  /** Blocks traversed in a supervision step, T(n + 1)·layers for a TRM: the "depth" of Tables 1 and 3, arXiv 2510.04871. */
  | 'depth'
  /** Mean supervision steps of a puzzle: in an evaluation those made, in training those until it halted. */
  | 'supervisionSteps'
  /** Multiply-accumulates of an evaluation per puzzle. */
  | 'evaluationMacs'

/** A run, as far as an axis reads it. */
export interface AxisRun {
  readonly config: Config
  /** null if unknown. */
  readonly parameters: number | null
}

/** A row of a run's metrics or evaluations. */
export type AxisRow = Readonly<Record<string, unknown>>

/** How a quantity is drawn along an axis. */
export interface AxisOf {
  /** Title with the unit. */
  readonly title: string
  /** Whether a logarithmic axis suits it. */
  readonly log: boolean
  /** Whether all rows of a run have one value, so that a run is a point and not a curve. */
  readonly perRun: boolean
  /** Whether equal runs with other seeds have other values at the same step, as times have. */
  readonly varies: boolean
  /** Returns the value of a row of a run; null if unknown. */
  of(run: AxisRun, row: AxisRow): number | null
}

const column =
  (name: string, factor = 1) =>
  (_: AxisRun, row: AxisRow): number | null => {
    const value = row[name]
    return typeof value === 'number' && Number.isFinite(value) ? factor * value : null
  }

const curve = (title: string, of: AxisOf['of'], log: boolean, varies = false): AxisOf => ({
  ...{ title, of, log, varies },
  perRun: false,
})
const point = (title: string, of: AxisOf['of']): AxisOf => ({ title, of, log: true, perRun: true, varies: false })

const AXES: Readonly<Record<Axis, AxisOf>> = {
  step: curve('optimiser step', column('step'), false),
  macs: curve('training compute (MAC)', column('trainMacs'), true),
  flops: curve('training compute (FLOP = 2 · MAC)', column('trainMacs', flopsOf(1)), true),
  seconds: curve('training time (s)', column('trainSeconds'), true, true),
  cpuSeconds: curve('processor time of training (s)', column('trainCpuSeconds'), true, true),
  joules: curve('energy of training (J)', column('trainJoules'), true, true),
  parameters: point('parameters', ({ parameters }) => parameters),
  depth: point('blocks per supervision step', ({ config }) => depthOf(config)),
  supervisionSteps: curve('supervision steps', column('supervisionSteps'), true, true),
  evaluationMacs: curve('evaluation compute (MAC per puzzle)', macsPerPuzzle, true, true),
}

/** The names of all axes. */
export const AXIS_NAMES = Object.keys(AXES) as readonly Axis[]

/** Returns how a quantity is drawn along an axis, and its value for each row of a run. */
export function axisOf(x: Axis): AxisOf {
  return AXES[x]
}

function macsPerPuzzle(_: AxisRun, { evaluationMacs, puzzles }: AxisRow): number | null {
  return typeof evaluationMacs === 'number' && typeof puzzles === 'number' && puzzles > 0
    ? evaluationMacs / puzzles
    : null
}

/** Returns the blocks traversed in a supervision step; the sizes of the data do not matter for it. */
function depthOf(config: Config): number {
  return depth(configuredShape(resolveConfig(config), { puzzleIdentifiers: 1, vocabSize: 1, seqLen: 1 }))
}
