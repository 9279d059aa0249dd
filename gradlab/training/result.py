"""What a training reached, and all that it needs to go on."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..networks.params import NetworkParams


class State(NamedTuple):
    """All arrays of a training.

    Attributes:
        trained: see ``unconstrained_params``.
        constant: likewise.
        optimiser: its state.
        best: ``trained`` after the best epoch; only with patience.
    """

    trained: NetworkParams
    constant: NetworkParams
    optimiser: Any
    best: NetworkParams | None


@dataclass
class Result:
    """What a training reached.

    Attributes:
        params: those after the last completed epoch; with patience, those of the epoch with the best validation
            accuracy. That is not the default, as with few held-out groups it picks a lucky epoch at a high rate.
        status: ``ok``, ``interrupted``, ``diverged`` or ``overflow``.
        reason: in words, if the status is not ``ok``.
        history: lists of figures by epoch (of the trained constants: quantiles by layer), and ``step_s`` by step.
        epochs: how many were completed.
        kept: the epoch of ``params``, counted from 1; 0 if none was completed.
    """

    params: NetworkParams
    status: str = "ok"
    reason: str | None = None
    history: dict[str, list[Any]] = field(default_factory=dict)
    epochs: int = 0
    kept: int = 0

    def kept_figure(self, name: str) -> Any:
        """A figure of the history at the epoch of ``params``; None if there is none."""
        return self.history[name][self.kept - 1] if self.kept and name in self.history else None

    def note(self, entry: dict[str, Any]) -> None:
        """Add the figures of a completed epoch."""
        for name, value in entry.items():
            self.history.setdefault(name, []).append(value)
        self.epochs += 1
