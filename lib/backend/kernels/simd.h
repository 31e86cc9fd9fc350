// Vectors of float32 as wide as this machine's registers, by the compiler's vector extensions.
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

/** The first n < W numbers, the rest 0. */
RECURLAB_INLINE vec load_part(const float* p, int n) {
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
  vec v{};
  for (int i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}

/** Stores the first n < W numbers. */
RECURLAB_INLINE void store_part(float* p, vec v, int n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  for (int i = 0; i < n; i++) p[i] = v[i];
#endif
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
  float m = v[0];
  for (int i = 1; i < W; i++) m = v[i] > m ? v[i] : m;
  return m;
}

RECURLAB_INLINE vec min(vec a, vec b) { return a < b ? a : b; }
RECURLAB_INLINE vec max(vec a, vec b) { return a > b ? a : b; }

/**
 * 1 / x. Where the processor has an approximation that one Newton step makes exact to the last bit or two, that is
 * several times faster than a division.
 */
RECURLAB_INLINE vec reciprocal(vec x) {
#if defined(__AVX512F__)
  const vec r = (vec)_mm512_rcp14_ps((__m512)x);
  return r * (2.0f - x * r);
#else
  return 1.0f / x;
#endif
}

/** e^x to a relative error of 2e-7; arguments beyond ±87 count as ±87, so that nothing overflows and NaN stays NaN. */
RECURLAB_INLINE vec exp(vec x) {
  x = x > 87.0f ? splat(87.0f) : x;
  x = x < -87.0f ? splat(-87.0f) : x;
  // Adding 1.5·2^23 rounds to a whole number.
  const float magic = 12582912.0f;
  const vec n = (x * 1.44269504088896f + magic) - magic;
  const vec f = (x - n * 0.693145751953125f) - n * 1.428606820309417e-6f;
  vec p = f * 1.3981999507e-3f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 0.5f;
  p = p * f * f + f + 1.0f;
  const ivec bits = (__builtin_convertvector(n, ivec) + 127) << 23;
  return p * (vec)bits;
}

RECURLAB_INLINE vec sigmoid(vec x) { return reciprocal(exp(-x) + 1.0f); }

}  // namespace recurlab
