// bfloat16 operands of matrix products with float32 sums, stored in consecutive pieces of 16 × 32 elements, 1 KB each.
//
// An operand has one limb, its value rounded to bfloat16 (8 bits of precision), or three limbs, whose sum is the
// float32 value exactly (24 bits). Of the nine products of three limbs by three, the six largest are computed; the
// others are below the rounding error of float32. See "Leveraging the bfloat16 Artificial Intelligence Datatype For
// Higher-Precision Computations" (Henry, Tang, Heinecke, arXiv 1904.06376).
#pragma once
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#define RECURLAB_HALF 1
#include <immintrin.h>

#include <cstdint>

#include "pool.h"
#include "simd.h"
#include "swiglu.h"

namespace recurlab {

/** A bfloat16: the upper half of a float32. */
using half = uint16_t;

/** Rows of a piece. */
constexpr int64_t TR = 16;
/** Elements in each row of a piece, along which products are summed. */
constexpr int64_t TK = 32;
/** Elements of a piece. */
constexpr int64_t PIECE = TR * TK;
/** Limbs of a value rounded to bfloat16, and of an exact float32. The limbs of a piece are consecutive pieces. */
constexpr int ROUNDED = 1, EXACT = 3;

/** Number of limb products computed for one product of two values. */
template <int LIMBS>
constexpr int64_t TERMS = LIMBS * (LIMBS + 1) / 2;

/** Rows and columns of a block, the result of one call: two pieces by two. */
constexpr int64_t BLOCK = 32;

constexpr int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

/** Limbs of a matrix [rows, columns] in pieces, both dimensions padded to whole blocks. */
constexpr int64_t pieces_size(int limbs, int64_t rows, int64_t columns) {
  return limbs * blocks_of(rows) * blocks_of(columns) * BLOCK * BLOCK;
}

/** Scratch memory of one thread for elements of `LIMBS` limbs. */
template <int LIMBS>
half* half_scratch(int slot, int64_t numbers) {
  return reinterpret_cast<half*>(scratch(slot, (LIMBS * numbers + 1) / 2));
}

// ---- Values. ----

RECURLAB_INLINE __m512i halves(vec low, vec high) { return (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low); }
RECURLAB_INLINE vec widen(__m256i v) { return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16); }

/** Returns v rounded to bfloat16, and leaves the remainder in v for the next limb. */
RECURLAB_INLINE __m256i take_limb(vec& v) {
  const __m256i limb = (__m256i)_mm512_cvtneps_pbh((__m512)v);
  v -= widen(limb);
  return limb;
}
RECURLAB_INLINE __m512i take_limbs(vec& low, vec& high) {
  const __m512i limbs = halves(low, high);
  low -= widen(_mm512_castsi512_si256(limbs));
  high -= widen(_mm512_extracti64x4_epi64(limbs, 1));
  return limbs;
}

/** Calls f(0) … f(N - 1): one stage of a computation on N vectors, so that their dependency chains overlap. */
template <int N, class F>
RECURLAB_INLINE void each(F&& f) {
#pragma GCC unroll 16
  for (int i = 0; i < N; i++) f(i);
}

/** t ← 2^t to a relative error of 1e-4; bfloat16 rounds to 4e-3. */
template <int N>
RECURLAB_INLINE void rough_powers(vec (&t)[N]) {
  vec n[N], p[N];
  each<N>([&](int i) { n[i] = (vec)_mm512_roundscale_ps((__m512)t[i], 0); });
  each<N>([&](int i) { t[i] -= n[i]; });
  each<N>([&](int i) { p[i] = t[i] * 0.0558263f + 0.24015361f; });
  each<N>([&](int i) { p[i] = p[i] * t[i] + 0.69315308f; });
  each<N>([&](int i) { p[i] = p[i] * t[i] + 0.99999994f; });
  each<N>([&](int i) { t[i] = (vec)_mm512_scalef_ps((__m512)p[i], (__m512)n[i]); });
}

/** e^x, at least e^-87: subnormal results would cost hundreds of cycles. */
RECURLAB_INLINE vec rough_exp(vec x) {
  vec t[1] = {max(x * 1.44269504f, splat(-126.0f))};
  rough_powers<1>(t);
  return t[0];
}

/** 1 / (1 + e^-x). */
template <int N>
RECURLAB_INLINE void rough_sigmoid(const vec (&x)[N], vec (&s)[N]) {
  each<N>([&](int i) { s[i] = x[i] * -1.44269504f; });
  rough_powers<N>(s);
  each<N>([&](int i) { s[i] += 1.0f; });
  each<N>([&](int i) { s[i] = (vec)_mm512_rcp14_ps((__m512)s[i]); });
}

template <int LIMBS, int N>
RECURLAB_INLINE void sigmoids(const vec (&x)[N], vec (&s)[N]) {
  if constexpr (LIMBS == ROUNDED)
    rough_sigmoid<N>(x, s);
  else
    each<N>([&](int i) { s[i] = sigmoid(x[i]); });
}

/** h = silu(gate) · up. */
template <int LIMBS, int N>
RECURLAB_INLINE void swiglus(const vec (&gate)[N], const vec (&up)[N], vec (&h)[N]) {
  sigmoids<LIMBS>(gate, h);
  each<N>([&](int i) { h[i] *= gate[i] * up[i]; });
}

/** Recomputes h, and replaces gate and up by their gradients, given the gradient of h. */
template <int LIMBS, int N>
RECURLAB_INLINE void swiglu_gradients(vec (&gate)[N], vec (&up)[N], const vec (&dh)[N], vec (&h)[N]) {
  vec s[N];
  sigmoids<LIMBS>(gate, s);
  each<N>([&](int i) { swiglu_gradient(s[i], gate[i], up[i], dh[i], h[i], gate[i], up[i]); });
}

/**
 * Interleaves two rows of 16 elements as (a0, b0), (a1, b1) …: a right piece stores consecutive elements of the sum in
 * pairs.
 */
RECURLAB_INLINE __m512i paired(__m512i low_a_high_b) {
  alignas(64) static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                     8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(order), low_a_high_b);
}

// ---- Elements of a piece: `p` is the address of their first limb. ----

/** Stores the limbs of 16 consecutive elements. */
template <int LIMBS>
RECURLAB_INLINE void store_limbs(half* p, vec v) {
  each<LIMBS>([&](int limb) { _mm256_storeu_si256((__m256i*)(p + limb * PIECE), take_limb(v)); });
}
/** Stores the limbs of 32 consecutive elements: one row. */
template <int LIMBS>
RECURLAB_INLINE void store_row(half* p, vec low, vec high) {
  each<LIMBS>([&](int limb) { _mm512_store_si512(p + limb * PIECE, take_limbs(low, high)); });
}
/** Like take_limb, for two rows, interleaved as pairs. */
RECURLAB_INLINE __m512i take_pairs(vec& a, vec& b) {
  const __m512i limbs = paired(halves(a, b));
  a -= (vec)_mm512_slli_epi32(limbs, 16);
  b -= (vec)_mm512_and_si512(limbs, _mm512_set1_epi32(0xffff0000));
  return limbs;
}
/** Stores the limbs of 16 pairs. */
template <int LIMBS>
RECURLAB_INLINE void store_pairs(half* p, vec a, vec b) {
  each<LIMBS>([&](int limb) { _mm512_store_si512(p + limb * PIECE, take_pairs(a, b)); });
}
/**
 * Stores two rows of 32 elements both as rows and as pairs.
 *
 * @param v the halves of the first row, then those of the second
 * @param rows address of the first row; the second follows
 * @param pairs address of the pairs of the first halves; the pairs of the second halves are `apart` from there
 */
template <int LIMBS>
RECURLAB_INLINE void store_both_ways(half* rows, half* pairs, int64_t apart, const vec (&v)[4]) {
  vec left[4];
  each<4>([&](int i) { left[i] = v[i]; });
  each<LIMBS>([&](int limb) {
    vec whole[4];
    each<4>([&](int i) { whole[i] = left[i]; });
    each<2>([&](int q) { _mm512_store_si512(pairs + limb * PIECE + q * apart, take_pairs(left[q], left[2 + q])); });
    // The difference is exactly one limb.
    each<2>([&](int i) {
      const vec low = LIMBS == ROUNDED ? whole[2 * i] : whole[2 * i] - left[2 * i];
      const vec high = LIMBS == ROUNDED ? whole[2 * i + 1] : whole[2 * i + 1] - left[2 * i + 1];
      _mm512_store_si512(rows + limb * PIECE + i * TK, halves(low, high));
    });
  });
}

/** Transposes 16 × 16 pairs. */
RECURLAB_INLINE void transpose_pairs(__m512i (&r)[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  __m512i u[16];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    u[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    u[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    const __m512i a = _mm512_shuffle_i32x4(u[c], u[4 + c], 0x88), b = _mm512_shuffle_i32x4(u[c], u[4 + c], 0xdd);
    const __m512i d = _mm512_shuffle_i32x4(u[8 + c], u[12 + c], 0x88);
    const __m512i e = _mm512_shuffle_i32x4(u[8 + c], u[12 + c], 0xdd);
    r[c] = _mm512_shuffle_i32x4(a, d, 0x88);
    r[8 + c] = _mm512_shuffle_i32x4(a, d, 0xdd);
    r[4 + c] = _mm512_shuffle_i32x4(b, e, 0x88);
    r[12 + c] = _mm512_shuffle_i32x4(b, e, 0xdd);
  }
}

// ---- Elements of a row-major matrix, in float32 or bfloat16. ----

RECURLAB_INLINE vec load_kept(const half* p, int64_t n) {
  const __mmask16 mask = n >= W ? 0xffff : (__mmask16)((1u << n) - 1);
  const __m256i numbers = _mm256_maskz_loadu_epi16(mask, p);
  return widen(numbers);
}
RECURLAB_INLINE vec load_kept(const float* p, int64_t n) { return load_up_to(p, n); }
RECURLAB_INLINE void store_kept(half* p, vec v, int64_t n) {
  const __mmask16 mask = n >= W ? 0xffff : (__mmask16)((1u << n) - 1);
  _mm256_mask_storeu_epi16(p, mask, (__m256i)_mm512_cvtneps_pbh((__m512)v));
}
RECURLAB_INLINE void store_kept(float* p, vec v, int64_t n) { store_up_to(p, v, n); }

}  // namespace recurlab
#endif
