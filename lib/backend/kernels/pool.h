// The threads that share the work of a kernel.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace recurlab {

/**
 * A pool whose caller and threads take tasks from one counter. A result must not depend on the thread that runs a task:
 * no two tasks write the same memory. A second simultaneous caller runs its tasks alone.
 */
class Pool {
 public:
  explicit Pool(int threads) : threads_(threads < 1 ? 1 : threads) {
    for (int i = 1; i < threads_; i++) std::thread([this] { help(); }).detach();
  }

  /** Starts the threads, which never end. */
  ~Pool() = delete;

  int threads() const { return threads_; }

  /**
   * Runs task(0) … task(tasks - 1) in any order, and returns when all are done. If a task throws, those that have not begun are left
   * out, and the first exception reaches the caller.
   */
  template <class F>
  void run(int64_t tasks, F&& task) {
    std::unique_lock<std::mutex> turn(turn_, std::defer_lock);
    if (threads_ == 1 || tasks < 2 || !turn.try_lock()) {
      for (int64_t i = 0; i < tasks; i++) task(i);
      return;
    }
    using Task = std::remove_reference_t<F>;
    Job job{[](void* f, int64_t i) { (*static_cast<Task*>(f))(i); }, &task, tasks};
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = &job;
      jobs_.fetch_add(1, std::memory_order_release);
    }
    if (asleep_.load() > 0) wake_.notify_all();
    job.work();
    std::unique_lock<std::mutex> lock(mutex_);
    job_ = nullptr;
    // The threads usually finish within microseconds of the caller.
    for (int i = 0; i < 1000 && helping_ > 0; i++) {
      lock.unlock();
      relax();
      lock.lock();
    }
    done_.wait(lock, [this] { return helping_ == 0; });
    if (job.error) std::rethrow_exception(job.error);
  }

 private:
  struct Job {
    void (*call)(void*, int64_t);
    void* context;
    int64_t tasks;
    std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr error;
    Job(void (*call)(void*, int64_t), void* context, int64_t tasks) : call(call), context(context), tasks(tasks) {}
    void work() {
      try {
        for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) call(context, i);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
        next.store(tasks, std::memory_order_relaxed);
      }
    }
  };

  /** Polls for a job before a thread sleeps: waking it costs more than the gap between two small kernels. */
  static constexpr int SPINS = 4000;

  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  void help() {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < SPINS && jobs_.load(std::memory_order_acquire) == seen; i++) relax();
      Job* job = nullptr;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        asleep_++;
        wake_.wait(lock, [&] { return jobs_.load(std::memory_order_relaxed) != seen; });
        asleep_--;
        seen = jobs_.load(std::memory_order_relaxed);
        job = job_;
        if (job) helping_++;
      }
      if (!job) continue;
      job->work();
      std::lock_guard<std::mutex> lock(mutex_);
      if (--helping_ == 0) done_.notify_one();
    }
  }

  const int threads_;
  std::mutex turn_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Job* job_ = nullptr;
  int helping_ = 0;
  std::atomic<uint64_t> jobs_{0};
  std::atomic<int> asleep_{0};
};

/**
 * The pool of the process: RECURLAB_KERNEL_THREADS threads, by default one per core. It is never destroyed: its threads
 * run until the process ends.
 */
inline Pool& pool() {
  static Pool* const one = new Pool([] {
    const char* text = std::getenv("RECURLAB_KERNEL_THREADS");
    const int asked = text ? std::atoi(text) : 0;
    return asked > 0 ? asked : static_cast<int>(std::thread::hardware_concurrency());
  }());
  return *one;
}

/**
 * Requests 2 MB pages for large memory that has not been written yet: the kernels access matrices with strides of
 * kilobytes, and address translation of small pages costs as much as the accesses.
 */
inline void prefer_large_pages(void* data, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr uintptr_t page = 2 << 20;
  const uintptr_t first = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
  const uintptr_t last = (reinterpret_cast<uintptr_t>(data) + bytes) / page * page;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
  (void)data;
  (void)bytes;
#endif
}

/** Number of scratch slots per thread. */
constexpr int SLOTS = 12;

/** Returns a scratch slot of the calling thread, aligned to cache lines; each call invalidates the slot's content. */
inline float* scratch(int slot, int64_t floats) {
  struct Slot {
    float* data = nullptr;
    int64_t size = 0;
    ~Slot() { std::free(data); }
  };
  thread_local std::vector<Slot> slots(SLOTS);
  Slot& s = slots[slot];
  if (s.size < floats) {
    std::free(s.data);
    const int64_t unit = floats < (1 << 18) ? 1024 : 1 << 19;
    s.size = (floats + unit - 1) / unit * unit;
    s.data = static_cast<float*>(std::aligned_alloc(unit * sizeof(float), s.size * sizeof(float)));
    if (!s.data) {
      s.size = 0;
      throw std::bad_alloc();
    }
    prefer_large_pages(s.data, s.size * sizeof(float));
  }
  return s.data;
}

}  // namespace recurlab
