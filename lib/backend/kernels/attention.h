// Self-attention with its residual and norm: y = rms(x + W_o · softmax(q kᵀ / √d) v), bidirectional, with or without
// rotary position embeddings. The score matrix is never stored as a whole: see "FlashAttention", arXiv 2205.14135.
#pragma once
#include <cmath>

#include "addends.h"
#include "channels.h"

namespace recurlab {

/** B rows of L tokens with D channels; H heads of d channels each. */
struct AttentionSizes {
  int64_t B, L, D, H, d;
  int64_t rows() const { return B * L; }
  int64_t width() const { return H * d; }
};

/** Cosines and sines [L, d] of the rotary embedding, each angle in both halves of a row; null without one. */
struct Rotary {
  const float *cos, *sin;
};

/** Queries whose scores are in the cache at one time. */
constexpr int64_t QUERIES = 4 * MR;

namespace detail {

/** Rotates elements [j, half) of a head, N at a time; returns the first index of the remainder. */
template <int N>
RECURLAB_INLINE int64_t rotate(float* first, float* second, const float* cos, const float* sin, float sign, int64_t j,
                               int64_t half) {
  typedef float part __attribute__((vector_size(N * 4)));
  const auto read = [](const float* from) {
    part numbers;
    std::memcpy(&numbers, from, sizeof numbers);
    return numbers;
  };
  for (; j + N <= half; j += N) {
    const part a = read(first + j), b = read(second + j), c = read(cos + j), s = sign * read(sin + j);
    const part turned[] = {a * c - b * s, b * c + a * s};
    std::memcpy(first + j, &turned[0], sizeof(part));
    std::memcpy(second + j, &turned[1], sizeof(part));
  }
  return j;
}

}  // namespace detail

/** Rotates the H heads of one token in place; `sign` -1 reverts it. */
inline void rotate_heads(float* heads, const Rotary& rotary, int64_t position, int64_t H, int64_t d, float sign) {
  const int64_t half = d / 2;
  const float* cos = rotary.cos + position * d;
  const float* sin = rotary.sin + position * d;
  for (int64_t h = 0; h < H; h++) {
    float *first = heads + h * d, *second = first + half;
    int64_t j = 0;
    if (W >= 16) j = detail::rotate<16>(first, second, cos, sin, sign, j, half);
    if (W >= 8) j = detail::rotate<8>(first, second, cos, sin, sign, j, half);
    j = detail::rotate<4>(first, second, cos, sin, sign, j, half);
    detail::rotate<1>(first, second, cos, sin, sign, j, half);
  }
}

/** The intermediate results that the backward pass needs. */
struct AttentionTape {
  /** [B·L, 3·H·d]: q and k after rotation, v. */
  float* qkv;
  /** [B·L, H·d]: the output of the heads. */
  float* read;
  /** [B, H, L]: log Σ exp of the scores. */
  float* log_sums;
  /** [B·L]: the factor of the norm. */
  float* r;
};

namespace detail {

/** Scores of some queries with every key, scaled by 1 / √d; columns past the last key are 0. */
inline void scores(float* out, int64_t stride, const float* q, int64_t n, const float* keys, const AttentionSizes& s) {
  product(n, round_up(s.L, W), s.d, q, 3 * s.width(), keys, out, stride, false);
}

inline void read_values(const AttentionSizes& s, const float* qkv, float* read, float* log_sums) {
  const int64_t width = s.width(), stride = padded(s.L), whole = s.L / W * W, last = s.L - whole;
  float* const keys = scratch(2, panels_size(s.d, s.L) + panels_size(s.L, s.d));
  float* const values = keys + panels_size(s.d, s.L);
  pack_panels_transposed(keys, s.d, s.L, qkv + width, 3 * width, 0, s.d);
  pack_panels(values, s.L, s.d, qkv + 2 * width, 3 * width, 0, s.L);
  float* const p = scratch(0, QUERIES * stride);
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.d));
  for (int64_t first = 0; first < s.L; first += QUERIES) {
    const int64_t n = std::min(QUERIES, s.L - first);
    scores(p, stride, qkv + first * 3 * width, n, keys, s);
    float inverse[QUERIES];
    for (int64_t i = 0; i < n; i++) {
      float* row = p + i * stride;
      // Columns past the last key must affect neither the maximum nor the sum.
      vec top = last ? first_of(load(row + whole), last, -3e38f) : load(row);
      for (int64_t l = 0; l < whole; l += W) top = max(top, load(row + l));
      const float most = largest(top) * scale;
      vec total{};
      for (int64_t l = 0; l < whole; l += W) {
        const vec e = exp(load(row + l) * scale - most);
        store(row + l, e);
        total += e;
      }
      if (last) {
        const vec e = first_of(exp(load(row + whole) * scale - most), last, 0);
        store(row + whole, e);
        total += e;
      }
      const float all = sum(total);
      inverse[i] = 1.0f / all;
      if (log_sums) log_sums[first + i] = most + std::log(all);
    }
    product(n, s.d, s.L, p, stride, values, read + first * width, width, false);
    for (int64_t i = 0; i < n; i++) {
      float* row = read + (first + i) * width;
      for (int64_t j = 0; j < s.d; j += W) store_up_to(row + j, load_up_to(row + j, s.d - j) * inverse[i], s.d - j);
    }
  }
}

/** Gradients of q, k and v for one head of one row of the batch, still rotated. */
inline void read_values_gradient(const AttentionSizes& s, const float* qkv, const float* read, const float* log_sums,
                                 const float* d_read, float* d_qkv) {
  const int64_t width = s.width(), stride = padded(s.L), whole = round_up(s.L, W), d = s.d;
  const int64_t tall = panels_size(d, s.L), flat = panels_size(s.L, d);
  float* const keys = scratch(2, 2 * tall + flat);
  float* const values = keys + tall;
  float* const keys_by_row = values + tall;
  pack_panels_transposed(keys, d, s.L, qkv + width, 3 * width, 0, d);
  pack_panels_transposed(values, d, s.L, qkv + 2 * width, 3 * width, 0, d);
  pack_panels(keys_by_row, s.L, d, qkv + width, 3 * width, 0, s.L);
  float* const p = scratch(0, QUERIES * stride);
  float* const dp = scratch(1, QUERIES * stride);
  float* const d_keys = scratch(5, 2 * s.L * d);
  float* const d_values = d_keys + s.L * d;
  std::fill(d_keys, d_keys + 2 * s.L * d, 0.0f);
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (int64_t first = 0; first < s.L; first += QUERIES) {
    const int64_t n = std::min(QUERIES, s.L - first);
    const float* q = qkv + first * 3 * width;
    const float* dr = d_read + first * width;
    scores(p, stride, q, n, keys, s);
    product(n, whole, d, dr, width, values, dp, stride, false);
    for (int64_t i = 0; i < n; i++) {
      float *row = p + i * stride, *d_row = dp + i * stride;
      vec products{};
      for (int64_t j = 0; j < d; j += W)
        products += load_up_to(dr + i * width + j, d - j) * load_up_to(read + (first + i) * width + j, d - j);
      const float along = sum(products);
      for (int64_t l = 0; l < whole; l += W) {
        vec e = exp(load(row + l) * scale - log_sums[first + i]);
        if (l + W > s.L) e = first_of(e, s.L - l, 0);
        store(row + l, e);
        store(d_row + l, e * (load(d_row + l) - along) * scale);
      }
    }
    product(n, d, s.L, dp, stride, keys_by_row, d_qkv + first * 3 * width, 3 * width, false);
    add_columns_product(0, s.L, d, n, p, stride, dr, width, d_values, d);
    add_columns_product(0, s.L, d, n, dp, stride, q, 3 * width, d_keys, d);
  }
  for (int64_t l = 0; l < s.L; l++) {
    std::memcpy(d_qkv + l * 3 * width + width, d_keys + l * d, d * sizeof(float));
    std::memcpy(d_qkv + l * 3 * width + 2 * width, d_values + l * d, d * sizeof(float));
  }
}

/**
 * Returns whether each row of the batch is computed by one task from x to y, so that its queries, keys and values stay
 * in the cache. The batch must have enough rows for all threads, and the rows must be short.
 */
inline bool row_by_row(const Pool& pool, const AttentionSizes& s) {
  return s.B >= 4 * pool.threads() && s.L <= 2 * MC;
}

}  // namespace detail

/**
 * The forward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param qkv_panels panels of W_qkvᵀ [D, 3·H·d]
 * @param out_panels panels of W_oᵀ [H·d, D]
 * @param y [B, L, D], output
 * @param tape output; null when no gradient is needed
 */
inline void attention_forward(Pool& pool, const AttentionSizes& s, const Addends& addends, const float* qkv_panels,
                              const float* out_panels, const Rotary& rotary, float* y, const AttentionTape* tape) {
  const int64_t rows = s.rows(), width = s.width();
  // Each stage covers some tokens, or one head of one row of the batch; `qkv` and `read` start at the first of them.
  const auto project = [&](float* qkv, int64_t first, int64_t n) {
    const float* x = summed(addends.at(first * s.D), y + first * s.D, n, s.D, s.D);
    product(n, 3 * width, s.D, x, s.D, qkv_panels, qkv, 3 * width, false);
    if (rotary.cos)
      for (int64_t i = 0; i < n; i++) rotate_heads(qkv + i * 3 * width, rotary, (first + i) % s.L, 2 * s.H, s.d, 1.0f);
  };
  const auto attend = [&](const float* qkv, float* read, int64_t b, int64_t h) {
    detail::read_values(s, qkv + h * s.d, read + h * s.d, tape ? tape->log_sums + (b * s.H + h) * s.L : nullptr);
  };
  const auto finish = [&](const float* read, int64_t first, int64_t n) {
    const float* x = addends.b ? y : addends.a;
    float* const out = scratch(0, n * s.D);
    product(n, s.D, width, read, width, out_panels, out, s.D, false);
    for (int64_t i = 0; i < n; i++) {
      const int64_t row = first + i;
      const float scale = add_rms_row(x + row * s.D, out + i * s.D, y + row * s.D, s.D);
      if (tape) tape->r[row] = scale;
    }
  };
  if (detail::row_by_row(pool, s)) {
    pool.run(s.B, [&](int64_t b) {
      const int64_t first = b * s.L;
      float* const qkv = tape ? tape->qkv + first * 3 * width : scratch(3, s.L * 3 * width);
      float* const read = tape ? tape->read + first * width : scratch(4, s.L * width);
      project(qkv, first, s.L);
      for (int64_t h = 0; h < s.H; h++) attend(qkv, read, b, h);
      finish(read, first, s.L);
    });
    return;
  }
  const int64_t piece = channel_rows(rows, pool.threads()), pieces = (rows + piece - 1) / piece;
  float* const qkv = tape ? tape->qkv : scratch(3, rows * 3 * width);
  float* const read = tape ? tape->read : scratch(4, rows * width);
  pool.run(pieces, [&](int64_t task) {
    project(qkv + task * piece * 3 * width, task * piece, std::min(piece, rows - task * piece));
  });
  pool.run(s.B * s.H, [&](int64_t task) {
    const int64_t b = task / s.H;
    attend(qkv + b * s.L * 3 * width, read + b * s.L * width, b, task % s.H);
  });
  pool.run(pieces, [&](int64_t task) {
    finish(read + task * piece * width, task * piece, std::min(piece, rows - task * piece));
  });
}

/**
 * The backward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param dy [B, L, D]
 * @param qkv_panels panels of W_qkv [3·H·d, D]
 * @param out_panels panels of W_o [D, H·d]
 * @param dx [B, L, D], output
 * @param d_qkv_weight [3·H·d, D], accumulated
 * @param d_out_weight [D, H·d], accumulated
 */
inline void attention_backward(Pool& pool, const AttentionSizes& s, const Addends& addends, const float* y,
                               const AttentionTape& tape, const float* dy, const float* qkv_panels,
                               const float* out_panels, const Rotary& rotary, float* dx, float* d_qkv_weight,
                               float* d_out_weight) {
  const int64_t rows = s.rows(), width = s.width(), D = s.D, piece = channel_rows(rows, pool.threads());
  const int64_t pieces = (rows + piece - 1) / piece;
  float* const d_qkv = scratch(4, rows * 3 * width);
  // The gradient of the norm's input is stored in the memory of dx.
  float* const du = dx;
  float* const sum = addends.b ? scratch(6, rows * D) : nullptr;
  const float* const x = sum ? sum : addends.a;
  const auto begin = [&](float* d_read, int64_t first, int64_t n) {
    if (sum) summed(addends.at(first * D), sum + first * D, n, D, D);
    for (int64_t i = first; i < first + n; i++) rms_row_gradient(y + i * D, tape.r[i], dy + i * D, du + i * D, D);
    product(n, width, D, du + first * D, D, out_panels, d_read, width, false);
  };
  const auto attend = [&](const float* d_read, int64_t b, int64_t h) {
    const int64_t at = b * s.L;
    float* const d_head = d_qkv + at * 3 * width + h * s.d;
    detail::read_values_gradient(s, tape.qkv + at * 3 * width + h * s.d, tape.read + at * width + h * s.d,
                                 tape.log_sums + (b * s.H + h) * s.L, d_read + h * s.d, d_head);
    if (!rotary.cos) return;
    for (int64_t l = 0; l < s.L; l++) {
      rotate_heads(d_head + l * 3 * width, rotary, l, 1, s.d, -1.0f);
      rotate_heads(d_head + l * 3 * width + width, rotary, l, 1, s.d, -1.0f);
    }
  };
  if (detail::row_by_row(pool, s)) {
    pool.run(s.B, [&](int64_t b) {
      float* const d_read = scratch(3, s.L * width);
      begin(d_read, b * s.L, s.L);
      for (int64_t h = 0; h < s.H; h++) attend(d_read, b, h);
    });
  } else {
    float* const d_read = scratch(3, rows * width);
    pool.run(pieces, [&](int64_t task) {
      begin(d_read + task * piece * width, task * piece, std::min(piece, rows - task * piece));
    });
    pool.run(s.B * s.H, [&](int64_t task) { attend(d_read + task / s.H * s.L * width, task / s.H, task % s.H); });
  }
  const int64_t qkv_rows = column_rows(3 * width, pool.threads()), out_rows = column_rows(D, pool.threads());
  const int64_t qkv_tasks = (3 * width + qkv_rows - 1) / qkv_rows, out_tasks = (D + out_rows - 1) / out_rows;
  pool.run(qkv_tasks + out_tasks, [&](int64_t task) {
    if (task < qkv_tasks) {
      const int64_t first = task * qkv_rows, last = std::min(3 * width, first + qkv_rows);
      add_columns_product(first, last, D, rows, d_qkv, 3 * width, x, D, d_qkv_weight, D);
    } else {
      const int64_t first = (task - qkv_tasks) * out_rows, last = std::min(D, first + out_rows);
      add_columns_product(first, last, width, rows, du, D, tape.read, width, d_out_weight, width);
    }
  });
  pool.run(pieces, [&](int64_t task) {
    const int64_t first = task * piece, n = std::min(piece, rows - first);
    product(n, D, 3 * width, d_qkv + first * 3 * width, 3 * width, qkv_panels, dx + first * D, D, true);
  });
}

}  // namespace recurlab
