// float32 vectors as wide as this machine's registers, with the compiler's vector extensions.
#pragma once
#include <cstdint>
#include <cstring>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define RECURLAB_INLINE inline __attribute__((always_inline))

namespace recurlab {

#if defined(__AVX512F__)
constexpr int W = 16;
#elif defined(__AVX__)
constexpr int W = 8;
#else
constexpr int W = 4;
#endif

typedef float vec __attribute__((vector_size(W * 4)));
typedef int32_t ivec __attribute__((vector_size(W * 4)));
typedef float unaligned_vec __attribute__((vector_size(W * 4), aligned(4), may_alias));

RECURLAB_INLINE vec load(const float* p) { return *reinterpret_cast<const unaligned_vec*>(p); }
RECURLAB_INLINE void store(float* p, vec v) { *reinterpret_cast<unaligned_vec*>(p) = v; }
RECURLAB_INLINE vec splat(float x) { return x - vec{}; }

/** Loads the first n < W elements; the others are 0. */
RECURLAB_INLINE vec load_part(const float* p, int n) {
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
  vec v{};
  for (int i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}

/** Stores the first n < W elements. */
RECURLAB_INLINE void store_part(float* p, vec v, int n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  for (int i = 0; i < n; i++) p[i] = v[i];
#endif
}

/** Load and store of the first n ≤ W elements. */
RECURLAB_INLINE vec load_up_to(const float* p, int64_t n) { return n >= W ? load(p) : load_part(p, static_cast<int>(n)); }
RECURLAB_INLINE void store_up_to(float* p, vec v, int64_t n) {
  if (n >= W)
    store(p, v);
  else
    store_part(p, v, static_cast<int>(n));
}

/** Returns the first n < W elements of v, and `rest` for the others. */
RECURLAB_INLINE vec first_of(vec v, int64_t n, float rest) {
  ivec lanes;
  for (int i = 0; i < W; i++) lanes[i] = i;
  return lanes < static_cast<int32_t>(n) ? v : splat(rest);
}

RECURLAB_INLINE float sum(vec v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#else
  float s = 0;
  for (int i = 0; i < W; i++) s += v[i];
  return s;
#endif
}

RECURLAB_INLINE float largest(vec v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps((__m512)v);
#else
  float m = v[0];
  for (int i = 1; i < W; i++) m = v[i] > m ? v[i] : m;
  return m;
#endif
}

RECURLAB_INLINE vec min(vec a, vec b) { return a < b ? a : b; }
RECURLAB_INLINE vec max(vec a, vec b) { return a > b ? a : b; }

/**
 * 1 / x. On processors with an approximate reciprocal, one Newton step makes it accurate to one or two units in the
 * last place, several times faster than a division.
 */
RECURLAB_INLINE vec reciprocal(vec x) {
#if defined(__AVX512F__)
  const vec r = (vec)_mm512_rcp14_ps((__m512)x);
  return r * (2.0f - x * r);
#else
  return 1.0f / x;
#endif
}

/**
 * e^x to a relative error of 1e-6 for
 * x
 * ≤ 10, and of
 * x
 * ·1e-7 beyond; clamped to e^87, so that it is never infinite.
 */
RECURLAB_INLINE vec exp(vec x) {
#if defined(__AVX512F__)
  const vec t = min(max(x * 1.44269504088896f, splat(-200.0f)), splat(126.0f));
  const vec n = (vec)_mm512_roundscale_ps((__m512)t, 0);
#else
  const vec t = min(max(x * 1.44269504088896f, splat(-126.0f)), splat(126.0f));
  // Adding 1.5·2^23 rounds to an integer.
  const vec n = (t + 12582912.0f) - 12582912.0f;
#endif
  const vec f = t - n;
  vec p = f * 1.5403530394e-4f + 1.3333558146e-3f;
  p = p * f + 9.6181291076e-3f;
  p = p * f + 5.5504108665e-2f;
  p = p * f + 2.4022650696e-1f;
  p = p * f + 6.9314718056e-1f;
  p = p * f + 1.0f;
#if defined(__AVX512F__)
  return (vec)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
  return p * (vec)((__builtin_convertvector(n, ivec) + 127) << 23);
#endif
}

RECURLAB_INLINE vec sigmoid(vec x) { return reciprocal(exp(-x) + 1.0f); }

}  // namespace recurlab
