import { effectiveValues } from '../config/effective.js'
import { parseConfig } from '../config/parse.js'
import { UserError } from '../errors.js'
import type { RunRecord } from './record.js'

type KeyValues = Readonly<Record<string, unknown>>

/** Parsing a configuration takes longer than reading it. */
const known = new WeakMap<RunRecord['config'], KeyValues>()

/**
 * Returns the effective value of every key in a run, a recursion by its text; the stored values if the configuration is of
 * another version.
 */
export function keyValues({ config }: Pick<RunRecord, 'config'>): KeyValues {
  const values = known.get(config) ?? valuesOf(config)
  known.set(config, values)
  return values
}

function valuesOf(config: RunRecord['config']): KeyValues {
  try {
    return effectiveValues(parseConfig(config))
  } catch (error) {
    if (error instanceof UserError) return config
    throw error
  }
}
