"""The parts of the benchmark ``gradient_agreement``: each measures one thing and returns its rows."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from gradlab import BPTTTrainer, EventPropTrainer, Network, NetworkParams, TrainConfig, agreement
from gradlab.data import SpikeData, Splits, batch
from gradlab.descent import Look, follow, hidden_only, look, step
from gradlab.loop_network import draw_loop_network
from gradlab.loops import LoopIntegral, loop_integral, random_circle
from gradlab.losses import Labels
from solvers.events import Events
from solvers.surrogates import Surrogate

Rows = list[dict[str, Any]]
DT, SLOPE = 1e-3, 10.0  # [s], [1 / threshold]; of the figures that stand for all
_QUANTILES = (0.1, 0.5, 0.9)
_POINTS = 32  # in which a step is cut to integrate the exact gradient along it


class Setting(NamedTuple):
    """How the surrogate gradient is made."""

    name: str = "superspike"
    slope: float = SLOPE
    scale: float = 1.0
    reset: bool = True
    dt: float = DT

    @property
    def row(self) -> dict[str, Any]:
        """For a record."""
        return self._asdict()


USUAL = Setting()


class Bench:
    """One network, some data, and the trainers, of which each compiles once."""

    def __init__(self, network: Network, data: SpikeData, samples: int, seed: int):
        """Bind; a batch is ``samples`` samples."""
        self.network, self.data, self.samples = network, data, samples
        self.order = np.random.default_rng(seed).permutation(len(data))
        # The loss alone is compared: no regularisation, whose derivatives are heuristics.
        self.config = TrainConfig(batch_size=samples, rate_strength=0.0, seed=seed)
        self.exact = EventPropTrainer(network, self.config)
        self.params = self.exact.init()
        self._bptt: dict[Setting, BPTTTrainer] = {}

    def batch(self, number: int) -> tuple[Events, Labels]:
        """Batch by number; different numbers share no sample."""
        chosen = self.order[number * self.samples : (number + 1) * self.samples]
        return batch(self.data, chosen, self.data.longest)

    def bptt(self, setting: Setting = USUAL) -> BPTTTrainer:
        """The trainer with these surrogate gradients."""
        if setting not in self._bptt:
            self._bptt[setting] = BPTTTrainer(
                self.network, self.config, dt=setting.dt, reset_gradient=setting.reset,
                surrogate=Surrogate(setting.name, setting.slope, setting.scale),
            )  # fmt: skip
        return self._bptt[setting]

    def compare(self, params: NetworkParams, setting: Setting = USUAL, number: int = 0) -> dict[str, Any]:
        """Agreement on one batch, by parameter and over neurons; the rates in both worlds."""
        exact, other = (look(t, params, *self.batch(number)) for t in (self.exact, self.bptt(setting)))
        if exact.gradient is None:
            return {"rate_hz": None, "parameters": {}}
        parameters: dict[str, dict[str, Any]] = dict(agreement.compare(exact.gradient, other.gradient))
        for name, cosines in agreement.per_neuron(exact.gradient, other.gradient).items():
            cosines = cosines[np.isfinite(cosines)]
            if cosines.size:
                parameters[name]["neurons"] = np.quantile(cosines, _QUANTILES).tolist()
                parameters[name]["neurons_uphill"] = float(np.mean(cosines < 0))
        return {"rate_hz": self.rate(exact), "rate_grid_hz": self.rate(other), "parameters": parameters}

    def rate(self, at: Look) -> float:
        """Mean rate of the hidden neurons [Hz]."""
        return float(np.mean(at.counts) / self.network.duration)  # type: ignore[arg-type]


def surrogates(bench: Bench, slopes: tuple[float, ...], shapes: tuple[str, ...], scales: tuple[float, ...]) -> Rows:
    """Shape, slope and scale of the surrogate, and whether the reset passes a gradient."""
    settings = [Setting(slope=slope, reset=reset) for slope in slopes for reset in (True, False)]
    settings += [Setting(name=name) for name in shapes] + [Setting(scale=scale) for scale in scales]
    return [setting.row | bench.compare(bench.params, setting) for setting in dict.fromkeys(settings)]


def steps(bench: Bench, grid: tuple[float, ...], shapes: tuple[str, ...]) -> Rows:
    """The step of the grid goes to zero: surrogate fixed, with and without the reset, or ever steeper; other shapes."""
    rows = []
    for dt in grid:
        kinds = {"fixed": Setting(dt=dt), "reset detached": Setting(dt=dt, reset=False),
                 "steeper": Setting(dt=dt, slope=SLOPE * (DT / dt) ** 0.5)}  # fmt: skip
        kinds |= {name: Setting(name, dt=dt) for name in shapes}
        rows += [{"kind": kind} | setting.row | bench.compare(bench.params, setting) for kind, setting in kinds.items()]
    return rows


def networks(
    bench: Bench, recurrences: tuple[float, ...], drives: tuple[float, ...], depths: tuple[int, ...],
    durations: tuple[float, ...],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Recurrence, rate, initialisation, depth and duration; the surrogate stays the same."""
    layer = bench.params.layers[0]
    assert layer.w_rec is not None  # the network of this benchmark is recurrent
    for factor in recurrences:
        changed = layer._replace(w_rec=factor * layer.w_rec)
        yield {"of": "recurrent weights", "value": factor} | bench.compare(bench.params._replace(layers=(changed,)))
    for factor in drives:
        changed = layer._replace(w_in=factor * layer.w_in)
        yield {"of": "input weights", "value": factor} | bench.compare(bench.params._replace(layers=(changed,)))
    for name in ("mixed", "mean-driven", "fluctuation-driven"):
        drawn = replace(bench.network, initialiser=name).init(jax.random.key(bench.config.seed))
        yield {"of": "initialisation", "value": name} | bench.compare(drawn)
    deeper = [("depth", depth, replace(bench.network, hidden=bench.network.hidden * depth)) for depth in depths]
    shorter = [("duration", duration, replace(bench.network, duration=duration)) for duration in durations]
    for of, value, network in [*deeper, *shorter]:
        same = network == bench.network  # whose trainers are compiled already
        other = bench if same else Bench(network, bench.data, bench.samples, bench.config.seed)
        yield {"of": of, "value": value} | other.compare(other.params)


def noise(bench: Bench, batches: int) -> dict[str, Any]:
    """Bias of the surrogate gradient apart from the noise of both."""
    exact, other = (
        [look(trainer, bench.params, *bench.batch(k)).gradient for k in range(batches)]
        for trainer in (bench.exact, bench.bptt())
    )
    return agreement.over_batches(exact, other)


def usefulness(bench: Bench, batches: int, lengths: tuple[float, ...]) -> Rows:
    """Loss along both gradients of the hidden weights at equal lengths, on the batch, held-out, and on the grid."""
    rows = []
    for number in range(batches):
        here, held_out = bench.batch(number), bench.batch(batches + number)
        places = {"same": (bench.exact, here), "held out": (bench.exact, held_out), "grid": (bench.bptt(), here)}
        start = {name: look(trainer, bench.params, *on).loss for name, (trainer, on) in places.items()}
        for method, trainer in (("eventprop", bench.exact), ("bptt", bench.bptt())):
            gradient = look(trainer, bench.params, *here).gradient
            assert gradient is not None  # the activity at initialisation is bounded
            direction = hidden_only(gradient)
            moved = [step(bench.params, direction, length) for length in lengths]
            curves = {
                name: [look(judge, params, *on).loss - start[name] for params in moved]
                for name, (judge, on) in places.items()
            }
            parts = follow(bench.exact, bench.params, direction, *here, lengths[len(lengths) // 2], _POINTS)
            rows.append({"method": method, "batch": number, "curves": curves} | parts._asdict())
    return rows


def training(bench: Bench, train: TrainConfig, samples: int, batches: int, grid: tuple[float, ...]) -> dict[str, Rows]:
    """Agreement along a training with each method from one start, and what a finer grid does to where they end.

    Args:
        bench: network and data.
        train: settings of both trainings.
        samples: to train on, the last ones of the shuffled data, which no batch of the bench holds.
        batches: to measure with.
        grid: steps [s] at which both networks are run in the end.
    """
    subset = bench.data.select(np.sort(bench.order[-samples:]))
    passed: dict[str, list[NetworkParams]] = {"eventprop": [bench.params], "bptt": [bench.params]}
    status = {}
    for method, trainer in {
        "eventprop": EventPropTrainer(bench.network, train),
        "bptt": BPTTTrainer(bench.network, train, dt=DT, surrogate=Surrogate(slope=SLOPE)),
    }.items():
        result = trainer.fit(Splits(subset, None, subset), bench.params, on_epoch=passed[method].append)
        status[method] = result.status
    apart = [_distance(*both) for both in zip(*passed.values(), strict=False)]
    rows: Rows = []
    refined: Rows = []
    for method, points in passed.items():
        rows += [
            {"method": method, "epoch": epoch, "status": status[method],
             "distance": _distance(params, bench.params), "apart": apart[epoch] if epoch < len(apart) else None}
            | _along(bench, params, batches)
            for epoch, params in enumerate(points)
        ]  # fmt: skip
        worlds = {"continuous": bench.exact} | {f"{dt:g}": bench.bptt(Setting(dt=dt)) for dt in grid}
        for world, judge in worlds.items():
            seen = look(judge, points[-1], *bench.batch(0))
            rate = None if seen.counts is None else bench.rate(seen)
            refined.append({"method": method, "world": world, "loss": seen.loss, "rate_hz": rate})
    return {"rows": rows, "refined": refined}


def _along(bench: Bench, params: NetworkParams, batches: int) -> dict[str, Any]:
    """Agreement, losses and rates of both worlds at one point of a training; None where it runs away."""
    exact, other = (
        [look(trainer, params, *bench.batch(k)) for k in range(batches)] for trainer in (bench.exact, bench.bptt())
    )
    ran_away = any(seen.gradient is None for seen in exact)
    return {
        "loss": None if ran_away else float(np.mean([seen.loss for seen in exact])),
        "loss_grid": float(np.mean([seen.loss for seen in other])),
        "rate_hz": None if ran_away else float(np.mean([bench.rate(seen) for seen in exact])),
        "rate_grid_hz": float(np.mean([bench.rate(seen) for seen in other])),
        "parameters": {} if ran_away else agreement.over_batches(*([s.gradient for s in x] for x in (exact, other))),
    }


def _distance(a: NetworkParams, b: NetworkParams) -> float:
    """Euclidean, of all weights."""
    differences = jax.tree.map(lambda x, y: float(np.sum((x - y) ** 2)), a, b)
    return float(np.sqrt(sum(jax.tree.leaves(differences))))


class Loops(NamedTuple):
    """Loop integrals: rows for the record, and what EventProp gave."""

    rows: Rows
    eventprop: list[LoopIntegral]


def loops(radii: tuple[float, ...], number: int, slopes: tuple[float, ...], points: int, seed: int) -> Loops:
    """Closed-loop integrals of both gradients on a small network, in double precision."""
    network = draw_loop_network(seed)
    exact = network.exact()
    surrogate = {slope: network.surrogate_work(DT, Surrogate(slope=slope), points) for slope in slopes}
    rng = np.random.default_rng(seed)
    rows: Rows = []
    found = []
    for radius in radii:
        for _ in range(number):
            circle = random_circle(network.centre, radius, rng)
            result = loop_integral(exact, circle)
            found.append(result)
            sums = {f"{slope:g}": float(along(circle).sum()) for slope, along in surrogate.items()}
            rows.append(
                {"radius": radius, "eventprop": result.integral, "error": result.error, "jumps": result.jumps,
                 "angles": result.angles, "kinks": result.kinks, "residual": result.residual}
                | {"bptt": sums}
            )  # fmt: skip
    return Loops(rows, found)
