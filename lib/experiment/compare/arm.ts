import { UserError } from '../../errors.js'
import { liveRowsBeside, primaryRows } from '../../evaluate/arms.js'
import type { PuzzleOutcome } from '../../evaluate/outcomes.js'
import type { ComparedRun } from '../../results/comparison.js'
import type { ComparedConfig } from '../../results/config-comparison.js'

/** A row of numbers by metric name. */
export type Numbers = Readonly<Record<string, unknown>>

/** A run that can be summarised: a run of a notebook, or a stored one. */
export interface SummarisedRun extends ComparedRun {
  /** Folder of the run, where the outcomes of its puzzles are read. */
  readonly dir?: string
  /** Rows of `metrics.arrow`; needed for `train.*` only. */
  readonly metrics?: readonly Numbers[]
  /** Its `dataHash` says which data set the run was trained on. */
  readonly provenance?: Numbers
}

/**
 * An evaluation made after training, as `evaluateRun` returns it. Any object with the numbers of an evaluation can stand in
 * its place, e.g. those of another way to select an answer.
 */
export interface MadeEvaluation {
  /** The metrics by public name, shares from 0 to 1, with `scored` and `puzzles`; see `Evaluation`. */
  readonly evaluation: object
  /** The evaluated run. */
  readonly id?: string
  /** Seed of the evaluated run, by which evaluations are paired. Default: that of `config`. */
  readonly seed?: number
  /** Configuration of the evaluated run. */
  readonly config?: object
  /** The data set of the evaluation. */
  readonly data?: { readonly hash: string }
  /** Optimiser steps behind the weights; null if unknown. */
  readonly step?: number | null
}

/** One run, or one evaluation made afterwards, among those of an arm. */
export interface ArmMember {
  readonly id: string
  /** null if unknown. */
  readonly seed: number | null
  /** The configuration, for the keys that vary; null if unknown. */
  readonly compared: ComparedConfig | null
  readonly parameters: number | null
  /** Evaluations of one set of weights, oldest first. */
  readonly evaluations: readonly Numbers[]
  readonly metrics: readonly Numbers[]
  /** null if unknown. */
  readonly dataHash: string | null
  /** Whether the run has not ended by itself; evaluations made afterwards are not. */
  readonly unfinished: boolean
  /** Folder whose `outcomes.arrow` belongs to the last evaluation; null if there is none. */
  readonly outcomesDir: string | null
  /** Outcomes that are at hand. */
  readonly outcomes: readonly PuzzleOutcome[] | null
}

/** One side of a comparison: runs that differ only by their seed, or evaluations of such runs. */
export class Arm {
  readonly name: string
  readonly members: readonly ArmMember[]

  constructor(name: string, members: readonly ArmMember[]) {
    this.name = name
    this.members = members
  }
}

/**
 * Returns runs, or evaluations made afterwards, as an arm that stands beside the configurations of `runs.summary` and in
 * `runs.compare`.
 *
 * @example
 * const live = await Promise.all(runs.all.map(({ id }) => evaluateRun(id, { weights: 'live' })))
 * runs.compare(arm('live weights', live), arm('EMA', runs.all))
 * @throws UserError (exit code 2) for an empty name, and for values that are neither runs nor evaluations.
 */
export function arm(name: string, members: readonly (SummarisedRun | MadeEvaluation)[]): Arm {
  const where = `arm ${JSON.stringify(name)}`
  if (typeof name !== 'string' || name.trim() === '')
    throw new UserError({ where: 'an arm', expected: 'a name', found: JSON.stringify(name), exitCode: 2 })
  if (!Array.isArray(members) || members.length === 0)
    throw new UserError({ where, expected: 'runs or evaluations', found: 'none', exitCode: 2 })
  return new Arm(
    name,
    members.map((member, i) => memberOf(member, `${where}, value ${i}`)),
  )
}

function memberOf(member: SummarisedRun | MadeEvaluation, where: string): ArmMember {
  if (isObject(member) && 'evaluation' in member && isObject(member.evaluation)) return madeMember(member, where)
  if (isObject(member) && 'evaluations' in member && Array.isArray(member.evaluations)) return runMember(member)
  throw new UserError({
    where,
    expected: 'a run, or an evaluation as evaluateRun returns it',
    found: isObject(member) ? `an object with ${Object.keys(member).slice(0, 5).join(', ')}` : typeof member,
    exitCode: 2,
  })
}

/** Returns a run with the evaluations of its EMA; of its weights, if it evaluates one set only. */
export function runMember(run: SummarisedRun): ArmMember {
  return { ...factsOf(run), evaluations: primaryRows(run.evaluations as readonly Numbers[]) }
}

/** Returns a run with the evaluations of its live weights beside the EMA; null if it has none. */
export function liveMember(run: SummarisedRun): ArmMember | null {
  const evaluations = liveRowsBeside(run.evaluations as readonly Numbers[])
  return evaluations.length === 0 ? null : { ...factsOf(run), evaluations, metrics: [], outcomesDir: null }
}

/** Returns whether two members are the same run at the same last evaluation. */
export function isSameMember(a: ArmMember, b: ArmMember): boolean {
  return a.id === b.id && JSON.stringify(a.evaluations.at(-1)) === JSON.stringify(b.evaluations.at(-1))
}

function factsOf(run: SummarisedRun): Omit<ArmMember, 'evaluations'> {
  const { id, config, parameters, ended, metrics = [], provenance, dir } = run
  const hash = provenance?.dataHash
  return {
    id,
    seed: typeof config.seed === 'number' ? config.seed : null,
    // The run itself: a comparison looks configurations of other versions up by their object.
    compared: run,
    parameters,
    metrics,
    dataHash: typeof hash === 'string' ? hash : null,
    unfinished: ended === null,
    outcomesDir: dir === undefined || dir === '' ? null : dir,
    outcomes: null,
  }
}

function madeMember(made: MadeEvaluation, where: string): ArmMember {
  const { evaluation, id = where, config, data, step = null } = made
  const { votes, outcomes, ...numbers } = evaluation as Numbers
  const pass = isObject(votes) && 'pass' in votes && isObject(votes.pass) ? Object.entries(votes.pass) : []
  const scoredTasks = isObject(votes) && 'scored' in votes ? { scoredTasks: votes.scored } : {}
  const voted = { ...Object.fromEntries(pass.map(([k, share]) => [`test.${k}`, share])), ...scoredTasks }
  const seed = made.seed ?? (config as Numbers | undefined)?.seed
  return {
    id,
    seed: typeof seed === 'number' ? seed : null,
    compared: config === undefined ? null : { config: config as Readonly<Record<string, unknown>> },
    parameters: null,
    evaluations: [{ ...numbers, ...voted, step }],
    metrics: [],
    dataHash: data?.hash ?? null,
    unfinished: false,
    outcomesDir: null,
    outcomes: Array.isArray(outcomes) && outcomes.length > 0 ? outcomes : null,
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
