// channels.h in bfloat16: the inputs of every product are rounded to bfloat16, its sums, x, y and the norm are float32.
#pragma once
#include "half.h"
#include "norm.h"
#include "channels.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** h out of gate and up. */
RECURLAB_INLINE vec rough_swiglu(vec gate, vec up) { return gate * rough_sigmoid(gate) * up; }

/** Rows of a task, in blocks: as many as leave h in the cache, and shares that are alike. */
inline int64_t half_row_blocks(int64_t rows, int threads, int64_t most) {
  const int64_t blocks = blocks_of(rows);
  const int64_t tasks = (blocks + most * threads - 1) / (most * threads) * threads;
  return (blocks + tasks - 1) / tasks;
}

/** The weights as pieces. Gate and up are filled up to whole blocks each. */
struct ChannelHalves {
  /** Right, [D, gate · up]: pieces [2·I / 16][D / 32]; and [D, 2·I] the other way, [D / 16][2·I / 32]. */
  const half *gate_up, *gate_up_back;
  /** Right, [I, D]: [D / 16][I / 32]; and [D, I]: [I / 16][D / 32]. */
  const half *down, *down_back;
};

/**
 * @param x [rows, D]
 * @param y [rows, D], written
 * @param r [rows], written: what the norm multiplied with; null where no gradient is wanted
 */
inline void channels_half_forward(Pool& pool, const ChannelSizes& sizes, const float* x, const ChannelHalves& weights,
                                  float* y, float* r) {
  const auto [rows, D, I] = sizes;
  const int64_t dk = blocks_of(D), ik = blocks_of(I), wide = dk * BLOCK + 16;
  const int64_t most = half_row_blocks(rows, pool.threads(), 7), tasks = (blocks_of(rows) + most - 1) / most;
  pool.run(tasks, [&, D = D, rows = rows](int64_t task) {
    const Tiles tiles;
    const int64_t first = task * most * BLOCK, n = std::min(most * BLOCK, rows - first), blocks = blocks_of(n);
    half* const in = half_scratch(0, most * BLOCK * dk * BLOCK);
    half* const h = half_scratch(1, most * BLOCK * ik * BLOCK);
    float* const out = scratch(2, most * BLOCK * wide);
    pack_along<Side::left>(in, dk, x + first * D, D, n, D, blocks * BLOCK);
    struct Where {
      int64_t row_block, column_piece;
    };
    const auto finish = [&](const float* c, const Where& at, int64_t row) __attribute__((always_inline)) {
      const vec gate = load(c + row * BLOCK), up = load(c + row * BLOCK + 16);
      half* to = h + ((2 * at.row_block + row / TR) * ik + at.column_piece / 2) * PIECE;
      store_half(to + row % TR * TK + at.column_piece % 2 * TR, rough_swiglu(gate, up));
    };
    auto later = behind<Where>(scratch(3, 2 * BLOCK * BLOCK), 1, finish);
    for (int64_t j = 0; j < 2 * ik; j++)
      for (int64_t u = 0; u < blocks; u++) {
        const half* left = in + 2 * u * dk * PIECE;
        const half* gate = weights.gate_up + j * dk * PIECE;
        later.begin({u, j}, BLOCK, dk);
        later.template add<Stream::left>(left, left + dk * PIECE, gate, gate + 2 * ik * dk * PIECE, dk);
        later.end();
      }
    later.finish();
    half_product(2 * blocks, dk, ik, h, ik * PIECE, weights.down, ik * PIECE, out, wide, BLOCK, false);
    for (int64_t i = 0; i < n; i++) {
      const float scale = add_rms_row(x + (first + i) * D, out + i * wide, y + (first + i) * D, D);
      if (r) r[first + i] = scale;
    }
  });
}

/** Rows whose gradients wait for the sums over rows, in blocks: with more of them the sums are read and written less often. */
constexpr int64_t WINDOW = 32;

/**
 * @param r of the forward pass
 * @param dy [rows, D]
 * @param dx [rows, D], written
 * @param d_gate_up sums of the transposed gradient [D, gate · up], added to
 * @param d_down sums of [D, I], added to
 */
inline void channels_half_backward(Pool& pool, const ChannelSizes& sizes, const float* x, const float* y, const float* r,
                                   const ChannelHalves& weights, const float* dy, float* dx, float* d_gate_up,
                                   float* d_down) {
  const auto [rows, D, I] = sizes;
  const int64_t dk = blocks_of(D), ik = blocks_of(I), wide = dk * BLOCK + 16;
  const int64_t most = half_row_blocks(std::min(rows, WINDOW * BLOCK), pool.threads(), 7);
  const int64_t window = std::min(blocks_of(rows), (WINDOW + most - 1) / most * most);
  half* const x_t = half_scratch(4, window * BLOCK * dk * BLOCK);
  half* const du_t = half_scratch(5, window * BLOCK * dk * BLOCK);
  half* const h_rows = half_scratch(6, window * BLOCK * ik * BLOCK);
  half* const d_rows = half_scratch(7, window * BLOCK * 2 * ik * BLOCK);
  for (int64_t from = 0; from < rows; from += window * BLOCK) {
    const int64_t length = std::min(window * BLOCK, rows - from), depth = blocks_of(length);
    pool.run((depth + most - 1) / most, [&, D = D, I = I](int64_t task) {
      const Tiles tiles;
      const int64_t begin = task * most, blocks = std::min(most, depth - begin);
      const int64_t first = from + begin * BLOCK, n = std::min(blocks * BLOCK, length - begin * BLOCK);
      half* const in = half_scratch(0, 2 * most * BLOCK * dk * BLOCK);
      half* const du_in = in + blocks * BLOCK * dk * BLOCK;
      half* const d_both = half_scratch(1, most * BLOCK * 2 * ik * BLOCK);
      float* const du = scratch(2, most * BLOCK * wide * 2);
      float* const out = du + most * BLOCK * wide;
      for (int64_t i = 0; i < n; i++)
        rms_row_gradient(y + (first + i) * D, r[first + i], dy + (first + i) * D, du + i * wide, D);
      pack_along<Side::left>(in, dk, x + first * D, D, n, D, blocks * BLOCK);
      pack_along<Side::left>(du_in, dk, du, wide, n, D, blocks * BLOCK);
      pack_across<Side::left>(x_t + begin * PIECE, depth, x + first * D, D, n, D, dk * BLOCK);
      pack_across<Side::left>(du_t + begin * PIECE, depth, du, wide, n, D, dk * BLOCK);
      struct Where {
        int64_t columns;
      };
      // Two rows of 32 columns: gate and up of the first 16 are in the first block, those of the others in the second.
      const auto finish = [&](const float* group, const Where& at, int64_t step) __attribute__((always_inline)) {
        const int64_t row_block = step / 16, pair = step % 16;
        const float* c = group + row_block * 3 * BLOCK * BLOCK;
        for (int q = 0; q < 2; q++) {
          vec h[2], d_gate[2], d_up[2];
          for (int i = 0; i < 2; i++) {
            const float* both = c + q * BLOCK * BLOCK + (2 * pair + i) * BLOCK;
            const float* dh = c + 2 * BLOCK * BLOCK + (2 * pair + i) * BLOCK + q * TR;
            const vec gate = load(both);
            swiglu_gradient(rough_sigmoid(gate), gate, load(both + TR), load(dh), h[i], d_gate[i], d_up[i]);
            half* to = d_both + ((2 * row_block + pair / 8) * 2 * ik + at.columns) * PIECE;
            to += (2 * pair + i) % TR * TK + q * TR;
            store_half(to, d_gate[i]);
            store_half(to + ik * PIECE, d_up[i]);
          }
          const int64_t piece = (2 * at.columns + q) * depth + begin + row_block;
          _mm512_store_si512(h_rows + piece * PIECE + pair * TK, paired(h[0], h[1]));
          _mm512_store_si512(d_rows + piece * PIECE + pair * TK, paired(d_gate[0], d_gate[1]));
          _mm512_store_si512(d_rows + (piece + 2 * ik * depth) * PIECE + pair * TK, paired(d_up[0], d_up[1]));
        }
      };
      auto later = behind<Where>(scratch(3, most * 6 * BLOCK * BLOCK), 3 * blocks, finish);
      const int64_t next = dk * PIECE;
      for (int64_t j = 0; j < ik; j++) {
        const half* gate = weights.gate_up + 2 * j * next;
        const half* up = gate + 2 * ik * next;
        const half* down = weights.down_back + 2 * j * next;
        later.begin({j}, 16 * blocks, 3 * blocks * dk);
        // All rows with one panel of the weights before the next one.
        for (int64_t part = 0; part < 3; part++)
          for (int64_t u = 0; u < blocks; u++) {
            const half* left = (part == 2 ? du_in : in) + 2 * u * next;
            const half* right = part == 2 ? down : gate + part * next;
            const half* second = part == 2 ? down + next : up + part * next;
            later.template add_at<Stream::left>(3 * u + part, left, left + next, right, second, dk);
          }
        later.end();
      }
      later.finish();
      half_product(2 * blocks, dk, 2 * ik, d_both, 2 * ik * PIECE, weights.gate_up_back, 2 * ik * PIECE, out, wide, BLOCK,
                   false);
      for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < D; j += W) {
          const vec sum = load(out + i * wide + j) + load(du + i * wide + j);
          store_up_to(dx + (first + i) * D + j, sum, D - j);
        }
    });
    pool.run(3 * ik, [&](int64_t task) {
      const Tiles tiles;
      const bool down = task >= 2 * ik;
      const int64_t n = down ? task - 2 * ik : task;
      const half* b = (down ? h_rows : d_rows) + 2 * n * depth * PIECE;
      add_half_product(2 * dk, depth, down ? du_t : x_t, depth * PIECE, b, b + depth * PIECE,
                       (down ? d_down : d_gate_up) + n * dk * BLOCK * BLOCK);
    });
  }
}

}  // namespace recurlab
#endif
