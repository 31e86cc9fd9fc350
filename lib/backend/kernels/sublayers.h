// The sublayers by vectors of float32.
#pragma once
#include "attention.h"
#include "sublayer.h"
#include "tokens.h"

namespace recurlab {

class Channels : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t D = s.D, I = s.inner;
    return {channel_gate_up_size(D, I), panels_size(I, D), panels_size(2 * I, D), panels_size(D, I), 2 * I * D, D * I};
  }
  Channels(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&) : s(sizes), w(weights) {}

  int64_t kept(int64_t B) const override {
    Carver all(nullptr);
    Kept(*this, B, all);
    return all.taken();
  }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    Carver all(kept);
    const Kept k(*this, B, all);
    channels_forward(pool, sizes(B), x.a, w.first, w.second, y, k.r, k.saved);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    Carver all(kept);
    const Kept k(*this, B, all);
    channels_backward(pool, sizes(B), {x.a, y, k.r, k.saved, w.second_back, w.first_back, w.first}, dy, dx, d_first,
                      d_second);
  }

 private:
  struct Kept {
    float *r, *saved;
    Kept(const Channels& of, int64_t B, Carver& all)
        : r(all.take(B * of.s.L)), saved(channels_keep(of.s.D) ? all.take(B * of.s.L * 2 * of.s.inner) : nullptr) {}
  };
  ChannelSizes sizes(int64_t B) const { return {B * s.L, s.D, s.inner}; }
  const SublayerSizes s;
  const SublayerWeights w;
};

class Tokens : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t down = s.L * s.inner, gate_up = 2 * down;
    return {gate_up, down, gate_up, down, gate_up, down};
  }
  Tokens(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&) : s(sizes), w(weights) {}

  int64_t kept(int64_t B) const override {
    Carver all(nullptr);
    Kept(*this, B, all);
    return all.taken();
  }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    Carver all(kept);
    const Kept k(*this, B, all);
    tokens_forward(pool, sizes(B), x, w.first, w.second, y, k.r, k.saved);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    Carver all(kept);
    const Kept k(*this, B, all);
    tokens_backward(pool, sizes(B), {x, y, k.r, k.saved, w.second_back, w.first_back, w.first}, dy, dx, d_first,
                    d_second);
  }

 private:
  struct Kept {
    float *r, *saved;
    Kept(const Tokens& of, int64_t B, Carver& all)
        : r(all.take(B * of.s.D)), saved(tokens_keep(of.s.L) ? all.take(token_saved_size(of.sizes(B))) : nullptr) {}
  };
  TokenSizes sizes(int64_t B) const { return {B, s.L, s.D, s.inner}; }
  const SublayerSizes s;
  const SublayerWeights w;
};

class Attention : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t D = s.D, width = s.inner;
    return {panels_size(D, 3 * width), panels_size(width, D), panels_size(3 * width, D),
            panels_size(D, width),     3 * width * D,         D * width};
  }
  Attention(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary& rotary)
      : s(sizes), w(weights), rotary(rotary) {}

  int64_t kept(int64_t B) const override {
    Carver all(nullptr);
    tape(B, all);
    return all.taken();
  }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    Carver all(kept);
    const AttentionTape written = tape(B, all);
    attention_forward(pool, sizes(B), x, w.first, w.second, rotary, y, kept ? &written : nullptr);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    Carver all(kept);
    attention_backward(pool, sizes(B), x, y, tape(B, all), dy, w.first_back, w.second_back, rotary, dx, d_first,
                       d_second);
  }

 private:
  AttentionTape tape(int64_t B, Carver& all) const {
    const int64_t rows = B * s.L;
    float *const qkv = all.take(rows * 3 * s.inner), *const read = all.take(rows * s.inner);
    float* const log_sums = all.take(rows * s.heads);
    return {qkv, read, log_sums, all.take(rows)};
  }
  AttentionSizes sizes(int64_t B) const { return {B, s.L, s.D, s.heads, s.inner / s.heads}; }
  const SublayerSizes s;
  const SublayerWeights w;
  const Rotary rotary;
};

}  // namespace recurlab
