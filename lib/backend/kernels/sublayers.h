// The sublayers on float32 vectors.
#pragma once
#include "attention.h"
#include "sublayer.h"
#include "tokens.h"

namespace recurlab {

/** The factor of the norm; gate and up, or null when they are recomputed. */
struct SwigluTape {
  float *r, *saved;
};

class Channels : public Taped<SwigluTape> {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t D = s.D, I = s.inner;
    return {channel_gate_up_size(D, I), panels_size(I, D), panels_size(2 * I, D), panels_size(D, I), 2 * I * D, D * I};
  }
  Channels(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&) : Taped(sizes), w(weights) {}

 private:
  SwigluTape tape(int64_t B, Carver& all) const override {
    float* const r = all.take(B * s.L);
    return {r, channels_keep(s.D) ? all.take(B * s.L * 2 * s.inner) : nullptr};
  }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const SwigluTape& t) const override {
    channels_forward(pool, sizes(B), x.a, w.first, w.second, y, t.r, t.saved);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const SwigluTape& t, const float* dy,
                float* dx, float* d_first, float* d_second) const override {
    channels_backward(pool, sizes(B), {x.a, y, t.r, t.saved, w.second_back, w.first_back, w.first}, dy, dx, d_first,
                      d_second);
  }
  ChannelSizes sizes(int64_t B) const { return {B * s.L, s.D, s.inner}; }
  const SublayerWeights w;
};

class Tokens : public Taped<SwigluTape> {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t down = s.L * s.inner, gate_up = 2 * down;
    return {gate_up, down, gate_up, down, gate_up, down};
  }
  Tokens(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&) : Taped(sizes), w(weights) {}

 private:
  SwigluTape tape(int64_t B, Carver& all) const override {
    float* const r = all.take(B * s.D);
    return {r, tokens_keep(s.L) ? all.take(token_saved_size(sizes(B))) : nullptr};
  }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const SwigluTape& t) const override {
    tokens_forward(pool, sizes(B), x, w.first, w.second, y, t.r, t.saved);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const SwigluTape& t, const float* dy,
                float* dx, float* d_first, float* d_second) const override {
    tokens_backward(pool, sizes(B), {x, y, t.r, t.saved, w.second_back, w.first_back, w.first}, dy, dx, d_first,
                    d_second);
  }
  TokenSizes sizes(int64_t B) const { return {B, s.L, s.D, s.inner}; }
  const SublayerWeights w;
};

class Attention : public Taped<AttentionTape> {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t D = s.D, width = s.inner;
    return {panels_size(D, 3 * width), panels_size(width, D), panels_size(3 * width, D),
            panels_size(D, width),     3 * width * D,         D * width};
  }
  Attention(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary& rotary)
      : Taped(sizes), w(weights), rotary(rotary) {}

 private:
  AttentionTape tape(int64_t B, Carver& all) const override {
    const int64_t rows = B * s.L;
    float *const qkv = all.take(rows * 3 * s.inner), *const read = all.take(rows * s.inner);
    float* const log_sums = all.take(rows * s.heads);
    return {qkv, read, log_sums, all.take(rows)};
  }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const AttentionTape& t) const override {
    attention_forward(pool, sizes(B), x, w.first, w.second, rotary, y, t.r ? &t : nullptr);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const AttentionTape& t, const float* dy,
                float* dx, float* d_first, float* d_second) const override {
    attention_backward(pool, sizes(B), x, y, t, dy, w.first_back, w.second_back, rotary, dx, d_first, d_second);
  }
  AttentionSizes sizes(int64_t B) const { return {B, s.L, s.D, s.heads, s.inner / s.heads}; }
  const SublayerWeights w;
  const Rotary rotary;
};

}  // namespace recurlab
