"""The arithmetic that an event-driven gradient cannot avoid, as a yardstick for the engine.

One pass over the events of a sample, spikes known in advance. Forward, per distinct event time and neuron: decay the
voltage and the current, add the rows of weights that arrive. Backward: decay both adjoints, add that of the current to
the rows of the gradient. No spike is looked for, no loss and no gradient at a spike is computed.

It streams: every event touches every neuron. The engine treats the arrivals of a block together and may be faster.
"""

import numpy as np
from jaxtyping import Float
from numba import njit

from solvers.eventprop.engines.numba.kernels.arrivals import reach
from solvers.eventprop.engines.numba.kernels.flow import ALLOCATING, OPTIONS, SHORT, long_flow
from solvers.eventprop.engines.numba.kernels.series import evaluate, flow_series, terms
from solvers.eventprop.engines.stacking import stacked_weights
from solvers.events import Events
from solvers.neurons.lif import LIFParams


@njit(**OPTIONS)
def _flow(lag, rate_mem, rate_syn, series, limit):
    if lag <= limit:
        return evaluate(series, 0, lag, limit)
    decay_mem, decay_syn, k, _, _ = long_flow(lag, rate_mem, rate_syn)
    return decay_mem, decay_syn, k


@njit(**ALLOCATING)
def _stream(weights, gradient, times, rows, first, stop, rate_mem, rate_syn, series, limit):
    """Both passes over the events ``first`` to ``stop`` of all samples, the backward one from adjoints of one."""
    number, neurons = weights.dtype.type, weights.shape[1]
    v, i = np.zeros(neurons, number), np.zeros(neurons, number)
    now = 0.0
    for e in range(first, stop):
        if times[e] > now:
            m, s, k = _flow(times[e] - now, rate_mem, rate_syn, series, limit)
            m, s, k, now = number(m), number(s), number(k), times[e]
            for n in range(neurons):
                v[n] = m * v[n] + k * i[n]
                i[n] = s * i[n] + weights[rows[e], n]
        else:
            for n in range(neurons):
                i[n] += weights[rows[e], n]
    for n in range(neurons):  # the voltages have to be used for something, or they are not computed
        gradient[0, n] += v[n]
    if gradient.shape[0] == 1:
        return
    p, q = v, i
    for n in range(neurons):
        p[n], q[n] = 1, 1
    for e in range(stop - 1, first - 1, -1):
        if times[e] < now:
            m, s, k = _flow(now - times[e], rate_mem, rate_syn, series, limit)
            m, s, k, now = number(m), number(s), number(k), times[e]
            for n in range(neurons):
                q[n] = s * q[n] + k * p[n]
                p[n] = m * p[n]
                gradient[rows[e], n] += q[n]
        else:
            for n in range(neurons):
                gradient[rows[e], n] += q[n]


class Limit:
    """The streaming passes over a batch, with shared time constants, on one core."""

    def __init__(self, params: LIFParams, events: Events, spikes: Events, delay: float):
        """Merge the events of each sample.

        Args:
            params: of a recurrent layer.
            events: its input, a batch.
            spikes: of the layer.
            delay: of the recurrent connections [s].
        """
        self._weights = np.asarray(stacked_weights(params))
        self._rates = 1 / float(params.tau_mem), 1 / float(params.tau_syn)
        self._limit = reach(np.atleast_1d(params.tau_mem), np.atleast_1d(params.tau_syn))
        count = terms(np.finfo(self._weights.dtype).eps, SHORT / 2)
        self._series = flow_series(self._limit, np.array(self._rates[:1]), np.array(self._rates[1:]), count)
        merged = [_merge(events, spikes, b, params.inputs, delay) for b in range(len(events.count))]
        self._times, self._rows = (np.concatenate(x) for x in zip(*merged, strict=True))
        self._ends = np.cumsum([0, *(len(times) for times, _ in merged)])

    def forward(self) -> Float[np.ndarray, "1 post"]:
        """The forward pass alone."""
        return self._run(1)

    def step(self) -> Float[np.ndarray, "pre post"]:
        """Forward and backward pass."""
        return self._run(len(self._weights))

    def _run(self, rows: int) -> Float[np.ndarray, "rows post"]:
        gradient = np.zeros((rows, self._weights.shape[1]), self._weights.dtype)
        for first, stop in zip(self._ends[:-1], self._ends[1:], strict=True):
            _stream(
                self._weights, gradient, self._times, self._rows, first, stop, *self._rates, self._series, self._limit
            )
        return gradient


def _merge(events: Events, spikes: Events, sample: int, inputs: int, delay: float) -> tuple[np.ndarray, np.ndarray]:
    """Times [s] and rows of the stacked weights of all arrivals of one sample, in order."""
    arriving, own = (
        (np.asarray(x.times[sample], np.float64)[: int(x.count[sample])], np.asarray(x.units[sample]))
        for x in (events, spikes)
    )
    times = np.concatenate([arriving[0], own[0] + delay])
    rows = np.concatenate([arriving[1][: len(arriving[0])], inputs + own[1][: len(own[0])]]).astype(np.int64)
    order = np.argsort(times, kind="stable")
    return times[order], rows[order]
