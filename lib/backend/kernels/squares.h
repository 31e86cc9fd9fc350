// Sums of the squares of many tensors in one pass; they compute the same as lib/train/squares.ts.
#pragma once
#include <algorithm>
#include <vector>

#include "pool.h"
#include "simd.h"

namespace recurlab {

/** The elements of one tensor. */
struct Elements {
  const float* data;
  int64_t size;
};

/** Elements per task. */
constexpr int64_t SQUARES_PIECE = 1 << 14;

/** Writes the sum of squares of each tensor; NaN and infinity remain in it. Its bits do not depend on the threads. */
inline void sums_of_squares(Pool& pool, const std::vector<Elements>& tensors, float* sums) {
  struct Piece {
    const float* data;
    int64_t size;
    double sum;
  };
  std::vector<Piece> pieces;
  for (const Elements& tensor : tensors)
    for (int64_t at = 0; at < tensor.size; at += SQUARES_PIECE)
      pieces.push_back({tensor.data + at, std::min(SQUARES_PIECE, tensor.size - at), 0});
  pool.run(static_cast<int64_t>(pieces.size()), [&](int64_t task) {
    Piece& piece = pieces[task];
    // Four sums in turn: additions to a single one would wait for each other.
    vec partial[4] = {};
    for (int64_t i = 0; i < piece.size; i += W) {
      const vec x = load_up_to(piece.data + i, piece.size - i);
      partial[i / W % 4] += x * x;
    }
    piece.sum = static_cast<double>(sum(partial[0] + partial[1] + (partial[2] + partial[3])));
  });
  const Piece* piece = pieces.data();
  for (size_t i = 0; i < tensors.size(); i++) {
    double total = 0;
    for (int64_t left = tensors[i].size; left > 0; left -= SQUARES_PIECE) total += piece++->sum;
    sums[i] = static_cast<float>(total);
  }
}

}  // namespace recurlab
