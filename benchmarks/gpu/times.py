"""Times of gradients over the batch and over the neurons."""

import sys
from typing import Any

import jax
from tqdm import tqdm

from gradlab.measuring.timing import summary, time_calls

from .config import Config
from .gradients import gradient, lines, size_of

_PATIENCE = 3.0  # [s] for the timed calls of one gradient, one call at least


def times(config: Config) -> list[dict[str, Any]]:
    """A row for each size and line; what fails, as for want of memory, says why."""
    sizes = dict.fromkeys([(config.hidden, batch) for batch in config.batches])
    sizes |= dict.fromkeys([(hidden, config.batch_size) for hidden in config.neurons])
    rows = []
    for hidden, batch in tqdm(sizes, "times", unit="size", file=sys.stderr):
        for line in lines():
            row: dict[str, Any] = {"line": line, "hidden": hidden, "batch_size": batch}
            try:
                row |= timed(line, hidden, batch, config.repeats)
            except jax.errors.JaxRuntimeError as error:
                row["error"] = str(error).splitlines()[0]
            rows.append(row)
    return rows


def timed(line: str, hidden: int, batch: int, repeats: int) -> dict[str, Any]:
    """Median and quartiles of compiled calls [s], and their number."""
    made = gradient(line, size_of(hidden, batch))
    call = jax.jit(made.functions.gradient)
    first = time_calls(call, *made.arguments, repeats=1)[0]
    number = max(1, min(repeats, int(_PATIENCE / first)))
    seconds = time_calls(call, *made.arguments, repeats=number, warmup=0)
    return {f"{key}_s": value for key, value in summary(seconds).items()} | {"calls": number}
