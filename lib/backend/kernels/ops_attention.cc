// The block with self-attention as operations.
#include "attention.h"
#include "ops.h"
#include "ops_inputs.h"
#include "tensorflow.h"

namespace recurlab {
namespace {

/** Of x [B, L, D] and the panels of W_oᵀ [H·d, D]. */
AttentionSizes sizes_of(const Call& call, const Tensor& x, int64_t width) {
  expect(x.rank() == 3, "x [B, L, D]");
  const int64_t H = call.attributes["heads"];
  expect(H > 0 && width % H == 0, "heads that divide the width");
  return {x.dim(0), x.dim(1), x.dim(2), H, width / H};
}

void attention(const Call& call) {
  const Tensor x = call.input(0), qkv = call.input(1), out = call.input(2), cos = call.input(3), sin = call.input(4);
  const Tensor b = call.input(5), c = call.input(6);
  expect(x.rank() == 3, "x [B, L, D]");
  const AttentionSizes s = sizes_of(call, x, out.size() / round_up(x.dim(2), W));
  expect(qkv.size() == panels_size(s.D, 3 * s.width()), "weights that fit x");
  const bool save = call.attributes["save"];
  const int64_t rows = save ? s.rows() : 0;
  const Tensor y = call.output(0, x.shape()), r = call.output(1, {rows}), kept = call.output(2, {rows * 3 * s.width()});
  const Tensor read = call.output(3, {rows * s.width()}), sums = call.output(4, {rows * s.H});
  const AttentionTape tape{kept.data(), read.data(), sums.data(), r.data()};
  attention_forward(pool(), s, addends_of(x, b, c), qkv.data(), out.data(), rotary_of(s, cos, sin), y.data(),
                    save ? &tape : nullptr);
}

void attention_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), kept = call.input(3), read = call.input(4);
  const Tensor sums = call.input(5), dy = call.input(6), qkv = call.input(7), out = call.input(8);
  const Tensor cos = call.input(9), sin = call.input(10), d_qkv = call.input(11), d_out = call.input(12);
  const Tensor b = call.input(13), c = call.input(14);
  expect(x.rank() == 3, "x [B, L, D]");
  const AttentionSizes s = sizes_of(call, x, d_out.size() / x.dim(2));
  expect(y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  expect(d_qkv.size() == 3 * s.width() * s.D && d_out.size() == s.D * s.width(), "gradients of the weights' sizes");
  expect(qkv.size() == panels_size(3 * s.width(), s.D) && out.size() == panels_size(s.D, s.width()),
         "weights that fit x");
  expect(r.size() == s.rows() && kept.size() == s.rows() * 3 * s.width() && read.size() == s.rows() * s.width() &&
             sums.size() == s.rows() * s.H,
         "what the forward pass kept");
  const Tensor dx = call.output(0, x.shape());
  attention_backward(pool(), s, addends_of(x, b, c), y.data(), {kept.data(), read.data(), sums.data(), r.data()},
                     dy.data(), qkv.data(), out.data(), rotary_of(s, cos, sin), dx.data(), d_qkv.data(), d_out.data());
}

}  // namespace

void define_attention() {
  define({"RecurlabAttention",
          {"x", "qkv", "out", "cos", "sin", "b", "c"},
          {"y", "r", "kept", "read", "sums"},
          {"heads: int", "save: bool"},
          attention});
  define({"RecurlabAttentionGrad",
          {"x", "y", "r", "kept", "read", "sums", "dy", "qkv", "out", "cos", "sin", "d_qkv", "d_out", "b", "c"},
          {"dx"},
          {"heads: int"},
          attention_gradient});
}

}  // namespace recurlab
