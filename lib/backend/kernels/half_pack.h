// Packing of matrices into bfloat16 pieces, as left or right operand of a product.
#pragma once
#include "half.h"
#if defined(RECURLAB_HALF)
#include <algorithm>

namespace recurlab {

namespace detail {

RECURLAB_INLINE vec part(const float* p, int64_t n) { return n <= 0 ? vec{} : n >= W ? load(p) : load_part(p, (int)n); }

/** Loads 32 elements of a row, of which n exist and the others are 0, and calls `put` with each limb. */
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

/** Loads 16 elements of two consecutive rows as pairs, and calls `put` with each limb. */
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

/** Stores the limbs of a piece whose rows come from `row`, transposed if `turned`. */
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

/** Calls `put` with a row of zeros for each limb. */
template <int LIMBS, class Put>
RECURLAB_INLINE void nothing(Put&& put) {
  each<LIMBS>([&](int limb) { put(limb, _mm512_setzero_si512()); });
}

}  // namespace detail

/** The operand that a piece belongs to. */
enum class Side { left, right };

/**
 * Packs a matrix that is summed along its rows: a left operand [M, K], or the transpose of a right operand, [N, K].
 * Piece (row / 16, column / 32) has index (row / 16) · depth + column / 32. Rows are padded to whole blocks or whole
 * pieces.
 *
 * @param depth pieces along K
 * @param until number of rows after padding, a multiple of 16
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
 * Packs a matrix that is summed along its columns: a right operand [K, N], or the transpose of a left operand, [K, M].
 * Piece (row / 32, column / 16) has index (column / 16) · depth + row / 32. Columns are padded to whole blocks.
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

/** Layout of a weight for a product; lib/model/fused-weights.ts uses the same numbers. */
enum class HalfLayout : int64_t { along_left, along_right, across_left, across_right };

/**
 * Packs a weight into pieces.
 *
 * @param weight [rows, columns]
 * @param parts number of matrices stacked in the weight; each is padded to whole blocks
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

}  // namespace recurlab
#endif
