// Forward pass: the exact spikes of one sample by each thread block, with one thread a neuron, or a few in turn.
//
// Time advances in blocks, as in ``numba/kernels/forward.py``. Within a block no neuron hears of a spike of that block
// (it is no longer than the delay, or is cut at the first arrival of its spikes), so its arrivals are known when it
// begins and neurons are independent. For most neurons a block is one closed-form step; those that could possibly reach
// the threshold are followed from arrival to arrival. Times are numbers of double precision, all else is single.
#include "arrivals.cuh"
#include "crossing.cuh"
#include "spikes.cuh"

// What a thread needs to take a neuron through a block. Flows are those of shared time constants.
struct Path {
  const Block& block;
  int arrivals;
  const float* weights;  // column of the neuron
  int neurons;
  const Flow *between, *to_end;  // from each moment to the next one, and to the end; null where each neuron has its own

  __device__ float weight(int j) const { return weights[(long long)block.row[j] * neurons]; }
  __device__ Flow step(int j, const Neuron& x) const {
    return between ? between[j] : flow(block.lag[j + 1] - block.lag[j], x.mem, x.syn);
  }
  __device__ Flow rest(int j, const Neuron& x) const {
    return to_end ? to_end[j] : flow(block.lag[arrivals + 1] - block.lag[j], x.mem, x.syn);
  }
};

// The state at the end, as if there were no spike, and whether there could be one. At an upward crossing the current is
// at least the threshold. From there on, without arrivals, voltage and current end no lower than from a crossing at the
// begin; negative arrivals take away at most ``down``.
__device__ bool could_spike(const Path& path, const Neuron& x, State s, State& end) {
  const Flow whole = path.rest(0, x);
  const float length = path.block.lag[path.arrivals + 1];
  float down = 0;
  end = after(s, whole);
#pragma unroll 4
  for (int j = 1; j <= path.arrivals; ++j) {
    const float w = path.weight(j);
    const Flow f = path.rest(j, x);
    end.v += f.kappa * w;
    end.i += f.syn * w;
    down += (length - path.block.lag[j]) * x.mem * fminf(w, 0);
  }
  return end.v >= x.threshold * (1 - 64 * EPS) * (whole.mem + whole.kappa) + down;
}

// The state ``stop`` after the begin of the block, with all spikes until then.
template <class Put>
__device__ State follow(const Path& path, const Neuron& x, State s, float stop, Put put) {
  float now = 0;
  for (int j = 0;; ++j) {
    const float until = path.block.lag[j + 1];
    Flow f = path.step(j, x);
    State end = after(s, f);
    while (true) {
      const float lag = crossing(s, end, until - now, x), at = fminf(now + lag, until);
      if (lag == infinite() || at > stop) break;
      s = after(s, flow(lag, x.mem, x.syn));
      s.v = x.reset;
      now = at;
      put(now, s.i);
      f = flow(until - now, x.mem, x.syn);
      end = after(s, f);
    }
    if (until > stop) return after(s, flow(stop - now, x.mem, x.syn));
    s = end;
    now = until;
    if (j == path.arrivals) return s;
    s.i += path.weight(j + 1);
  }
}

extern "C" __global__ void __launch_bounds__(LARGEST_BLOCK, 1)
    forward(const float* times, const int* units, const int* start, const int* count, const float* weights,
            const float* tau_mem, const float* tau_syn, const float* threshold, const float* reset, const Sizes* sizes,
            const Clock* clock, const int*, int* taken, float* out_times, int* out_units, float* out_current,
            int* out_count, float* out_low, State* states, int* tables) {
  __shared__ Block block;
  __shared__ Flow between[2 * ROOM + 1], to_end[2 * ROOM + 1];
  __shared__ int fresh, first;  // spikes of the block, and the lag of the first in the order of whole numbers
  __shared__ int room;          // for spikes of the sample so far
  const Sizes size = *sizes;
  const int b = blockIdx.x, N = size.neurons;
  if (b >= size.batch) return;
  const double duration = sum_of(clock->duration), delay = sum_of(clock->delay), length = clock->length;
  const bool pools = size.pages > 0;
  const long long row = pools ? 0 : (long long)b * size.capacity, at = start[b];
  const Places places = {pools ? tables + (long long)b * ((size.capacity + PAGE - 1) / PAGE) : nullptr};
  const bool exact = size.exact;
  const Found found = {out_times + row, out_units + row, out_current + row, exact ? out_low + row : nullptr,
                       exact, places};
  Sample sample = {times + at, units + at, 0, count[b], {found.times, found.low, exact}, found.units, places, 0, 0, delay};
  State *now = states + (long long)b * 2 * N, *next = now + N;
  if (!pools)
    for (int k = threadIdx.x; k < size.capacity; k += blockDim.x) found.clear(k);
  if (threadIdx.x == 0) room = pools ? 0 : size.capacity;
  for (int n = threadIdx.x; n < N; n += blockDim.x) now[n] = {0, 0};

  int spikes = 0;
  double begin = 0;
  while (begin < duration) {
    double end = (floor(begin / length) + 1) * length;
    if (end <= begin) end += length;  // by rounding
    __syncthreads();
    const Arrivals count = gather(block, sample, begin, fmin(end, duration), size.inputs);
    const int arrivals = count.inputs + count.own;
    const float whole = block.lag[arrivals + 1];
    const auto anew = [&](int upcoming) {  // one thread calls it
      fresh = 0, first = __float_as_int(infinite());
      if (pools) room = places.more(room, min(spikes + upcoming, size.capacity), taken, size.pages);
    };
    if (threadIdx.x == 0) anew(AHEAD);
    if (size.shared) {
      const Neuron x = neuron_of(tau_mem, tau_syn, threshold, reset, 0);
      for (int j = threadIdx.x; j <= arrivals; j += blockDim.x) {
        between[j] = flow(block.lag[j + 1] - block.lag[j], x.mem, x.syn);
        to_end[j] = flow(whole - block.lag[j], x.mem, x.syn);
      }
    }
    __syncthreads();

    const auto advance = [&](float stop, bool cut) {
      for (int n = threadIdx.x; n < N; n += blockDim.x) {
        const Neuron x = neuron_of(tau_mem, tau_syn, threshold, reset, n);
        const Path path = {block, arrivals, weights + n, N, size.shared ? between : nullptr,
                           size.shared ? to_end : nullptr};
        const auto put = [&](float lag, float i) {
          const int slot = spikes + atomicAdd(&fresh, 1);
          if (slot < room) found.put(slot, begin + lag, n, i);
          atomicMin(&first, __float_as_int(lag));
        };
        State s;
        if (cut || could_spike(path, x, now[n], s)) s = follow(path, x, now[n], stop, put);
        next[n] = s;
      }
      __syncthreads();
    };
    advance(infinite(), false);
    const int upcoming = fresh;
    if (min(spikes + upcoming, size.capacity) > room) {
      __syncthreads();
      if (threadIdx.x == 0) anew(upcoming);
      __syncthreads();
      advance(infinite(), false);
    }
    Arrivals arrived = count;
    double reached = block.end;
    if (size.recurrent && fresh > 0) {  // the block ends where the first of its spikes arrives
      const double time = begin + __int_as_float(first), rounded = exact ? time : (float)time;
      const float stop = fmaxf(__int_as_float(first), lag_since(begin, Times::arrival(rounded, delay, exact)));
      if (stop < whole) {
        __syncthreads();
        if (threadIdx.x == 0) fresh = 0;
        __syncthreads();
        advance(stop, true);
        arrived = until(block, count, stop);
        reached = begin + stop;
      }
    }
    if (spikes + fresh > size.capacity) {
      spikes = size.capacity + 1;
      break;
    }
    if (spikes + fresh > room) {  // the pool is empty
      spikes += fresh;
      break;
    }
    sort(found, spikes, fresh);
    const bool quiet = arrivals == 0 && fresh == 0;
    spikes += fresh;
    sample.e += arrived.inputs;
    sample.r += arrived.own;
    if (size.recurrent) sample.sent = spikes;
    State* const last = now;
    now = next;
    next = last;
    begin = reached;
    if (quiet) {  // nothing can happen before the next arrival, unless a voltage can rise to the threshold by itself
      bool rises = false;
      for (int n = threadIdx.x; n < N; n += blockDim.x) rises |= now[n].i > threshold[n];
      if (__syncthreads_or(rises)) continue;
      const double upcoming = fmin(sample.input(0), sample.own(0));
      if (!(upcoming < duration)) break;
      if (upcoming > begin) {
        const float lag = (float)(upcoming - begin);
        for (int n = threadIdx.x; n < N; n += blockDim.x)
          now[n] = after(now[n], flow(lag, 1 / tau_mem[n], 1 / tau_syn[n]));
        begin = upcoming;
      }
    }
  }
  if (threadIdx.x == 0) out_count[b] = spikes;
}
