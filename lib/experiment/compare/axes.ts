import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import { flopsOf } from '../../evaluate/mac-units.js'
import { configuredShape } from '../../model/configured.js'
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
  /**
   * Floating-point operations of training, 2 · MACs. Some papers count a MAC as one operation: Flow Reasoning Models quote
   * EqR's 8,192 supervision steps of 12.87 GMAC as 105 TFLOPs. Do not draw such numbers on this axis without doubling them.
   */
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
  /** Whether it grows along a run, so that curves can be drawn over it. */
  readonly grows: boolean
  /** The unit in the title that may take a prefix, as in `TMAC`; null for other titles. */
  readonly unit: 'MAC' | 'FLOP' | null
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

type Kind = Pick<AxisOf, 'log' | 'perRun' | 'grows' | 'unit' | 'varies'>

/** Totals of training. */
const total: Kind = { log: true, perRun: false, grows: true, unit: null, varies: false }
const measured: Kind = { ...total, varies: true }
/** A property of the model. */
const ofModel: Kind = { ...total, perRun: true, grows: false }
/** A property of an evaluation, in which seeds differ where puzzles may halt. */
const ofEvaluation: Kind = { ...measured, grows: false }

const AXES: Readonly<Record<Axis, AxisOf>> = {
  step: { ...total, log: false, title: 'optimiser step', of: column('step') },
  macs: { ...total, unit: 'MAC', title: 'training compute (MAC)', of: column('trainMacs') },
  flops: {
    ...total,
    unit: 'FLOP',
    title: 'training compute (FLOP, two per MAC)',
    of: column('trainMacs', flopsOf(1)),
  },
  seconds: { ...measured, title: 'training time (s)', of: column('trainSeconds') },
  cpuSeconds: { ...measured, title: 'processor time of training (s)', of: column('trainCpuSeconds') },
  joules: { ...measured, title: 'energy of training (J)', of: column('trainJoules') },
  parameters: { ...ofModel, title: 'parameters', of: ({ parameters }) => parameters },
  depth: { ...ofModel, title: 'blocks per supervision step', of: ({ config }) => depthOf(config) },
  supervisionSteps: { ...ofEvaluation, title: 'supervision steps', of: column('supervisionSteps') },
  evaluationMacs: { ...ofEvaluation, unit: 'MAC', title: 'evaluation compute (MAC per puzzle)', of: macsPerPuzzle },
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
