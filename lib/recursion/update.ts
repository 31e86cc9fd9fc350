import { UserError } from '../errors.js'

/** net(a, b, c): a stack of blocks applied to a + (b + c); `b` and `c` may be omitted. */
export type Net<Hidden> = (a: Hidden, b?: Hidden, c?: Hidden) => Hidden

/** The operations available to an update. */
export interface Networks<Hidden> {
  /** The network; the one for z (f_L) if there are two. */
  readonly net: Net<Hidden>
  /** The network for y (f_H); the same as `net` if networks are shared. */
  readonly netY: Net<Hidden>
  /** a + (b + c) of hidden states, without a network. */
  readonly plus: Net<Hidden>
}

/** Hidden states by latent: the answer y, the latent z, and any others by name. */
export type Latents<Hidden, Names extends string = string> = Readonly<Record<Names, Hidden>>

/**
 * One assignment of the pseudocode, or several at once, as a pure function of hidden states: x (the embedded puzzle) and
 * the latents, each `[B, L, D]`. It returns the latents that it changes. It is called once, on symbols, and may only call
 * `net`, `netY` and `plus`.
 *
 * @typeParam More names of latents beside y and z
 * @example
 * const refineLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, y, x) })   // z ← net(z + y + x)
 * const withMemory: Update<'m'> = ({ net }, x, { z, m }) => ({ m: net(m, z, x) })
 */
export type Update<More extends string = never> = <Hidden>(
  networks: Networks<Hidden>,
  x: Hidden,
  latents: Latents<Hidden, 'y' | 'z' | More>,
) => Partial<Latents<Hidden, 'y' | 'z' | More>>

/** An {@link Update} of any latents. Declared as a method, whose parameters TypeScript compares bivariantly. */
export type AnyUpdate = {
  update<Hidden>(
    networks: Networks<Hidden>,
    x: Hidden,
    latents: Latents<Hidden, 'y' | 'z'> & Latents<Hidden>,
  ): Readonly<Record<string, Hidden | undefined>>
}['update']

/** The maximum number of updates in a supervision step: T = 1000 latent recursions of n = 1000. */
export const MOST_UPDATES = 1_001_000

/** Updates per repetition, by list. */
const repetitions = new WeakMap<readonly AnyUpdate[], number>()

/**
 * Returns the updates repeated `times` times. As a recursion, such a list carries gradient in its last repetition only
 * (arXiv 2510.04871, figure 3, `deep_recursion`); any other list carries gradient in all its updates.
 *
 * @throws UserError if `times` is not a whole number, or the list would have more than 1,001,000 updates.
 */
export function repeat(times: number, updates: readonly AnyUpdate[]): AnyUpdate[] {
  const refused = (expected: string, found: string): UserError =>
    new UserError({ where: 'repeat', expected, found, exitCode: 2 })
  if (!Array.isArray(updates)) throw refused('a list of updates after the number of times', typeof updates)
  if (!Number.isSafeInteger(times) || times < 0) throw refused('a whole number of times', String(times))
  if (times * updates.length > MOST_UPDATES)
    throw refused(`at most ${MOST_UPDATES} updates`, String(times * updates.length))
  const list = Array.from({ length: times }, () => updates).flat()
  repetitions.set(list, updates.length)
  return list
}

/**
 * Returns the number of updates in the last repetition of a list made by {@link repeat}; undefined for any other list.
 */
export function lastRepetition(updates: readonly AnyUpdate[]): number | undefined {
  return repetitions.get(updates)
}
