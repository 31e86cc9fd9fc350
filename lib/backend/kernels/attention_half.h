// attention.h on bfloat16 pieces; see channels_half.h. Queries, keys, values and the output of the heads are stored in
// the type they are multiplied in: bfloat16 or float32. With three limbs, the heads are computed as in attention.h:
// they are too narrow, and mostly too short, for matrix tiles to be faster.
#pragma once
#include <cmath>

#include "attention.h"
#include "channels_half.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** The weights as pieces. */
struct AttentionHalves {
  /** W_qkvᵀ as right operand [D, 3·H·d], pieces [3·H·d / 16][D / 32]; and [3·H·d, D], pieces [D / 16][3·H·d / 32]. */
  const half *qkv, *qkv_back;
  /** W_oᵀ as right operand [H·d, D], pieces [D / 16][H·d / 32]; and [D, H·d], pieces [H·d / 16][D / 32]. */
  const half *out, *out_back;
};

/** An element of a row-major matrix that is stored between two products. */
template <int LIMBS>
using Kept = std::conditional_t<LIMBS == ROUNDED, half, float>;

template <int LIMBS>
Kept<LIMBS>* kept_scratch(int slot, int64_t numbers) {
  if constexpr (LIMBS == ROUNDED)
    return half_scratch<ROUNDED>(slot, numbers);
  else
    return scratch(slot, numbers);
}

/** The intermediate results that the backward pass needs; see AttentionTape. */
template <int LIMBS>
struct AttentionHalfTape {
  Kept<LIMBS> *qkv, *read;
  float *log_sums, *r;
};

/** Queries whose key and value gradients are summed at once, in blocks. */
constexpr int64_t QUERY_BLOCKS = 8;
/** Rows per task of the projections, in blocks. */
constexpr int64_t PROJECTED = 4;

namespace detail {

inline void read_values_half(const AttentionSizes& s, const half* qkv, half* read, float* log_sums) {
  const int64_t width = s.width(), stride = 3 * width, lk = blocks_of(s.L), dk = blocks_of(s.d), wide = lk * BLOCK + 16;
  half* const keys = half_scratch<ROUNDED>(0, 2 * lk * BLOCK * dk * BLOCK + BLOCK * (dk + lk) * BLOCK);
  half* const values = keys + 2 * lk * dk * PIECE;
  half* const q = values + 2 * lk * dk * PIECE;
  half* const p = q + 2 * dk * PIECE;
  float* const score = scratch(1, BLOCK * wide + BLOCK * (dk * BLOCK + 16));
  float* const out = score + BLOCK * wide;
  pack_along<ROUNDED, Side::right>(keys, dk, qkv + width, stride, s.L, s.d, lk * BLOCK);
  pack_across<ROUNDED, Side::right>(values, lk, qkv + 2 * width, stride, s.L, s.d, dk * BLOCK);
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.d));
  const int64_t whole = s.L / W * W;
  const __mmask16 last = (__mmask16)((1u << s.L % W) - 1);
  for (int64_t first = 0; first < s.L; first += BLOCK) {
    const int64_t n = std::min(BLOCK, s.L - first), tall = (n + TR - 1) / TR;
    pack_along<ROUNDED, Side::left>(q, dk, qkv + first * stride, stride, n, s.d, tall * TR);
    half_product<ROUNDED>(tall, lk, dk, q, dk * PIECE, keys, dk * PIECE, score, wide, BLOCK, false);
    float inverse[BLOCK];
    for (int64_t i = 0; i < tall * TR; i++) {
      float* row = score + i * wide;
      half* to = p + (i / TR * lk) * PIECE + i % TR * TK;
      // Columns past the last key must affect neither the maximum nor the sum.
      vec top = splat(-3e38f);
      for (int64_t l = 0; l < whole; l += W) top = max(top, load(row + l));
      if (last) top = (vec)_mm512_mask_max_ps((__m512)top, last, (__m512)top, (__m512)load(row + whole));
      const float most = largest(top) * scale;
      vec total{};
      const auto power = [&](int64_t column) {
        if (column > whole || (column == whole && !last)) return vec{};
        const vec e = rough_exp(load(row + column) * scale - most);
        return column < whole ? e : (vec)_mm512_maskz_mov_ps(last, (__m512)e);
      };
      for (int64_t l = 0; l < lk; l++) {
        const vec a = power(l * BLOCK), b = power(l * BLOCK + W);
        total += a + b;
        store_row<ROUNDED>(to + l * PIECE, a, b);
      }
      const float all = sum(total);
      inverse[i] = 1.0f / all;
      if (log_sums && i < n) log_sums[first + i] = most + std::log(all);
    }
    half_product<ROUNDED>(tall, dk, lk, p, lk * PIECE, values, lk * PIECE, out, dk * BLOCK + 16, BLOCK, false);
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < s.d; j += W)
        store_kept(read + (first + i) * width + j, load(out + i * (dk * BLOCK + 16) + j) * inverse[i], s.d - j);
  }
}

/**
 * Gradients of q, k and v for one head of one row of the batch, still rotated.
 *
 * @param d_head [L, 3·d], output
 */
inline void read_values_half_gradient(const AttentionSizes& s, const half* qkv, const half* read, const float* log_sums,
                                      const half* d_read, float* d_head) {
  const int64_t width = s.width(), stride = 3 * width, lk = blocks_of(s.L), dk = blocks_of(s.d), d = s.d;
  const int64_t wide = lk * BLOCK + 16, narrow = dk * BLOCK + 16, area = lk * BLOCK * dk * BLOCK;
  const int64_t most = std::min(QUERY_BLOCKS, lk);
  half* const keys = half_scratch<ROUNDED>(0, 3 * area + 4 * most * BLOCK * dk * BLOCK + 2 * most * BLOCK * lk * BLOCK +
                                         BLOCK * lk * BLOCK);
  half* const values = keys + area;
  half* const keys_by_row = values + area;
  half* const q = keys_by_row + area;
  half* const dr = q + 2 * most * dk * PIECE;
  half* const q_t = dr + 2 * most * dk * PIECE;
  half* const dr_t = q_t + 2 * most * dk * PIECE;
  half* const p_right = dr_t + 2 * most * dk * PIECE;
  half* const ds_right = p_right + 2 * most * lk * PIECE;
  half* const ds_left = ds_right + 2 * most * lk * PIECE;
  float* const score = scratch(1, 2 * BLOCK * wide + BLOCK * narrow);
  float* const dp = score + BLOCK * wide;
  float* const out = dp + BLOCK * wide;
  float* const d_keys = scratch(2, 2 * area);
  float* const d_values = d_keys + area;
  std::fill(d_keys, d_keys + 2 * area, 0.0f);
  pack_along<ROUNDED, Side::right>(keys, dk, qkv + width, stride, s.L, d, lk * BLOCK);
  pack_along<ROUNDED, Side::right>(values, dk, qkv + 2 * width, stride, s.L, d, lk * BLOCK);
  pack_across<ROUNDED, Side::right>(keys_by_row, lk, qkv + width, stride, s.L, d, dk * BLOCK);
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (int64_t start = 0; start < s.L; start += most * BLOCK) {
    const int64_t length = std::min(most * BLOCK, s.L - start), depth = blocks_of(length);
    pack_along<ROUNDED, Side::left>(q, dk, qkv + start * stride, stride, length, d, depth * BLOCK);
    pack_along<ROUNDED, Side::left>(dr, dk, d_read + start * width, width, length, d, depth * BLOCK);
    pack_across<ROUNDED, Side::left>(q_t, depth, qkv + start * stride, stride, length, d, dk * BLOCK);
    pack_across<ROUNDED, Side::left>(dr_t, depth, d_read + start * width, width, length, d, dk * BLOCK);
    for (int64_t block = 0; block < depth; block++) {
      const int64_t first = start + block * BLOCK, n = std::min(BLOCK, s.L - first);
      half_product<ROUNDED>(2, lk, dk, q + 2 * block * dk * PIECE, dk * PIECE, keys, dk * PIECE, score, wide, BLOCK, false);
      half_product<ROUNDED>(2, lk, dk, dr + 2 * block * dk * PIECE, dk * PIECE, values, dk * PIECE, dp, wide, BLOCK, false);
      float along[BLOCK], log_sum[BLOCK];
      for (int64_t i = 0; i < BLOCK; i++) {
        vec products{};
        if (i < n)
          for (int64_t j = 0; j < d; j += W)
            products += load_kept(d_read + (first + i) * width + j, d - j) *
                        load_kept(read + (first + i) * width + j, d - j);
        along[i] = sum(products);
        // Padded queries have zero gradient, so their probabilities do not matter.
        log_sum[i] = i < n ? log_sums[first + i] : 0.0f;
      }
      for (int64_t pair = 0; pair < 16; pair++)
        for (int64_t l = 0; l < lk; l++) {
          vec p[2][2], ds[2][2];
          for (int i = 0; i < 2; i++)
            for (int v = 0; v < 2; v++) {
              const int64_t row = 2 * pair + i, column = l * BLOCK + v * W;
              vec e = rough_exp(load(score + row * wide + column) * scale - log_sum[row]);
              // Padded keys have zero values; their gradients must be zero too.
              if (column + W > s.L) {
                const int64_t there = s.L - column;
                e = (vec)_mm512_maskz_mov_ps(there <= 0 ? 0 : (__mmask16)((1u << there) - 1), (__m512)e);
              }
              p[i][v] = e;
              ds[i][v] = e * (load(dp + row * wide + column) - along[row]) * scale;
            }
          for (int i = 0; i < 2; i++)
            store_row<ROUNDED>(ds_left + (pair / 8 * lk + l) * PIECE + (2 * pair + i) % TR * TK, ds[i][0], ds[i][1]);
          for (int v = 0; v < 2; v++) {
            const int64_t to = ((2 * l + v) * depth + block) * PIECE + pair * TK;
            store_pairs<ROUNDED>(p_right + to, p[0][v], p[1][v]);
            store_pairs<ROUNDED>(ds_right + to, ds[0][v], ds[1][v]);
          }
        }
      half_product<ROUNDED>(2, dk, lk, ds_left, lk * PIECE, keys_by_row, lk * PIECE, out, narrow, BLOCK, false);
      for (int64_t i = 0; i < n; i++)
        std::memcpy(d_head + (first + i) * 3 * d, out + i * narrow, d * sizeof(float));
    }
    add_row_sums<ROUNDED>(2 * dk, depth, {q_t, ds_right, lk, d_keys, dk * BLOCK * BLOCK});
    add_row_sums<ROUNDED>(2 * dk, depth, {dr_t, p_right, lk, d_values, dk * BLOCK * BLOCK});
  }
  for (int64_t l = 0; l < s.L; l += W)
    for (int64_t j = 0; j < d; j += W)
      for (int64_t part = 0; part < 2; part++) {
        const float* from = (part ? d_values : d_keys) + l / BLOCK * dk * BLOCK * BLOCK + j * BLOCK + l % BLOCK;
        vec square[W];
        for (int i = 0; i < W; i++) square[i] = load(from + i * BLOCK);
        transpose(square);
        for (int64_t i = 0; i < std::min<int64_t>(W, s.L - l); i++)
          store_up_to(d_head + (l + i) * 3 * d + (1 + part) * d + j, square[i], d - j);
      }
}

}  // namespace detail

/**
 * The forward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param y [B, L, D], output
 * @param tape output; null when no gradient is needed
 */
template <int LIMBS>
inline void attention_half_forward(Pool& pool, const AttentionSizes& s, const Addends& addends,
                                   const AttentionHalves& weights, const Rotary& rotary, float* y,
                                   const AttentionHalfTape<LIMBS>* tape) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const int64_t rows = s.rows(), width = s.width(), D = s.D, dk = blocks_of(D), wk = blocks_of(width);
  const int64_t qkv_blocks = blocks_of(3 * width), qkv_wide = qkv_blocks * BLOCK + 16, wide = dk * BLOCK + 16;
  // Each stage covers some tokens, or one head of one row of the batch; `qkv` and `read` start at the first of them.
  const auto project = [&](Kept<LIMBS>* qkv, int64_t first, int64_t n) {
    half* const in = half_scratch<LIMBS>(0, PROJECTED * BLOCK * dk * BLOCK);
    float* const out = scratch(1, PROJECTED * BLOCK * qkv_wide);
    for (int64_t from = 0; from < n; from += PROJECTED * BLOCK) {
      const int64_t here = std::min(PROJECTED * BLOCK, n - from), pieces = (here + TR - 1) / TR;
      const int64_t at = (first + from) * D;
      pack_along<LIMBS, Side::left>(in, dk, summed(addends.at(at), y + at, here, D, D), D, here, D, pieces * TR);
      half_product<LIMBS>(pieces, qkv_blocks, dk, in, dk * STEP, weights.qkv, dk * STEP, out, qkv_wide, BLOCK, false);
      for (int64_t i = 0; i < here; i++) {
        float* row = out + i * qkv_wide;
        if (rotary.cos) rotate_heads(row, rotary, (first + from + i) % s.L, 2 * s.H, s.d, 1.0f);
        for (int64_t j = 0; j < 3 * width; j += W)
          store_kept(qkv + (from + i) * 3 * width + j, load(row + j), 3 * width - j);
      }
    }
  };
  const auto attend = [&](const Kept<LIMBS>* qkv, Kept<LIMBS>* read, int64_t b, int64_t h) {
    float* const log_sums = tape ? tape->log_sums + (b * s.H + h) * s.L : nullptr;
    if constexpr (LIMBS == ROUNDED)
      detail::read_values_half(s, qkv + h * s.d, read + h * s.d, log_sums);
    else
      detail::read_values(s, qkv + h * s.d, read + h * s.d, log_sums);
  };
  const auto finish = [&](const Kept<LIMBS>* read, int64_t first, int64_t n) {
    half* const in = half_scratch<LIMBS>(0, PROJECTED * BLOCK * wk * BLOCK);
    float* const out = scratch(1, PROJECTED * BLOCK * wide);
    for (int64_t from = 0; from < n; from += PROJECTED * BLOCK) {
      const int64_t here = std::min(PROJECTED * BLOCK, n - from), pieces = (here + TR - 1) / TR;
      pack_along<LIMBS, Side::left>(in, wk, read + from * width, width, here, width, pieces * TR);
      half_product<LIMBS>(pieces, dk, wk, in, wk * STEP, weights.out, wk * STEP, out, wide, BLOCK, false);
      for (int64_t i = 0; i < here; i++) {
        const int64_t row = first + from + i;
        const float scale = add_rms_row((addends.b ? y : addends.a) + row * D, out + i * wide, y + row * D, D);
        if (tape) tape->r[row] = scale;
      }
    }
  };
  if (detail::row_by_row(pool, s)) {
    pool.run(s.B, [&](int64_t b) {
      const Tiles tiles;
      const int64_t first = b * s.L;
      Kept<LIMBS>* const qkv = tape ? tape->qkv + first * 3 * width : kept_scratch<LIMBS>(3, s.L * 3 * width);
      Kept<LIMBS>* const read = tape ? tape->read + first * width : kept_scratch<LIMBS>(4, s.L * width);
      project(qkv, first, s.L);
      for (int64_t h = 0; h < s.H; h++) attend(qkv, read, b, h);
      finish(read, first, s.L);
    });
    return;
  }
  const int64_t piece = Shares(blocks_of(rows), pool.threads(), PROJECTED).most() * BLOCK;
  const int64_t pieces = (rows + piece - 1) / piece;
  Kept<LIMBS>* const qkv = tape ? tape->qkv : kept_scratch<LIMBS>(5, rows * 3 * width);
  Kept<LIMBS>* const read = tape ? tape->read : kept_scratch<LIMBS>(6, rows * width);
  pool.run(pieces, [&](int64_t task) {
    const Tiles tiles;
    project(qkv + task * piece * 3 * width, task * piece, std::min(piece, rows - task * piece));
  });
  pool.run(s.B * s.H, [&](int64_t task) {
    const Tiles tiles;
    const int64_t b = task / s.H;
    attend(qkv + b * s.L * 3 * width, read + b * s.L * width, b, task % s.H);
  });
  pool.run(pieces, [&](int64_t task) {
    const Tiles tiles;
    finish(read + task * piece * width, task * piece, std::min(piece, rows - task * piece));
  });
}

/**
 * The backward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param dy [B, L, D]
 * @param dx [B, L, D], output
 * @param d_qkv_weight sums of the transposed gradient [D, 3·H·d], accumulated
 * @param d_out_weight sums of [D, H·d], accumulated
 */
template <int LIMBS>
inline void attention_half_backward(Pool& pool, const AttentionSizes& s, const Addends& addends, const float* y,
                                    const AttentionHalfTape<LIMBS>& tape, const float* dy, const AttentionHalves& weights,
                                    const Rotary& rotary, float* dx, float* d_qkv_weight, float* d_out_weight) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const int64_t rows = s.rows(), width = s.width(), D = s.D, dk = blocks_of(D), wk = blocks_of(width);
  const int64_t qk = blocks_of(3 * width), wide = dk * BLOCK + 16;
  Kept<LIMBS>* const d_qkv = kept_scratch<LIMBS>(4, rows * 3 * width);
  // The gradient of the norm's input is stored in the memory of dx.
  float* const du = dx;
  const auto begin = [&](Kept<LIMBS>* d_read, int64_t first, int64_t n) {
    half* const in = half_scratch<LIMBS>(0, PROJECTED * BLOCK * dk * BLOCK);
    float* const out = scratch(1, PROJECTED * BLOCK * (wk * BLOCK + 16));
    for (int64_t from = 0; from < n; from += PROJECTED * BLOCK) {
      const int64_t here = std::min(PROJECTED * BLOCK, n - from), pieces = (here + TR - 1) / TR;
      for (int64_t i = first + from; i < first + from + here; i++)
        rms_row_gradient(y + i * D, tape.r[i], dy + i * D, du + i * D, D);
      pack_along<LIMBS, Side::left>(in, dk, du + (first + from) * D, D, here, D, pieces * TR);
      half_product<LIMBS>(pieces, wk, dk, in, dk * STEP, weights.out_back, dk * STEP, out, wk * BLOCK + 16, BLOCK, false);
      for (int64_t i = 0; i < here; i++)
        for (int64_t j = 0; j < width; j += W)
          store_kept(d_read + (from + i) * width + j, load(out + i * (wk * BLOCK + 16) + j), width - j);
    }
  };
  const auto attend = [&](const Kept<LIMBS>* d_read, int64_t b, int64_t h) {
    const int64_t at = b * s.L, head = h * s.d;
    const Kept<LIMBS>*const qkv = tape.qkv + at * 3 * width + head, *const read = tape.read + at * width + head;
    const float* const log_sums = tape.log_sums + (b * s.H + h) * s.L;
    Kept<LIMBS>* const out = d_qkv + at * 3 * width + head;
    if constexpr (LIMBS == EXACT) {
      detail::read_values_gradient(s, qkv, read, log_sums, d_read + head, out);
      for (int64_t l = 0; rotary.cos && l < s.L; l++) {
        rotate_heads(out + l * 3 * width, rotary, l, 1, s.d, -1.0f);
        rotate_heads(out + l * 3 * width + width, rotary, l, 1, s.d, -1.0f);
      }
    } else {
      float* const d_head = scratch(3, s.L * 3 * s.d + W);
      detail::read_values_half_gradient(s, qkv, read, log_sums, d_read + head, d_head);
      for (int64_t l = 0; l < s.L; l++) {
        float* const row = d_head + l * 3 * s.d;
        if (rotary.cos) rotate_heads(row, rotary, l, 1, s.d, -1.0f), rotate_heads(row + s.d, rotary, l, 1, s.d, -1.0f);
        for (int64_t part = 0; part < 3; part++)
          for (int64_t j = 0; j < s.d; j += W)
            store_kept(out + l * 3 * width + part * width + j, load(row + part * s.d + j), s.d - j);
      }
    }
  };
  if (detail::row_by_row(pool, s)) {
    pool.run(s.B, [&](int64_t b) {
      const Tiles tiles;
      Kept<LIMBS>* const d_read = kept_scratch<LIMBS>(8, s.L * width);
      begin(d_read, b * s.L, s.L);
      for (int64_t h = 0; h < s.H; h++) attend(d_read, b, h);
    });
  } else {
    Kept<LIMBS>* const d_read = kept_scratch<LIMBS>(8, rows * width);
    const int64_t piece = Shares(blocks_of(rows), pool.threads(), PROJECTED).most() * BLOCK;
    pool.run((rows + piece - 1) / piece, [&](int64_t task) {
      const Tiles tiles;
      begin(d_read + task * piece * width, task * piece, std::min(piece, rows - task * piece));
    });
    pool.run(s.B * s.H, [&](int64_t task) {
      const Tiles tiles;
      attend(d_read + task / s.H * s.L * width, task / s.H, task % s.H);
    });
  }
  const int64_t window = Shares(blocks_of(rows), 1, WINDOW<LIMBS>).most();
  half* const x_t = half_scratch<LIMBS>(6, 2 * window * BLOCK * dk * BLOCK);
  half* const du_t = x_t + 2 * window * dk * STEP;
  half* const d_rows = half_scratch<LIMBS>(7, window * BLOCK * (qk + wk) * BLOCK);
  half* const read_rows = d_rows + 2 * window * qk * STEP;
  for (int64_t from = 0; from < rows; from += window * BLOCK) {
    const int64_t length = std::min(window * BLOCK, rows - from), depth = blocks_of(length);
    const Shares shares(depth, pool.threads(), PROJECTED);
    const int64_t most = shares.most();
    pool.run(shares.tasks, [&](int64_t task) {
      const Tiles tiles;
      const int64_t begin = shares.begin(task), blocks = shares.begin(task + 1) - begin;
      const int64_t first = from + begin * BLOCK, n = std::min(blocks * BLOCK, length - begin * BLOCK);
      float* const sum = addends.b ? scratch(2, most * BLOCK * D) : nullptr;
      const float* x = summed(addends.at(first * D), sum, n, D, D);
      pack_across<LIMBS, Side::left>(x_t + begin * STEP, depth, x, D, n, D, dk * BLOCK);
      pack_across<LIMBS, Side::left>(du_t + begin * STEP, depth, du + first * D, D, n, D, dk * BLOCK);
      pack_across<LIMBS, Side::right>(d_rows + begin * STEP, depth, d_qkv + first * 3 * width, 3 * width, n, 3 * width, qk * BLOCK);
      pack_across<LIMBS, Side::right>(read_rows + begin * STEP, depth, tape.read + first * width, width, n, width, wk * BLOCK);
      half* const in = half_scratch<LIMBS>(0, most * BLOCK * qk * BLOCK);
      float* const out = scratch(1, most * BLOCK * wide);
      const int64_t pieces = (n + TR - 1) / TR;
      pack_along<LIMBS, Side::left>(in, qk, d_qkv + first * 3 * width, 3 * width, n, 3 * width, pieces * TR);
      half_product<LIMBS>(pieces, dk, qk, in, qk * STEP, weights.qkv_back, qk * STEP, out, wide, BLOCK, false);
      for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < D; j += W) {
          float* to = dx + (first + i) * D + j;
          store_up_to(to, load_up_to(to, D - j) + load(out + i * wide + j), D - j);
        }
    });
    const int64_t stride = sums_stride(D);
    add_row_sums<LIMBS>(pool, 2 * dk, depth, {x_t, d_rows, qk, d_qkv_weight, stride},
                 {du_t, read_rows, wk, d_out_weight, stride});
  }
}

}  // namespace recurlab
#endif
