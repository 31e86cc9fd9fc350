// The sublayers out of pieces of bfloat16, with one limb a number or with three. The pieces lie in memory of half as many
// float32.
#pragma once
#include "attention_half.h"
#include "sublayer.h"
#include "tokens_half.h"
#if defined(RECURLAB_HALF)

namespace recurlab {

/** Float32 that take the place of so many bfloat16. */
constexpr int64_t floats_of(int64_t halves) { return (halves + 1) / 2; }

inline const half* halves_of(const float* pieces) { return reinterpret_cast<const half*>(pieces); }

template <int LIMBS>
class ChannelsHalf : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t gate_up = floats_of(2 * pieces_size(LIMBS, s.inner, s.D));
    const int64_t down = floats_of(pieces_size(LIMBS, s.D, s.inner)), sums = sums_size(s.D, s.inner);
    return {gate_up, down, gate_up, down, 2 * sums, sums};
  }
  ChannelsHalf(const SublayerSizes& sizes, const SublayerWeights& w, const Rotary&)
      : s(sizes), w{halves_of(w.first), halves_of(w.first_back), halves_of(w.second), halves_of(w.second_back)} {}

  int64_t kept(int64_t B) const override { return B * s.L; }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    channels_half_forward<LIMBS>(pool, sizes(B), x.a, w, y, kept);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    channels_half_backward<LIMBS>(pool, sizes(B), x.a, y, kept, w, dy, dx, d_first, d_second);
  }

 private:
  ChannelSizes sizes(int64_t B) const { return {B * s.L, s.D, s.inner}; }
  const SublayerSizes s;
  const ChannelHalves w;
};

template <int LIMBS>
class TokensHalf : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t gate_up = floats_of(2 * pieces_size(LIMBS, s.inner, s.L));
    const int64_t down = floats_of(pieces_size(LIMBS, s.L, s.inner)), sums = sums_size(s.inner, s.L);
    return {gate_up, down, gate_up, down, 2 * sums, sums};
  }
  TokensHalf(const SublayerSizes& sizes, const SublayerWeights& w, const Rotary&)
      : s(sizes), w{halves_of(w.first), halves_of(w.first_back), halves_of(w.second), halves_of(w.second_back)} {}

  int64_t kept(int64_t B) const override { return B * s.D; }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    tokens_half_forward<LIMBS>(pool, sizes(B), x, w, y, kept);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    tokens_half_backward<LIMBS>(pool, sizes(B), x, y, kept, w, dy, dx, d_first, d_second);
  }

 private:
  TokenSizes sizes(int64_t B) const { return {B, s.L, s.D, s.inner}; }
  const SublayerSizes s;
  const TokenHalves w;
};

template <int LIMBS>
class AttentionHalf : public Sublayer {
 public:
  static WeightSizes weight_sizes(const SublayerSizes& s) {
    const int64_t qkv = floats_of(pieces_size(LIMBS, 3 * s.inner, s.D));
    const int64_t out = floats_of(pieces_size(LIMBS, s.D, s.inner));
    return {qkv, out, qkv, out, sums_size(s.D, 3 * s.inner), sums_size(s.D, s.inner)};
  }
  AttentionHalf(const SublayerSizes& sizes, const SublayerWeights& w, const Rotary& rotary)
      : s(sizes),
        w{halves_of(w.first), halves_of(w.first_back), halves_of(w.second), halves_of(w.second_back)},
        rotary(rotary) {}

  int64_t kept(int64_t B) const override {
    Carver all(nullptr);
    tape(B, all);
    return all.taken();
  }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const override {
    Carver all(kept);
    const AttentionHalfTape<LIMBS> written = tape(B, all);
    attention_half_forward<LIMBS>(pool, sizes(B), x, w, rotary, y, kept ? &written : nullptr);
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const override {
    Carver all(kept);
    attention_half_backward<LIMBS>(pool, sizes(B), x, y, tape(B, all), dy, w, rotary, dx, d_first, d_second);
  }

 private:
  AttentionHalfTape<LIMBS> tape(int64_t B, Carver& all) const {
    const int64_t rows = B * s.L;
    const auto numbers = [&](int64_t n) {
      return reinterpret_cast<Kept<LIMBS>*>(all.take(LIMBS == ROUNDED ? floats_of(n) : n));
    };
    Kept<LIMBS> *const qkv = numbers(rows * 3 * s.inner), *const read = numbers(rows * s.inner);
    float* const log_sums = all.take(rows * s.heads);
    return {qkv, read, log_sums, all.take(rows)};
  }
  AttentionSizes sizes(int64_t B) const { return {B, s.L, s.D, s.heads, s.inner / s.heads}; }
  const SublayerSizes s;
  const AttentionHalves w;
  const Rotary rotary;
};

}  // namespace recurlab
#endif
