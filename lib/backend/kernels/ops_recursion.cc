// A recursion as one operation, and its gradient as another. The inputs list two weights per sublayer; sublayers that
// mix tokens alternate with sublayers that mix channels.
#include <algorithm>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "ops.h"
#include "recursion.h"
#include "sublayers.h"
#include "sublayers_half.h"
#include "tensorflow.h"

namespace recurlab {
namespace {

/**
 * Columns of a row of `program`: an assignment, and the index of the end that its state is, or -1. lib/model/fused.ts
 * writes them.
 */
constexpr int64_t PROGRAM_COLUMNS = 6;

Program program_of(const Tensor& rows, int64_t given, int64_t ends, int64_t sublayers) {
  expect(rows.rank() == 2 && rows.dim(1) == PROGRAM_COLUMNS && rows.dim(0) > 0, "a program of assignments");
  Program program{given, {}, std::vector<int64_t>(ends, NO_STATE)};
  for (int64_t i = 0; i < rows.dim(0); i++) {
    int64_t row[PROGRAM_COLUMNS];
    std::copy_n(rows.data() + i * PROGRAM_COLUMNS, PROGRAM_COLUMNS, row);
    const auto [first, count, a, b, c, end] = row;
    expect(first >= 0 && count >= 0 && first + count <= sublayers, "existing sublayers");
    // Sublayers that mix channels take a single addend.
    expect(count == 0 || first % 2 == 0, "a network that mixes tokens first");
    const int64_t known = program.states();
    expect(a >= 0 && a < known && b >= NO_STATE && b < known && c >= NO_STATE && c < known, "earlier states");
    expect(b != NO_STATE || c == NO_STATE, "a second addend before a third");
    expect(a != b && a != c && (b != c || b == NO_STATE), "distinct addends");
    expect(end >= -1 && end < ends, "existing ends");
    if (end >= 0) program.ends[end] = known;
    program.assignments.push_back({first, count, {a, b, c}});
  }
  for (const int64_t end : program.ends) expect(end != NO_STATE, "an assignment for each end");
  return program;
}

/** Values of the attribute `limbs`; 0 stands for float32 vectors. */
enum class Limbs : int64_t { vectors = 0, rounded = 1, exact = 3 };

/** Creates sublayers of one kind, and returns the sizes of their weights. */
struct Maker {
  WeightSizes (*weight_sizes)(const SublayerSizes&);
  std::unique_ptr<Sublayer> (*make)(const SublayerSizes&, const SublayerWeights&, const Rotary&);

  template <class S>
  static Maker of() {
    return {&S::weight_sizes, [](const SublayerSizes& sizes, const SublayerWeights& weights, const Rotary& rotary) {
              return std::unique_ptr<Sublayer>(new S(sizes, weights, rotary));
            }};
  }
};

/** The kinds of sublayers that mix tokens and channels. */
struct Makers {
  Maker tokens, channels;

  template <class T, class A, class C>
  static Makers of(bool attention) {
    return {attention ? Maker::of<A>() : Maker::of<T>(), Maker::of<C>()};
  }
};

Makers makers_of(Limbs limbs, bool attention) {
  switch (limbs) {
    case Limbs::vectors: return Makers::of<Tokens, Attention, Channels>(attention);
#if defined(RECURLAB_HALF)
    case Limbs::rounded:
      return Makers::of<TokensHalf<ROUNDED>, AttentionHalf<ROUNDED>, ChannelsHalf<ROUNDED>>(attention);
    case Limbs::exact: return Makers::of<TokensHalf<EXACT>, AttentionHalf<EXACT>, ChannelsHalf<EXACT>>(attention);
#endif
    default: throw std::runtime_error("expected limbs that this processor supports");
  }
}

/** The sublayers of a call with the tensors that they read. */
struct Networks {
  std::vector<Tensor> weights, gradients;
  std::vector<std::unique_ptr<Sublayer>> sublayers;
  /** Sizes of the gradients. */
  std::vector<int64_t> sizes;
};

/**
 * Creates the sublayers of a call.
 *
 * @param x [B, L, D]
 * @param cos, sin [L, d], or empty without a rotary embedding
 * @param from index of the first weight input: two per sublayer; with gradients, two more for the backward pass,
 *   followed by the sums of all gradients
 */
Networks networks_of(const Call& call, const Tensor& x, const Tensor& cos, const Tensor& sin, int64_t from,
                     bool with_gradients) {
  const int64_t count = call.attributes["sublayers"], heads = call.attributes["heads"], L = x.dim(1), D = x.dim(2);
  const SublayerSizes tokens{L, D, call.attributes["mixing"], heads}, channels{L, D, call.attributes["inner"], heads};
  expect(tokens.inner > 0 && channels.inner > 0, "inner sizes");
  expect(heads >= 0 && (heads == 0 || tokens.inner % heads == 0), "heads that divide the width");
  Rotary rotary{nullptr, nullptr};
  if (cos.size() > 0) {
    const int64_t d = tokens.inner / std::max<int64_t>(1, heads);
    expect(heads > 0 && cos.size() == L * d && sin.size() == cos.size() && d % 2 == 0, "cosines and sines [L, d]");
    rotary = {cos.data(), sin.data()};
  }
  const int64_t each = with_gradients ? 4 : 2;
  Networks networks{call.inputs(from, each * count), {}, {}, {}};
  if (with_gradients) networks.gradients = call.inputs(from + each * count, 2 * count);
  const Makers makers = makers_of(static_cast<Limbs>(call.attributes["limbs"]), heads > 0);
  for (int64_t i = 0; i < count; i++) {
    const Maker& maker = i % 2 == 0 ? makers.tokens : makers.channels;
    const SublayerSizes& sizes = i % 2 == 0 ? tokens : channels;
    const WeightSizes expected = maker.weight_sizes(sizes);
    const Tensor* const w = &networks.weights[each * i];
    expect(w[0].size() == expected.first && w[1].size() == expected.second, "weights that fit x");
    SublayerWeights weights{w[0].data(), w[1].data()};
    if (with_gradients) {
      expect(w[2].size() == expected.first_back && w[3].size() == expected.second_back, "weights of both passes");
      const Tensor *const d_first = &networks.gradients[2 * i], *const d_second = d_first + 1;
      expect(d_first->size() == expected.d_first && d_second->size() == expected.d_second, "sums of the weights' sizes");
      weights.first_back = w[2].data();
      weights.second_back = w[3].data();
      networks.sizes.insert(networks.sizes.end(), {expected.d_first, expected.d_second});
    }
    networks.sublayers.push_back(maker.make(sizes, weights, rotary));
  }
  return networks;
}

/** Returns the addresses of the given states, x first. */
std::vector<const float*> given_of(const Tensor& first, const std::vector<Tensor>& others) {
  std::vector<const float*> all{first.data()};
  for (const Tensor& other : others) {
    expect(other.size() == first.size(), "states of x's size");
    all.push_back(other.data());
  }
  return all;
}

void recurse(const Call& call) {
  const int64_t latents = call.attributes["latents"], ends = call.attributes["ends"];
  const Tensor rows = call.input(0), x = call.input(1), cos = call.input(2), sin = call.input(3);
  const std::vector<Tensor> start = call.inputs(4, latents);
  expect(x.rank() == 3, "x [B, L, D]");
  const std::vector<const float*> given = given_of(x, start);
  const Program program = program_of(rows, 1 + latents, ends, call.attributes["sublayers"]);
  const Networks networks = networks_of(call, x, cos, sin, 4 + latents, false);
  const Recursion recursion(program, networks.sublayers, x.dim(1) * x.dim(2));
  std::vector<Tensor> outputs;
  std::vector<float*> written;
  for (int64_t i = 0; i < ends; i++) {
    outputs.push_back(call.output(static_cast<int>(i), x.shape()));
    written.push_back(outputs.back().data());
  }
  const bool save = call.attributes["save"];
  const Tensor tape = call.output_in_block(static_cast<int>(ends), save ? recursion.tape_size(pool(), x.dim(0)) : 0);
  recursion.forward(pool(), x.dim(0), given, written, save ? tape.data() : nullptr);
}

void recurse_gradient(const Call& call) {
  const int64_t latents = call.attributes["latents"], ends = call.attributes["ends"];
  const Tensor rows = call.input(0), x = call.input(1), cos = call.input(2), sin = call.input(3);
  const Tensor tape = call.input(4), dy = call.input(5);
  const std::vector<Tensor> start = call.inputs(6, latents), end = call.inputs(6 + latents, ends);
  expect(x.rank() == 3 && dy.size() == x.size(), "x and dy [B, L, D]");
  const std::vector<const float*> given = given_of(x, start);
  std::vector<float*> made;
  for (const Tensor& each : end) {
    expect(each.size() == x.size(), "states of x's size");
    made.push_back(each.data());
  }
  const Program program = program_of(rows, 1 + latents, ends, call.attributes["sublayers"]);
  const Networks networks = networks_of(call, x, cos, sin, 6 + latents + ends, true);
  const Recursion recursion(program, networks.sublayers, x.dim(1) * x.dim(2));
  expect(tape.size() == recursion.tape_size(pool(), x.dim(0)), "the tape of the forward pass");
  std::vector<float*> gradients;
  for (const Tensor& gradient : networks.gradients) gradients.push_back(gradient.data());
  const Tensor dx = call.output(0, x.shape());
  recursion.backward(pool(), x.dim(0), given, made, tape.data(), dy.data(), dx.data(), gradients, networks.sizes);
}

/** Returns unused memory to the system: cached blocks, and free memory of the allocator. */
void free_memory(const Call& call) {
  *call.output(0, {1}).data() = static_cast<float>(blocks().clear());
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

void define_recursion() {
  define({"RecurlabFreeMemory", {}, {"bytes"}, {}, free_memory});
  std::vector<const char*> attributes = {"latents: int", "ends: int",  "sublayers: int", "weights: int", "limbs: int",
                                         "mixing: int",  "inner: int", "heads: int"};
  define({"RecurlabRecurseGrad",
          {"program", "x", "cos", "sin", "tape", "dy", "start: latents * float", "made: ends * float",
           "networks: weights * float"},
          {"dx"},
          attributes,
          recurse_gradient});
  attributes.push_back("save: bool");
  define({"RecurlabRecurse",
          {"program", "x", "cos", "sin", "start: latents * float", "networks: weights * float"},
          {"made: ends * float", "tape"},
          attributes,
          recurse});
}

}  // namespace recurlab
