// Backward pass, last part: the sums of all samples as numbers. Those of the constants are taken in the samples' order.
#include "fixed_point.cuh"

extern "C" __global__ void __launch_bounds__(LARGEST_BLOCK, 1)
    collect(const unsigned long long* weight_sums, const float* bounds, const float* constants, const Sizes* sizes,
            float* at_weights, float* at_constants) {
  const Sizes size = *sizes;
  const int N = size.neurons;
  const long long weights = (long long)(size.inputs + (size.recurrent ? N : 0)) * N;
  const long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x, stride = (long long)gridDim.x * blockDim.x;
  for (long long k = first; k < weights; k += stride)
    at_weights[k] = from_fixed(weight_sums[k], bounds[k % N], size.bits);
  for (long long k = first; k < 4LL * N; k += stride) {
    float sum = 0;
    for (int b = 0; b < size.batch; ++b) sum += constants[4LL * N * b + k];
    at_constants[k] = sum;
  }
}
