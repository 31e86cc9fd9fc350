import type { Recursion } from '../recursion/data.js'
import { withoutNames } from './functions.js'
import { fillModelKeys, haltExploration } from './model-keys.js'
import { parseConfig } from './parse.js'
import { identityOfRecursion, isReplacedByRecursion, keysOfRecursion, recursionLabel } from './recursion-key.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys whose default follows from other keys, with the value that leaves them open. */
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
 * Returns the configuration with every open key set to its effective value; null remains where a key does not apply to
 * the model, and where null has a meaning of its own (`evalVersions`: all). The result is a fixed point of this
 * function, whatever later defaults are: a run's `config.json` holds it.
 *
 * @param config as returned by `parseConfig`
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

/**
 * Returns the effective value of a key, null when the key does not apply; of `recursion`, its text as
 * {@link recursionText} has it.
 */
export function effectiveValue(config: Config, key: ConfigKey): Exclude<Config[ConfigKey], Recursion> {
  return key === 'recursion' ? recursionText(config) : fill(config)[key]
}

/**
 * Returns the effective value of every key, null where it does not apply; of `recursion`, its text as {@link recursionText}
 * has it.
 */
export function effectiveValues(config: Config): { readonly [K in ConfigKey]: Exclude<Config[K], Recursion> | string } {
  return { ...fill(config), recursion: recursionText(config) }
}

/**
 * Describes the recursion of a configuration: its name, its pseudocode, or a call such as `trm(3, 6)` when keys define
 * it.
 */
export function recursionText(config: Config): string {
  if (config.recursion) return recursionLabel(config.recursion)
  const { model, latents, gradient, T, n } = fillModelKeys(config)
  if (model === 'direct') return 'direct'
  if (model === 'hrm') return `hrm(${T}, ${n})`
  const make = { two: 'trm', single: 'trmSingle', multi: 'trmMulti' }[latents]
  return gradient === 'full' ? `${make}(${T}, ${n})` : `${make}(${T}, ${n}, '${gradient}')`
}

/** A configuration in the form that is compared: equal identities train equal models. */
export type ConfigIdentity = Omit<Config, 'recursion' | 'mixer' | 'loss'> & {
  readonly recursion: string | null
  readonly mixer: string
  readonly loss: string
}

/**
 * Returns the values that determine the computation of a run, for comparison with another run: every effective value, a
 * recursion by its updates without its name, and functions by hash. A recursion that `latents`, `gradient`, `T` and `n`
 * can express is represented by these keys.
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
 * Returns the keys, other than the seed, whose effective values differ between configurations, without those whose
 * values follow from other keys in all of them (`puzzleLr` from `lr`). Where a recursion is given as a value,
 * `recursion` differs, and the keys that it replaces are compared among the other configurations.
 */
export function differingKeys(configs: readonly Config[]): ConfigKey[] {
  const all = configs.map((config) => ({ config, identity: configIdentity(config) }))
  const byKeys = all.filter(({ config }) => config.recursion === null)
  const recursions = new Set(all.map(({ identity }) => recursionKey(identity)))
  return (Object.keys(all[0]?.identity ?? {}) as ConfigKey[]).filter((key) => {
    if (key === 'seed') return false
    if (key === 'recursion') return byKeys.length < all.length && recursions.size > 1
    const compared = isReplacedByRecursion(key) ? byKeys : all
    return (
      compared.some(({ identity }) => identity[key] !== compared[0]!.identity[key]) &&
      !(isFollowing(key) && compared.every(({ config, identity }) => follows(config, key, identity[key])))
    )
  })
}

/** Returns a text that is equal for equal recursions, given as a value or by keys. */
function recursionKey({ recursion, latents, gradient, T, n }: ConfigIdentity): string {
  return recursion ?? JSON.stringify([latents, gradient, T, n])
}

/** Returns whether a key would have this value if it were left open. */
function follows(config: Config, key: FollowingKey, value: unknown): boolean {
  return fill({ ...config, [key]: OPEN[key] })[key] === value
}

/** Returns whether a key's default follows from other keys. */
function isFollowing(key: string): key is FollowingKey {
  return Object.hasOwn(OPEN, key)
}
