import { FUNCTION_KEYS, isFunctionRecord } from '../config/functions.js'
import { configFromText } from '../config/parse.js'
import type { StoredRun } from '../results/comparison.js'
import {
  END_REASONS,
  FILTER_FIELDS,
  type FilteredRun,
  isConfigKey,
  isFilterField,
  RUN_STATES,
  type RunFilter,
  runFilter,
} from '../results/filter.js'
import { choiceOf, listOf } from './keys.js'

/** Keys that filter runs, besides those of the configuration; the other words of the command name runs by their IDs. */
export const FILTERS = FILTER_FIELDS.filter((field) => field !== 'id')

/**
 * Returns the run filter in a command line.
 *
 * @param runs the runs to be filtered, whose custom functions may be named
 * @throws UserError (exit code 2) for values that no run can have.
 */
export function filterOf(
  pairs: ReadonlyMap<string, string>,
  runs: readonly StoredRun[],
): (run: FilteredRun) => boolean {
  choiceOf('state', pairs.get('state'), RUN_STATES)
  choiceOf('ended', pairs.get('ended'), [...END_REASONS, 'null'])
  const filter: Record<string, unknown> = {}
  for (const [key, text] of pairs) {
    if (isFilterField(key) || key === 'recursion') filter[key] = text === 'null' ? null : text
    else if (isNamedFunction(key, text, runs)) filter[key] = text
    else if (isConfigKey(key)) filter[key] = listOf(key, text).map((one) => configFromText(new Map([[key, one]]))[key])
  }
  return runFilter(filter as RunFilter, runs)
}

/** Returns whether a text is the name of a custom function that one of the runs has. */
function isNamedFunction(key: string, text: string, runs: readonly StoredRun[]): boolean {
  return (
    Object.hasOwn(FUNCTION_KEYS, key) &&
    runs.some(({ config: { [key]: value } }) => isFunctionRecord(value) && value.name === text)
  )
}
