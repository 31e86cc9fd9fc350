import path from 'node:path'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { sha256 } from '../../files/atomic.js'
import { tidy } from '../../files/leftovers.js'
import { fileOperations as fs } from '../../files/operations.js'
import { placeToRead } from '../../files/places.js'
import { canonicalJson } from '../../files/sealed-json.js'
import type { ValueNames } from '../../results/config-comparison.js'
import type { LabelOptions } from '../../results/label.js'
import { resultsFolder, sweepsFolder } from '../../results/layout.js'
import { codeHere } from '../../results/other-code.js'
import { newRunId, type RunRecord, runStatus } from '../../results/run.js'
import { saveDataset } from '../../storage/store.js'
import { findTask } from '../../tasks/registry.js'
import { type InitIdentity, type InitOptions, runName } from '../run/begin.js'
import { metricHashes } from './earlier.js'
import { datasetBytes } from './given-data.js'
import type { HalvingOptions } from './halving.js'
import {
  createPlan,
  isPlan,
  type PlannedRun,
  planFacts,
  readPlan,
  runHashes,
  type SweepPlan,
  writePlan,
} from './plan.js'
import { storedDataFolder } from './train-planned.js'

/** A run that is to be planned. */
export interface PlanRow {
  /** The flat configuration with every effective value. */
  readonly config: Config
  /** The keys that were given. */
  readonly asked: Partial<Config>
  readonly names: ValueNames
  readonly data: Pick<Dataset, 'hash'>
  readonly trainSteps: number
  readonly evaluateEvery: number
}

/** Where a plan is stored and what its runs share. */
export interface MakePlanOptions {
  readonly resultsDir: string
  /** Folder of the plan. Default: one in `RESULTS/sweeps` that the same sweep finds again. */
  readonly planDir?: string
  /** Whether stored runs and a stored plan are left alone. Default false. */
  readonly anew?: boolean
  /** Whether stored runs of other code are reused. Default false. */
  readonly anyCode?: boolean
  readonly label?: LabelOptions
  readonly init?: InitOptions
  readonly initIdentity?: InitIdentity | null
  readonly metrics?: Metrics
  readonly estimate?: boolean
  readonly halving?: HalvingOptions
  readonly module?: string
  /** The data set that was given in place of those of the configurations. */
  readonly given?: Dataset | null
}

/**
 * Makes the plan of a sweep, or returns the stored one of the same sweep. Nothing is written.
 *
 * @param earlier stored runs that take the place of new ones, by index
 * @throws UserError when the folder holds another plan.
 */
export function makePlan(
  rows: readonly PlanRow[],
  earlier: readonly (RunRecord | null)[],
  options: MakePlanOptions,
): SweepPlan {
  const { planDir, anew = false, anyCode = false, init = null } = options
  const facts = {
    code: codeHere(),
    label: options.label ?? {},
    initIdentity: options.initIdentity ?? null,
    metrics: metricHashes(options.metrics ?? {}),
    estimate: options.estimate ?? true,
    halving: options.halving ?? null,
    runs: rows.map(({ data, ...row }, index): PlannedRun => {
      const run = earlier[index]?.id ?? newRunId({ name: runName(row.config), config: row.config }, 4)
      return { run, ...row, hashes: runHashes(row.config, data.hash) }
    }),
  }
  const hash = sha256(canonicalJson([planFacts(facts), anyCode, anew ? newRunId({ config: {} }, 4) : null]))
  const name = `${rows[0]!.config.task}-${rows.length}-${rows.length === 1 ? 'run' : 'runs'}-${hash.slice(0, 8)}`
  const dir = path.resolve(planDir ?? path.join(sweepsFolder(options.resultsDir), name))
  const plan: SweepPlan = {
    ...facts,
    id: path.basename(dir),
    dir,
    resultsDir: path.resolve(resultsFolder(options.resultsDir)),
    made: new Date().toISOString(),
    init: init && { ...init, from: fixedPlace(init.from) },
    module: options.module ?? null,
    storedData: storedData(rows, options.given ?? null),
  }
  return isPlan(dir) ? withRunsOf(plan, readPlan(dir)) : plan
}

/**
 * Writes a plan, with the given data set if its runs need it, unless it is stored already.
 *
 * @returns the stored plan, whose runs have other IDs where another process has stored the same sweep since this plan was made
 * @throws UserError when its folder cannot be written, or holds the plan of another sweep.
 */
export function storePlan(plan: SweepPlan, given: Dataset | null): SweepPlan {
  if (isPlan(plan.dir)) {
    const stored = readPlan(plan.dir)
    const joined = withRunsOf(plan, stored)
    if (planChanged(joined, stored)) writePlan(joined)
    else tidy(plan.dir)
    return joined
  }
  for (const hash of plan.storedData) if (given?.hash === hash) saveDataset(given, storedDataFolder(plan, hash))
  return createPlan(plan) ? plan : storePlan(plan, given)
}

/** Returns the plan with the run IDs of a stored one, except where a run is found under another ID only. */
function withRunsOf(plan: SweepPlan, stored: SweepPlan): SweepPlan {
  if (planFacts(plan) !== planFacts(stored)) throw otherPlan(plan, stored)
  const runs = plan.runs.map((planned, index) => {
    const before = stored.runs[index]!.run
    const isKept = runStatus(before, stored.resultsDir) !== null || !runStatus(planned.run, plan.resultsDir)
    return isKept ? { ...planned, run: before } : planned
  })
  return { ...plan, made: stored.made, runs }
}

/** Returns the absolute path of a file, for processes in other folders; the ID of a run stays. */
function fixedPlace(from: string): string {
  const place = placeToRead(from)
  return fs.existsSync(place) ? path.resolve(place) : from
}

function planChanged(a: SweepPlan, b: SweepPlan): boolean {
  return a.estimate !== b.estimate || a.runs.some(({ run }, index) => run !== b.runs[index]!.run)
}

function otherPlan(plan: SweepPlan, stored: SweepPlan): UserError {
  const code = JSON.stringify(plan.code) !== JSON.stringify(stored.code)
  return new UserError({
    where: stored.dir,
    expected: 'no plan, or that of the same sweep',
    found: code ? 'one made by another code version' : `one of ${stored.runs.length} other runs`,
    todo: 'Choose another folder with --plan DIR.',
    exitCode: 2,
  })
}

/** Bytes up to which a given data set is stored with the plan: workers then read it faster than they could make it. */
const STORED_BYTES = 512e6

/** Returns the hash of a given data set that is stored with the plan. */
function storedData(rows: readonly PlanRow[], given: Dataset | null): string[] {
  if (!given || rows.every(({ config }) => config.data !== null)) return []
  const isGenerated = given.manifest.source.kind === 'generated' && findTask(given.manifest.task)?.builder !== undefined
  return isGenerated && datasetBytes(given) > STORED_BYTES ? [] : [given.hash]
}
