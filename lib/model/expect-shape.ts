import type * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'

/** A dimension: a size, or a name for a size that is the same throughout a call (`'B'`, `'L'`, `'D'`). */
export type Dimension = number | string

/** A tensor and its expected shape. */
export type Expected = readonly [tensor: tf.Tensor | undefined, shape: readonly Dimension[]]

/**
 * Checks the shapes of a layer's tensors in order; the first tensor with a named dimension fixes its size.
 *
 * @param where the layer, for the message
 * @throws UserError naming the first tensor that is missing or has the wrong shape, with the shapes expected and found.
 */
export function expectShapes(where: string, tensors: Readonly<Record<string, Expected>>): void {
  let sizes: ReadonlyMap<string, number> = new Map()
  for (const [name, [tensor, shape]] of Object.entries(tensors)) {
    const known = new Map(sizes)
    const found: readonly number[] | undefined = tensor?.shape
    if (found?.length === shape.length && shape.every((size, i) => fitsIn(known, size, found[i]!))) {
      sizes = known
      continue
    }
    const expected = shape.map((size) => (typeof size === 'string' && sizes.has(size) ? sizes.get(size) : size))
    throw new UserError({
      where: `${where}, ${name}`,
      expected: `a tensor of shape [${expected.join(', ')}]`,
      found: found ? `[${found.join(', ')}]` : typeof tensor,
    })
  }
}

function fitsIn(sizes: Map<string, number>, expected: Dimension, found: number): boolean {
  if (typeof expected === 'number') return expected === found
  const fixed = sizes.get(expected)
  if (fixed === undefined) sizes.set(expected, found)
  return fixed === undefined || fixed === found
}
