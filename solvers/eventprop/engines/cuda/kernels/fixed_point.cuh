// Sums of many threads' numbers, the same from run to run: whole numbers, of which any order has the same sum.
//
// The largest contribution of a neuron's column is bounded before the sum (``jumps.cu``), so that its numbers have as
// many bits behind the point as leave no room for an overflow: 62 less those of the number of arrivals in the batch, 39
// for 256 samples with 32768 each. It takes 8 bytes a weight, whatever the batch; partial sums of floats would take 4
// bytes a weight for each sample.
#pragma once

#include "layer.cuh"

// Places that the point is moved by.
__device__ inline int point(float bound, int bits) {
  return bits - ilogbf(fmaxf(bound, 1e-26f)) - 1;  // a smaller bound would have contributions below 2**-126
}

__device__ inline void add_fixed(unsigned long long* sum, float x, float scale) {
  atomicAdd(sum, (unsigned long long)__float2ll_rn(x * scale));
}

__device__ inline float from_fixed(unsigned long long sum, float bound, int bits) {
  if (!(bound < infinite())) return __int_as_float(0x7fffffff);  // an adjoint that was no number
  return ldexpf(__ll2float_rn((long long)sum), -point(bound, bits));
}
