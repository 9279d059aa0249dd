"""Every field of every public dataclass of settings, with values of all kinds."""

import dataclasses
import json
from decimal import Decimal
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from annotated_types import Interval
from hypothesis import given, settings
from hypothesis import strategies as st

from gradlab import Network, TrainConfig
from gradlab.data import AugmentationConfig
from gradlab.methods import METHODS
from gradlab.networks.settings import NetworkSettings
from gradlab.training.json_types import to_json
from solvers.escape import Escape
from solvers.fields import Count, Counts, NotNegative, Positive, Seed, check_fields
from solvers.surrogates import Surrogate

SIZES = {"inputs": 3, "outputs": 2}
PUBLIC = {
    NetworkSettings: {}, Network: SIZES, TrainConfig: {}, AugmentationConfig: {}, Surrogate: {}, Escape: {},
    **{method: {} for method in METHODS.values()},
}  # fmt: skip
FIELDS = [(kind, field.name) for kind in PUBLIC for field in dataclasses.fields(kind)]
NUMBERS = st.integers() | st.floats() | st.integers(2**31 - 2, 2**70) | st.integers(20, 5000).map(lambda n: -(10**n))
OTHERS = (
    st.text() | st.booleans() | st.none() | st.complex_numbers() | st.binary() | st.decimals()
    | st.sampled_from([len, object(), np.ones(2), jnp.ones((1, 1)), np.bool_(True), jnp.array(True), {}, np.nan])
)  # fmt: skip
HOSTILE = st.recursive(NUMBERS | OTHERS, lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner))


def of(kind, **given):
    return kind(**PUBLIC[kind] | given)


def plain(value):
    """Made of what Python's JSON and hashing know, and of finite numbers."""
    if isinstance(value, tuple):
        return all(map(plain, value))
    return dataclasses.is_dataclass(value) or type(value) in (bool, int, str) or np.isfinite(np.float32(value))


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
@given(value=HOSTILE)
@settings(max_examples=10, deadline=None)
def test_any_value_is_taken_as_a_plain_one_or_refused_by_name(kind, name, value):
    try:
        made = of(kind, **{name: value})
    except ValueError as error:
        assert str(error).startswith((f"{name} ", f"{name}s ", "reset is", "neuron is", "delay is", "tau_"))
        assert "expected" in str(error) and "\n" not in str(error) and len(str(error)) < 300
        return
    if value is None:
        assert made == of(kind)  # only where it is the default
        return
    assert plain(getattr(made, name))
    assert hash(made) == hash(dataclasses.replace(made))
    assert json.loads(json.dumps(to_json(made), allow_nan=False))[name] is not None


@pytest.mark.parametrize("scalar", [np.float32, np.float64, jnp.float32, np.array, jnp.asarray, Decimal])
def test_real_scalars_of_any_library(scalar):
    network = of(Network, duration=scalar(0.1), tau_mem=scalar(0.25), threshold=1)
    assert {type(v) for v in (network.duration, network.tau_mem, network.threshold)} == {float}
    assert network.duration == pytest.approx(0.1) and network.tau_mem == 0.25


@pytest.mark.parametrize("scalar", [np.int32, np.uint8, jnp.int32, np.array, jnp.asarray])
def test_whole_scalars_of_any_library(scalar):
    network = of(Network, hidden=scalar(16), pool=scalar(3))
    assert network == of(Network, hidden=(16,), pool=3) and type(network.pool) is int
    assert of(Network, hidden=[4, scalar(5)]).hidden == (4, 5)


@dataclasses.dataclass
class Example:
    count: Count = 1
    counts: Counts = (1,)
    seed: Seed = 0
    positive: Positive = 1.0
    not_negative: NotNegative = 0.0
    below: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    choice: Literal["one", "two"] = "one"
    pairs: tuple[tuple[str, float], ...] = ()
    flag: bool = False
    maybe: int | None = None
    names: tuple[int | str, ...] = ()

    def __post_init__(self):
        check_fields(self)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", True, "count is True, expected a whole number >= 1 and <= 2147483647"),
        ("count", 2.0, "count is 2, expected a whole number"),
        ("count", 10**400, "count is about 10^400, expected a whole number"),
        ("count", -(10**5000), "count is about -10^5000, expected a whole number"),
        (
            "counts",
            (),
            "counts is (), expected a tuple, each entry a whole number >= 1 and <= 2147483647, 1 or more of",
        ),
        ("counts", (10**5000,), "counts is a tuple too long to show, expected"),
        ("counts", "1", "counts is '1', expected a tuple"),
        ("seed", 2**32, "seed is 4294967296, expected a whole number >= 0 and <= 4294967295"),
        ("positive", lambda step: 1e-3, "positive is an object of class function, expected a finite number > 0"),
        ("positive", 1e-60, "positive is 1e-60 (0 in single precision), expected a finite number > 0"),
        ("positive", -1e60, "positive is -1e+60 (-inf in single precision), expected"),
        ("positive", "0.1", "positive is '0.1', expected a finite number > 0"),
        ("not_negative", float("nan"), "not_negative is nan, expected a finite number >= 0"),
        ("below", 1.0, "below is 1, expected a finite number >= 0 and < 1"),
        ("choice", "three", "choice is 'three', expected one of one, two"),
        ("pairs", {"a": 1.0}, "pairs is an object of class dict, expected a tuple, each entry a tuple of text and a f"),
        ("pairs", (("a", "b"),), "pairs is (('a', 'b'),), expected"),
        ("flag", 1, "flag is 1, expected True or False"),
        ("maybe", "x", "maybe is 'x', expected a whole number or None"),
        ("names", (1.5,), "names is (1.5,), expected a tuple, each entry a whole number or text"),
    ],
    ids=range(20),
)
def test_messages(name, value, message):
    with pytest.raises(ValueError) as error:
        Example(**{name: value})
    assert str(error.value).startswith(message)


def test_the_ends_of_the_ranges_are_taken():
    taken = Example(count=2**31 - 1, seed=2**32 - 1, below=0, pairs=[("a", np.float32(2))], maybe=None, names=[1, "a"])
    assert taken.pairs == (("a", 2.0),) and taken.names == (1, "a")


@given(st.lists(st.integers(0, 2**32 - 1) | st.sampled_from([0, 2**31 - 1, 2**31, 2**32 - 1]), min_size=2, unique=True))
@settings(max_examples=30, deadline=None)
def test_every_seed_has_streams_of_its_own(seeds):
    """In single and in double precision the same ones; the next seed would be the first one again."""
    single = {tuple(jax.random.key_data(jax.random.key(TrainConfig(seed=seed).seed)).tolist()) for seed in seeds}
    with jax.enable_x64(True):
        double = {tuple(jax.random.key_data(jax.random.key(seed)).tolist()) for seed in seeds}
    assert len(single) == len(seeds) and single == double
    assert len({np.random.default_rng(seed).bit_generator.state["state"]["state"] for seed in seeds}) == len(seeds)
