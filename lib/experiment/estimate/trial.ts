import { setImmediate } from 'node:timers/promises'
import * as tf from '@tensorflow/tfjs-core'
import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Batch, Dataset } from '../../data/dataset.js'
import { disposeCarry, takeRows } from '../../model/carry.js'
import { disposeFused, fuseWeights } from '../../model/fused-weights.js'
import type { ModelShape } from '../../model/shape.js'
import type { Model } from '../../model/weights.js'
import { disposeWeights, mapWeights } from '../../train/optimizer.js'
import { passOfRows } from '../../train/pass.js'
import { disposeState, initialState, trainStep } from '../../train/step.js'
import { newSampler, stepOptions } from '../run/resolve.js'

/** What is tried before a run, with weights that all trials share. */
export interface Trial {
  readonly model: Model
  readonly config: Config
  readonly data: Dataset
  /** Length of the run. */
  readonly trainSteps: number
  readonly signal?: AbortSignal
}

/** Each piece of work is done so often at least; twice where that takes longer than so many seconds for each. */
export const TRIALS = 3
const ENOUGH = 2

/** Steps of a model with any T and n, on weights of their own that all of them train. */
export interface TrialSteps {
  /** A supervision step with its update. */
  step(shape: ModelShape): void
  /** Its forward and backward pass alone, whose memory is linear in the rows, as that of a step with few of them is not. */
  pass(shape: ModelShape): void
}

/** Lets a stop come in between two trials. @throws the signal's reason when it has */
export async function giveWay({ signal }: Trial): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

/** Something done with steps of so many rows; all is freed in the end. */
export async function withSteps<T>(trial: Trial, rows: number, work: (steps: TrialSteps) => Promise<T>): Promise<T> {
  await giveWay(trial)
  const { model, config, data, trainSteps } = trial
  // The step frees the weights it replaces; the model's own must outlive it.
  const weights = mapWeights(model.weights, (weight) => tf.clone(weight))
  const state = initialState({ ...model, weights }, rows, config.ema, config.seed)
  const batch = onOneRow(newSampler(resolveConfig({ ...config, batch: rows }), data).next())
  const options = stepOptions(resolveConfig(standingStill(config)), trainSteps)
  const step = (shape: ModelShape): void => {
    Object.assign(state, { model: { ...state.model, shape } })
    trainStep(state, batch, options)
  }
  const pass = (shape: ModelShape): void => {
    const of = { ...state.model, shape }
    const carry = takeRows(state.carry, batch, of)
    const fused = fuseWeights(of.weights, shape, true, of.dtype)
    const { state: latents, outputs, gradients } = passOfRows(of, fused, carry, config.loss, rows)
    if (fused) disposeFused(fused)
    disposeCarry(carry)
    tf.dispose([...Object.values(latents), ...Object.values(outputs)])
    disposeWeights(gradients)
  }
  try {
    return await work({ step, pass })
  } finally {
    disposeState(state)
    disposeWeights(state.model.weights)
  }
}

/** Trials only take time: with learning rates that make a run diverge they would end as it does. */
function standingStill(config: Config): Config {
  return { ...config, lr: 0, puzzleLr: null }
}

/** A batch whose puzzles all have the first row of the puzzle embedding. */
export function onOneRow(batch: Batch): Batch {
  return { ...batch, puzzleIds: new Int32Array(batch.size) }
}

/**
 * Seconds of several pieces of work, each in the middle of its repetitions. They take turns, so that a slow spell of the
 * machine meets all of them, and what is concluded from their differences is not one's bad luck.
 *
 * @param seconds spent on each at least: small ones need more repetitions to be told from chance
 */
export async function typicalSeconds(trial: Trial, works: readonly (() => void)[], seconds: number): Promise<number[]> {
  const all: number[][] = works.map(() => [])
  let total = 0
  const few = (round: number): boolean => round < 2 || (round < TRIALS && total < ENOUGH * works.length)
  for (let round = 0; few(round) || total < seconds * works.length; round++) {
    await giveWay(trial)
    for (const [i, work] of works.entries()) {
      const started = performance.now()
      work()
      const taken = (performance.now() - started) / 1000
      all[i]!.push(taken)
      total += taken
    }
  }
  // The first time memory may be new to the process, which takes time that later steps do not.
  return all.map((times) => middle(times.slice(1)))
}

/** The median. */
export function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = (sorted.length - 1) / 2
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
}
