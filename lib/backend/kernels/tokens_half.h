// tokens.h on bfloat16 pieces; see channels_half.h.
#pragma once
#include <cmath>

#include "channels_half.h"
#include "tokens.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** The weights as pieces. Gate and up are each padded to whole blocks. */
struct TokenHalves {
  /**
   * As left operand [gate · up, L], pieces [2·I / 16][L / 32]; and its transpose [L, 2·I], pieces [L / 16][2·I / 32].
   */
  const half *gate_up, *gate_up_back;
  /** As left operand [L, I], pieces [L / 16][I / 32]; and its transpose [I, L], pieces [I / 16][L / 32]. */
  const half *down, *down_back;
};

/** Returns the columns per task, in blocks: at most this many, and few enough to occupy all threads. */
inline int64_t half_column_blocks(int64_t B, int64_t D, int threads, int64_t most) {
  const int64_t blocks = blocks_of(D);
  return std::max<int64_t>(1, std::min<int64_t>({blocks, most, B * blocks / (4 * threads)}));
}

/**
 * The forward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param y [B, L, D], output
 * @param r [B, D], output: factor of the norm; null when no gradient is needed
 */
template <int LIMBS>
inline void tokens_half_forward(Pool& pool, const TokenSizes& sizes, const Addends& addends,
                                const TokenHalves& weights, float* y, float* r) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const auto [B, L, D, I] = sizes;
  const int64_t lk = blocks_of(L), ik = blocks_of(I), lp = (L + TR - 1) / TR;
  const int64_t most = half_column_blocks(B, D, pool.threads(), 16), groups = (blocks_of(D) + most - 1) / most;
  pool.run(B * groups, [&, L = L, D = D](int64_t task) {
    const Tiles tiles;
    const int64_t b = task / groups, first = task % groups * most * BLOCK;
    const int64_t columns = std::min(most * BLOCK, D - first), blocks = blocks_of(columns);
    const int64_t wide = blocks * BLOCK + 16;
    const int64_t start = b * L * D + first;
    half* const in = half_scratch<LIMBS>(0, most * BLOCK * lk * BLOCK);
    half* const h = half_scratch<LIMBS>(1, most * BLOCK * ik * BLOCK);
    float* const out = scratch(2, lp * TR * (most * BLOCK + 16));
    // The sums of down start from x, and from 0 in the padding.
    std::fill(columns % BLOCK == 0 ? out + L * wide : out, out + lp * TR * wide, 0.0f);
    sum_rows(addends.at(start), L, columns, D, out, wide);
    pack_across<LIMBS, Side::right>(in, lk, out, wide, L, columns, blocks * BLOCK);
    float *now = scratch(3, 2 * BLOCK * BLOCK), *done = now + BLOCK * BLOCK;
    struct {
      int64_t row_piece, column_block;
    } place{};
    // Two rows of gate (above) and up (below). The first iteration processes zeros; the next one overwrites its output.
    const auto finish = [&](int64_t pair) __attribute__((always_inline)) {
      const float* c = done + 2 * pair * BLOCK;
      vec gate[4], up[4], product[4];
      each<4>([&](int i) { gate[i] = load(c + i / 2 * BLOCK + i % 2 * TR); });
      each<4>([&](int i) { up[i] = load(c + (i / 2 + TR) * BLOCK + i % 2 * TR); });
      swiglus<LIMBS, 4>(gate, up, product);
      half* to = h + (2 * place.column_block * ik + place.row_piece / 2) * STEP + (place.row_piece % 2 * 8 + pair) * TK;
      each<2>([&](int q) { store_pairs<LIMBS>(to + q * ik * STEP, product[q], product[2 + q]); });
    };
    // Prefetches y, which is written at the end; a task with some of the columns also prefetches others.
    const char* const to = reinterpret_cast<const char*>(y + start);
    const int64_t lines = L * columns / W, per_row = 2 * blocks * lk * TERMS<LIMBS>;
    Ahead ahead{to, to + lines / 2 * 64, 1};
    std::fill(done, done + BLOCK * BLOCK, 0.0f);
    for (int64_t i = 0; i < 2 * ik; i++) {
      if (i * per_row >= lines) ahead = {};
      for (int64_t n = 0; n < blocks; n++) {
        const half *gate = weights.gate_up + i * lk * STEP, *right = in + 2 * n * lk * STEP;
        block_beside<LIMBS, Stream::right>(gate, gate + 2 * ik * lk * STEP, right, right + lk * STEP, lk, now, 0,
                                           fixed<1>, fixed<8>, finish, ahead);
        place = {i, n};
        std::swap(now, done);
      }
    }
    for (int64_t pair = 0; pair < 8; pair++) finish(pair);
    half_product<LIMBS>(lp, blocks, ik, weights.down, ik * STEP, h, ik * STEP, out, wide, BLOCK, true);
    // Row by row: the elements of a column evict each other from the cache.
    float* const squares = scratch(3, 2 * most * BLOCK);
    float* const scale = squares + most * BLOCK;
    std::fill(squares, squares + blocks * BLOCK, 0.0f);
    for (int64_t l = 0; l < L; l++)
      for (int64_t c = 0; c < columns; c += W) {
        const vec u = load(out + l * wide + c);
        store(squares + c, load(squares + c) + u * u);
      }
    for (int64_t c = 0; c < columns; c += W) {
      const vec mean = load(squares + c) / static_cast<float>(L);
      store(scale + c, 1.0f / (vec)_mm512_sqrt_ps((__m512)(mean + RMS_EPSILON)));
      if (r) store_up_to(r + b * D + first + c, load(scale + c), columns - c);
    }
    for (int64_t l = 0; l < L; l++)
      for (int64_t c = 0; c < columns; c += W)
        store_up_to(y + (b * L + l) * D + first + c, load(out + l * wide + c) * load(scale + c), columns - c);
  });
}

/** Inner tokens whose gradients are in the cache at one time, in blocks. */
constexpr int64_t INNER = 4;

/**
 * The backward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param r of the forward pass
 * @param dy [B, L, D]
 * @param dx [B, L, D], output
 * @param d_gate_up sums of [gate · up, L], accumulated
 * @param d_down sums of the transposed gradient [I, L], accumulated
 */
template <int LIMBS>
inline void tokens_half_backward(Pool& pool, const TokenSizes& sizes, const Addends& addends, const float* y,
                                 const float* r, const TokenHalves& weights, const float* dy, float* dx,
                                 float* d_gate_up, float* d_down) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const auto [B, L, D, I] = sizes;
  const int64_t lk = blocks_of(L), ik = blocks_of(I), lp = (L + TR - 1) / TR, inner = std::min(INNER, ik);
  const int64_t most = half_column_blocks(B, D, pool.threads(), 8), groups = (blocks_of(D) + most - 1) / most;
  // Every thread has its own sums, over units that depend only on the number of threads; the first thread accumulates
  // into the output directly.
  const int64_t units = B * groups, parts = std::min<int64_t>(pool.threads(), units);
  const int64_t up_size = lk * 2 * ik * BLOCK * BLOCK, down_size = lk * ik * BLOCK * BLOCK;
  float* const sums = scratch(4, (parts - 1) * (up_size + down_size));
  std::fill(sums, sums + (parts - 1) * (up_size + down_size), 0.0f);
  pool.run(parts, [&, L = L, D = D](int64_t part) {
    const Tiles tiles;
    float* const own = sums + (part - 1) * (up_size + down_size);
    float* const sum_up = part == 0 ? d_gate_up : own;
    float* const sum_down = part == 0 ? d_down : own + up_size;
    for (int64_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
      const int64_t b = unit / groups, first = unit % groups * most * BLOCK;
      const int64_t columns = std::min(most * BLOCK, D - first), blocks = blocks_of(columns);
      const int64_t wide = blocks * BLOCK + 16, at = b * L * D + first, area = 2 * blocks * lk * STEP;
      half* const in = half_scratch<LIMBS>(0, 4 * most * BLOCK * lk * BLOCK);
      half *const du_in = in + area, *const x_t = in + 2 * area, *const du_t = in + 3 * area;
      const int64_t piece = 2 * inner * blocks * STEP;
      half* const h_left = half_scratch<LIMBS>(1, 5 * inner * BLOCK * most * BLOCK);
      half *const gate_left = h_left + piece, *const up_left = h_left + 2 * piece, *const d_right = h_left + 3 * piece;
      float* const du = scratch(2, lp * TR * (most * BLOCK + 16));
      float* const mean = scratch(3, 6 * BLOCK * BLOCK + most * BLOCK);
      std::fill(mean, mean + blocks * BLOCK, 0.0f);
      for (int64_t l = 0; l < L; l++)
        for (int64_t c = 0; c < columns; c += W) {
          const int64_t n = columns - c, i = at + l * D + c;
          store(mean + c, load(mean + c) + load_up_to(dy + i, n) * load_up_to(y + i, n));
        }
      for (int64_t c = 0; c < columns; c += W) store(mean + c, load(mean + c) / static_cast<float>(L));
      for (int64_t l = 0; l < L; l++)
        for (int64_t c = 0; c < columns; c += W) {
          const int64_t n = columns - c, i = at + l * D + c;
          const vec d = load_up_to(dy + i, n) - load_up_to(y + i, n) * load(mean + c);
          store(du + l * wide + c, d * load_up_to(r + b * D + first + c, n));
        }
      const float* x = summed(addends.at(at), dx + at, L, columns, D);
      pack_across<LIMBS, Side::right>(in, lk, x, D, L, columns, blocks * BLOCK);
      pack_across<LIMBS, Side::right>(du_in, lk, du, wide, L, columns, blocks * BLOCK);
      pack_along<LIMBS, Side::right>(x_t, blocks, x, D, L, columns, lk * BLOCK);
      pack_along<LIMBS, Side::right>(du_t, blocks, du, wide, L, columns, lk * BLOCK);
      for (int64_t from = 0; from < ik; from += inner) {
        const int64_t here = std::min(inner, ik - from);
        constexpr int64_t AREA = BLOCK * BLOCK;
        float *now = scratch(3, 6 * AREA), *done = now + 3 * AREA;
        struct {
          int64_t row_block, column_block;
        } place{};
        // Two rows of 32 columns, from the first 16 rows (which share a block with gate and up) or the others. The
        // first iteration processes zeros; the next one overwrites its output.
        const auto finish = [&](int64_t step) __attribute__((always_inline)) {
          const int64_t t = step / 8, pair = step % 8;
          const float *c = done + t * AREA + 2 * pair * BLOCK, *d = done + 2 * AREA + (t * TR + 2 * pair) * BLOCK;
          vec gate[4], up[4], dh[4], product[4];
          each<4>([&](int i) { gate[i] = load(c + i / 2 * BLOCK + i % 2 * TR); });
          each<4>([&](int i) { up[i] = load(c + (i / 2 + TR) * BLOCK + i % 2 * TR); });
          each<4>([&](int i) { dh[i] = load(d + i / 2 * BLOCK + i % 2 * TR); });
          swiglu_gradients<LIMBS, 4>(gate, up, dh, product);
          const int64_t left = ((2 * place.row_block + t) * blocks + place.column_block) * STEP + 2 * pair * TK;
          half* right = d_right + (4 * place.column_block * here + place.row_block) * STEP + (t * 8 + pair) * TK;
          store_both_ways<LIMBS>(gate_left + left, right, 2 * here * STEP, gate);
          store_both_ways<LIMBS>(up_left + left, right + here * STEP, 2 * here * STEP, up);
          each<2>([&](int i) { store_row<LIMBS>(h_left + left + i * TK, product[2 * i], product[2 * i + 1]); });
        };
        std::fill(done, done + 3 * AREA, 0.0f);
        const int64_t next = lk * STEP;
        for (int64_t i = 0; i < here; i++)
          for (int64_t n = 0; n < blocks; n++) {
            const half* gate = weights.gate_up + 2 * (from + i) * next;
            const half* up = gate + 2 * ik * next;
            const half* down = weights.down_back + 2 * (from + i) * next;
            const half *right = in + 2 * n * next, *du_right = du_in + 2 * n * next;
            Ahead none;
            block_beside<LIMBS, Stream::right>(gate, up, right, right + next, lk, now, 0, fixed<3>, fixed<16>, finish,
                                               none);
            block_beside<LIMBS, Stream::none>(gate + next, up + next, right, right + next, lk, now + AREA, 1, fixed<3>,
                                              fixed<16>, finish, none);
            block_beside<LIMBS, Stream::right>(down, down + next, du_right, du_right + next, lk, now + 2 * AREA, 2,
                                               fixed<3>, fixed<16>, finish, none);
            place = {i, n};
            std::swap(now, done);
          }
        for (int64_t step = 0; step < 16; step++) finish(step);
        // dx is du plus the contribution of these tokens.
        for (int64_t side = 0; side < 2; side++)
          half_product<LIMBS>(lp, blocks, here, weights.gate_up_back + (side * ik + from) * STEP, 2 * ik * STEP,
                              d_right + side * here * STEP, 2 * here * STEP, du, wide, BLOCK, true);
        const int64_t row = from * BLOCK * BLOCK, up_stride = 2 * ik * BLOCK * BLOCK, down_stride = ik * BLOCK * BLOCK;
        add_row_sums<LIMBS>(2 * here, blocks, {gate_left, x_t, lk, sum_up + row, up_stride});
        add_row_sums<LIMBS>(2 * here, blocks, {up_left, x_t, lk, sum_up + ik * BLOCK * BLOCK + row, up_stride});
        add_row_sums<LIMBS>(2 * here, blocks, {h_left, du_t, lk, sum_down + row, down_stride});
      }
      for (int64_t l = 0; l < L; l++)
        for (int64_t c = 0; c < columns; c += W) store_up_to(dx + at + l * D + c, load(du + l * wide + c), columns - c);
    }
  });
  pool.run(lk, [&](int64_t n) {
    for (int64_t part = 1; part < parts; part++) {
      const float* own = sums + (part - 1) * (up_size + down_size);
      const int64_t up = 2 * ik * BLOCK * BLOCK, down = ik * BLOCK * BLOCK;
      for (int64_t i = n * up; i < (n + 1) * up; i += W) store(d_gate_up + i, load(d_gate_up + i) + load(own + i));
      for (int64_t i = n * down; i < (n + 1) * down; i += W)
        store(d_down + i, load(d_down + i) + load(own + up_size + i));
    }
  });
}

}  // namespace recurlab
#endif
