import { outOfMemoryLine } from '../../backend/out-of-memory.js'
import { UserError } from '../../errors.js'
import { sizeText } from '../../files/space.js'

/** The work that memory may be too small for. */
export interface MemoryUser {
  /** The work: `run ID, step 5`. */
  readonly where: string
  /** Bytes of its estimate; null without one. */
  readonly estimate: number | null
  /** The keys to lower, as a sentence. */
  readonly todo: string
}

/**
 * Returns the error of work for which memory was short: the bytes of its estimate and those available, and the keys to lower. Any
 * other error is returned unchanged.
 */
export function outOfMemory({ where, estimate, todo }: MemoryUser, error: unknown): unknown {
  const found = error instanceof UserError ? null : outOfMemoryLine(error)
  if (found === null) return error
  const needs = estimate === null ? '' : ` (about ${sizeText(estimate)} by estimate)`
  const expected = `enough memory${needs}, of which ${sizeText(process.availableMemory())} is available`
  return new UserError({ where, expected, found, todo })
}
