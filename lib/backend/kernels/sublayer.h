// A sublayer of a block: y = rms(x + f(x)), where f mixes the tokens (an MLP, or attention) or the channels.
#pragma once
#include <cstdint>

#include "addends.h"
#include "pool.h"

namespace recurlab {

/** L tokens with D channels. */
struct SublayerSizes {
  int64_t L, D;
  /** Inner numbers of a SwiGLU; channels of all heads. */
  int64_t inner;
  /** Of attention. */
  int64_t heads;
};

/** Its two weights as the kernels read them; those of the backward pass are null where no gradient is wanted. */
struct SublayerWeights {
  const float *first, *second;
  const float *first_back = nullptr, *second_back = nullptr;
};

/** How many numbers these have, and the sums that the kernels add gradients to. */
struct WeightSizes {
  int64_t first, second, first_back, second_back, d_first, d_second;
};

/** Hands out memory, each piece from the beginning of a cache line; from null it only counts. */
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

/** The kernels of a sublayer for any rows of a batch, with its sizes and weights. */
class Sublayer {
 public:
  virtual ~Sublayer() = default;

  /** Floats that the gradient of B rows needs besides x and y. */
  virtual int64_t kept(int64_t B) const = 0;

  /**
   * @param x [B, L, D], its addends
   * @param y [B, L, D], written
   * @param kept written; null where no gradient is wanted
   */
  virtual void forward(Pool& pool, int64_t B, const Addends& x, float* y, float* kept) const = 0;

  /**
   * @param kept of the forward pass
   * @param dx [B, L, D], written
   * @param d_first, d_second sums of the weights' gradients, added to
   */
  virtual void backward(Pool& pool, int64_t B, const Addends& x, const float* y, float* kept, const float* dy,
                        float* dx, float* d_first, float* d_second) const = 0;
};

/** One whose kernels have what the gradient needs as pointers, which are null where no gradient is wanted. */
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
