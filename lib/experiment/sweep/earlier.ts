import { isDeepStrictEqual } from 'node:util'
import { type ConfigIdentity, configIdentity } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { type MetricRecords, type Metrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { canonicalJson } from '../../files/sealed-json.js'
import { codeHere, otherCode, otherCodes } from '../../results/other-code.js'
import { listRuns, type RunRecord } from '../../results/run.js'
import type { RunWork } from '../estimate/work.js'
import { type InitIdentity, type InitOptions, identityOf, readInit } from '../run/begin.js'
import { storedMetrics } from '../run/functions.js'

/** Which stored runs take the place of new ones. */
export interface TakeOverOptions {
  /**
   * Whether a stored run of the same configuration, data, initial weights, metrics and code is reused: a finished one as it
   * is, a stopped one by resuming it; either keeps its name, note and tags. The newest of several is taken. Default false:
   * every run is made anew.
   */
  readonly resume?: boolean
  /**
   * With `resume`: what happens to stored runs made by other code, as far as sources decide a run's numbers. A note names
   * the sources that differ. Default `train anew`.
   */
  readonly otherCode?: 'train anew' | 'take over'
}

/** A requested run. */
interface Wanted {
  readonly work: Pick<RunWork, 'config'>
  readonly data: Pick<Dataset, 'hash'>
}

/** Stored runs that take the place of requested ones. */
export interface EarlierRuns {
  /** By index; null if the run has to be made. */
  readonly runs: readonly (RunRecord | null)[]
  /** Notes for the user, one sentence each. */
  readonly notes: readonly string[]
  /** Identity of the initial weights; null for fresh ones. */
  readonly init: InitIdentity | null
}

/**
 * With `resume`, finds a stored run for each requested one.
 *
 * @param states `usable`: finished runs, and those that can be resumed. `every state`: also those that another process works
 * on, and those that failed
 * @throws UserError if the initial weights cannot be read.
 */
export async function earlierRuns(
  plans: readonly Wanted[],
  options: TakeOverOptions & { readonly resultsDir?: string; readonly init?: InitOptions; readonly metrics?: Metrics },
  states: 'usable' | 'every state' = 'usable',
): Promise<EarlierRuns> {
  const { resume = false, resultsDir, init } = options
  if (!resume && options.otherCode !== undefined)
    throw new UserError({
      where: 'option otherCode',
      expected: 'resume: true beside it',
      found: resume === options.resume ? 'resume: false' : 'it alone',
      exitCode: 2,
    })
  // A single run that is made anew reads its weights only when it begins.
  const isNeeded = init && (resume || states === 'every state')
  const first = isNeeded ? identityOf(init, (await readInit(init, resultsDir)).tensors) : null
  if (!resume) return { runs: plans.map(() => null), notes: [], init: first }
  const metrics = metricHashes(options.metrics ?? {})
  const hashes = new Set(plans.map(({ data }) => data.hash))
  const candidates = listRuns(resultsDir)
    .runs.filter((run) => hashes.has(String(run.provenance.dataHash)) && isDeepStrictEqual(initOf(run), first))
    .filter((run) => isDeepStrictEqual(hashesOf(storedMetrics(run)), metrics))
    .filter((run) => states === 'every state' || canBeTakenOver(run))
    .reverse()
  const here = codeHere()
  const [own, others] = [new StoredRuns(), new StoredRuns()]
  for (const run of candidates) (otherCode(run, here) === null ? own : others).add(run)
  const passedOver: RunRecord[] = []
  const runs = plans.map((plan) => {
    const run = own.take(plan)
    if (run) return run
    const other = others.take(plan)
    if (other) passedOver.push(other)
    return options.otherCode === 'take over' ? other : null
  })
  const note = otherCodes(passedOver, here)
  if (note === null) return { runs, notes: [], init: first }
  const one = passedOver.length === 1
  const what =
    options.otherCode === 'take over'
      ? `${one ? 'it is' : 'they are'} reused anyway`
      : `${one ? 'it is' : 'they are'} trained anew (the option otherCode: 'take over' reuses ${one ? 'it' : 'them'})`
  return { runs, notes: [`${note}; ${what}`], init: first }
}

/** Returns the steps that need not be made: those of stored runs, all of a finished one; 0 for a run that is made anew. */
export function stepsBefore(runs: readonly (RunRecord | null)[]): number[] {
  return runs.map((run) => (run?.state === 'finished' ? run.status.trainSteps : null) ?? run?.status.checkpoint ?? 0)
}

/** Stored runs by what they compute. */
class StoredRuns {
  readonly #runs = new Map<string, RunRecord[]>()

  /** Adds a run behind those that compute the same; one of unknown keys is left out. */
  add(run: RunRecord): void {
    const identity = identityOfRun(run)
    if (!identity) return
    const key = keyOf(identity, String(run.provenance.dataHash))
    this.#runs.set(key, [...(this.#runs.get(key) ?? []), run])
  }

  /** Removes the first run of this configuration and data and returns it. */
  take({ work, data }: Wanted): RunRecord | null {
    return this.#runs.get(keyOf(configIdentity(work.config), data.hash))?.shift() ?? null
  }
}

function keyOf(identity: ConfigIdentity, dataHash: string): string {
  return canonicalJson([identity, dataHash])
}

/** Returns the hashes of custom metrics by name. */
export function metricHashes(metrics: Metrics): Record<string, string> {
  return hashesOf(recordMetrics(metrics))
}

function hashesOf(metrics: MetricRecords): Record<string, string> {
  return Object.fromEntries(Object.entries(metrics).map(([name, { sha256 }]) => [name, sha256]))
}

/**
 * Returns whether a run is finished, or interrupted at a checkpoint; a run that another process works on is neither.
 */
function canBeTakenOver({ state, status }: RunRecord): boolean {
  return state === 'finished' || (state !== 'running' && status.checkpoint !== null)
}

function initOf({ provenance }: RunRecord): InitIdentity | null {
  const init = provenance.init as InitIdentity | undefined
  return init ? { hash: init.hash, puzzleEmbedding: init.puzzleEmbedding } : null
}

/** Returns the identity of a stored run's configuration; null if it has unknown keys. */
function identityOfRun({ config }: RunRecord): ConfigIdentity | null {
  try {
    return configIdentity(parseConfig(config))
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
