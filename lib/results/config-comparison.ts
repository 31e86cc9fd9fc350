import { differingKeys, effectiveValue } from '../config/effective.js'
import { shownValue } from '../config/functions.js'
import { parseConfig } from '../config/parse.js'
import { recursionLabel, storedRecursion } from '../config/recursion-key.js'
import { type Config, type ConfigKey, configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import type { Cell } from '../files/arrow-rows.js'

/** The names that a grid gives to values, by key. */
export type ValueNames = Readonly<Partial<Record<ConfigKey, string>>>

/** A configuration to compare with others. */
export interface ComparedConfig {
  /** A parsed configuration, or that of a run's record. */
  readonly config: Readonly<Record<string, unknown>>
  /** Default: none. */
  readonly names?: ValueNames | undefined
}

/**
 * Several configurations side by side: the keys that vary, their values as tables show them, and labels. Stored
 * configurations of another version are compared as they are, nested keys joined by dots.
 */
export class ConfigComparison {
  /** The keys whose values differ, without those that follow from others; the seed comes last. */
  readonly keys: readonly string[]
  readonly #all: readonly ComparedConfig[]
  /** null if a configuration is of another version. */
  readonly #parsed: ReadonlyMap<ComparedConfig, Config> | null

  constructor(all: readonly ComparedConfig[]) {
    this.#all = all
    this.#parsed = parsedConfigs(all)
    const differing: string[] = this.#parsed ? differingKeys([...this.#parsed.values()]) : this.#differingAsStored()
    const seeds = new Set(all.map(({ config }) => config.seed ?? null))
    this.keys = [...differing.filter((key) => key !== 'seed'), ...(seeds.size > 1 ? ['seed'] : [])]
  }

  /**
   * Returns a key's value in one of the configurations as tables show it: its name in the grid, a recursion by its text,
   * a function by its name (with the beginning of its hash where others share the name), else the effective value; null
   * where the key does not apply.
   */
  value(of: ComparedConfig, key: string): Cell {
    const config = this.#parsed?.get(of)
    if (!config || !isConfigKey(key)) return this.#flat(of).get(key) ?? null
    return of.names?.[key] ?? shownValue(effectiveValue(config, key), this.#among(key))
  }

  /**
   * Returns the label of one of the configurations, made of the keys that vary, without the seed: `layers 2, n 6`; the
   * value alone if one key varies and its value is a text; the model if none does.
   */
  label(of: ComparedConfig): string {
    const keys = this.keys.filter((key) => key !== 'seed')
    const values = keys.map((key) => this.value(of, key))
    if (keys.length === 1 && typeof values[0] === 'string') return values[0]
    return keys.length === 0
      ? String(this.value(of, 'model'))
      : keys.map((key, i) => `${key} ${values[i] ?? '–'}`).join(', ')
  }

  #among(key: string): unknown[] {
    return this.#all.map(({ config }) => config[key])
  }

  #differingAsStored(): string[] {
    const flat = this.#all.map((one) => this.#flat(one))
    const keys = new Set(flat.flatMap((one) => [...one.keys()]))
    return [...keys].filter((key) => new Set(flat.map((one) => one.get(key) ?? null)).size > 1)
  }

  #flat({ config }: ComparedConfig): Map<string, Cell> {
    const recursion = storedRecursion(config)
    const shown = Object.entries(config).map(([key, value]) => [key, shownValue(value, this.#among(key))])
    return flatten({ ...Object.fromEntries(shown), ...(recursion ? { recursion: recursionLabel(recursion) } : {}) })
  }
}

function parsedConfigs(all: readonly ComparedConfig[]): ReadonlyMap<ComparedConfig, Config> | null {
  try {
    return new Map(all.map((one) => [one, parseConfig(one.config)]))
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

function isConfigKey(key: string): key is ConfigKey {
  return Object.hasOwn(configSchema.shape, key)
}

/** Joins nested keys by dots; lists become JSON. */
function flatten(config: Readonly<Record<string, unknown>>, prefix = ''): Map<string, Cell> {
  const flat = new Map<string, Cell>()
  for (const [key, value] of Object.entries(config)) {
    const name = prefix + key
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') flat.set(name, value)
    else if (Array.isArray(value)) flat.set(name, JSON.stringify(value))
    else if (value !== null && typeof value === 'object')
      for (const [inner, cell] of flatten(value as Record<string, unknown>, `${name}.`)) flat.set(inner, cell)
  }
  return flat
}
