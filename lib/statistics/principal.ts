import { symmetricEigen } from './eigen.js'

/** The directions in which some vectors differ the most. */
export interface PrincipalComponents {
  /** `[dimension]` */
  readonly mean: Float64Array
  /** Orthogonal unit vectors, `[dimension]` each; a vector of zeros where the vectors differ in fewer directions. */
  readonly components: readonly Float64Array[]
  /** The share of the variance along each component, 0 to 1. */
  readonly shares: readonly number[]
}

/** Share of the variance below which a direction is rounding. */
const NOTHING = 1e-12

/**
 * Returns the principal components of vectors, from the eigenvectors of their Gram matrix: exact, and fast where there are
 * fewer vectors than dimensions. A component points to the side on which the last vector lies.
 *
 * @param vectors of the same dimension, at least one
 * @param count number of components
 * @throws RangeError if there is no vector, or one has another dimension.
 */
export function principalComponents(vectors: readonly Float32Array[], count: number): PrincipalComponents {
  const n = vectors.length
  const dimension = vectors[0]?.length ?? 0
  if (n === 0 || vectors.some(({ length }) => length !== dimension))
    throw new RangeError(`expected vectors of one dimension, found ${vectors.map(({ length }) => length).join(', ')}`)
  const mean = new Float64Array(dimension)
  for (const vector of vectors) for (let i = 0; i < dimension; i++) mean[i]! += vector[i]! / n
  const centred = vectors.map((vector) => Float64Array.from(vector, (x, i) => x - mean[i]!))
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) gram[i * n + j] = gram[j * n + i] = dot(centred[i]!, centred[j]!)
  const { values, vectors: weights } = symmetricEigen(gram, n)
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  const shares = Array.from({ length: count }, (_, i) => (total > 0 ? Math.max(0, values[i] ?? 0) / total : 0))
  const components = shares.map((share, i) => {
    const component = new Float64Array(dimension)
    if (share < NOTHING) return component
    const sign = weights[i]![n - 1]! < 0 ? -1 : 1
    for (let row = 0; row < n; row++) {
      const weight = (sign * weights[i]![row]!) / Math.sqrt(values[i]!)
      const vector = centred[row]!
      for (let at = 0; at < dimension; at++) component[at]! += weight * vector[at]!
    }
    return component
  })
  return { mean, components, shares }
}

/** Returns a vector's coordinates along the components. */
export function coordinates({ mean, components }: PrincipalComponents, vector: ArrayLike<number>): number[] {
  return components.map((component) => {
    let sum = 0
    for (let i = 0; i < component.length; i++) sum += component[i]! * (vector[i]! - mean[i]!)
    return sum
  })
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
