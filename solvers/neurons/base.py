"""What a neuron model consists of: its constants, its equation of motion, its spike, its step in time."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..delays import Delays, Positions, check_delays


class Constant(NamedTuple):
    """What a neuron model declares of one of its constants.

    Attributes:
        label: in words, for figures.
        unit: "s" for a time constant, otherwise "" (voltages are in units of the default threshold).
        default: value where a layer gives none of its own.
        positive: whether it must be > 0.
        reach: largest factor between a trained constant and its setting; None if it is not trained.
        drawn: whether heterogeneous networks draw it for each neuron.
    """

    label: str
    unit: str
    default: float
    positive: bool = False
    reach: float | None = None
    drawn: bool = False

    def allows(self, value: Any) -> Any:
        """Where a value may be that of the constant: boolean, in its shape."""
        return (abs(value) < np.inf) & ((value > 0) | (not self.positive))


TAU_MEM = Constant("membrane time constant", "s", 20e-3, positive=True, reach=5.0, drawn=True)
TAU_SYN = Constant("synaptic time constant", "s", 5e-3, positive=True, reach=5.0, drawn=True)
THRESHOLD = Constant("threshold", "", 1.0, positive=True)
RESET = Constant("reset", "", 0.0)


@runtime_checkable
class Parameters(Protocol):
    """What the parameters of every model hold, a NamedTuple of arrays: weights, then constants, these four among them.

    Constants are scalars (shared by the layer) or have one entry for each neuron.
    """

    @property
    def w_in(self) -> Float[Array, "pre post"]:
        """Weights from the inputs [voltage]."""

    @property
    def w_rec(self) -> Float[Array, "post post"] | None:
        """Recurrent weights [voltage], or None for a feed-forward layer."""

    @property
    def tau_mem(self) -> Float[Array, "*neurons"]:
        """Membrane time constant [s]."""

    @property
    def tau_syn(self) -> Float[Array, "*neurons"]:
        """Synaptic time constant [s]."""

    @property
    def threshold(self) -> Float[Array, "*neurons"]:
        """Voltage at which a spike is emitted."""

    @property
    def reset(self) -> Float[Array, "*neurons"]:
        """Voltage after a spike."""


class State(NamedTuple):
    """State of a layer of neurons with an exponential synapse.

    Attributes:
        v: membrane voltage.
        i: synaptic current [voltage], to which an arriving spike adds its weight.
    """

    v: Float[Array, "*batch neurons"]
    i: Float[Array, "*batch neurons"]


class Neuron(abc.ABC):
    """A neuron model. Its methods broadcast: states are ``[neurons]``, or ``[batch, neurons]`` on a time grid.

    A state is a NamedTuple of arrays. Its field ``v`` is the voltage; its field ``i`` takes the arrivals.

    Attributes:
        params: the type of its parameters, a NamedTuple with the fields ``w_in``, ``w_rec`` and its constants.
        constants: its constants by name, in the order of these fields.
        refractory: the constant that is its refractory period, in which a neuron that has spiked does not spike; None
            if it has none.
        clamps: whether the voltage stays what it is after the spike for the refractory period.
    """

    params: ClassVar[Callable[..., Any]]
    constants: ClassVar[dict[str, Constant]]
    refractory: ClassVar[str | None] = None
    clamps: ClassVar[bool] = False

    @abc.abstractmethod
    def derivative(self, params: Any, state: Any) -> Any:
        """Time derivative of the state between events [1/s]."""

    @abc.abstractmethod
    def after_spike(self, params: Any, state: Any) -> Any:
        """State after a spike, for each neuron as if it had spiked in this state."""

    def rest(self, params: Any, *batch: int) -> Any:
        """State at time 0, ``[*batch, neurons]``: no voltage, no current."""
        zeros = jnp.zeros((*batch, params.w_in.shape[1]), params.w_in.dtype)
        return State(zeros, zeros)

    def excess(self, params: Any, state: Any) -> Float[Array, "*batch neurons"]:
        """Voltage above the threshold; a neuron spikes when it rises through 0."""
        return state.v - params.threshold

    def period(self, params: Any) -> Float[Array, "*neurons"] | None:
        """The refractory period [s], if there is one."""
        return None if self.refractory is None else getattr(params, self.refractory)

    def step(self, params: Any, state: Any, dt: float) -> Any:
        """State ``dt`` seconds later if nothing happens in between: by default one Runge-Kutta step of fourth order."""
        slope = lambda x: self.derivative(params, x)  # noqa: E731
        moved = lambda by, h: jax.tree.map(lambda x, k: x + h * k, state, by)  # noqa: E731
        k1 = slope(state)
        k2 = slope(moved(k1, dt / 2))
        k3 = slope(moved(k2, dt / 2))
        k4 = slope(moved(k3, dt))
        return moved(jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4), dt)

    def make_params(
        self,
        w_in: ArrayLike,
        w_rec: ArrayLike | None = None,
        *,
        delays: Delays | Positions | None = None,
        **constants: ArrayLike,
    ) -> Any:
        """Checked parameters in the floating-point type of ``w_in``.

        Args:
            w_in: ``[pre, post]`` [voltage].
            w_rec: ``[post, post]`` [voltage] or None.
            delays: of the connections; LIF neurons can have them, with a refractory period or without.
            **constants: scalar or ``[post]``; those that are left out have their default.

        Raises:
            TypeError: for an unknown constant.
            ValueError: for a wrong shape or an impossible value.
        """
        if unknown := set(constants) - set(self.constants):
            raise TypeError(f"unknown constant {min(unknown)!r}: choose from {', '.join(self.constants)}")
        w_in = jnp.asarray(w_in)
        if not jnp.issubdtype(w_in.dtype, jnp.floating):
            w_in = w_in.astype(float)
        values = [constants.get(name, constant.default) for name, constant in self.constants.items()]
        rest = (None if x is None else jnp.asarray(x, w_in.dtype) for x in (w_rec, *values))
        params = self.params(w_in, *rest)
        if delays is not None:
            if "delays" not in params._fields:
                raise ValueError(f"got delays for {type(self).__name__} neurons, which have none: leave them out")
            params = params._replace(delays=jax.tree.map(lambda x: jnp.asarray(x, w_in.dtype), delays))
        self.check(params)
        return params

    def check(self, params: Any) -> None:
        """Refuse impossible parameters; values are looked at only where they are known (not under ``jit``).

        Args:
            params: the parameters of one layer.

        Raises:
            ValueError: for a wrong shape or an impossible value.
        """
        if params.w_in.ndim != 2:
            raise ValueError(f"w_in has shape {params.w_in.shape}, expected two dimensions [pre, post]")
        n = params.w_in.shape[1]
        if n < 1:
            raise ValueError(f"w_in has shape {params.w_in.shape}, expected at least one neuron")
        if params.w_rec is not None and params.w_rec.shape != (n, n):
            raise ValueError(
                f"w_rec has shape {params.w_rec.shape}, expected {(n, n)} to match w_in {params.w_in.shape}"
            )
        for name, weights in (("w_in", params.w_in), ("w_rec", params.w_rec)):
            known = weights is not None and not isinstance(weights, jax.core.Tracer)
            if known and not np.all(np.isfinite(np.asarray(weights))):
                raise ValueError(f"{name} holds a weight that is not finite; give finite numbers")
        check_delays(params)
        for name, constant in self.constants.items():
            _check_constant(name, constant, getattr(params, name), n)
        known = not any(isinstance(x, jax.core.Tracer) for x in (params.threshold, params.reset))
        if known and np.any(np.asarray(params.reset) >= np.asarray(params.threshold)):
            raise ValueError(
                "reset is not below threshold; a neuron would spike for ever: lower reset or raise threshold"
            )


def _check_constant(name: str, constant: Constant, value: Array | np.ndarray, neurons: int) -> None:
    if value.shape not in ((), (neurons,)):
        raise ValueError(
            f"{name} has shape {value.shape}, expected a scalar or one entry for each of {neurons} neurons"
        )
    if isinstance(value, jax.core.Tracer):
        return
    value = np.asarray(value)  # under jit even known arrays would be traced by a JAX function
    smallest = np.min(value, initial=np.inf)
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{name} holds a value that is not finite; give finite numbers")
    if not np.all(constant.allows(value)):
        if constant.unit == "s":
            raise ValueError(f"{name} is {smallest:g} s, expected a positive time constant in seconds")
        raise ValueError(f"{name} is {smallest:g}, expected > 0 (the resting voltage)")
