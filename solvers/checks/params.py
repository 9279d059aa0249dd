"""Parameters that a simulator can take."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..delays import Delays, Positions, delays_of
from ..neurons import Parameters, neuron_of
from .findings import Finding, values
from .units_of_time import in_milliseconds

SHORTEST = 1e-9  # of a time constant, as a share of the duration: simulators cut time into pieces as short as these


def check_layer(params: Parameters) -> None:
    """Refuse what are not the parameters of a layer, by their types, shapes and known values.

    Raises:
        TypeError: if they, or their arrays, are of another type.
        ValueError: for a wrong shape or an impossible value.
    """
    neuron = neuron_of(params)
    fields: dict[str, Any] = params._asdict()  # type: ignore[attr-defined]  # all are NamedTuples
    delays = fields.pop("delays", None)
    if not isinstance(delays, Delays | Positions | None):
        raise TypeError(f"delays are of type {type(delays).__name__}, expected Delays or Positions, or None for none")
    given = {f"delays.{name}": array for name, array in (delays or Delays())._asdict().items()}
    for name, array in (fields | given).items():
        if name in ("w_rec", *given) and array is None:
            continue
        if not isinstance(array, jax.Array | np.ndarray | np.generic):
            kind = type(array).__name__
            raise TypeError(f"{name} is of type {kind}, expected an array: make parameters with Neuron.make_params")
        if array.dtype not in (jnp.float32, jnp.float64):
            raise ValueError(
                f"{name} has type {array.dtype}, expected float32 or float64, which resolve times: convert with astype"
            )
        if array.dtype != params.w_in.dtype:
            raise ValueError(f"{name} has type {array.dtype}, w_in {params.w_in.dtype}: give all the same type")
    neuron.check(params)


def layer_findings(params: Parameters, duration: float) -> list[Finding]:
    """What may be wrong with the values of a layer that is simulated for a duration [s]."""
    found = []
    for name in ("w_in", "w_rec"):
        if (weights := getattr(params, name)) is not None:
            finite = (abs(values(weights)) < np.inf).all()
            found.append(
                Finding(
                    f"{name} holds a weight that is not finite: give finite weights",
                    ~finite,
                )
            )
    for name, constant in neuron_of(params).constants.items():
        value, expected = values(getattr(params, name)), "a finite number"
        fine = constant.allows(value)
        if constant.unit == "s":
            expected = f"at least {SHORTEST * duration:g} s, {SHORTEST:g} of the duration, and finite"
            fine &= value >= SHORTEST * duration
            known = isinstance(value, np.ndarray)  # training may go where no setting should
            if known and (words := in_milliseconds(name, float(value.max(initial=0)), duration)):
                found.append(Finding(words, np.True_))
        elif constant.positive:
            expected = "a finite number > 0"
        found.append(Finding(f"{name} is out of range, expected {expected}: bound it when it is trained", ~fine.all()))
    for name, delays in delays_of(params)._asdict().items():
        if delays is not None:
            fine = (values(delays) >= 0) & (values(delays) < np.inf)
            found.append(Finding(f"delays.{name} holds a delay below 0 or not finite: bound them [s]", ~fine.all()))
    below = values(params.reset) < values(params.threshold)
    found.append(Finding("reset is not below threshold: bound them when they are trained", ~below.all()))
    return found
