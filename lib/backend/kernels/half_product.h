// Products of matrices in bfloat16 pieces, on the processor's matrix tiles (AMX) or with its dot products (AVX-512
// BF16).
#pragma once
#include "half.h"
#if defined(RECURLAB_HALF)
#include <algorithm>
#include <cstdlib>
#include <cstring>
#if defined(__AMX_BF16__) && defined(__AMX_TILE__) && defined(__linux__) && !defined(RECURLAB_NO_AMX)
#define RECURLAB_AMX 1
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recurlab {

/** The operand that a loop over blocks streams through, while the other stays in the L1 cache. */
enum class Stream { none, left, right };

/** Returns whether this process may use the matrix tiles: Linux permits it, and RECURLAB_AMX is not 0. */
inline bool has_tiles() {
#if defined(RECURLAB_AMX)
  // ARCH_REQ_XCOMP_PERM for the tile registers: Linux requires the request because they are large.
  static const bool allowed = [] {
    const char* wanted = std::getenv("RECURLAB_AMX");
    return !(wanted && std::strcmp(wanted, "0") == 0) && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  }();
  return allowed;
#else
  return false;
#endif
}

namespace detail {

#if defined(RECURLAB_AMX)
struct alignas(64) TileShapes {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};
  TileShapes() {
    for (int i = 0; i < 8; i++) bytes[i] = 64, rows[i] = 16;
  }
};
#define RECURLAB_TILE_LOAD(tile, p, stride) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"((const void*)(p)), "r"((int64_t)(stride)))
/** Loads past the L1 cache, for pieces that are not needed again soon. */
#define RECURLAB_TILE_STREAM(tile, p) \
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm" #tile ::"r"((const void*)(p)), "r"((int64_t)64))
#define RECURLAB_TILE_STORE(tile, p, stride) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"((void*)(p)), "r"((int64_t)(stride)) : "memory")
#define RECURLAB_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define RECURLAB_TILE_DOT(sum, left, right) asm volatile("tdpbf16ps %%tmm" #right ", %%tmm" #left ", %%tmm" #sum ::)

/** Adds a block's products to the sums in tiles 0 to 3; see block. */
template <int TALL, int WIDE, Stream stream, class Depth, class Each>
RECURLAB_INLINE void rounded_products(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth,
                                      Each&& each) {
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; k++) {
    if (stream == Stream::left)
      RECURLAB_TILE_STREAM(4, a0 + k * PIECE);
    else
      RECURLAB_TILE_LOAD(4, a0 + k * PIECE, 64);
    if (stream == Stream::right) {
      RECURLAB_TILE_STREAM(6, b0 + k * PIECE);
      if (WIDE == 2) RECURLAB_TILE_STREAM(7, b1 + k * PIECE);
    } else {
      RECURLAB_TILE_LOAD(6, b0 + k * PIECE, 64);
      if (WIDE == 2) RECURLAB_TILE_LOAD(7, b1 + k * PIECE, 64);
    }
    if (TALL == 2) {
      if (stream == Stream::left)
        RECURLAB_TILE_STREAM(5, a1 + k * PIECE);
      else
        RECURLAB_TILE_LOAD(5, a1 + k * PIECE, 64);
    }
    RECURLAB_TILE_DOT(0, 4, 6);
    if (WIDE == 2) RECURLAB_TILE_DOT(1, 4, 7);
    if (TALL == 2) RECURLAB_TILE_DOT(2, 5, 6);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_DOT(3, 5, 7);
    each(k);
  }
}

/** Like rounded_products, for three limbs by three: six products, ordered so that each loads only one new operand. */
template <int TALL, int WIDE, class Depth, class Each>
RECURLAB_INLINE void exact_products(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth,
                                    Each&& each) {
  const auto left = [&](int64_t limb) __attribute__((always_inline)) {
    RECURLAB_TILE_LOAD(4, a0 + limb * PIECE, 64);
    if (TALL == 2) RECURLAB_TILE_LOAD(5, a1 + limb * PIECE, 64);
  };
  const auto right = [&](int64_t limb) __attribute__((always_inline)) {
    RECURLAB_TILE_LOAD(6, b0 + limb * PIECE, 64);
    if (WIDE == 2) RECURLAB_TILE_LOAD(7, b1 + limb * PIECE, 64);
  };
  const auto dot = []() __attribute__((always_inline)) {
    RECURLAB_TILE_DOT(0, 4, 6);
    if (WIDE == 2) RECURLAB_TILE_DOT(1, 4, 7);
    if (TALL == 2) RECURLAB_TILE_DOT(2, 5, 6);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_DOT(3, 5, 7);
  };
  for (int64_t k = 0; k < depth; k++) {
    const int64_t term = k * TERMS<EXACT>;
    left(2), right(0), dot(), each(term);
    left(0), dot(), each(term + 1);
    left(1), dot(), each(term + 2);
    right(1), dot(), each(term + 3);
    left(0), dot(), each(term + 4);
    right(2), dot(), each(term + 5);
    a0 += EXACT * PIECE, b0 += EXACT * PIECE;
    if (TALL == 2) a1 += EXACT * PIECE;
    if (WIDE == 2) b1 += EXACT * PIECE;
  }
}
#endif

/** Computes a block with dot products, without matrix tiles. */
template <int LIMBS, int TALL, int WIDE, class Each>
void dots(const half* a0, const half* a1, const half* b0, const half* b1, int64_t depth, float* c, int64_t ldc,
          bool add, Each&& each) {
  constexpr int ROWS = 8;
  for (int r0 = 0; r0 < 16 * TALL; r0 += ROWS) {
    const half* a = (r0 < 16 ? a0 : a1) + r0 % 16 * TK;
    __m512 sums[ROWS][WIDE];
    for (int i = 0; i < ROWS; i++)
      for (int v = 0; v < WIDE; v++)
        sums[i][v] = add ? _mm512_loadu_ps(c + (r0 + i) * ldc + v * 16) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++)
      for (int p = 0; p < 16; p++)
        for (int other = LIMBS - 1; other >= 0; other--) {
          const int64_t right = (k * LIMBS + other) * PIECE + p * TK;
          __m512bh columns[WIDE];
          for (int v = 0; v < WIDE; v++) columns[v] = (__m512bh)_mm512_load_si512((v ? b1 : b0) + right);
          for (int limb = LIMBS - 1 - other; limb >= 0; limb--)
#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++) {
              int32_t pair;
              std::memcpy(&pair, a + (k * LIMBS + limb) * PIECE + i * TK + 2 * p, 4);
              const __m512bh left = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 2
              for (int v = 0; v < WIDE; v++) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], left, columns[v]);
            }
        }
    for (int i = 0; i < ROWS; i++)
      for (int v = 0; v < WIDE; v++) _mm512_storeu_ps(c + (r0 + i) * ldc + v * 16, sums[i][v]);
  }
  for (int64_t term = 0; term < depth * TERMS<LIMBS>; term++) each(term);
}

}  // namespace detail

/** Configures the tiles of the calling thread for the lifetime of this object. */
class Tiles {
 public:
  Tiles() {
#if defined(RECURLAB_AMX)
    if (!has_tiles()) return;
    static const detail::TileShapes shapes;
    asm volatile("ldtilecfg %0" ::"m"(shapes));
#endif
  }
  ~Tiles() {
#if defined(RECURLAB_AMX)
    if (has_tiles()) asm volatile("tilerelease" ::);
#endif
  }
  Tiles(const Tiles&) = delete;
};

/**
 * Computes one block: c [16·TALL, 16·WIDE] = or += left pieces a0, a1 · right pieces b0, b1. The thread must hold a
 * Tiles object.
 *
 * @param depth number of consecutive pieces along the sum
 * @param each called with 0 … depth · TERMS - 1 between tile operations; its vector instructions run in parallel to
 *   them
 */
template <int LIMBS, int TALL, int WIDE, Stream stream, class Depth, class Each>
RECURLAB_INLINE void block(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth, float* c,
                           int64_t ldc, bool add, Each&& each) {
#if defined(RECURLAB_AMX)
  if (has_tiles()) {
    // Keeps the compiler from moving stores to the pieces, or to c, past the tile loads.
    asm volatile("" ::: "memory");
    const int64_t stride = ldc * sizeof(float);
    if (add) {
      RECURLAB_TILE_LOAD(0, c, stride);
      if (WIDE == 2) RECURLAB_TILE_LOAD(1, c + 16, stride);
      if (TALL == 2) RECURLAB_TILE_LOAD(2, c + 16 * ldc, stride);
      if (TALL == 2 && WIDE == 2) RECURLAB_TILE_LOAD(3, c + 16 * ldc + 16, stride);
    } else {
      RECURLAB_TILE_ZERO(0);
      if (WIDE == 2) RECURLAB_TILE_ZERO(1);
      if (TALL == 2) RECURLAB_TILE_ZERO(2);
      if (TALL == 2 && WIDE == 2) RECURLAB_TILE_ZERO(3);
    }
    if constexpr (LIMBS == EXACT)
      detail::exact_products<TALL, WIDE>(a0, a1, b0, b1, depth, each);
    else
      detail::rounded_products<TALL, WIDE, stream>(a0, a1, b0, b1, depth, each);
    RECURLAB_TILE_STORE(0, c, stride);
    if (WIDE == 2) RECURLAB_TILE_STORE(1, c + 16, stride);
    if (TALL == 2) RECURLAB_TILE_STORE(2, c + 16 * ldc, stride);
    if (TALL == 2 && WIDE == 2) RECURLAB_TILE_STORE(3, c + 16 * ldc + 16, stride);
    return;
  }
#endif
  detail::dots<LIMBS, TALL, WIDE>(a0, a1, b0, b1, depth, c, ldc, add, each);
}

/** Prefetches two ranges of memory while blocks are computed, some lines of 64 bytes per call. */
struct Ahead {
  const char *first = nullptr, *second = nullptr;
  int64_t lines_each = 0;
  RECURLAB_INLINE void operator()(int64_t) {
    for (int64_t i = 0; i < lines_each; i++, first += 64, second += 64) {
      _mm_prefetch(first, _MM_HINT_T1);
      _mm_prefetch(second, _MM_HINT_T1);
    }
  }
};

/** Two adjacent columns of pieces, which stay in the L1 cache while a loop streams through the other operand. */
struct Panel {
  const half *first = nullptr, *second = nullptr;
  /** Returns the prefetch of the panel, spread over the steps of `blocks` blocks. */
  template <int LIMBS>
  Ahead ahead(int64_t blocks) const {
    const int64_t steps = blocks * TERMS<LIMBS>, lines = first ? (LIMBS * TR + steps - 1) / steps : 0;
    return {reinterpret_cast<const char*>(first), reinterpret_cast<const char*>(second), lines};
  }
};

/** Pieces along the sum of a panel that stays in the L1 cache. */
template <int LIMBS>
constexpr int64_t DEPTH = LIMBS == ROUNDED ? 18 : 16;

/** Divides blocks into tasks of nearly equal size, at most `most` blocks each, a multiple of the number of threads. */
struct Shares {
  int64_t blocks, tasks;
  constexpr Shares(int64_t blocks, int threads, int64_t most)
      : blocks(blocks), tasks(std::min(blocks, (blocks + most * threads - 1) / (most * threads) * threads)) {}
  constexpr int64_t begin(int64_t task) const { return blocks * task / tasks; }
  constexpr int64_t most() const { return (blocks + tasks - 1) / std::max<int64_t>(tasks, 1); }
};

/** Pieces along the sum per pass: nearly equal parts of at most DEPTH. */
template <int LIMBS>
constexpr int64_t part_of(int64_t depth) {
  return Shares(depth, 1, DEPTH<LIMBS>).most();
}

/**
 * C = or += A · B in whole blocks; the last row of pieces of A may be unpaired.
 *
 * @param a pieces [a_pieces][depth], rows of pieces a_stride elements apart
 * @param b pieces [2·b_blocks][depth], b_stride elements apart
 * @param c [16·a_pieces, 32·b_blocks]: column block n starts at c + n · block_stride, its rows are ldc apart
 * @param then panel to prefetch at the end
 */
template <int LIMBS>
inline void half_product(int64_t a_pieces, int64_t b_blocks, int64_t depth, const half* a, int64_t a_stride,
                         const half* b, int64_t b_stride, float* c, int64_t ldc, int64_t block_stride, bool add,
                         const Panel& then = {}) {
  constexpr int64_t STEP = LIMBS * PIECE;
  const int64_t part = part_of<LIMBS>(depth);
  for (int64_t n = 0; n < b_blocks; n++)
    for (int64_t k = 0; k < depth; k += part) {
      const int64_t here = std::min(part, depth - k);
      const half* b0 = b + 2 * n * b_stride + k * STEP;
      const half* b1 = b0 + b_stride;
      // Each block prefetches a share of the next part of B.
      Panel next{b0 + here * STEP, b1 + here * STEP};
      if (k + here == depth) next = n + 1 < b_blocks ? Panel{b + 2 * (n + 1) * b_stride, b + (2 * n + 3) * b_stride} : then;
      Ahead ahead = next.ahead<LIMBS>((a_pieces + 1) / 2);
      for (int64_t m = 0; m < a_pieces; m += 2) {
        float* out = c + n * block_stride + m * TR * ldc;
        const half* a0 = a + m * a_stride + k * STEP;
        if (m + 1 < a_pieces)
          block<LIMBS, 2, 2, Stream::left>(a0, a0 + a_stride, b0, b1, here, out, ldc, add || k > 0, ahead);
        else
          block<LIMBS, 1, 2, Stream::left>(a0, nullptr, b0, b1, here, out, ldc, add || k > 0, ahead);
      }
    }
}

/** A compile-time constant. */
template <int64_t n>
constexpr std::integral_constant<int64_t, n> fixed{};

/** Calls f with a depth; in bfloat16 the depth of the published width is passed as a compile-time constant. */
template <int LIMBS, class F>
RECURLAB_INLINE void with_depth(int64_t depth, F&& f) {
  if (LIMBS == ROUNDED && depth == 16) return f(fixed<16>);
  f(depth);
}

/**
 * Computes a block [32, 32] and, interleaved with it, a share of some steps on the elements of earlier blocks, so that
 * tile and vector instructions overlap. The steps keep no state in an object, which the compiler would reload after
 * every store.
 *
 * @param c output
 * @param share index of the share, 0 … shares - 1
 * @param steps number of steps of all shares
 * @param step called with the number of the step
 */
template <int LIMBS, Stream stream, class Depth, class Count, class Steps, class Step>
RECURLAB_INLINE void block_beside(const half* a0, const half* a1, const half* b0, const half* b1, Depth depth, float* c,
                                  int64_t share, Count shares, Steps steps, Step&& step, Ahead& ahead) {
  const int64_t first = steps * share / shares, count = steps * (share + 1) / shares - first;
  block<LIMBS, 2, 2, stream>(a0, a1, b0, b1, depth, c, BLOCK, false, [&](int64_t term) __attribute__((always_inline)) {
    const auto terms = depth * TERMS<LIMBS>;
    for (int64_t i = count * term / terms; i < count * (term + 1) / terms; i++) step(first + i);
    ahead(term);
  });
}

}  // namespace recurlab
#endif
