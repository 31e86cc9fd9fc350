import { resolveConfig } from '../../config/resolved.js'
import type { Config, ConfigKey } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { formatSeconds } from '../../notebook/progress-text.js'
import { type Estimate, estimateRun, formatBytes } from '../estimate/estimate.js'
import { modelShape, totalSteps } from '../run/resolve.js'

/** A run that is going to be made. */
export interface PlannedRun {
  readonly config: Config
  /** Makes or finds its puzzles. */
  data(): Promise<Dataset>
  /** Share of its steps that are still to be made. Default 1. */
  readonly left?: number
}

/** The estimated cost of several runs, made one after the other. */
export interface CostPlan {
  /** By run, each from its first step on; null of one that is not made (taken over, or the planning was stopped). */
  readonly estimates: readonly (Estimate | null)[]
  /** Seconds of what is left of all of them. */
  readonly totalSeconds: number
}

/** Keys that change what is learned, not what a step costs. */
const FREE: ReadonlySet<ConfigKey> = new Set([
  'seed',
  'dataSeed',
  'lr',
  'warmup',
  'lrMinRatio',
  'beta1',
  'beta2',
  'weightDecay',
  'puzzleLr',
  'puzzleWeightDecay',
  'haltExploration',
  'loss',
  'checkpointEvery',
  'logEvery',
])

/**
 * Estimates several runs; those that differ in nothing that costs time or memory share one estimate.
 *
 * @param runs null in the place of a run that is not made
 * @param signal when aborted, the runs that are left have no estimate
 * @throws UserError when the machine cannot hold one of them.
 */
export async function planRuns(runs: readonly (PlannedRun | null)[], signal?: AbortSignal): Promise<CostPlan> {
  const known = new Map<string, Estimate>()
  const estimates: (Estimate | null)[] = []
  let totalSeconds = 0
  for (const run of runs) {
    if (!run) {
      estimates.push(null)
      continue
    }
    const data = await run.data()
    const key = costKey(run.config, data)
    const estimate = known.get(key) ?? (await estimateUnlessStopped(run.config, data, signal))
    if (estimate) known.set(key, estimate)
    estimates.push(estimate)
    totalSeconds += (estimate?.totalSeconds ?? 0) * (run.left ?? 1)
  }
  return { estimates, totalSeconds }
}

/** An estimate, or null when it is stopped. */
export async function estimateUnlessStopped(
  config: Config,
  data: Dataset,
  signal: AbortSignal | undefined,
): Promise<Estimate | null> {
  if (signal?.aborted) return null
  try {
    return await estimateRun(
      config,
      modelShape(config, data.manifest),
      data,
      totalSteps(resolveConfig(config), data),
      signal,
    )
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null
    throw error
  }
}

function costKey(config: Config, data: Dataset): string {
  const costly = Object.entries(config).filter(([key]) => !FREE.has(key as ConfigKey) && key !== 'ema')
  const { counts } = data.manifest
  return JSON.stringify([costly, config.ema > 0, config.data === null ? counts : data.hash])
}

/** `about 40 s and 300 MB of memory (free: 20.1 GB), in bfloat16`. */
export function estimateText({ totalSeconds, peakBytes, availableBytes, dtype }: Estimate): string {
  return `about ${formatSeconds(totalSeconds)} and ${formatBytes(peakBytes)} of memory (free: ${formatBytes(availableBytes)}), in ${dtype}`
}

/** The estimate of several runs in one line: `6 runs, about 4:00 in all and up to 300 MB of memory (free: 20.1 GB)`. */
export function planText({ estimates, totalSeconds }: CostPlan): string {
  const made = estimates.filter((estimate) => estimate !== null)
  if (made.length === 1) return estimateText(made[0]!)
  const bytes = Math.max(...made.map(({ peakBytes }) => peakBytes))
  const free = Math.min(...made.map(({ availableBytes }) => availableBytes))
  return `${made.length} runs, about ${formatSeconds(totalSeconds)} in all and up to ${formatBytes(bytes)} of memory (free: ${formatBytes(free)})`
}
