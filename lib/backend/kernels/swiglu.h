// Functions shared by the SwiGLU over the channels and the SwiGLU over the tokens.
#pragma once
#include "gemm.h"

namespace recurlab {

/** h = silu(gate) · up. */
RECURLAB_INLINE vec swiglu(vec gate, vec up) { return gate * sigmoid(gate) * up; }

/** Recomputes h and the gradients of gate and up from the gradient of h. @param s sigmoid(gate) */
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

/** Returns the stride of a working matrix: no multiple of 4 KB, at which the rows of a tile would share cache sets. */
constexpr int64_t padded(int64_t n) { return round_up(n, W) + 16; }

}  // namespace recurlab
