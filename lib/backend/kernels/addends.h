// What a network is applied to: net(a, b, c) = blocks(a + (b + c)).
#pragma once
#include "simd.h"

namespace recurlab {

/** Up to three matrices of one size, whose sum a + (b + c) a kernel takes; b and c may be null. */
struct Addends {
  const float* a;
  const float* b = nullptr;
  const float* c = nullptr;
  /** Those that begin `i` numbers further. */
  Addends at(int64_t i) const { return {a + i, b ? b + i : nullptr, c ? c + i : nullptr}; }
};

/**
 * Sums a piece of the addends.
 *
 * @param to written, columns of it a row
 * @param stride from one row of the addends to the next
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
 * The sum of a piece of the addends. Most kernels have it written to where their output will be: that costs no memory, and
 * no pass over all numbers.
 *
 * @param to written, but where there is one addend
 * @param stride from one row to the next, of all matrices
 * @returns where the sum is: `to`, or the one addend
 */
inline const float* summed(const Addends& x, float* to, int64_t rows, int64_t columns, int64_t stride) {
  if (!x.b) return x.a;
  sum_rows(x, rows, columns, stride, to, stride);
  return to;
}

}  // namespace recurlab
