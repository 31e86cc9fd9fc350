// Gradients of weights from bfloat16 pieces, accumulated over all calls of the network in a step.
#pragma once
#include "half_product.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** Elements of a gradient [M, N] in the accumulation layout: [N / 32] column blocks [padded M][32]. */
constexpr int64_t sums_size(int64_t M, int64_t N) { return blocks_of(M) * blocks_of(N) * BLOCK * BLOCK; }

/** Distance between the column blocks of a gradient with M rows. */
constexpr int64_t sums_stride(int64_t M) { return blocks_of(M) * BLOCK * BLOCK; }

/** A sum over rows, whose column blocks are added to a gradient. */
struct RowSums {
  /** Left pieces, [a_pieces][depth]. */
  const half* a;
  /** Right pieces, [2 · b_blocks][depth]. */
  const half* b;
  int64_t b_blocks;
  /** Column blocks, `stride` elements apart. */
  float* sums;
  int64_t stride;
};

/** Adds some column blocks of a sum over rows, one part of the rows at a time. */
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
        // Prefetches the 4 KB that the next block adds to, which are far away on the first pass.
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

/** Column blocks per task, so that their sums stay in the cache. */
constexpr int64_t GROUP = 4;

/** Adds two sums over the same rows. */
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
 * Writes a gradient as a row-major matrix.
 *
 * @param sums first element; blocks of 32 columns are `stride` apart
 * @param to [M, N], or [N, M] if transposed
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
 * Writes the gradient of a weight [rows, columns] that stacks `parts` matrices. Sums of the transposed gradient hold
 * the parts side by side, others hold them stacked.
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
