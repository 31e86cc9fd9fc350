import path from 'node:path'
import type { z } from 'zod'
import { startBackend } from '../../backend/index.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { disposeModel, type Model } from '../../model/model.js'
import { hashWeights } from '../../model/weights-hash.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { parseOptions } from '../../options/options.js'
import type { FigureSources } from '../../plot/sources.js'
import { currentCode } from '../../results/code.js'
import { onForcedStop, stoppable } from '../run/stop.js'
import { modelOfWeights, openWeights, type WeightsOptions } from '../run/weights.js'
import { type ThinkingModel, weightsName } from './options.js'
import { type Subset, subsetOf } from './subset.js'
import { dataOf } from './think.js'

/** Options of calls that look into a trained model: which weights, which puzzles, and how the call is stopped. */
export interface OpenedOptions extends WeightsOptions {
  /**
   * Number of puzzles, drawn at random and always the same (a larger number contains a smaller one); or indices of examples
   * in their split. Default: all.
   */
  readonly puzzles?: number | readonly number[]
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** When aborted, the work ends after the current supervision step. Default: when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** Keys of {@link OpenedOptions}, and of how many rows are computed at a time. */
const OPENED = new Set([
  'puzzles',
  'puzzle',
  'split',
  'signal',
  'batch',
  'stretch',
  'resultsDir',
  'weights',
  'checkpoint',
  'configFile',
  'mixer',
])

/** Returns the options of a measurement checked, with their defaults; those of weights and puzzles are left out. */
export function measurementOptions<T extends z.ZodObject>(schema: T, options: object, what: string): z.output<T> {
  const own = Object.entries(options).filter(([key, value]) => !OPENED.has(key) && value !== undefined)
  return parseOptions(schema, Object.fromEntries(own), what)
}

/** Returns how many rows are computed at a time. @throws UserError unless it is a whole number of 1 or more. */
export function checkedBatch(batch: number): number {
  if (Number.isInteger(batch) && batch >= 1) return batch
  throw new UserError({
    where: 'key batch',
    expected: 'a whole number of 1 or more',
    found: String(batch),
    exitCode: 2,
  })
}

/** A trained model in float32 with the puzzles that it is looked into with. */
export interface OpenedModel {
  readonly model: Model
  readonly data: Dataset
  readonly subset: Subset
  /** Supervision steps of training, and those of evaluation. */
  readonly trained: number
  readonly evalSupervisionSteps: number
  readonly sources: FigureSources
  /** Runs a generator of work piece by piece, letting go between them; `label` and `total` are for a notebook's progress. */
  run<Piece, Result>(work: Generator<Piece, Result>, progress: WorkProgress<Piece>): Promise<Result>
}

/** The progress of work. */
export interface WorkProgress<Piece> {
  readonly label: string
  readonly unit: string
  readonly total: number
  /** Takes a piece of work, and returns how much is done. */
  readonly at: (piece: Piece) => number
}

/**
 * Opens weights and data, and computes with the model in float32.
 *
 * @param call the function that the user called, for its errors
 * @param data default: the data set of the weights
 * @throws UserError for weights or data that are unavailable or do not fit; Interrupted if it is stopped.
 */
export async function withOpened<Result>(
  call: string,
  runOrFile: ThinkingModel,
  given: Dataset | undefined,
  options: OpenedOptions,
  work: (opened: OpenedModel) => Promise<Result>,
): Promise<Result> {
  const name = weightsName(runOrFile)
  const { file, config } = await openWeights(name, options, (weights) => `${call}('${weights}', `)
  const data = given ?? (await dataOf(file, config))
  const subset = subsetOf(data, options.puzzles, options.split)
  await startBackend()
  const { commit, changed } = currentCode().record
  const { model } = modelOfWeights(file, data.manifest)
  const release = onForcedStop(() => disposeModel(model))
  const place = file.run ?? path.basename(name)
  try {
    return await stoppable(options.signal, ({ signal }) =>
      work({
        model,
        data,
        subset,
        trained: model.shape.K,
        evalSupervisionSteps: resolveConfig(config).evaluation.evalSupervisionSteps,
        sources: {
          weights: [
            `${file.step === null ? place : `${place}, step ${file.step}`} (${hashWeights(file.tensors).slice(0, 12)})`,
          ],
          code: [`${commit}${changed !== null && changed.length > 0 ? ' + changes' : ''}`],
          data: [data.hash],
          subsets: [`${subset.name} (${subset.hash.slice(0, 12)})`],
          precision: ['float32'],
        },
        run: (pieces, progress) => runPieces(pieces, progress, signal),
      }),
    )
  } finally {
    release()
    disposeModel(model)
  }
}

async function runPieces<Piece, Result>(
  work: Generator<Piece, Result>,
  { label, unit, total, at }: WorkProgress<Piece>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const meter = currentHost() ? openMeter({ label, total, unit }) : null
  let done = 0
  try {
    for (;;) {
      if (signal?.aborted) throw new Interrupted(`stopped after ${done} of ${total} ${unit}`)
      const next = work.next()
      if (next.done) {
        meter?.end('done')
        return next.value
      }
      done = at(next.value)
      meter?.at(done)
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    // Frees what a generator that was closed early still holds.
    work.return(undefined as never)
    meter?.end('stopped')
  }
}
