import { nearest } from '../config/nearest.js'
import { UserError } from '../errors.js'
import { wrongUse } from './command.js'

/** The values of a command's own keys. @throws UserError (exit code 2) for any other key, naming the nearest. */
export function onlyKeys<K extends string>(
  pairs: ReadonlyMap<string, string>,
  keys: readonly K[],
): { readonly [key in K]?: string } {
  for (const key of pairs.keys()) {
    if ((keys as readonly string[]).includes(key)) continue
    const near = nearest(key, keys)
    throw new UserError({
      where: `key ${key}`,
      expected: keys.length > 0 ? `one of ${keys.join(', ')}` : 'no keys',
      found: 'an unknown one',
      ...(near ? { todo: `Did you mean ${near}?` } : {}),
      exitCode: 2,
    })
  }
  return Object.fromEntries(pairs) as { readonly [key in K]?: string }
}

/** A whole number of 1 or more. @throws UserError (exit code 2) for anything else. */
export function countOf(key: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw wrongUse(`${key}=N, a whole number of 1 or more`, text ?? '')
  return value
}
