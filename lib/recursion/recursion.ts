import { UserError } from '../errors.js'
import { unprintableIn } from '../escape/visible.js'
import { didYouMean } from '../options/nearest.js'
import { checkRecursion } from './check.js'
import { type RecordedUpdate, type Recursion, recursionSchema } from './data.js'
import { readUpdates } from './symbols.js'
import { type AnyUpdate, lastRepetition, MOST_UPDATES } from './update.js'

/** Options of {@link recursion}. */
export interface RecursionOptions {
  /** Label in tables and curves. Default: the pseudocode. */
  readonly name?: string
  /**
   * Names of the latents; default: every latent that an update returns. Required if an update enumerates them
   * (`Object.values`).
   */
  readonly latents?: readonly string[]
  /**
   * Number of final updates that carry gradient. Default: the last repetition of a `repeat`, or all updates of any other
   * list.
   */
  readonly gradientUpdates?: number
}

/** A recursion as `train`, `sweep` and `preset` accept it: a list of updates, or a {@link Recursion}. */
export type RecursionInput = Recursion | readonly AnyUpdate[]

/**
 * Returns the recursion of a supervision step (arXiv 2510.04871, section 4 and figure 3) made of a list of updates. Each
 * update is called once, to record its assignments.
 *
 * @example
 * const twice = recursion(repeat(3, [...repeat(6, [refineLatent]), refineAnswer, refineAnswer]), { name: 'y twice' })
 *
 * @throws UserError naming an update that uses anything but `net`, `netY` and `plus` or changes no latent, a latent that is
 * never set or never used, or an answer that no update with gradient changes.
 */
export function recursion(updates: readonly AnyUpdate[], options: RecursionOptions = {}): Recursion {
  checkOptions(options)
  const { latents, recorded } = readUpdates(checkedList(updates), options.latents)
  // Equal updates are stored once, whichever functions they come from.
  const places = new Map<string, number>()
  const different: RecordedUpdate[] = []
  const placeOf = new Map<RecordedUpdate, number>()
  for (const update of new Set(recorded)) {
    const key = JSON.stringify(update)
    if (!places.has(key)) places.set(key, different.push(update) - 1)
    placeOf.set(update, places.get(key)!)
  }
  const made: Recursion = {
    ...(options.name === undefined ? {} : { name: checkedName(options.name) }),
    latents,
    updates: different,
    order: recorded.map((update) => placeOf.get(update)!),
    gradientUpdates: options.gradientUpdates ?? lastRepetition(updates) ?? updates.length,
  }
  checkRecursion(made)
  checked.add(made)
  return made
}

/**
 * Converts a value of the configuration key `recursion` to a {@link Recursion}.
 *
 * @throws UserError when it is neither a list of updates nor a recursion.
 */
export function asRecursion(input: unknown): Recursion {
  if (Array.isArray(input)) return recursion(input as readonly AnyUpdate[])
  if (typeof input === 'object' && input !== null && checked.has(input)) return input as Recursion
  const parsed = recursionSchema.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const at = issue.path.map(String).join('.')
    throw new UserError({
      where: 'key recursion',
      expected: 'a list of updates, or a result of recursion(), trm() or hrm()',
      found: typeof input === 'object' && input !== null ? `${at || 'an object'}: ${issue.message}` : shown(input),
      exitCode: 2,
    })
  }
  const { name, ...others } = parsed.data
  const found: Recursion = { ...(name === undefined ? {} : { name: checkedName(name) }), ...others }
  checkRecursion(found)
  checked.add(found)
  return found
}

/**
 * Returns a recursion under another name.
 *
 * @throws UserError for a name that is empty, too long or has control characters.
 */
export function namedRecursion(input: RecursionInput, name: string): Recursion {
  const made: Recursion = { ...asRecursion(input), name: checkedName(name) }
  checked.add(made)
  return made
}

/** Recursions already checked: they are immutable by type, and large ones are slow to check. */
const checked = new WeakSet<object>()

const OPTIONS = ['name', 'latents', 'gradientUpdates']

function checkOptions(options: RecursionOptions): void {
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key))
  if (unknown === undefined) return
  throw new UserError({
    where: 'recursion',
    expected: `an option of ${OPTIONS.join(', ')}`,
    found: unknown,
    ...(didYouMean(unknown, OPTIONS) ? { todo: didYouMean(unknown, OPTIONS)! } : {}),
    exitCode: 2,
  })
}

function checkedList(updates: unknown): readonly AnyUpdate[] {
  const refused = (found: string): UserError =>
    new UserError({
      where: 'a recursion',
      expected: 'a list of updates, e.g. [({ net }, x, { y, z }) => ({ z: net(z, y, x) }), …]',
      found,
      exitCode: 2,
    })
  if (!Array.isArray(updates)) throw refused(shown(updates))
  if (updates.length === 0) throw refused('an empty one')
  if (updates.length > MOST_UPDATES) throw refused(`${updates.length} updates, more than ${MOST_UPDATES}`)
  const other = updates.findIndex((update) => typeof update !== 'function')
  if (other >= 0)
    throw refused(
      `${Array.isArray(updates[other]) ? 'a list' : shown(updates[other])} as update ${other + 1}${Array.isArray(updates[other]) ? ' (spread it: [...repeat(n, […]), …])' : ''}`,
    )
  return updates as AnyUpdate[]
}

function checkedName(name: string): string {
  const trimmed = typeof name === 'string' ? name.trim() : ''
  if (trimmed !== '' && [...trimmed].length <= 80 && unprintableIn(trimmed) === null) return trimmed
  throw new UserError({
    where: 'name of a recursion',
    expected: 'a text of 1 to 80 characters on one line',
    found: typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : typeof name,
    exitCode: 2,
  })
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'one update alone'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
