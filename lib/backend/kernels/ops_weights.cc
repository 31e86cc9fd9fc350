// Layouts of weights for the kernels, and of gradients for TensorFlow. TensorFlow.js has no bfloat16 type: pieces are
// stored in float32 tensors of half the length, which only these operations read.
#include "ops.h"
#include "sublayers.h"
#include "sublayers_half.h"
#include "tensorflow.h"

namespace recurlab {
namespace {

/** Layout of a weight for a kernel; lib/model/fused-weights.ts uses the same numbers. */
enum class Layout : int64_t { channel_gate_up, panels, panels_transposed, token_gate_up, left, left_transposed };

void pack(const Call& call) {
  const Tensor weight = call.input(0);
  expect(weight.rank() == 2, "a matrix");
  const int64_t rows = weight.dim(0), columns = weight.dim(1);
  const float* w = weight.data();
  switch (static_cast<Layout>(call.attributes["layout"])) {
    case Layout::channel_gate_up: {
      const Tensor packed = call.output(0, {channel_gate_up_size(columns, rows / 2)});
      pack_channel_gate_up(pool(), packed.data(), w, columns, rows / 2);
      return;
    }
    case Layout::panels: {
      const Tensor packed = call.output(0, {panels_size(rows, columns)});
      pack_matrix(pool(), packed.data(), w, rows, columns, false);
      return;
    }
    case Layout::panels_transposed: {
      const Tensor packed = call.output(0, {panels_size(columns, rows)});
      pack_matrix(pool(), packed.data(), w, columns, rows, true);
      return;
    }
    case Layout::token_gate_up: {
      const Tensor packed = call.output(0, {rows * columns});
      pack_token_gate_up(packed.data(), w, columns, rows / 2);
      return;
    }
    case Layout::left: {
      const Tensor packed = call.output(0, {rows * columns});
      pack_left(packed.data(), rows, columns, [=](int64_t i, int64_t k) { return w[i * columns + k]; });
      return;
    }
    case Layout::left_transposed: {
      const Tensor packed = call.output(0, {rows * columns});
      pack_left(packed.data(), columns, rows, [=](int64_t i, int64_t k) { return w[k * columns + i]; });
      return;
    }
  }
  throw std::runtime_error("expected a layout from 0 to 5");
}

/** Units for bfloat16 products: none, dot products (AVX-512 BF16), matrix tiles (AMX). */
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

/** Calls f with the attribute `limbs` as a compile-time constant. */
template <class F>
void with_limbs(const Call& call, F&& f) {
  const int64_t limbs = call.attributes["limbs"];
  expect(limbs == ROUNDED || limbs == EXACT, "1 or 3 limbs");
  if (limbs == ROUNDED) return f(std::integral_constant<int, ROUNDED>{});
  f(std::integral_constant<int, EXACT>{});
}

void pack_half(const Call& call) {
  const Tensor weight = call.input(0);
  const int64_t parts = call.attributes["parts"], layout = call.attributes["layout"];
  expect(weight.rank() == 2 && parts > 0 && weight.dim(0) % parts == 0, "a matrix of equal parts");
  expect(layout >= 0 && layout <= 3, "a layout from 0 to 3");
  const int64_t rows = weight.dim(0), columns = weight.dim(1);
  with_limbs(call, [&](auto limbs) {
    const Tensor packed = call.output(0, {floats_of(parts * pieces_size(limbs, rows / parts, columns))});
    pack_half_weight<limbs>(pool(), reinterpret_cast<half*>(packed.data()), weight.data(), rows, columns, parts, static_cast<HalfLayout>(layout));
  });
}

void unpack_half(const Call& call) {
  const Tensor sums = call.input(0);
  const int64_t rows = call.attributes["rows"], columns = call.attributes["columns"], parts = call.attributes["parts"];
  expect(rows > 0 && columns > 0 && parts > 0 && rows % parts == 0, "a matrix of equal parts");
  expect(sums.size() == parts * sums_size(rows / parts, columns), "sums that fit the matrix");
  const Tensor gradient = call.output(0, {rows, columns});
  unpack_half_gradient(pool(), sums.data(), rows, columns, parts, call.attributes["transposed"], gradient.data());
}

#endif

}  // namespace

void define_weights() {
  define({"RecurlabPack", {"weight"}, {"packed"}, {"layout: int"}, pack});
  define({"RecurlabHalfUnits", {}, {"units"}, {}, units});
#if defined(RECURLAB_HALF)
  define({"RecurlabHalfPack", {"weight"}, {"packed"}, {"limbs: int", "layout: int", "parts: int"}, pack_half});
  define({"RecurlabHalfUnpack",
          {"sums"},
          {"gradient"},
          {"rows: int", "columns: int", "parts: int", "transposed: bool"},
          unpack_half});
#endif
}

}  // namespace recurlab
