// AdamATan2 and AdamW with the EMA, in one pass over a weight; they compute the same as lib/train/optimizer.ts.
#pragma once
#include "pool.h"
#include "swiglu.h"

namespace recurlab {

/** The scalars of an update. */
struct Update {
  /** Whether the rule is AdamATan2; otherwise AdamW. */
  bool atan2;
  float beta1, beta2;
  /** lr / (1 - β1ᵗ), and 1 / √(1 - β2ᵗ). */
  float rate, second_scale;
  /** 1 - lr · weight decay. */
  float keep;
  float epsilon;
  /** EMA rate μ. */
  float ema;
};

/** Elements of one weight before and after; `ema` and `next_ema` are null without EMA. */
struct UpdatedWeight {
  int64_t size;
  const float *p, *g, *m, *v, *ema;
  float *next_p, *next_m, *next_v, *next_ema;
};

RECURLAB_INLINE vec square_root(vec x) {
#if defined(__AVX512F__)
  return (vec)_mm512_sqrt_ps((__m512)x);
#else
  for (int i = 0; i < W; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

/** atan2(y, x) for x ≥ 0, to a relative error of 3e-7; atan2(0, 0) = 0. */
RECURLAB_INLINE vec atan2_positive(vec y, vec x) {
  const vec size = y < 0.0f ? -y : y;
  const vec small = min(size, x), large = max(size, x);
  // 0 / 0 is taken as 0.
  const vec ratio = large > 0.0f ? small / large : vec{};
  // Above tan(π/8) the angle is π/4 + atan((t - 1) / (t + 1)).
  const auto steep = ratio > 0.41421356f;
  const vec t = steep ? (ratio - 1.0f) / (ratio + 1.0f) : ratio;
  const vec s = t * t;
  vec a = s * 8.05374449538e-2f - 1.38776856032e-1f;
  a = a * s + 1.99777106478e-1f;
  a = a * s - 3.33329491539e-1f;
  a = a * s * t + t;
  a = steep ? a + 0.78539816339f : a;
  a = size > x ? 1.57079632679f - a : a;
  return y < 0.0f ? -a : a;
}

/** Elements per task. */
constexpr int64_t UPDATE_PIECE = 1 << 14;

inline void update_weight(Pool& pool, const Update& u, const UpdatedWeight& w) {
  pool.run((w.size + UPDATE_PIECE - 1) / UPDATE_PIECE, [&](int64_t task) {
    const int64_t first = task * UPDATE_PIECE, last = std::min(w.size, first + UPDATE_PIECE);
    for (int64_t i = first; i < last; i += W) {
      const int64_t n = last - i;
      const vec g = load_up_to(w.g + i, n), p = load_up_to(w.p + i, n);
      const vec m = load_up_to(w.m + i, n) * u.beta1 + g * (1.0f - u.beta1);
      const vec v = load_up_to(w.v + i, n) * u.beta2 + g * g * (1.0f - u.beta2);
      const vec root = square_root(v) * u.second_scale;
      const vec direction = u.atan2 ? atan2_positive(m, root) : m / (root + u.epsilon);
      const vec next = p * u.keep - direction * u.rate;
      store_up_to(w.next_m + i, m, n);
      store_up_to(w.next_v + i, v, n);
      store_up_to(w.next_p + i, next, n);
      if (w.ema) store_up_to(w.next_ema + i, load_up_to(w.ema + i, n) * u.ema + next * (1.0f - u.ema), n);
    }
  });
}

}  // namespace recurlab
