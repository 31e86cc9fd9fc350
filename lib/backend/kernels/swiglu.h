// What the SwiGLU over the channels and that over the tokens share.
#pragma once
#include "gemm.h"

namespace recurlab {

/** h = silu(gate) · up. */
RECURLAB_INLINE vec swiglu(vec gate, vec up) { return gate * sigmoid(gate) * up; }

/** h again, and the gradients of gate and up, out of the gradient of h. @param s sigmoid(gate) */
RECURLAB_INLINE void swiglu_gradient(vec s, vec gate, vec up, vec dh, vec& h, vec& dgate, vec& dup) {
  const vec silu = gate * s;
  h = silu * up;
  dup = dh * silu;
  // silu' = s + silu · (1 - s)
  dgate = dh * up * (s + silu * (1.0f - s));
}
RECURLAB_INLINE void swiglu_gradient(vec gate, vec up, vec dh, vec& h, vec& dgate, vec& dup) {
  swiglu_gradient(sigmoid(gate), gate, up, dh, h, dgate, dup);
}

/** The stride of a working matrix: not a multiple of 4 KB, at which the rows of a tile would share cache sets. */
constexpr int64_t padded(int64_t n) { return round_up(n, W) + 16; }

}  // namespace recurlab
