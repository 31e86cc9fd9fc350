// Matrix products of bfloat16 with sums in float32, by the processor's matrix tiles (AMX) or by its dot products
// (AVX-512 BF16). Both read the same layout: pieces of 16 × 32 numbers, 1 KB each, that lie one after the other.
//
// A number of a product has one limb or three: it is rounded to a bfloat16 (8 bits), or it is the sum of three, which is
// all of a float32 (24 bits). Of the nine products of three limbs by three the six largest are computed; the others are
// smaller than what float32 rounds away. See "Leveraging the bfloat16 Artificial Intelligence Datatype For
// Higher-Precision Computations" (Henry, Tang, Heinecke, arXiv 1904.06376).
#pragma once
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#define RECURLAB_HALF 1
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "pool.h"
#include "simd.h"
#include "swiglu.h"
#if defined(__AMX_BF16__) && defined(__AMX_TILE__) && defined(__linux__) && !defined(RECURLAB_NO_AMX)
#define RECURLAB_AMX 1
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recurlab {

/** A bfloat16: the upper half of a float32. */
using half = uint16_t;

/** Rows of a piece. */
constexpr int64_t TR = 16;
/** Numbers in each row of a piece, along which products are summed. */
constexpr int64_t TK = 32;
/** Numbers of a piece. */
constexpr int64_t PIECE = TR * TK;
/** Limbs of a number that is rounded to bfloat16, and of a float32. The limbs of a piece are pieces that follow it. */
constexpr int ROUNDED = 1, EXACT = 3;

/** Products of limbs that count, in a product of two numbers. */
template <int LIMBS>
constexpr int64_t TERMS = LIMBS * (LIMBS + 1) / 2;

/** Rows and columns of a block, which is what one call computes: two pieces by two. */
constexpr int64_t BLOCK = 32;

constexpr int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

/** Limbs of a matrix [rows, columns] in pieces: both are filled up with zeros to whole blocks. */
constexpr int64_t pieces_size(int limbs, int64_t rows, int64_t columns) {
  return limbs * blocks_of(rows) * blocks_of(columns) * BLOCK * BLOCK;
}

/** Working memory of one thread for numbers of so many limbs. */
template <int LIMBS>
half* half_scratch(int slot, int64_t numbers) {
  return reinterpret_cast<half*>(scratch(slot, (LIMBS * numbers + 1) / 2));
}

// ---- Numbers. ----

RECURLAB_INLINE __m512i halves(vec low, vec high) { return (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low); }
RECURLAB_INLINE vec widen(__m256i v) { return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16); }

/** Takes a limb off each number: it is rounded, and what is left of it is the next limb's. */
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

/** Calls f(0) … f(N - 1): a stage of a computation of several vectors, whose chains of instructions so run side by side. */
template <int N, class F>
RECURLAB_INLINE void each(F&& f) {
#pragma GCC unroll 16
  for (int i = 0; i < N; i++) f(i);
}

/** t ← 2^t to a relative error of 1e-4: a bfloat16 is rounded to 4e-3. */
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

/** e^x, at least e^-87: what is too small for a float32 costs a processor hundreds of cycles. */
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

/** h again, and the gradients of gate and up in their place, out of the gradient of h. */
template <int LIMBS, int N>
RECURLAB_INLINE void swiglu_gradients(vec (&gate)[N], vec (&up)[N], const vec (&dh)[N], vec (&h)[N]) {
  vec s[N];
  sigmoids<LIMBS>(gate, s);
  each<N>([&](int i) { swiglu_gradient(s[i], gate[i], up[i], dh[i], h[i], gate[i], up[i]); });
}

/** Two rows of 16 numbers as pairs (a0, b0), (a1, b1) …: how a right piece holds two numbers that follow in the sum. */
RECURLAB_INLINE __m512i paired(__m512i low_a_high_b) {
  alignas(64) static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                     8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(order), low_a_high_b);
}

// ---- Numbers of a piece: `p` is where their first limb goes. ----

/** 16 numbers that follow each other. */
template <int LIMBS>
RECURLAB_INLINE void store_limbs(half* p, vec v) {
  each<LIMBS>([&](int limb) { _mm256_storeu_si256((__m256i*)(p + limb * PIECE), take_limb(v)); });
}
/** 32 of them: a row. */
template <int LIMBS>
RECURLAB_INLINE void store_row(half* p, vec low, vec high) {
  each<LIMBS>([&](int limb) { _mm512_store_si512(p + limb * PIECE, take_limbs(low, high)); });
}
/** Takes a limb off the numbers of two rows, as pairs. */
RECURLAB_INLINE __m512i take_pairs(vec& a, vec& b) {
  const __m512i limbs = paired(halves(a, b));
  a -= (vec)_mm512_slli_epi32(limbs, 16);
  b -= (vec)_mm512_and_si512(limbs, _mm512_set1_epi32(0xffff0000));
  return limbs;
}
/** Pairs of 16 numbers each. */
template <int LIMBS>
RECURLAB_INLINE void store_pairs(half* p, vec a, vec b) {
  each<LIMBS>([&](int limb) { _mm512_store_si512(p + limb * PIECE, take_pairs(a, b)); });
}
/**
 * Two rows of 32 numbers both ways.
 *
 * @param v the halves of the first row, then those of the second
 * @param rows where the first goes; the second follows
 * @param pairs where those of the first halves go; those of the second `apart` from there
 */
template <int LIMBS>
RECURLAB_INLINE void store_both_ways(half* rows, half* pairs, int64_t apart, const vec (&v)[4]) {
  vec left[4];
  each<4>([&](int i) { left[i] = v[i]; });
  each<LIMBS>([&](int limb) {
    vec whole[4];
    each<4>([&](int i) { whole[i] = left[i]; });
    each<2>([&](int q) { _mm512_store_si512(pairs + limb * PIECE + q * apart, take_pairs(left[q], left[2 + q])); });
    // What was taken off is a limb exactly.
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

// ---- Numbers of a matrix that lies by rows, of float32 or of bfloat16. ----

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

// ---- Pieces out of a matrix that lies by rows, of float32 or of bfloat16. ----

namespace detail {

RECURLAB_INLINE vec part(const float* p, int64_t n) { return n <= 0 ? vec{} : n >= W ? load(p) : load_part(p, (int)n); }

/** 32 numbers of a row; n of them there, the others 0. Limb by limb they are given to `put`. */
template <int LIMBS, class Put>
RECURLAB_INLINE void along(const float* p, int64_t n, Put&& put) {
  vec low = part(p, n), high = part(p + W, n - W);
  each<LIMBS>([&](int limb) { put(limb, take_limbs(low, high)); });
}
template <int LIMBS, class Put>
RECURLAB_INLINE void along(const half* p, int64_t n, Put&& put) {
  static_assert(LIMBS == ROUNDED);
  put(0, n >= TK ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi16((__mmask32)((1ull << n) - 1), p));
}

/** 16 numbers of two rows that follow, as pairs. */
template <int LIMBS, class Put>
RECURLAB_INLINE void across(const float* a, const float* b, int64_t n, Put&& put) {
  vec first = part(a, n), second = b ? part(b, n) : vec{};
  each<LIMBS>([&](int limb) { put(limb, take_pairs(first, second)); });
}
template <int LIMBS, class Put>
RECURLAB_INLINE void across(const half* a, const half* b, int64_t n, Put&& put) {
  static_assert(LIMBS == ROUNDED);
  const __mmask16 mask = n >= TR ? 0xffff : (__mmask16)((1u << n) - 1);
  const __m256i first = _mm256_maskz_loadu_epi16(mask, a);
  const __m256i second = b ? _mm256_maskz_loadu_epi16(mask, b) : _mm256_setzero_si256();
  put(0, paired(_mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1)));
}

/** Stores the limbs of a piece that `row` gives, and turns them first. */
template <int LIMBS, bool turned, class Row>
RECURLAB_INLINE void store_piece(half* to, Row&& row) {
  __m512i pieces[LIMBS][TR];
  for (int64_t i = 0; i < TR; i++)
    row(i, [&](int limb, __m512i numbers) __attribute__((always_inline)) { pieces[limb][i] = numbers; });
  for (int limb = 0; limb < LIMBS; limb++) {
    if (turned) transpose_pairs(pieces[limb]);
    for (int64_t i = 0; i < TR; i++) _mm512_store_si512(to + limb * PIECE + i * TK, pieces[limb][i]);
  }
}

/** A row of zeros. */
template <int LIMBS, class Put>
RECURLAB_INLINE void nothing(Put&& put) {
  each<LIMBS>([&](int limb) { put(limb, _mm512_setzero_si512()); });
}

}  // namespace detail

/** What a piece is used as. */
enum class Side { left, right };

/**
 * Pieces of a matrix that is summed along its rows: a left matrix [M, K] or the transposed of a right one, [N, K]. Piece
 * (row / 16, column / 32) is the (row / 16) · depth + column / 32-th. Rows are filled up to whole blocks, or to whole
 * pieces.
 *
 * @param depth pieces along K
 * @param until rows to fill up to, a multiple of 16
 */
template <int LIMBS, Side side, class Number>
inline void pack_along(half* to, int64_t depth, const Number* source, int64_t stride, int64_t rows, int64_t columns,
                       int64_t until) {
  for (int64_t r = 0; r < until; r += TR)
    for (int64_t c = 0; c < depth; c++) {
      const int64_t n = columns - c * TK;
      half* const out = to + (r / TR * depth + c) * LIMBS * PIECE;
      detail::store_piece<LIMBS, side == Side::right>(out, [&](int64_t i, auto&& put) __attribute__((always_inline)) {
        if (r + i < rows)
          detail::along<LIMBS>(source + (r + i) * stride + c * TK, n, put);
        else
          detail::nothing<LIMBS>(put);
      });
    }
}

/**
 * Pieces of a matrix that is summed along its columns: a right matrix [K, N] or the transposed of a left one, [K, M].
 * Piece (row / 32, column / 16) is the (column / 16) · depth + row / 32-th. Columns are filled up to whole blocks.
 *
 * @param depth pieces along K of the whole matrix, of which this may be a part
 */
template <int LIMBS, Side side, class Number>
inline void pack_across(half* to, int64_t depth, const Number* source, int64_t stride, int64_t rows, int64_t columns,
                        int64_t until) {
  for (int64_t r = 0; r < rows; r += TK)
    for (int64_t c = 0; c < until; c += TR) {
      const int64_t n = columns - c;
      half* const out = to + (c / TR * depth + r / TK) * LIMBS * PIECE;
      detail::store_piece<LIMBS, side == Side::left>(out, [&](int64_t p, auto&& put) __attribute__((always_inline)) {
        const int64_t row = r + 2 * p;
        const Number* at = source + row * stride + c;
        if (row < rows && n > 0)
          detail::across<LIMBS>(at, row + 1 < rows ? at + stride : nullptr, n, put);
        else
          detail::nothing<LIMBS>(put);
      });
    }
}

/** How a weight lies for a product; lib/model/fused-weights.ts names the same numbers. */
enum class HalfLayout : int64_t { along_left, along_right, across_left, across_right };

/**
 * A weight in pieces.
 *
 * @param weight [rows, columns]
 * @param parts how many matrices lie in it one below the other; each is filled up to whole blocks
 */
template <int LIMBS>
inline void pack_half_weight(Pool& pool, half* to, const float* weight, int64_t rows, int64_t columns, int64_t parts,
                             HalfLayout layout) {
  const int64_t part_rows = rows / parts, blocks = blocks_of(part_rows), wide = blocks_of(columns);
  pool.run(parts * blocks, [=](int64_t task) {
    const int64_t part = task / blocks, block = task % blocks;
    const int64_t n = std::min(BLOCK, part_rows - block * BLOCK);
    const float* from = weight + (part * part_rows + block * BLOCK) * columns;
    half* const along = to + task * 2 * wide * LIMBS * PIECE;
    half* const across = to + task * LIMBS * PIECE;
    switch (layout) {
      case HalfLayout::along_left: return pack_along<LIMBS, Side::left>(along, wide, from, columns, n, columns, BLOCK);
      case HalfLayout::along_right: return pack_along<LIMBS, Side::right>(along, wide, from, columns, n, columns, BLOCK);
      case HalfLayout::across_left:
        return pack_across<LIMBS, Side::left>(across, parts * blocks, from, columns, n, columns, wide * BLOCK);
      case HalfLayout::across_right:
        return pack_across<LIMBS, Side::right>(across, parts * blocks, from, columns, n, columns, wide * BLOCK);
    }
  });
}

// ---- Blocks. ----

/** The operand that a loop over blocks walks through, while it keeps the other in the nearest cache. */
enum class Stream { none, left, right };

/** Whether the system lets this process use the matrix tiles; RECURLAB_AMX=0: it does not want to. */
inline bool has_tiles() {
#if defined(RECURLAB_AMX)
  // ARCH_REQ_XCOMP_PERM of the tiles' registers: they are large, so Linux wants to be asked.
  static const bool allowed = [] {
    const char* wanted = std::getenv("RECURLAB_AMX");
    return !(wanted && std::strcmp(wanted, "0") == 0) && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  }();
  return allowed;
#else
  return false;
#endif
}

namespace detail {

#if defined(RECURLAB_AMX)
struct alignas(64) TileShapes {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};
  TileShapes() {
    for (int i = 0; i < 8; i++) bytes[i] = 64, rows[i] = 16;
  }
};
#define RECURLAB_TILE_LOAD(tile, p, stride) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"((const void*)(p)), "r"((int64_t)(stride)))
/** Past the nearest cache, for pieces that will not be needed again soon. */
#define RECURLAB_TILE_STREAM(tile, p) \
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm" #tile ::"r"((const void*)(p)), "r"((int64_t)64))
#define RECURLAB_TILE_STORE(tile, p, stride) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"((void*)(p)), "r"((int64_t)(stride)) : "memory")
#define RECURLAB_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define RECURLAB_TILE_DOT(sum, left, right) asm volatile("tdpbf16ps %%tmm" #right ", %%tmm" #left ", %%tmm" #sum ::)

/** Adds a block's products to the sums in the tiles 0 to 3; see block. */
template <int TALL, int WIDE, Stream stream, class Depth, class Each>
RECURLAB_INLINE void rounded_products(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth,
                                      Each&& each) {
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; k++) {
    if (stream == Stream::left)
      RECURLAB_TILE_STREAM(4, a0 + k * PIECE);
    else
      RECURLAB_TILE_LOAD(4, a0 + k * PIECE, 64);
    if (stream == Stream::right) {
      RECURLAB_TILE_STREAM(6, b0 + k * PIECE);
      if (WIDE == 2) RECURLAB_TILE_STREAM(7, b1 + k * PIECE);
    } else {
      RECURLAB_TILE_LOAD(6, b0 + k * PIECE, 64);
      if (WIDE == 2) RECURLAB_TILE_LOAD(7, b1 + k * PIECE, 64);
    }
    if (TALL == 2) {
      if (stream == Stream::left)
        RECURLAB_TILE_STREAM(5, a1 + k * PIECE);
      else
        RECURLAB_TILE_LOAD(5, a1 + k * PIECE, 64);
    }
    RECURLAB_TILE_DOT(0, 4, 6);
    if (WIDE == 2) RECURLAB_TILE_DOT(1, 4, 7);
    if (TALL == 2) RECURLAB_TILE_DOT(2, 5, 6);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_DOT(3, 5, 7);
    each(k);
  }
}

/** The same of three limbs by three: the six terms that count, in an order in which each needs one new operand only. */
template <int TALL, int WIDE, class Depth, class Each>
RECURLAB_INLINE void exact_products(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth,
                                    Each&& each) {
  const auto left = [&](int64_t limb) __attribute__((always_inline)) {
    RECURLAB_TILE_LOAD(4, a0 + limb * PIECE, 64);
    if (TALL == 2) RECURLAB_TILE_LOAD(5, a1 + limb * PIECE, 64);
  };
  const auto right = [&](int64_t limb) __attribute__((always_inline)) {
    RECURLAB_TILE_LOAD(6, b0 + limb * PIECE, 64);
    if (WIDE == 2) RECURLAB_TILE_LOAD(7, b1 + limb * PIECE, 64);
  };
  const auto dot = []() __attribute__((always_inline)) {
    RECURLAB_TILE_DOT(0, 4, 6);
    if (WIDE == 2) RECURLAB_TILE_DOT(1, 4, 7);
    if (TALL == 2) RECURLAB_TILE_DOT(2, 5, 6);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_DOT(3, 5, 7);
  };
  for (int64_t k = 0; k < depth; k++) {
    const int64_t term = k * TERMS<EXACT>;
    left(2), right(0), dot(), each(term);
    left(0), dot(), each(term + 1);
    left(1), dot(), each(term + 2);
    right(1), dot(), each(term + 3);
    left(0), dot(), each(term + 4);
    right(2), dot(), each(term + 5);
    a0 += EXACT * PIECE, b0 += EXACT * PIECE;
    if (TALL == 2) a1 += EXACT * PIECE;
    if (WIDE == 2) b1 += EXACT * PIECE;
  }
}
#endif

/** The same without matrix tiles. */
template <int LIMBS, int TALL, int WIDE, class Each>
void dots(const half* a0, const half* a1, const half* b0, const half* b1, int64_t depth, float* c, int64_t ldc,
          bool add, Each&& each) {
  constexpr int ROWS = 8;
  for (int r0 = 0; r0 < 16 * TALL; r0 += ROWS) {
    const half* a = (r0 < 16 ? a0 : a1) + r0 % 16 * TK;
    __m512 sums[ROWS][WIDE];
    for (int i = 0; i < ROWS; i++)
      for (int v = 0; v < WIDE; v++)
        sums[i][v] = add ? _mm512_loadu_ps(c + (r0 + i) * ldc + v * 16) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++)
      for (int p = 0; p < 16; p++)
        for (int other = LIMBS - 1; other >= 0; other--) {
          const int64_t right = (k * LIMBS + other) * PIECE + p * TK;
          __m512bh columns[WIDE];
          for (int v = 0; v < WIDE; v++) columns[v] = (__m512bh)_mm512_load_si512((v ? b1 : b0) + right);
          for (int limb = LIMBS - 1 - other; limb >= 0; limb--)
#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++) {
              int32_t pair;
              std::memcpy(&pair, a + (k * LIMBS + limb) * PIECE + i * TK + 2 * p, 4);
              const __m512bh left = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 2
              for (int v = 0; v < WIDE; v++) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], left, columns[v]);
            }
        }
    for (int i = 0; i < ROWS; i++)
      for (int v = 0; v < WIDE; v++) _mm512_storeu_ps(c + (r0 + i) * ldc + v * 16, sums[i][v]);
  }
  for (int64_t term = 0; term < depth * TERMS<LIMBS>; term++) each(term);
}

}  // namespace detail

/** The tiles of one thread for as long as this lives. */
class Tiles {
 public:
  Tiles() {
#if defined(RECURLAB_AMX)
    if (!has_tiles()) return;
    static const detail::TileShapes shapes;
    asm volatile("ldtilecfg %0" ::"m"(shapes));
#endif
  }
  ~Tiles() {
#if defined(RECURLAB_AMX)
    if (has_tiles()) asm volatile("tilerelease" ::);
#endif
  }
  Tiles(const Tiles&) = delete;
};

/**
 * One block: c [16·TALL, 16·WIDE] = or += left pieces a0, a1 · right pieces b0, b1. The thread has to hold Tiles.
 *
 * @param depth pieces along the sum, one after the other
 * @param each called with 0 … depth · TERMS - 1 between the tiles' work: vector instructions run beside it
 */
template <int LIMBS, int TALL, int WIDE, Stream stream, class Depth, class Each>
RECURLAB_INLINE void block(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth, float* c,
                           int64_t ldc, bool add, Each&& each) {
#if defined(RECURLAB_AMX)
  if (has_tiles()) {
    // The compiler must not move what was written to the pieces, or to c, behind the tiles' loads.
    asm volatile("" ::: "memory");
    const int64_t stride = ldc * sizeof(float);
    if (add) {
      RECURLAB_TILE_LOAD(0, c, stride);
      if (WIDE == 2) RECURLAB_TILE_LOAD(1, c + 16, stride);
      if (TALL == 2) RECURLAB_TILE_LOAD(2, c + 16 * ldc, stride);
      if (TALL == 2 && WIDE == 2) RECURLAB_TILE_LOAD(3, c + 16 * ldc + 16, stride);
    } else {
      RECURLAB_TILE_ZERO(0);
      if (WIDE == 2) RECURLAB_TILE_ZERO(1);
      if (TALL == 2) RECURLAB_TILE_ZERO(2);
      if (TALL == 2 && WIDE == 2) RECURLAB_TILE_ZERO(3);
    }
    if constexpr (LIMBS == EXACT)
      detail::exact_products<TALL, WIDE>(a0, a1, b0, b1, depth, each);
    else
      detail::rounded_products<TALL, WIDE, stream>(a0, a1, b0, b1, depth, each);
    RECURLAB_TILE_STORE(0, c, stride);
    if (WIDE == 2) RECURLAB_TILE_STORE(1, c + 16, stride);
    if (TALL == 2) RECURLAB_TILE_STORE(2, c + 16 * ldc, stride);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_STORE(3, c + 16 * ldc + 16, stride);
    return;
  }
#endif
  detail::dots<LIMBS, TALL, WIDE>(a0, a1, b0, b1, depth, c, ldc, add, each);
}

/** Lines of 64 bytes of two pieces of memory that are asked for while blocks are computed: what is needed next. */
struct Ahead {
  const char *first = nullptr, *second = nullptr;
  int64_t lines_each = 0;
  RECURLAB_INLINE void operator()(int64_t) {
    for (int64_t i = 0; i < lines_each; i++, first += 64, second += 64) {
      _mm_prefetch(first, _MM_HINT_T1);
      _mm_prefetch(second, _MM_HINT_T1);
    }
  }
};

/** Two columns of pieces, side by side: what stays in the nearest cache while a loop walks through the other operand. */
struct Panel {
  const half *first = nullptr, *second = nullptr;
  /** Asks for it, a share with each of so many steps, a step for each of its pieces. */
  template <int LIMBS>
  Ahead ahead(int64_t blocks) const {
    const int64_t steps = blocks * TERMS<LIMBS>, lines = first ? (LIMBS * TR + steps - 1) / steps : 0;
    return {reinterpret_cast<const char*>(first), reinterpret_cast<const char*>(second), lines};
  }
};

/** Pieces along the sum of a panel that stays in the nearest cache. */
template <int LIMBS>
constexpr int64_t DEPTH = LIMBS == ROUNDED ? 18 : 16;

/** Blocks shared by tasks of at most `most` each, as many for each thread, that are alike. */
struct Shares {
  int64_t blocks, tasks;
  constexpr Shares(int64_t blocks, int threads, int64_t most)
      : blocks(blocks), tasks(std::min(blocks, (blocks + most * threads - 1) / (most * threads) * threads)) {}
  constexpr int64_t begin(int64_t task) const { return blocks * task / tasks; }
  constexpr int64_t most() const { return (blocks + tasks - 1) / std::max<int64_t>(tasks, 1); }
};

/** Pieces along the sum that are taken at a time: parts that are alike. */
template <int LIMBS>
constexpr int64_t part_of(int64_t depth) {
  return Shares(depth, 1, DEPTH<LIMBS>).most();
}

/**
 * C = or += A · B in whole blocks; the last row of pieces of A may be alone.
 *
 * @param a pieces [a_pieces][depth], rows of pieces a_stride numbers apart
 * @param b pieces [2·b_blocks][depth], b_stride numbers apart
 * @param c [16·a_pieces, 32·b_blocks]: the block of columns n begins at c + n · block_stride, its rows are ldc apart
 * @param then what is asked for at the end, for what follows
 */
template <int LIMBS>
inline void half_product(int64_t a_pieces, int64_t b_blocks, int64_t depth, const half* a, int64_t a_stride,
                         const half* b, int64_t b_stride, float* c, int64_t ldc, int64_t block_stride, bool add,
                         const Panel& then = {}) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const int64_t part = part_of<LIMBS>(depth);
  for (int64_t n = 0; n < b_blocks; n++)
    for (int64_t k = 0; k < depth; k += part) {
      const int64_t here = std::min(part, depth - k);
      const half* b0 = b + 2 * n * b_stride + k * STEP;
      const half* b1 = b0 + b_stride;
      // The next part of B comes from far away, a share with each block.
      Panel next{b0 + here * STEP, b1 + here * STEP};
      if (k + here == depth) next = n + 1 < b_blocks ? Panel{b + 2 * (n + 1) * b_stride, b + (2 * n + 3) * b_stride} : then;
      Ahead ahead = next.ahead<LIMBS>((a_pieces + 1) / 2);
      for (int64_t m = 0; m < a_pieces; m += 2) {
        float* out = c + n * block_stride + m * TR * ldc;
        const half* a0 = a + m * a_stride + k * STEP;
        if (m + 1 < a_pieces)
          block<LIMBS, 2, 2, Stream::left>(a0, a0 + a_stride, b0, b1, here, out, ldc, add || k > 0, ahead);
        else
          block<LIMBS, 1, 2, Stream::left>(a0, nullptr, b0, b1, here, out, ldc, add || k > 0, ahead);
      }
    }
}

/** A number that the compiler knows. */
template <int64_t n>
constexpr std::integral_constant<int64_t, n> fixed{};

/** Calls f with a depth; for bfloat16 as a number that the compiler knows, if it is that of the published width. */
template <int LIMBS, class F>
RECURLAB_INLINE void with_depth(int64_t depth, F&& f) {
  if (LIMBS == ROUNDED && depth == 16) return f(fixed<16>);
  f(depth);
}

/**
 * A block [32, 32], and beside it a share of some steps: what is done with the numbers of blocks before it, so that tiles
 * and vector instructions do not wait for each other. (Nothing is kept in an object: the compiler would read it again
 * after every write to memory.)
 *
 * @param c written
 * @param share 0 … shares - 1
 * @param steps of all shares together
 * @param step called with its number
 */
template <int LIMBS, Stream stream, class Depth, class Count, class Steps, class Step>
RECURLAB_INLINE void block_beside(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth, float* c,
                                  int64_t share, Count shares, Steps steps, Step&& step, Ahead& ahead) {
  const int64_t first = steps * share / shares, count = steps * (share + 1) / shares - first;
  block<LIMBS, 2, 2, stream>(a0, a1, b0, b1, depth, c, BLOCK, false, [&](int64_t term) __attribute__((always_inline)) {
    const auto terms = depth * TERMS<LIMBS>;
    for (int64_t i = count * term / terms; i < count * (term + 1) / terms; i++) step(first + i);
    ahead(term);
  });
}

// ---- Gradients of weights, added up over all calls of the network in a step. ----

/** Numbers of a gradient [M, N] as the blocks add to it: [N / 32] pieces [M filled up][32]. */
constexpr int64_t sums_size(int64_t M, int64_t N) { return blocks_of(M) * blocks_of(N) * BLOCK * BLOCK; }

/** Where the column block of a gradient with M rows begins. */
constexpr int64_t sums_stride(int64_t M) { return blocks_of(M) * BLOCK * BLOCK; }

/** A sum over rows, of which every block of columns is added to a gradient. */
struct RowSums {
  /** Left pieces, [a_pieces][depth]. */
  const half* a;
  /** Right pieces, [2 · b_blocks][depth]. */
  const half* b;
  int64_t b_blocks;
  /** The blocks of columns are `stride` numbers apart. */
  float* sums;
  int64_t stride;
};

/** Adds some blocks of columns of a sum over rows. All of them with one part of the rows before the next. */
template <int LIMBS>
inline void add_row_sums(int64_t a_pieces, int64_t depth, const RowSums& of) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const int64_t part = part_of<LIMBS>(depth), wide = depth * STEP;
  for (int64_t k = 0; k < depth; k += part) {
    const int64_t here = std::min(part, depth - k), terms = here * TERMS<LIMBS>;
    for (int64_t n = 0; n < of.b_blocks; n++) {
      const half *b0 = of.b + 2 * n * wide + k * STEP, *b1 = b0 + wide;
      Panel next{};
      if (n + 1 < of.b_blocks)
        next = {b1 + wide, b1 + 2 * wide};
      else if (k + here < depth)
        next = {of.b + (k + here) * STEP, of.b + wide + (k + here) * STEP};
      Ahead panel = next.ahead<LIMBS>((a_pieces + 1) / 2);
      for (int64_t m = 0; m < a_pieces; m += 2) {
        const half* a0 = of.a + m * wide + k * STEP;
        float* c = of.sums + n * of.stride + m * TR * BLOCK;
        // What the next block adds to: 4 KB, that come from far away the first time.
        const char* then = reinterpret_cast<const char*>(c + BLOCK * BLOCK);
        Ahead sums{then, then + 2048, k == 0 && m + 2 < a_pieces ? (32 + terms - 1) / terms : 0};
        const auto ahead = [&](int64_t k) __attribute__((always_inline)) { sums(k), panel(k); };
        if (m + 1 < a_pieces)
          block<LIMBS, 2, 2, Stream::left>(a0, a0 + wide, b0, b1, here, c, BLOCK, true, ahead);
        else
          block<LIMBS, 1, 2, Stream::left>(a0, nullptr, b0, b1, here, c, BLOCK, true, ahead);
      }
    }
  }
}

/** Blocks of columns of a task: as many as leave their sums in the cache. */
constexpr int64_t GROUP = 4;

/** Adds all of two sums over the same rows. */
template <int LIMBS>
inline void add_row_sums(Pool& pool, int64_t a_pieces, int64_t depth, const RowSums& first, const RowSums& second) {
  const int64_t shares = (first.b_blocks + second.b_blocks) / (4 * pool.threads());
  const int64_t group = std::max<int64_t>(1, std::min(GROUP, shares));
  const int64_t firsts = (first.b_blocks + group - 1) / group, seconds = (second.b_blocks + group - 1) / group;
  pool.run(firsts + seconds, [&](int64_t task) {
    const Tiles tiles;
    RowSums of = task < firsts ? first : second;
    const int64_t n = (task < firsts ? task : task - firsts) * group;
    of.b += 2 * n * depth * LIMBS * PIECE;
    of.b_blocks = std::min(group, of.b_blocks - n);
    of.sums += n * of.stride;
    add_row_sums<LIMBS>(a_pieces, depth, of);
  });
}

/**
 * Writes a gradient as a matrix that lies by rows.
 *
 * @param sums the first of its numbers; the blocks of 32 columns are `stride` apart
 * @param to [M, N], or [N, M] when it is to be transposed
 */
inline void unpack_sums(Pool& pool, const float* sums, int64_t stride, int64_t M, int64_t N, bool transposed, float* to) {
  pool.run(blocks_of(N), [=](int64_t block) {
    const float* from = sums + block * stride;
    const int64_t first = block * BLOCK, columns = std::min(BLOCK, N - first);
    for (int64_t m = 0; m < M; m += W)
      for (int64_t j = 0; j < columns; j += W) {
        const int64_t rows = std::min<int64_t>(W, M - m), wide = std::min<int64_t>(W, columns - j);
        vec square[W];
        for (int i = 0; i < W; i++) square[i] = load(from + (m + i) * BLOCK + j);
        if (transposed) {
          transpose(square);
          for (int64_t i = 0; i < wide; i++) store_up_to(to + (first + j + i) * M + m, square[i], rows);
        } else {
          for (int64_t i = 0; i < rows; i++) store_up_to(to + (m + i) * N + first + j, square[i], wide);
        }
      }
  });
}

/**
 * The gradient of a weight [rows, columns] that has `parts` matrices one below the other, out of its sums: those of the
 * transposed hold the parts side by side, the others one below the other.
 */
inline void unpack_half_gradient(Pool& pool, const float* sums, int64_t rows, int64_t columns, int64_t parts,
                                 bool transposed, float* to) {
  const int64_t part_rows = rows / parts, part = blocks_of(part_rows) * BLOCK;
  for (int64_t p = 0; p < parts; p++) {
    float* out = to + p * part_rows * columns;
    if (transposed)
      unpack_sums(pool, sums + p * sums_size(columns, part_rows), sums_stride(columns), columns, part_rows, true, out);
    else
      unpack_sums(pool, sums + p * part * BLOCK, parts * part * BLOCK, part_rows, columns, false, out);
  }
}

}  // namespace recurlab
#endif
