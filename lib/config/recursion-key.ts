import { z } from 'zod'
import { UserError } from '../errors.js'
import { reachedWithGradient } from '../recursion/check.js'
import type { Recursion } from '../recursion/data.js'
import { type RecursionKeys, recursionIdentity, recursionKeys } from '../recursion/identity.js'
import { pseudocode } from '../recursion/pseudocode.js'
import { asRecursion, type RecursionInput } from '../recursion/recursion.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys that say what `recursion` says otherwise. */
const REPLACED = ['latents', 'gradient', 'T', 'n'] as const satisfies readonly ConfigKey[]

/** The type of the key: a list of updates or a recursion is taken, and a recursion is what comes out. */
export const recursionType = z.custom<RecursionInput>(() => true).transform((input): Recursion => asRecursion(input))

/** Whether the key `recursion` says what this key says otherwise. */
export function isReplacedByRecursion(key: string): boolean {
  return (REPLACED as readonly string[]).includes(key)
}

/**
 * Refuses a recursion that does not go with the model's other keys.
 *
 * @throws UserError naming the key.
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

/** The keys that make the very recursion of a configuration; null where there are none, or it has no recursion of its own. */
export function keysOfRecursion({ recursion, model, networks }: Config): RecursionKeys | null {
  if (!recursion) return null
  const keys = recursionKeys(recursion, model === 'hrm' ? 'separate' : (networks ?? 'shared'))
  return keys && model === 'hrm' && (keys.latents !== 'two' || keys.gradient !== 'one-step') ? null : keys
}

/** A text that is equal for recursions that compute the same; null where the configuration has none of its own. */
export function identityOfRecursion({ recursion, model, networks }: Config): string | null {
  return recursion && recursionIdentity(recursion, model === 'hrm' ? 'separate' : (networks ?? 'shared'))
}

/** The recursion in a run's record; null where it has none of its own, or one of another version. */
export function storedRecursion(config: Readonly<Record<string, unknown>>): Recursion | null {
  if (config.recursion === undefined || config.recursion === null) return null
  try {
    return asRecursion(config.recursion)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** The name of a recursion, else its pseudocode. */
export function recursionLabel(recursion: Recursion): string {
  return recursion.name ?? pseudocode(recursion)
}
