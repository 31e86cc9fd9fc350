// Rollouts: noise added to a latent, and measurements of a supervision step. Every number depends on its own row only, and
// its sums have a fixed order, so that neither the batch nor the threads change a bit.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "pool.h"
#include "simd.h"

namespace recurlab {

/**
 * Quantiles of the absolute values of a symmetric distribution, as in lib/think/normal.ts: the `strata` + 1 edges of strata
 * of equal probability, and those of the values in the last stratum, or null.
 */
struct Quantiles {
  int64_t strata;
  const float *edges, *tail;
};

namespace detail {

/** Mixes the bits of an integer, as `mix` of lib/think/noise.ts. */
RECURLAB_INLINE uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x7feb352du;
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

/** A draw from a stratum. The product is exact in double precision, so that a fused multiply-add changes nothing. */
RECURLAB_INLINE float draw(const float* edges, uint32_t stratum, uint32_t rest, double unit, double scale) {
  const float low = edges[stratum], width = edges[stratum + 1] - low;
  return static_cast<float>(scale * (low + static_cast<double>(width) * ((rest + 0.5) * unit)));
}

}  // namespace detail

/**
 * Adds noise to n elements of a row: element i receives the i-th draw of the row's key, bit for bit that of `drawInto` in
 * lib/think/noise.ts.
 */
inline void add_noise(const Quantiles& table, uint32_t a, uint32_t b, float scale, const float* from, float* to, int64_t n) {
  constexpr int64_t CHUNK = 256;
  const uint32_t last = static_cast<uint32_t>(table.strata - 1);
  const int bits = 1 + __builtin_popcount(last);
  const double unit = std::ldexp(1.0, bits - 32), size = scale;
  uint32_t words[CHUNK];
  float noise[CHUNK];
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t count = n - at < CHUNK ? n - at : CHUNK;
    for (int64_t i = 0; i < count; i++) words[i] = detail::mix(detail::mix(static_cast<uint32_t>(at + i) ^ a) + b);
    for (int64_t i = 0; i < count; i++)
      noise[i] = detail::draw(table.edges, (words[i] >> 1) & last, words[i] >> bits, unit, words[i] & 1 ? -size : size);
    if (table.tail)
      for (int64_t i = 0; i < count; i++) {
        if (((words[i] >> 1) & last) != last) continue;
        const uint32_t next = detail::mix(detail::mix(static_cast<uint32_t>(at + i) ^ b) ^ a);
        noise[i] = detail::draw(table.tail, (next >> 1) & last, next >> bits, unit, words[i] & 1 ? -size : size);
      }
    for (int64_t i = 0; i < count; i++) to[at + i] = from[at + i] + noise[i];
  }
}

/** The sizes of a measurement. */
struct MeasuredSizes {
  /** Latents [B, L, D]; `first` tokens precede the answer's; V tokens in the vocabulary. */
  int64_t B, L, D, first, V;
  int64_t answer() const { return L - first; }
};

/** Weights of the heads. */
struct HeadWeights {
  const float *lm, *q, *q_bias;
};

/** Latents before and after a supervision step, the answer y first. */
struct StepLatents {
  std::vector<const float*> before, after;
};

/** Numbers of a row: the columns of `numbers`; lib/think/measure.ts reads them in this order. */
enum Measured { Q_HALT, Q_CONTINUE, DELTA_Y, DELTA_Z, DELTA_LOGITS, MARGIN, MEASURED };

namespace detail {

/** Returns the product of two vectors. */
RECURLAB_INLINE float dot(const float* a, const float* b, int64_t n) {
  vec s{};
  for (int64_t i = 0; i < n; i += W) s += load_up_to(a + i, n - i) * load_up_to(b + i, n - i);
  return sum(s);
}

/** Adds ‖after − before‖² and ‖before‖² of a row to the sums. */
inline void add_change(const float* before, const float* after, int64_t n, double& change, double& length) {
  vec changes{}, lengths{};
  for (int64_t i = 0; i < n; i += W) {
    const vec b = load_up_to(before + i, n - i), d = load_up_to(after + i, n - i) - b;
    changes += d * d;
    lengths += b * b;
  }
  change += sum(changes);
  length += sum(lengths);
}

/** Returns ‖after − before‖ / ‖before‖; 0 if nothing has moved. */
inline float relative(double change, double length) {
  return change == 0 ? 0 : static_cast<float>(std::sqrt(change / length));
}

}  // namespace detail

/**
 * Measures a supervision step.
 *
 * @param logits_before [B, answer, V]
 * @param logits [B, answer, V], output
 * @param tokens [B, answer] the most likely tokens, the first of equally likely ones, output
 * @param numbers [MEASURED, B], output
 */
inline void measure(Pool& pool, const MeasuredSizes& size, const HeadWeights& weights, const StepLatents& latents,
                    const float* logits_before, float* logits, float* tokens, float* numbers) {
  const int64_t row_size = size.L * size.D, cells = size.answer(), V = size.V;
  pool.run(size.B, [&](int64_t row) {
    const float* const y = latents.after[0] + row * row_size;
    const auto number = [&](Measured which) -> float& { return numbers[which * size.B + row]; };
    number(Q_HALT) = detail::dot(y, weights.q, size.D) + weights.q_bias[0];
    number(Q_CONTINUE) = detail::dot(y, weights.q + size.D, size.D) + weights.q_bias[1];
    constexpr float infinity = std::numeric_limits<float>::infinity();
    float margin = infinity;
    double moved = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
      const int64_t at = row * cells + cell;
      float first = -infinity, second = -infinity;
      int64_t best = 0;
      for (int64_t v = 0; v < V; v++) {
        const float logit = detail::dot(y + (size.first + cell) * size.D, weights.lm + v * size.D, size.D);
        const double change = static_cast<double>(logit) - logits_before[at * V + v];
        logits[at * V + v] = logit;
        moved += change * change;
        if (logit > first) {
          second = first;
          first = logit;
          best = v;
        } else if (logit > second) {
          second = logit;
        }
      }
      tokens[at] = static_cast<float>(best);
      // Logits of NaN in any cell make the margin NaN.
      const float gap = first - second;
      if (gap < margin || std::isnan(gap)) margin = gap;
    }
    number(MARGIN) = margin;
    number(DELTA_LOGITS) = static_cast<float>(std::sqrt(moved / cells));
    double change = 0, length = 0;
    detail::add_change(latents.before[0] + row * row_size, y, row_size, change, length);
    number(DELTA_Y) = detail::relative(change, length);
    change = length = 0;
    for (size_t i = 1; i < latents.after.size(); i++)
      detail::add_change(latents.before[i] + row * row_size, latents.after[i] + row * row_size, row_size, change, length);
    number(DELTA_Z) = detail::relative(change, length);
  });
}

}  // namespace recurlab
