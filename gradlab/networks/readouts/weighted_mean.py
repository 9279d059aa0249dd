"""Weighted time average of the readout voltage."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from solvers.bptt import Observer
from solvers.events import Events, Packed, unit_sums
from solvers.neurons.lif import kappa

from .base import ReadoutParams


class WeightedMean(NamedTuple):
    """Time average of the readout voltage, weighted with ``exp(-decays t/duration)``.

    Linear in the spikes, so each spike counts by a closed-form kernel of its time; both methods use the same one.
    ``decays=0`` gives the plain mean, ``decays=1`` the exponentially weighted mean of Nowotny et al. 2025 (Neuromorph.
    Comput. Eng., 10.1088/2634-4386/ada852), with which early spikes, too, get a gradient.
    """

    decays: float
    spiking: bool = False
    linear: bool = True
    packed: bool = True

    def kernel(self, params: ReadoutParams, times: Array, duration: float) -> Array:
        """Contribution of a spike at each time, per weight: ``1/T int_s^T exp(-g t) kappa(t - s) dt``."""
        g, left = self.decays / duration, jnp.maximum(duration - times, 0)
        rate = 1 / params.tau_syn + g
        current = -jnp.expm1(-left * rate) / rate
        voltage = params.tau_mem * jnp.exp(-g * left) * kappa(left, params.tau_mem, params.tau_syn)
        return jnp.exp(-g * times) * (current - voltage) / (1 + params.tau_mem * g) / duration

    def from_events(self, params: ReadoutParams, spikes: Events | Packed, units: int, duration: float) -> Array:
        """See ``Readout``; takes packed spikes, too."""
        return unit_sums(spikes, units, lambda times: self.kernel(params, times, duration)) @ params.w

    def observer(self, params: ReadoutParams, duration: float) -> Observer:
        """See ``Readout``."""
        return _KernelSum(self, params, duration)

    def from_state(self, params: ReadoutParams, state: Array, duration: float) -> Array:
        """See ``Readout``."""
        return state @ params.w


class _KernelSum(NamedTuple):
    readout: WeightedMean
    params: ReadoutParams
    duration: float

    def init(self, batch: int, neurons: int, dtype: Any) -> Array:
        return jnp.zeros((batch, neurons), dtype)

    def step(self, state: Array, spikes: Array, time: Array, lag: Array) -> Array:
        return state + self.readout.kernel(self.params, time, self.duration) * spikes
