/** Settings of the puzzle embedding's optimiser. */
export interface SignSgdOptions {
  readonly lr: number
  readonly weightDecay: number
}

/**
 * Applies sparse sign-SGD to the rows that the batch uses: gradients of equal ids are summed first, then row ← row·(1 -
 * lr·wd) - lr·sign(g). A row of the batch decays even where g = 0. Changes `table` in place.
 *
 * @param table `[identifiers, dim]`
 * @param ids `[B]`
 * @param gradients `[B, dim]`, one per batch row
 */
export function signSgdStep(
  table: Float32Array,
  dim: number,
  ids: Int32Array,
  gradients: Float32Array,
  { lr, weightDecay }: SignSgdOptions,
): void {
  const sums = new Map<number, Float64Array>()
  ids.forEach((id, row) => {
    let sum = sums.get(id)
    if (!sum) {
      sum = new Float64Array(dim)
      sums.set(id, sum)
    }
    for (let j = 0; j < dim; j++) sum[j]! += gradients[row * dim + j]!
  })
  for (const [id, sum] of sums)
    for (let j = 0; j < dim; j++) {
      const at = id * dim + j
      table[at] = table[at]! * (1 - lr * weightDecay) - lr * Math.sign(sum[j]!)
    }
}
