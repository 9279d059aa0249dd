"""Does the time grid converge to the event-driven solution? ``python -m benchmarks.convergence``.

A recurrent network in double precision, simulated event by event and on ever finer grids: errors of the spike times, of
the logits and of the loss, and the order in which they shrink. Spikes on a grid come up to a step late, and their input
is rounded to it: first order is expected.
"""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab import Network, plots, records
from gradlab.command import prepare, run_command
from gradlab.convergence import GridErrors, fitted_order, grid_errors
from gradlab.data import batch

from .settings import require_positive
from .workload import poisson_data

_RECORDS = "convergence.jsonl"
_HIGHEST_RATE = 500.0  # [Hz] mean rate of the hidden neurons that there is room for


@dataclass(frozen=True)
class Config:
    """Convergence of the time grid to the event-driven solution, in double precision.

    Attributes:
        steps: of the grids [s]; the delay must be a whole number of each.
        hidden: recurrent neurons.
        samples: number of samples.
        inputs: input channels.
        outputs: classes.
        input_rate: of each input channel [Hz].
        duration: of a sample [s].
        delay: of recurrent transmission [s].
        seed: of input and weights.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    steps: tuple[float, ...] = (1e-3, 0.5e-3, 0.25e-3, 0.125e-3, 0.0625e-3)
    hidden: int = 64
    samples: int = 128
    inputs: int = 100
    outputs: int = 10
    input_rate: float = 80.0
    duration: float = 0.2
    delay: float = 1e-3
    seed: int = 0
    out: Path = Path("results")
    json: bool = False

    def __post_init__(self):
        """Refuse impossible settings that no one else looks at."""
        if len(self.steps) < 2:
            raise ValueError(f"steps are {self.steps}, expected at least two: an order needs them")
        require_positive(self, "samples", "input_rate")


def measure(config: Config) -> dict[float, GridErrors]:
    """Errors by step.

    Raises:
        ValueError: unless JAX computes in double precision; for impossible settings, silence or runaway activity.
    """
    if jnp.zeros(0).dtype != jnp.float64:
        raise ValueError("convergence needs double precision: set jax_enable_x64 first")
    shared = {f.name for f in dataclasses.fields(Network)} & {f.name for f in dataclasses.fields(Config)} - {"hidden"}
    network = Network(hidden=(config.hidden,), **{name: getattr(config, name) for name in shared})
    params = network.init(jax.random.key(config.seed), jnp.float64)
    data = poisson_data(config.samples, config.inputs, config.input_rate, config.duration, config.outputs, config.seed)
    events, labels = jax.tree.map(jnp.asarray, batch(data, np.arange(config.samples), data.longest, dtype=np.float64))
    exact = network.eventprop(params, events, [int(_HIGHEST_RATE * config.hidden * config.duration)])
    if exact.spikes[0].overflowed.any():
        raise ValueError(f"the hidden neurons fire at more than {_HIGHEST_RATE:g} Hz: lower input_rate")
    if not exact.spikes[0].count.any():
        raise ValueError("no hidden neuron spikes: raise input_rate or duration")
    return {dt: grid_errors(network, params, events, labels, exact, dt) for dt in config.steps}


def table(errors: dict[float, GridErrors], metrics: dict[str, Any]) -> str:
    """Errors and orders as text."""
    lines = [f"{'step [ms]':>10}{'spike times [ms]':>18}{'equal counts':>14}{'logits':>11}{'loss':>11}"]
    for dt, e in errors.items():
        lines.append(f"{1e3 * dt:10g}{1e3 * e.spike_times_s:18.5f}{e.equal_counts:14.2%}{e.logits:11.2e}{e.loss:11.2e}")
    orders = (metrics[f"order_{name}"] for name in ("spike_times", "logits", "loss"))
    return "\n".join([*lines, "{:>10}{:18.2f}{:>14}{:11.2f}{:11.2f}".format("order", next(orders), "", *orders)])


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: as ``measure``.
        OSError: for a folder that cannot be written to.
    """
    prepare(config.out, _RECORDS)
    errors = measure(config)
    columns = {name: [getattr(e, name) for e in errors.values()] for name in GridErrors._fields}
    metrics = {
        "order_spike_times": fitted_order(config.steps, columns["spike_times_s"]),
        "order_logits": fitted_order(config.steps, columns["logits"]),
        "order_loss": fitted_order(config.steps, columns["loss"]),
    }
    print(table(errors, metrics))
    samples = {
        "dt_s": config.steps,
        "spike_time_error_s": columns["spike_times_s"],
        "equal_count_share": columns["equal_counts"],
        "logits_relative_error": columns["logits"],
        "loss_relative_error": columns["loss"],
    }
    record = records.make_record(
        "convergence", preset=None, method="bptt", dataset="poisson", hidden=config.hidden, seed=config.seed,
        status="ok", config=records.recorded(config), metrics=metrics, samples=samples,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(plots.convergence(record), config.out / "figures" / "convergence.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    jax.config.update("jax_enable_x64", True)
    return run_command("benchmarks.convergence", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
