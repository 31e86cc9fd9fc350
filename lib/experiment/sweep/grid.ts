import { isDataKey } from '../../config/data-keys.js'
import { effectiveValue } from '../../config/effective.js'
import { shownValue } from '../../config/functions.js'
import type { Config, ConfigInput, ConfigKey } from '../../config/schema.js'
import { UserError } from '../../errors.js'

/** Values to try per key; every combination is a run, the last key changing fastest. */
export type Grid = { readonly [K in keyof ConfigInput]?: readonly ConfigInput[K][] }

/**
 * The configurations of a grid, or of several one after the other, each laid over `base`.
 *
 * @throws UserError for a key whose values are no list, an empty one, or one that has a value twice.
 */
export function expandGrid(base: ConfigInput, grid: Grid | readonly Grid[]): ConfigInput[] {
  return gridsOf(grid).flatMap((one) => {
    let configs: ConfigInput[] = [base]
    for (const [key, values] of Object.entries(one) as [ConfigKey, unknown][]) {
      const list = checkedValues(key, values)
      configs = configs.flatMap((config) => list.map((value) => ({ ...config, [key]: value })))
    }
    return configs
  })
}

/** Refuses a grid that varies the data although the data set is given. @throws UserError naming the key. */
export function refuseDataKeys(grid: Grid | readonly Grid[]): void {
  const values = new Map<string, Set<unknown>>()
  for (const one of gridsOf(grid))
    for (const [key, list] of Object.entries(one))
      if (isDataKey(key)) values.set(key, new Set([...(values.get(key) ?? []), ...(list as readonly unknown[])]))
  for (const [key, found] of values)
    if (found.size > 1)
      throw new UserError({
        where: `key ${key} of the grid`,
        expected: 'no key of the data, as the data set is given',
        found: [...found].join(', '),
        todo: 'Leave the data set out: each run then has the puzzles that its configuration names.',
        exitCode: 2,
      })
}

function gridsOf(grid: Grid | readonly Grid[]): readonly Grid[] {
  return Array.isArray(grid) ? (grid as readonly Grid[]) : [grid as Grid]
}

function checkedValues(key: ConfigKey, values: unknown): readonly unknown[] {
  const refused = (expected: string, found: string): UserError =>
    new UserError({ where: `key ${key} of the grid`, expected, found, exitCode: 2 })
  if (!Array.isArray(values)) throw refused(`a list of values, as in { ${key}: [${literal(values)}] }`, literal(values))
  if (values.length === 0) throw refused('at least one value', 'an empty list')
  const twice = values.find((value, i) => values.indexOf(value) !== i)
  if (twice !== undefined) throw refused('every value once', `${literal(twice)} twice`)
  return values
}

function literal(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/**
 * Names a run by what sets it apart: `layers 2, n 6`; the bare value where one key differs and it is a word.
 *
 * @param among the configurations of all runs that are named beside each other: functions of one name are told by their hash
 */
export function configLabel(config: Config, keys: readonly ConfigKey[], among: readonly Config[] = []): string {
  const values = keys.map((key) =>
    shownValue(
      effectiveValue(config, key),
      among.map((other) => other[key]),
    ),
  )
  const only = keys.length === 1 ? values[0] : undefined
  if (typeof only === 'string') return only
  return keys.length === 0 ? config.model : keys.map((key, i) => `${key} ${values[i] ?? '–'}`).join(', ')
}
