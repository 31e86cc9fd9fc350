import { z } from 'zod'
import { UserError } from '../errors.js'
import { reachedWithGradient } from '../recursion/check.js'
import type { Recursion } from '../recursion/data.js'
import { type RecursionKeys, recursionIdentity, recursionKeys } from '../recursion/identity.js'
import { pseudocode } from '../recursion/pseudocode.js'
import { asRecursion, type RecursionInput } from '../recursion/recursion.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys that `recursion` replaces. */
const REPLACED = ['latents', 'gradient', 'T', 'n'] as const satisfies readonly ConfigKey[]

/** Type of the key `recursion`: accepts a list of updates or a recursion, and yields a recursion. */
export const recursionType = z.custom<RecursionInput>(() => true).transform((input): Recursion => asRecursion(input))

/** Returns whether the key `recursion` replaces this key. */
export function isReplacedByRecursion(key: string): boolean {
  return (REPLACED as readonly string[]).includes(key)
}

/**
 * Checks a recursion against the other model keys.
 *
 * @throws UserError naming the conflicting key.
 */
export function checkRecursionKey({ recursion, model, networks, latents, gradient }: Config): void {
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
  for (const [key, value] of [
    ['latents', latents],
    ['gradient', gradient],
  ] as const)
    if (value !== null)
      throw refused(
        key,
        'nothing beside recursion, which has its own latents and gradient',
        value,
        'Leave it out, or set it to null.',
      )
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
