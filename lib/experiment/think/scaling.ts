import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { DEFAULT_LEVEL, type Estimate, estimate } from '../../statistics/estimate.js'
import { grouped } from '../../statistics/grouped.js'
import type { RolloutOptions } from '../../think/settings.js'
import { type FinishedRun, Runs } from '../compare/runs.js'
import { datasetOf } from '../data/dataset.js'
import { checkedDepths, type LadderOptions, ladder } from './ladder.js'
import { Scaling, type ScalingPoint } from './scaling-result.js'
import { think } from './think.js'

/** Options of {@link scaling}. */
export interface ScalingOptions
  extends Pick<
      LadderOptions,
      | 'metric'
      | 'puzzles'
      | 'split'
      | 'versions'
      | 'batch'
      | 'level'
      | 'resultsDir'
      | 'weights'
      | 'checkpoint'
      | 'signal'
    >,
    Pick<RolloutOptions, 'noise' | 'target' | 'noiseAt' | 'init' | 'relabel' | 'seed'> {
  /** Supervision steps D. Default: 1, 2, 4, … to 4 times the largest trained depth. */
  readonly depths?: readonly number[]
  /**
   * Numbers of rollouts K of 2 or more, beside the single plain one, with `noise` or another source of differences. Default: none. Each run's
   * rollouts are recorded as by `think`.
   */
  readonly rollouts?: readonly number[]
  /** How an answer is chosen among rollouts. Default `q`. */
  readonly select?: 'q' | 'first' | 'vote' | 'residual' | 'margin' | 'verifier' | 'oracle'
  /** Called as each run begins, with its place and the number of runs. */
  readonly onRun?: (place: number, runs: number) => void
}

/** Depth of the last point by default, in trained depths. */
const DEEPER = 4

/** Numbers of runs that differ in their seed only, and their place in the plane. */
interface Measured {
  readonly label: string
  readonly run: string
  readonly depth: number
  readonly rollouts: number
  readonly macs: number
  readonly accuracy: Estimate
}

/**
 * Returns accuracy against the multiply-accumulates of a puzzle's evaluation, for each configuration of some runs over depth D
 * and, if asked, rollouts K: whether a larger T, n or number of layers, more supervision steps or more rollouts use the same
 * compute best.
 *
 * MACs are those of {@link stepMacs} times D times K. Runs that differ only in their seed are one configuration: the mean over
 * seeds with Student's interval; a single run has Wilson's over its puzzles. All runs answer the same puzzles.
 *
 * @param runs finished runs, e.g. `runsOf(runs({ … }))` or the result of a sweep
 * @param data default: the data set of the runs, which must be one
 * @example
 * const plane = await scaling(runsOf(runs({ tag: 'equal-compute' })), undefined, { depths: [1, 2, 4, 8, 16] })
 * show(plane.figure())
 * show(plane.atEqualCompute())
 * @throws UserError (exit code 2) without runs, for runs on several data sets and none given, for a custom mixer, whose MACs are
 * unknown, and as {@link ladder}; Interrupted if it is stopped.
 */
export async function scaling(
  runs: Runs | readonly FinishedRun[],
  data?: Dataset,
  options: ScalingOptions = {},
): Promise<Scaling> {
  const all = runs instanceof Runs ? runs : new Runs(runs)
  const { metric = 'test.exact', level = DEFAULT_LEVEL } = options
  const widths = options.rollouts === undefined ? [] : checkedRollouts(options, metric)
  if (all.all.length === 0) throw wrong('scaling', 'at least one run', 'none')
  const puzzles = data ?? (await sharedData(all.all))
  const depths = checkedDepths(
    options.depths ?? doublings(DEEPER * Math.max(...all.all.map(({ config }) => config.K ?? 1))),
  )
  const measured: Measured[] = []
  const notes = new Set<string>()
  for (const [place, run] of all.all.entries()) {
    options.onRun?.(place + 1, all.all.length)
    const points = await measuredRun(run, puzzles, depths, widths, { ...options, metric, level })
    for (const note of points.notes) notes.add(`${run.id}: ${note}`)
    for (const point of points.measured) measured.push({ label: all.label(run), run: run.id, ...point })
  }
  const points = [...grouped(measured, ({ label, depth, rollouts }) => JSON.stringify([label, rollouts, depth]))].map(
    ([, group]): ScalingPoint => {
      const { label, depth, rollouts, macs } = group[0]!
      const accuracy =
        group.length === 1
          ? group[0]!.accuracy
          : estimate(
              group.map((each) => each.accuracy.value),
              { level },
            )
      return { label, depth, rollouts, macs, accuracy, seeds: group.length, runs: group.map(({ run }) => run) }
    },
  )
  return new Scaling(points, { metric, dataHash: puzzles.hash, runs: all.all, notes: [...notes] })
}

async function measuredRun(
  run: FinishedRun,
  data: Dataset,
  depths: readonly number[],
  widths: readonly number[],
  options: ScalingOptions & { readonly metric: string; readonly level: number },
): Promise<{ measured: Omit<Measured, 'label' | 'run'>[]; notes: readonly string[] }> {
  const { metric, level, puzzles, split, versions, batch, weights, checkpoint, signal, resultsDir } = options
  const which = given({ puzzles, split, versions, batch, weights, checkpoint, signal })
  // Float32 throughout, so that depths within and beyond the trained one compare.
  const plain = await ladder(run.dir, data, { ...which, depths, metric, level, dtype: 'float32', floor: false })
  const macsOf = (depth: number): number => {
    const macs = plain.at(depth)!.macs
    if (macs !== null) return macs
    throw wrong(`run ${run.id}`, 'a built-in mixer: the MACs of a custom one are unknown', 'a custom mixer')
  }
  const measured = plain.rungs.map(({ depth, accuracy }) => ({ depth, rollouts: 1, macs: macsOf(depth), accuracy }))
  if (widths.length > 0) {
    const { select = 'q', noise, target, noiseAt, init, relabel, seed } = options
    const recording = await think(run.dir, data, {
      ...which,
      ...given({ noise, target, noiseAt, init, relabel, seed, resultsDir }),
      depth: depths.at(-1)!,
      rollouts: widths.at(-1)!,
      dtype: 'float32',
      plain: false,
      floor: false,
    })
    const rows = recording.surfaceRows({
      depth: depths,
      rollouts: widths,
      select,
      metric: recordedMetric(metric),
      level,
    })
    for (const { depth, rollouts, value, low, high, n } of rows)
      measured.push({
        depth,
        rollouts,
        macs: rollouts * macsOf(depth),
        accuracy: { value, n, sd: null, low, high, method: 'wilson', level },
      })
  }
  return { measured, notes: plain.facts.notes }
}

/** Returns the name of a metric among those of recordings, which are without the split. */
function recordedMetric(metric: string): string {
  return metric.replace(/^test\./, '')
}

/** Returns the data set of runs. @throws UserError for several. */
async function sharedData(runs: readonly FinishedRun[]): Promise<Dataset> {
  const hashes = new Set(runs.map(({ provenance }) => provenance?.dataHash).filter((hash) => hash !== undefined))
  if (hashes.size > 1)
    throw wrong(
      'scaling',
      'runs on one data set, or the data set to compare them on',
      `runs on ${hashes.size} data sets`,
    )
  return datasetOf(runs[0]!.config)
}

function checkedRollouts(options: ScalingOptions, metric: string): number[] {
  const { rollouts = [], noise = 0, init = 'learned', relabel = false } = options
  const bad = rollouts.find((count) => !(Number.isSafeInteger(count) && count >= 2))
  if (rollouts.length === 0) throw wrong('rollouts', 'at least one number', 'none')
  if (bad !== undefined)
    throw wrong('rollouts', 'whole numbers of 2 or more, beside the single plain rollout', String(bad))
  if (noise === 0 && init === 'learned' && !relabel)
    throw wrong('rollouts', 'noise above 0, init: random or relabel: true, by which rollouts differ', 'none of them')
  if (metric.startsWith('test.pass@'))
    throw wrong(`metric ${metric}`, 'a metric of recordings, e.g. test.exact', metric)
  return [...new Set(rollouts)].sort((a, b) => a - b)
}

/** Returns 1, 2, 4, … up to a depth, which is the last. */
function doublings(deepest: number): number[] {
  const depths: number[] = []
  for (let depth = 1; depth < deepest; depth *= 2) depths.push(depth)
  return [...depths, deepest]
}

function wrong(where: string, expected: string, found: string): UserError {
  return new UserError({ where, expected, found, exitCode: 2 })
}

function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
