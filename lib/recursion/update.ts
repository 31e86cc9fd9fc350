import { UserError } from '../errors.js'

/** net(a, b, c): a stack of blocks on a + (b + c), or on those that are given. */
export type Net<Hidden> = (a: Hidden, b?: Hidden, c?: Hidden) => Hidden

/** Everything that an update computes with. */
export interface Networks<Hidden> {
  /** The network; of two (f_L and f_H) the one for z. */
  readonly net: Net<Hidden>
  /** The network for y, f_H, where it has its own; else the same as `net`. */
  readonly netY: Net<Hidden>
  /** a + (b + c) of hidden states, without a network. */
  readonly plus: Net<Hidden>
}

/** Hidden states by latent: the answer y, the latent z, and others by their names. */
export type Latents<Hidden, Names extends string = string> = Readonly<Record<Names, Hidden>>

/**
 * One assignment of the pseudocode, or several at once, as a pure function of hidden states: x (the embedded puzzle) and the
 * latents, each `[B, L, D]`. It returns the latents that it changes. It is read once, on symbols: it may call `net`, `netY`
 * and `plus`, and nothing else.
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

/** An {@link Update} of any latents. Written as a method, whose parameters TypeScript compares in both directions. */
export type AnyUpdate = {
  update<Hidden>(
    networks: Networks<Hidden>,
    x: Hidden,
    latents: Latents<Hidden, 'y' | 'z'> & Latents<Hidden>,
  ): Readonly<Record<string, Hidden | undefined>>
}['update']

/** The most updates of a supervision step: T = 1000 latent recursions of n = 1000. */
export const MOST_UPDATES = 1_001_000

/** Updates in one repetition, by list. */
const repetitions = new WeakMap<readonly AnyUpdate[], number>()

/**
 * The updates, `times` times over. As the recursion of a run such a list carries gradient in its last repetition alone
 * (arXiv 2510.04871, figure 3, `deep_recursion`); a list written otherwise in all of its updates.
 *
 * @throws UserError when `times` is no whole number, or the list would have more than 1,001,000 updates.
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

/** Updates in the last repetition of a list that {@link repeat} made; undefined for another list. */
export function lastRepetition(updates: readonly AnyUpdate[]): number | undefined {
  return repetitions.get(updates)
}
