import { isDataKey } from '../../config/data-keys.js'
import { FUNCTION_KEYS, type FunctionKind, isFunctionRecord, recordFunction } from '../../config/functions.js'
import { overlaid } from '../../config/recursion-key.js'
import type { ConfigInput, ConfigKey } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { namedRecursion, type RecursionInput } from '../../recursion/recursion.js'
import type { ValueNames } from '../../results/config-comparison.js'
import { type Distribution, drawn, isDistribution } from './distributions.js'

/**
 * Values to try per key, as a list or by name; every combination is a run, and the last key changes fastest. Tables and
 * curves show a value by its name if it has one. A distribution, `lr: logUniform(1e-5, 1e-2)`, is drawn from.
 */
export type Grid = {
  readonly [K in keyof ConfigInput]?:
    | readonly ConfigInput[K][]
    | Readonly<Record<string, ConfigInput[K]>>
    | (number extends ConfigInput[K] ? Distribution : never)
}

/** How often the distributions of a grid are drawn from. */
export interface Draws {
  /** Number of draws, each a value for every distribution of the grid. Default 10. */
  readonly draws?: number
  /** Seed of the draws. Default 0. */
  readonly drawSeed?: number
}

/** A configuration of a grid. */
export interface GridRow {
  readonly input: ConfigInput
  readonly names: ValueNames
}

/** Draws from a grid's distributions, if their number is not given. */
const DRAWS = 10

/**
 * Returns the configurations of a grid, or of several in turn, each merged into `base`. A recursion, mixer or loss is
 * renamed to its name in the grid, and a recursion replaces T, n, latents and gradient of `base`. All distributions of a
 * grid are drawn from together; a draw is combined with every value of the other keys, at the place of the first
 * distribution.
 *
 * @throws UserError for an empty list of grids, a key without values, a value twice, and draws without a distribution.
 */
export function expandGrid(base: ConfigInput, grid: Grid | readonly Grid[], draws: Draws = {}): GridRow[] {
  const grids = gridsOf(grid)
  if (grids.length === 0)
    throw new UserError({ where: 'the grid', expected: 'at least one grid', found: 'an empty list', exitCode: 2 })
  checkDraws(grids, draws)
  return grids.flatMap((one) => {
    let rows: GridRow[] = [{ input: {}, names: {} }]
    const random = Object.entries(one).filter(([, values]) => isDistribution(values)) as [ConfigKey, Distribution][]
    for (const [key, values] of Object.entries(one) as [ConfigKey, unknown][]) {
      if (isDistribution(values)) {
        if (key === random[0]![0]) rows = rows.flatMap((row) => drawnRows(row, random, draws))
        continue
      }
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

function drawnRows(
  { input, names }: GridRow,
  random: readonly [ConfigKey, Distribution][],
  { draws = DRAWS, drawSeed = 0 }: Draws,
): GridRow[] {
  return Array.from({ length: draws }, (_, draw) => {
    const values = random.map(([key, distribution]) => [key, drawn(distribution, key, draw, drawSeed)])
    return { input: { ...input, ...Object.fromEntries(values) }, names }
  })
}

function checkDraws(grids: readonly Grid[], { draws, drawSeed }: Draws): void {
  for (const [option, value, least] of [
    ['draws', draws, 1],
    ['drawSeed', drawSeed, 0],
  ] as const) {
    if (value === undefined) continue
    const refused = (expected: string, found: string): UserError =>
      new UserError({ where: `option ${option}`, expected, found, exitCode: 2 })
    if (!Number.isSafeInteger(value) || value < least)
      throw refused(`a whole number of ${least} or more`, String(value))
    if (!grids.some((grid) => Object.values(grid).some(isDistribution)))
      throw refused('a distribution in the grid, e.g. lr: logUniform(1e-5, 1e-2)', 'none')
  }
}

/** Refuses a grid that varies the data when a data set is given. @throws UserError naming the key. */
export function refuseDataKeys(grid: Grid | readonly Grid[]): void {
  const values = new Map<string, Set<unknown>>()
  for (const one of gridsOf(grid))
    for (const [key, list] of Object.entries(one) as [string, object][]) {
      if (!isDataKey(key)) continue
      if (isDistribution(list)) throw variedData(key, `${list.distribution}(${list.low}, ${list.high})`)
      values.set(key, new Set([...(values.get(key) ?? []), ...Object.values(list)]))
    }
  for (const [key, found] of values) if (found.size > 1) throw variedData(key, [...found].join(', '))
}

function variedData(key: string, found: string): UserError {
  return new UserError({
    where: `key ${key} of the grid`,
    expected: 'no key of the data, as the data set is given',
    found,
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
