// The input of a network: net(a, b, c) = blocks(a + (b + c)).
#pragma once
#include "simd.h"

namespace recurlab {

/** Up to three matrices of one size, whose sum a + (b + c) a kernel takes; b and c may be null. */
struct Addends {
  const float* a;
  const float* b = nullptr;
  const float* c = nullptr;
  /** Returns the addends from element `i` on. */
  Addends at(int64_t i) const { return {a + i, b ? b + i : nullptr, c ? c + i : nullptr}; }
};

/**
 * Sums rows × columns elements of the addends, in the order a + (b + c).
 *
 * @param to output, `columns` elements per row, rows `to_stride` apart
 * @param stride distance between rows of the addends
 */
inline void sum_rows(const Addends& x, int64_t rows, int64_t columns, int64_t stride, float* to, int64_t to_stride) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t j = 0; j < columns; j += W) {
      const int64_t i = row * stride + j, n = columns - j;
      vec u = load_up_to(x.a + i, n);
      if (x.c)
        u += load_up_to(x.b + i, n) + load_up_to(x.c + i, n);
      else if (x.b)
        u += load_up_to(x.b + i, n);
      store_up_to(to + row * to_stride + j, u, n);
    }
}

/**
 * Returns the sum of rows × columns elements of the addends. Most kernels pass the memory of their output as `to`,
 * which costs no extra memory and no extra pass.
 *
 * @param to written only if there is more than one addend
 * @param stride distance between rows, of all matrices
 * @returns `to`, or the only addend
 */
inline const float* summed(const Addends& x, float* to, int64_t rows, int64_t columns, int64_t stride) {
  if (!x.b) return x.a;
  sum_rows(x, rows, columns, stride, to, stride);
  return to;
}

}  // namespace recurlab
