// What all kernels take: sizes and settings of a layer, and one neuron's constants.
#pragma once

enum {
  ROOM = 32,           // of each kind of event, in a block of time
  LARGEST_BLOCK = 512  // threads; more neurons go to the same threads in turn
};
#define EPS 1.1920929e-7f  // spacing of the numbers next to 1

__device__ inline float infinite() { return __int_as_float(0x7f800000); }

// As ``arguments.sizes`` fills it. What is a yes or a no is 1 or 0.
struct Sizes {
  int batch, neurons, inputs;
  int capacity;     // of spikes of a sample
  int pages;        // in the pool from which samples take room for spikes; 0 if each has a row of its own
  int recurrent;
  int shared;       // all neurons have the same time constants
  int exact;        // spike times are pairs of numbers, see ``Times``
  int trains_tau, wants_times, resets_move;  // which gradients are wanted
  int bits;         // of a contribution to the gradient of a weight, see ``fixed_point.cuh``
};

// As ``arguments.clock`` fills it, in seconds. The first two are sums of two numbers each.
struct Clock {
  float duration[2], delay[2], length;
};

__device__ inline double sum_of(const float* pair) { return (double)pair[0] + pair[1]; }

// Constants; rates are inverse time constants [1/s].
struct Neuron {
  float mem, syn, threshold, reset;
};

__device__ inline Neuron neuron_of(const float* tau_mem, const float* tau_syn, const float* threshold,
                                   const float* reset, int n) {
  return {1 / tau_mem[n], 1 / tau_syn[n], threshold[n], reset[n]};
}

// Times of a sample's spikes; ``low`` is what ``high`` loses by rounding, if that matters.
struct Times {
  const float *high, *low;
  bool exact;

  __device__ double of(int k) const { return exact ? (double)high[k] + low[k] : high[k]; }

  // When a spike arrives at the neurons of its own layer, rounded as times are: that is monotone.
  __device__ static double arrival(double time, double delay, bool exact) {
    return exact ? time + delay : (double)(float)(time + delay);
  }
  __device__ double arrival(int k, double delay) const { return arrival(of(k), delay, exact); }
};

// Two numbers for a time: the rounded one, and what is left.
__device__ inline float left_by(double time, float rounded) { return (float)(time - rounded); }
