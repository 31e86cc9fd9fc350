// SwiGLU over the tokens with its residual and norm: for every channel, y = rms(x + down(silu(gate) ⊙ up)) along L.
#pragma once
#include <cmath>

#include "addends.h"
#include "norm.h"
#include "swiglu.h"

namespace recurlab {

/** B rows of L tokens with D channels, I inner tokens. */
struct TokenSizes {
  int64_t B, L, D, I;
};

/** Pairs of gate and up rows that a tile of the forward pass computes. */
constexpr int PAIRS = MR / 2;

/** Returns the pairs of the next tile when `left` remain. */
inline int next_pairs(int64_t left) {
  if (left <= PAIRS) return static_cast<int>(left);
  return left < 2 * PAIRS && left - PAIRS < PAIRS / 2 ? static_cast<int>((left + 1) / 2) : PAIRS;
}

/**
 * Packs a left matrix, here a weight, in the order in which tiles read it: consecutive groups of rows, [K][rows]. The
 * size is that of the matrix.
 *
 * @param at returns element (i, k)
 */
template <class At>
inline void pack_left(float* to, int64_t M, int64_t K, At at) {
  for (int64_t i = 0; i < M;) {
    const int height = next_rows(M - i);
    for (int64_t k = 0; k < K; k++)
      for (int j = 0; j < height; j++) *to++ = at(i + j, k);
    i += height;
  }
}

/** Packs gate_up [2·I, L] like pack_left: some rows of the gate, then the same rows of up. */
inline void pack_token_gate_up(float* to, const float* weight, int64_t L, int64_t I) {
  for (int64_t i = 0; i < I;) {
    const int pairs = next_pairs(I - i);
    for (int64_t k = 0; k < L; k++) {
      for (int j = 0; j < pairs; j++) to[j] = weight[(i + j) * L + k];
      for (int j = 0; j < pairs; j++) to[pairs + j] = weight[(I + i + j) * L + k];
      to += 2 * pairs;
    }
    i += pairs;
  }
}

/** Returns whether gate and up are kept for the backward pass; see channels_keep. */
constexpr bool tokens_keep(int64_t L) { return L > 192; }

/** Returns the floats of gate and up that the forward pass keeps: [2·I, columns of the panel] for every b and panel. */
constexpr int64_t token_saved_size(const TokenSizes& s) { return s.B * 2 * s.I * round_up(s.D, W); }

/** Returns the offset of gate and up for row b and the panel that starts at channel c. */
constexpr int64_t token_saved(const TokenSizes& s, int64_t b, int64_t c) {
  return 2 * s.I * (b * round_up(s.D, W) + c);
}

/** Returns the panels (NR columns) per task: enough to amortise a task, few enough to occupy all threads. */
inline int64_t token_panels(int64_t B, int64_t D, int threads) {
  const int64_t panels = (D + NR - 1) / NR;
  return std::max<int64_t>(1, std::min(panels, B * panels / (8 * threads)));
}

/**
 * The forward pass.
 *
 * @param addends addends of x, [B, L, D]
 * @param gate_up of pack_token_gate_up
 * @param down of pack_left, for down [L, I]
 * @param y [B, L, D], output
 * @param r [B, D], output: factor of the norm; null when no gradient is needed
 * @param saved output: gate and up, see token_saved_size; null when no gradient is needed, or they are not kept
 */
inline void tokens_forward(Pool& pool, const TokenSizes& sizes, const Addends& addends, const float* gate_up,
                           const float* down, float* y, float* r, float* saved) {
  const auto [B, L, D, I] = sizes;
  const int64_t panels = (D + NR - 1) / NR, group = token_panels(B, D, pool.threads());
  const int64_t groups = (panels + group - 1) / group;
  pool.run(B * groups, [&, L = L, D = D, I = I](int64_t task) {
    const int64_t b = task / groups, begin = task % groups * group * NR, end = std::min(D, begin + group * NR);
    const int64_t start = b * L * D + begin;
    const float* x = summed(addends.at(start), y + start, L, end - begin, D);
    float* h = scratch(0, I * NR);
    float* right = scratch(1, L * NR);
    alignas(64) float out[MR * NR];
    for (int64_t c = begin; c < end; c += NR) {
      const int64_t columns = std::min<int64_t>(NR, D - c);
      const int vectors = columns > W ? 2 : 1, width = vectors * W;
      const float* xb = x + c - begin;
      float* yb = y + b * L * D + c;
      pack_panels(right, L, columns, xb, D, 0, L);
      const float* left = gate_up;
      for (int64_t i = 0; i < I;) {
        const int pairs = next_pairs(I - i);
        tile<Left::columns>(2 * pairs, vectors, L, left, 2 * pairs, right, out, NR, false);
        for (int k = 0; k < pairs; k++)
          for (int v = 0; v < vectors; v++) {
            const vec gate = load(out + k * NR + v * W), up = load(out + (pairs + k) * NR + v * W);
            store(h + (i + k) * width + v * W, swiglu(gate, up));
            if (saved) {
              float* to = saved + token_saved(sizes, b, c) + (i + k) * width + v * W;
              store(to, gate);
              store(to + I * width, up);
            }
          }
        left += 2 * pairs * L;
        i += pairs;
      }
      vec squares[2] = {};
      left = down;
      for (int64_t i = 0; i < L;) {
        const int height = next_rows(L - i);
        tile<Left::columns>(height, vectors, I, left, height, h, out, NR, false);
        for (int k = 0; k < height; k++)
          for (int v = 0; v < vectors; v++) {
            const int64_t at = (i + k) * D + v * W, n = columns - v * W;
            const vec u = load(out + k * NR + v * W) + load_up_to(xb + at, n);
            squares[v] += u * u;
            store_up_to(yb + at, u, n);
          }
        left += height * I;
        i += height;
      }
      for (int v = 0; v < vectors; v++) {
        vec scale = squares[v] / static_cast<float>(L) + RMS_EPSILON;
        for (int j = 0; j < W; j++) scale[j] = 1.0f / std::sqrt(scale[j]);
        const int64_t n = columns - v * W;
        if (r) store_up_to(r + b * D + c + v * W, scale, n);
        for (int64_t l = 0; l < L; l++) {
          float* at = yb + l * D + v * W;
          store_up_to(at, load_up_to(at, n) * scale, n);
        }
      }
    }
  });
}

/** Inputs of tokens_backward: intermediate results of the forward pass, and the weights packed by pack_left. */
struct TokenTape {
  Addends x;
  const float *y, *r;
  /** Gate and up; null when they were not kept. */
  const float* saved;
  /** down transposed, [I, L], and gate_up transposed, [L, 2·I]. */
  const float *down, *gate_up;
  /** The weights of pack_token_gate_up. */
  const float* forward;
};

namespace detail {

/** Recomputes gate and up of some columns of one row of the batch: [2·I, columns]. */
inline void tokens_again(const TokenTape& tape, const TokenSizes& s, const float* x, int64_t columns, float* out) {
  const int vectors = columns > W ? 2 : 1, width = vectors * W;
  float* right = scratch(5, s.L * NR);
  pack_panels(right, s.L, columns, x, s.D, 0, s.L);
  const float* left = tape.forward;
  for (int64_t i = 0; i < s.I;) {
    const int pairs = next_pairs(s.I - i);
    alignas(64) float both[MR * NR];
    recurlab::tile<Left::columns>(2 * pairs, vectors, s.L, left, 2 * pairs, right, both, NR, false);
    for (int k = 0; k < pairs; k++)
      for (int v = 0; v < width; v += W) {
        store(out + (i + k) * width + v, load(both + k * NR + v));
        store(out + (s.I + i + k) * width + v, load(both + (pairs + k) * NR + v));
      }
    left += 2 * pairs * s.L;
    i += pairs;
  }
}

}  // namespace detail

/**
 * The backward pass.
 *
 * @param dy [B, L, D]
 * @param dx [B, L, D], output
 * @param d_gate_up [2·I, L], accumulated
 * @param d_down [L, I], accumulated
 */
inline void tokens_backward(Pool& pool, const TokenSizes& sizes, const TokenTape& tape, const float* dy, float* dx,
                            float* d_gate_up, float* d_down) {
  const auto [B, L, D, I] = sizes;
  // A unit of work is some channels of one row of the batch, few enough that its gradients stay in the cache until they
  // are summed. Every thread has its own sums, over units that depend only on the number of threads.
  const int64_t columns_of_unit = std::min(round_up(D, NR), static_cast<int64_t>(2 * NR));
  const int64_t groups = (D + columns_of_unit - 1) / columns_of_unit, units = B * groups;
  const int64_t wide = columns_of_unit + 16, tokens = round_up(L, W);
  const int64_t parts = std::min<int64_t>(pool.threads(), units), part_size = 3 * I * tokens;
  float* const sums = scratch(3, parts * part_size);
  std::fill(sums, sums + parts * part_size, 0.0f);
  pool.run(parts, [&, L = L, D = D, I = I](int64_t part) {
    float* const sum = sums + part * part_size;
    // Gradients of gate and up, and h, in row-major order; x and du transposed, as panels [columns, L].
    float* const d_both = scratch(4, 3 * I * wide + 2 * columns_of_unit * tokens);
    float* const h = d_both + 2 * I * wide;
    float* const x_panels = h + I * wide;
    float* const du_panels = x_panels + columns_of_unit * tokens;
    for (int64_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
      const int64_t b = unit / groups, begin = unit % groups * columns_of_unit;
      const int64_t end = std::min(D, begin + columns_of_unit);
      float* du = scratch(0, L * NR);
      float* d_right = scratch(1, 2 * I * NR);
      float* du_rows = scratch(2, L * wide);
      alignas(64) float out[MR * NR];
      const int64_t depth = end - begin, start = b * L * D + begin;
      const float* x = summed(tape.x.at(start), dx + start, L, depth, D);
      pack_panels_transposed(x_panels, depth, L, x, D, 0, depth);
      for (int64_t c = begin; c < end; c += NR) {
        const int64_t columns = std::min<int64_t>(NR, D - c);
        const int vectors = columns > W ? 2 : 1, width = vectors * W;
        const int64_t offset = b * L * D + c;
        const float* both = tape.saved + token_saved(sizes, b, c);
        if (!tape.saved) {
          float* again = scratch(6, 2 * I * NR);
          detail::tokens_again(tape, sizes, x + c - begin, columns, again);
          both = again;
        }
        for (int v = 0; v < vectors; v++) {
          const int64_t n = columns - v * W, at = offset + v * W;
          vec products{};
          for (int64_t l = 0; l < L; l++)
            products += load_up_to(tape.y + at + l * D, n) * load_up_to(dy + at + l * D, n);
          const vec mean = products / static_cast<float>(L), r = load_up_to(tape.r + b * D + c + v * W, n);
          for (int64_t l = 0; l < L; l++) {
            const vec value = (load_up_to(dy + at + l * D, n) - load_up_to(tape.y + at + l * D, n) * mean) * r;
            store(du + l * width + v * W, value);
            store(du_rows + l * wide + c - begin + v * W, value);
          }
        }
        const float* left = tape.down;
        for (int64_t i = 0; i < I;) {
          const int height = next_rows(I - i);
          tile<Left::columns>(height, vectors, L, left, height, du, out, NR, false);
          for (int k = 0; k < height; k++)
            for (int v = 0; v < vectors; v++) {
              const float* gate = both + (i + k) * width + v * W;
              vec value, d_gate, d_up;
              swiglu_gradient(load(gate), load(gate + I * width), load(out + k * NR + v * W), value, d_gate, d_up);
              const int64_t at = (i + k) * wide + c - begin + v * W;
              store(h + at, value);
              store(d_both + at, d_gate);
              store(d_both + I * wide + at, d_up);
              store(d_right + (i + k) * width + v * W, d_gate);
              store(d_right + (I + i + k) * width + v * W, d_up);
            }
          left += height * L;
          i += height;
        }
        left = tape.gate_up;
        for (int64_t i = 0; i < L;) {
          const int height = next_rows(L - i);
          tile<Left::columns>(height, vectors, 2 * I, left, height, d_right, out, NR, false);
          for (int k = 0; k < height; k++)
            for (int v = 0; v < vectors; v++)
              store_up_to(dx + offset + (i + k) * D + v * W,
                          load(out + k * NR + v * W) + load(du + (i + k) * width + v * W), columns - v * W);
          left += height * 2 * I;
          i += height;
        }
      }
      pack_panels_transposed(du_panels, depth, L, du_rows, wide, 0, depth);
      product(2 * I, tokens, depth, d_both, wide, x_panels, sum, tokens, true);
      product(I, tokens, depth, h, wide, du_panels, sum + 2 * I * tokens, tokens, true);
    }
  });
  for (int64_t part = 1; part < parts; part++)
    for (int64_t i = 0; i < part_size; i++) sums[i] += sums[part * part_size + i];
  for (int64_t i = 0; i < 2 * I; i++)
    for (int64_t l = 0; l < L; l++) d_gate_up[i * L + l] += sums[i * tokens + l];
  for (int64_t i = 0; i < I; i++)
    for (int64_t l = 0; l < L; l++) d_down[l * I + i] += sums[(2 * I + i) * tokens + l];
}

}  // namespace recurlab
