import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { configIdentity } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { isJsonObject, type JsonObject } from '../../files/json.js'
import { checkedId } from '../../files/names.js'
import { fileOperations as fs } from '../../files/operations.js'
import { hasEntry } from '../../files/regular.js'
import {
  canonicalJson,
  createSealedJson,
  readSealedJson,
  type SealedFormat,
  writeSealedJson,
} from '../../files/sealed-json.js'
import type { ValueNames } from '../../results/config-comparison.js'
import type { LabelOptions } from '../../results/label.js'
import { DEFAULT_RESULTS, sweepsFolder } from '../../results/layout.js'
import { codeHere } from '../../results/other-code.js'
import type { InitIdentity, InitOptions } from '../run/begin.js'
import type { HalvingOptions } from './halving.js'

const FORMAT: SealedFormat = {
  what: 'the plan of a sweep',
  version: 2,
  todo: 'The file is damaged or was changed: plan the sweep again.',
}

const PLAN = 'plan.json'

/** Hashes by which a planned run is recognised among the stored ones. */
export interface RunHashes {
  /** Of every value that decides the computation; see `configIdentity`. */
  readonly config: string
  /** Of the data set's arrays. */
  readonly data: string
  /** Of the recursion; null when keys of the configuration define it. */
  readonly recursion: string | null
}

/** One run of a plan. */
export interface PlannedRun {
  /** ID of the run that stores it, in the plan's results folder. */
  readonly run: string
  /** The flat configuration with every effective value. */
  readonly config: Config
  /** The keys that were given. */
  readonly asked: Partial<Config>
  /** Names of its values in the grid. */
  readonly names: ValueNames
  /** Length of the run in optimiser steps. */
  readonly trainSteps: number
  /** Optimiser steps between evaluations. */
  readonly evaluateEvery: number
  readonly hashes: RunHashes
}

/** The runs of a sweep, and all that a process needs to train any of them: the content of `plan.json`. */
export interface SweepPlan {
  /** Name of its folder. */
  readonly id: string
  /** Absolute path of its folder. */
  readonly dir: string
  /** Absolute path of the results folder, whose `runs` hold the runs. */
  readonly resultsDir: string
  /** Date and time at which it was made. */
  readonly made: string
  /** Sources and packages that decide numbers, by hash or version; see `codeHere`. */
  readonly code: Readonly<Record<string, unknown>>
  /** Name, note and tags of every run. */
  readonly label: LabelOptions
  /** Initial weights in place of fresh ones; a file by its absolute path. */
  readonly init: InitOptions | null
  /** Identity of the initial weights, whatever their place. */
  readonly initIdentity: InitIdentity | null
  /** Hashes of custom metrics by name. */
  readonly metrics: Readonly<Record<string, string>>
  /** Whether memory is estimated before each run. */
  readonly estimate: boolean
  /** A module whose functions and tasks the runs need; null without. */
  readonly module: string | null
  /** Hashes of data sets that no configuration reproduces: they are stored in `data/HASH` beside the plan. */
  readonly storedData: readonly string[]
  /** How weak configurations are ended early; null when every run makes all its steps. */
  readonly halving: HalvingOptions | null
  readonly runs: readonly PlannedRun[]
}

/** Returns the hashes of a run. @param config the flat configuration with every effective value */
export function runHashes(config: Config, data: string): RunHashes {
  const identity = configIdentity(config)
  return {
    config: sha256(canonicalJson(identity)),
    data,
    recursion: identity.recursion === null ? null : sha256(identity.recursion),
  }
}

/**
 * Writes a plan into its folder, which holds no other one afterwards.
 *
 * @throws UserError when the folder cannot be written.
 */
export function writePlan(plan: SweepPlan): void {
  writeSealedJson(path.join(plan.dir, PLAN), FORMAT, contentOf(plan))
}

/**
 * Writes a plan into its folder, unless that holds one.
 *
 * @returns false when it holds one, which is left as it is
 * @throws UserError when the folder cannot be written.
 */
export function createPlan(plan: SweepPlan): boolean {
  return createSealedJson(path.join(plan.dir, PLAN), FORMAT, contentOf(plan))
}

function contentOf(plan: SweepPlan): object {
  const { dir, id, runs, resultsDir, ...others } = plan
  const [config, asked] = [common(runs.map((run) => run.config)), common(runs.map((run) => run.asked))]
  return {
    ...others,
    name: id,
    resultsDir: path.relative(dir, resultsDir),
    config,
    asked,
    runs: runs.map((run) => ({ ...run, config: without(run.config, config), asked: without(run.asked, asked) })),
  }
}

/**
 * Reads a plan.
 *
 * @param named the plan's folder, or the name of one in the results folder, or a unique beginning of a name
 * @throws UserError when there is none, or it is damaged or of another format version.
 */
export function readPlan(named: string, resultsDir: string = DEFAULT_RESULTS): SweepPlan {
  const dir = planFolder(named, resultsDir)
  const file = path.join(dir, PLAN)
  const { name, config, asked, runs, ...others } = readSealedJson(file, FORMAT) as JsonObject & Stored
  if (!isJsonObject(config) || !isJsonObject(asked) || !Array.isArray(runs))
    throw new UserError({ where: file, expected: 'config, asked and runs', found: 'something else', todo: FORMAT.todo })
  if (name !== path.basename(dir))
    throw new UserError({
      where: file,
      expected: `the plan of the sweep ${path.basename(dir)}`,
      found: `that of ${String(name)}`,
      todo: 'Put the file back into its folder, or give the folder its name back.',
    })
  return {
    ...(others as unknown as Omit<SweepPlan, 'id' | 'dir' | 'runs'>),
    id: path.basename(dir),
    dir,
    resultsDir: path.resolve(dir, others.resultsDir),
    storedData: others.storedData.map((hash) => checkedId(hash, `${file}, storedData`)),
    runs: runs.map((run) => ({
      ...run,
      run: checkedId(run.run, `${file}, runs`),
      config: parseConfig({ ...config, ...run.config }),
      asked: { ...asked, ...run.asked },
    })),
  }
}

/** Returns the plans of a results folder by their names, oldest first. */
export function listPlans(resultsDir: string = DEFAULT_RESULTS): string[] {
  const folder = sweepsFolder(resultsDir)
  if (!fs.existsSync(folder)) return []
  const names = fs.readdirSync(folder).filter((name) => isPlan(path.join(folder, name)))
  const made = new Map(names.map((name) => [name, fs.lstatSync(path.join(folder, name, PLAN)).mtimeMs]))
  return names.sort((a, b) => made.get(a)! - made.get(b)! || (a < b ? -1 : 1))
}

/** Returns whether a word names a sweep, by name, a beginning of it or folder; the folder or the ID of a run begins otherwise. */
export function isSweep(word: string, resultsDir: string): boolean {
  return isPlan(word) || (!fs.existsSync(word) && listPlans(resultsDir).some((name) => name.startsWith(word)))
}

/** Returns whether a folder holds a plan. */
export function isPlan(dir: string): boolean {
  return hasEntry(path.join(dir, PLAN))
}

/** Returns the text of all that a plan trains, whatever its name and place: equal plans have equal texts. */
export function planFacts({ code, initIdentity, metrics, label, halving, runs }: Trained): string {
  return canonicalJson([code, initIdentity, metrics, label, halving, runs.map(({ hashes }) => hashes)])
}

/** Returns a hash of all that a plan trains, by which the decisions beside it name their plan. */
export function planIdentity(plan: Trained): string {
  return sha256(planFacts(plan))
}

type Trained = Pick<SweepPlan, 'code' | 'initIdentity' | 'metrics' | 'label' | 'halving'> & {
  readonly runs: readonly Pick<PlannedRun, 'hashes'>[]
}

/**
 * Returns the words by which commands find a plan: its name where that is enough, else its folder.
 *
 * @param out the results folder of the command; default: the default one
 */
export function planWords({ id, dir }: Pick<SweepPlan, 'id' | 'dir'>, out?: string): string {
  if (path.resolve(sweepsFolder(out ?? DEFAULT_RESULTS), id) !== dir) return dir
  return out === undefined ? id : `${id} out=${out}`
}

/** Checks that this process runs the code that a plan was made with. @throws UserError naming what differs. */
export function checkCode({ dir, code }: SweepPlan): void {
  const here = codeHere()
  const differing = [...new Set([...Object.keys(code), ...Object.keys(here)])].filter(
    (name) => code[name] !== here[name],
  )
  if (differing.length === 0) return
  const more = differing.length > 4 ? ` and ${differing.length - 4} more` : ''
  throw new UserError({
    where: dir,
    expected: 'the code that the sweep was planned with',
    found: `other code: ${differing.slice(0, 4).join(', ')}${more} differ${differing.length === 1 ? 's' : ''}`,
    todo: 'Go back to that code, or plan the sweep again, which trains its runs anew.',
  })
}

function planFolder(named: string, resultsDir: string): string {
  if (isPlan(named)) return path.resolve(named)
  const folder = path.resolve(sweepsFolder(resultsDir))
  const names = listPlans(resultsDir)
  const matching = names.includes(named) ? [named] : names.filter((name) => named !== '' && name.startsWith(named))
  const [name] = matching
  if (name !== undefined && matching.length === 1) return path.join(folder, name)
  throw new UserError({
    where: folder,
    expected: name === undefined ? `a sweep ${JSON.stringify(named)}` : `one sweep that begins with ${named}`,
    found: (name === undefined ? names : matching).slice(-5).join(', ') || 'no sweeps',
    todo: 'recurlab sweep list shows them; out=DIR looks in another folder.',
    exitCode: 2,
  })
}

interface Stored {
  /** Name of the folder. */
  readonly name: unknown
  readonly resultsDir: string
  readonly storedData: readonly unknown[]
  readonly config: unknown
  readonly asked: unknown
  readonly runs: (Omit<PlannedRun, 'config' | 'asked'> & { config: object; asked: object })[]
}

/** Returns the keys that have the same value in all objects. */
function common(objects: readonly object[]): Record<string, unknown> {
  const [first = {}, ...others] = objects as Record<string, unknown>[]
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => others.every((other) => isDeepStrictEqual(other[key], value))),
  )
}

function without(object: object, shared: object): object {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !Object.hasOwn(shared, key)))
}
