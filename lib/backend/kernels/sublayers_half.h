// The sublayers on bfloat16 pieces, with one limb or three. The pieces are stored in float32 memory of half the length.
#pragma once
#include "attention_half.h"
#include "sublayer.h"
#include "tokens_half.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** Returns the number of floats that occupy the memory of `halves` bfloat16 values. */
constexpr int64_t floats_of(int64_t halves) { return (halves + 1) / 2; }

/** Returns a sublayer's weights as pieces: the first for the forward and the backward pass, then the second. */
template <class Halves>
Halves halves_of(const SublayerWeights& w) {
  const auto pieces = [](const float* weight) { return reinterpret_cast<const half*>(weight); };
  return {pieces(w.first), pieces(w.first_back), pieces(w.second), pieces(w.second_back)};
}

/** The factor of the norm. */
struct NormTape {
  float* r;
};

template <int LIMBS>
class ChannelsHalf : public Taped<NormTape> {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t gate_up = floats_of(2 * pieces_size(LIMBS, s.inner, s.D));
    const int64_t down = floats_of(pieces_size(LIMBS, s.D, s.inner)), sums = sums_size(s.D, s.inner);
    return {gate_up, down, gate_up, down, 2 * sums, sums};
  }
  ChannelsHalf(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&)
      : Taped(sizes), w(halves_of<ChannelHalves>(weights)) {}

 private:
  NormTape tape(int64_t B, Carver& all) const override { return {all.take(B * s.L)}; }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const NormTape& t) const override {
    channels_half_forward<LIMBS>(pool, sizes(B), x.a, w, y, t.r);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const NormTape& t, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    channels_half_backward<LIMBS>(pool, sizes(B), x.a, y, t.r, w, dy, dx, d_first, d_second);
  }
  ChannelSizes sizes(int64_t B) const { return {B * s.L, s.D, s.inner}; }
  const ChannelHalves w;
};

template <int LIMBS>
class TokensHalf : public Taped<NormTape> {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t gate_up = floats_of(2 * pieces_size(LIMBS, s.inner, s.L));
    const int64_t down = floats_of(pieces_size(LIMBS, s.L, s.inner)), sums = sums_size(s.inner, s.L);
    return {gate_up, down, gate_up, down, 2 * sums, sums};
  }
  TokensHalf(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary&)
      : Taped(sizes), w(halves_of<TokenHalves>(weights)) {}

 private:
  NormTape tape(int64_t B, Carver& all) const override { return {all.take(B * s.D)}; }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const NormTape& t) const override {
    tokens_half_forward<LIMBS>(pool, sizes(B), x, w, y, t.r);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const NormTape& t, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    tokens_half_backward<LIMBS>(pool, sizes(B), x, y, t.r, w, dy, dx, d_first, d_second);
  }
  TokenSizes sizes(int64_t B) const { return {B, s.L, s.D, s.inner}; }
  const TokenHalves w;
};

template <int LIMBS>
class AttentionHalf : public Taped<AttentionHalfTape<LIMBS>> {
 public:
  using Tape = AttentionHalfTape<LIMBS>;
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t qkv = floats_of(pieces_size(LIMBS, 3 * s.inner, s.D));
    const int64_t out = floats_of(pieces_size(LIMBS, s.D, s.inner));
    return {qkv, out, qkv, out, sums_size(s.D, 3 * s.inner), sums_size(s.D, s.inner)};
  }
  AttentionHalf(const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary& rotary)
      : Taped<Tape>(sizes), w(halves_of<AttentionHalves>(weights)), rotary(rotary) {}

 private:
  using Taped<Tape>::s;
  Tape tape(int64_t B, Carver& all) const override {
    const int64_t rows = B * s.L;
    const auto numbers = [&](int64_t n) {
      return reinterpret_cast<Kept<LIMBS>*>(all.take(LIMBS == ROUNDED ? floats_of(n) : n));
    };
    Kept<LIMBS> *const qkv = numbers(rows * 3 * s.inner), *const read = numbers(rows * s.inner);
    float* const log_sums = all.take(rows * s.heads);
    return {qkv, read, log_sums, all.take(rows)};
  }
  void compute(Pool& pool, int64_t B, const Addends& x, float* y, const Tape& t) const override {
    attention_half_forward<LIMBS>(pool, sizes(B), x, w, rotary, y, t.r ? &t : nullptr);
  }
  void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const Tape& t, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    attention_half_backward<LIMBS>(pool, sizes(B), x, y, t, dy, w, rotary, dx, d_first, d_second);
  }
  AttentionSizes sizes(int64_t B) const { return {B, s.L, s.D, s.heads, s.inner / s.heads}; }
  const AttentionHalves w;
  const Rotary rotary;
};

}  // namespace recurlab
#endif
