"""The workload: input, tuned parameters, and what each contestant is to differentiate."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.methods import EventProp
from gradlab.methods.base import Capacity
from gradlab.networks.network import Network
from gradlab.training.config import TrainConfig
from gradlab.training.objective import Objective
from gradlab.training.trained import split_params, unconstrained_params

from ..contestants import CONTESTANTS, VARIANTS
from .drive import poisson_data, room_for, tune_rate
from .gradients import Gradient, gradient_of, on_grid
from .limit import Limit
from .variants import changed

_ROOM_UNIT = 256  # room for hidden spikes is a multiple of this


class Work(NamedTuple):
    """What one contestant does.

    Attributes:
        functions: its loss and its gradient.
        arguments: of both, the trained parameters first.
    """

    functions: Gradient
    arguments: tuple[Any, ...]


class Workload(NamedTuple):
    """The same problem for all contestants.

    Attributes:
        work: of each contestant and each variant, if there are any, by name.
        limit: the unavoidable arithmetic.
        rate: of the hidden neurons [Hz].
        input_spikes: mean of a sample.
        hidden_spikes: mean of a sample.
        room: for hidden spikes in continuous time.
        steps: of the time grid.
        input_grid_bytes: size of the binned input, which only a plain scan needs.
    """

    work: dict[str, Work]
    limit: Limit
    rate: float
    input_spikes: float
    hidden_spikes: float
    room: Capacity
    steps: int
    input_grid_bytes: int


def make_workload(
    network: Network,
    *,
    samples: int,
    input_rate: float,
    hidden_rate: float,
    dt: float,
    seed: int,
    longest_delay: float | None = None,
) -> Workload:
    """Input, parameters that make the hidden neurons fire at the wanted rate, and the work of each contestant.

    Args:
        network: with one hidden layer.
        samples: in the batch.
        input_rate: of each input channel [Hz].
        hidden_rate: wanted mean of the hidden neurons [Hz].
        dt: step of the grid [s].
        seed: of input, weights and delays.
        longest_delay: of the variants with delays [s]; None for no variants at all.

    Raises:
        ValueError: for a network that cannot fit into memory, or delays that are longer than its trial.
    """
    config = TrainConfig(batch_size=samples, seed=seed)
    data = poisson_data(samples, network.inputs, input_rate, network.duration, network.outputs, seed)
    exact = Objective(network, config, EventProp())
    exact.require_memory()
    params, rate = tune_rate(exact, exact.init(data), data, hidden_rate)
    events, labels = jax.tree.map(jnp.asarray, exact.batch(data, np.arange(samples)))
    hidden_spikes = exact.forward(params, events).spikes[0]
    counts = np.asarray(hidden_spikes.count)
    room = room_for(counts, _ROOM_UNIT)
    grids = {dtype: on_grid(events, network, dt, dtype) for dtype in {each.dtype for each in CONTESTANTS.values()}}
    trained, constant = split_params(params)
    work = {}
    for name, contestant in CONTESTANTS.items():
        spikes = grids[contestant.dtype] if contestant.scan else events
        functions = gradient_of(contestant.with_options(dt=dt), network, config, (room,))
        work[name] = Work(functions, (trained, constant, spikes, labels))
    variants = {} if longest_delay is None else changed(network, params, longest_delay, seed)
    for name, (its_network, its_params) in variants.items():
        its_room = room
        if its_network.has_delays:  # the spikes are others
            its_counts = Objective(its_network, config, EventProp()).forward(its_params, events).spikes[0].count
            its_room = room_for(np.asarray(its_counts), _ROOM_UNIT)
        functions = gradient_of(VARIANTS[name], its_network, config, (its_room,))
        work[name] = Work(functions, (*unconstrained_params(its_params, its_network, config), events, labels))
    layer: Any = params.layers[0]
    limit = Limit(layer, events, hidden_spikes, network.delay)
    means = float(data.spikes_per_sample.mean()), float(counts.mean())
    grid = grids[CONTESTANTS["bptt_scan"].dtype]
    return Workload(work, limit, rate, *means, room, len(grid), grid.nbytes)
