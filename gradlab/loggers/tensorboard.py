"""TensorBoard's event files, written by tensorboardX, which needs neither TensorFlow nor torch nor TensorBoard itself.

To look at them: ``pip install tensorboard && tensorboard --logdir runs``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.image import imread

from .base import Logger


class TensorBoard(Logger):
    """Scalars, the configuration as a text, and figures as images."""

    packages = ("tensorboardX",)

    def __init__(self, folder: Path, name: str, config: Mapping[str, Any], first: int | None):
        """See ``Logger``."""
        from tensorboardX import SummaryWriter

        # TensorBoard leaves out what it has of ``first`` and later steps; numbers of epochs are never above those.
        self._writer = SummaryWriter(str(folder), purge_step=first, filename_suffix=f".from-{first or 'end'}")
        text = json.dumps(config, indent=1).replace("\n", "\n    ")  # a block of code in Markdown
        self._writer.add_text("config", f"{name}\n\n    {text}", first or 0)

    def scalars(self, group: str, at: int, values: Mapping[str, float]) -> None:
        """See ``Logger``."""
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, at)
        if group != "step":
            self._writer.flush()

    def figure(self, name: str, path: Path) -> None:
        """See ``Logger``."""
        self._writer.add_image(name, imread(path), dataformats="HWC")

    def close(self) -> None:
        """See ``Logger``."""
        self._writer.close()
