// channels.h on bfloat16 pieces: the operands of every product have one limb or three; its sums, x, y and the norm are
// float32.
#pragma once
#include "channels.h"
#include "half_pack.h"
#include "half_sums.h"
#include "norm.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** Blocks of rows per task, so that the task fits in the cache. */
template <int LIMBS>
constexpr int64_t ROW_BLOCKS = LIMBS == ROUNDED ? 9 : 4;

/** The weights as pieces. Gate and up are each padded to whole blocks. */
struct ChannelHalves {
  /**
   * As right operand [D, gate · up], pieces [2·I / 16][D / 32]; and, for the backward pass, [D, 2·I], pieces [D /
   * 16][2·I / 32].
   */
  const half *gate_up, *gate_up_back;
  /** As right operand [I, D], pieces [D / 16][I / 32]; and [D, I], pieces [I / 16][D / 32]. */
  const half *down, *down_back;
};

/**
 * The forward pass.
 *
 * @param x [rows, D]
 * @param y [rows, D], output
 * @param r [rows], output: factor of the norm; null when no gradient is needed
 */
template <int LIMBS>
inline void channels_half_forward(Pool& pool, const ChannelSizes& sizes, const float* x, const ChannelHalves& weights,
                                  float* y, float* r) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const auto [rows, D, I] = sizes;
  const int64_t dk = blocks_of(D), ik = blocks_of(I), wide = dk * BLOCK + 16, part = part_of<LIMBS>(ik);
  const Shares shares(blocks_of(rows), pool.threads(), ROW_BLOCKS<LIMBS>);
  const int64_t most = shares.most();
  pool.run(shares.tasks, [&, D = D, rows = rows](int64_t task) {
    const Tiles tiles;
    const int64_t blocks = shares.begin(task + 1) - shares.begin(task);
    const int64_t first = shares.begin(task) * BLOCK, n = std::min(blocks * BLOCK, rows - first);
    half* const in = half_scratch<LIMBS>(0, most * BLOCK * dk * BLOCK);
    half* const h = half_scratch<LIMBS>(1, most * BLOCK * part * BLOCK);
    float* const out = scratch(2, most * BLOCK * wide);
    pack_along<LIMBS, Side::left>(in, dk, x + first * D, D, n, D, blocks * BLOCK);
    for (int64_t from = 0; from < ik; from += part) {
      const int64_t here = std::min(part, ik - from), next = dk * STEP;
      const half* const gates = weights.gate_up + 2 * from * next;
      const half* const ups = gates + 2 * ik * next;
      const Panel down{weights.down + from * STEP, weights.down + (ik + from) * STEP};
      with_depth<LIMBS>(dk, [&](auto depth) __attribute__((always_inline)) {
        float *now = scratch(3, 2 * BLOCK * BLOCK), *done = now + BLOCK * BLOCK;
        struct {
          int64_t row_block, column_piece;
        } place{};
        // Two rows of gate (left) and up (right). The first iteration processes zeros; the next one overwrites its output.
        const auto finish = [&](int64_t pair) __attribute__((always_inline)) {
          const float* c = done + 2 * pair * BLOCK;
          vec gate[2], up[2], product[2];
          each<2>([&](int i) { gate[i] = load(c + i * BLOCK); });
          each<2>([&](int i) { up[i] = load(c + i * BLOCK + TR); });
          swiglus<LIMBS, 2>(gate, up, product);
          half* to = h + ((2 * place.row_block + pair / 8) * here + place.column_piece / 2) * STEP +
                     2 * pair % TR * TK + place.column_piece % 2 * TR;
          each<2>([&](int i) { store_limbs<LIMBS>(to + i * TK, product[i]); });
        };
        std::fill(done, done + BLOCK * BLOCK, 0.0f);
        for (int64_t j = 0; j < 2 * here; j++) {
          const half *gate = gates + j * next, *up = ups + j * next;
          Ahead ahead = (j + 1 < 2 * here ? Panel{gate + next, up + next} : down).ahead<LIMBS>(blocks);
          for (int64_t u = 0; u < blocks; u++) {
            const half* left = in + 2 * u * next;
            block_beside<LIMBS, Stream::left>(left, left + next, gate, up, depth, now, 0, fixed<1>, fixed<16>, finish,
                                              ahead);
            place = {u, j};
            std::swap(now, done);
          }
        }
        for (int64_t pair = 0; pair < 16; pair++) finish(pair);
      });
      const half *gate = gates + 2 * here * next, *up = ups + 2 * here * next;
      half_product<LIMBS>(2 * blocks, dk, here, h, here * STEP, down.first, ik * STEP, out, wide, BLOCK, from > 0,
                          from + here < ik ? Panel{gate, up} : Panel{});
    }
    for (int64_t i = 0; i < n; i++) {
      const float scale = add_rms_row(x + (first + i) * D, out + i * wide, y + (first + i) * D, D);
      if (r) r[first + i] = scale;
    }
  });
}

/**
 * Blocks of rows whose gradients are collected before they are summed over rows: more of them mean fewer transfers of
 * the sums.
 */
template <int LIMBS>
constexpr int64_t WINDOW = LIMBS == ROUNDED ? 36 : 16;

/**
 * The backward pass.
 *
 * @param r of the forward pass
 * @param dy [rows, D]
 * @param dx [rows, D], output
 * @param d_gate_up sums of the transposed gradient [D, gate · up], accumulated
 * @param d_down sums of [D, I], accumulated
 */
template <int LIMBS>
inline void channels_half_backward(Pool& pool, const ChannelSizes& sizes, const float* x, const float* y, const float* r,
                                   const ChannelHalves& weights, const float* dy, float* dx, float* d_gate_up,
                                   float* d_down) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const auto [rows, D, I] = sizes;
  const int64_t dk = blocks_of(D), ik = blocks_of(I), wide = dk * BLOCK + 16, part = part_of<LIMBS>(ik);
  const int64_t window = Shares(blocks_of(rows), 1, WINDOW<LIMBS>).most();
  const int64_t most = Shares(window, pool.threads(), ROW_BLOCKS<LIMBS>).most();
  half* const x_t = half_scratch<LIMBS>(4, window * BLOCK * dk * BLOCK);
  half* const du_t = half_scratch<LIMBS>(5, window * BLOCK * dk * BLOCK);
  half* const h_rows = half_scratch<LIMBS>(6, window * BLOCK * ik * BLOCK);
  half* const d_rows = half_scratch<LIMBS>(7, window * BLOCK * 2 * ik * BLOCK);
  for (int64_t from = 0; from < rows; from += window * BLOCK) {
    const int64_t length = std::min(window * BLOCK, rows - from), depth = blocks_of(length);
    const Shares shares(depth, pool.threads(), most);
    pool.run(shares.tasks, [&, D = D, I = I](int64_t task) {
      const Tiles tiles;
      const int64_t begin = shares.begin(task), blocks = shares.begin(task + 1) - begin;
      const int64_t first = from + begin * BLOCK, n = std::min(blocks * BLOCK, length - begin * BLOCK);
      half* const in = half_scratch<LIMBS>(0, 2 * most * BLOCK * dk * BLOCK);
      half* const du_in = in + 2 * blocks * dk * STEP;
      half* const d_both = half_scratch<LIMBS>(1, most * BLOCK * 2 * part * BLOCK);
      float* const du = scratch(2, most * BLOCK * wide);
      for (int64_t i = 0; i < n; i++)
        rms_row_gradient(y + (first + i) * D, r[first + i], dy + (first + i) * D, du + i * wide, D);
      pack_along<LIMBS, Side::left>(in, dk, x + first * D, D, n, D, blocks * BLOCK);
      pack_along<LIMBS, Side::left>(du_in, dk, du, wide, n, D, blocks * BLOCK);
      pack_across<LIMBS, Side::left>(x_t + begin * STEP, depth, x + first * D, D, n, D, dk * BLOCK);
      pack_across<LIMBS, Side::left>(du_t + begin * STEP, depth, du, wide, n, D, dk * BLOCK);
      for (int64_t chunk = 0; chunk < ik; chunk += part) {
        const int64_t here = std::min(part, ik - chunk), next = dk * STEP;
        const half* const gates = weights.gate_up + 2 * chunk * next;
        const half* const ups = gates + 2 * ik * next;
        const half* const downs = weights.down_back + 2 * chunk * next;
        const half* const gates_back = weights.gate_up_back + chunk * STEP;
        const half* const ups_back = gates_back + ik * STEP;
        const Panel back{gates_back, gates_back + 2 * ik * STEP};
        with_depth<LIMBS>(dk, [&](auto known_depth) __attribute__((always_inline)) {
          const int64_t group = 3 * blocks * BLOCK * BLOCK;
          float *now = scratch(3, 2 * group), *done = now + group;
          int64_t columns = 0;
          // Two rows of 32 columns: gate and up of the first 16 are in the first block, those of the others in the
          // second. The first iteration processes zeros; the next one overwrites its output.
          const auto finish = [&](int64_t step) __attribute__((always_inline)) {
            const int64_t row_block = step / 16, pair = step % 16;
            const float* c = done + row_block * 3 * BLOCK * BLOCK + 2 * pair * BLOCK;
            vec gate[4], up[4], dh[4], product[4];
            each<4>([&](int i) { gate[i] = load(c + i % 2 * BLOCK * BLOCK + i / 2 * BLOCK); });
            each<4>([&](int i) { up[i] = load(c + i % 2 * BLOCK * BLOCK + i / 2 * BLOCK + TR); });
            each<4>([&](int i) { dh[i] = load(c + 2 * BLOCK * BLOCK + i / 2 * BLOCK + i % 2 * TR); });
            swiglu_gradients<LIMBS, 4>(gate, up, dh, product);
            half* to = d_both + ((2 * row_block + pair / 8) * 2 * here + columns) * STEP + 2 * pair % TR * TK;
            const int64_t rows_at = (2 * (chunk + columns) * depth + begin + row_block) * STEP + pair * TK;
            const int64_t apart = depth * STEP;
            store_both_ways<LIMBS>(to, d_rows + rows_at, apart, gate);
            store_both_ways<LIMBS>(to + here * STEP, d_rows + 2 * ik * apart + rows_at, apart, up);
            each<2>([&](int q) { store_pairs<LIMBS>(h_rows + rows_at + q * apart, product[q], product[2 + q]); });
          };
          std::fill(done, done + group, 0.0f);
          for (int64_t j = 0; j < here; j++) {
            const half *gate = gates + 2 * j * next, *up = ups + 2 * j * next, *down = downs + 2 * j * next;
            const Panel panels[4] = {{gate, up}, {gate + next, up + next}, {down, down + next},
                                     j + 1 < here ? Panel{gate + 2 * next, up + 2 * next} : back};
            // All rows are multiplied by one panel of the weights before the next panel.
            for (int64_t p = 0; p < 3; p++) {
              Ahead ahead = panels[p + 1].ahead<LIMBS>(blocks);
              for (int64_t u = 0; u < blocks; u++) {
                const half* left = (p == 2 ? du_in : in) + 2 * u * next;
                block_beside<LIMBS, Stream::left>(left, left + next, panels[p].first, panels[p].second, known_depth,
                                           now + (3 * u + p) * BLOCK * BLOCK, p * blocks + u, 3 * blocks, 16 * blocks,
                                           finish, ahead);
              }
            }
            columns = j;
            std::swap(now, done);
          }
          for (int64_t step = 0; step < 16 * blocks; step++) finish(step);
        });
        // dx is du plus the contribution of these columns.
        const half *gate = gates + 2 * here * next, *up = ups + 2 * here * next;
        half_product<LIMBS>(2 * blocks, dk, here, d_both, 2 * here * STEP, gates_back, 2 * ik * STEP, du, wide, BLOCK,
                            true, {ups_back, ups_back + 2 * ik * STEP});
        half_product<LIMBS>(2 * blocks, dk, here, d_both + here * STEP, 2 * here * STEP, ups_back, 2 * ik * STEP, du,
                            wide, BLOCK, true, chunk + here < ik ? Panel{gate, up} : Panel{});
      }
      for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < D; j += W) store_up_to(dx + (first + i) * D + j, load(du + i * wide + j), D - j);
    });
    const int64_t stride = sums_stride(D);
    add_row_sums<LIMBS>(pool, 2 * dk, depth, {x_t, d_rows, 2 * ik, d_gate_up, stride},
                        {du_t, h_rows, ik, d_down, stride});
  }
}

}  // namespace recurlab
#endif
