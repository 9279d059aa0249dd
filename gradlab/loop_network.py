"""A small network, in whose weight space both gradients are integrated along loops (see ``loops``)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from solvers.events import Events
from solvers.surrogates import Surrogate

from .loops import Circle, Look
from .losses import cross_entropy
from .network import Network, NetworkParams
from .random_networks import CASES, draw_problem, in_order
from .recipe import split_params

_CAPACITY = 128  # spikes of a sample


class LoopNetwork(NamedTuple):
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

        def loss(point):
            output = self.network.eventprop(self._with(unravel(point)), self.events, [_CAPACITY])
            return cross_entropy(output.logits, self.labels), output.spikes[0]

        @jax.jit
        def look(point):
            (value, spikes), gradient = jax.value_and_grad(loss, has_aux=True)(point)
            own = (spikes.units[:, None] == neurons) & spikes.valid[:, None]
            trains = jnp.sort(jnp.where(own, spikes.times[:, None], self.network.duration), -1)
            rank = jax.vmap(jnp.searchsorted)
            arrivals = self.events.times, spikes.times + self.network.delay
            order = [own.sum(-1)[..., None] > jnp.arange(_CAPACITY), *(rank(times, trains) for times in arrivals)]
            return value, gradient, trains, jnp.stack(order)

        def checked(point):
            result = Look(*map(np.asarray, look(point)))
            if not np.isfinite(result.loss):
                raise ValueError(f"a sample has more than {_CAPACITY} spikes on a loop: choose smaller radii")
            return result._replace(loss=float(result.loss))

        return checked

    def surrogate_work(
        self, dt: float, surrogate: Surrogate, steps: int
    ) -> Callable[[Circle], Float[np.ndarray, " steps"]]:
        """Surrogate gradient times displacement at equally spaced points of a circle; the sum is the loop integral.

        Args:
            dt: step of the time grid [s].
            surrogate: stand-in for the derivative of a spike.
            steps: number of points.
        """
        _, unravel = ravel_pytree(split_params(self.params)[0])

        def loss(point):
            output = self.network.bptt(self._with(unravel(point)), self.events, dt=dt, surrogate=surrogate)
            return cross_entropy(output.logits, self.labels)

        gradients = jax.jit(jax.vmap(jax.grad(loss)))
        angles = 2 * np.pi * np.arange(steps) / steps

        def along(circle):
            points, tangents = (np.stack([f(a) for a in angles]) for f in (circle.point, circle.tangent))
            return np.sum(np.asarray(gradients(points)) * tangents, 1) * 2 * np.pi / steps

        return along

    def _with(self, trained: Any) -> NetworkParams:
        return eqx.combine(trained, split_params(self.params)[1])


def draw_loop_network(seed: int) -> LoopNetwork:
    """A random network of four recurrent neurons that spike, two samples, and their least likely classes as labels.

    Raises:
        ValueError: unless JAX computes in double precision.
    """
    if jax.dtypes.canonicalize_dtype(float) != np.float64:
        raise ValueError("loop integrals need double precision: set jax_enable_x64 first")
    network, params, times, units = draw_problem(CASES[0], "exp", [seed])
    events = in_order(times, units)
    logits = network.eventprop(params, events, [_CAPACITY]).logits
    return LoopNetwork(network, params, events, jnp.argmin(logits, -1))
