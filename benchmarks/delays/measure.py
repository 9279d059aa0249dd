"""Trainings with delays of each kind, and with none."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gradlab import configuration
from gradlab.command import Outcome

from ..trainings import TrainingConfig
from ..variants import Variant, methods_of, reached, status_of, train_variants, varied

PRESET = "shd-delays"
SWEEP = "delays"
_NO_DELAYS: dict[str, Any] = {"input_delays": "none", "recurrent_delays": "none"}
_NO_LINE: dict[str, Any] = {"delay_line": 1}
ON_LINE = " on the line"
#: Delays of the inputs and of the recurrent connections.
KINDS = {
    "of neurons" + ON_LINE: ("none", "neurons"),
    "axonal" + ON_LINE: ("channels", "neurons"),
    "axonal": ("channels", "neurons"),
    "of input synapses": ("synapses", "none"),
    "synaptic": ("synapses", "synapses"),
    "from positions": ("positions", "positions"),
}


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Train without delays, with a fixed delay line, and with delays of each kind, frozen and trained.

    Attributes:
        kinds: of delays, beside none and the delay line.
    """

    kinds: tuple[str, ...] = tuple(KINDS)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        super().__post_init__()
        if unknown := set(self.kinds) - set(KINDS):
            raise ValueError(f"kinds has {min(unknown)!r}, expected some of {', '.join(KINDS)}")


def variants(config: Config) -> dict[str, Variant]:
    """By name.

    The delay line and the longest delay on it are those of the configuration, if it has a line; delays without the line
    reach as far as it does.
    """
    line = config.network.delay_line - 1
    found = {"none": Variant(_NO_LINE | _NO_DELAYS, {})}
    if line:
        found["fixed line"] = Variant(_NO_DELAYS, {})
    reach = {"longest_delay": line * config.network.delay_step} if line else {}
    for kind in config.kinds:
        if kind.endswith(ON_LINE) and not line:
            continue
        inputs, recurrent = KINDS[kind]
        on_line = {} if kind.endswith(ON_LINE) else _NO_LINE | reach
        network = {"input_delays": inputs, "recurrent_delays": recurrent} | on_line
        found[f"{kind}, frozen"] = Variant(network, {"train_delays": False})
        found[f"{kind}, trained"] = Variant(network, {"train_delays": True})
    return found


def able(config: Config, method: str) -> Iterator[tuple[str, Variant]]:
    """The variants that a method can train; says why it cannot train others."""
    for name, variant in variants(config).items():
        changed = varied(config, method, SWEEP, name, variant)
        try:
            configuration.check(changed)
        except ValueError as error:
            print(f"{SWEEP}: {method}, {name}: left out, {error}", flush=True)
        else:
            yield name, variant


def measure(config: Config) -> Outcome:
    """Train what is missing, and test.

    Raises what ``training_of`` does.
    """
    runs: dict[str, dict[str, Any]] = {}
    for method in config.methods:
        one = replace(config, method=(method,))
        for _, name, training in train_variants(one, SWEEP, dict(able(one, method))):
            runs.setdefault(method, {})[name] = reached(training)
    return Outcome(
        {"runs": runs}, method=methods_of(runs), dataset=training.splits.train.name, preset=config.preset,
        hidden=sum(config.network.hidden), seed=config.training.seed, status=status_of(runs),
    )  # fmt: skip
