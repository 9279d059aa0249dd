// A block of time of the forward pass, and what arrives in it: input events and spikes of the layer itself, merged.
#pragma once

#include "layer.cuh"
#include "pages.cuh"

// Moments of the block, as lags since it begins: 0, the arrivals, and its end. All of a thread block share it.
struct Block {
  double end;
  float lag[2 * ROOM + 2];
  int row[2 * ROOM + 1];  // of the weights, of each arrival: inputs first, then the layer's own neurons
  double input[ROOM], own[ROOM];
  float input_lag[ROOM], own_lag[ROOM];
};

struct Arrivals {
  int inputs, own;
};

// Where a sample is: input events from ``e`` to ``stop`` and arrivals of own spikes from ``r`` to ``sent`` come.
struct Sample {
  const float* times;
  const int* units;
  int e, stop;
  Times spikes;
  const int* spike_units;
  Places places;
  int r, sent;
  double delay;

  __device__ double input(int n) const { return e + n < stop ? times[e + n] : infinite(); }
  __device__ double own(int n) const { return r + n < sent ? spikes.arrival(places.of(r + n), delay) : infinite(); }
};

__device__ inline float lag_since(double begin, double time) { return fmaxf((float)(time - begin), 0); }

// Arrivals before ``end``; on ties the input comes first. If there are more than there is room for, the block ends at
// the first for which there is none. A block of no length takes some of many simultaneous arrivals.
__device__ inline Arrivals gather(Block& block, const Sample& s, double begin, double end, int inputs) {
  const int n = threadIdx.x;
  double input = infinite(), own = infinite();
  bool of_input = false, of_own = false;
  if (n < ROOM) {
    const double beyond = s.input(ROOM), own_beyond = s.own(ROOM);
    block.input[n] = input = s.input(n);
    block.own[n] = own = s.own(n);
    of_input = input < end && input <= own_beyond;
    of_own = own < end && own < beyond;
    if (n == 0) block.end = fmax(begin, fmin(end, fmin(beyond, own_beyond)));
  }
  const Arrivals count = {__syncthreads_count(of_input), __syncthreads_count(of_own)};
  if (of_input) {
    int place = n + 1;
    for (int m = 0; m < count.own; ++m) place += block.own[m] < input;
    block.lag[place] = block.input_lag[n] = lag_since(begin, input);
    block.row[place] = s.units[s.e + n];
  }
  if (of_own) {
    int place = n + 1;
    for (int m = 0; m < count.inputs; ++m) place += block.input[m] <= own;
    block.lag[place] = block.own_lag[n] = lag_since(begin, own);
    block.row[place] = inputs + s.spike_units[s.places.of(s.r + n)];
  }
  if (n == 0) {
    block.lag[0] = 0;
    block.lag[count.inputs + count.own + 1] = lag_since(begin, block.end);
  }
  __syncthreads();
  return count;
}

// Those of them that have come ``stop`` after the begin.
__device__ inline Arrivals until(const Block& block, Arrivals count, float stop) {
  const int n = threadIdx.x;
  const int inputs = __syncthreads_count(n < count.inputs && block.input_lag[n] <= stop);
  return {inputs, __syncthreads_count(n < count.own && block.own_lag[n] <= stop)};
}
