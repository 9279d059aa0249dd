// Backward pass, second part: what every arrival adds to the gradients, one neuron by each thread.
//
// The gradient of a weight is ``q`` at its arrivals. Those of the time constants, integrals of lambda_v dv/dt and of
// lambda_i di/dt, use three more adjoint variables (``mu``, ``a_i``, ``a_v``), which are sampled at the arrivals too,
// as in ``numba/kernels/backward.py``.
#include "events.cuh"
#include "fixed_point.cuh"

struct Slopes {
  float mu, a_i, a_v;
};

__device__ inline Slopes before(Slopes s, Adjoint a, float lag, const Neuron& x, Flow f, TauFlow t) {
  return {f.syn * (s.mu + lag * a.q) + t.mu * a.p, f.syn * s.a_i + f.kappa * s.a_v + t.a * a.p,
          f.mem * (s.a_v - lag * x.mem * a.p)};
}

// ``jumps`` and ``bounds`` are those of ``jumps.cu``. ``weight_sums`` are in fixed point; ``constants`` receives four
// rows for each sample, ``at_times`` the derivatives with respect to the input times, if wanted.
extern "C" __global__ void __launch_bounds__(LARGEST_BLOCK, 1)
    sums(const float* times, const int* units, const int* start, const int* count, const float* weights,
         const float* tau_mem, const float* tau_syn, const float* threshold, const float* reset, const Sizes* sizes,
         const Clock* clock, const float* spike_times, const float* spike_low, const int* spike_units,
         const int* spike_start, const int* spike_count, const float* at_counts, const float* jumps,
         const float* bounds, const unsigned long long*, const float*, unsigned long long* weight_sums,
         float* at_times, float* constants) {
  __shared__ Window window;
  __shared__ Totals totals;
  __shared__ Flow flows[3 * ROOM];
  __shared__ TauFlow tau_flows[3 * ROOM];
  const Sizes size = *sizes;
  const int b = blockIdx.x, N = size.neurons;
  if (b >= size.batch) return;
  const long long row = spike_start[b], at = start[b];
  const bool exact = size.exact;
  const Events events = {times + at, units + at, {spike_times + row, exact ? spike_low + row : nullptr, exact},
                         spike_units + row, sum_of(clock->delay)};

  for (int base = 0; base < N; base += blockDim.x) {
    const int mine = base + threadIdx.x, n = min(mine, N - 1);
    const bool there = mine < N;  // the others only take part in the sums
    const Neuron x = neuron_of(tau_mem, tau_syn, threshold, reset, n);
    const float scale = ldexpf(1, point(bounds[n], size.bits)), at_count = at_counts[(long long)b * N + n];
    Adjoint a = {0, 0};
    Slopes s = {0, 0, 0};
    float at_mem = 0, at_syn = 0, at_threshold = 0, at_reset = 0;
    Left left = events.before_end(count[b], spike_count[b], size.recurrent);
    while (left.spikes > 0 || left.inputs > 0) {
      if (size.wants_times) totals.clear();
      const int all = look_back(window, events, left, -1);
      if (size.shared) {
        for (int m = threadIdx.x; m < all; m += blockDim.x) {
          flows[m] = flow(window.gap[m], x.mem, x.syn);
          if (size.trains_tau) tau_flows[m] = tau_flow(window.gap[m], x.mem, x.syn, flows[m]);
        }
        __syncthreads();
      }
      for (int m = 0; m < all; ++m) {
        const float gap = window.gap[m];
        const Flow f = size.shared ? flows[m] : flow(gap, x.mem, x.syn);
        if (size.trains_tau) s = before(s, a, gap, x, f, size.shared ? tau_flows[m] : tau_flow(gap, x.mem, x.syn, f));
        a = before(a, f);
        const int kind = window.kind[m], unit = window.unit[m];
        if (kind != SPIKE) {
          const long long weight = (long long)(kind == OWN ? size.inputs + unit : unit) * N + n;
          if (there) add_fixed(&weight_sums[weight], a.q, scale);
          if (size.trains_tau) {
            at_mem -= weights[weight] * x.mem * s.a_i;
            at_syn += weights[weight] * x.syn * x.syn * s.mu;
          }
          if (kind == INPUT && size.wants_times) totals.add(m, there ? at_arrival(a, weights[weight], x) : 0);
        } else if (there && unit == n) {
          const float p = jumps[row + window.index[m]];
          at_threshold -= p;
          at_reset += a.p;
          if (size.resets_move) {  // the voltage starts anew
            at_mem -= x.reset * x.mem * s.a_v;
            s.a_v = 0;
          } else {
            at_mem += (x.threshold - x.reset) * x.mem * s.a_v;
          }
          a.p = p + at_count / x.threshold;
        }
      }
      __syncthreads();
      if (size.wants_times) {
        for (int m = threadIdx.x; m < all; m += blockDim.x)
          if (window.kind[m] == INPUT) at_times[at + window.index[m]] += totals.of(m);
        __syncthreads();
      }
    }
    if (there) {
      float* const out = constants + 4LL * b * N + n;
      out[0] = at_mem;
      out[N] = at_syn;
      out[2LL * N] = at_threshold;
      out[3LL * N] = at_reset;
    }
  }
}
