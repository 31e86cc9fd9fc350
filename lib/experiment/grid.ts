import { modelKeys } from '../config/model-keys.js'
import type { Config, ConfigInput, ConfigKey } from '../config/schema.js'

/** Values to try per key; every combination is a run, the last key changing fastest. */
export type Grid = { readonly [K in keyof ConfigInput]?: readonly ConfigInput[K][] }

/** The configurations of a grid, or of several one after the other, each laid over `base`. */
export function expandGrid(base: ConfigInput, grid: Grid | readonly Grid[]): ConfigInput[] {
  const grids = Array.isArray(grid) ? (grid as readonly Grid[]) : [grid as Grid]
  return grids.flatMap((one) => {
    let configs: ConfigInput[] = [base]
    for (const [key, values] of Object.entries(one))
      configs = configs.flatMap((config) =>
        (values as readonly unknown[]).map((value) => ({ ...config, [key]: value })),
      )
    return configs
  })
}

/** Keys, apart from the seed, whose values differ between configurations. */
export function differingKeys(configs: readonly Config[]): ConfigKey[] {
  const first = configs[0]
  if (!first) return []
  return (Object.keys(first) as ConfigKey[]).filter(
    (key) => key !== 'seed' && configs.some((config) => config[key] !== first[key]),
  )
}

/** What a key's value comes to: where the model's keys are left open, what the model then takes. */
export function effectiveValue(config: Config, key: ConfigKey): Config[ConfigKey] | 'compare' {
  const resolved: Partial<Record<ConfigKey, Config[ConfigKey] | 'compare'>> = modelKeys(config)
  return config[key] ?? resolved[key] ?? null
}

/** What sets a run apart: `layers 2, n 6`; the bare value where one key differs and it is a word. */
export function configLabel(config: Config, keys: readonly ConfigKey[]): string {
  const values = keys.map((key) => effectiveValue(config, key))
  const only = keys.length === 1 ? values[0] : undefined
  if (typeof only === 'string') return only
  return keys.length === 0 ? config.model : keys.map((key, i) => `${key} ${values[i]}`).join(', ')
}
