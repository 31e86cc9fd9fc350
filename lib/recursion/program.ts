import type { Assignment, Recursion } from './data.js'

/**
 * Updates flattened into one list of assignments. States are numbered: x, the initial latents, then one per assignment.
 */
export interface Program {
  readonly latents: readonly string[]
  readonly assignments: readonly Assignment[]
  /** The number of each latent's final state. */
  readonly ends: Readonly<Record<string, number>>
}

/** Flattens a recursion's updates, from index `from` up to but excluding `to`, as written. */
export function flatten({ latents, updates, order }: Recursion, from: number, to: number): Program {
  const assignments: Assignment[] = []
  const given = 1 + latents.length
  const ends = new Map(latents.map((name, at) => [name, 1 + at]))
  for (const place of order.slice(from, to)) {
    const update = updates[place]!
    const states = [0, ...latents.map((name) => ends.get(name)!)]
    for (const { net, addends } of update.assignments)
      states.push(given + assignments.push({ net, addends: addends.map((addend) => states[addend]!) }) - 1)
    for (const [name, number] of Object.entries(update.latents)) ends.set(name, states[number]!)
  }
  return { latents, assignments, ends: Object.fromEntries(ends) }
}

/**
 * Flattens a recursion's updates, from index `from` up to but excluding `to`, into the form that is computed: the addends
 * of an assignment are distinct, and every changed latent has an assignment of its own. Copies are inserted where needed.
 */
export function programOf(recursion: Recursion, from = 0, to = recursion.order.length): Program {
  const { latents, assignments, ends } = flatten(recursion, from, to)
  const given = 1 + latents.length
  const made: Assignment[] = []
  // Maps each state number of `flatten` to its number here.
  const numbers = Array.from({ length: given }, (_, i) => i)
  const add = (net: Assignment['net'], addends: readonly number[]): number => given + made.push({ net, addends }) - 1
  for (const { net, addends } of assignments) {
    const used = addends.map((addend) => numbers[addend]!)
    const differing = used.map((state, i) => (used.indexOf(state) === i ? state : add('plus', [state])))
    numbers.push(add(net, differing))
  }
  const taken = new Set<number>()
  const own = latents.map((name, at) => {
    const end = numbers[ends[name]!]!
    const isOwn = end >= given ? !taken.has(end) : end === 1 + at
    taken.add(end)
    return [name, isOwn ? end : add('plus', [end])] as const
  })
  return { latents, assignments: made, ends: Object.fromEntries(own) }
}

/** Counts the calls of each network in a supervision step. */
export function countCalls(recursion: Recursion, updates = recursion.order.length): { net: number; netY: number } {
  const calls = { net: 0, netY: 0, plus: 0 }
  const counts = new Array<number>(recursion.updates.length).fill(0)
  for (const place of recursion.order.slice(recursion.order.length - updates)) counts[place]!++
  for (const [place, { assignments }] of recursion.updates.entries())
    for (const { net } of assignments) calls[net] += counts[place]!
  return { net: calls.net, netY: calls.netY }
}
