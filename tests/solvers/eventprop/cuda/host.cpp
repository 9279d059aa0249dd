// The kernels as a library for the CPU.
#include "host.h"
//
#include "collect.cu"
#include "forward.cu"
#include "jumps.cu"
#include "sums.cu"

template <class... Pointers, size_t... I>
static bool call(void (*kernel)(Pointers...), int grid, int block, void** buffers, std::index_sequence<I...>) {
  return host::launch([=] { kernel(static_cast<Pointers>(buffers[I])...); }, grid, block);
}

template <class... Pointers>
static int call(void (*kernel)(Pointers...), int grid, int block, void** buffers, int count) {
  if (count != sizeof...(Pointers)) return 1;
  return call(kernel, grid, block, buffers, std::index_sequence_for<Pointers...>()) ? 0 : 2;
}

extern "C" void order(bool backwards) { host::machine.backwards = backwards; }

// 0; 1 for another number of buffers than the kernel takes, or no such kernel; 2 if threads wait for ever.
extern "C" int run(const char* name, int grid, int block, void** buffers, int count) {
#define KERNEL(kernel) \
  if (!std::strcmp(name, #kernel)) return call(kernel, grid, block, buffers, count)
  KERNEL(forward);
  KERNEL(jumps);
  KERNEL(sums);
  KERNEL(collect);
  return 1;
}
