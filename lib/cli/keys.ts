import { nearest } from '../config/nearest.js'
import { UserError } from '../errors.js'

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
