// The spikes of a sample as they are found: put down in any order, then sorted.
#pragma once

#include "layer.cuh"
#include "pages.cuh"

struct Found {
  float* times;
  int* units;
  float *current, *low;
  bool exact;
  Places places;

  __device__ void clear(int slot) const {
    times[slot] = infinite();
    units[slot] = -1;
    current[slot] = 0;
    if (exact) low[slot] = 0;
  }

  __device__ void put(int k, double time, int unit, float i) const {
    const int slot = places.of(k);
    times[slot] = (float)time;
    units[slot] = unit;
    current[slot] = i;
    if (exact) low[slot] = left_by(time, (float)time);
  }

  // Simultaneous spikes are in the order of their neurons, and those of one neuron fall in current.
  __device__ bool in_order(int first, int second) const {
    const int a = places.of(first), b = places.of(second);
    if (times[a] != times[b]) return times[a] < times[b];
    if (exact && low[a] != low[b]) return low[a] < low[b];
    return units[a] != units[b] ? units[a] < units[b] : current[a] >= current[b];
  }

  __device__ void swap(int first, int second) const {
    const int a = places.of(first), b = places.of(second);
    float x;
    x = times[a], times[a] = times[b], times[b] = x;
    x = current[a], current[a] = current[b], current[b] = x;
    if (exact) x = low[a], low[a] = low[b], low[b] = x;
    const int unit = units[a];
    units[a] = units[b], units[b] = unit;
  }
};

// Bitonic sort of spikes ``first`` to ``first + count`` by all threads; what is beyond counts as infinite.
__device__ inline void sort(const Found& spikes, int first, int count) {
  for (int size = 2; size < 2 * count; size *= 2) {
    for (int stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      for (int a = threadIdx.x; a < count; a += blockDim.x) {
        const int b = 2 * stride == size ? a ^ (size - 1) : a ^ stride;
        if (a < b && b < count && !spikes.in_order(first + a, first + b)) spikes.swap(first + a, first + b);
      }
    }
  }
  __syncthreads();
}
