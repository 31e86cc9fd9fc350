import assert from 'node:assert/strict'
import { UserError } from '../../lib/errors.js'

/** Bounds of the work on one hostile input. */
export interface Bounds {
  /** Of the processor, which other programs do not lengthen. Default: 5 */
  readonly seconds?: number
  /** Memory that may be allocated during the work and is not free again after it, in MiB. Default: not measured */
  readonly megabytes?: number
  /** Longest message of the error, in characters. Default: 4,000 */
  readonly message?: number
}

/**
 * Does the work on hostile input and checks how it ends: with a value, or with one `UserError` that can be shown, within the bounds, with nothing changed
 * that all objects inherit.
 *
 * @returns the value, or the error
 */
export async function readsOrRefuses<T>(
  work: () => T | Promise<T>,
  { seconds = 5, megabytes, message = 4000 }: Bounds = {},
): Promise<T | UserError> {
  const inherited = Object.getOwnPropertyNames(Object.prototype).length
  const memory = megabytes === undefined ? 0 : process.memoryUsage().rss
  const start = process.cpuUsage()
  let result: T | UserError
  try {
    result = await work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    assertShowable(error, message)
    result = error
  }
  const { user, system } = process.cpuUsage(start)
  const took = (user + system) / 1e6
  assert.ok(took < seconds, `${took.toFixed(1)} s, not ${seconds}`)
  if (megabytes !== undefined) {
    const grown = (process.memoryUsage().rss - memory) / 2 ** 20
    assert.ok(grown < megabytes, `${grown.toFixed(0)} MiB more, not ${megabytes}`)
  }
  assert.equal(
    Object.getOwnPropertyNames(Object.prototype).length,
    inherited,
    'the prototype of all objects was changed',
  )
  return result
}

/** Checks that an error is one message for a person: no stack trace, no control characters, not endless. */
export function assertShowable(error: UserError, longest = 4000): void {
  assert.ok(error.message.length <= longest, `a message of ${error.message.length} characters`)
  assert.doesNotMatch(error.message, /\n\s+at |undefined|\[object /)
}
