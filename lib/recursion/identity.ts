import type { Assignment, Recursion } from './data.js'
import { countCalls, flatten } from './program.js'
import { type GradientKind, trm, trmMulti, trmSingle } from './trm.js'

/** The configuration keys that build a recursion. */
export interface RecursionKeys {
  readonly latents: 'two' | 'single' | 'multi'
  readonly T: number
  readonly n: number
  readonly gradient: GradientKind
}

const identities = new WeakMap<Recursion, Record<'shared' | 'separate', string | undefined>>()

/**
 * Returns a string that identifies what a recursion computes: equal for two recursions that give the same numbers bit for
 * bit and send gradient through the same assignments, however their updates are written. The name is ignored.
 *
 * @param networks whether `net` and `netY` are one network
 */
export function recursionIdentity(recursion: Recursion, networks: 'shared' | 'separate'): string {
  const known = identities.get(recursion) ?? { shared: undefined, separate: undefined }
  known[networks] ??= identity(recursion, networks)
  identities.set(recursion, known)
  return known[networks]
}

function identity(recursion: Recursion, networks: 'shared' | 'separate'): string {
  const { order, gradientUpdates } = recursion
  const { latents, assignments, ends } = flatten(recursion, 0, order.length)
  const constants = flatten(recursion, 0, order.length - gradientUpdates).assignments.length
  const { kept, numbers } = withoutUnused(assignments, Object.values(ends), 1 + latents.length)
  return JSON.stringify({
    latents,
    assignments: kept.map((i) => {
      const { net, addends } = assignments[i]!
      return [
        net === 'netY' && networks === 'shared' ? 'net' : net,
        ...sorted(addends.map((addend) => numbers[addend]!)),
      ]
    }),
    ends: latents.map((name) => numbers[ends[name]!]!),
    constants: kept.filter((i) => i < constants).length,
  })
}

/** Orders a + (b + c) canonically: where order does not change the sum, the smaller number comes first. */
function sorted([a, ...others]: readonly number[]): readonly number[] {
  return others.length === 1 ? [a!, ...others].sort(byNumber) : [a!, ...others.sort(byNumber)]
}

function byNumber(a: number, b: number): number {
  return a - b
}

/** Removes the assignments that no final state depends on, and renumbers the states. */
function withoutUnused(
  assignments: readonly Assignment[],
  ends: readonly number[],
  given: number,
): { kept: readonly number[]; numbers: readonly number[] } {
  const used = new Set(ends)
  for (let i = assignments.length - 1; i >= 0; i--)
    if (used.has(given + i)) for (const addend of assignments[i]!.addends) used.add(addend)
  const numbers = Array.from({ length: given }, (_, i) => i)
  const kept: number[] = []
  for (let i = 0; i < assignments.length; i++) {
    numbers.push(given + kept.length)
    if (used.has(given + i)) kept.push(i)
  }
  return { kept, numbers }
}

/** Returns the TRM or HRM keys that build exactly this recursion; null if there are none. */
export function recursionKeys(recursion: Recursion, networks: 'shared' | 'separate'): RecursionKeys | null {
  const candidate = likelyKeys(recursion)
  if (!candidate) return null
  const wanted = recursionIdentity(recursion, networks)
  const make = { two: trm, single: trmSingle, multi: trmMulti }[candidate.latents]
  const { T, n } = candidate
  for (const gradient of ['full', 'one-step'] as const)
    if (recursionIdentity(make(T, n, gradient), networks) === wanted) return { ...candidate, gradient }
  return null
}

/** Returns the only keys that could build it, from its latents and its number of network calls. */
function likelyKeys(recursion: Recursion): Omit<RecursionKeys, 'gradient'> | null {
  const { latents, updates, order } = recursion
  const { net, netY } = countCalls(recursion)
  const calls = net + netY
  const whole = (T: number, n: number): boolean => n >= 1 && T >= 1 && Number.isInteger(T) && Number.isInteger(n)
  if (latents.join() === 'y,z') {
    const T = order.filter((place) => 'y' in updates[place]!.latents).length
    return whole(T, calls / T - 1) ? { latents: 'two', T, n: calls / T - 1 } : null
  }
  if (latents.join() === 'z') {
    const settles = updates.map(({ assignments }) => assignments.filter(({ addends }) => !addends.includes(0)).length)
    const T = order.reduce((sum, place) => sum + settles[place]!, 0)
    return whole(T, calls / T - 1) ? { latents: 'single', T, n: calls / T - 1 } : null
  }
  const n = latents.length - 1
  if (!latents.every((name, i) => name === (i === 0 ? 'y' : `z${i}`)) || !whole(calls / (n + 1), n)) return null
  return { latents: 'multi', T: calls / (n + 1), n }
}
