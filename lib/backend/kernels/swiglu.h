// What the SwiGLU over the channels and that over the tokens share.
#pragma once
#include "gemm.h"

namespace recurlab {

/** h = silu(gate) · up. */
RECURLAB_INLINE vec swiglu(vec gate, vec up) { return gate * sigmoid(gate) * up; }

/** h again, and the gradients of gate and up, out of the gradient of h. */
RECURLAB_INLINE void swiglu_gradient(vec gate, vec up, vec dh, vec& h, vec& dgate, vec& dup) {
  const vec s = sigmoid(gate);
  const vec silu = gate * s;
  h = silu * up;
  dup = dh * silu;
  // silu' = s + silu · (1 - s)
  dgate = dh * up * (s + silu * (1.0f - s));
}

/** load and store of the first n ≤ W numbers. */
RECURLAB_INLINE vec load_up_to(const float* p, int64_t n) { return n >= W ? load(p) : load_part(p, static_cast<int>(n)); }
RECURLAB_INLINE void store_up_to(float* p, vec v, int64_t n) {
  if (n >= W)
    store(p, v);
  else
    store_part(p, v, static_cast<int>(n));
}

/** The stride of a working matrix: not a multiple of 4 KB, at which the rows of a tile would share cache sets. */
constexpr int64_t padded(int64_t n) { return round_up(n, W) + 16; }

}  // namespace recurlab
