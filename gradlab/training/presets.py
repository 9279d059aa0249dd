"""Presets: named sets of options of ``gradlab.bench``, one for each row of the accuracy table, and one for SSC.

They name what differs from the defaults of the data set; options on the command line take precedence over them.
"""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple


class Preset(NamedTuple):
    """A named set of options.

    Attributes:
        dataset: name in ``gradlab.data.DATASETS``.
        validation_groups: held out; none where the whole training set is trained on, with settings that were chosen
            beforehand by held-out groups; None for the data set's own validation part.
        network: fields of ``NetworkSettings``.
        training: fields of ``TrainConfig``.
    """

    dataset: str
    validation_groups: tuple[int, ...] | None
    network: dict[str, Any]
    training: dict[str, Any]


_TRAINING: dict[str, Any] = {"epochs": 60, "batch_size": 32, "learning_rate": 4e-3, "clip": 1.0}
_HETEROGENEOUS: dict[str, Any] = {"train_constants": True, "constants_factor": 0.3}
_DELAY_LINE: dict[str, Any] = {"pool": 5, "delay_line": 5, "delay_step": 60e-3}

PRESETS: dict[str, Preset] = {
    "shd-200": Preset("shd", (), {"hidden": (200,), "loss": "exp"}, _TRAINING),
    "shd-128-het": Preset(
        "shd", (), {"hidden": (128,), "loss": "exp", "constants": "gamma"}, _TRAINING | _HETEROGENEOUS
    ),
    "shd-256": Preset("shd", (), {"hidden": (256,), "loss": "exp"} | _DELAY_LINE, _TRAINING | {"epochs": 40}),
    # As for SHD, for fewer epochs, as there are nine times as many samples; neither chosen nor tried on SSC.
    "ssc-256": Preset("ssc", None, {"hidden": (256,), "loss": "exp"} | _DELAY_LINE, _TRAINING | {"epochs": 10}),
    # The size of Wunderlich & Pehle 2021, with a leaky readout in place of the first spike; chosen by validation.
    "yin-yang": Preset(
        "yin-yang", None, {"hidden": (200,), "recurrent": False}, {"epochs": 150, "learning_rate": 5e-4}
    ),
}
if TYPE_CHECKING:
    PresetName = str
else:
    PresetName = Literal[tuple(PRESETS)]
