/** Eigenvalues of a symmetric matrix, largest first, with their unit eigenvectors. */
export interface SymmetricEigen {
  readonly values: readonly number[]
  /** `[n][n]`: `vectors[i]` belongs to `values[i]`. */
  readonly vectors: readonly Float64Array[]
}

/** Sweeps after which the rotations have long converged; a matrix of 300 rows takes about ten. */
const MOST_SWEEPS = 60

/**
 * Returns the eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Matrix
 * Computations, section 8.5), which find small eigenvalues as exactly as large ones.
 *
 * @param matrix `[n · n]`, row by row; it is not changed
 * @throws RangeError if the matrix does not have n · n values.
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): SymmetricEigen {
  if (matrix.length !== n * n) throw new RangeError(`expected ${n} × ${n} values, found ${matrix.length}`)
  const a = Float64Array.from(matrix)
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  const size = Math.sqrt(a.reduce((sum, x) => sum + x * x, 0))
  for (let sweep = 0; sweep < MOST_SWEEPS && offDiagonal(a, n) > 1e-15 * size; sweep++)
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q)
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!)
  return {
    values: order.map((i) => a[i * n + i]!),
    vectors: order.map((i) => Float64Array.from({ length: n }, (_, row) => v[row * n + i]!)),
  }
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += 2 * a[i * n + j]! ** 2
  return Math.sqrt(sum)
}

/** Turns the plane of axes p and q so that a[p, q] becomes 0. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q]!
  if (off === 0) return
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [a[k * n + p]!, a[k * n + q]!]
    a[k * n + p] = c * kp - s * kq
    a[k * n + q] = s * kp + c * kq
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [a[p * n + k]!, a[q * n + k]!]
    a[p * n + k] = c * pk - s * qk
    a[q * n + k] = s * pk + c * qk
    const [vp, vq] = [v[k * n + p]!, v[k * n + q]!]
    v[k * n + p] = c * vp - s * vq
    v[k * n + q] = s * vp + c * vq
  }
}
