"""Times of all calls in turn, and the bytes that each gradient keeps."""

import math
from collections.abc import Callable
from typing import Any

import jax

from gradlab.command import Outcome
from gradlab.measuring.memory import residual_bytes
from gradlab.measuring.timing import summary, time_calls
from gradlab.networks.network import Network

from ..workload import Workload, make_workload
from .config import Config

_WARM_UP = 0.3  # [s] of untimed calls before each timed one, one call at least
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def measure(config: Config) -> Outcome:
    """Time and memory of the gradients.

    Raises:
        ValueError: for an impossible configuration.
    """
    network = Network(
        config.inputs, config.outputs, hidden=(config.hidden,), duration=config.duration, delay=config.delay,
        input_rate=config.input_rate,
    )  # fmt: skip
    work = make_workload(
        network, samples=config.batch_size, input_rate=config.input_rate, hidden_rate=config.hidden_rate, dt=config.dt,
        longest_delay=config.longest_delay, seed=config.seed,
    )  # fmt: skip
    samples = time_in_turn(calls_of(work), config.repeats)
    kept = {name: residual_bytes(each.functions.loss, *each.arguments) for name, each in work.work.items()}
    return Outcome(
        metrics_of(config, work, samples, kept), samples, method="all", dataset="poisson", hidden=config.hidden,
        seed=config.seed,
    )  # fmt: skip


def calls_of(work: Workload) -> dict[str, Call]:
    """What is timed: EventProp's loss alone, the limit, and the gradient of each contestant."""
    exact = work.work["eventprop"]
    return {
        "eventprop_forward": (jax.jit(exact.functions.loss), exact.arguments),
        "limit_forward": (work.limit.forward, ()),
        "limit_step": (work.limit.step, ()),
        **{f"{name}_step": (jax.jit(each.functions.gradient), each.arguments) for name, each in work.work.items()},
    }


def time_in_turn(calls: dict[str, Call], repeats: int) -> dict[str, list[float]]:
    """Times of each call [s], all calls in turn, round after round."""
    once = {name: time_calls(call, *arguments, repeats=1)[0] for name, (call, arguments) in calls.items()}
    samples: dict[str, list[float]] = {f"{name}_s": [] for name in calls}
    for _ in range(repeats):
        for name, (call, arguments) in calls.items():
            # Untimed calls of its own come before: the first pay for memory that the method before gave back, and for
            # cores that it left idle.
            warmup = math.ceil(_WARM_UP / once[name])
            samples[f"{name}_s"] += time_calls(call, *arguments, repeats=1, warmup=warmup)
    return samples


def metrics_of(config: Config, work: Workload, samples: dict[str, list[float]], kept: dict[str, int]) -> dict[str, Any]:
    """Medians of the times, ratios, bytes, and the size of the workload."""
    median = {name: summary(times)["median"] for name, times in samples.items()}
    events = config.batch_size * (work.input_spikes + work.hidden_spikes)
    return {
        **median,
        "eventprop_over_bptt": median["eventprop_step_s"] / median["bptt_step_s"],
        "eventprop_over_limit": median["eventprop_step_s"] / median["limit_step_s"],
        "per_neuron_over_shared": median["eventprop_per_neuron_step_s"] / median["eventprop_step_s"],
        "smooth_over_exact": median["eventprop-smooth_step_s"] / median["eventprop_step_s"],
        "axonal_delays_over_none": median["eventprop_axonal_delays_step_s"] / median["eventprop_step_s"],
        "synaptic_delays_over_none": median["eventprop_synaptic_delays_step_s"] / median["eventprop_step_s"],
        "silence_over_none": median["eventprop_silence_step_s"] / median["eventprop_step_s"],
        "eventprop_ns_per_event_and_neuron": 1e9 * median["eventprop_step_s"] / (events * config.hidden),
        "hidden_rate_hz": work.rate,
        "input_spikes_per_sample": work.input_spikes,
        "hidden_spikes_per_sample": work.hidden_spikes,
        "event_capacity": work.room.busiest,
        "event_pool": work.room.mean,
        **{f"{name}_residual_bytes": size for name, size in kept.items()},
        "bptt_over_eventprop_residual_bytes": kept["bptt_scan"] / kept["eventprop"],
        "bptt_voltages_over_eventprop_residual_bytes": kept["bptt"] / kept["eventprop"],
        "bptt_checkpointed_over_eventprop_residual_bytes": kept["bptt_checkpointed"] / kept["eventprop"],
        "smooth_over_exact_residual_bytes": kept["eventprop-smooth"] / kept["eventprop"],
        "grid_steps": work.steps,
        "bptt_scan_input_grid_bytes": work.input_grid_bytes,
    }
