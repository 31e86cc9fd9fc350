import type { Dataset } from '../../data/dataset.js'
import { countEvaluated, evaluatedExamples } from '../../data/evaluation-batches.js'
import { Interrupted, UserError } from '../../errors.js'
import { evaluationCompute } from '../../model/macs.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { didYouMean } from '../../options/nearest.js'
import { checkLevel, DEFAULT_LEVEL } from '../../statistics/estimate.js'
import { rolloutSteps } from '../../think/rollouts.js'
import type { RolloutChoice } from '../../think/rows.js'
import { rolloutSettings } from '../../think/settings.js'
import { stoppable } from '../run/stop.js'
import { Ladder, type LadderFacts, type Rung } from './ladder-result.js'
import type { ThinkingModel } from './options.js'
import { accuracyOf, type FitRange, fitted, lawOf } from './scaling-law.js'
import { StepScores } from './step-scores.js'
import { type Subset, subsetOf } from './subset.js'
import { type Trained, type TrainedOptions, withTrained } from './trained.js'

/** Options of {@link ladder}. */
export interface LadderOptions extends TrainedOptions {
  /** Supervision steps after which accuracy is measured. Default: 1, 2, 4, … to 16 times the trained depth. */
  readonly depths?: readonly number[]
  /** Metric of the fit and the figure: `test.exact`, `test.cells`, a criterion of the judge, `test.pass@k`. Default `test.exact`. */
  readonly metric?: string
  /** Examples: a number of them, drawn at random and always the same, or their indices. Default: all. */
  readonly puzzles?: number | readonly number[]
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Maximum versions of each puzzle. Default: the configuration's `evalVersions`, else all. */
  readonly versions?: number
  /** Puzzles computed at a time. Default: the configuration's `evalBatch`. */
  readonly batch?: number
  /** Depths that the power law is fitted to, from the first to the last. Default: from the trained depth on. */
  readonly fit?: FitRange
  /** Confidence level of all intervals. Default 0.95. */
  readonly level?: number
  /** Called after each supervision step of a batch with the supervision steps done and their total, all puzzles together. Default: a progress line in a notebook. */
  readonly onProgress?: (done: number, total: number) => void
  /** When aborted, the pass ends after the current supervision step. Default: when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** Depth of the last rung by default, in trained depths: 16 → 256 for the published models. */
const DEEPEST = 16

/**
 * Returns accuracy after D supervision steps for each depth D of a list, from one pass to the largest, with the power law
 * error ∝ D^(−b) fitted from the trained depth on.
 *
 * Accuracies have Wilson's interval over puzzles, or a bootstrap's over puzzles where a puzzle counts in parts. The exponent has
 * a bootstrap's over puzzles. No published law links accuracy to depth for these models; public checkpoints follow this one past
 * their trained depth (b = 0.08 to 0.43 from 16 to 256 steps).
 *
 * @param runOrFile a run, its ID or folder, a file of weights, or the name of shipped weights
 * @param data default: the data set of the weights
 * @example
 * const rungs = await ladder('20261104-093012', undefined, { depths: [1, 2, 4, 8, 16, 32, 64] })
 * show(rungs.figure())
 * @throws UserError (exit code 2) for depths that are not different whole numbers of 1 or more, an unknown
 * metric, or puzzles that the split does not have; Interrupted if it is stopped.
 */
export async function ladder(runOrFile: ThinkingModel, data?: Dataset, options: LadderOptions = {}): Promise<Ladder> {
  const { depths, metric = 'test.exact', level = DEFAULT_LEVEL } = options
  checkLevel(level)
  const asked = depths === undefined ? null : checkedDepths(depths)
  const deepest = (trained: number): number => asked?.at(-1) ?? DEEPEST * trained
  return withTrained(
    'ladder',
    runOrFile,
    data,
    options,
    (trained) => deepest(trained) > trained,
    (trained) =>
      stoppable(options.signal, async ({ signal }) => {
        const { model } = trained
        const xs = asked ?? doublings(deepest(model.shape.K))
        const subset = subsetOf(trained.data, options.puzzles, options.split)
        const scores = new StepScores(trained.data, subset.split, xs)
        // A wrong option is reported before the pass, which may take hours.
        if (!scores.metrics.includes(metric)) throw unknownMetric(metric, scores.metrics)
        if (options.fit) fitted(xs, options.fit)
        const seconds = await climb(trained, subset, scores, options, signal)
        const byMetric = scores.byMetric()
        const units = byMetric.get(metric)
        if (units === undefined) throw unknownMetric(metric, [...byMetric.keys()])
        const rungs = xs.map((depth, i): Rung => {
          const metrics = Object.fromEntries([...byMetric].map(([name, of]) => [name, accuracyOf(of, i, level)]))
          const compute = evaluationCompute(model.shape, { supervisionSteps: depth, heads: 1 })
          return { depth, macs: compute.evaluationMacs, accuracy: metrics[metric]!, metrics }
        })
        const facts: LadderFacts = {
          id: trained.id,
          isRun: trained.isRun,
          step: trained.step,
          task: trained.data.manifest.task,
          dataHash: trained.data.hash,
          subset,
          dtype: trained.dtype,
          trainedDepth: model.shape.K,
          seconds,
          notes: trained.notes,
        }
        const law = lawOf(xs, units, { from: model.shape.K, asked: options.fit, level })
        return new Ladder({ facts, metric, rungs, law, units })
      }),
  )
}

/** Computes the pass to the largest depth. @returns its seconds */
async function climb(
  { model, data, evaluation }: Trained,
  subset: Subset,
  scores: StepScores,
  options: LadderOptions,
  signal: AbortSignal | undefined,
): Promise<number> {
  const deepest = scores.depths.at(-1)!
  const { split, puzzles } = subset
  const choice: RolloutChoice = {
    split,
    // Without a choice the order is an evaluation's, by which votes break ties.
    puzzles: puzzles.length === data[split].count ? undefined : puzzles,
    versions: options.versions ?? evaluation.evalVersions,
    signal,
  }
  const settings = rolloutSettings({ depth: deepest, batch: options.batch ?? evaluation.evalBatch })
  const total = deepest * countRows(data, choice)
  const meter =
    options.onProgress || !currentHost() ? null : openMeter({ label: 'ladder', total, unit: 'supervision steps' })
  const began = performance.now()
  let done = 0
  try {
    for await (const step of rolloutSteps(model, data, settings, choice)) {
      scores.add(step)
      done += step.size
      meter?.at(done)
      options.onProgress?.(done, total)
    }
    meter?.end('done')
    return (performance.now() - began) / 1000
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error
    throw new Interrupted(`stopped after ${done} of ${total} supervision steps: the next call starts the ladder again`)
  } finally {
    meter?.end('stopped')
  }
}

/** Returns the number of rows that are computed. */
function countRows(data: Dataset, { split, puzzles, versions }: RolloutChoice): number {
  if (puzzles === undefined) return countEvaluated(data, { ...(split ? { split } : {}), versions })
  const wanted = new Set(puzzles)
  let rows = 0
  for (const { example } of evaluatedExamples(data, { ...(split ? { split } : {}), versions }))
    if (wanted.has(example)) rows++
  return rows
}

/** Returns 1, 2, 4, … up to a depth, which is the last. */
function doublings(deepest: number): number[] {
  const depths: number[] = []
  for (let depth = 1; depth < deepest; depth *= 2) depths.push(depth)
  return [...depths, deepest]
}

/** Returns depths in ascending order. @throws UserError for none, a repeated one, or one that is no whole number from 1 on. */
export function checkedDepths(depths: readonly number[]): number[] {
  const fail = (expected: string, found: string): UserError =>
    new UserError({ where: 'depths', expected, found, exitCode: 2 })
  if (!Array.isArray(depths)) throw fail('a list of whole numbers, e.g. [1, 2, 4, 8]', typeof depths)
  if (depths.length === 0) throw fail('at least one depth', 'none')
  const wrong = depths.find((depth) => !(Number.isSafeInteger(depth) && depth >= 1))
  if (wrong !== undefined) throw fail('whole numbers of 1 or more', String(wrong))
  const sorted = [...depths].sort((a, b) => a - b)
  const twice = sorted.find((depth, i) => depth === sorted[i - 1])
  if (twice !== undefined) throw fail('each depth once', `${twice} twice`)
  return sorted
}

/** Returns the error of a metric that an evaluation of these puzzles does not have. */
export function unknownMetric(metric: string, known: readonly string[]): UserError {
  const near = didYouMean(metric, known)
  return new UserError({
    where: `metric ${metric}`,
    expected: known.length === 0 ? 'puzzles with known answers' : `one of ${known.join(', ')}`,
    found: known.length === 0 ? 'none' : 'a metric that these puzzles do not have',
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}
