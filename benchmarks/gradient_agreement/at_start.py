"""Gradients of the network before training; each function measures one part and returns its rows."""

from dataclasses import replace
from typing import Any

import jax

from gradlab.data import with_input_rate
from gradlab.measuring.gradient_similarity import over_batches
from gradlab.measuring.line_scans import follow, hidden_only, look, step
from gradlab.methods import able_methods
from gradlab.networks.initialisers import INITIALISERS

from .problem import DT, EXACT, SLOPE, SMOOTH, Problem, Row, Rows, Setting, loss_at

_POINTS = 32  # in which a step is cut to integrate the exact gradient along it


def surrogates(problem: Problem, slopes: tuple[float, ...], shapes: tuple[str, ...], scales: tuple[float, ...]) -> Rows:
    """Shape, slope and scale of the surrogate, and whether the reset passes a gradient."""
    settings = [Setting(slope=slope, reset=reset) for slope in slopes for reset in (True, False)]
    settings += [Setting(name=name) for name in shapes] + [Setting(scale=scale) for scale in scales]
    return [setting.row | problem.compare(problem.params, setting) for setting in dict.fromkeys(settings)]


def methods(problem: Problem) -> Rows:
    """Every method that can run the network, but the exact one."""
    others = [method for method in able_methods(problem.network).values() if method != EXACT]
    return [{"method": method.name} | problem.agreement(problem.params, problem.objective(method)) for method in others]


def steps(problem: Problem, grid: tuple[float, ...], shapes: tuple[str, ...]) -> Rows:
    """The step of the grid goes to zero: surrogate fixed, with and without the reset, or ever steeper; other shapes."""
    rows = []
    for dt in grid:
        kinds = {
            "fixed": Setting(dt=dt),
            "reset detached": Setting(dt=dt, reset=False),
            "steeper": Setting(dt=dt, slope=SLOPE * (DT / dt) ** 0.5),
        }
        kinds |= {name: Setting(name, dt=dt) for name in shapes}
        rows += [{"kind": kind} | each.row | problem.compare(problem.params, each) for kind, each in kinds.items()]
    return rows


def networks(
    problem: Problem, recurrences: tuple[float, ...], drives: tuple[float, ...], depths: tuple[int, ...],
    durations: tuple[float, ...],
) -> Rows:  # fmt: skip
    """Recurrence, rate, initialisation, depth and duration; the surrogate stays the same."""
    rows: Rows = []
    network, params = problem.network, problem.params
    layer: Any = params.layers[0]
    assert layer.w_rec is not None  # the network of this benchmark is recurrent
    layers = [("recurrent weights", factor, layer._replace(w_rec=factor * layer.w_rec)) for factor in recurrences]
    layers += [("input weights", factor, layer._replace(w_in=factor * layer.w_in)) for factor in drives]
    for of, factor, changed in layers:
        rows.append({"of": of, "value": factor} | problem.compare(params._replace(layers=(changed,))))
    for name in INITIALISERS:
        other = with_input_rate(replace(network, initialiser=name), problem.data)
        drawn = other.init(jax.random.key(problem.config.seed))
        rows.append({"of": "initialisation", "value": name} | problem.compare(drawn))
    deeper = [("depth", depth, replace(network, hidden=network.hidden * depth)) for depth in depths]
    shorter = [("duration", duration, replace(network, duration=duration)) for duration in durations]
    for kind, value, other in [*deeper, *shorter]:
        same = other == network  # whose objectives are compiled already
        varied = problem if same else Problem(other, problem.data, problem.samples, problem.config.seed)
        rows.append({"of": kind, "value": value} | varied.compare(varied.params))
    return rows


def noise(problem: Problem, batches: int) -> Row:
    """Bias of the surrogate gradient apart from the noise of both; the same of the smoothed gradient."""
    exact, surrogate, smooth = (
        [look(objective, problem.params, *problem.batch(k)).gradient for k in range(batches)]
        for objective in (problem.exact, problem.surrogate(), problem.objective(SMOOTH))
    )
    smoothed = over_batches(exact, smooth)
    return {name: row | {"smoothed": smoothed[name]} for name, row in over_batches(exact, surrogate).items()}


def usefulness(problem: Problem, batches: int, lengths: tuple[float, ...]) -> Rows:
    """Loss along each gradient of the hidden weights at equal lengths, on the batch, held-out, and on the grid."""
    rows: Rows = []
    exact, surrogate = problem.exact, problem.surrogate()
    for number in range(batches):
        here, held_out = problem.batch(number), problem.batch(batches + number)
        places = {"same": (exact, here), "held out": (exact, held_out), "grid": (surrogate, here)}
        start = {name: loss_at(judge, problem.params, *on).loss for name, (judge, on) in places.items()}
        for objective in (exact, surrogate, problem.objective(SMOOTH)):
            gradient = look(objective, problem.params, *here).gradient
            assert gradient is not None  # the activity at initialisation is bounded
            direction = hidden_only(gradient)
            moved = [step(problem.params, direction, length) for length in lengths]
            curves = {
                name: [loss_at(judge, params, *on).loss - start[name] for params in moved]
                for name, (judge, on) in places.items()
            }
            parts = follow(exact, problem.params, direction, *here, lengths[len(lengths) // 2], _POINTS)
            rows.append({"method": objective.method.name, "batch": number, "curves": curves} | parts._asdict())
    return rows
