import type { z } from 'zod'
import { typeWords } from '../options/type-words.js'
import { type KeyGroup, keyGroups } from './key-groups.js'
import { type ConfigKey, configSchema } from './schema.js'

/**
 * One line of the glossary: a key, its group, the paper's symbol, the published code's name, type, default and meaning.
 */
export interface GlossaryEntry {
  readonly key: ConfigKey
  readonly group: KeyGroup
  readonly symbol: string
  readonly published: string
  /** Accepted values in words: `a whole number from 1 to 64`. */
  readonly type: string
  readonly default: string
  readonly meaning: string
}

/**
 * Returns every key of the configuration with its names elsewhere, in schema order; `glossary` adds the names of tasks.
 */
export function configGlossary(): GlossaryEntry[] {
  const entries = Object.entries(configSchema.shape) as [ConfigKey, z.ZodDefault][]
  return entries.map(([key, type]) => {
    const meta = type.meta() as
      | { symbol?: string; published?: string; description?: string; values?: string }
      | undefined
    return {
      key,
      group: keyGroups[key],
      symbol: meta?.symbol ?? '',
      published: meta?.published ?? '',
      type: meta?.values ?? typeWords(type),
      default: String(type.def.defaultValue),
      meaning: meta?.description ?? '',
    }
  })
}
