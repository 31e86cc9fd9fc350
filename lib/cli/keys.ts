import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { wrongUse } from './command.js'

/** More keys than this, those of a configuration, are not listed in a message. */
const MANY = 20

/** The values of a command's own keys. @throws UserError (exit code 2) for any other key, naming the nearest. */
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
 * The value of `key=`, one of a few words.
 *
 * @returns undefined where it is not given
 * @throws UserError (exit code 2) for any other word, naming the nearest.
 */
export function choiceOf<const T extends string>(
  key: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  return text === undefined ? undefined : oneOf(`${key}=`, text, choices)
}

/** A word out of a few. @param before what stands before it, e.g. `dtype=` @throws UserError (exit code 2) for any other. */
export function oneOf<const T extends string>(before: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((word) => word === text)
  if (choice !== undefined) return choice
  throw wrongUse(`${before}${choices.join('|')}`, text, didYouMean(text, choices, before))
}

/** Words separated by commas, each out of a few. @throws UserError (exit code 2) for any other. */
export function severalOf<const T extends string>(before: string, text: string, choices: readonly T[]): T[] {
  return text.split(',').map((word) => oneOf(before, word.trim(), choices))
}

/** `key=true` or `key=false`. @returns undefined where it is not given @throws UserError (exit code 2) for anything else. */
export function truthOf(key: string, text: string | undefined): boolean | undefined {
  const word = choiceOf(key, text, ['true', 'false'])
  return word === undefined ? undefined : word === 'true'
}

/** A whole number, `least` or more (default 1). @returns undefined where it is not given @throws UserError (exit code 2) for anything else. */
export function wholeOf(key: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d+(\.0*)?(e\+?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= least) return value
  throw wrongUse(`${key}=N, a whole number of ${least} or more`, text)
}

/** Whole numbers separated by commas. @returns undefined where none are given @throws UserError (exit code 2) for anything else. */
export function wholesOf(key: string, text: string | undefined, least = 1): number[] | undefined {
  return text?.split(',').map((each) => wholeOf(key, each.trim(), least)!)
}

/** A whole number of 1 or more. @throws UserError (exit code 2) for anything else. */
export function countOf(key: string, text: string | undefined, otherwise: number): number {
  return wholeOf(key, text) ?? otherwise
}

/** An object without the keys whose value is undefined, which are the options that were not given. */
export function given<const T extends Readonly<Record<string, unknown>>>(
  options: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }
}
