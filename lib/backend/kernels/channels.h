// SwiGLU over the channels with its residual and norm: y = rms(x + down(silu(gate) ⊙ up)).
#pragma once
#include "norm.h"
#include "swiglu.h"

namespace recurlab {

/** rows = B·L, D channels, I inner channels. */
struct ChannelSizes {
  int64_t rows, D, I;
};

/**
 * Packs the weights as the forward pass reads them: the panels of gate_up hold W columns of the gate and the same W
 * columns of up side by side, so that one tile computes both factors of h.
 */
constexpr int64_t channel_gate_up_size(int64_t D, int64_t I) { return D * round_up(I, W) * 2; }

/** @param weight [2·I, D] */
inline void pack_channel_gate_up(Pool& pool, float* panels, const float* weight, int64_t D, int64_t I) {
  pool.run((I + W - 1) / W, [=](int64_t p) {
    float* to = panels + p * NR * D;
    const int64_t n = p * W, columns = std::min<int64_t>(W, I - n);
    pack_vector_transposed(to, NR, weight + n * D, D, columns, 0, D);
    pack_vector_transposed(to + W, NR, weight + (I + n) * D, D, columns, 0, D);
  });
}

/** Packs a matrix [K, N], or the transpose of a matrix [N, K], in parallel. */
inline void pack_matrix(Pool& pool, float* panels, const float* matrix, int64_t K, int64_t N, bool transposed) {
  const int64_t piece = 64;
  pool.run((K + piece - 1) / piece, [=](int64_t p) {
    const int64_t first = p * piece, last = std::min(K, first + piece);
    if (transposed)
      pack_panels_transposed(panels, K, N, matrix, K, first, last);
    else
      pack_panels(panels, K, N, matrix, N, first, last);
  });
}

/**
 * Returns whether gate and up are kept for the backward pass. For small D it is faster to recompute them: recomputation
 * costs 2·D operations per element, keeping costs a write and a read.
 */
constexpr bool channels_keep(int64_t D) { return D > 128; }

/** Rows per task: fewer than MC when there would otherwise be too few tasks for all threads. */
inline int64_t channel_rows(int64_t rows, int threads) {
  const int64_t share = round_up((rows + 4 * threads - 1) / (4 * threads), MR);
  return std::min(MC, share);
}

/**
 * The forward pass.
 *
 * @param x [rows, D]
 * @param gate_up panels of pack_channel_gate_up
 * @param down panels of downᵀ [I, D]
 * @param y [rows, D], output
 * @param r [rows], output: factor of the norm; null when no gradient is needed
 * @param saved [rows, 2·I], output: gate and up; null when no gradient is needed, or they are not kept
 */
inline void channels_forward(Pool& pool, const ChannelSizes& sizes, const float* x, const float* gate_up,
                             const float* down, float* y, float* r, float* saved) {
  const auto [rows, D, I] = sizes;
  const int64_t piece = channel_rows(rows, pool.threads()), stride = padded(I);
  pool.run((rows + piece - 1) / piece, [&, D = D, I = I, rows = rows](int64_t task) {
    const int64_t first = task * piece, n = std::min(piece, rows - first);
    float* h = scratch(0, piece * stride);
    alignas(64) float both[MR * NR];
    for (int64_t c = 0; c < I; c += W) {
      const float* panel = gate_up + c / W * NR * D;
      const int64_t columns = I - c;
      for (int64_t i = 0; i < n;) {
        const int height = next_rows(n - i);
        tile<Left::rows>(height, 2, D, x + (first + i) * D, D, panel, both, NR, false);
        for (int k = 0; k < height; k++) {
          const vec gate = load(both + k * NR), up = load(both + k * NR + W);
          store(h + (i + k) * stride + c, swiglu(gate, up));
          if (saved) {
            float* to = saved + (first + i + k) * 2 * I + c;
            store_up_to(to, gate, columns);
            store_up_to(to + I, up, columns);
          }
        }
        i += height;
      }
    }
    product(n, D, I, h, stride, down, y + first * D, D, false);
    for (int64_t i = first; i < first + n; i++) {
      const float scale = add_rms_row(x + i * D, y + i * D, y + i * D, D);
      if (r) r[i] = scale;
    }
  });
}

/** Inputs of channels_backward: intermediate results of the forward pass, and the panels of the weights. */
struct ChannelTape {
  const float *x, *y, *r;
  /** Gate and up; null when they were not kept. */
  const float* saved;
  /** Panels of down [D, I] and of gate_up [2·I, D]. */
  const float *down, *gate_up;
  /** Panels of pack_channel_gate_up. */
  const float* forward;
};

namespace detail {

/** Recomputes gate and up of some rows: padded(2·I) elements per row. */
inline void channels_again(const ChannelTape& tape, int64_t first, int64_t n, int64_t D, int64_t I, float* out) {
  const int64_t stride = padded(2 * I);
  alignas(64) float both[MR * NR];
  for (int64_t c = 0; c < I; c += W)
    for (int64_t i = 0; i < n;) {
      const int height = next_rows(n - i);
      recurlab::tile<Left::rows>(height, 2, D, tape.x + (first + i) * D, D, tape.forward + c / W * NR * D, both, NR, false);
      for (int k = 0; k < height; k++) {
        store_up_to(out + (i + k) * stride + c, load(both + k * NR), I - c);
        store_up_to(out + (i + k) * stride + I + c, load(both + k * NR + W), I - c);
      }
      i += height;
    }
}

}  // namespace detail

/**
 * The backward pass.
 *
 * @param dy [rows, D]
 * @param dx [rows, D], output
 * @param d_gate_up [2·I, D], accumulated
 * @param d_down [D, I], accumulated
 */
inline void channels_backward(Pool& pool, const ChannelSizes& sizes, const ChannelTape& tape, const float* dy,
                              float* dx, float* d_gate_up, float* d_down) {
  const auto [rows, D, I] = sizes;
  const int64_t piece = channel_rows(rows, pool.threads());
  // Rows are processed in windows whose gradients stay in the cache between products. A window is a whole number of
  // blocks of add_columns_product, so that the order of summation does not depend on the number of threads.
  const int64_t window = std::min(rows, KC_COLUMNS * (pool.threads() + 1));
  const int64_t wide = padded(2 * I), inner = padded(I), narrow = padded(D);
  float* const d_both = scratch(3, window * wide);
  float* const h = scratch(4, window * inner);
  float* const du = scratch(5, window * narrow);
  for (int64_t from = 0; from < rows; from += window) {
    const int64_t length = std::min(window, rows - from);
    pool.run((length + piece - 1) / piece, [&, D = D, I = I](int64_t task) {
      const int64_t first = task * piece, n = std::min(piece, length - first);
      for (int64_t i = first; i < first + n; i++)
        rms_row_gradient(tape.y + (from + i) * D, tape.r[from + i], dy + (from + i) * D, du + i * narrow, D);
      // Gate and up of row i start at gates + i * gate_stride.
      const float* gates = tape.saved + (from + first) * 2 * I;
      int64_t gate_stride = 2 * I;
      if (!tape.saved) {
        gate_stride = padded(2 * I);
        float* again = scratch(0, piece * gate_stride);
        detail::channels_again(tape, from + first, n, D, I, again);
        gates = again;
      }
      alignas(64) float dh[MR * NR];
      for (int64_t c = 0; c < I; c += NR) {
        const int vectors = panel_vectors(c, I);
        const float* panel = tape.down + c * D;
        for (int64_t i = first; i < first + n;) {
          const int height = next_rows(first + n - i);
          tile<Left::rows>(height, vectors, D, du + i * narrow, narrow, panel, dh, NR, false);
          for (int k = 0; k < height; k++) {
            const float* both = gates + (i - first + k) * gate_stride + c;
            float* to = d_both + (i + k) * wide + c;
            for (int v = 0; v < vectors; v++) {
              const int64_t columns = I - c - v * W;
              vec value, d_gate, d_up;
              swiglu_gradient(load_up_to(both + v * W, columns), load_up_to(both + I + v * W, columns),
                              load(dh + k * NR + v * W), value, d_gate, d_up);
              store(h + (i + k) * inner + c + v * W, value);
              store_up_to(to + v * W, d_gate, columns);
              store_up_to(to + I + v * W, d_up, columns);
            }
          }
          i += height;
        }
      }
      product(n, D, 2 * I, d_both + first * wide, wide, tape.gate_up, dx + (from + first) * D, D, false);
      for (int64_t i = first; i < first + n; i++) {
        float* out = dx + (from + i) * D;
        for (int64_t j = 0; j < D; j += W)
          store_up_to(out + j, load_up_to(out + j, D - j) + load_up_to(du + i * narrow + j, D - j), D - j);
      }
    });
    const int64_t up_rows = column_rows(2 * I, pool.threads()), down_rows = column_rows(D, pool.threads());
    const int64_t up_tasks = (2 * I + up_rows - 1) / up_rows, down_tasks = (D + down_rows - 1) / down_rows;
    pool.run(up_tasks + down_tasks, [&, D = D, I = I](int64_t task) {
      if (task < up_tasks) {
        const int64_t first = task * up_rows;
        add_columns_product(first, std::min(2 * I, first + up_rows), D, length, d_both, wide, tape.x + from * D, D,
                            d_gate_up, D);
      } else {
        const int64_t first = (task - up_tasks) * down_rows;
        add_columns_product(first, std::min(D, first + down_rows), I, length, du, narrow, h, inner, d_down, I);
      }
    });
  }
}

}  // namespace recurlab
