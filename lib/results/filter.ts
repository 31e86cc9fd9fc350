import { FUNCTION_KEYS, type FunctionRecord, isFunctionRecord } from '../config/functions.js'
import { type Config, type ConfigKey, configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import { valueText } from '../files/cell.js'
import { didYouMean } from '../options/nearest.js'
import { parseOptions } from '../options/options.js'
import type { Recursion } from '../recursion/data.js'
import { keyValues } from './key-values.js'
import type { RunLabel } from './label.js'
import { momentOf } from './moment.js'
import type { RunRecord } from './record.js'
import type { EndReason, RunState } from './status.js'

/**
 * The wanted values of a field: one, any of a list, or those for which a function returns true. A function is not called
 * for a run without a value; `null` finds these.
 */
export type Wanted<T> = T | null | readonly (T | null)[] | ((value: NonNullable<T>) => boolean)

type ShownValue<K extends ConfigKey> =
  | Exclude<Config[K], FunctionRecord | Recursion | null>
  // Any other text; written so that editors still complete the built-in names.
  | (K extends keyof typeof FUNCTION_KEYS | 'recursion' ? string & {} : never)

/**
 * Effective values of configuration keys. A custom mixer or loss is wanted by its name, a recursion by its text
 * (`trm(3, 6)`, or the name of a custom one; null: any that the keys define).
 */
export type ConfigFilter = { readonly [K in ConfigKey]?: Wanted<ShownValue<K>> | undefined }

/** Selects stored runs: all that are given must hold. */
export interface RunFilter extends ConfigFilter {
  /** ID or its beginning. */
  readonly id?: Wanted<string> | undefined
  readonly state?: Wanted<RunState> | undefined
  /** Key of the configuration that ended the run; null: it has not ended by itself. */
  readonly ended?: Wanted<EndReason> | undefined
  /** Part of the name, in any case. */
  readonly name?: Wanted<string> | undefined
  /** Part of the note, in any case. */
  readonly note?: Wanted<string> | undefined
  /** One of the run's tags, in any case; null: no tags. */
  readonly tag?: Wanted<string> | undefined
  /** Earliest start: an age (`30m`, `12h`, `7d`, `2w`) or a date (`2026-11-30`, in UTC). */
  readonly since?: string | Date | undefined
  /** The start was before this: an age or a date. */
  readonly before?: string | Date | undefined
}

/** The fields of a {@link RunFilter} beside the keys of the configuration. */
export const FILTER_FIELDS = ['id', 'state', 'ended', 'name', 'note', 'tag', 'since', 'before'] as const

type FilterField = (typeof FILTER_FIELDS)[number]

/** A run to select: its record and its label. */
export type FilteredRun = RunRecord & { readonly label: RunLabel }

type Test = (run: FilteredRun) => boolean

/** Every state of a run. */
export const RUN_STATES = ['running', 'finished', 'failed', 'interrupted'] as const satisfies readonly RunState[]
/** Every key of the configuration that can end a run. */
export const END_REASONS = ['trainSteps', 'until', 'maxSeconds', 'patience'] as const satisfies readonly EndReason[]

/**
 * Returns whether a run is selected by a filter, as a function.
 *
 * @param runs the runs to be filtered, whose custom functions may be named
 * @throws UserError (exit code 2) for an unknown field, and for a value that no run can have.
 */
export function runFilter(filter: RunFilter, runs: readonly Pick<RunRecord, 'config'>[]): Test {
  const given = Object.entries(filter).filter(([, wanted]) => wanted !== undefined)
  const tests = given.map(([field, wanted]): Test => {
    if (isFilterField(field)) return FIELD_TESTS[field](wanted)
    if (isConfigKey(field)) return configTest(field, wanted, runs)
    throw unknownField(field, [...FILTER_FIELDS, ...Object.keys(configSchema.shape)])
  })
  return (run) => tests.every((test) => test(run))
}

/** Returns whether a name is a key of the configuration. */
export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(configSchema.shape, name)
}

/** Returns whether a name is one of {@link FILTER_FIELDS}. */
export function isFilterField(name: string): name is FilterField {
  return (FILTER_FIELDS as readonly string[]).includes(name)
}

/** Returns the error for a field that runs do not have. */
export function unknownField(field: string, known: readonly string[]): UserError {
  return new UserError({
    where: `field ${field}`,
    expected: 'a field of runs: a key of the configuration, or a column of runs()',
    found: 'an unknown one',
    todo: didYouMean(field, known) ?? 'recurlab explain lists the keys; runs().columnNames() lists the columns.',
    exitCode: 2,
  })
}

/**
 * Returns whether a value is a wanted one.
 *
 * @param field for messages
 * @param isSame compares with one wanted value. Default: equality, of NaN too
 * @throws UserError (exit code 2) if a function returns neither true nor false.
 */
export function isWanted(
  field: string,
  wanted: unknown,
  value: unknown,
  isSame: (one: unknown, value: unknown) => boolean = isEqual,
): boolean {
  if (Array.isArray(wanted)) return wanted.some((one) => isWanted(field, one, value, isSame))
  if (typeof wanted !== 'function') return isSame(wanted, value)
  if (value === null || value === undefined) return false
  const answer: unknown = wanted(value)
  if (typeof answer === 'boolean') return answer
  throw new UserError({
    where: `field ${field}`,
    expected: 'a function that returns true or false',
    found: answer instanceof Promise ? 'one that returns a promise' : `one that returns ${valueText(answer, 60)}`,
    exitCode: 2,
  })
}

function isEqual(one: unknown, value: unknown): boolean {
  const isDates = one instanceof Date && value instanceof Date
  return isDates ? one.getTime() === value.getTime() : one === value || (Number.isNaN(one) && Number.isNaN(value))
}

const FIELD_TESTS: Readonly<Record<FilterField, (wanted: unknown) => Test>> = {
  id: (wanted) =>
    textTest(
      'id',
      wanted,
      ({ id }) => id,
      (part, id) => id.startsWith(part),
    ),
  state: (wanted) => wordTest('state', wanted, RUN_STATES, ({ state }) => state),
  ended: (wanted) => wordTest('ended', wanted, END_REASONS, ({ status }) => status.ended),
  name: (wanted) => textTest('name', wanted, ({ label }) => label.name, contains),
  note: (wanted) => textTest('note', wanted, ({ label }) => label.note, contains),
  tag: (wanted) => {
    checkTexts('tag', wanted)
    const isTag = (one: unknown, tag: unknown): boolean => String(one).toLowerCase() === String(tag).toLowerCase()
    const isNone = [wanted].flat().includes(null)
    return ({ label: { tags } }) =>
      tags.length === 0 ? isNone : tags.some((tag) => isWanted('tag', wanted, tag, isTag))
  },
  since: (wanted) => {
    const moment = momentOf('field since', wanted)
    return ({ status }) => Date.parse(status.started) >= moment
  },
  before: (wanted) => {
    const moment = momentOf('field before', wanted)
    return ({ status }) => Date.parse(status.started) < moment
  },
}

function contains(part: string, text: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase())
}

function textTest(
  field: FilterField,
  wanted: unknown,
  of: (run: FilteredRun) => string | null,
  fits: (part: string, text: string) => boolean,
): Test {
  checkTexts(field, wanted)
  const isSame = (one: unknown, value: unknown): boolean =>
    one === null || value === null ? one === value : fits(String(one), String(value))
  return (run) => isWanted(field, wanted, of(run), isSame)
}

function checkTexts(field: string, wanted: unknown): void {
  for (const one of [wanted].flat())
    if (!(typeof one === 'string' || typeof one === 'function' || one === null))
      throw wrongValue(field, 'a text, a list of texts or a function', one)
}

function wordTest(
  field: FilterField,
  wanted: unknown,
  words: readonly string[],
  of: (run: FilteredRun) => string | null,
): Test {
  for (const one of [wanted].flat())
    if (!(typeof one === 'function' || (one === null && field === 'ended') || words.includes(one as string)))
      throw wrongValue(field, `one of ${words.join(', ')}`, one, words)
  return (run) => isWanted(field, wanted, of(run))
}

function wrongValue(field: string, expected: string, found: unknown, words: readonly string[] = []): UserError {
  const near = typeof found === 'string' ? didYouMean(found, words) : undefined
  return new UserError({
    where: `field ${field}`,
    expected,
    found: valueText(found, 60),
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}

function configTest(key: ConfigKey, wanted: unknown, runs: readonly Pick<RunRecord, 'config'>[]): Test {
  if (key === 'recursion') {
    checkTexts(key, wanted)
    const isTheOne = (one: unknown, run: FilteredRun): boolean =>
      one === null ? run.config.recursion == null : isWanted(key, one, keyValues(run).recursion)
    return (run) => [wanted].flat().some((one) => isTheOne(one, run))
  }
  const names = Object.hasOwn(FUNCTION_KEYS, key) ? new Set(runs.map(({ config }) => functionName(config[key]))) : null
  const checked = (one: unknown): unknown => {
    if (typeof one === 'function' || names?.has(one as string)) return one
    // Checked like a configuration, so that an impossible value is reported.
    return parseOptions(configSchema.partial(), { [key]: one }, 'the configuration')[key]
  }
  const all = Array.isArray(wanted) ? wanted.map(checked) : checked(wanted)
  return (run) => {
    const value = keyValues(run)[key] ?? null
    return isWanted(key, all, functionName(value) ?? value)
  }
}

/** Returns the name of a custom function; null for a built-in one. */
function functionName(value: unknown): string | null {
  return isFunctionRecord(value) ? value.name : null
}
