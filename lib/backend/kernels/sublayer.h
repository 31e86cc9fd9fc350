// A sublayer of a block: y = rms(x + f(x)), where f mixes the tokens (an MLP, or attention) or the channels.
#pragma once
#include <cstdint>

#include "addends.h"
#include "pool.h"

namespace recurlab {

/** Sizes of a sublayer: L tokens with D channels. */
struct SublayerSizes {
  int64_t L, D;
  /** Inner size of a SwiGLU, or the channels of all attention heads. */
  int64_t inner;
  /** Number of attention heads; 0 for a SwiGLU. */
  int64_t heads;
};

/** The two packed weights of a sublayer; those of the backward pass are null when no gradient is needed. */
struct SublayerWeights {
  const float *first, *second;
  const float *first_back = nullptr, *second_back = nullptr;
};

/** Sizes of the packed weights, and of the sums that gradients are accumulated in, in floats. */
struct WeightSizes {
  int64_t first, second, first_back, second_back, d_first, d_second;
};

/** Allocates consecutive pieces of memory, each aligned to a cache line; from null it only computes the total size. */
class Carver {
 public:
  explicit Carver(float* from) : from_(from) {}
  float* take(int64_t floats) {
    float* const piece = from_ ? from_ + taken_ : nullptr;
    taken_ += (floats + LINE - 1) / LINE * LINE;
    return piece;
  }
  int64_t taken() const { return taken_; }

 private:
  static constexpr int64_t LINE = 64 / sizeof(float);
  float* const from_;
  int64_t taken_ = 0;
};

/** A sublayer with its sizes and weights, for any number of rows. */
class Sublayer {
 public:
  virtual ~Sublayer() = default;

  /** Returns the number of floats that the gradient of B rows needs besides x and y. */
  virtual int64_t kept(int64_t B) const = 0;

  /**
   * Computes y.
   *
   * @param x addends of [B, L, D]
   * @param y [B, L, D], output
   * @param kept output; null when no gradient is needed
   */
  virtual void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const = 0;

  /**
   * Computes the gradients.
   *
   * @param kept of the forward pass
   * @param dx [B, L, D], output
   * @param d_first, d_second sums of the weights' gradients, accumulated
   */
  virtual void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy,
                        float* dx, float* d_first, float* d_second) const = 0;
};

/** A sublayer whose intermediate results are a struct of pointers, null when no gradient is needed. */
template <class Tape>
class Taped : public Sublayer {
 public:
  explicit Taped(const SublayerSizes& sizes) : s(sizes) {}

  int64_t kept(int64_t B) const final {
    Carver all(nullptr);
    tape(B, all);
    return all.taken();
  }
  void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const final {
    Carver all(kept);
    compute(pool, B, x, y, tape(B, all));
  }
  void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy, float* dx,
                float* d_first, float* d_second) const final {
    Carver all(kept);
    gradient(pool, B, x, y, tape(B, all), dy, dx, d_first, d_second);
  }

 protected:
  virtual Tape tape(int64_t B, Carver& all) const = 0;
  virtual void compute(Pool& pool, int64_t B, const Addends& x, float* y, const Tape& tape) const = 0;
  virtual void gradient(Pool& pool, int64_t B, const Addends& x, const float* y, const Tape& tape, const float* dy,
                        float* dx, float* d_first, float* d_second) const = 0;
  const SublayerSizes s;
};

}  // namespace recurlab
