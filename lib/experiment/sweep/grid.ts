import { isDataKey } from '../../config/data-keys.js'
import { effectiveValue, recursionText } from '../../config/effective.js'
import {
  FUNCTION_KEYS,
  type FunctionKind,
  isFunctionRecord,
  recordFunction,
  shownValue as shownFunction,
} from '../../config/functions.js'
import { overlaid } from '../../config/recursion-key.js'
import type { Config, ConfigInput, ConfigKey } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { namedRecursion, type RecursionInput } from '../../recursion/recursion.js'

/**
 * Values to try per key, as a list or by name; every combination is a run, and the last key changes fastest. Tables and
 * curves show a value by its name if it has one.
 */
export type Grid = {
  readonly [K in keyof ConfigInput]?: readonly ConfigInput[K][] | Readonly<Record<string, ConfigInput[K]>>
}

/** The names that a grid gives to values, by key. */
export type ValueNames = Readonly<Partial<Record<ConfigKey, string>>>

/** A configuration of a grid. */
export interface GridRow {
  readonly input: ConfigInput
  readonly names: ValueNames
}

/**
 * Returns the configurations of a grid, or of several in turn, each merged into `base`. A recursion, mixer or loss is
 * renamed to its name in the grid, and a recursion replaces T, n, latents and gradient of `base`.
 *
 * @throws UserError for a key without values, or with a value twice.
 */
export function expandGrid(base: ConfigInput, grid: Grid | readonly Grid[]): GridRow[] {
  return gridsOf(grid).flatMap((one) => {
    let rows: GridRow[] = [{ input: {}, names: {} }]
    for (const [key, values] of Object.entries(one) as [ConfigKey, unknown][]) {
      const all = checkedValues(key, values)
      rows = rows.flatMap(({ input, names }) =>
        all.map(({ value, name }) => ({
          input: { ...input, [key]: value },
          names: name === null ? names : { ...names, [key]: name },
        })),
      )
    }
    return rows.map(({ input, names }) => ({ input: overlaid(base, input), names }))
  })
}

/** Refuses a grid that varies the data when a data set is given. @throws UserError naming the key. */
export function refuseDataKeys(grid: Grid | readonly Grid[]): void {
  const values = new Map<string, Set<unknown>>()
  for (const one of gridsOf(grid))
    for (const [key, list] of Object.entries(one))
      if (isDataKey(key)) values.set(key, new Set([...(values.get(key) ?? []), ...Object.values(list as object)]))
  for (const [key, found] of values)
    if (found.size > 1)
      throw new UserError({
        where: `key ${key} of the grid`,
        expected: 'no key of the data, as the data set is given',
        found: [...found].join(', '),
        todo: 'Omit the data set: each run then uses the data set of its configuration.',
        exitCode: 2,
      })
}

function gridsOf(grid: Grid | readonly Grid[]): readonly Grid[] {
  return Array.isArray(grid) ? (grid as readonly Grid[]) : [grid as Grid]
}

interface NamedValue {
  readonly value: unknown
  readonly name: string | null
}

function checkedValues(key: ConfigKey, values: unknown): readonly NamedValue[] {
  const refused = (expected: string, found: string): UserError =>
    new UserError({ where: `key ${key} of the grid`, expected, found, exitCode: 2 })
  if (typeof values !== 'object' || values === null)
    throw refused(`a list of values, as in { ${key}: [${literal(values)}] }`, literal(values))
  const isList = Array.isArray(values)
  const all = Object.values(values) as unknown[]
  if (all.length === 0) throw refused('at least one value', isList ? 'an empty list' : 'none')
  const twice = all.find((value, i) => all.indexOf(value) !== i)
  if (twice !== undefined) throw refused('every value once', `${literal(twice)} twice`)
  if (isList) return all.map((value) => ({ value, name: null }))
  return Object.entries(values).map(([name, value]) => ({
    value: named(key, value, name),
    name,
  }))
}

function literal(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** Returns a recursion, mixer or loss under its name in the grid. */
function named(key: ConfigKey, value: unknown, name: string): unknown {
  if (key === 'recursion' && value !== null) return namedRecursion(value as RecursionInput, name)
  const isFunction = typeof value === 'function' || (typeof value === 'object' && value !== null)
  if (!isFunction || !Object.hasOwn(FUNCTION_KEYS, key)) return value
  return isFunctionRecord(value) ? { ...value, name } : recordFunction(key as FunctionKind, value, name)
}

/**
 * Returns a key's value as tables and curves show it: its name in the grid, else the value.
 *
 * @param among the configurations of all runs shown together: functions of the same name are distinguished by their hash
 */
export function shownValue(
  config: Config,
  key: ConfigKey,
  names: ValueNames = {},
  among: readonly Config[] = [],
): string | number | boolean | null {
  const name = names[key]
  if (name !== undefined) return name
  if (key === 'recursion') return recursionText(config)
  return shownFunction(
    effectiveValue(config, key),
    among.map((other) => other[key]),
  )
}

/**
 * Returns a run's label, made of the keys that differ: `layers 2, n 6`; just the value if one key differs and the value is
 * a word.
 *
 * @param among as in {@link shownValue}
 */
export function configLabel(
  config: Config,
  keys: readonly ConfigKey[],
  names: ValueNames = {},
  among: readonly Config[] = [],
): string {
  const values = keys.map((key) => shownValue(config, key, names, among))
  const only = keys.length === 1 ? values[0] : undefined
  if (typeof only === 'string') return only
  return keys.length === 0 ? config.model : keys.map((key, i) => `${key} ${values[i] ?? '–'}`).join(', ')
}
