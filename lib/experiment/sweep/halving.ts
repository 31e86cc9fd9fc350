import path from 'node:path'
import { UserError } from '../../errors.js'
import { primaryRows } from '../../evaluate/arms.js'
import { type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { hasEntry } from '../../files/regular.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import { isRefused } from '../../files/system-errors.js'
import { openRun, readEvaluations } from '../../results/run.js'
import { type PlannedRun, planIdentity, type SweepPlan } from './plan.js'

const FORMAT: SealedFormat = {
  what: 'a decision of successive halving',
  version: 3,
  todo: 'Delete it: it is taken again.',
}

/**
 * Successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943): every configuration makes a share of its steps; the
 * best go on, the others end there.
 */
export interface HalvingOptions {
  /** Metric of the evaluations that ranks configurations, by its mean over seeds. Default `test.exact`. */
  readonly metric?: string
  /** One configuration in `factor` goes on. Default 3. */
  readonly factor?: number
  /** Number of decisions. Default 2: at a ninth and at a third of the steps, for a factor of 3. */
  readonly rungs?: number
}

/** One decision, as stored in `rung-N.json` beside the plan. */
export interface RungDecision {
  /** 1 for the first. */
  readonly rung: number
  readonly metric: string
  /** Configurations, best first: their runs by index, the mean of the metric (null if unknown), and whether they go on. */
  readonly ranking: readonly {
    readonly runs: readonly number[]
    readonly value: number | null
    readonly goesOn: boolean
  }[]
}

const DEFAULTS = { metric: 'test.exact', factor: 3, rungs: 2 }

/** Returns the metric that ranks configurations. */
export function rankedBy({ metric = DEFAULTS.metric }: HalvingOptions): string {
  return metric
}

/** Checks the options. @throws UserError (exit code 2) naming the one that is out of range. */
export function checkHalving({ metric, factor, rungs }: HalvingOptions): void {
  const refused = (option: string, expected: string, found: unknown): UserError =>
    new UserError({ where: `option halving.${option}`, expected, found: String(found), exitCode: 2 })
  if (metric !== undefined && !/^test\.\S+$/.test(metric))
    throw refused('metric', 'a metric of evaluations, test.…', metric)
  if (factor !== undefined && !(Number.isFinite(factor) && factor > 1))
    throw refused('factor', 'a number above 1', factor)
  if (rungs !== undefined && !(Number.isSafeInteger(rungs) && rungs >= 1 && rungs <= 20))
    throw refused('rungs', 'a whole number from 1 to 20', rungs)
}

/**
 * Returns the step at which a run waits for a decision: `trainSteps / factor^(rungs + 1 - rung)`, rounded up to an
 * evaluation.
 */
export function rungStep(halving: HalvingOptions, rung: number, { trainSteps, evaluateEvery }: PlannedRun): number {
  const { factor, rungs } = { ...DEFAULTS, ...halving }
  const step = Math.ceil(trainSteps / factor ** (rungs + 1 - rung) / evaluateEvery) * evaluateEvery
  return Math.min(step, trainSteps)
}

/** Returns the share of all steps that is made in spite of the decisions: between two of them, those of the runs that go on. */
export function workShare(halving: HalvingOptions): number {
  const { factor, rungs } = { ...DEFAULTS, ...halving }
  let [share, before] = [0, 0]
  for (let rung = 1; rung <= rungs + 1; rung++) {
    const until = factor ** (rung - rungs - 1)
    share += (until - before) * factor ** (1 - rung)
    before = until
  }
  return share
}

/** Returns the decisions that were taken so far, in order. @throws UserError when one is damaged. */
export function rungDecisions(plan: SweepPlan): RungDecision[] {
  if (!plan.halving) return []
  const own = planIdentity(plan)
  const decisions: RungDecision[] = []
  for (let rung = 1; ; rung++) {
    const file = fileOf(plan.dir, rung)
    if (!hasEntry(file)) return decisions
    const { plan: of, ...decision } = readSealedJson(file, FORMAT)
    if (of !== own || decision.rung !== rung)
      throw new UserError({
        where: file,
        expected: `decision ${rung} of this sweep`,
        found: of === own ? `decision ${decision.rung}` : 'one of another sweep',
        todo: FORMAT.todo,
      })
    decisions.push(decision as unknown as RungDecision)
  }
}

/** Returns a decision as a sentence for the user. */
export function decisionText({ rung, ranking }: RungDecision): string {
  const kept = ranking.filter(({ goesOn }) => goesOn).length
  return `Decision ${rung}: ${kept} of ${ranking.length} configurations go on.`
}

/** Returns the indices of the runs that decisions ended. */
export function endedRuns(plan: SweepPlan): Set<number> {
  return new Set(rungDecisions(plan).flatMap(({ ranking }) => ranking.flatMap((row) => (row.goesOn ? [] : row.runs))))
}

/** Returns whether a decision of a sweep is not yet taken. */
export function awaitsDecision(plan: SweepPlan): boolean {
  return plan.halving !== null && rungDecisions(plan).length < { ...DEFAULTS, ...plan.halving }.rungs
}

/** Returns the step at which a run waits for the next decision; Infinity after the last one, and without successive halving. */
export function nextStop(plan: SweepPlan, index: number): number {
  if (!plan.halving || !awaitsDecision(plan)) return Number.POSITIVE_INFINITY
  return rungStep(plan.halving, rungDecisions(plan).length + 1, plan.runs[index]!)
}

/** Returns whether a run has what a decision at a step needs: a process that is killed during an evaluation has logged its step only. */
export function isEvaluatedAt(plan: SweepPlan, index: number, stop: number): boolean {
  return evaluationAt(plan, index, stop) !== null
}

/**
 * Returns the runs that have to be trained before the next decision, by index, each with the step at which it stops. Takes
 * the decisions for which all runs are ready, and writes them.
 *
 * @param steps the steps of the runs, by index; Infinity for a run that makes no more
 * @returns null after the last decision
 */
export function nextStops(plan: SweepPlan, steps: readonly number[]): Map<number, number> | null {
  const { halving } = plan
  if (!halving) return null
  const { rungs } = { ...DEFAULTS, ...halving }
  for (let rung = rungDecisions(plan).length + 1; rung <= rungs; rung++) {
    const ended = endedRuns(plan)
    const active = plan.runs.map((_, index) => index).filter((index) => !ended.has(index))
    const stops = new Map(active.map((index) => [index, rungStep(halving, rung, plan.runs[index]!)]))
    const isReady = (index: number, stop: number): boolean =>
      steps[index] === Number.POSITIVE_INFINITY || (steps[index]! >= stop && isEvaluatedAt(plan, index, stop))
    const waiting = new Map([...stops].filter(([index, stop]) => !isReady(index, stop)))
    if (waiting.size > 0) return waiting
    decide(plan, halving, rung, active, stops)
  }
  return null
}

function decide(
  plan: SweepPlan,
  halving: HalvingOptions,
  rung: number,
  active: readonly number[],
  stops: ReadonlyMap<number, number>,
): void {
  const { metric, factor } = { ...DEFAULTS, ...halving }
  const groups = new Map<string, number[]>()
  for (const index of active) {
    const { config, hashes } = plan.runs[index]!
    const key = JSON.stringify([hashes.data, { ...config, seed: 0 }])
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  const rows = [...groups.values()].map((runs) => ({
    runs,
    value: mean(runs.map((index) => valueAt(plan, index, metric, stops.get(index)!))),
  }))
  // The sort is stable: of equal configurations the earlier in the plan goes on.
  const sorted = rows.sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity) || 0)
  const kept = Math.max(1, Math.ceil(sorted.length / factor))
  const ranking = sorted.map((row, place) => ({ ...row, goesOn: place < kept }))
  writeSealedJson(fileOf(plan.dir, rung), FORMAT, { plan: planIdentity(plan), rung, metric, ranking })
}

/** Returns a metric of a run's evaluation at a step; null for a run without it, e.g. a failed one. */
function valueAt(plan: SweepPlan, index: number, metric: string, step: number): number | null {
  const value = evaluationAt(plan, index, step)?.[metric]
  return typeof value === 'number' && !Number.isNaN(value) ? value : null
}

/** Returns the row of a run's evaluation at a step; null without one. */
function evaluationAt({ runs, resultsDir }: SweepPlan, index: number, step: number): Row | null {
  try {
    const rows = rowsOfTable(readEvaluations(openRun(runs[index]!.run, resultsDir)))
    return primaryRows(rows).find((row) => row.step === step) ?? null
  } catch (error) {
    // A decision is final: it waits for a run that the system does not let us read.
    if (error instanceof UserError && !isRefused(error)) return null
    throw error
  }
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null
}

function fileOf(dir: string, rung: number): string {
  return path.join(dir, `rung-${rung}.json`)
}
