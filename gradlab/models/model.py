"""A trained network as an object."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from solvers.reference.traces import Trace, Train

from ..data import SpikeData, evaluation_batches
from ..methods import METHODS, Method
from ..networks.network import Network
from ..networks.params import NetworkParams
from ..training.config import TrainConfig
from ..training.objective import Objective
from ..training.room import Runaway
from . import backwards, file, inside
from .picture import Picture, explain

PARAMS = "params.npz"
Sample = Sequence[Any]  # times [s] and channels, a tuple of two arrays or lists
Recordings = SpikeData | Sample | Sequence[Sample]


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network, as ``load`` gives it.

    Recordings are a ``SpikeData``; or one ``(times [s], channels)``, a tuple; or a list of such.

    Attributes:
        network: structure and settings.
        params: trained parameters.
        method: that trained it, in whose simulator it runs.
        config: of the training.
        data: name of the data set that it was trained on.
        class_names: in the order of the classes, or None.
    """

    network: Network
    params: NetworkParams
    method: Method
    config: TrainConfig = field(default_factory=TrainConfig)
    data: str = ""
    class_names: tuple[str, ...] | None = None

    @cached_property
    def _objective(self) -> Objective:
        return Objective(self.network, self.config, self.method)

    def logits(self, data: Recordings) -> np.ndarray:
        """The answers of the readout, float ``[recordings, classes]``.

        Raises:
            ValueError: if the recordings do not suit the network.
            Runaway: if one makes it spike too much.
        """
        recordings, found = self._recordings(data), []
        for indices, weights in evaluation_batches(len(recordings), min(self.config.batch_size, len(recordings))):
            events, _ = self._objective.batch(recordings, indices)
            logits = self._objective.forward(self.params, events).logits
            found.append(np.asarray(logits)[weights > 0])
        return np.concatenate(found)

    def predict(self, data: Recordings) -> np.ndarray:
        """The class of each recording, int ``[recordings]``; its name is in ``class_names``. Raises as ``logits``."""
        return self.logits(data).argmax(1)

    def spikes(self, data: Recordings) -> list[tuple[Train, ...]]:
        """Of each recording, by spiking layer: ``(times [s], neurons)`` of its spikes, in double precision.

        Raises as ``logits``.
        """
        recordings = self._recordings(data)
        return [self._inside(recordings.sample(k)).spikes for k in range(len(recordings))]

    def voltages(self, sample: Sample, times: ArrayLike) -> tuple[np.ndarray, ...]:
        """Voltages in one recording at any times, in closed form; of a clock-driven method at the nearest grid points.

        Args:
            sample: times [s] and channels.
            times: at which they are asked for [s].

        Returns:
            Of each spiking layer, and of a leaky readout as the last, float64 ``[times, neurons]``, just before what
            happens then.

        Raises:
            ValueError: if the recording does not suit the network, or for neurons or delays without a closed form.
            Runaway: if it spikes too much.
        """
        return tuple(trace.v for trace in inside.voltages(self._inside(sample), times))

    def adjoint(self, sample: Sample, label: int | str, times: ArrayLike) -> tuple[Trace, ...]:
        """The backward pass made visible: ``lambda_v`` and ``lambda_i`` at any times, as ``v`` and ``i`` of a trace.

        Args:
            sample: times [s] and channels.
            label: class of the recording, its number or name; the loss is its cross-entropy.
            times: at which it is asked for [s].

        Returns:
            As ``voltages``. ``lambda_v = -(dL/dv) / tau_mem`` and ``lambda_i = -(dL/di) / tau_syn``: the gradient of an
            input weight is ``-tau_syn`` times the sum of ``lambda_i`` over the arrivals of its input. In
            continuous time they are exact, also of a network that a method trained whose gradient is not; on a time
            grid they are what BPTT-SG makes of them.

        Raises:
            ValueError: as ``voltages``, and for a class that does not exist.
        """
        return backwards.adjoint(self._inside(sample), self._class(label), times)

    def plot(self, sample: Sample, label: int | str | None = None, window: tuple[float, float] | None = None) -> Figure:
        """One recording as a picture: input, spikes, voltages beside those of the other simulator, readout, adjoint.

        Args:
            sample: times [s] and channels.
            label: class of the recording; by default the network's answer.
            window: from when to when the close-up is [s]; by default where most is to be seen.

        Raises:
            ValueError: as ``adjoint``.
        """
        seen = self._inside(sample)
        answer = int(self.predict(sample)[0])
        label = answer if label is None else self._class(label)
        title, names = f"class {self._name(label)}, answer {self._name(answer)}", range(self.network.outputs)
        picture = Picture(seen, self._in_another_simulator(sample), label, title, tuple(map(self._name, names)))
        return explain(picture, window)

    def _in_another_simulator(self, sample: Sample) -> inside.Inside | None:
        """What the weights do in another simulator, by its first method; None if it cannot run them."""
        kind = next((kind for kind in METHODS.values() if kind.simulator != self.method.simulator), None)
        if kind is None:
            return None
        try:
            (method := kind()).check(self.network)
            seen = inside.look_inside(self.network, self.params, method, self._recordings(tuple(sample)).sample(0))
            inside.check_closed_form(seen)
        except (ValueError, Runaway):
            return None
        return seen

    def save(self, path: str | Path) -> None:
        """Write the network to a file, without training data; see ``gradlab.models.file``. OSError if that fails."""
        content = file.Content(self.network, self.params, self.method, self.config, self.data, self.class_names)
        file.save(Path(path), content)

    def _name(self, label: int) -> str:
        return str(label) if self.class_names is None else self.class_names[label]

    def _class(self, label: int | str) -> int:
        if isinstance(label, str):
            if label not in (self.class_names or ()):
                raise ValueError(f"label is {label!r}, expected a class by number, or one of {self.class_names}")
            return list(self.class_names or ()).index(label)
        return int(label)

    def _inside(self, sample: Sample) -> inside.Inside:
        return inside.look_inside(self.network, self.params, self.method, self._recordings(tuple(sample)).sample(0))

    def _recordings(self, data: Any) -> SpikeData:
        if isinstance(data, SpikeData):
            return data
        samples = [data] if isinstance(data, tuple) else list(data)
        if not samples or not all(isinstance(each, tuple | list) and len(each) == 2 for each in samples):
            raise ValueError(
                "the recordings are no pairs, expected (times [s], channels), a list of such, or SpikeData"
            )
        times, units = zip(*samples, strict=True)
        labels = np.zeros(len(samples), int)  # which nobody looks at
        return SpikeData.from_samples(
            "recordings", times, units, labels, inputs=self.network.inputs, classes=self.network.outputs
        )


def load(run: str | Path) -> Model:
    """A trained network from the folder of its run, or from its file.

    Args:
        run: folder of a run, see ``gradlab list``; or its ``params.npz``, or a file that ``Model.save`` wrote.

    Raises:
        ValueError: if it is no such file, was damaged, or was written by a newer version.
        OSError: if there is none, or it cannot be read.
    """
    path = Path(run)
    content = file.read(path / PARAMS if path.is_dir() else path)
    return Model(content.network, content.params, content.method, content.config, content.data, content.class_names)
