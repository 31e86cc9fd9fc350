// Single-threaded matrix products: register tiles over packed panels, as in "Anatomy of High-Performance Matrix
// Multiplication" (Goto, van de Geijn, 2008), except that the left matrix is not packed.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>

#include "pool.h"
#include "simd.h"

namespace recurlab {

/** Rows of a register tile: as many as leave registers for two vectors of the right matrix and one broadcast. */
#if defined(__AVX512F__)
constexpr int MR = 14;
#elif defined(__AVX__)
constexpr int MR = 6;
#elif defined(__aarch64__)
constexpr int MR = 12;
#else
constexpr int MR = 6;
#endif

/** Columns of a register tile, and of a panel; the last panel may be half as wide. */
constexpr int NR = 2 * W;

/** Rows of the left matrix per pass over the panels: with KC columns they fill half of a 1 MB cache. */
constexpr int64_t MC = 112 / MR * MR;
/** Number of products summed in registers without a break. */
constexpr int64_t KC = 1024;
/** KC of products that sum over the rows of both matrices: a panel of this length stays in the L1 cache. */
constexpr int64_t KC_COLUMNS = 2 * MC;

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// ---- Panels: the right matrix [K, N] as [N / NR] panels [K][NR], padded with zeros. ----

/** Floats of the panels of a [K, N] matrix. */
constexpr int64_t panels_size(int64_t K, int64_t N) { return K * round_up(N, W); }

/** Vectors in each row of the panel that begins at column n: 2, or 1 at the end. */
constexpr int panel_vectors(int64_t n, int64_t N) { return N - n > W ? 2 : 1; }

/** Transposes W × W numbers. */
RECURLAB_INLINE void transpose(vec (&rows)[W]) {
  auto stage = [&rows](auto distance) {
    constexpr int s = decltype(distance)::value;
    ivec low, high;
    for (int lane = 0; lane < W; lane++) {
      low[lane] = lane & s ? W + lane - s : lane;
      high[lane] = lane & s ? W + lane : lane + s;
    }
#pragma GCC unroll 16
    for (int i = 0; i < W; i++) {
      if (i & s) continue;
      const vec a = rows[i], b = rows[i + s];
#if defined(__clang__)
      for (int lane = 0; lane < W; lane++) {
        rows[i][lane] = low[lane] < W ? a[low[lane]] : b[low[lane] - W];
        rows[i + s][lane] = high[lane] < W ? a[high[lane]] : b[high[lane] - W];
      }
#else
      rows[i] = __builtin_shuffle(a, b, low);
      rows[i + s] = __builtin_shuffle(a, b, high);
#endif
    }
  };
  if constexpr (W >= 16) stage(std::integral_constant<int, 8>{});
  if constexpr (W >= 8) stage(std::integral_constant<int, 4>{});
  stage(std::integral_constant<int, 2>{});
  stage(std::integral_constant<int, 1>{});
}

/**
 * Packs rows [first, last) of the panels.
 *
 * @param source element (k, n) is source[k * stride + n]
 */
inline void pack_panels(float* panels, int64_t K, int64_t N, const float* source, int64_t stride, int64_t first,
                        int64_t last) {
  for (int64_t n = 0; n < N; n += NR) {
    const int width = panel_vectors(n, N) * W;
    float* to = panels + n * K + first * width;
    const int64_t columns = std::min<int64_t>(width, N - n);
    for (int64_t k = first; k < last; k++, to += width) {
      const float* from = source + k * stride + n;
      for (int j = 0; j < width; j += W) store(to + j, columns > j ? load_up_to(from + j, columns - j) : vec{});
    }
  }
}

/**
 * Packs rows [first, last) of W columns of a panel whose rows have `width` elements.
 *
 * @param source element (k, n) is source[n * stride + k]
 * @param columns number of existing columns; the others are 0
 */
inline void pack_vector_transposed(float* to, int width, const float* source, int64_t stride, int64_t columns,
                                   int64_t first, int64_t last) {
  int64_t k = first;
  for (; k + W <= last; k += W) {
    vec rows[W];
    for (int i = 0; i < W; i++) rows[i] = i < columns ? load(source + i * stride + k) : vec{};
    transpose(rows);
    for (int i = 0; i < W; i++) store(to + (k + i) * width, rows[i]);
  }
  for (; k < last; k++)
    for (int64_t j = 0; j < W; j++) to[k * width + j] = j < columns ? source[j * stride + k] : 0;
}

/** Like pack_panels, with element (k, n) at source[n * stride + k]. */
inline void pack_panels_transposed(float* panels, int64_t K, int64_t N, const float* source, int64_t stride,
                                   int64_t first, int64_t last) {
  for (int64_t n = 0; n < N; n += W) {
    const int64_t panel = n / NR * NR;
    const int width = panel_vectors(panel, N) * W;
    pack_vector_transposed(panels + panel * K + (n - panel), width, source + n * stride, stride,
                           std::min<int64_t>(W, N - n), first, last);
  }
}

// ---- Register tiles. ----

/** Storage order of a tile's left matrix: element (i, k) is a[i * stride + k] (rows) or a[k * stride + i] (columns). */
enum class Left { rows, columns };

namespace detail {

/** Panel rows to prefetch: tiles run 10 % faster with it. */
constexpr int AHEAD = 16;

template <Left L, int M, int V>
void tile(int64_t K, const float* a, int64_t stride, const float* b, float* c, int64_t ldc, bool add) {
  vec sums[M][V] = {};
  // One pointer per three rows: addressing modes reach no further, and one pointer per row would take too many
  // registers.
  constexpr int G = (M + 2) / 3;
  if (add)
    for (int i = 0; i < M; i++)
      for (int v = 0; v < V; v++) __builtin_prefetch(c + i * ldc + v * W, 1);
  const float* group[G];
  for (int g = 0; g < G; g++) group[g] = L == Left::rows ? a + 3 * g * stride : a;
  for (int64_t k = 0; k < K; k++) {
    vec right[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) {
      right[v] = load(b + v * W);
      __builtin_prefetch(b + (AHEAD * V + v) * W);
    }
    if (L == Left::columns) __builtin_prefetch(group[0] + AHEAD / 2 * stride);
#pragma GCC unroll 16
    for (int i = 0; i < M; i++) {
      const vec left = splat(L == Left::rows ? group[i / 3][(i % 3) * stride] : group[0][i]);
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) sums[i][v] += left * right[v];
    }
    b += V * W;
    if (L == Left::rows) {
#pragma GCC unroll 8
      for (int g = 0; g < G; g++) group[g]++;
    } else {
      group[0] += stride;
    }
  }
  if (add) {
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) store(c + i * ldc + v * W, load(c + i * ldc + v * W) + sums[i][v]);
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) store(c + i * ldc + v * W, sums[i][v]);
  }
}

using Tile = void (*)(int64_t, const float*, int64_t, const float*, float*, int64_t, bool);

/** The tiles of 1 to MR rows. */
struct Tiles {
  Tile of[MR];
};

template <Left L, int V, int... I>
constexpr Tiles tiles(std::integer_sequence<int, I...>) {
  return {{&tile<L, I + 1, V>...}};
}

}  // namespace detail

/** c [rows, V·W] = or += a [rows, K] · one panel [K][V·W], in whole vectors. 1 ≤ rows ≤ MR. */
template <Left L>
inline void tile(int rows, int vectors, int64_t K, const float* a, int64_t stride, const float* b, float* c,
                 int64_t ldc, bool add) {
  static constexpr detail::Tiles one = detail::tiles<L, 1>(std::make_integer_sequence<int, MR>{});
  static constexpr detail::Tiles two = detail::tiles<L, 2>(std::make_integer_sequence<int, MR>{});
  (vectors == 2 ? two : one).of[rows - 1](K, a, stride, b, c, ldc, add);
}

/** Rows of the next tile when `left` remain: the last two tiles share the rows, so that none is tiny. */
inline int next_rows(int64_t left) {
  if (left <= MR) return static_cast<int>(left);
  return left < 2 * MR && left - MR < MR / 2 ? static_cast<int>((left + 1) / 2) : MR;
}

/**
 * C [M, N] = or += A [M, K] · panels [K, N].
 *
 * @param a element (i, k) is a[i * lda + k]
 */
inline void product(int64_t M, int64_t N, int64_t K, const float* a, int64_t lda, const float* panels, float* c,
                    int64_t ldc, bool add) {
  for (int64_t m0 = 0; m0 < M; m0 += MC) {
    const int64_t rows = std::min(MC, M - m0);
    for (int64_t k0 = 0; k0 < K; k0 += KC) {
      const int64_t depth = std::min(KC, K - k0);
      for (int64_t n = 0; n < N; n += NR) {
        const int vectors = panel_vectors(n, N);
        const float* b = panels + n * K + k0 * vectors * W;
        const int64_t columns = std::min<int64_t>(vectors * W, N - n);
        for (int64_t i = 0; i < rows;) {
          const int height = next_rows(rows - i);
          float* out = c + (m0 + i) * ldc + n;
          const float* left = a + (m0 + i) * lda + k0;
          if (columns == vectors * W) {
            tile<Left::rows>(height, vectors, depth, left, lda, b, out, ldc, add || k0 > 0);
          } else {
            // Whole vectors would overwrite the memory after the last column.
            alignas(64) float whole[MR * NR];
            tile<Left::rows>(height, vectors, depth, left, lda, b, whole, NR, false);
            for (int r = 0; r < height; r++)
              for (int64_t j = 0; j < columns; j++)
                out[r * ldc + j] = (add || k0 > 0 ? out[r * ldc + j] : 0) + whole[r * NR + j];
          }
          i += height;
        }
      }
    }
  }
}

namespace detail {

/** Packs columns of a matrix in the order in which tiles read them, [depth][rows of the tile]. */
inline void copy_columns(float* to, const float* a, int64_t lda, int64_t rows, int64_t depth) {
  // Several tiles at a time, k by k: each row of `a` is on another page, and a page walk costs more than the read.
  for (int64_t i = 0; i < rows;) {
    int64_t j = 0;
    for (int64_t k = 0; k < depth; k++) {
      const float* from = a + k * lda + i;
      for (j = 0; j < 32 * MR && i + j < rows;) {
        const int height = next_rows(rows - i - j);
        float* out = to + (i + j) * depth + k * height;
        if (height == MR)
          std::memcpy(out, from + j, MR * sizeof(float));
        else
          std::memcpy(out, from + j, height * sizeof(float));
        j += height;
      }
    }
    i += j;
  }
}

}  // namespace detail

/** Scratch slots of add_columns_product; callers must not use them, because their own slots hold its operands. */
constexpr int LEFT_SLOT = SLOTS - 2, PANEL_SLOT = SLOTS - 1;

/**
 * Adds rows [first, last) of Aᵀ · B, a sum over K rows, to C [M, N].
 *
 * @param a element (k, i) is a[k * lda + i]
 * @param b element (k, j) is b[k * ldb + j]
 */
inline void add_columns_product(int64_t first, int64_t last, int64_t N, int64_t K, const float* a, int64_t lda,
                                const float* b, int64_t ldb, float* c, int64_t ldc) {
  const int64_t rows = last - first;
  // With few columns, packing the left matrix does not pay off.
  const bool copies = N > 8 * NR;
  float* left = copies ? scratch(LEFT_SLOT, round_up(rows, MR) * KC_COLUMNS) : nullptr;
  float* panel = scratch(PANEL_SLOT, KC_COLUMNS * NR);
  for (int64_t k0 = 0; k0 < K; k0 += KC_COLUMNS) {
    const int64_t depth = std::min(KC_COLUMNS, K - k0);
    if (copies) detail::copy_columns(left, a + k0 * lda + first, lda, rows, depth);
    for (int64_t n = 0; n < N; n += NR) {
      const int vectors = panel_vectors(n, N);
      const int64_t columns = std::min<int64_t>(vectors * W, N - n);
      pack_panels(panel, depth, columns, b + k0 * ldb + n, ldb, 0, depth);
      for (int64_t i = 0; i < rows;) {
        const int height = next_rows(rows - i);
        const float* tile_left = copies ? left + i * depth : a + k0 * lda + first + i;
        const int64_t stride = copies ? height : lda;
        float* out = c + (first + i) * ldc + n;
        if (columns == vectors * W) {
          tile<Left::columns>(height, vectors, depth, tile_left, stride, panel, out, ldc, true);
        } else {
          alignas(64) float whole[MR * NR];
          tile<Left::columns>(height, vectors, depth, tile_left, stride, panel, whole, NR, false);
          for (int r = 0; r < height; r++)
            for (int64_t j = 0; j < columns; j++) out[r * ldc + j] += whole[r * NR + j];
        }
        i += height;
      }
    }
  }
}

/** Rows of C per task of add_columns_product: enough to pay for packing, few enough to occupy all threads. */
inline int64_t column_rows(int64_t M, int threads) {
  const int64_t share = (M + threads - 1) / threads;
  const int64_t pieces = (share + 447) / 448;
  return round_up((share + pieces - 1) / pieces, MR);
}

}  // namespace recurlab
