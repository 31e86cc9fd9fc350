import { UserError } from '../../errors.js'
import type { Cell, Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { ConfigComparison } from '../../results/config-comparison.js'
import { runStatus } from '../../results/run.js'
import { storedFailures } from './failures.js'
import { endedRuns } from './halving.js'
import type { PlannedRun, SweepPlan } from './plan.js'

/** State of a planned run. `ended`: successive halving gave it up; `interrupted`: it goes on where it was saved. */
export type PlannedState = 'done' | 'running' | 'interrupted' | 'failed' | 'ended' | 'missing'

/** A planned run and how far it is. */
export interface PlannedStatus {
  /** Its place in the plan, from 0. */
  readonly index: number
  readonly run: string
  readonly state: PlannedState
  /** Steps made and logged. */
  readonly step: number
  readonly trainSteps: number
  /** Reason of a failure, or another remark on the run's end; null without one. */
  readonly message: string | null
  /** Whether the run's status cannot be read; `message` says why. */
  readonly isDamaged: boolean
}

/** The states in the order in which sentences list them. */
const STATES: readonly PlannedState[] = ['done', 'running', 'interrupted', 'failed', 'ended', 'missing']

/** Returns how far every run of a plan is, from the results alone. @param done finished runs; see {@link statusReader} */
export function statusesOf(plan: SweepPlan, done?: Map<number, PlannedStatus>): PlannedStatus[] {
  return plan.runs.map((_, index) => index).map(statusReader(plan, done))
}

/**
 * Returns a function that reads how far a run of a plan is, by its index.
 *
 * @param done finished runs by index, which are not read again; those that are found are added
 */
export function statusReader(
  plan: SweepPlan,
  done: Map<number, PlannedStatus> = new Map(),
): (index: number) => PlannedStatus {
  const marks: Marks = { ended: endedRuns(plan), failures: storedFailures(plan) }
  return (index) => {
    const status = done.get(index) ?? statusOf(plan, plan.runs[index]!, index, marks)
    if (status.state === 'done') done.set(index, status)
    return status
  }
}

/** Marks of runs that are stored beside the plan. */
interface Marks {
  readonly ended: ReadonlySet<number>
  readonly failures: ReadonlyMap<string, string>
}

function statusOf(plan: SweepPlan, { run, trainSteps }: PlannedRun, index: number, marks: Marks): PlannedStatus {
  const facts = { index, run, trainSteps, isDamaged: false }
  const failure = marks.failures.get(run) ?? null
  try {
    const found = runStatus(run, plan.resultsDir)
    if (!found) return { ...facts, state: failure === null ? 'missing' : 'failed', step: 0, message: failure }
    const { state, status } = found
    const { step, message } = status
    if (state === 'finished') return { ...facts, state: 'done', step, message }
    if (state === 'running') return { ...facts, state, step, message }
    if (failure !== null) return { ...facts, state: 'failed', step, message: failure }
    return { ...facts, state: marks.ended.has(index) ? 'ended' : state, step, message }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { ...facts, state: 'failed', step: 0, message: error.message, isDamaged: true }
  }
}

/** How far a sweep is: the rows of its grid × seeds. A notebook shows it as a table. */
export class Coverage {
  readonly plan: SweepPlan
  readonly runs: readonly PlannedStatus[]

  constructor(plan: SweepPlan, runs: readonly PlannedStatus[] = statusesOf(plan)) {
    this.plan = plan
    this.runs = runs
  }

  /** Returns whether nothing is left to train. */
  get isComplete(): boolean {
    return this.runs.every(({ state }) => state === 'done' || state === 'ended')
  }

  /** The runs that have a folder, finished or not. */
  get stored(): readonly PlannedStatus[] {
    return this.runs.filter(({ state, step }) => state !== 'missing' && (state !== 'failed' || step > 0))
  }

  /** Returns the number of runs in a state. */
  count(state: PlannedState): number {
    return this.runs.filter((run) => run.state === state).length
  }

  /** Returns one row per configuration: the keys that differ, then for each seed how far its run is. */
  table(): Row[] {
    const { runs } = this.plan
    const comparison = new ConfigComparison(runs)
    const keys = comparison.keys.filter((key) => key !== 'seed')
    const rows = new Map<string, Record<string, Cell>>()
    const seeds = [...new Set(runs.map(({ config }) => config.seed))]
    const empty = Object.fromEntries(seeds.map((seed) => [seedColumn(seed), '']))
    for (const [index, planned] of runs.entries()) {
      const { config } = planned
      const values = Object.fromEntries(keys.map((key) => [key, comparison.value(planned, key)]))
      const id = JSON.stringify(values)
      const row = rows.get(id) ?? { ...(keys.length > 0 ? values : { model: config.model }), ...empty }
      row[seedColumn(config.seed)] = cellOf(this.runs[index]!)
      rows.set(id, row)
    }
    return [...rows.values()]
  }

  /** Returns a sentence: `12 runs: 8 done, 1 running, 3 missing`. */
  text(): string {
    const parts = STATES.flatMap((state) => (this.count(state) > 0 ? [`${this.count(state)} ${state}`] : []))
    return `${this.runs.length} ${this.runs.length === 1 ? 'run' : 'runs'}: ${parts.join(', ')}`
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.table())
  }
}

function seedColumn(seed: number): string {
  return `seed ${seed}`
}

function cellOf({ state, step, trainSteps }: PlannedStatus): string {
  if (state === 'done' || state === 'missing') return state
  return `${state} ${Math.floor((100 * step) / Math.max(1, trainSteps))} %`
}
