"""The figures of docs/results.md on gradients and on scaling are those of the committed records."""

import itertools

import numpy as np
import pytest
from committed import every, newest, span, words

INPUT, RECURRENT, READOUT = "layers.0.w_in", "layers.0.w_rec", "readout.w"


def agreement(part):
    return newest("gradient_agreement", part)


def surrogate_claims():
    rows = agreement("surrogates")["samples"]["surrogates"]
    shown = [row["parameters"][INPUT] for row in rows if row["reset"]]
    cosines, lengths = ([row[key] for row in shown] for key in ("cosine", "norm_ratio"))
    assert {row["name"] for row in rows if row["reset"] and row["slope"] == 10} >= {"superspike", "boxcar"}
    assert len({row["name"] for row in rows}) == 6
    yield f"cosine {span(cosines, '.2f')} for six shapes and slopes 1 to 100, length {span(lengths, '.1f')} times"
    (worst,) = (row["parameters"][INPUT] for row in rows if not row["reset"] and row["slope"] == 1)
    yield f"detached, slope 1: cosine {worst['cosine']:.2f}, {worst['norm_ratio'] / 1000:.0f} 000 times"


def noise_claims():
    noise = agreement("noise")["samples"]["noise"][INPUT]
    yield (
        f"{noise['cosine_exact']:.2f} exact, {noise['cosine_other']:.2f} surrogate; to each other on one batch: "
        f"{noise['cosine_same']:.2f}; the smoothed gradient {noise['smoothed']['cosine_other']:.2f} and "
        f"{noise['smoothed']['cosine_same']:.2f}; no batch"
    )
    assert noise["uphill"] == agreement("training")["metrics"]["uphill_training_eventprop"] == 0


def use_claims():
    rows = [row for row in agreement("usefulness")["samples"]["usefulness"] if row["method"] == "eventprop"]
    assert len(rows) == 4  # batches
    seen, change = (np.mean([np.reshape(row[key], -1)[-1] for row in rows]) for key in ("seen", "change"))
    yield f"the exact gradient accounts for {seen:.3f}"
    assert 0.15 < seen / change < 0.25  # a fifth


def variance_claims():
    """Shares of the variance that each gradient explains, and which average the smoothed one stands for."""
    rows = newest("gradient_agreement", "variance")["samples"]["variance"]
    lengths = list(dict.fromkeys(row["length"] for row in rows))
    yield "| | " + " | ".join(f"{length:g}" for length in lengths) + " |"
    shown = {
        "EventProp": ("eventprop", "continuous time", None),
        "EventProp, smoothed": ("eventprop-smooth", "continuous time", 0.5),
        "BPTT-SG": ("bptt", "continuous time", None),
        "BPTT-SG, on its grid": ("bptt", "grid", None),
    }
    found = {(row["point"], row["length"], row["method"], row["simulator"], row["half_width"]): row["explained"]
             for row in rows}  # fmt: skip
    points = list(dict.fromkeys(row["point"] for row in rows))
    ends = {
        label: " and ".join(f"{found[point, 0.3, *which]:.2f}" for point in (points[0], points[-1]))
        for label, which in shown.items()
    }
    exact = ends["EventProp"].replace(" and ", " of the variance at the start and ")
    yield (
        f"the exact gradient explains {exact} after 12 epochs of training with it, the smoothed gradient "
        f"{ends['EventProp, smoothed']}, the surrogate {ends['BPTT-SG']}."
    )
    smooth = shown["EventProp, smoothed"]
    for point, length in itertools.product(points, lengths[1:]):
        surrogates = [found[point, length, *which] for label, which in shown.items() if "BPTT" in label]
        assert found[point, length, *smooth] >= max(surrogates)
        widths = [found[point, length, *smooth[:2], width] for width in (0.1, 0.25, 1.0)]
        assert length < 0.3 or found[point, length, *smooth] > max(widths)
    slopes = [
        [row["slope"] for row in rows
         if row["length"] >= 0.3 and (row["method"], row["simulator"], row["half_width"]) == shown[label]]
        for label in ("EventProp, smoothed", "BPTT-SG", "EventProp")
    ]  # fmt: skip
    smoothed, surrogate, exact = (span(each, ".2f") for each in slopes)
    yield f"that is {smoothed} of the smoothed gradient, {surrogate} of the surrogate, {exact} of the exact one"
    for point in points:
        for label, which in shown.items():
            own = [
                f"{row['explained']:.2f}"
                for row in rows
                if row["point"] == point and (row["method"], row["simulator"], row["half_width"]) == which
            ]
            assert len(own) == len(lengths)
            yield f"| {point}: {label} | {' | '.join(own)} |"


def training_claims():
    training = agreement("training")["samples"]["training"]
    after = next(row for row in training["rows"] if row["method"] == "eventprop" and row["epoch"] == 12)
    yield f"along EventProp's training ({after['parameters'][INPUT]['cosine']:.2f} after 12 epochs)"
    refined = {(row["method"], row["simulator"]): row for row in training["refined"]}
    steps = ("0.001", "0.0005", "0.00025", "0.000125")
    surrogate, exact, smooth = (
        [refined[method, step] for step in steps] for method in ("bptt", "eventprop", "eventprop-smooth")
    )
    shown = lambda loss: f"{loss:.{2 if loss < 1 else 1 if loss < 10 else 0}f}"  # noqa: E731
    losses = ", ".join(shown(row["loss"]) for row in surrogate)
    rates = f"{surrogate[0]['rate_hz']:.0f} to {surrogate[-1]['rate_hz']:.0f} Hz"
    yield f"BPTT-SG {losses}, at {rates}; EventProp " + ", ".join(f"{row['loss']:.2f}" for row in exact)
    yield (
        f"in continuous time {refined['eventprop', 'continuous']['loss']:.2f}; the smoothed gradient "
        + ", ".join(f"{row['loss']:.2f}" for row in smooth)
        + f", in continuous time {refined['eventprop-smooth', 'continuous']['loss']:.2f} |"
    )


def network_claims():
    found = {
        (row["of"], row["value"]): row["parameters"][INPUT]["cosine"]
        for row in agreement("networks")["samples"]["networks"]
    }
    yield (
        f"networks that fluctuations drive (cosine {found['initialisation', 'fluctuation-driven']:.2f}), in the first "
        f"of two layers ({found['depth', 2]:.2f}), with recurrent weights four times as large "
        f"({found['recurrent weights', 4.0]:.2f})"
    )


def step_claims():
    rows = agreement("steps")["samples"]["steps"]
    steps = sorted({row["dt"] for row in rows}, reverse=True)

    def of(kind, part=INPUT):
        found = {row["dt"]: row["parameters"][part] for row in rows if row["kind"] == kind}
        return [(found[dt]["cosine"], found[dt]["norm_ratio"]) for dt in steps]

    def line(label, cells):
        return f"| {label} | {' | '.join(cells)} |"

    def length(value):
        return f"{value:.1f}" if value < 10 else f"{value:.0f}" if value < 1000 else f"{value:.0e}".replace("e+0", "e")

    one = lambda kind: [f"{cosine:.3f}, {length(ratio)}" for cosine, ratio in of(kind)]  # noqa: E731
    yield line("step [ms]", [f"{1000 * dt:g}" for dt in steps])
    yield line("slope 10: cosine, length (input weights)", one("fixed"))
    yield line("slope growing as 1/sqrt(step)", one("steeper"))
    yield line("slope 10, reset detached", one("reset detached"))
    shapes = np.array([of(shape) for shape in ("sigmoid", "triangle", "gaussian", "arctan", "boxcar")])
    low, high = shapes.min(0), shapes.max(0)
    yield line(
        "sigmoid, triangle, Gaussian, arctan, boxcar",
        [f"{a[0]:.3f}-{b[0]:.3f}, {a[1]:.1f}-{b[1]:.1f}" for a, b in zip(low, high, strict=True)],
    )
    yield line("readout weights, any: length", [f"{ratio:.3f}" for _, ratio in of("fixed", READOUT)])


def initialisation_claims():
    ratios = []
    metrics = next(each for each in every("initialisation") if len(each["config"]["hidden"]) == 2)["metrics"]
    for kind, label in (
        ("mixed", "mixed (default)"),
        ("mean-driven", "mean-driven"),
        ("fluctuation-driven", "fluctuation-driven"),
    ):
        found = metrics[kind]
        norms = {
            method: [float(np.median(found[method]["gradient_norms"][part])) for part in (INPUT, RECURRENT)]
            for method in ("eventprop", "bptt")
        }
        ratios += [b / a for a, b in zip(norms["eventprop"], norms["bptt"], strict=True)]
        exact = found["eventprop"]
        rates = ", ".join(f"{rate:.0f}" for rate in exact["rate_hz"])
        silent = ", ".join(dict.fromkeys(f"{100 * share:.0f}" for share in exact["silent_fraction"]))
        shown = [
            ", ".join(f"{x:.2f}" if x >= 0.1 else f"{x:.3f}" for x in norms[method]) for method in ("eventprop", "bptt")
        ]
        yield f"| {label} | {rates} | {silent} % | {' | '.join(shown)} |"
    yield f"Surrogate gradients are {span(ratios, '.1f')} times as long"


def scaling_claims():
    record = next(record for record in every("speed_scaling") if len(record["samples"]["points"]) > 2)
    found = record["metrics"]

    def exponent(name, method):
        value = found[f"exponent_{name}_{method}"]
        return "0" if abs(value) < 0.05 else f"{value:.2f}"

    for label, name in (
        ("hidden neurons 128 to 1024, each at 10 Hz", "hidden"),
        ("duration", "duration"),
        ("rate of the input", "input_rate"),
        ("rate of the hidden neurons", "hidden_rate"),
        ("batch", "batch_size"),
        ("step of the grid", "dt"),
    ):
        yield f"| {label} | {' | '.join(exponent(name, method) for method in ('eventprop', 'bptt', 'limit'))} |"
    over = [found[f"eventprop_over_bptt_hidden_{size}"] for size in (128, 256, 1024)]
    yield f"{over[0]:.2f} of BPTT-SG's time at 128 neurons, {over[1]:.2f} at 256, {over[2]:.2f} at 1024"
    yield f"to {found['eventprop_over_bptt_hidden_rate_20.0']:.2f} at 20 Hz"
    faster = [
        [record["metrics"][name] for record in every("speed_scaling") if name in record["metrics"]]
        for name in ("all_cores_speedup_eventprop", "all_cores_speedup_bptt")
    ]
    exact, other = ([f"{value:.1f}" for value in values] for values in faster)
    yield f"EventProp {exact[0]}, {exact[1]} and {exact[2]} times as fast"
    yield f"BPTT-SG {other[0]}, {other[1]} and {other[2]} times"
    delays = next(
        r["metrics"] for r in every("speed_scaling") if "axonal_delays_over_none_longest_delay_0.15" in r["metrics"]
    )
    for kind, name in (("channels and neurons", "axonal"), ("of all synapses", "synaptic")):
        ends = " to ".join(f"{delays[f'{name}_delays_over_none_longest_delay_{end}']:.2f}" for end in (0.025, 0.15))
        yield f"{kind} {ends} times (exponent {delays[f'exponent_longest_delay_eventprop_{name}_delays']:.2f})"


def peer_claims():
    *_, before, metrics = (record["metrics"] for record in every("peers"))
    others = [before[f"{name}_step_s"] / before["eventprop_step_s"] for name in ("spyx", "snntorch", "norse")]
    yield f"libraries took {min(others):.1f} to {max(others):.1f} times as long as EventProp"
    for label, name in (("EventProp, ours", "eventprop"), ("BPTT-SG, ours", "bptt")):
        ratio = metrics[f"{name}_step_s"] / metrics["eventprop_step_s"]
        yield (
            f"| {label} | {metrics[f'{name}_step_s']:.3f} | {metrics[f'{name}_peak_bytes'] / 1e6:.0f} | {ratio:.1f} |"
        )


CLAIMS = [
    claim
    for claims in (
        surrogate_claims, noise_claims, use_claims, variance_claims, training_claims, network_claims, step_claims,
        initialisation_claims, scaling_claims, peer_claims,
    )
    for claim in claims()
]  # fmt: skip


def test_explained_variance_on_other_pages():
    exact, surrogate, smooth = (
        f"{row['explained']:.2f}" for row in newest("gradient_agreement", "variance")["samples"]["variance"]
        if (row["point"], row["length"], row["simulator"]) == ("after 12 epochs", 0.3, "continuous time")
        and row["half_width"] in (None, 0.5)
    )  # fmt: skip
    said = f"the exact gradient explains {exact} of the variance, the surrogate {surrogate}, "
    for name in ("README.md", "docs/claims.md"):
        assert f"{said}`--method eventprop-smooth` {smooth}" in words(name)


@pytest.mark.parametrize("claim", CLAIMS)
def test_figures_of_gradients_and_scaling(claim):
    assert claim in words("docs/results.md")
