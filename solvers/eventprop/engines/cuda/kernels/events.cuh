// The events of a sample in reverse, a window at a time: arrivals of its own spikes, input events, and spikes.
#pragma once

#include "flow.cuh"

enum Kind { OWN, INPUT, SPIKE };  // of simultaneous events, the order in which they come in reverse

// Events of a window, the latest first. All of a thread block share it.
struct Window {
  float gap[3 * ROOM];  // from each to the one that is later
  int kind[3 * ROOM], index[3 * ROOM], unit[3 * ROOM];
  double time[3 * ROOM], of_kind[3][ROOM];
};

// How many events of a sample are left, and the time of the last that was taken.
struct Left {
  int own, inputs, spikes;
  double now;
};

// Where they are; without input events ``times`` is null.
struct Events {
  const float* times;
  const int* units;
  Times spikes;
  const int* spike_units;
  double delay;

  __device__ double own(int k) const { return k < 0 ? -infinite() : spikes.arrival(k, delay); }
  __device__ double input(int e) const { return e < 0 ? -infinite() : times[e]; }
  __device__ double spike(int k) const { return k < 0 ? -infinite() : spikes.of(k); }

  // Nothing after the last of ``count`` spikes has an effect.
  __device__ Left before_end(int inputs, int count, bool recurrent) const {
    const double last = spike(count - 1);
    int own_left = recurrent ? count : 0;
    while (own_left > 0 && own(own_left - 1) > last) --own_left;
    int low = 0, high = count ? inputs : 0;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (times[middle] <= last) low = middle + 1;
      else high = middle;
    }
    return {own_left, low, count, last};
  }
};

// Takes what comes next, and nothing from the spike ``barrier`` on, into the window; returns how many there are.
__device__ inline int look_back(Window& x, const Events& events, Left& left, int barrier) {
  const int n = threadIdx.x;
  bool takes[3] = {false, false, false};
  const int last[3] = {left.own - 1 - n, left.inputs - 1 - n, left.spikes - 1 - n};
  double at[3];
  if (n < ROOM) {  // an event is taken if it comes before the first of each kind that is not
    const double own = events.own(left.own - 1 - ROOM), input = events.input(left.inputs - 1 - ROOM);
    const int kept = max(barrier, left.spikes - 1 - ROOM);
    const double spike = events.spike(kept);
    x.of_kind[OWN][n] = at[OWN] = events.own(last[OWN]);
    x.of_kind[INPUT][n] = at[INPUT] = events.input(last[INPUT]);
    x.of_kind[SPIKE][n] = at[SPIKE] = events.spike(last[SPIKE]);
    takes[OWN] = last[OWN] >= 0 && at[OWN] >= input && at[OWN] >= spike;
    takes[INPUT] = last[INPUT] >= 0 && at[INPUT] > own && at[INPUT] >= spike;
    takes[SPIKE] = last[SPIKE] > kept && at[SPIKE] > own && at[SPIKE] > input;
  }
  int count[3];
  for (int kind = 0; kind < 3; ++kind) count[kind] = __syncthreads_count(takes[kind]);
  for (int kind = 0; kind < 3; ++kind) {
    if (!takes[kind]) continue;
    int place = n;
    for (int other = 0; other < 3; ++other) {
      if (other == kind) continue;
      for (int m = 0; m < count[other]; ++m) {
        const double time = x.of_kind[other][m];
        place += other < kind ? time >= at[kind] : time > at[kind];
      }
    }
    x.time[place] = at[kind];
    x.kind[place] = kind;
    x.index[place] = last[kind];
    x.unit[place] = kind == INPUT ? events.units[last[kind]] : events.spike_units[last[kind]];
  }
  __syncthreads();
  const int all = count[OWN] + count[INPUT] + count[SPIKE];
  for (int m = n; m < all; m += blockDim.x) x.gap[m] = (float)((m ? x.time[m - 1] : left.now) - x.time[m]);
  __syncthreads();
  left = {left.own - count[OWN], left.inputs - count[INPUT], left.spikes - count[SPIKE], x.time[all - 1]};
  return all;
}

// Voltage and current adjoints: derivatives of the loss with respect to a neuron's voltage and current.
struct Adjoint {
  float p, q;
};

__device__ inline Adjoint before(Adjoint x, Flow f) { return {x.p * f.mem, x.q * f.syn + x.p * f.kappa}; }

// What an arrival with a weight adds to the derivative with respect to its time.
__device__ inline float at_arrival(Adjoint a, float weight, const Neuron& x) {
  return weight * (a.q * x.syn - a.p * x.mem);
}

// Sums over all neurons, of the events of a window. Warps sum up by themselves and then in their order, so that the
// result does not depend on which is faster.
struct Totals {
  float part[LARGEST_BLOCK / 32][3 * ROOM];

  __device__ void clear() {
    for (int m = threadIdx.x; m < (int)blockDim.x / 32 * 3 * ROOM; m += blockDim.x) part[m / (3 * ROOM)][m % (3 * ROOM)] = 0;
    __syncthreads();
  }
  // All threads of a warp call it.
  __device__ void add(int event, float x) {
    for (int lane = 16; lane > 0; lane /= 2) x += __shfl_xor_sync(0xffffffffu, x, lane);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32][event] += x;
  }
  // After a barrier.
  __device__ float of(int event) const {
    float sum = 0;
    for (int warp = 0; warp < (int)blockDim.x / 32; ++warp) sum += part[warp][event];
    return sum;
  }
};
