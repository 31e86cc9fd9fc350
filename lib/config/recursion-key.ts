import { z } from 'zod'
import { UserError } from '../errors.js'
import { reachedWithGradient } from '../recursion/check.js'
import type { Recursion } from '../recursion/data.js'
import { type RecursionKeys, recursionIdentity, recursionKeys } from '../recursion/identity.js'
import { pseudocode } from '../recursion/pseudocode.js'
import { asRecursion, type RecursionInput } from '../recursion/recursion.js'
import type { Config, ConfigInput, ConfigKey } from './schema.js'

/** Keys that `recursion` replaces. */
const REPLACED = ['latents', 'gradient', 'T', 'n'] as const satisfies readonly ConfigKey[]

/** Mark of a preset's configuration: its T and n. A symbol, because a spread copies it and no key can have its name. */
const FROM_PRESET: unique symbol = Symbol.for('from preset') as never

type Marked = ConfigInput & { readonly [FROM_PRESET]?: Pick<ConfigInput, 'T' | 'n'> }

/** Type of the key `recursion`: accepts a list of updates or a recursion, and yields a recursion. */
export const recursionType = z.custom<RecursionInput>(() => true).transform((input): Recursion => asRecursion(input))

/** Returns whether the key `recursion` replaces this key. */
export function isReplacedByRecursion(key: string): key is (typeof REPLACED)[number] {
  return (REPLACED as readonly string[]).includes(key)
}

/**
 * Returns a preset's configuration with a mark of its T and n, by which {@link withoutPresetKeys} distinguishes them from
 * those that somebody gave.
 */
export function markedPreset(config: ConfigInput): ConfigInput {
  const { T, n } = config
  if (T == null && n == null) return config
  const marked: Marked = { ...config, [FROM_PRESET]: { ...(T == null ? {} : { T }), ...(n == null ? {} : { n }) } }
  return marked
}

/** Returns a configuration with changed keys; a recursion replaces T, n, latents and gradient of the base. */
export function overlaid(base: ConfigInput, changes: ConfigInput): ConfigInput {
  if (!changes.recursion) return { ...base, ...changes }
  const kept = Object.entries(base).filter(([key]) => !isReplacedByRecursion(key))
  return { ...Object.fromEntries(kept), ...changes }
}

/** Returns a configuration in which a recursion has replaced the T and n of the preset that `input` is made from. */
export function withoutPresetKeys(config: Config, input: object): Config {
  const { [FROM_PRESET]: own } = input as Marked
  if (!config.recursion || !own) return config
  const { T, n } = config
  return { ...config, T: T === own.T ? null : T, n: n === own.n ? null : n }
}

/** Returns the error for a key that `recursion` replaces. */
export function besideRecursion(key: ConfigKey, found: unknown): UserError {
  return new UserError({
    where: `key ${key}`,
    expected: 'nothing beside recursion, which replaces it',
    found: String(found),
    todo: 'Leave one of them out.',
    exitCode: 2,
  })
}

/**
 * Checks a recursion against the other model keys.
 *
 * @throws UserError naming the conflicting key.
 */
export function checkRecursionKey(config: Config): void {
  const { recursion, model, networks } = config
  if (!recursion) return
  const refused = (key: ConfigKey, expected: string, found: string, todo: string): UserError =>
    new UserError({ where: `key ${key}`, expected, found, todo, exitCode: 2 })
  if (model === 'direct')
    throw refused(
      'recursion',
      'null with model=direct, which makes one update per supervision step',
      recursionLabel(recursion),
      'Use model=trm.',
    )
  for (const key of REPLACED) if (config[key] !== null) throw besideRecursion(key, config[key])
  if (model !== 'hrm' && networks !== 'separate') return
  const reached = reachedWithGradient(recursion)
  const idle = (['net', 'netY'] as const).find((net) => !reached.has(net))
  if (idle !== undefined)
    throw refused(
      'recursion',
      'updates with gradient that use both networks, net and netY, as there are two',
      `none that uses ${idle}`,
      model === 'hrm' ? 'Use model=trm for one network.' : 'Use networks=shared for one network.',
    )
}

/**
 * Returns the keys that express the recursion of a configuration; null when no keys do, or it has no custom recursion.
 */
export function keysOfRecursion({ recursion, model, networks }: Config): RecursionKeys | null {
  if (!recursion) return null
  const keys = recursionKeys(recursion, model === 'hrm' ? 'separate' : (networks ?? 'shared'))
  return keys && model === 'hrm' && (keys.latents !== 'two' || keys.gradient !== 'one-step') ? null : keys
}

/** Returns a text that is equal for recursions with the same computation; null without a custom recursion. */
export function identityOfRecursion({ recursion, model, networks }: Config): string | null {
  return recursion && recursionIdentity(recursion, model === 'hrm' ? 'separate' : (networks ?? 'shared'))
}

/** Returns the recursion in a run's record; null without a custom recursion, or for another version. */
export function storedRecursion(config: Readonly<Record<string, unknown>>): Recursion | null {
  if (config.recursion === undefined || config.recursion === null) return null
  try {
    return asRecursion(config.recursion)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** Returns the name of a recursion, else its pseudocode. */
export function recursionLabel(recursion: Recursion): string {
  return recursion.name ?? pseudocode(recursion)
}
