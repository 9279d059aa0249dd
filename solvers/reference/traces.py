"""Voltages and adjoint of a layer at any times, in closed form from the spikes that there are.

Plain NumPy in double precision, one event after the other: to look at a sample, and as an oracle of the engines, with
which it shares only ``kappa``. For LIF neurons, with a refractory period or without, in continuous time; on a time grid
the voltages are the same closed form between its points.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829 (adjoint); Nowotny et al. 2025, 10.1088/2634-4386/ada852, and
Meszaros et al. 2025, s41467-025-65394-8 (delays).
"""

from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import ArrayLike

from ..delays import delays_of, is_synaptic
from ..neurons.lif import kappa
from ..neurons.refractory import ClampParams

Train = tuple[ArrayLike, ArrayLike]  # times [s] in their order, and units
# What happens, in the order of what happens at one moment: whoever asks sees the state before it.
_ASKED, _SPIKE, _RELEASE, _INPUT, _OWN = range(5)
_ABOVE = 1e-9  # voltage above the threshold at which a spike came with the end of a dead time, in thresholds


class Trace(NamedTuple):
    """Two states of a layer at the times that were asked for, just before what happens then, ``[times, neurons]``.

    Attributes:
        v: voltages; or their adjoint ``lambda_v = -dL/dv / tau_mem``.
        i: synaptic currents [voltage]; or their adjoint ``lambda_i = -dL/di / tau_syn``.
    """

    v: np.ndarray
    i: np.ndarray


class Backward(NamedTuple):
    """The adjoint, and the gradients that are sampled from it.

    Attributes:
        trace: ``lambda_v`` and ``lambda_i`` [loss / (voltage s)].
        w_in: gradient of the input weights.
        w_rec: of the recurrent weights, None without.
        times: of the times of the inputs [loss / s].
    """

    trace: Trace
    w_in: np.ndarray
    w_rec: np.ndarray | None
    times: np.ndarray


class _Forward(NamedTuple):
    trace: Trace
    before: np.ndarray  # voltage of the neuron of each spike just before it
    current: np.ndarray  # its synaptic current then
    release: np.ndarray  # the same at the end of its refractory period; NaN without a clamp


def states(params: Any, inputs: Train, spikes: Train, times: ArrayLike, *, delay: float) -> Trace:
    """Voltages and synaptic currents of a layer at any times.

    Args:
        params: of LIF neurons, with a refractory period or without; or of a leaky readout.
        inputs: times [s] and channels of what arrives from before.
        spikes: times [s] and neurons of the layer's own spikes; none of a readout.
        times: at which they are asked for [s], in any order.
        delay: of the recurrent connections [s]; the ``delays`` of the parameters come on top.

    Raises:
        ValueError: for delays of synapses.
    """
    return _Layer(params, inputs, spikes, times, delay).forward().trace


def adjoint(
    params: Any, inputs: Train, spikes: Train, times: ArrayLike, *, delay: float, by_spikes: ArrayLike
) -> Backward:
    """Run the adjoint of a layer backwards, and keep it at any times.

    Args:
        params: of LIF neurons, with a refractory period or without.
        inputs: as for ``states``.
        spikes: likewise.
        times: likewise.
        delay: likewise.
        by_spikes: derivative of the loss with respect to the time of each spike, by what comes after the layer [1/s].

    Raises:
        ValueError: for delays of synapses.
    """
    return _Layer(params, inputs, spikes, times, delay).backward(np.asarray(by_spikes, np.float64))


class _Layer:
    """A layer, its events in order, and how its state flows from one to the next."""

    def __init__(self, params: Any, inputs: Train, spikes: Train, times: ArrayLike, delay: float):
        if is_synaptic(params):
            raise ValueError("the layer has delays of synapses, expected those of channels or neurons, or none")
        w_in = params.w_in if hasattr(params, "w_in") else params.w  # of a readout
        self.w_in, w_rec = np.asarray(w_in, np.float64), getattr(params, "w_rec", None)
        self.w_rec = None if w_rec is None else np.asarray(w_rec, np.float64)
        each = lambda x: np.broadcast_to(np.asarray(x, np.float64), self.w_in.shape[1])  # noqa: E731
        self.tau_mem, self.tau_syn = each(params.tau_mem), each(params.tau_syn)
        self.threshold, self.reset = each(getattr(params, "threshold", np.inf)), each(getattr(params, "reset", 0.0))
        self.clamps = isinstance(params, ClampParams)
        self.inputs, self.spikes, self.asked = _train(inputs), _train(spikes), np.asarray(times, np.float64)
        self._order(params, delay)
        lags = np.diff(self.when, prepend=0.0)[:, None]
        shared = np.ptp(self.tau_mem) == np.ptp(self.tau_syn) == 0
        tau_mem, tau_syn = (x[:1] if shared else x for x in (self.tau_mem, self.tau_syn))
        self.keep_v, self.keep_i = np.exp(-lags / tau_mem), np.exp(-lags / tau_syn)
        with jax.enable_x64(True):
            self.gain = np.asarray(kappa(lags, tau_mem, tau_syn))

    def _order(self, params: Any, delay: float) -> None:
        """All that happens: when, of which kind, and which of its kind."""
        (t_in, u_in), (t_own, u_own) = self.inputs, self.spikes
        of_inputs, of_own = (None if x is None else np.asarray(x, np.float64) for x in delays_of(params))
        arrives = t_in if of_inputs is None else t_in + of_inputs[u_in]
        happens = {_ASKED: self.asked, _INPUT: arrives, _SPIKE: t_own}
        if self.w_rec is not None:
            happens[_OWN] = t_own + delay + (0.0 if of_own is None else of_own[u_own])
        if self.clamps:
            happens[_RELEASE] = (
                t_own + np.broadcast_to(np.asarray(params.refractory, np.float64), len(self.reset))[u_own]
            )
        when = np.concatenate(list(happens.values()))
        kind = np.concatenate([np.full(len(times), name) for name, times in happens.items()])
        number = np.concatenate([np.arange(len(times)) for times in happens.values()])
        order = np.lexsort((number, kind, when))
        self.when, self.kind, self.number = when[order], kind[order].tolist(), number[order].tolist()

    def forward(self) -> _Forward:
        """Run the layer with the spikes that it has."""
        v, i = np.zeros((2, len(self.reset)))
        held = np.zeros(len(v), bool)
        trace = Trace(*np.zeros((2, len(self.asked), len(v))))
        before, current, release = np.full((3, len(self.spikes[0])), np.nan)
        for step, (kind, k) in enumerate(zip(self.kind, self.number, strict=True)):
            v = np.where(held, v, self.keep_v[step] * v + self.gain[step] * i)
            i = self.keep_i[step] * i
            if kind == _ASKED:
                trace.v[k], trace.i[k] = v, i
            elif kind == _SPIKE:
                n = self.spikes[1][k]
                before[k], current[k], held[n] = v[n], i[n], self.clamps
                v[n] = self._after(n, v[n])
            elif kind == _RELEASE:
                n = self.spikes[1][k]
                release[k], held[n] = i[n], False
            else:
                i = i + self._row(kind, k)
        return _Forward(trace, before, current, release)

    def _after(self, n: Any, before: Any) -> Any:
        """Voltage of a neuron after a spike."""
        return self.reset[n] if self.clamps else before - (self.threshold[n] - self.reset[n])

    def _row(self, kind: int, k: int) -> np.ndarray:
        """What arrives at each neuron."""
        if kind == _INPUT or self.w_rec is None:
            return self.w_in[self.inputs[1][k]]
        return self.w_rec[self.spikes[1][k]]

    def backward(self, by_spikes: np.ndarray) -> Backward:
        """Run the costates ``pv = dL/dv`` and ``pi = dL/di`` backwards from the end, where both are zero."""
        forward = self.forward()
        pv, pi = np.zeros((2, len(self.reset)))
        trace = Trace(*np.zeros((2, len(self.asked), len(pv))))
        total, by_inputs = by_spikes.copy(), np.zeros(len(self.inputs[0]))  # dL/d(times)
        w_in, w_rec = np.zeros_like(self.w_in), None if self.w_rec is None else np.zeros_like(self.w_rec)
        last = len(self.kind) - 1
        for step in range(last, -1, -1):
            kind, k = self.kind[step], self.number[step]
            if step < last:
                pi = self.keep_i[step + 1] * pi + self.gain[step + 1] * pv
                pv = self.keep_v[step + 1] * pv
            if kind == _ASKED:
                trace.v[k], trace.i[k] = -pv / self.tau_mem, -pi / self.tau_syn
            elif kind == _SPIKE:
                n = self.spikes[1][k]
                pv[n] = self._before(k, n, pv[n], total, forward)
            elif kind == _RELEASE:
                n = self.spikes[1][k]
                total[k] -= pv[n] * (forward.release[k] - self.reset[n]) / self.tau_mem[n]
                pv[n] = 0.0
            else:
                by_time = self._row(kind, k) @ (pi / self.tau_syn - pv / self.tau_mem)
                if kind == _INPUT or w_rec is None:
                    by_inputs[k] += by_time
                    w_in[self.inputs[1][k]] += pi
                else:
                    total[k] += by_time
                    w_rec[self.spikes[1][k]] += pi
        return Backward(trace, w_in, w_rec, by_inputs)

    def _before(self, k: int, n: Any, pv: Any, total: np.ndarray, forward: _Forward) -> Any:
        """``pv`` of a neuron before its spike ``k``, whose time a crossing of the threshold sets."""
        before, current, tau = forward.before[k], forward.current[k], self.tau_mem[n]
        slope, slope_after = (current - before) / tau, (current - self._after(n, before)) / tau
        by_time = total[k] + (0.0 if self.clamps else pv * (slope - slope_after))
        if before - self.threshold[n] > _ABOVE * self.threshold[n]:
            # The end of the dead time sets it: it moves with the spike before.
            earlier = np.flatnonzero((self.spikes[1][:k] == n) & (self.spikes[0][:k] < self.spikes[0][k]))
            total[earlier[-1]] += by_time
            return pv
        return (0.0 if self.clamps else pv) - by_time / slope


def _train(train: Train) -> tuple[np.ndarray, np.ndarray]:
    times, units = (np.asarray(x) for x in train)
    return times.astype(np.float64), units.astype(np.int64)
