// The rotary positions that attention's operations are given.
#pragma once
#include "attention.h"
#include "tensorflow.h"

namespace recurlab {

/** @param cos, sin [L, d], or empty where queries and keys are not turned */
inline Rotary rotary_of(const AttentionSizes& s, const Tensor& cos, const Tensor& sin) {
  if (cos.size() == 0) return {nullptr, nullptr};
  expect(cos.size() == s.L * s.d && sin.size() == cos.size() && s.d % 2 == 0, "cosines and sines [L, d]");
  return {cos.data(), sin.data()};
}

}  // namespace recurlab
