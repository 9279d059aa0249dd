"""The Spiking Speech Commands: 35 spoken words as spikes of a cochlea model, with a validation part of their own.

Source: Cramer, Stradmann, Schemmel & Zenke 2022, IEEE Trans. Neural Netw. Learn. Syst. 33:2744. CC BY 4.0.
"""

from pathlib import Path

from .description import DataSet
from .heidelberg import Recordings
from .splits import Splits

CLASSES = 35
_RECORDINGS = Recordings("ssc", CLASSES, {part: {"split": part} for part in ("train", "valid", "test")})


def load_ssc(data_dir: str | Path, download: bool = False) -> Splits:
    """All three parts, read whole into memory, several times the size of SHD; see ``Recordings.load``."""
    return Splits(*_RECORDINGS.load(data_dir, download))


# The settings are those of SHD, which has the same channels and as long recordings; they were not chosen on SSC. It is
# taken by its name only: "auto" means SHD.
SSC = DataSet(
    load=load_ssc,
    group="speaker",
    network={"duration": 1.0},
    training={"channel_shift": 40, "blend": 0.5},
)
