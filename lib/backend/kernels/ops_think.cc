// Rollouts: noise on a latent, and the measurements of a supervision step, as operations.
#include "ops.h"
#include "tensorflow.h"
#include "think.h"

namespace recurlab {
namespace {

void noise(const Call& call) {
  const Tensor latent = call.input(0), keys = call.input(1), edges = call.input(2), tail = call.input(3);
  const Tensor scale = call.input(4);
  expect(latent.rank() > 0 && latent.dim(0) > 0 && keys.size() == 2 * latent.dim(0), "two integers for each row");
  const int64_t strata = edges.size() - 1;
  expect(strata > 1 && (strata & (strata - 1)) == 0, "edges of a power of two of strata");
  expect(tail.size() == edges.size() || tail.size() == 0, "edges of the tail, or none");
  expect(scale.size() == 1, "one scale");
  const Tensor noisy = call.output(0, latent.shape());
  const Quantiles table{strata, edges.data(), tail.size() > 0 ? tail.data() : nullptr};
  const int64_t size = latent.size() / latent.dim(0);
  const auto* const key = reinterpret_cast<const uint32_t*>(keys.data());
  pool().run(latent.dim(0), [&](int64_t row) {
    add_noise(table, key[2 * row], key[2 * row + 1], *scale.data(), latent.data() + row * size,
              noisy.data() + row * size, size);
  });
}

void measured(const Call& call) {
  const int64_t latents = call.attributes["latents"], first = call.attributes["first"];
  expect(latents > 0, "a latent");
  const Tensor lm = call.input(0), q = call.input(1), bias = call.input(2), logits_before = call.input(3);
  const std::vector<Tensor> before = call.inputs(4, latents), after = call.inputs(4 + latents, latents);
  const Tensor& y = after[0];
  expect(y.rank() == 3 && first >= 0 && first < y.dim(1), "latents [B, L, D]");
  const MeasuredSizes size{y.dim(0), y.dim(1), y.dim(2), first, lm.dim(0)};
  expect(lm.rank() == 2 && lm.dim(1) == size.D && q.size() == 2 * size.D && bias.size() == 2, "heads that fit y");
  const int64_t cells = size.answer();
  expect(logits_before.size() == size.B * cells * size.V, "logits of the same size");
  StepLatents states;
  for (int64_t i = 0; i < latents; i++) {
    expect(before[i].size() == y.size() && after[i].size() == y.size(), "latents of one size");
    states.before.push_back(before[i].data());
    states.after.push_back(after[i].data());
  }
  const Tensor logits = call.output(0, {size.B, cells, size.V}), tokens = call.output(1, {size.B, cells});
  const Tensor numbers = call.output(2, {MEASURED, size.B});
  measure(pool(), size, {lm.data(), q.data(), bias.data()}, states,
          logits_before.data(), logits.data(), tokens.data(), numbers.data());
}

}  // namespace

void define_think() {
  define({"RecurlabNoise", {"latent", "keys: int32", "edges", "tail", "scale"}, {"noisy"}, {}, noise});
  define({"RecurlabMeasure",
          {"lm", "q", "bias", "logits_before", "before: latents * float", "after: latents * float"},
          {"logits", "tokens", "numbers"},
          {"latents: int", "first: int"},
          measured});
}

}  // namespace recurlab
