import { UserError } from '../../lib/errors.js'

/** A rectangular array of numbers from a JSON file. */
export interface NumberArray {
  readonly shape: readonly number[]
  /** Row by row. */
  readonly data: Float64Array
}

/**
 * Reads nested lists of numbers.
 *
 * @param shape the size of every axis; null: any size of 1 or more
 * @param where file and key, for errors
 * @throws UserError naming the place that is malformed.
 */
export function numberArray(value: unknown, shape: readonly (number | null)[], where: string): NumberArray {
  const sizes = [...shape]
  const data: number[] = []
  const read = (part: unknown, axis: number, at: string): void => {
    if (axis === sizes.length) {
      if (typeof part !== 'number') throw wrong(at, 'a number', part)
      data.push(part)
      return
    }
    if (!Array.isArray(part) || part.length === 0) throw wrong(at, 'a list', part)
    sizes[axis] ??= part.length
    if (part.length !== sizes[axis]) throw wrong(at, `a list of ${sizes[axis]}`, part)
    for (const [i, item] of part.entries()) read(item, axis + 1, `${at}[${i}]`)
  }
  read(value, 0, where)
  return { shape: sizes as number[], data: Float64Array.from(data) }
}

function wrong(where: string, expected: string, found: unknown): UserError {
  const told = Array.isArray(found) ? `a list of ${found.length}` : (JSON.stringify(found) ?? 'nothing')
  return new UserError({ where, expected, found: told.length > 60 ? `${told.slice(0, 60)}…` : told })
}
