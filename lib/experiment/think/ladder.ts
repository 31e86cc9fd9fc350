import { kernels } from '../../backend/kernels.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { evaluationCompute } from '../../model/macs.js'
import { checkLevel, DEFAULT_LEVEL } from '../../statistics/estimate.js'
import { rolloutSettings } from '../../think/settings.js'
import type { StepMeasures } from '../../think/step-measures.js'
import { stoppable } from '../run/stop.js'
import { FirstAnswers, FLOOR_PUZZLES, type NumericFloor, numericFloor } from './floor.js'
import { Ladder, type LadderFacts, type Rung } from './ladder-result.js'
import { unknownMetric } from './metrics.js'
import type { ThinkingModel } from './options.js'
import { accuraciesOf, type FitRange, fitted, lawOf } from './scaling-law.js'
import { type PassReport, type PlannedPass, runPasses } from './scored-pass.js'
import { StepScores } from './step-scores.js'
import { subsetOf } from './subset.js'
import { type TrainedOptions, withTrained } from './trained.js'

/** Options of {@link ladder}. */
export interface LadderOptions extends TrainedOptions, PassReport {
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
  /**
   * Whether the numerical floor is measured: the share of at most 200 puzzles that end in another answer in another precision,
   * by a second pass. Default: for at most 200 puzzles on a processor with bfloat16.
   */
  readonly floor?: boolean
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
        const isFloored = options.floor ?? (subset.puzzles.length <= FLOOR_PUZZLES && kernels()?.units.bfloat16 != null)
        const first = new FirstAnswers(isFloored ? subset.puzzles.slice(0, FLOOR_PUZZLES) : [])
        const pass = {
          model,
          data: trained.data,
          subset,
          depth: xs.at(-1)!,
          versions: options.versions ?? trained.evaluation.evalVersions,
          batch: options.batch ?? trained.evaluation.evalBatch,
          add: (measures: StepMeasures) => {
            scores.add(measures)
            first.add(measures)
          },
        }
        const seconds = await runPasses('ladder', [pass], options, signal)
        const floor = isFloored ? await floorOf(pass, first, signal) : null
        const byMetric = scores.byMetric()
        const units = byMetric.get(metric)
        if (units === undefined) throw unknownMetric(metric, [...byMetric.keys()])
        const accuracies = [...byMetric].map(([name, of]) => [name, accuraciesOf(of, level)] as const)
        const rungs = xs.map((depth, i): Rung => {
          const metrics = Object.fromEntries(accuracies.map(([name, estimates]) => [name, estimates[i]!]))
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
          floor,
          notes: trained.notes,
        }
        const law = lawOf(xs, units, { from: model.shape.K, asked: options.fit, level })
        return new Ladder({ facts, metric, rungs, law, units })
      }),
  )
}

/** Computes the last answers of a pass another way, and counts those that differ. @throws Interrupted if it is stopped. */
async function floorOf(
  { model, data, subset, depth, versions, batch }: Omit<PlannedPass, 'add'>,
  first: FirstAnswers,
  signal: AbortSignal | undefined,
): Promise<NumericFloor | null> {
  const choice = { split: subset.split, puzzles: subset.puzzles.slice(0, FLOOR_PUZZLES), versions, signal }
  try {
    return await numericFloor(model, data, rolloutSettings({ depth, batch }), choice, first, () => {})
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error
    throw new Interrupted('stopped while the numerical floor was measured: the next call starts again')
  }
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
