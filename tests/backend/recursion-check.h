// Checks of lib/backend/kernels/recursion.h, for kernels-check.cc.
#pragma once
#include "../../lib/backend/kernels/recursion.h"
#include "../../lib/backend/kernels/sublayers.h"
#include "../../lib/backend/kernels/sublayers_half.h"

/** y = a·x + b·x² number by number: every number goes through a recursion of its own, so that is easy to follow. */
class Toy : public Sublayer {
 public:
  Toy(int64_t row, float a, float b) : row_(row), a_(a), b_(b) {}
  // x itself, and three numbers more.
  int64_t kept(int64_t B) const override { return B * row_ + 3; }
  void forward(Pool&, int64_t B, const Addends& x, float* y, float* kept) const override {
    for (int64_t i = 0; i < B * row_; i++) {
      const float u = x.a[i] + ((x.b ? x.b[i] : 0) + (x.c ? x.c[i] : 0));
      y[i] = a_ * u + b_ * u * u;
      if (kept) kept[i] = u;
    }
    if (kept) kept[B * row_ + 2] = 7;
  }
  void backward(Pool&, int64_t B, const Addends&, const float*, float* kept, const float* dy, float* dx, float* d_a,
                float* d_b) const override {
    if (kept[B * row_ + 2] != 7) failures++, std::printf("recursion: what was kept is lost\n");
    // There can be millions of numbers.
    double of_a = 0, of_b = 0;
    for (int64_t i = 0; i < B * row_; i++) {
      const float u = kept[i];
      dx[i] = dy[i] * (a_ + 2 * b_ * u);
      of_a += dy[i] * u;
      of_b += dy[i] * u * u;
    }
    *d_a += of_a;
    *d_b += of_b;
  }
  double at(double u) const { return a_ * u + b_ * u * u; }
  double slope(double u) const { return a_ + 2 * b_ * u; }

 private:
  const int64_t row_;
  const float a_, b_;
};

/** A program of random assignments over so many states that are given, with `nets` networks of two sublayers each. */
static Program random_program(int64_t given, int64_t nets) {
  Program program{given, {}, {}};
  const int64_t length = draw(1, 7);
  for (int64_t i = 0; i < length; i++) {
    const int64_t known = program.states(), net = draw(-1, nets - 1);
    std::array<int64_t, 3> addends{draw(0, known - 1), NO_STATE, NO_STATE};
    // The last one reads the one before it, so that a gradient reaches others.
    if (i > 0) addends[0] = known - 1 - (i + 1 < length ? draw(0, 1) : 0);
    for (int k = 1; k < 3; k++) {
      const int64_t other = draw(-2, known - 1);
      if (other < 0 || std::find(addends.begin(), addends.end(), other) != addends.end()) break;
      addends[k] = other;
    }
    program.assignments.push_back({net < 0 ? 0 : 2 * net, net < 0 ? 0 : 2, addends});
  }
  program.ends.push_back(program.states() - 1);
  if (length > 2 && draw(0, 1)) program.ends.push_back(given + draw(0, length - 2));
  return program;
}

static Floats all_of(const std::vector<Floats>& parts) {
  Floats all;
  for (const Floats& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/** What a recursion gives: its ends with and without a tape, and the gradients. */
struct Recursed {
  std::vector<Floats> alone, ends, gradients;
  Floats dx;
};

static Recursed recursed(Pool& pool, const Program& program, const std::vector<std::unique_ptr<Sublayer>>& sublayers,
                         const std::vector<int64_t>& sizes, int64_t B, int64_t row, const std::vector<Floats>& given,
                         const Floats& dy) {
  const Recursion recursion(program, sublayers, row);
  std::vector<const float*> from;
  for (const Floats& state : given) from.push_back(state.data());
  Recursed all;
  all.alone.assign(program.ends.size(), Floats(B * row));
  all.ends = all.alone;
  const auto pointers = [](std::vector<Floats>& vectors) {
    std::vector<float*> found;
    for (Floats& vector : vectors) found.push_back(vector.data());
    return found;
  };
  recursion.forward(pool, B, from, pointers(all.alone), nullptr);
  // What the memory held before must not matter.
  Floats tape(recursion.tape_size(pool, B), 1e30f);
  recursion.forward(pool, B, from, pointers(all.ends), tape.data());
  all.dx.assign(B * row, 1e30f);
  for (const int64_t size : sizes) all.gradients.emplace_back(size);
  recursion.backward(pool, B, from, pointers(all.ends), tape.data(), dy.data(), all.dx.data(), pointers(all.gradients),
                     sizes);
  return all;
}

/** A recursion of toys against scalars, one number after the other. */
static void check_recursion(Pool& one, Pool& three) {
  const int64_t B = draw(0, 1) ? draw(1, 7) : draw(20, 40), row = draw(0, 9) ? draw(1, 60) : draw(100000, 300000), given = draw(1, 4), nets = draw(1, 3);
  std::vector<std::unique_ptr<Sublayer>> sublayers;
  for (int64_t i = 0; i < 2 * nets; i++) sublayers.emplace_back(new Toy(row, 0.3f + 0.1f * i, 0.05f));
  const Program program = random_program(given, nets);
  std::vector<Floats> start;
  for (int64_t i = 0; i < given; i++) start.push_back(normal(B * row, 0.5));
  const Floats dy = normal(B * row);
  std::vector<Doubles> ends(program.ends.size(), Doubles(B * row));
  Doubles dx(B * row), weights(2 * sublayers.size());
  // One allocation for all numbers: there can be millions. An assignment runs two sublayers at most.
  Doubles states(program.states()), d(program.states()), inputs(2 * program.assignments.size());
  for (int64_t i = 0; i < B * row; i++) {
    for (int64_t k = 0; k < given; k++) states[k] = start[k][i];
    for (size_t a = 0; a < program.assignments.size(); a++) {
      const Assignment& assignment = program.assignments[a];
      double u = 0;
      for (const int64_t addend : assignment.addends) u += addend == NO_STATE ? 0 : states[addend];
      for (int64_t k = 0; k < assignment.count; k++) {
        inputs[2 * a + k] = u;
        u = static_cast<const Toy&>(*sublayers[assignment.first + k]).at(u);
      }
      states[given + a] = u;
    }
    for (size_t k = 0; k < ends.size(); k++) ends[k][i] = states[program.ends[k]];
    std::fill(d.begin(), d.end(), 0);
    d[program.ends[0]] = dy[i];
    for (int64_t a = static_cast<int64_t>(program.assignments.size()) - 1; a >= 0; a--) {
      const Assignment& assignment = program.assignments[a];
      double du = d[given + a];
      for (int64_t k = assignment.count - 1; k >= 0; k--) {
        const int64_t at = assignment.first + k;
        const double u = inputs[2 * a + k];
        weights[2 * at] += du * u;
        weights[2 * at + 1] += du * u * u;
        du *= static_cast<const Toy&>(*sublayers[at]).slope(u);
      }
      for (const int64_t addend : assignment.addends)
        if (addend != NO_STATE) d[addend] += du;
    }
    dx[i] = d[0];
  }
  const std::string name = "recursion" + sizes({B, row, given, nets}) + " ";
  for (Pool* pool : {&one, &three}) {
    const Recursed found = recursed(*pool, program, sublayers, std::vector<int64_t>(weights.size(), 1), B, row, start, dy);
    for (size_t k = 0; k < ends.size(); k++) {
      compare(name + "end", found.ends[k], ends[k]);
      same(name + "end without gradient", found.alone[k], found.ends[k]);
    }
    compare(name + "dx", found.dx, dx);
    compare(name + "weights", all_of(found.gradients), weights, 1e-4);
  }
}

/** A recursion of the kernels: as many threads give what one gives, and the sanitizer looks at what they touch. */
template <class Mixing, class Mlp>
static void check_sublayers(Pool& one, Pool& three, const char* kind, const std::function<Floats(int64_t)>& weight) {
  const int64_t B = 3 * draw(1, 2), L = draw(12, 40), D = 2 * draw(8, 40), heads = draw(1, 3), given = draw(1, 3);
  const SublayerSizes tokens{L, D, 2 * heads * draw(2, 9), heads}, channels{L, D, draw(10, 60), heads};
  const WeightSizes first = Mixing::weight_sizes(tokens), second = Mlp::weight_sizes(channels);
  const Floats cos = normal(L * tokens.inner / heads), sin = normal(L * tokens.inner / heads);
  std::vector<Floats> memory;
  std::vector<std::unique_ptr<Sublayer>> sublayers;
  std::vector<int64_t> sizes_of;
  for (int i = 0; i < 2; i++) {
    const WeightSizes& s = i == 0 ? first : second;
    Floats w[] = {weight(s.first), weight(s.second), weight(s.first_back), weight(s.second_back)};
    const SublayerWeights weights{w[0].data(), w[1].data(), w[2].data(), w[3].data()};
    if (i == 0)
      sublayers.emplace_back(new Mixing(tokens, weights, {cos.data(), sin.data()}));
    else
      sublayers.emplace_back(new Mlp(channels, weights, {nullptr, nullptr}));
    for (Floats& each : w) memory.push_back(std::move(each));
    sizes_of.insert(sizes_of.end(), {s.d_first, s.d_second});
  }
  const Program program = random_program(given, 1);
  std::vector<Floats> start;
  for (int64_t i = 0; i < given; i++) start.push_back(normal(B * L * D));
  const Floats dy = normal(B * L * D);
  const Recursed a = recursed(one, program, sublayers, sizes_of, B, L * D, start, dy);
  const Recursed b = recursed(three, program, sublayers, sizes_of, B, L * D, start, dy);
  const std::string name = std::string("recursion of ") + kind + sizes({B, L, D, tokens.inner, heads, channels.inner}) + " ";
  compare(name + "end", all_of(b.ends), doubles(all_of(a.ends)), 1e-4);
  compare(name + "end without gradient", all_of(a.alone), doubles(all_of(a.ends)), 1e-4);
  compare(name + "dx", b.dx, doubles(a.dx), 1e-3);
  compare(name + "weights", all_of(b.gradients), doubles(all_of(a.gradients)), 1e-3);
}
