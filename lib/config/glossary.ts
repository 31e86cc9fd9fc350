import type { z } from 'zod'
import { type ConfigKey, configSchema } from './schema.js'

/** One line of the glossary: a key, the paper's symbol, the published code's name, meaning and default. */
export interface GlossaryEntry {
  readonly key: ConfigKey
  readonly symbol: string
  readonly published: string
  readonly default: string
  readonly meaning: string
}

/** All keys of the configuration with their names elsewhere: one table for help, notebooks and documentation. */
export function glossary(): GlossaryEntry[] {
  const entries = Object.entries(configSchema.shape) as [ConfigKey, z.ZodDefault][]
  return entries.map(([key, type]) => {
    const meta = type.meta() as { symbol?: string; published?: string; description?: string } | undefined
    return {
      key,
      symbol: meta?.symbol ?? '',
      published: meta?.published ?? '',
      default: String(type.def.defaultValue),
      meaning: meta?.description ?? '',
    }
  })
}
