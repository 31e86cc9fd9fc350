// Checks of lib/backend/kernels/think.h, for kernels-check.cc.
#pragma once
#include "../../lib/backend/kernels/think.h"

/** Sums of squares of a row in double precision. */
static double squares(const Floats& a, const Floats& b, int64_t from, int64_t n) {
  double sum = 0;
  for (int64_t i = from; i < from + n; i++) sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  return sum;
}

static void check_measure(Pool& one, Pool& three) {
  const int64_t B = draw(1, 9), first = draw(0, 2), L = first + draw(1, 12), D = draw(1, 80), V = draw(2, 12);
  const int64_t count = draw(1, 3), cells = L - first, row = L * D;
  const Floats lm = scaled(V, D), q = scaled(2, D), bias = normal(2), old = normal(B * cells * V), zeros(B * row);
  std::vector<Floats> before, after;
  StepLatents latents;
  for (int64_t i = 0; i < count; i++) before.push_back(normal(B * row)), after.push_back(normal(B * row));
  for (int64_t i = 0; i < count; i++) latents.before.push_back(before[i].data()), latents.after.push_back(after[i].data());
  Doubles logits(B * cells * V), tokens(B * cells), numbers(MEASURED * B);
  for (int64_t b = 0; b < B; b++) {
    double margin = 1e30, moved = 0, others = 0, length = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
      double* const own = &logits[(b * cells + cell) * V];
      for (int64_t v = 0; v < V; v++)
        for (int64_t k = 0; k < D; k++) own[v] += after[0][b * row + (first + cell) * D + k] * static_cast<double>(lm[v * D + k]);
      const int64_t best = std::max_element(own, own + V) - own;
      tokens[b * cells + cell] = best;
      for (int64_t v = 0; v < V; v++) {
        if (v != best) margin = std::min(margin, own[best] - own[v]);
        moved += (own[v] - old[(b * cells + cell) * V + v]) * (own[v] - old[(b * cells + cell) * V + v]);
      }
    }
    for (int which = 0; which < 2; which++) {
      double& logit = numbers[which * B + b] = bias[which];
      for (int64_t k = 0; k < D; k++) logit += after[0][b * row + k] * static_cast<double>(q[which * D + k]);
    }
    for (int64_t i = 1; i < count; i++) {
      others += squares(after[i], before[i], b * row, row);
      length += squares(before[i], zeros, b * row, row);
    }
    numbers[DELTA_Y * B + b] = std::sqrt(squares(after[0], before[0], b * row, row) / squares(before[0], zeros, b * row, row));
    numbers[DELTA_Z * B + b] = count > 1 ? std::sqrt(others / length) : 0;
    numbers[DELTA_LOGITS * B + b] = std::sqrt(moved / cells);
    numbers[MARGIN * B + b] = margin;
  }
  const MeasuredSizes size{B, L, D, first, V};
  const auto measured = [&](Pool& pool, Floats& made, Floats& chosen, Floats& columns) {
    measure(pool, size, {lm.data(), q.data(), bias.data()}, latents, old.data(), made.data(), chosen.data(), columns.data());
  };
  Floats a(logits.size()), b(tokens.size()), c(numbers.size()), a3 = a, b3 = b, c3 = c;
  measured(one, a, b, c);
  measured(three, a3, b3, c3);
  const std::string name = "measure" + sizes({B, L, D, V}) + " ";
  compare(name + "logits", a, logits);
  compare(name + "tokens", b, tokens);
  compare(name + "numbers", c, numbers);
  same(name + "logits", a, a3);
  same(name + "numbers", c, c3);
}

/** Noise whose table makes each draw easy to follow: stratum s of four is [s, s + 1), and the tail is [10, 14). */
static void check_noise() {
  const int64_t n = draw(1, 700);
  const uint32_t a = static_cast<uint32_t>(draw(0, 4294967295)), b = static_cast<uint32_t>(draw(0, 4294967295));
  const Floats edges{0, 1, 2, 3, 4}, tail{10, 11, 12, 13, 14}, from = normal(n);
  Floats plain(n), tailed(n), none(n);
  add_noise({4, edges.data(), nullptr}, a, b, 1, from.data(), plain.data(), n);
  add_noise({4, edges.data(), tail.data()}, a, b, 1, from.data(), tailed.data(), n);
  add_noise({4, edges.data(), tail.data()}, a, b, 0, from.data(), none.data(), n);
  for (int64_t i = 0; i < n; i++) {
    const float size = std::fabs(plain[i] - from[i]), beyond = std::fabs(tailed[i] - from[i]);
    const bool isLast = size > 3.001f;
    const bool isBetween = size < 2.999f;
    if (size > 4.001f || (isLast && (beyond < 9.999f || beyond > 14.001f)) || (isBetween && beyond != size))
      failures++, std::printf("noise %d of %d: %g, %g\n", static_cast<int>(i), static_cast<int>(n), size, beyond);
    if (none[i] != from[i]) failures++, std::printf("noise of scale 0 changes a number\n");
  }
}
