"""Weights & Biases. Files stay in the run's folder, for ``wandb sync``; ``WANDB_MODE=online`` sends them at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .base import Logger, kept_id

_GROUPS = "step", "epoch", "end"


class WandB(Logger):
    """Scalars over steps and epochs, the configuration, and figures as images."""

    packages = ("wandb",)

    def __init__(self, folder: Path, name: str, config: Mapping[str, Any], first: int | None):
        """See ``Logger``."""
        import wandb

        self._image = wandb.Image
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "gradlab"), name=name, id=kept_id(folder, first), resume="allow",
            # Without a login it would wait for one, or fail.
            mode=os.environ.get("WANDB_MODE", "offline"), dir=str(folder), config=dict(config),
            settings=wandb.Settings(silent=True, console="off", disable_git=True, save_code=False),
        )  # fmt: skip
        for group in _GROUPS:
            self._run.define_metric(f"{group}/*", step_metric=f"{group}/number")

    def scalars(self, group: str, at: int, values: Mapping[str, float]) -> None:
        """See ``Logger``."""
        self._run.log({f"{group}/{name}": value for name, value in values.items()} | {f"{group}/number": at})

    def figure(self, name: str, path: Path) -> None:
        """See ``Logger``."""
        self._run.log({name: self._image(str(path))})

    def close(self) -> None:
        """See ``Logger``."""
        self._run.finish()
