import { effectiveValue } from '../config/effective.js'
import { FUNCTION_KEYS, isFunctionRecord } from '../config/functions.js'
import { configFromText, parseConfig } from '../config/parse.js'
import { type ConfigKey, configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import { parseOptions } from '../options/options.js'
import type { StoredRun } from '../results/comparison.js'
import { choiceOf } from './keys.js'

/** Keys that filter runs, besides those of the configuration. */
export const FILTERS = ['state', 'name', 'note', 'tag'] as const

/**
 * Returns the run filter in a command line.
 *
 * @param runs the runs to be filtered, whose custom functions may be named
 * @throws UserError (exit code 2) for values that no run can have.
 */
export function filterOf(pairs: ReadonlyMap<string, string>, runs: readonly StoredRun[]): (run: StoredRun) => boolean {
  const isName = (key: string, text: string): boolean =>
    Object.hasOwn(FUNCTION_KEYS, key) && runs.some((run) => functionNameIn(run, key as ConfigKey) === text)
  const tests: ((run: StoredRun) => boolean)[] = []
  const state = choiceOf('state', pairs.get('state'), ['running', 'finished', 'failed', 'interrupted'])
  if (state !== undefined) tests.push((run) => run.state === state)
  for (const part of ['name', 'note'] as const) {
    const text = pairs.get(part)?.toLowerCase()
    if (text !== undefined) tests.push(({ label }) => label[part]?.toLowerCase().includes(text) ?? false)
  }
  const tag = pairs.get('tag')?.toLowerCase()
  if (tag !== undefined) tests.push(({ label }) => label.tags.some((each) => each.toLowerCase() === tag))
  const recursion = pairs.get('recursion')
  // null: a recursion that the keys define.
  if (recursion === 'null') tests.push(({ config }) => config.recursion == null)
  else if (recursion !== undefined) tests.push((run) => valueIn(run, 'recursion') === recursion)
  const keys = new Map(
    [...pairs].filter(
      ([key, text]) => key !== 'recursion' && Object.hasOwn(configSchema.shape, key) && !isName(key, text),
    ),
  )
  for (const [key, name] of [...pairs].filter(([key, text]) => isName(key, text)))
    tests.push((run) => functionNameIn(run, key as ConfigKey) === name)
  // Checked like a configuration, so that an impossible value is reported.
  const wanted = configFromText(keys)
  const checked = parseOptions(configSchema.partial(), wanted, 'the configuration')
  for (const key of Object.keys(wanted) as ConfigKey[]) tests.push((run) => valueIn(run, key) === checked[key])
  return (run) => tests.every((test) => test(run))
}

/** Returns the name of a run's custom function; null if it has a built-in one. */
function functionNameIn(run: StoredRun, key: ConfigKey): string | null {
  const value = valueIn(run, key)
  return isFunctionRecord(value) ? value.name : null
}

/** Returns the effective value of a key in a run; the stored one if the configuration is of another version. */
function valueIn({ config }: StoredRun, key: ConfigKey): unknown {
  try {
    return effectiveValue(parseConfig(config), key)
  } catch (error) {
    if (error instanceof UserError) return config[key] ?? null
    throw error
  }
}
