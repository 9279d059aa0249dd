"""A small network, in whose weight space gradients are integrated along closed loops (see ``circulation``)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from solvers.events import Events

from ..methods import Method
from ..networks.losses import cross_entropy
from ..networks.network import Network
from ..networks.params import NetworkParams, Output
from ..training.trained import split_params
from .cases import CASES
from .circulation import Circle, Look
from .random_networks import EXACT, draw_problem, in_order

_CAPACITY = 128  # spikes of a sample


class CirculationNetwork(NamedTuple):
    """A recurrent network with a fixed batch; its loss is a function of its weights alone.

    Attributes:
        network: structure.
        params: where loops are centred.
        events: input spikes.
        labels: classes.
    """

    network: Network
    params: NetworkParams
    events: Events
    labels: Int[Array, " batch"]

    @property
    def centre(self) -> Float[np.ndarray, " weights"]:
        """All trained weights."""
        return np.asarray(ravel_pytree(split_params(self.params)[0])[0])

    def exact(self) -> Callable[[np.ndarray], Look]:
        """Loss, EventProp's gradient and all that is discrete, at a point of weight space.

        The function returned raises ValueError where there are more spikes than any loop should meet.
        """
        _, unravel = ravel_pytree(split_params(self.params)[0])
        neurons = jnp.arange(self.network.hidden[0])[:, None]

        def loss(point: Array) -> tuple[Array, Events]:
            output = self._forward(EXACT, self._with(unravel(point)))
            return cross_entropy(output.logits, self.labels), output.spikes[0]

        @jax.jit
        def look(point: Array) -> tuple[Array, ...]:
            (value, spikes), gradient = jax.value_and_grad(loss, has_aux=True)(point)
            own = (spikes.units[:, None] == neurons) & spikes.valid[:, None]
            trains = jnp.sort(jnp.where(own, spikes.times[:, None], self.network.duration), -1)
            rank = jax.vmap(jnp.searchsorted)
            arrivals = self.events.times, spikes.times + self.network.delay
            order = [own.sum(-1)[..., None] > jnp.arange(_CAPACITY), *(rank(times, trains) for times in arrivals)]
            return value, gradient, trains, jnp.stack(order)

        def checked(point: np.ndarray) -> Look:
            loss, gradient, trains, order = map(np.asarray, look(point))
            if not np.isfinite(loss):
                raise ValueError(f"a sample has more than {_CAPACITY} spikes on a loop: choose smaller radii")
            return Look(float(loss), gradient, trains, order)

        return checked

    def work(self, method: Method, steps: int) -> Callable[[Circle], Float[np.ndarray, " steps"]]:
        """Gradient times displacement at equally spaced points of a circle; their sum is its circulation.

        Args:
            method: gives the gradient.
            steps: number of points.
        """
        _, unravel = ravel_pytree(split_params(self.params)[0])

        def loss(point: Array) -> Array:
            output = self._forward(method, self._with(unravel(point)))
            return cross_entropy(output.logits, self.labels)

        gradients = jax.jit(jax.vmap(jax.grad(loss)))
        angles = 2 * np.pi * np.arange(steps) / steps

        def along(circle: Circle) -> np.ndarray:
            points, tangents = (np.stack([f(a) for a in angles]) for f in (circle.point, circle.tangent))
            return np.sum(np.asarray(gradients(points)) * tangents, 1) * 2 * np.pi / steps

        return along

    def _forward(self, method: Method, params: NetworkParams) -> Output:
        return method.forward(self.network, params, self.events, (_CAPACITY,), jax.random.key(0))

    def _with(self, trained: Any) -> NetworkParams:
        return eqx.combine(trained, split_params(self.params)[1])


def draw_circulation_network(seed: int) -> CirculationNetwork:
    """A random network of four recurrent neurons that spike, two samples, and their least likely classes as labels.

    Raises:
        ValueError: unless JAX computes in double precision.
    """
    if jax.dtypes.canonicalize_dtype(float) != np.float64:
        raise ValueError("a circulation needs double precision: set jax_enable_x64 first")
    network, _, params, times, units = draw_problem(CASES[0], "exp", [seed])
    events = in_order(times, units)
    logits = EXACT.forward(network, params, events, (_CAPACITY,), jax.random.key(seed)).logits
    return CirculationNetwork(network, params, events, jnp.argmin(logits, -1))
