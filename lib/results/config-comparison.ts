import { differingKeys, effectiveValue } from '../config/effective.js'
import { isFunctionRecord, shownValue } from '../config/functions.js'
import { parseConfig } from '../config/parse.js'
import { recursionLabel, storedRecursion } from '../config/recursion-key.js'
import type { Config, ConfigKey } from '../config/schema.js'
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
  /** The configurations as stored, where they cannot be parsed. */
  readonly #stored: ReadonlyMap<ComparedConfig, ReadonlyMap<string, Cell>>

  constructor(all: readonly ComparedConfig[]) {
    this.#all = all
    this.#parsed = parsedConfigs(all)
    this.#stored = new Map(this.#parsed ? [] : all.map((one) => [one, this.#asStored(one)]))
    const differing: string[] = this.#parsed
      ? differingKeys([...this.#parsed.values()])
      : differingCells([...this.#stored.values()])
    const seeds = new Set(all.map(({ config }) => config.seed ?? null))
    this.keys = [...differing.filter((key) => key !== 'seed'), ...(seeds.size > 1 ? ['seed'] : [])]
  }

  /**
   * Returns a key's value in one of the configurations as tables show it: its name in the grid, a recursion by its text,
   * a function by its name (with the beginning of its hash where others share the name), else the effective value; null
   * where the key does not apply.
   */
  value(of: ComparedConfig, key: string): Cell {
    const named = of.names?.[key as ConfigKey]
    if (named !== undefined) return named
    if (!this.#parsed) return this.#stored.get(of)?.get(key) ?? null
    const config = this.#parsed.get(of) ?? parseConfig(of.config)
    return this.#shown(key, effectiveValue(config, key as ConfigKey)) as Cell
  }

  /**
   * Returns the label of one of the configurations, made of the keys that vary, without the seed: `layers 2, n 6`; the
   * value alone if one key varies and its value is a text; the model if none does.
   */
  label(of: ComparedConfig): string {
    const keys = this.keys.filter((key) => key !== 'seed')
    const values = keys.map((key) => this.value(of, key))
    if (keys.length === 0) return String(this.value(of, 'model'))
    if (keys.length === 1 && typeof values[0] === 'string') return values[0]
    return keys.map((key, i) => `${key} ${values[i] ?? '–'}`).join(', ')
  }

  #asStored({ config }: ComparedConfig): ReadonlyMap<string, Cell> {
    const recursion = storedRecursion(config)
    const shown = Object.entries(config).map(([key, value]) => [key, this.#shown(key, value)])
    return flatten({ ...Object.fromEntries(shown), ...(recursion ? { recursion: recursionLabel(recursion) } : {}) })
  }

  /** Returns a function by its name among all configurations; other values as they are. */
  #shown(key: string, value: unknown): unknown {
    if (!isFunctionRecord(value)) return value
    return shownValue(
      value,
      this.#all.map(({ config }) => config[key]),
    )
  }
}

function differingCells(all: readonly ReadonlyMap<string, Cell>[]): string[] {
  const keys = new Set(all.flatMap((one) => [...one.keys()]))
  return [...keys].filter((key) => new Set(all.map((one) => one.get(key) ?? null)).size > 1)
}

function parsedConfigs(all: readonly ComparedConfig[]): ReadonlyMap<ComparedConfig, Config> | null {
  try {
    return new Map(all.map((one) => [one, parseConfig(one.config)]))
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
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
