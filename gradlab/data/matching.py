"""Do a data set and a network belong together? Asked wherever the two meet, before any work."""

import warnings

from ..networks.network import Network
from .dataset import SpikeData
from .splits import Splits

_UNITS = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}


def check_match(network: Network, data: SpikeData) -> None:
    """Refuse a data set that the network cannot take, or of which it would see almost nothing.

    Raises:
        ValueError: for another number of channels, more classes than outputs, or if nine of ten spikes come after the
            network's duration.
    """
    if data.inputs != network.inputs:
        raise ValueError(f"data have {data.inputs} channels, the network {network.inputs}: make them equal")
    if data.classes > network.outputs:
        raise ValueError(f"data have {data.classes} classes, the network only {network.outputs} outputs")
    tenth, half = data.time_quantiles
    if tenth > network.duration:
        raise ValueError(
            f"almost all spikes come after the network's duration (median time {half:g}, last {data.end_time:g}, "
            f"duration {network.duration:g} s): {_likely_unit(half / network.duration)}"
        )


def _likely_unit(ratio: float) -> str:
    """What to do about times that are so many times too long."""
    fitting = [(factor, unit) for factor, unit in _UNITS.items() if 5 < ratio <= factor]
    if not fitting:
        return "give seconds from the start of each sample, or raise duration"
    factor, unit = fitting[0]
    return f"are these {unit}? divide by {factor:,.0f}, for times are in seconds; or raise duration"


def check_splits(network: Network, splits: Splits) -> None:
    """``check_match`` for every part that there is, before a training; labels that begin above 0 are a warning.

    Raises:
        ValueError: as there; also if it is no ``Splits``, or the parts have names of classes that differ.
    """
    if not isinstance(splits, Splits):
        raise ValueError(f"got {type(splits).__name__} to train on, expected Splits(train, validation, test)")
    for part, data in splits._asdict().items():
        if data is None:
            continue
        try:
            check_match(network, data)
        except ValueError as error:
            raise ValueError(f"{part} set: {error}") from error
        names, others = splits.train.class_names, data.class_names
        if names is not None and others is not None and names != others:
            raise ValueError(
                f"classes of the {part} set are {', '.join(others)}, those of the training set {', '.join(names)}: "
                "give both the same class_names"
            )
    train = splits.train
    if train.class_names is None and len(train.labels) and train.labels.min() > 0:
        warnings.warn(
            f"no training sample has label 0, the smallest is {train.labels.min()}: labels are 0 to classes - 1, "
            "subtract what they begin with if an output is not to be left over",
            stacklevel=2,
        )
