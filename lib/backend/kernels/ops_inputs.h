// What several operations are given.
#pragma once
#include "addends.h"
#include "attention.h"
#include "tensorflow.h"

namespace recurlab {

/** @param b, c of x's size, or empty */
inline Addends addends_of(const Tensor& x, const Tensor& b, const Tensor& c) {
  for (const Tensor* tensor : {&b, &c})
    expect(tensor->size() == 0 || tensor->size() == x.size(), "addends of one size");
  expect(b.size() > 0 || c.size() == 0, "a second addend before a third");
  return {x.data(), b.size() > 0 ? b.data() : nullptr, c.size() > 0 ? c.data() : nullptr};
}

/** @param cos, sin [L, d], or empty where queries and keys are not turned */
inline Rotary rotary_of(const AttentionSizes& s, const Tensor& cos, const Tensor& sin) {
  if (cos.size() == 0) return {nullptr, nullptr};
  expect(cos.size() == s.L * s.d && sin.size() == cos.size() && s.d % 2 == 0, "cosines and sines [L, d]");
  return {cos.data(), sin.data()};
}

}  // namespace recurlab
