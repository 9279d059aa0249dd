"""What the device held at its peak, beside what the compiled program says that it takes."""

from typing import Any

from gradlab.measuring import memory

from .config import Config
from .gradients import gradient, lines, size_of


def at_peak(line: str, hidden: int, batch: int) -> tuple[Any, tuple[Any, ...]]:
    """What is called in a process of its own, see ``memory.peak_in_fresh_process``."""
    made = gradient(line, size_of(hidden, batch))
    return made.functions.gradient, made.arguments


def peaks(config: Config) -> list[dict[str, Any]]:
    """A row for each line: measured and forecast bytes, with the arguments; what fails says why."""
    rows = []
    for line in lines():
        row: dict[str, Any] = {"line": line, "hidden": config.hidden, "batch_size": config.batch_size}
        function, arguments = at_peak(line, config.hidden, config.batch_size)
        row["forecast_bytes"] = memory.allocation(function, *arguments).total
        settings = {"line": line, "hidden": config.hidden, "batch": config.batch_size}
        try:
            peak = memory.peak_in_fresh_process(f"{__name__}:{at_peak.__name__}", settings).device
            row["peak_bytes"] = peak
            row["peak_over_forecast"] = None if peak is None else peak / row["forecast_bytes"]
        except RuntimeError as error:
            row["error"] = str(error)
        rows.append(row)
    return rows
