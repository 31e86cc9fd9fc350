import { UserError } from '../errors.js'
import { type JsonObject, readJson } from '../files/json.js'
import { placeToRead } from '../files/places.js'
import { optionsFromText, parseOptions } from '../options/options.js'
import { FUNCTION_KEYS, type FunctionRecord, isFunctionRecord, recordFunction } from './functions.js'
import { modelKeys } from './model-keys.js'
import { isRecordedConfig, recordedConfig } from './recorded.js'
import { besideRecursion, isReplacedByRecursion, withoutPresetKeys } from './recursion-key.js'
import { type Config, type ConfigInput, configSchema } from './schema.js'

/** Steps of a run whose configuration sets neither `trainSteps` nor `epochs`. */
const DEFAULT_STEPS = 300

const WHAT = 'the configuration'

/**
 * Returns a checked configuration with the omitted keys filled in. A key whose default follows from another stays null,
 * so that runs are compared by the given values; `resolveConfig` fills it in.
 *
 * Beside `recursion`, the T and n of a preset are dropped (`{ ...preset('sudoku-pocket'), recursion }`); others are refused.
 *
 * @param input any of the keys of {@link configSchema}; a `Mixer` or a `Loss` becomes its record
 * @throws UserError naming the key, the accepted values and the value given; for an unknown key, the nearest one.
 */
export function parseConfig(input: ConfigInput | Readonly<Record<string, unknown>>): Config {
  const { records, others } = functionsOf(input)
  const config = withoutPresetKeys({ ...parseOptions(configSchema, others, WHAT), ...records }, input)
  if (config.trainSteps !== null && config.epochs !== null)
    throw wrongKey('trainSteps', 'either trainSteps or epochs', 'both', 'Leave one out, or set it to null.')
  if (config.ema === 0 && config.evalWeights !== null && config.evalWeights !== 'live')
    throw wrongKey('evalWeights', 'live or null, since ema=0 keeps no average', config.evalWeights)
  if (config.beta1 === 1 || config.beta2 === 1) throw wrongKey('beta1, beta2', 'less than 1', '1')
  modelKeys(config)
  return { ...config, trainSteps: config.trainSteps ?? (config.epochs === null ? DEFAULT_STEPS : null) }
}

/** Splits a configuration into the records of its functions and its other keys. */
function functionsOf(input: object): { records: Partial<Record<FunctionKey, FunctionRecord>>; others: object } {
  const records: Partial<Record<FunctionKey, FunctionRecord>> = {}
  for (const key of Object.keys(FUNCTION_KEYS) as FunctionKey[]) {
    const value = (input as Partial<Record<string, unknown>> | null)?.[key]
    const isObject = key === 'mixer' && typeof value === 'object' && value !== null
    if (isFunctionRecord(value)) records[key] = { name: value.name, source: value.source, sha256: value.sha256 }
    else if (isObject || typeof value === 'function') records[key] = recordFunction(key, value)
  }
  const isOther = ([key]: [string, unknown]): boolean => !Object.hasOwn(records, key)
  const some = Object.keys(records).length > 0
  return { records, others: some ? Object.fromEntries(Object.entries(input).filter(isOther)) : input }
}

type FunctionKey = keyof typeof FUNCTION_KEYS

/**
 * Parses the command line's `key=value` texts into typed values: `null`, numbers and names as the key's type requires,
 * and for `recursion` the recursion in a file, which holds it alone or is a run's `config.json`.
 *
 * @throws UserError for an unknown key, or a file of a recursion that cannot be read.
 */
export function configFromText(pairs: ReadonlyMap<string, string>): Record<string, unknown> {
  const file = pairs.get('recursion')
  if (file === undefined || file === 'null') return optionsFromText(configSchema, pairs, WHAT)
  const others = new Map([...pairs].filter(([key]) => key !== 'recursion'))
  for (const key of others.keys())
    if (isReplacedByRecursion(key) && others.get(key) !== 'null') throw besideRecursion(key, others.get(key))
  const json = readJson(placeToRead(file))
  const stored = isRecordedConfig(json) ? (recordedConfig(json, file).resolved.model as JsonObject) : json
  return { ...optionsFromText(configSchema, others, WHAT), recursion: stored.recursion ?? stored }
}

function wrongKey(key: string, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where: `key ${key}`, expected, found, ...(todo ? { todo } : {}), exitCode: 2 })
}
