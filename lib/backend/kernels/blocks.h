// Large blocks of memory that are reused at the next step. The allocator would split a freed block for later requests
// and so need a new one each time, until the process holds twice the memory.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "pool.h"

namespace recurlab {

/** Page-aligned memory. */
struct Block {
  void* data = nullptr;
  size_t bytes = 0;
};

class BlockCache {
 public:
  explicit BlockCache(bool caches = CACHES) : caches_(caches) {}

  /** Returns a block of at least `bytes` bytes. Its content is undefined. */
  Block take(size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      Free* best = nullptr;
      for (Free& free : free_)
        if (free.block.bytes >= bytes && free.block.bytes <= bytes + bytes / 4 + PAGE &&
            (!best || free.block.bytes < best->block.bytes))
          best = &free;
      if (best) {
        const Block block = best->block;
        *best = free_.back();
        free_.pop_back();
        return block;
      }
    }
    return allocate(bytes);
  }

  /** Keeps a block for a later `take`, and releases blocks that have long been unused. */
  void give_back(const Block& block) {
    std::vector<Block> old;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      clock_++;
      free_.push_back({block, clock_});
      for (size_t i = free_.size(); i-- > 0;)
        if (!caches_ || clock_ - free_[i].since > PATIENCE) {
          old.push_back(free_[i].block);
          free_[i] = free_.back();
          free_.pop_back();
        }
    }
    for (const Block& each : old) release(each);
  }

  /** Releases all unused blocks. @return their size in bytes */
  size_t clear() {
    std::vector<Free> old;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      old.swap(free_);
    }
    size_t bytes = 0;
    for (const Free& each : old) {
      bytes += each.block.bytes;
      release(each.block);
    }
    return bytes;
  }

 private:
  struct Free {
    Block block;
    /** The value of the clock, which counts returned blocks, at the block's return. */
    uint64_t since;
  };
  static constexpr size_t PAGE = 4096;
  /** A step returns about ten blocks per thread. */
  static constexpr uint64_t PATIENCE = 400;
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool CACHES = false;
#else
  static constexpr bool CACHES = true;
#endif

  static Block allocate(size_t bytes) {
    const size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    void* data = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
#else
    void* data = std::aligned_alloc(PAGE, whole);
    if (!data) throw std::bad_alloc();
#endif
    prefer_large_pages(data, whole);
    return {data, whole};
  }

  static void release(const Block& block) {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    munmap(block.data, block.bytes);
#else
    std::free(block.data);
#endif
  }

  const bool caches_;
  std::mutex mutex_;
  std::vector<Free> free_;
  uint64_t clock_ = 0;
};

/** The cache of the process. It is never destroyed, because a tensor may return a block at any time. */
inline BlockCache& blocks() {
  static BlockCache* const one = new BlockCache;
  return *one;
}

}  // namespace recurlab
