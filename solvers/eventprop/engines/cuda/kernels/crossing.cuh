// The next threshold crossing of one neuron within a stretch of time without arrivals, as
// ``numba/kernels/crossing.py`` finds it.
#pragma once

#include "flow.cuh"

// Lag of the maximum of a voltage that rises to one: i > v and i > 0; infinity if there is none.
__device__ inline float time_of_maximum(State s, const Neuron& x) {
  const float a = x.syn / x.mem - 1, ratio = s.v / s.i;
  if (!(1 + a * ratio > 0)) return infinite();
  const float scale = (1 - ratio) / (1 + a * ratio), y = a * scale;
  return scale / x.mem * (y == 0 ? 1 : log1pf(y) / y);
}

// Lag of the first upward crossing no later than ``within``, where the state is ``end``; infinity if there is none.
__device__ inline float crossing(State s, State end, float within, const Neuron& x) {
  if (!(s.i > x.threshold)) return infinite();  // also where it is not a number
  if (s.v >= x.threshold) return 0;           // by rounding
  float high = within;
  if (end.v < x.threshold) {
    if (end.i >= end.v) return infinite();  // still rising: the maximum is not before the end
    high = fminf(within, time_of_maximum(s, x));
    if (after(s, flow(high, x.mem, x.syn)).v < x.threshold) return infinite();
  }
  // Newton's method on a concave rising function goes to the root monotonically from the left; from the right it first
  // jumps to the left. It starts at the root of the parabola in the state now, or at 0 should that lie past the
  // maximum. Lags and slopes are in units of tau_mem.
  const float rise = s.i - s.v, bend = s.i * (x.syn / x.mem) + rise, missing = x.threshold - s.v;
  const float root = rise * rise - 2 * bend * missing;
  high *= x.mem;
  float lag = root > 0 ? fminf(high, 2 * missing / (rise + sqrtf(root))) : 0;
  bool from_left = lag == 0;
  for (int turn = 0; turn < 50; ++turn) {
    const State at = after(s, flow(lag / x.mem, x.mem, x.syn));
    const float slope = at.i - at.v;
    if (slope <= 0 || (from_left && at.v >= x.threshold)) {
      if (from_left || at.v <= x.threshold) break;  // at the crossing, or at the maximum that is it, but for rounding
      lag = 0;
      from_left = true;
      continue;
    }
    const float before = lag;
    lag = fminf(fmaxf(lag + (x.threshold - at.v) / slope, 0), high);
    const float step = lag - before;
    from_left = true;
    if (bend * step * step <= 0.1f * EPS * slope) break;  // what the next turn would change
  }
  return fminf(lag / x.mem, within);
}
