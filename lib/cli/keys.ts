import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { wrongUse } from './command.js'

/** Maximum number of keys in a message; a configuration has more. */
const MANY = 20

/**
 * Returns the values of a command's own keys.
 *
 * @throws UserError (exit code 2) for any other key, naming the most similar.
 */
export function onlyKeys<K extends string>(
  pairs: ReadonlyMap<string, string>,
  keys: readonly K[],
): { readonly [key in K]?: string } {
  for (const key of pairs.keys()) {
    if ((keys as readonly string[]).includes(key)) continue
    const many = keys.length > MANY
    const near = didYouMean(key, keys) ?? (many ? 'recurlab explain lists the keys of the configuration.' : undefined)
    throw new UserError({
      where: `key ${key}`,
      expected: many
        ? 'a key of the command or of the configuration'
        : keys.length > 0
          ? `one of ${keys.join(', ')}`
          : 'no keys',
      found: 'an unknown one',
      ...(near ? { todo: near } : {}),
      exitCode: 2,
    })
  }
  return Object.fromEntries(pairs) as { readonly [key in K]?: string }
}

/**
 * Returns the value of `key=`, one of a few words.
 *
 * @returns undefined if it is not given
 * @throws UserError (exit code 2) for any other word, naming the most similar.
 */
export function choiceOf<const T extends string>(
  key: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  return text === undefined ? undefined : oneOf(`${key}=`, text, choices)
}

/**
 * Returns one of a few words.
 *
 * @param before the text before it, e.g. `dtype=`
 * @throws UserError (exit code 2) for any other.
 */
export function oneOf<const T extends string>(before: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((word) => word === text)
  if (choice !== undefined) return choice
  throw wrongUse(`${before}${choices.join('|')}`, text, didYouMean(text, choices, before))
}

/** Returns comma-separated words, each one of a few. @throws UserError (exit code 2) for any other. */
export function severalOf<const T extends string>(before: string, text: string, choices: readonly T[]): T[] {
  return text.split(',').map((word) => oneOf(before, word.trim(), choices))
}

/**
 * Parses `key=true` or `key=false`.
 *
 * @returns undefined if it is not given
 * @throws UserError (exit code 2) for anything else.
 */
export function truthOf(key: string, text: string | undefined): boolean | undefined {
  const word = choiceOf(key, text, ['true', 'false'])
  return word === undefined ? undefined : word === 'true'
}

/**
 * Parses a whole number of at least `least` (default 1).
 *
 * @returns undefined if it is not given
 * @throws UserError (exit code 2) for anything else.
 */
export function wholeOf(key: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d+(\.0*)?(e\+?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= least) return value
  throw wrongUse(`${key}=N, a whole number of ${least} or more`, text)
}

/**
 * Parses comma-separated whole numbers.
 *
 * @returns undefined if they are not given
 * @throws UserError (exit code 2) for anything else.
 */
export function wholesOf(key: string, text: string | undefined, least = 1): number[] | undefined {
  return text?.split(',').map((each) => wholeOf(key, each.trim(), least)!)
}

/**
 * Parses a whole number of 1 or more, `otherwise` if it is not given.
 *
 * @throws UserError (exit code 2) for anything else.
 */
export function countOf(key: string, text: string | undefined, otherwise: number): number {
  return wholeOf(key, text) ?? otherwise
}

/** Longest range: longer ones are mistakes. */
const LONGEST = 100_000

/**
 * Returns the values in the text of `key=a,b,c` or `key=0..4`, as texts.
 *
 * @throws UserError (exit code 2) for a range that is empty or too long.
 */
export function listOf(key: string, text: string): string[] {
  return text.split(',').flatMap((part) => {
    const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(part) ?? []
    if (from === undefined || to === undefined) return [part]
    const [first, last] = [Number(from), Number(to)]
    if (first > last || last - first >= LONGEST) throw wrongUse(`${key}=FROM..TO with FROM ≤ TO`, part)
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i))
  })
}

/** Returns an object without its undefined values, i.e. without omitted options. */
export function given<const T extends Readonly<Record<string, unknown>>>(
  options: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }
}
