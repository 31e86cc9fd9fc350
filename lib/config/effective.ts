import { isSameValue } from './functions.js'
import { fillModelKeys, haltExploration } from './model-keys.js'
import { parseConfig } from './parse.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys whose value, where it is left open, follows from other keys, and what stands for "left open". */
const OPEN = {
  latents: null,
  networks: null,
  gradient: null,
  halting: null,
  layersH: null,
  positions: null,
  puzzleTokens: 0,
  puzzleDim: null,
  T: null,
  n: null,
  haltExploration: null,
  evalSupervisionSteps: null,
  puzzleLr: null,
  puzzleWeightDecay: null,
} as const satisfies { readonly [K in ConfigKey]?: Config[K] }

type FollowingKey = keyof typeof OPEN

/**
 * The configuration with every value that is used in the place of those left open; null is left where a key does not apply
 * to the model, and where null has a meaning of its own (`evalVersions`: all). It reads back as itself, whatever the
 * defaults will be by then: this is what a run's `config.json` holds.
 *
 * @param config as `parseConfig` returns it
 */
export function effectiveConfig(config: Config): Config {
  return parseConfig(fill(config))
}

function fill(config: Config): Config {
  const keys = fillModelKeys(config)
  const own = config.model === 'trm'
  const hasTable = keys.puzzleDim > 0
  return {
    ...config,
    latents: own ? (keys.latents as Config['latents']) : null,
    networks: own ? keys.networks : null,
    gradient: own ? keys.gradient : null,
    halting: keys.halting,
    layersH: keys.networks === 'separate' ? keys.layersH : null,
    positions: keys.positions,
    puzzleTokens: keys.puzzleTokens,
    puzzleDim: keys.puzzleDim,
    T: keys.T,
    n: config.model === 'direct' ? null : keys.n,
    haltExploration: haltExploration({ ...config, halting: keys.halting }),
    evalSupervisionSteps: config.evalSupervisionSteps ?? config.K,
    puzzleLr: hasTable ? (config.puzzleLr ?? config.lr) : null,
    puzzleWeightDecay: hasTable ? (config.puzzleWeightDecay ?? config.weightDecay) : null,
  }
}

/** The value of a key that is used; null where the key does not apply. */
export function effectiveValue(config: Config, key: ConfigKey): Config[ConfigKey] {
  return fill(config)[key]
}

/**
 * Keys, apart from the seed, whose values differ between configurations, by the values that are used. A key whose value
 * follows from other keys in all of them (`puzzleLr` from `lr`) is not among them.
 */
export function differingKeys(configs: readonly Config[]): ConfigKey[] {
  const filled = configs.map(fill)
  const [first] = filled
  if (!first) return []
  return (Object.keys(first) as ConfigKey[]).filter(
    (key) =>
      key !== 'seed' &&
      filled.some((config) => !isSameValue(config[key], first[key])) &&
      !(isFollowing(key) && filled.every((config) => fill({ ...config, [key]: OPEN[key] })[key] === config[key])),
  )
}

/** Whether a key's value follows from other keys where it is left open. */
export function isFollowing(key: string): key is FollowingKey {
  return Object.hasOwn(OPEN, key)
}
