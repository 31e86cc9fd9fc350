import type { Recursion } from '../recursion/data.js'
import { isFunctionRecord, withoutNames } from './functions.js'
import { fillModelKeys, haltExploration } from './model-keys.js'
import { parseConfig } from './parse.js'
import { identityOfRecursion, isReplacedByRecursion, keysOfRecursion, recursionLabel } from './recursion-key.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys whose value, where it is left open, follows from other keys, and what stands for "left open". */
const OPEN = {
  latents: null,
  networks: null,
  gradient: null,
  recursion: null,
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
  const byKeys = config.recursion === null
  const hasTable = keys.puzzleDim > 0
  return {
    ...config,
    latents: own && byKeys ? (keys.latents as Config['latents']) : null,
    networks: own ? keys.networks : null,
    gradient: own && byKeys ? keys.gradient : null,
    halting: keys.halting,
    layersH: keys.networks === 'separate' ? keys.layersH : null,
    positions: keys.positions,
    puzzleTokens: keys.puzzleTokens,
    puzzleDim: keys.puzzleDim,
    T: byKeys ? keys.T : null,
    n: byKeys && config.model !== 'direct' ? keys.n : null,
    haltExploration: haltExploration({ ...config, halting: keys.halting }),
    evalSupervisionSteps: config.evalSupervisionSteps ?? config.K,
    puzzleLr: hasTable ? (config.puzzleLr ?? config.lr) : null,
    puzzleWeightDecay: hasTable ? (config.puzzleWeightDecay ?? config.weightDecay) : null,
  }
}

/** The value of a key that is used; null where the key does not apply. A recursion is its name, else its pseudocode. */
export function effectiveValue(config: Config, key: ConfigKey): Exclude<Config[ConfigKey], Recursion> {
  const value = fill(config)[key]
  return typeof value === 'object' && value !== null && !isFunctionRecord(value) ? recursionLabel(value) : value
}

/** The recursion of a configuration in words: its name, its pseudocode, or a call as `trm(3, 6)` where keys say it. */
export function recursionText(config: Config): string {
  if (config.recursion) return recursionLabel(config.recursion)
  const { model, latents, gradient, T, n } = fillModelKeys(config)
  if (model === 'direct') return 'direct'
  if (model === 'hrm') return `hrm(${T}, ${n})`
  const make = { two: 'trm', single: 'trmSingle', multi: 'trmMulti' }[latents]
  return gradient === 'full' ? `${make}(${T}, ${n})` : `${make}(${T}, ${n}, '${gradient}')`
}

/** A configuration as it is compared: two that train the same are equal. */
export type ConfigIdentity = Omit<Config, 'recursion' | 'mixer' | 'loss'> & {
  readonly recursion: string | null
  readonly mixer: string
  readonly loss: string
}

/**
 * The values that decide what a run computes, for comparison with those of another: every value that is used, and a recursion
 * by what it computes, without its name, and functions by their hashes; one that `latents`, `gradient`, `T` and `n` can say is said by them.
 */
export function configIdentity(config: Config): ConfigIdentity {
  const keys = keysOfRecursion(config)
  if (!keys) return { ...hashed(fill(config)), recursion: identityOfRecursion(config) }
  const { latents, gradient, T, n } = keys
  const ofTrm = config.model === 'trm' ? { latents, gradient } : {}
  return { ...hashed(fill({ ...config, ...ofTrm, T, n, recursion: null })), recursion: null }
}

function hashed(config: Config): Omit<Config, 'mixer' | 'loss'> & Record<'mixer' | 'loss', string> {
  const { mixer, loss } = config
  return { ...config, ...(withoutNames({ mixer, loss }) as Record<'mixer' | 'loss', string>) }
}

/**
 * Keys, apart from the seed, whose values differ between configurations, by the values that are used. A key whose value
 * follows from other keys in all of them (`puzzleLr` from `lr`) is not among them.
 */
export function differingKeys(configs: readonly Config[]): ConfigKey[] {
  const filled = configs.map(configIdentity)
  const [first] = filled
  if (!first) return []
  return (Object.keys(first) as ConfigKey[]).filter((key) => {
    // A recursion of its own says what these keys say of the others.
    const compared = isReplacedByRecursion(key) ? filled.filter(({ recursion }) => recursion === null) : filled
    return (
      key !== 'seed' &&
      compared.some((config) => config[key] !== compared[0]![key]) &&
      !(isFollowing(key) && configs.every((config, i) => follows(config, key, filled[i]![key])))
    )
  })
}

/** Whether a key of a configuration would have this value if it were left open. */
function follows(config: Config, key: FollowingKey, value: unknown): boolean {
  return key !== 'recursion' && fill({ ...config, [key]: OPEN[key] })[key] === value
}

/** Whether a key's value follows from other keys where it is left open. */
export function isFollowing(key: string): key is FollowingKey {
  return Object.hasOwn(OPEN, key)
}
