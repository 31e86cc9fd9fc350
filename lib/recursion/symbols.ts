import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { type Assignment, checkLatentNames, type RecordedUpdate } from './data.js'
import type { AnyUpdate, Latents, Net } from './update.js'

/** A symbol for a hidden state, which carries nothing but its number. */
class Hidden {
  readonly number: number

  constructor(number: number) {
    this.number = number
    Object.freeze(this)
  }
}

/** A latent that no update sets. An update may destructure it, as in `{ y, z }`, but not use it. */
class Missing {
  readonly latent: string

  constructor(latent: string) {
    this.latent = latent
    Object.freeze(this)
  }
}

/** Updates as data, with the latents that they change. */
export interface ReadUpdates {
  /** y first, then z, then the others in order of appearance. */
  readonly latents: readonly string[]
  /** One per update; the same object for the same function. */
  readonly recorded: readonly RecordedUpdate[]
}

/**
 * Records updates by running each distinct one once, on symbols in place of hidden states.
 *
 * @param named names of the latents; default: every latent that an update returns
 * @throws UserError naming the index of an update that does anything but assign hidden states.
 */
export function readUpdates(updates: readonly AnyUpdate[], named?: readonly string[]): ReadUpdates {
  const functions = new Map<AnyUpdate, number>()
  for (const [i, update] of updates.entries()) if (!functions.has(update)) functions.set(update, i)
  if (named) checkLatentNames(named)
  const latents = inOrder(named ?? changedLatents(functions))
  checkLatentNames(latents)
  const byFunction = new Map<AnyUpdate, RecordedUpdate>()
  for (const [update, i] of functions) byFunction.set(update, recorded(update, i, latents))
  return { latents, recorded: updates.map((update) => byFunction.get(update)!) }
}

/** Returns the latents that some update returns. */
function changedLatents(functions: ReadonlyMap<AnyUpdate, number>): readonly string[] {
  const found = new Set<string>()
  // An update that enumerates the latents may change more of them once more are known.
  for (let before = -1; found.size > before; ) {
    before = found.size
    for (const [update, i] of functions)
      for (const name of Object.keys(run(update, i, [...found], true).changed)) found.add(name)
  }
  return [...found]
}

function recorded(update: AnyUpdate, i: number, latents: readonly string[]): RecordedUpdate {
  const { assignments, changed } = run(update, i, latents, false)
  const ends: Record<string, number> = {}
  for (const [name, number] of Object.entries(changed)) {
    const at = latents.indexOf(name)
    if (at < 0) throw refused(i, `latents of ${latents.join(', ')}`, name, didYouMean(name, latents))
    if (number !== 1 + at) ends[name] = number
  }
  if (Object.keys(ends).length === 0)
    throw refused(i, 'an update that changes a latent, e.g. { z: net(z, y, x) }', 'one that returns none changed')
  const inLatents = Object.fromEntries(latents.filter((name) => name in ends).map((name) => [name, ends[name]!]))
  return withoutUnused(assignments, inLatents, 1 + latents.length)
}

/** Drops the assignments of an update that it neither returns nor uses. */
function withoutUnused(
  assignments: readonly Assignment[],
  latents: Readonly<Record<string, number>>,
  given: number,
): RecordedUpdate {
  const used = new Set(Object.values(latents))
  for (let i = assignments.length - 1; i >= 0; i--)
    if (used.has(given + i)) for (const addend of assignments[i]!.addends) used.add(addend)
  const numbers = new Map<number, number>(Array.from({ length: given }, (_, i) => [i, i]))
  const kept: Assignment[] = []
  for (const [i, { net, addends }] of assignments.entries()) {
    if (!used.has(given + i)) continue
    numbers.set(given + i, given + kept.length)
    kept.push({ net, addends: addends.map((addend) => numbers.get(addend)!) })
  }
  return {
    assignments: kept,
    latents: Object.fromEntries(Object.entries(latents).map(([name, number]) => [name, numbers.get(number)!])),
  }
}

/** Runs an update on symbols. @param open whether it may request latents that are not known yet */
function run(
  update: AnyUpdate,
  i: number,
  latents: readonly string[],
  open: boolean,
): { assignments: readonly Assignment[]; changed: Readonly<Record<string, number>> } {
  const assignments: Assignment[] = []
  const given = 1 + latents.length
  const symbols = new Set<Hidden>()
  const made = (number: number): Hidden => {
    const hidden = new Hidden(number)
    symbols.add(hidden)
    return hidden
  }
  const check = (value: unknown, expected: string): void => {
    if (value instanceof Missing)
      throw refused(
        i,
        `latents that an update sets (${latents.join(', ')})`,
        value.latent,
        didYouMean(value.latent, latents),
      )
    if (!(value instanceof Hidden) || !symbols.has(value)) throw refused(i, expected, kindOf(value))
  }
  const network =
    (net: Assignment['net']): Net<Hidden> =>
    (...addends: readonly unknown[]) => {
      if (addends.length < 1 || addends.length > 3)
        throw refused(
          i,
          `${net} of one to three hidden states`,
          String(addends.length),
          'plus(a, b) sums more of them.',
        )
      for (const addend of addends) check(addend, `${net} of x, latents, and results of net, netY and plus`)
      assignments.push({ net, addends: (addends as Hidden[]).map(({ number }) => number) })
      return made(given + assignments.length - 1)
    }
  const states = new Map([...latents.entries()].map(([at, name]) => [name, made(1 + at)]))
  const target: Record<string, Hidden> = Object.fromEntries(states)
  const unknown = made(-1)
  const asked = new Proxy(target, {
    get(all, name) {
      if (typeof name !== 'string' || Object.hasOwn(all, name)) return Reflect.get(all, name)
      return open ? unknown : new Missing(name)
    },
  }) as Latents<Hidden, 'y' | 'z'> & Latents<Hidden>
  const networks = Object.freeze({ net: network('net'), netY: network('netY'), plus: network('plus') })
  const changed = called(i, () => update(networks, made(0), asked))
  if (typeof changed !== 'object' || changed === null || changed instanceof Hidden || changed instanceof Promise)
    throw refused(i, 'an object of latents, e.g. { z: net(z, y, x) }', kindOf(changed))
  const numbers: Record<string, number> = {}
  for (const [name, value] of Object.entries(changed as Record<string, unknown>)) {
    check(value, `${name} to be set to x, a latent, or a result of net, netY or plus`)
    numbers[name] = (value as Hidden).number
  }
  return { assignments, changed: numbers }
}

/** Calls an update; whatever it throws is reported as an error in the update. */
function called(i: number, call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      {
        where: place(i),
        expected: 'only net, netY and plus of x and the latents',
        found: error instanceof Error ? `an error: ${error.message.split('\n')[0]!}` : 'an error',
        exitCode: 2,
      },
      { cause: error },
    )
  }
}

function inOrder(latents: readonly string[]): string[] {
  const first = ['y', 'z'].filter((name) => latents.includes(name))
  return [...first, ...latents.filter((name) => !first.includes(name))]
}

function refused(i: number, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where: place(i), expected, found, ...(todo ? { todo } : {}), exitCode: 2 })
}

function place(i: number): string {
  return `update ${i + 1} of the recursion`
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing (undefined)'
  if (value === null) return 'null'
  if (value instanceof Hidden) return 'a hidden state of another update'
  if (value instanceof Promise) return 'a promise'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return `the ${typeof value} ${String(value)}`
  return 'dataId' in value ? 'a tensor' : 'an object'
}
