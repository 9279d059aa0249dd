"""Time and memory of one gradient, EventProp against BPTT, on one core: ``python -m benchmarks.speed``.

One problem for all: Poisson input, hidden neurons tuned to a rate, the same weights, loss and regularisation. Times are
those of compiled calls, with the repeats of all methods interleaved, so that a drift of the machine hits all alike:

- ``eventprop_forward``: loss alone, in continuous time; ``eventprop``: its gradient with respect to all weights.
- ``eventprop_per_neuron``: the same with the time constants as arrays, one for each neuron.
- ``eventprop_silence``: the same as ``eventprop`` with a trial ten times as long, in which no more input comes.
- ``limit``: the arithmetic that streaming through the events cannot avoid, see ``benchmarks.limit``.
- ``bptt``: gradient on the grid with the reverse pass of ``solvers.bptt``, which keeps the voltages of every step, and
  the whole state at the start of each segment of steps.
- ``bptt_checkpointed``: the same without the voltages, which are computed again.
- ``bptt_scan``: textbook BPTT, ``solvers.reference.bptt_scan``: automatic differentiation of a plain ``lax.scan``,
  which keeps two numbers of every neuron in every step, the argument of the surrogate derivative and the spike. Its
  input is binned beforehand; neither the time for that counts nor the bytes, but these are printed and recorded.

Bytes are those kept between the forward and the backward pass (see ``gradlab.memory``); those of EventProp are for the
whole spike buffers, padding included.
"""

import dataclasses
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tyro

from .settings import WorkloadSettings

_RECORDS = "speed.jsonl"
_WARM_UP = 0.3  # [s] of untimed calls before each timed one, one call at least
_METHODS = ("eventprop", "eventprop_per_neuron", "eventprop_silence", "bptt", "bptt_checkpointed", "bptt_scan")
_LABELS = {
    "limit_forward": "limit, forward",
    "limit": "limit, both passes",
    "eventprop_forward": "EventProp, loss only",
    "eventprop": "EventProp, gradient",
    "eventprop_per_neuron": "EventProp, constants per neuron",
    "eventprop_silence": "EventProp, 9/10 of the trial silent",
    "bptt": "BPTT-SG, ours",
    "bptt_checkpointed": "BPTT-SG, ours, checkpointed",
    "bptt_scan": "BPTT-SG, plain autodiff scan",
}


@dataclass(frozen=True)
class Config(WorkloadSettings):
    """Time and memory of one gradient with EventProp and with BPTT, on one core.

    Attributes:
        delay: of recurrent transmission [s].
        cores: one, or all that there are.
    """

    delay: float = 1e-3
    cores: Literal["one", "all"] = "one"


def use_one_core() -> None:
    """Keep this process on one core; has to come before JAX and numba are imported, which start their threads then."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def measure(config: Config) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Metrics, and the samples of the times [s] that they summarise."""
    import jax  # here and below, not above: see use_one_core

    from gradlab import Network
    from gradlab.memory import residual_bytes
    from gradlab.timing import summary, time_calls

    from .workload import make_workload

    shared = {f.name for f in dataclasses.fields(Network)} & {f.name for f in dataclasses.fields(Config)} - {"hidden"}
    work = make_workload(
        Network(hidden=(config.hidden,), **{name: getattr(config, name) for name in shared}),
        samples=config.batch_size, input_rate=config.input_rate, hidden_rate=config.hidden_rate, dt=config.dt,
        seed=config.seed,
    )  # fmt: skip
    exact = work.objectives["eventprop"]
    calls: dict[str, tuple[Any, tuple]] = {"eventprop_forward": (jax.jit(exact.function), exact.all_arguments)}
    calls |= {"limit_forward": (work.limit.forward, ()), "limit_step": (work.limit.step, ())}
    calls |= {f"{name}_step": (jax.jit(jax.grad(o.function)), o.all_arguments) for name, o in work.objectives.items()}
    once = {name: time_calls(call, *arguments, repeats=1)[0] for name, (call, arguments) in calls.items()}
    samples: dict[str, list[float]] = {f"{name}_s": [] for name in calls}
    for _ in range(config.repeats):
        for name, (call, arguments) in calls.items():
            # Untimed calls of its own come before: the first pay for memory that the method before gave back, and for
            # cores that it left idle.
            warmup = math.ceil(_WARM_UP / once[name])
            samples[f"{name}_s"] += time_calls(call, *arguments, repeats=1, warmup=warmup)

    metrics: dict[str, Any] = {name: summary(times)["median"] for name, times in samples.items()}
    kept = {name: residual_bytes(o.function, *o.all_arguments) for name, o in work.objectives.items()}
    events = config.batch_size * (work.input_spikes + work.hidden_spikes)
    metrics |= {
        "eventprop_over_bptt": metrics["eventprop_step_s"] / metrics["bptt_step_s"],
        "eventprop_over_limit": metrics["eventprop_step_s"] / metrics["limit_step_s"],
        "per_neuron_over_shared": metrics["eventprop_per_neuron_step_s"] / metrics["eventprop_step_s"],
        "silence_over_none": metrics["eventprop_silence_step_s"] / metrics["eventprop_step_s"],
        "eventprop_ns_per_event_and_neuron": 1e9 * metrics["eventprop_step_s"] / (events * config.hidden),
        "hidden_rate_hz": work.rate,
        "input_spikes_per_sample": work.input_spikes,
        "hidden_spikes_per_sample": work.hidden_spikes,
        "event_capacity": work.capacity,
        **{f"{name}_residual_bytes": size for name, size in kept.items()},
        "bptt_over_eventprop_residual_bytes": kept["bptt_scan"] / kept["eventprop"],
        "bptt_voltages_over_eventprop_residual_bytes": kept["bptt"] / kept["eventprop"],
        "bptt_checkpointed_over_eventprop_residual_bytes": kept["bptt_checkpointed"] / kept["eventprop"],
        "grid_steps": work.steps,
        "bptt_scan_input_grid_bytes": work.input_grid_bytes,
    }
    return metrics, samples


def table(config: Config, metrics: Mapping[str, Any], samples: Mapping[str, list[float]]) -> str:
    """The figures as text."""
    from gradlab.timing import summary

    values = metrics["grid_steps"] * config.batch_size * config.hidden * 4  # bytes of one number each step and neuron
    lines = [
        f"batch {config.batch_size}, {config.duration:g} s, {config.inputs} inputs at {config.input_rate:g} Hz, "
        f"{config.hidden} hidden neurons at {metrics['hidden_rate_hz']:.1f} Hz, grid of {1e3 * config.dt:g} ms, "
        f"cores: {config.cores}",
        f"spikes a sample: {metrics['input_spikes_per_sample']:.0f} input, "
        f"{metrics['hidden_spikes_per_sample']:.0f} hidden (room for {metrics['event_capacity']})",
        "",
        f"{'':36}{'seconds a call':^26}{'bytes kept for the backward pass':^45}",
        f"{'':36}{'median':>9}{'quartiles':>17}{'bytes':>15}{'x EventProp':>13}{'numbers a step*':>17}",
    ]
    for name, label in _LABELS.items():
        time = summary(samples[f"{name}_s" if name.endswith("forward") else f"{name}_step_s"])
        line = f"{label:36}{time['median']:9.4f}{time['q25']:9.4f}-{time['q75']:.4f} "
        if name in _METHODS:
            kept = metrics[f"{name}_residual_bytes"]
            line += f"{kept:15,}{kept / metrics['eventprop_residual_bytes']:13.1f}{kept / values:17.3f}"
        lines.append(line.rstrip())
    return "\n".join(
        [
            *lines,
            "* bytes / (4 * grid steps * samples * hidden neurons)",
            "",
            f"EventProp / BPTT-SG (ours), time of a gradient: {metrics['eventprop_over_bptt']:.2f}",
            f"EventProp / limit: {metrics['eventprop_over_limit']:.2f}; constants per neuron / shared: "
            f"{metrics['per_neuron_over_shared']:.2f}; with silence / without: {metrics['silence_over_none']:.2f}",
            f"EventProp, time of a gradient by event and neuron: {metrics['eventprop_ns_per_event_and_neuron']:.2f} ns",
            f"not counted for the plain scan: its input on the grid, {metrics['bptt_scan_input_grid_bytes']:,} bytes",
        ]
    )


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: for an impossible configuration.
        OSError: for a folder that cannot be written to.
    """
    from gradlab import plots, records
    from gradlab.command import prepare

    prepare(config.out, _RECORDS)
    metrics, samples = measure(config)
    print(table(config, metrics, samples))
    record = records.make_record(
        "speed", preset=None, method="both", dataset="poisson", hidden=config.hidden, seed=config.seed, status="ok",
        config=records.recorded(config), metrics=metrics, samples=samples,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(plots.speed(record), config.out / "figures" / "speed.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    if tyro.cli(Config, prog="python -m benchmarks.speed").cores == "one":
        use_one_core()
    from gradlab.command import run_command  # only now, see use_one_core

    return run_command("benchmarks.speed", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
