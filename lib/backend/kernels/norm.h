// RMSNorm over the rows or the columns of a matrix: y = u / sqrt(mean(u²) + 1e-5).
#pragma once
#include <cmath>

#include "simd.h"

namespace recurlab {

constexpr float RMS_EPSILON = 1e-5f;

/** y ← rms(x + f) for one row of n elements, where f may alias y; returns the factor of the norm. */
inline float add_rms_row(const float* x, const float* f, float* y, int64_t n) {
  vec squares{};
  int64_t j = 0;
  for (; j + W <= n; j += W) {
    const vec u = load(x + j) + load(f + j);
    store(y + j, u);
    squares += u * u;
  }
  if (j < n) {
    const vec u = load_part(x + j, n - j) + load_part(f + j, n - j);
    store_part(y + j, u, n - j);
    squares += u * u;
  }
  const float r = 1.0f / std::sqrt(sum(squares) / n + RMS_EPSILON);
  for (j = 0; j + W <= n; j += W) store(y + j, load(y + j) * r);
  if (j < n) store_part(y + j, load_part(y + j, n - j) * r, n - j);
  return r;
}

/** Gradient of the norm's input u: r · (dy - y · mean(dy · y)). */
inline void rms_row_gradient(const float* y, float r, const float* dy, float* du, int64_t n) {
  vec products{};
  int64_t j = 0;
  for (; j + W <= n; j += W) products += load(dy + j) * load(y + j);
  if (j < n) products += load_part(dy + j, n - j) * load_part(y + j, n - j);
  const float mean = sum(products) / n;
  for (j = 0; j + W <= n; j += W) store(du + j, (load(dy + j) - load(y + j) * mean) * r);
  if (j < n) store_part(du + j, (load_part(dy + j, n - j) - load_part(y + j, n - j) * mean) * r, n - j);
}

}  // namespace recurlab
