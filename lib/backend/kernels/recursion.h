// A recursion, in which networks compute hidden states from sums of others, and its gradient.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "blocks.h"
#include "sublayer.h"

namespace recurlab {

constexpr int64_t NO_STATE = -1;

/** One assignment, state ← net(a + (b + c)). */
struct Assignment {
  /** Range of the network's sublayers; without any, the new state is the sum. */
  int64_t first, count;
  /** Numbers of distinct states; the last two may be NO_STATE. */
  std::array<int64_t, 3> addends;
};

/** A list of assignments. States are numbered: the given ones, x first, then one per assignment. */
struct Program {
  int64_t given;
  std::vector<Assignment> assignments;
  /** The resulting states, each of a different assignment; only the first has a gradient. */
  std::vector<int64_t> ends;

  int64_t states() const { return given + static_cast<int64_t>(assignments.size()); }
};

/** A pool of buffers of one size. */
class Buffers {
 public:
  explicit Buffers(int64_t floats) : bytes_(floats * sizeof(float)) {}
  ~Buffers() {
    for (const Block& block : all_) blocks().give_back(block);
  }
  Buffers(const Buffers&) = delete;
  float* take() {
    if (free_.empty()) {
      all_.push_back(blocks().take(bytes_));
      free_.push_back(static_cast<float*>(all_.back().data));
    }
    float* const buffer = free_.back();
    free_.pop_back();
    return buffer;
  }
  void give_back(float* buffer) { free_.push_back(buffer); }

 private:
  const size_t bytes_;
  std::vector<Block> all_;
  std::vector<float*> free_;
};

namespace detail {

/** Calls f(first, n) for consecutive ranges of `size` elements, in parallel. */
template <class F>
void by_pieces(Pool& pool, int64_t size, F&& f) {
  constexpr int64_t PIECE_SIZE = 1 << 14;
  pool.run((size + PIECE_SIZE - 1) / PIECE_SIZE,
           [&](int64_t i) { f(i * PIECE_SIZE, std::min(PIECE_SIZE, size - i * PIECE_SIZE)); });
}

inline void add(Pool& pool, int64_t size, const float* from, float* to) {
  by_pieces(pool, size, [=](int64_t i, int64_t n) { sum_rows({to + i, from + i}, 1, n, n, to + i, n); });
}

inline void copy(Pool& pool, int64_t size, const float* from, float* to) {
  by_pieces(pool, size, [=](int64_t i, int64_t n) { std::memcpy(to + i, from + i, n * sizeof(float)); });
}

}  // namespace detail

/** A program with its networks. */
class Recursion {
 public:
  /** @param row number of elements in one row of a state, L · D */
  Recursion(const Program& program, const std::vector<std::unique_ptr<Sublayer>>& sublayers, int64_t row)
      : program_(program), sublayers_(sublayers), row_(row) {}

  /** Returns the number of floats that the backward pass of B rows needs. */
  int64_t tape_size(const Pool& pool, int64_t B) const {
    const Parts parts = parts_on_tape(pool, B);
    return tape_begin(parts, parts.count);
  }

  /**
   * Runs the program.
   *
   * @param given [B, L, D] each
   * @param ends [B, L, D] each, output
   * @param tape output; null when no gradient is needed
   */
  void forward(Pool& pool, int64_t B, const std::vector<const float*>& given, const std::vector<float*>& ends,
               float* tape) const {
    const Parts parts = tape ? parts_on_tape(pool, B) : parts_alone(pool, B);
    each(pool, parts, [&](Pool& own, int64_t part) {
      const int64_t rows = parts.rows(part), numbers = parts.begin(part) * row_;
      if (tape)
        forward_on_tape(own, rows, at(given, numbers), at(ends, numbers), tape + tape_begin(parts, part));
      else
        forward_alone(own, rows, at(given, numbers), at(ends, numbers));
    });
  }

  /**
   * Runs the backward pass.
   *
   * @param given, ends, tape of the forward pass
   * @param dy [B, L, D], gradient of the first end; the other ends are constants
   * @param dx [B, L, D], gradient of x, output; the other given states are constants
   * @param gradients sums of the gradients of each sublayer's two weights, accumulated
   * @param sizes number of elements of each gradient
   */
  void backward(Pool& pool, int64_t B, const std::vector<const float*>& given, const std::vector<float*>& ends,
                float* tape, const float* dy, float* dx, const std::vector<float*>& gradients,
                const std::vector<int64_t>& sizes) const {
    // The first part accumulates into `gradients`, each other part into its own sums.
    const Parts parts = parts_on_tape(pool, B);
    Carver all(nullptr);
    for (const int64_t size : sizes) all.take(size);
    Buffers memory(all.taken());
    std::vector<std::vector<float*>> sums(parts.count, gradients);
    for (int64_t part = 1; part < parts.count; part++) {
      Carver own(memory.take());
      for (size_t i = 0; i < sizes.size(); i++) sums[part][i] = own.take(sizes[i]);
    }
    each(pool, parts, [&](Pool& own, int64_t part) {
      if (part > 0)
        for (size_t i = 0; i < sizes.size(); i++) std::fill_n(sums[part][i], sizes[i], 0.0f);
      const int64_t numbers = parts.begin(part) * row_;
      backward_rows(own, parts.rows(part), at(given, numbers), at(ends, numbers), tape + tape_begin(parts, part),
                    dy + numbers, dx + numbers, sums[part]);
    });
    for (int64_t part = 1; part < parts.count; part++)
      for (size_t i = 0; i < sizes.size(); i++) detail::add(pool, sizes[i], sums[part][i], gradients[i]);
  }

 private:
  /**
   * Memory kept for an assignment: the outputs of its sublayers, the last of which is the new state, and their other
   * intermediate results.
   */
  struct Made {
    std::vector<float*> y, kept;
  };

  /** The rows of the batch in parts of nearly equal size. */
  struct Parts {
    int64_t B, count;
    int64_t begin(int64_t part) const { return B * part / count; }
    int64_t rows(int64_t part) const { return begin(part + 1) - begin(part); }
  };

  /** Maximum floats of a state per part when no gradient is needed. */
  static constexpr int64_t STATE = 1 << 20;

  /**
   * Returns one part per thread, each of which computes the whole recursion alone: threads never wait for each other,
   * and the output of one sublayer is in the cache of the thread that reads it. Returns a single part when the parts
   * would be unequal.
   */
  static Parts parts_on_tape(const Pool& pool, int64_t B) {
    const int64_t threads = pool.threads();
    return {B, B % threads == 0 || B >= 8 * threads ? threads : 1};
  }

  /**
   * Returns a multiple of those parts for large batches, so that the memory of a thread does not grow with the batch.
   */
  Parts parts_alone(const Pool& pool, int64_t B) const {
    const Parts parts = parts_on_tape(pool, B);
    if (parts.count < pool.threads()) return parts;
    const int64_t most = std::max<int64_t>(1, STATE / row_) * parts.count;
    return {B, std::min(B, parts.count * ((B + most - 1) / most))};
  }

  template <class F>
  static void each(Pool& pool, const Parts& parts, F&& f) {
    if (parts.count == 1) return f(pool, 0);
    static Pool* const alone = new Pool(1);
    pool.run(parts.count, [&](int64_t part) { f(*alone, part); });
  }

  /** Returns the offset of a part's tape. */
  int64_t tape_begin(const Parts& parts, int64_t part) const {
    int64_t begin = 0;
    for (int64_t i = 0; i < part; i++) begin += part_of_tape(parts.rows(i));
    return begin;
  }

  template <class Number>
  static std::vector<Number*> at(const std::vector<Number*>& states, int64_t i) {
    std::vector<Number*> from;
    for (Number* const state : states) from.push_back(state + i);
    return from;
  }

  static Addends sum_of(const Assignment& assignment, const std::vector<const float*>& states) {
    const auto state = [&](int i) { return assignment.addends[i] == NO_STATE ? nullptr : states[assignment.addends[i]]; };
    return {state(0), state(1), state(2)};
  }

  /** Returns the output memory of a state that is an end, else null. */
  float* end_of(int64_t state, const std::vector<float*>& ends) const {
    const auto found = std::find(program_.ends.begin(), program_.ends.end(), state);
    return found == program_.ends.end() ? nullptr : ends[found - program_.ends.begin()];
  }

  void sum(Pool& pool, int64_t B, const Addends& x, float* to) const {
    detail::by_pieces(pool, B * row_, [&](int64_t i, int64_t n) { sum_rows(x.at(i), 1, n, n, to + i, n); });
  }

  /** Allocates the memory of all assignments. @param tape from null, only the size is computed */
  std::vector<Made> lay_out(int64_t B, const std::vector<float*>& ends, Carver& tape) const {
    std::vector<Made> all;
    for (const Assignment& assignment : program_.assignments) {
      float* const end = end_of(program_.given + static_cast<int64_t>(all.size()), ends);
      Made made;
      for (int64_t i = 0; i < assignment.count; i++) {
        made.y.push_back(end && i + 1 == assignment.count ? end : tape.take(B * row_));
        made.kept.push_back(tape.take(sublayers_[assignment.first + i]->kept(B)));
      }
      if (assignment.count == 0) made.y.push_back(end ? end : tape.take(B * row_));
      all.push_back(std::move(made));
    }
    return all;
  }

  int64_t part_of_tape(int64_t B) const {
    Carver tape(nullptr);
    // Only the size matters here, so that any address does for the ends.
    float elsewhere;
    lay_out(B, std::vector<float*>(program_.ends.size(), &elsewhere), tape);
    return tape.taken();
  }

  void forward_on_tape(Pool& pool, int64_t B, std::vector<const float*> states, const std::vector<float*>& ends,
                       float* from) const {
    Carver tape(from);
    const std::vector<Made> all = lay_out(B, ends, tape);
    for (size_t i = 0; i < all.size(); i++) {
      const Assignment& assignment = program_.assignments[i];
      const auto& [y, kept] = all[i];
      const Addends x = sum_of(assignment, states);
      if (assignment.count == 0) sum(pool, B, x, y[0]);
      for (int64_t k = 0; k < assignment.count; k++)
        sublayers_[assignment.first + k]->forward(pool, B, k == 0 ? x : Addends{y[k - 1]}, y[k], kept[k]);
      states.push_back(y.back());
    }
  }

  void forward_alone(Pool& pool, int64_t B, std::vector<const float*> states, const std::vector<float*>& ends) const {
    Buffers buffers(B * row_);
    std::vector<float*> owned(program_.states(), nullptr);
    for (size_t i = 0; i < program_.assignments.size(); i++) {
      const Assignment& assignment = program_.assignments[i];
      const int64_t made = program_.given + static_cast<int64_t>(i);
      const Addends x = sum_of(assignment, states);
      float* const end = end_of(made, ends);
      float* y = nullptr;
      for (int64_t k = 0; k < std::max<int64_t>(1, assignment.count); k++) {
        float *const before = y, *const to = end && k + 1 >= assignment.count ? end : buffers.take();
        if (assignment.count == 0)
          sum(pool, B, x, to);
        else
          sublayers_[assignment.first + k]->forward(pool, B, before ? Addends{before} : x, to, nullptr);
        if (before) buffers.give_back(before);
        y = to;
      }
      states.push_back(y);
      if (!end) owned[made] = y;
      for (int64_t state = program_.given; state <= made; state++)
        if (owned[state] && last_use(state) <= static_cast<int64_t>(i)) {
          buffers.give_back(owned[state]);
          owned[state] = nullptr;
        }
    }
  }

  /** Returns the last assignment that reads a state; -1 if none does. */
  int64_t last_use(int64_t state) const {
    for (int64_t i = static_cast<int64_t>(program_.assignments.size()) - 1; i >= 0; i--) {
      const auto& addends = program_.assignments[i].addends;
      if (std::find(addends.begin(), addends.end(), state) != addends.end()) return i;
    }
    return -1;
  }

  void backward_rows(Pool& pool, int64_t B, std::vector<const float*> states, const std::vector<float*>& ends,
                     float* from, const float* dy, float* dx, const std::vector<float*>& gradients) const {
    const int64_t size = B * row_;
    Carver tape(from);
    const std::vector<Made> all = lay_out(B, ends, tape);
    for (const Made& made : all) states.push_back(made.y.back());
    Buffers buffers(size);
    // Gradients of x and of the states computed by assignments.
    std::vector<float*> of(program_.states(), nullptr);
    detail::copy(pool, size, dy, of[program_.ends[0]] = buffers.take());
    for (int64_t i = static_cast<int64_t>(all.size()) - 1; i >= 0; i--) {
      const Assignment& assignment = program_.assignments[i];
      const auto& [y, kept] = all[i];
      float* d = of[program_.given + i];
      if (!d) continue;
      for (int64_t k = assignment.count - 1; k >= 0; k--) {
        const int64_t at = assignment.first + k;
        float* const d_input = buffers.take();
        sublayers_[at]->backward(pool, B, k == 0 ? sum_of(assignment, states) : Addends{y[k - 1]}, y[k], kept[k], d,
                                 d_input, gradients[2 * at], gradients[2 * at + 1]);
        buffers.give_back(d);
        d = d_input;
      }
      // Every addend has this gradient; the first addend without a gradient takes over the buffer.
      int64_t heir = NO_STATE;
      for (const int64_t addend : assignment.addends) {
        if (addend == NO_STATE || (addend > 0 && addend < program_.given)) continue;
        if (of[addend])
          detail::add(pool, size, d, of[addend]);
        else if (addend == 0)
          detail::copy(pool, size, d, of[0] = dx);
        else if (heir == NO_STATE)
          heir = addend;
        else
          detail::copy(pool, size, d, of[addend] = buffers.take());
      }
      if (heir == NO_STATE)
        buffers.give_back(d);
      else
        of[heir] = d;
    }
    if (!of[0]) std::fill_n(dx, size, 0.0f);
  }

  const Program& program_;
  const std::vector<std::unique_ptr<Sublayer>>& sublayers_;
  const int64_t row_;
};

}  // namespace recurlab
