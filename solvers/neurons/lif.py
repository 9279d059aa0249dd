"""The current-based leaky integrate-and-fire (LIF) neuron: parameters, closed-form flow, next threshold crossing.

Between events, with membrane voltage ``v`` and synaptic current ``i`` (both in units of voltage):

    tau_mem dv/dt = -v + i          tau_syn di/dt = -i

A spike is emitted when ``v`` reaches ``threshold`` from below, and sets ``v`` to ``reset``. An arriving spike adds its
weight to ``i``. Times are in seconds throughout.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829, eqs. 1-3.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float

from ..delays import Delays, Positions
from .base import RESET, TAU_MEM, TAU_SYN, THRESHOLD, Neuron, Parameters, State

# Below this |z| the series of phi1 is exact to double precision and its derivative does not cancel.
_SERIES_BELOW = 1e-2
# Bracketed Newton steps on a concave function; a nearly tangent crossing converges linearly (halving) and needs most.
_CROSSING_STEPS = 60


class LIFParams(NamedTuple):
    """Parameters of one layer of LIF neurons; a JAX pytree.

    Constants are scalars (shared by the layer) or have one entry per neuron.

    Attributes:
        w_in: weights from the inputs, ``w_in[pre, post]`` [voltage].
        w_rec: recurrent weights ``w_rec[pre, post]`` [voltage], or None for a feed-forward layer.
        tau_mem: membrane time constant [s], > 0.
        tau_syn: synaptic time constant [s], > 0.
        threshold: firing threshold [voltage], > 0.
        reset: voltage after a spike [voltage], < threshold.
        delays: of the connections; None: there are none, but for the layer's recurrent one.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    threshold: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]
    delays: Delays | Positions | None = None

    @property
    def inputs(self) -> int:
        """Number of input units."""
        return self.w_in.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons of the layer."""
        return self.w_in.shape[1]


class LIF(Neuron):
    """See the module; between events it follows ``flow`` exactly, and crosses its threshold at ``next_crossing``."""

    params: ClassVar[Callable[..., Any]] = LIFParams
    constants = {
        "tau_mem": TAU_MEM,
        "tau_syn": TAU_SYN,
        "threshold": THRESHOLD._replace(reach=2.0),
        "reset": RESET,
    }

    def derivative(self, params: Parameters, state: State) -> State:
        """See ``Neuron``."""
        return State((state.i - state.v) / params.tau_mem, -state.i / params.tau_syn)

    def after_spike(self, params: Parameters, state: State) -> State:
        """See ``Neuron``; on a time grid the voltage keeps what it has above the threshold."""
        return state._replace(v=state.v - (params.threshold - params.reset))

    def step(self, params: Parameters, state: State, dt: float) -> State:
        """See ``Neuron``; exact."""
        return State(*flow(state.v, state.i, jnp.asarray(dt, state.v.dtype), params.tau_mem, params.tau_syn))


def lif_params(
    w_in: ArrayLike, w_rec: ArrayLike | None = None, *, delays: Delays | Positions | None = None, **constants: ArrayLike
) -> LIFParams:
    """Checked ``LIFParams``; by default ``tau_mem=20e-3, tau_syn=5e-3, threshold=1, reset=0``.

    Arguments and errors as in ``Neuron.make_params``.
    """
    params: LIFParams = LIF().make_params(w_in, w_rec, delays=delays, **constants)
    return params


def check_params(params: LIFParams) -> None:
    """Refuse impossible parameters; see ``Neuron.check``."""
    LIF().check(params)


def phi1(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """``(exp(z) - 1) / z``, continued to 1 at 0; accurate, and differentiable, everywhere."""
    small = jnp.abs(z) < _SERIES_BELOW
    safe = jnp.where(small, 1.0, z)
    series = 1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5 * (1 + z / 6 * (1 + z / 7)))))
    return jnp.where(small, series, jnp.expm1(safe) / safe)


def kappa(u: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike) -> Array:
    """Voltage after a lag ``u`` of a unit current jump: the postsynaptic potential per weight.

    ``tau_syn/(tau_mem - tau_syn) (exp(-u/tau_mem) - exp(-u/tau_syn))`` in a form without cancellation, for tau_mem
    above, below and equal to tau_syn. Symmetric in its two rates, so the slower exponential is factored out and the
    rest cannot overflow.

    Args:
        u: lag [s], >= 0.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].

    Returns:
        Voltage per unit of current, in the broadcast shape of the arguments.
    """
    u, tau_mem, tau_syn = jnp.asarray(u), jnp.asarray(tau_mem), jnp.asarray(tau_syn)
    total, difference = 1 / tau_syn + 1 / tau_mem, jnp.abs(1 / tau_syn - 1 / tau_mem)
    slow = (total - difference) / 2  # their minimum; where they are equal its derivative must be shared between both
    return u / tau_mem * jnp.exp(-u * slow) * phi1(-u * difference)


def flow(v: ArrayLike, i: ArrayLike, u: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike) -> tuple[Array, Array]:
    """Voltage and current after ``u`` seconds without an event.

    Args:
        v: voltage now.
        i: synaptic current now [voltage].
        u: lag [s], >= 0.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].

    Returns:
        ``(v, i)`` at the end of the lag, in the broadcast shape of the arguments.
    """
    u, i = jnp.asarray(u), jnp.asarray(i)
    v_end = jnp.asarray(v) * jnp.exp(-u / jnp.asarray(tau_mem)) + i * kappa(u, tau_mem, tau_syn)
    return v_end, i * jnp.exp(-u / jnp.asarray(tau_syn))


def time_of_maximum(v: ArrayLike, i: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike) -> Array:
    """Lag at which the free voltage has its maximum: where it equals the current, if it rises now.

    Args:
        v: voltage now.
        i: synaptic current now [voltage].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].

    Returns:
        Lag [s]; 0 where the voltage does not rise now, infinity where it creeps up to rest without a maximum.
    """
    v, i = jnp.asarray(v), jnp.asarray(i)
    tau_mem, tau_syn = jnp.asarray(tau_mem), jnp.asarray(tau_syn)
    delta = 1 / tau_syn - 1 / tau_mem
    rises = (i > v) & (i > 0)
    ratio = v / jnp.where(rises, i, 1.0)
    has_maximum = 1 + tau_mem * delta * ratio > 0
    ratio = jnp.where(rises & has_maximum, ratio, 0.0)
    # u = log((1 + a) / (1 + a ratio)) / delta with a = tau_mem delta; as log1p(x)/x it also holds for delta = 0.
    x = tau_mem * delta * (1 - ratio) / (1 + tau_mem * delta * ratio)
    equal = jnp.abs(x) < 1e-7
    log_over_x = jnp.where(equal, 1 - x / 2, jnp.log1p(jnp.where(equal, 1.0, x)) / jnp.where(equal, 1.0, x))
    lag = tau_mem * (1 - ratio) / (1 + tau_mem * delta * ratio) * log_over_x
    creeps = (i > v) & ~(rises & has_maximum)
    return jnp.where(rises & has_maximum, lag, jnp.where(creeps, jnp.inf, 0.0))


def next_crossing(v: ArrayLike, i: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike, threshold: ArrayLike) -> Array:
    """Lag to the first upward crossing of the threshold, if no event comes in between; never missed, never false.

    A crossing needs ``i > threshold`` now; then the voltage rises to one maximum, is concave up to it, and crosses
    if and only if it exceeds the threshold there. Newton's method from the left of a concave rising function
    approaches the root monotonically; it starts at 0 and is bracketed by the maximum.

    Args:
        v: voltage now; at or above the threshold only by rounding (then the crossing is now, if the voltage rises).
        i: synaptic current now [voltage].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        threshold: firing threshold [voltage], > 0.

    Returns:
        Lag [s], infinity where the threshold is never reached. Not differentiable through the iteration.
    """
    v, i, tau_mem, tau_syn, threshold = jnp.broadcast_arrays(*map(jnp.asarray, (v, i, tau_mem, tau_syn, threshold)))
    rises: Bool[Array, ...] = i > threshold
    peak = jnp.where(rises & (v < threshold), time_of_maximum(v, jnp.where(rises, i, 1.0), tau_mem, tau_syn), 0.0)
    peak = jnp.where(jnp.isfinite(peak), peak, 0.0)
    crosses = rises & ((v >= threshold) | (flow(v, i, peak, tau_mem, tau_syn)[0] > threshold))

    def improve(state: tuple[Any, Array, Array, Any]) -> tuple[Any, Array, Array, Any]:
        step, low, high, _ = state
        v_low, i_low = flow(v, i, low, tau_mem, tau_syn)
        slope = (i_low - v_low) / tau_mem
        newton = low + jnp.maximum(threshold - v_low, 0) / jnp.where(slope > 0, slope, 1.0)
        better = jnp.where(slope > 0, jnp.clip(newton, low, high), low)
        middle = 0.5 * (better + high)
        below = flow(v, i, middle, tau_mem, tau_syn)[0] < threshold
        better = jnp.where(below, middle, better)
        moved = jnp.any(better > low * (1 + jnp.finfo(low.dtype).eps))
        return step + 1, better, jnp.where(below, high, middle), moved

    unfinished = lambda state: (state[0] < _CROSSING_STEPS) & state[3]  # noqa: E731
    _, low, _, _ = jax.lax.while_loop(unfinished, improve, (0, jnp.zeros_like(peak), peak, jnp.any(peak > 0)))
    return jnp.where(crosses, jnp.where(v >= threshold, 0.0, low), jnp.inf)
