// CUDA's words for a C++ compiler: the threads of a block are fibers that take turns, in one thread of the CPU.
//
// A fiber runs until it waits for others. The sanitizer for threads is told of each fiber as a thread of its own, which
// only barriers order: it sees two fibers that touch the same number with no barrier in between, whoever was first.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads, blocks)
#define threadIdx (host::of_thread())
#define blockIdx (host::of_block())
#define blockDim (host::size_of_block())
#define gridDim (host::size_of_grid())

using std::max;
using std::min;

#ifdef __SANITIZE_THREAD__
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void*);
void __tsan_switch_to_fiber(void*, unsigned);
void __tsan_acquire(void*);
void __tsan_release(void*);
}
#else
inline void* __tsan_get_current_fiber() { return nullptr; }
inline void* __tsan_create_fiber(unsigned) { return nullptr; }
inline void __tsan_destroy_fiber(void*) {}
inline void __tsan_switch_to_fiber(void*, unsigned) {}
inline void __tsan_acquire(void*) {}
inline void __tsan_release(void*) {}
#endif
#ifndef WITHOUT_ORDER
#define WITHOUT_ORDER false  // true: as if barriers ordered nothing, which the sanitizer has to notice
#endif
#define NOT_CHECKED __attribute__((no_sanitize("thread"), noinline))

namespace host {

constexpr unsigned NO_ORDER = 1;  // a switch between fibers puts none between what they do
constexpr size_t STACK = 1 << 17;

struct Index {
  unsigned x;
};

// Where fibers wait for each other, and what they have counted.
struct Barrier {
  int size = 0, arrived = 0, turn = 0, sum = 0, result = 0;
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[STACK]};
  void* known = nullptr;  // to the sanitizer
  bool done = false;
};

struct Machine {
  unsigned thread = 0, block = 0, threads = 0, blocks = 0;
  std::vector<Fiber> fibers;
  std::vector<Barrier> barriers;  // of the block, and of each warp
  std::vector<float> shuffled;
  ucontext_t scheduler;
  void* known = nullptr;
  bool moved = false;      // whether a fiber has got on in this round
  bool backwards = false;  // whether the last block, and the last thread, come first
  void (*body)(void*) = nullptr;
  void* argument = nullptr;
};

inline Machine machine;

NOT_CHECKED inline Index of_thread() { return {machine.thread}; }
NOT_CHECKED inline Index of_block() { return {machine.block}; }
NOT_CHECKED inline Index size_of_block() { return {machine.threads}; }
NOT_CHECKED inline Index size_of_grid() { return {machine.blocks}; }

NOT_CHECKED inline void to_scheduler() {
  Fiber& mine = machine.fibers[machine.thread];
  if (mine.done) __tsan_release(&machine);
  __tsan_switch_to_fiber(machine.known, NO_ORDER);
  swapcontext(&mine.context, &machine.scheduler);
}

NOT_CHECKED inline int wait(int which, int counted, bool orders) {
  Barrier& b = machine.barriers[which];
  machine.moved = true;
  if (orders && !WITHOUT_ORDER) __tsan_release(&b);
  b.sum += counted;
  if (++b.arrived == b.size) {
    b.result = b.sum;
    b.arrived = b.sum = 0;
    ++b.turn;
  } else {
    for (const int turn = b.turn; turn == b.turn;) to_scheduler();
  }
  if (orders && !WITHOUT_ORDER) __tsan_acquire(&b);
  return b.result;
}

NOT_CHECKED inline float shuffle(float x, int lane) {
  const int me = machine.thread, warp = 1 + me / 32;
  machine.shuffled[me] = x;
  wait(warp, 0, false);
  const float other = machine.shuffled[me ^ lane];
  wait(warp, 0, false);
  return other;
}

NOT_CHECKED inline void start() {
  machine.body(machine.argument);
  machine.fibers[machine.thread].done = machine.moved = true;
  to_scheduler();
}

// Whether all threads of the block came to an end; not if some wait for others that have.
NOT_CHECKED inline bool run_block() {
  const int warps = (machine.threads + 31) / 32;
  machine.barriers.assign(1 + warps, {});
  machine.barriers[0].size = machine.threads;
  for (int w = 0; w < warps; ++w) machine.barriers[1 + w].size = std::min(32u, machine.threads - 32 * w);
  machine.shuffled.assign(machine.threads, 0);
  machine.fibers.resize(machine.threads);
  machine.known = __tsan_get_current_fiber();
  for (Fiber& f : machine.fibers) {
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.get();
    f.context.uc_stack.ss_size = STACK;
    f.done = false;
    f.known = __tsan_create_fiber(0);
    makecontext(&f.context, start, 0);
  }
  for (machine.moved = true; machine.moved;) {
    machine.moved = false;
    for (unsigned k = 0; k < machine.threads; ++k) {
      machine.thread = machine.backwards ? machine.threads - 1 - k : k;
      Fiber& f = machine.fibers[machine.thread];
      if (f.done) continue;
      __tsan_switch_to_fiber(f.known, NO_ORDER);
      swapcontext(&machine.scheduler, &f.context);
    }
  }
  __tsan_acquire(&machine);  // the next block has the same memory where a GPU has some for each
  bool ended = true;
  for (Fiber& f : machine.fibers) {
    __tsan_destroy_fiber(f.known);
    ended &= f.done;
  }
  return ended;
}

template <class Kernel>
bool launch(Kernel kernel, int grid, int block) {
  machine.threads = block;
  machine.blocks = grid;
  machine.body = [](void* k) { (*static_cast<Kernel*>(k))(); };
  machine.argument = &kernel;
  for (unsigned k = 0; k < machine.blocks; ++k) {
    machine.block = machine.backwards ? machine.blocks - 1 - k : k;
    if (!run_block()) return false;
  }
  return true;
}

}  // namespace host

inline void __syncthreads() { host::wait(0, 0, true); }
inline int __syncthreads_count(int x) { return host::wait(0, x != 0, true); }
inline int __syncthreads_or(int x) { return host::wait(0, x != 0, true) > 0; }
inline float __shfl_xor_sync(unsigned, float x, int lane) { return host::shuffle(x, lane); }

inline int atomicAdd(int* p, int x) { return __atomic_fetch_add(p, x, __ATOMIC_RELAXED); }
inline void atomicAdd(unsigned long long* p, unsigned long long x) { __atomic_fetch_add(p, x, __ATOMIC_RELAXED); }
template <class Better>
void change(int* p, int x, Better better) {
  int old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (better(x, old) && !__atomic_compare_exchange_n(p, &old, x, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}
inline void atomicMin(int* p, int x) { change(p, x, std::less<int>()); }
inline void atomicMax(int* p, int x) { change(p, x, std::greater<int>()); }

template <class To, class From>
To bits_as(From x) {
  To y;
  std::memcpy(&y, &x, sizeof y);
  return y;
}
inline int __float_as_int(float x) { return bits_as<int>(x); }
inline float __int_as_float(int x) { return bits_as<float>(x); }
inline long long __float2ll_rn(float x) { return llrintf(x); }
inline float __ll2float_rn(long long x) { return (float)x; }
