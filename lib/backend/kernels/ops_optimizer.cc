// The optimisers' update, and the sums of squares that it is checked by, as operations.
#include "ops.h"
#include "optimizer.h"
#include "squares.h"
#include "tensorflow.h"

namespace recurlab {
namespace {

/** Inputs: p, g, m, v, the EMA (empty without one), and the members of Update from beta1 on. */
void update(const Call& call) {
  const Tensor p = call.input(0), g = call.input(1), m = call.input(2), v = call.input(3), ema = call.input(4);
  const Tensor numbers = call.input(5);
  expect(g.size() == p.size() && m.size() == p.size() && v.size() == p.size(), "tensors of one size");
  expect(ema.size() == p.size() || ema.size() == 0, "an EMA of the weight's size, or none");
  expect(numbers.size() == 7, "7 scalars");
  const float* n = numbers.data();
  const Update u{call.attributes["atan2"] != 0, n[0], n[1], n[2], n[3], n[4], n[5], n[6]};
  const bool averaged = ema.size() > 0;
  const Tensor next_p = call.output(0, p.shape()), next_m = call.output(1, p.shape());
  const Tensor next_v = call.output(2, p.shape()), next_ema = call.output(3, averaged ? p.shape() : Shape{0});
  update_weight(pool(), u,
                {p.size(), p.data(), g.data(), m.data(), v.data(), averaged ? ema.data() : nullptr, next_p.data(),
                 next_m.data(), next_v.data(), averaged ? next_ema.data() : nullptr});
}

void squares(const Call& call) {
  const int64_t count = call.attributes["count"];
  const std::vector<Tensor> tensors = call.inputs(0, count);
  std::vector<Elements> elements;
  for (const Tensor& tensor : tensors) elements.push_back({tensor.data(), tensor.size()});
  const Tensor sums = call.output(0, {count});
  sums_of_squares(pool(), elements, sums.data());
}

}  // namespace

void define_optimizer() {
  define({"RecurlabSquares", {"tensors: count * float"}, {"sums"}, {"count: int"}, squares});
  define({"RecurlabUpdate",
          {"p", "g", "m", "v", "ema", "numbers"},
          {"next_p", "next_m", "next_v", "next_ema"},
          {"atan2: bool"},
          update});
}

}  // namespace recurlab
