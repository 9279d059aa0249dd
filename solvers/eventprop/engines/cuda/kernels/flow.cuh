// Closed forms of the LIF flow between events, as ``numba/kernels/flow.py`` has them.
#pragma once

#include "layer.cuh"

// Over a lag: exp(-lag/tau_mem), exp(-lag/tau_syn) and kappa(lag), the voltage that a unit current brings.
struct Flow {
  float mem, syn, kappa;
};

__device__ inline Flow flow(float lag, float mem, float syn) {
  const float x = lag * fabsf(syn - mem);
  const float phi = x > 0 ? -expm1f(-x) / x : 1;  // (1 - exp(-x)) / x
  return {expf(-lag * mem), expf(-lag * syn), lag * mem * expf(-lag * fminf(mem, syn)) * phi};
}

// Voltage and current of a neuron.
struct State {
  float v, i;
};

__device__ inline State after(State s, Flow f) { return {s.v * f.mem + s.i * f.kappa, s.i * f.syn}; }

// What carries the adjoint of the voltage into those of the time constants, see ``numba/kernels/backward.py``.
struct TauFlow {
  float mu, a;
};

__device__ inline TauFlow tau_flow(float lag, float mem, float syn, Flow f) {
  const float x = lag * mem, z = lag * (syn - mem);
  float second;  // exp(-lag/tau_mem) (exp(-z) - 1 + z) / z**2
  if (fabsf(z) < 1) {
    float y = 1;
    for (int k = 12; k > 2; --k) y = 1 - z * y / k;
    second = 0.5f * y * f.mem;
  } else {
    second = (f.syn - f.mem + z * f.mem) / (z * z);
  }
  return {lag * (f.kappa - x * second), f.kappa - x * x * second};
}
