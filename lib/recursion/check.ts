import { UserError } from '../errors.js'
import { checkLatentNames, type RecordedUpdate, type Recursion } from './data.js'
import { flatten } from './program.js'

/**
 * Checks the invariants that types cannot express: state numbers are in range, every latent is set and used, and the answer
 * depends on the puzzle and on a network within the updates that carry gradient.
 *
 * @throws UserError naming the update or the latent.
 */
export function checkRecursion(recursion: Recursion): void {
  const { latents, updates, order, gradientUpdates } = recursion
  checkLatentNames(latents)
  for (const [i, update] of updates.entries()) checkNumbers(update, i, latents)
  const other = order.find((place) => place >= updates.length)
  if (other !== undefined) throw refused('order', `indices of ${updates.length} updates, from 0`, String(other))
  if (!Number.isSafeInteger(gradientUpdates) || gradientUpdates < 1 || gradientUpdates > order.length)
    throw refused(
      'gradientUpdates',
      `a whole number from 1 to ${order.length}, the updates of the recursion`,
      String(gradientUpdates),
    )
  const answer = latents[0]!
  if (answer !== 'y' && answer !== 'z')
    throw refused(
      'latents',
      'the answer y first, or z if there is no y: the heads read the first latent',
      latents.join(', '),
    )
  const used = new Set(order)
  checkLatents(
    latents,
    updates.filter((_, i) => used.has(i)),
  )
  checkGradient(recursion, answer)
}

function checkNumbers({ assignments, latents: ends }: RecordedUpdate, i: number, latents: readonly string[]): void {
  const given = 1 + latents.length
  for (const [a, { addends }] of assignments.entries())
    for (const addend of addends)
      if (addend >= given + a)
        throw refused(`updates.${i}.assignments.${a}`, `addends computed before, below ${given + a}`, String(addend))
  for (const [name, number] of Object.entries(ends)) {
    if (!latents.includes(name)) throw refused(`updates.${i}.latents`, `latents of ${latents.join(', ')}`, name)
    if (number >= given + assignments.length)
      throw refused(`updates.${i}.latents.${name}`, `a state below ${given + assignments.length}`, String(number))
  }
}

function checkLatents(latents: readonly string[], updates: readonly RecordedUpdate[]): void {
  for (const [at, name] of latents.entries()) {
    if (!updates.some((update) => (update.latents[name] ?? 1 + at) !== 1 + at))
      throw refused(`latent ${name}`, 'an update that sets it', 'none')
    const reads = ({ assignments, latents: ends }: RecordedUpdate): boolean =>
      assignments.some(({ addends }) => addends.includes(1 + at)) ||
      Object.entries(ends).some(([other, number]) => other !== name && number === 1 + at)
    if (at > 0 && !updates.some(reads)) throw refused(`latent ${name}`, 'an update that uses it', 'none')
  }
}

function checkGradient(recursion: Recursion, answer: string): void {
  const { gradientUpdates, order } = recursion
  const of =
    gradientUpdates === order.length ? 'the updates' : `the updates with gradient (the last ${gradientUpdates})`
  const reached = reachedWithGradient(recursion)
  if (!reached.has('net') && !reached.has('netY'))
    throw refused(`answer ${answer}`, `a network call in ${of}`, reached.has('plus') ? 'only sums' : 'none')
  if (!reached.has('x'))
    throw refused(
      `answer ${answer}`,
      `the puzzle x as an input of ${of}`,
      'an answer that does not depend on x',
      'Raise gradientUpdates, or add x: net(z, y, x).',
    )
}

/** Returns what the answer's gradient reaches: x, and the kinds of assignments. */
export function reachedWithGradient(recursion: Recursion): ReadonlySet<'x' | 'net' | 'netY' | 'plus'> {
  const { latents, order, gradientUpdates } = recursion
  const { assignments, ends } = flatten(recursion, order.length - gradientUpdates, order.length)
  const given = 1 + latents.length
  const states = new Set([ends[latents[0]!]!])
  const reached = new Set<'x' | 'net' | 'netY' | 'plus'>()
  for (let i = assignments.length - 1; i >= 0; i--) {
    if (!states.has(given + i)) continue
    const { net, addends } = assignments[i]!
    reached.add(net)
    for (const addend of addends) states.add(addend)
  }
  if (states.has(0)) reached.add('x')
  return reached
}

function refused(where: string, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where: `recursion, ${where}`, expected, found, ...(todo ? { todo } : {}), exitCode: 2 })
}
