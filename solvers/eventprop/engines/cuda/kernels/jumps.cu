// Backward pass, first part: to what the voltage's adjoint jumps at each spike, over the spikes in reverse.
//
// Only here do neurons depend on each other, by the spikes that they send; what follows is a sum for each neuron. With
// dv/dt before a spike (current - threshold)/tau_mem and after it (current - reset)/tau_mem, and X the derivative of
// the loss with respect to its time: p_before = ((current - reset) p_after - tau_mem X) / (current - threshold).
// Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, table 2; delayed transmission as in Meszaros et al. 2025, Nat.
// Commun. 16 (s41467-025-65394-8), eqs. 67-70.
#include "events.cuh"

// ``jumps`` holds the derivative with respect to each spike's time, and receives p just before it. ``bounds`` receives
// what no |q| of a neuron exceeds, as a whole number whose order is the same.
extern "C" __global__ void __launch_bounds__(LARGEST_BLOCK, 1)
    jumps(const float* weights, const float* tau_mem, const float* tau_syn, const float* threshold, const float* reset,
          const Sizes* sizes, const Clock* clock, const float* spike_times, const float* spike_low,
          const int* spike_units, const int* spike_start, const int* spike_count, const float* current, const float* at_counts,
          const float*, const int*, float* jumps, int* bounds, Adjoint* adjoints) {
  __shared__ Window window;
  __shared__ Totals totals;
  __shared__ Flow flows[3 * ROOM];
  const Sizes size = *sizes;
  const int b = blockIdx.x, N = size.neurons;
  if (b >= size.batch) return;
  const long long row = spike_start[b];
  const bool exact = size.exact;
  const Events events = {nullptr, nullptr, {spike_times + row, exact ? spike_low + row : nullptr, exact},
                         spike_units + row, sum_of(clock->delay)};
  Adjoint* const adjoint = adjoints + (long long)b * N;
  const float *own_weights = weights + (long long)size.inputs * N, *counts = at_counts + (long long)b * N;
  for (int n = threadIdx.x; n < N; n += blockDim.x) adjoint[n] = {0, 0};

  Left left = events.before_end(0, spike_count[b], size.recurrent);
  while (left.spikes > 0) {
    totals.clear();
    // A spike waits until what it sent has come.
    const int of_all = look_back(window, events, left, left.own - 1);
    if (size.shared) {
      const Neuron x = neuron_of(tau_mem, tau_syn, threshold, reset, 0);
      for (int m = threadIdx.x; m < of_all; m += blockDim.x) flows[m] = flow(window.gap[m], x.mem, x.syn);
      __syncthreads();
    }
    for (int base = 0; base < N; base += blockDim.x) {
      const int mine = base + threadIdx.x, n = min(mine, N - 1);
      const bool there = mine < N;  // the others only take part in the sums
      const Neuron x = neuron_of(tau_mem, tau_syn, threshold, reset, n);
      Adjoint a = there ? adjoint[n] : Adjoint{0, 0};
      for (int m = 0; m < of_all; ++m) {
        a = before(a, size.shared ? flows[m] : flow(window.gap[m], x.mem, x.syn));
        if (window.kind[m] == OWN) {
          totals.add(m, at_arrival(a, own_weights[(long long)window.unit[m] * N + n], x));
        } else if (there && window.unit[m] == n) {
          const long long k = row + window.index[m];
          const float rises_by = fmaxf(current[k] - x.threshold, x.threshold * EPS);  // > 0 but for rounding
          const float fall = size.resets_move ? (current[k] - x.reset) * a.p / rises_by : a.p;
          const float p = fall - jumps[k] / (x.mem * rises_by);
          jumps[k] = p;
          a.p = p + counts[n] / x.threshold;  // the heuristic gradient of the spike count, see ``Engine.backward``
          const float bound = fabsf(a.q) + fabsf(a.p) * fminf(1, x.mem / x.syn);
          atomicMax(&bounds[n], __float_as_int(bound));
        }
      }
      if (there) adjoint[n] = a;
    }
    __syncthreads();
    for (int m = threadIdx.x; m < of_all; m += blockDim.x)
      if (window.kind[m] == OWN) jumps[row + window.index[m]] += totals.of(m);
    __syncthreads();
  }
}
