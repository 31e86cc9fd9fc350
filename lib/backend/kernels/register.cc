// The entry point of the library: Node loads it as an addon, but it only registers the operations with TensorFlow.
#include <cstdio>
#include <cstdlib>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "ops.h"
#include "tensorflow.h"

namespace {

/**
 * Keeps the memory of freed tensors for later ones: by default the allocator returns large pieces to the system, which
 * must find, clear and map every page again at each step.
 */
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  static bool done = false;
  if (done) return exports;
  done = true;
  keep_freed_memory();
  try {
    recurlab::define_weights();
    recurlab::define_recursion();
    recurlab::define_optimizer();
    recurlab::define_think();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "recurlab: %s\n", error.what());
  }
  return exports;
}
