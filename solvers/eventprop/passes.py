"""Both passes of a layer by an engine, with padded spikes or with those of a batch in one pool."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import jax
from annotated_types import Interval
from jaxtyping import Array

from ..events import Events, Packed, packed, packed_rows, require_places, rows_of
from ..fields import LARGEST, NotNegative, Positive, check_fields
from ..smoothing import Smoothing
from .engines import ENGINES, Kept, PooledEngine

_Room = Annotated[int, Interval(ge=1, lt=LARGEST)]  # a count above it marks that there was no room


@jax.tree_util.register_static
class Wanted(NamedTuple):
    """Which optional gradients the caller differentiates with respect to."""

    tau: bool
    times: bool
    amplitudes: bool


@dataclass(frozen=True)
class Settings:
    """Of a layer.

    Attributes:
        duration: end of the simulation [s].
        delay: of the recurrent connections [s].
        capacity: room for spikes in each sample.
        engine: name in ``ENGINES``.
        smoothing: of the gradient; None for none.
        reset_gradient: whether gradients pass the reset.
        mean: room for spikes of a sample on the mean, if those of a batch are in one pool; None if they are padded.
        axis: over whose devices the neurons are spread, with padded spikes; None for none.
    """

    duration: Positive
    delay: NotNegative
    capacity: _Room
    engine: str
    smoothing: Smoothing | None = None
    reset_gradient: bool = True
    mean: _Room | None = None
    axis: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)

    @property
    def pools(self) -> bool:
        """Whether the engine itself keeps the spikes in a pool."""
        return self.mean is not None and isinstance(ENGINES[self.engine], PooledEngine)

    def forward(self, params: Any, events: Events | Packed) -> tuple[Events | Packed, Kept]:
        """Spikes, and what the backward pass asks of them beside."""
        engine: Any = ENGINES[self.engine]
        settings: dict[str, Any] = dict(duration=self.duration, delay=self.delay, capacity=self.capacity)
        slots = None if self.mean is None else require_places(len(events.count) * self.mean)
        if self.pools:
            events = _pool(events)
            return engine.pooled_forward(params, events, **settings, slots=slots, smoothing=self.smoothing)
        if self.axis is not None:
            return engine.sharded_forward(params, events, **settings, axis=self.axis)
        if self.smoothing is None:
            spikes, kept = engine.forward(params, rows_of(events), **settings)
        else:
            spikes, kept = engine.smooth_forward(params, rows_of(events), **settings, smoothing=self.smoothing)
        if slots is None:
            return spikes, kept
        pool = packed(spikes, slots)
        return pool, jax.tree.map(pool.of_rows, kept)

    def backward(
        self, wanted: Wanted, params: Any, events: Any, *, spikes: Any, kept: Kept, time_cotangents: Array,
        count_cotangents: Array, at_amplitudes: Array | None,
    ) -> tuple[Any, Array | None, Array | None]:  # fmt: skip
        """Gradients of the parameters, of input times and of input amplitudes; None for what is not wanted."""
        engine: Any = ENGINES[self.engine]
        settings: dict[str, Any] = dict(
            duration=self.duration, delay=self.delay, trains_tau=wanted.tau, wants_times=wanted.times
        )
        smooth: dict[str, Any] = dict(wants_amplitudes=wanted.amplitudes, smoothing=self.smoothing)
        if self.pools:
            gradient, *of_events = engine.pooled_backward(
                params, _pool(events), spikes, kept, time_cotangents, count_cotangents, at_amplitudes,
                **settings, **smooth, reset_gradient=self.reset_gradient,
            )  # fmt: skip
            shape = events.times.shape
            d_times, d_amplitudes = (x if x is None else x.reshape(shape) for x in of_events)
            return gradient, d_times, d_amplitudes
        given = events
        if isinstance(spikes, Packed):
            pool, spikes = spikes, spikes.rows()
            kept, time_cotangents, at_amplitudes = jax.tree.map(
                lambda x: pool.row_of(x, 0), (kept, time_cotangents, at_amplitudes)
            )
        arguments = params, rows_of(events), spikes, kept, time_cotangents, count_cotangents
        if self.axis is not None:
            (gradient, d_times), d_amplitudes = engine.sharded_backward(*arguments, **settings, axis=self.axis), None
        elif self.smoothing is None:
            backward = engine.backward if self.reset_gradient else engine.detached_backward
            (gradient, d_times), d_amplitudes = backward(*arguments, **settings), None
        else:
            gradient, d_times, d_amplitudes = engine.smooth_backward(*arguments, at_amplitudes, **settings, **smooth)
        if isinstance(given, Packed):
            d_times, d_amplitudes = jax.tree.map(given.of_rows, (d_times, d_amplitudes))
        return gradient, d_times, d_amplitudes


def _pool(events: Events | Packed) -> Packed:
    return events if isinstance(events, Packed) else packed_rows(events)
