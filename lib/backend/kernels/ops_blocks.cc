// The SwiGLU blocks as operations.
#include "channels.h"
#include "ops.h"
#include "ops_inputs.h"
#include "tensorflow.h"
#include "tokens.h"

namespace recurlab {
namespace {

/** How a weight is laid out for a kernel; lib/model/fused-weights.ts names the same numbers. */
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

ChannelSizes channel_sizes(const Tensor& x, const Tensor& down) {
  expect(x.rank() == 3, "x [B, L, D]");
  const int64_t D = x.dim(2), I = down.size() / round_up(D, W);
  return {x.dim(0) * x.dim(1), D, I};
}

void channels(const Call& call) {
  const Tensor x = call.input(0), gate_up = call.input(1), down = call.input(2);
  const ChannelSizes sizes = channel_sizes(x, down);
  const auto [rows, D, I] = sizes;
  expect(gate_up.size() == channel_gate_up_size(D, I), "weights that fit x");
  const bool save = call.attributes["save"];
  const Tensor y = call.output(0, x.shape());
  const bool keep = save && channels_keep(D);
  const Tensor r = call.output(1, {save ? rows : 0}), saved = call.output(2, {keep ? rows * 2 * I : 0});
  channels_forward(pool(), sizes, x.data(), gate_up.data(), down.data(), y.data(), save ? r.data() : nullptr,
                   keep ? saved.data() : nullptr);
}

void channels_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), saved = call.input(3), dy = call.input(4);
  const Tensor gate_up = call.input(5), down = call.input(6), forward = call.input(7);
  const Tensor d_gate_up = call.input(8), d_down = call.input(9);
  expect(x.rank() == 3 && y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  const int64_t D = x.dim(2), I = d_down.size() / D, rows = x.dim(0) * x.dim(1);
  expect(d_gate_up.size() == 2 * I * D && d_down.size() == D * I, "gradients of the weights' sizes");
  expect(gate_up.size() == panels_size(2 * I, D) && down.size() == panels_size(D, I), "weights that fit x");
  expect(forward.size() == channel_gate_up_size(D, I), "the forward pass's weights");
  const bool keep = channels_keep(D);
  expect(r.size() == rows && saved.size() == (keep ? rows * 2 * I : 0), "what the forward pass kept");
  const Tensor dx = call.output(0, x.shape());
  channels_backward(pool(), {rows, D, I},
                    {x.data(), y.data(), r.data(), keep ? saved.data() : nullptr, down.data(), gate_up.data(),
                     forward.data()},
                    dy.data(), dx.data(), d_gate_up.data(), d_down.data());
}

TokenSizes token_sizes(const Tensor& x, const Tensor& down) {
  expect(x.rank() == 3, "x [B, L, D]");
  return {x.dim(0), x.dim(1), x.dim(2), down.size() / x.dim(1)};
}

void tokens(const Call& call) {
  const Tensor x = call.input(0), gate_up = call.input(1), down = call.input(2), b = call.input(3), c = call.input(4);
  const TokenSizes sizes = token_sizes(x, down);
  expect(down.size() == sizes.L * sizes.I && gate_up.size() == 2 * sizes.I * sizes.L, "weights that fit x");
  const bool save = call.attributes["save"];
  const Tensor y = call.output(0, x.shape());
  const Tensor r = call.output(1, {save ? sizes.B * sizes.D : 0});
  const bool keep = save && tokens_keep(sizes.L);
  const Tensor saved = call.output(2, {keep ? token_saved_size(sizes) : 0});
  tokens_forward(pool(), sizes, addends_of(x, b, c), gate_up.data(), down.data(), y.data(), save ? r.data() : nullptr,
                 keep ? saved.data() : nullptr);
}

void tokens_gradient(const Call& call) {
  const Tensor x = call.input(0), y = call.input(1), r = call.input(2), saved = call.input(3), dy = call.input(4);
  const Tensor gate_up = call.input(5), down = call.input(6), forward = call.input(7);
  const Tensor d_gate_up = call.input(8), d_down = call.input(9), b = call.input(10), c = call.input(11);
  const TokenSizes sizes = token_sizes(x, down);
  expect(y.size() == x.size() && dy.size() == x.size(), "x, y and dy [B, L, D]");
  expect(down.size() == sizes.L * sizes.I && gate_up.size() == 2 * sizes.I * sizes.L, "weights that fit x");
  expect(d_gate_up.size() == gate_up.size() && d_down.size() == down.size(), "gradients of the weights' sizes");
  expect(forward.size() == gate_up.size(), "the forward pass's weights");
  const bool keep = tokens_keep(sizes.L);
  expect(r.size() == sizes.B * sizes.D && saved.size() == (keep ? token_saved_size(sizes) : 0),
         "what the forward pass kept");
  const Tensor dx = call.output(0, x.shape());
  tokens_backward(pool(), sizes,
                  {addends_of(x, b, c), y.data(), r.data(), keep ? saved.data() : nullptr, down.data(), gate_up.data(),
                   forward.data()},
                  dy.data(), dx.data(), d_gate_up.data(), d_down.data());
}

}  // namespace

void define_blocks() {
  define({"RecurlabPack", {"weight"}, {"packed"}, {"layout: int"}, pack});
  define({"RecurlabChannels", {"x", "gate_up", "down"}, {"y", "r", "saved"}, {"save: bool"}, channels});
  define({"RecurlabTokens", {"x", "gate_up", "down", "b", "c"}, {"y", "r", "saved"}, {"save: bool"}, tokens});
  std::vector<const char*> inputs = {"x", "y", "r", "saved", "dy", "gate_up", "down", "forward", "d_gate_up", "d_down"};
  define({"RecurlabChannelsGrad", inputs, {"dx"}, {}, channels_gradient});
  inputs.insert(inputs.end(), {"b", "c"});
  define({"RecurlabTokensGrad", inputs, {"dx"}, {}, tokens_gradient});
}

}  // namespace recurlab
