// The blocks out of pieces of bfloat16 as operations, with one limb a number or with three (see half.h). TensorFlow.js has no
// such type: pieces of bfloat16 lie in tensors of half as many float32, which nothing but these operations reads.
#include "attention_half.h"
#include "ops.h"
#include "ops_inputs.h"
#include "tensorflow.h"
#include "tokens_half.h"

namespace recurlab {
namespace {

/** What the processor computes in bfloat16 with: nothing, dot products (AVX-512 BF16), matrix tiles (AMX). */
enum class HalfUnits { none, dots, tiles };

void units(const Call& call) {
#if defined(RECURLAB_HALF)
  const HalfUnits found = has_tiles() ? HalfUnits::tiles : HalfUnits::dots;
#else
  const HalfUnits found = HalfUnits::none;
#endif
  *call.output(0, {1}).data() = static_cast<float>(found);
}

#if defined(RECURLAB_HALF)

/** Numbers of a tensor that holds so many bfloat16. */
constexpr int64_t floats_of(int64_t halves) { return (halves + 1) / 2; }

half* halves_of(const Tensor& tensor) { return reinterpret_cast<half*>(tensor.data()); }

/** Calls f with the attribute `limbs`, as a number that the compiler knows. */
template <class F>
void with_limbs(const Call& call, F&& f) {
  const int64_t limbs = call.attributes["limbs"];
  expect(limbs == ROUNDED || limbs == EXACT, "1 or 3 limbs");
  if (limbs == ROUNDED) return f(std::integral_constant<int, ROUNDED>{});
  f(std::integral_constant<int, EXACT>{});
}

void pack(const Call& call) {
  const Tensor weight = call.input(0);
  const int64_t parts = call.attributes["parts"], layout = call.attributes["layout"];
  expect(weight.rank() == 2 && parts > 0 && weight.dim(0) % parts == 0, "a matrix of equal parts");
  expect(layout >= 0 && layout <= 3, "a layout from 0 to 3");
  const int64_t rows = weight.dim(0), columns = weight.dim(1);
  with_limbs(call, [&](auto limbs) {
    const Tensor packed = call.output(0, {floats_of(parts * pieces_size(limbs, rows / parts, columns))});
    pack_half_weight<limbs>(pool(), halves_of(packed), weight.data(), rows, columns, parts, static_cast<HalfLayout>(layout));
  });
}

void unpack(const Call& call) {
  const Tensor sums = call.input(0);
  const int64_t rows = call.attributes["rows"], columns = call.attributes["columns"], parts = call.attributes["parts"];
  expect(rows > 0 && columns > 0 && parts > 0 && rows % parts == 0, "a matrix of equal parts");
  expect(sums.size() == parts * sums_size(rows / parts, columns), "sums that fit the matrix");
  const Tensor gradient = call.output(0, {rows, columns});
  unpack_half_gradient(pool(), sums.data(), rows, columns, parts, call.attributes["transposed"], gradient.data());
}

void expect_weights(const Call& call, const Tensor& first, int64_t rows, int64_t columns, int64_t parts,
                    const Tensor& second, int64_t out, int64_t in) {
  const int64_t limbs = call.attributes["limbs"];
  expect(first.size() == floats_of(parts * pieces_size(limbs, rows / parts, columns)) &&
             second.size() == floats_of(pieces_size(limbs, out, in)),
         "weights that fit x");
}

void channels(const Call& call) {
  const Tensor x = call.input(0), gate_up = call.input(1), down = call.input(2);
  expect(x.rank() == 3, "x [B, L, D]");
  const int64_t rows = x.dim(0) * x.dim(1), D = x.dim(2), I = call.attributes["inner"];
  expect_weights(call, gate_up, 2 * I, D, 2, down, D, I);
  const bool save = call.attributes["save"];
  const Tensor y = call.output(0, x.shape()), r = call.output(1, {save ? rows : 0});
  with_limbs(call, [&](auto limbs) {
    channels_half_forward<limbs>(pool(), {rows, D, I}, x.data(),
                                 {halves_of(gate_up), nullptr, halves_of(down), nullptr}, y.data(),
                                 save ? r.data() : nullptr);
  });
}

void channels_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), dy = call.input(3), gate_up_back = call.input(4);
  const Tensor down_back = call.input(5), gate_up = call.input(6), d_gate_up = call.input(7), d_down = call.input(8);
  expect(x.rank() == 3 && y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  const int64_t rows = x.dim(0) * x.dim(1), D = x.dim(2), I = call.attributes["inner"];
  expect(r.size() == rows, "what the forward pass kept");
  expect_weights(call, gate_up, 2 * I, D, 2, down_back, D, I);
  expect(gate_up_back.size() == gate_up.size(), "the weights of both passes");
  expect(d_gate_up.size() == 2 * sums_size(D, I) && d_down.size() == sums_size(D, I), "sums of the weights' sizes");
  const Tensor dx = call.output(0, x.shape());
  with_limbs(call, [&](auto limbs) {
    channels_half_backward<limbs>(pool(), {rows, D, I}, x.data(), y.data(), r.data(),
                                  {halves_of(gate_up), halves_of(gate_up_back), nullptr, halves_of(down_back)}, dy.data(),
                                  dx.data(), d_gate_up.data(), d_down.data());
  });
}

void tokens(const Call& call) {
  const Tensor x = call.input(0), gate_up = call.input(1), down = call.input(2), b = call.input(3), c = call.input(4);
  expect(x.rank() == 3, "x [B, L, D]");
  const TokenSizes s{x.dim(0), x.dim(1), x.dim(2), call.attributes["inner"]};
  expect_weights(call, gate_up, 2 * s.I, s.L, 2, down, s.L, s.I);
  const bool save = call.attributes["save"];
  const Tensor y = call.output(0, x.shape()), r = call.output(1, {save ? s.B * s.D : 0});
  with_limbs(call, [&](auto limbs) {
    tokens_half_forward<limbs>(pool(), s, addends_of(x, b, c),
                               {halves_of(gate_up), nullptr, halves_of(down), nullptr}, y.data(),
                               save ? r.data() : nullptr);
  });
}

void tokens_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), dy = call.input(3), gate_up_back = call.input(4);
  const Tensor down_back = call.input(5), gate_up = call.input(6), d_gate_up = call.input(7), d_down = call.input(8);
  const Tensor b = call.input(9), c = call.input(10);
  expect(x.rank() == 3 && y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  const TokenSizes s{x.dim(0), x.dim(1), x.dim(2), call.attributes["inner"]};
  expect(r.size() == s.B * s.D, "what the forward pass kept");
  expect_weights(call, gate_up, 2 * s.I, s.L, 2, down_back, s.L, s.I);
  expect(gate_up_back.size() == gate_up.size(), "the weights of both passes");
  expect(d_gate_up.size() == 2 * sums_size(s.I, s.L) && d_down.size() == sums_size(s.I, s.L),
         "sums of the weights' sizes");
  const Tensor dx = call.output(0, x.shape());
  with_limbs(call, [&](auto limbs) {
    tokens_half_backward<limbs>(pool(), s, addends_of(x, b, c), y.data(), r.data(),
                                {halves_of(gate_up), halves_of(gate_up_back), nullptr, halves_of(down_back)}, dy.data(),
                                dx.data(), d_gate_up.data(), d_down.data());
  });
}

/** Floats of a tensor that holds so many numbers between two products. */
template <int LIMBS>
constexpr int64_t kept_floats(int64_t numbers) {
  return LIMBS == ROUNDED ? floats_of(numbers) : numbers;
}

template <int LIMBS>
Kept<LIMBS>* kept_of(const Tensor& tensor) {
  return reinterpret_cast<Kept<LIMBS>*>(tensor.data());
}

AttentionSizes attention_sizes(const Call& call, const Tensor& x) {
  expect(x.rank() == 3, "x [B, L, D]");
  const int64_t H = call.attributes["heads"], width = call.attributes["inner"];
  expect(H > 0 && width % H == 0, "heads that divide the width");
  return {x.dim(0), x.dim(1), x.dim(2), H, width / H};
}

void attention(const Call& call) {
  const Tensor x = call.input(0), qkv = call.input(1), out = call.input(2), cos = call.input(3), sin = call.input(4);
  const Tensor b = call.input(5), c = call.input(6);
  const AttentionSizes s = attention_sizes(call, x);
  expect_weights(call, qkv, 3 * s.width(), s.D, 1, out, s.D, s.width());
  const bool save = call.attributes["save"];
  const int64_t rows = save ? s.rows() : 0;
  const Tensor y = call.output(0, x.shape()), r = call.output(1, {rows});
  const Tensor sums = call.output(4, {rows * s.H});
  with_limbs(call, [&](auto limbs) {
    const Tensor kept = call.output(2, {kept_floats<limbs>(rows * 3 * s.width())});
    const Tensor read = call.output(3, {kept_floats<limbs>(rows * s.width())});
    const AttentionHalfTape<limbs> tape{kept_of<limbs>(kept), kept_of<limbs>(read), sums.data(), r.data()};
    attention_half_forward<limbs>(pool(), s, addends_of(x, b, c), {halves_of(qkv), nullptr, halves_of(out), nullptr},
                                  rotary_of(s, cos, sin), y.data(), save ? &tape : nullptr);
  });
}

void attention_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), kept = call.input(3), read = call.input(4);
  const Tensor sums = call.input(5), dy = call.input(6), qkv_back = call.input(7), out_back = call.input(8);
  const Tensor cos = call.input(9), sin = call.input(10), d_qkv = call.input(11), d_out = call.input(12);
  const Tensor b = call.input(13), c = call.input(14);
  const AttentionSizes s = attention_sizes(call, x);
  expect(y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  expect_weights(call, qkv_back, 3 * s.width(), s.D, 1, out_back, s.D, s.width());
  expect(d_qkv.size() == sums_size(s.D, 3 * s.width()) && d_out.size() == sums_size(s.D, s.width()),
         "sums of the weights' sizes");
  const Tensor dx = call.output(0, x.shape());
  with_limbs(call, [&](auto limbs) {
    expect(r.size() == s.rows() && kept.size() == kept_floats<limbs>(s.rows() * 3 * s.width()) &&
               read.size() == kept_floats<limbs>(s.rows() * s.width()) && sums.size() == s.rows() * s.H,
           "what the forward pass kept");
    attention_half_backward<limbs>(pool(), s, addends_of(x, b, c), y.data(),
                                   {kept_of<limbs>(kept), kept_of<limbs>(read), sums.data(), r.data()}, dy.data(),
                                   {nullptr, halves_of(qkv_back), nullptr, halves_of(out_back)},
                                   rotary_of(s, cos, sin), dx.data(), d_qkv.data(), d_out.data());
  });
}

#endif

}  // namespace

void define_half() {
  define({"RecurlabHalfUnits", {}, {"units"}, {}, units});
#if defined(RECURLAB_HALF)
  define({"RecurlabHalfPack", {"weight"}, {"packed"}, {"limbs: int", "layout: int", "parts: int"}, pack});
  define({"RecurlabHalfUnpack",
          {"sums"},
          {"gradient"},
          {"rows: int", "columns: int", "parts: int", "transposed: bool"},
          unpack});
  std::vector<const char*> inputs = {"x", "y", "r", "dy", "gate_up_back", "down_back", "gate_up", "d_gate_up", "d_down"};
  const std::vector<const char*> attributes = {"limbs: int", "inner: int", "save: bool"};
  define({"RecurlabChannelsHalf", {"x", "gate_up", "down"}, {"y", "r"}, attributes, channels});
  define({"RecurlabTokensHalf", {"x", "gate_up", "down", "b", "c"}, {"y", "r"}, attributes, tokens});
  define({"RecurlabChannelsHalfGrad", inputs, {"dx"}, {"limbs: int", "inner: int"}, channels_gradient});
  inputs.insert(inputs.end(), {"b", "c"});
  define({"RecurlabTokensHalfGrad", inputs, {"dx"}, {"limbs: int", "inner: int"}, tokens_gradient});
  define({"RecurlabAttentionHalf",
          {"x", "qkv", "out", "cos", "sin", "b", "c"},
          {"y", "r", "kept", "read", "sums"},
          {"limbs: int", "inner: int", "heads: int", "save: bool"},
          attention});
  define({"RecurlabAttentionHalfGrad",
          {"x", "y", "r", "kept", "read", "sums", "dy", "qkv", "out", "cos", "sin", "d_qkv", "d_out", "b", "c"},
          {"dx"},
          {"limbs: int", "inner: int", "heads: int"},
          attention_gradient});
#endif
}

}  // namespace recurlab
