"""Accuracies, transfer, costs and leads of README and docs are those of the committed trainings."""

import numpy as np
import pytest
from committed import PAGES, ROOT, share, trainings, words

from benchmarks.accuracy.figure import table
from benchmarks.accuracy.measure import Config
from benchmarks.accuracy.measure import measure as average
from benchmarks.transfer.summary import summary_table
from gradlab import TrainConfig
from gradlab.command import record_of


@pytest.fixture(scope="module")
def accuracies(monkeymodule):
    config = Config()
    return record_of("accuracy", config, average(config))


@pytest.fixture(scope="module")
def monkeymodule():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield patch


#: Of the presets.
OWN_EPOCHS = {"shd-256": 40, "shd-128-het": 60, "shd-200": 60}


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_accuracy_tables(accuracies):
    """All rows of the command's table stand in docs/results.md, and their columns in README."""
    heads, _, *rows = (cells(line) for line in table(accuracies).split("\n\n")[0].splitlines())
    for name in PAGES:
        lines = [cells(line) for line in (ROOT / name).read_text().splitlines() if line.startswith("| ")]
        shown = next(line for line in lines if line[:2] == ["preset", "method"])
        columns = [heads.index({"unseen speakers": "unseen"}.get(head, head)) for head in shown]
        for row in rows:
            assert [row[column] for column in columns] in lines


def test_transfer_of_all_trainings(accuracies):
    transfer = accuracies["metrics"]["transfer"]
    page = (ROOT / "docs/results.md").read_text()
    assert summary_table(transfer) in page
    by_method = {
        method: [row["simulators"] for row in transfer if (row["method"], row["rate_strength"]) == (method, 1e-7)]
        for method in ("eventprop", "bptt")
    }
    reached = [{name: 100 * each["accuracy"] for name, each in tested.items()} for tested in by_method["eventprop"]]
    lost = max(each["continuous"] - each.pop("0.002") for each in reached)
    apart = max(max(each.values()) - min(each.values()) for each in reached)
    stays = (
        f"stays within {apart:.1f} points in all simulators but the grid of 2 ms, on which up to {lost:.1f} are lost"
    )
    assert stays in words("docs/results.md")
    assert len(by_method["bptt"]) == 3

    def of_all(simulator, key, digits):
        *others, last = (f"{100 * tested[simulator][key]:.{digits}f}" for tested in by_method["bptt"])
        return f"{', '.join(others)} and {last} %"

    away = of_all("continuous", "runaway_share", 0) + " of the samples"
    right = of_all("continuous", "accuracy", 1)
    kept, own = of_all("continuous_dead_time", "accuracy", 1), of_all("0.001", "accuracy", 1) + " on"
    for name in (*PAGES, "docs/claims.md"):
        assert all(figure in words(name) for figure in (away, right, kept, own))


def test_two_trainings_from_one_seed():
    first, *_, last = (
        share(record["metrics"]["test_accuracy"])
        for record in trainings()
        if (record["preset"], record["method"], record["seed"]) == ("shd-128-het", "eventprop", 0)
    )
    for name in PAGES:
        assert f"`shd-128-het` reached {first} with EventProp in an earlier training" in words(name)
        assert f"settings, and {last} in" in words(name)
    assert f"reached {first[:-2]} and {last}" in words("docs/claims.md")


def rows_of(accuracies, method, strength, epochs):
    """By preset, rows of the table; ``epochs`` is one number, or one for each preset."""
    return {
        row["preset"]: row
        for row in accuracies["metrics"]["rows"]
        if (row["method"], row["rate_strength"]) == (method, strength)
        and row["epochs"] == (epochs.get(row["preset"]) if isinstance(epochs, dict) else epochs)
    }


def reached_by(accuracies, row):
    """What each training of a row of the table reaches in every simulator."""
    kind = "preset", "method", "rate_strength", "epochs"
    return [
        each["simulators"]
        for each in accuracies["metrics"]["transfer"]
        if all(each[name] == row[name] for name in kind)
    ]


def equal_rates(accuracies):
    """By preset: BPTT-SG with a rate regularisation that brings its spikes near EventProp's, and EventProp.

    Returns:
        Row of the first, what each of its trainings reaches in every simulator, row of the second.
    """
    exact = rows_of(accuracies, "eventprop", 1e-7, OWN_EPOCHS)
    others = rows_of(accuracies, "bptt", 1e-4, 30)
    return {
        preset: (row, reached_by(accuracies, row), exact[preset]) for preset, row in others.items() if preset in exact
    }


def over_seeds(tested, simulator):
    """Mean and deviation of the accuracy in a simulator, in per cent."""
    reached = [100 * each[simulator]["accuracy"] for each in tested]
    return np.mean(reached), np.std(reached, ddof=1)


def with_spread(row):
    """Accuracy of a row, with its deviation if there are several seeds."""
    spread = "" if row["spread"] is None else f" ± {100 * row['spread']:.1f}"
    return f"{100 * row['test_accuracy']:.1f}{spread} %"


def test_equal_rates(accuracies):
    found = equal_rates(accuracies)
    assert set(found) == {"shd-128-het", "shd-200", "shd-256"}
    page = (ROOT / "docs/results.md").read_text().splitlines()
    lost, times = {"continuous": [], "continuous_dead_time": []}, []
    for preset, (row, tested, exact) in found.items():
        assert len(tested) == len(row["seeds"]) == 2
        own = over_seeds(tested, "0.001")
        assert own == pytest.approx((100 * row["test_accuracy"], 100 * row["spread"]))
        own, free, dead = ("{:.1f} ± {:.1f} %".format(*over_seeds(tested, each)) for each in ("0.001", *lost))
        sentence = f"`{preset}` {own} on its grid and {free} in continuous time, EventProp {with_spread(exact)}"
        for name in (*PAGES, "docs/claims.md"):
            assert sentence in words(name)
        spikes = (f"{each['spikes_per_sample']:,.0f}" for each in (row, exact))
        cells = [preset, own, free, dead, next(spikes), with_spread(exact), next(spikes)]
        assert f"| {' | '.join(cells)} |" in page
        assert over_seeds(tested, "continuous")[0] > 100 * exact["test_accuracy"]  # it is ahead there, too
        for simulator, points in lost.items():
            points.append(over_seeds(tested, "0.001")[0] - over_seeds(tested, simulator)[0])
        times.append(row["spikes_per_sample"] / exact["spikes_per_sample"])
    for name in (*PAGES, "docs/claims.md"):
        assert f"{min(times):.1f} to {max(times):.1f} times as many spikes as EventProp" in words(name)
    lose = f"loses {min(lost['continuous']):.1f} to {max(lost['continuous']):.1f} points in continuous time"
    assert f"{lose}, at most {max(lost['continuous_dead_time']):.1f} with the dead time" in words("docs/results.md")


def ratios(accuracies):
    """Of each preset, EventProp's time of an epoch and bytes over those of BPTT-SG; and points BPTT-SG is ahead.

    All with the rate regularisation that the presets have.
    """
    usual = [row for row in accuracies["metrics"]["rows"] if row["rate_strength"] == TrainConfig().rate_strength]
    rows = {(row["preset"], row["method"]): row for row in usual}
    pairs = [(rows[preset, "eventprop"], rows[preset, "bptt"]) for preset in sorted({preset for preset, _ in rows})]
    over = lambda key: np.array([exact[key] / other[key] for exact, other in pairs])  # noqa: E731
    ahead = [100 * (other["test_accuracy"] - exact["test_accuracy"]) for exact, other in pairs]
    return over("epoch_s"), over("residual_bytes"), over("spikes_per_sample"), sorted(ahead)


def test_costs_and_leads_of_trained_networks(accuracies):
    time, kept, spikes, (least, *others) = ratios(accuracies)
    assert f"of the presets an epoch takes {time.min():.2f} to {time.max():.2f} of the time" in words("README.md")
    assert f"keeps 1/{1 / kept.min():.0f} to 1/{1 / kept.max():.0f} of the memory" in words("README.md")
    coarse = {row["method"]: row for row in accuracies["metrics"]["rows"] if row["preset"] == "shd-spytorch"}
    slower, busier, keeps = (
        coarse["eventprop"][key] / coarse["bptt"][key] for key in ("epoch_s", "spikes_per_sample", "residual_bytes")
    )
    assert f"on steps of 14 ms, an epoch takes {slower:.1f} times as long and keeps 1/{1 / keeps:.0f}" in words(
        "README.md"
    )
    page = words("docs/results.md")
    fires = f"fires {busier:.1f} times as many spikes and keeps 1/{1 / keeps:.0f}"
    assert f"EventProp takes {slower:.1f} times as long, {fires}" in page
    assert f"(`shd-spytorch`) it is gone: {slower:.1f} times as long" in words("docs/claims.md")
    assert f"takes {1 / time.max():.1f} to {1 / time.min():.1f} times as long as one of EventProp" in page
    assert f"keeps {1 / kept.max():.1f} to {1 / kept.min():.1f} times as much" in page
    for name in (*PAGES, "docs/claims.md"):
        assert f"{1 / spikes.max():.1f} to {1 / spikes.min():.1f} times" in words(name)
    (best,) = (
        row for row in accuracies["metrics"]["rows"] if (row["preset"], row["method"]) == ("shd-256", "eventprop")
    )
    reached, spread = f"{100 * best['test_accuracy']:.1f}", f"{100 * best['spread']:.1f}"
    assert f"EventProp reaches {reached} ± {spread} % in continuous time" in page
    assert f"reaches {reached} % on rebuilt SHD with EventProp" in words("docs/claims.md")
    assert f"± {spread} points" in words("docs/claims.md")
    for name in PAGES:
        assert f"by {least:.1f} points with" in words(name)
        assert " and ".join(f"{each:.1f}" for each in others) + " without" in words(name)


#: Epochs of its trainings that are quoted, by preset.
SMOOTHED = {"shd-256": 30, "shd-128-het": 30, "shd-200": 60}


def smoothed_sentences(accuracies):
    """What is said of the smoothed gradient: on all pages, and on that of the results."""
    found = rows_of(accuracies, "eventprop-smooth", 1e-6, SMOOTHED)
    rows = [found[preset] for preset in SMOOTHED]
    *others, last = (
        f"{with_spread(row)} with `{row['preset']}` ({row['spikes_per_sample']:,.0f} spikes a sample, "
        f"{len(row['seeds'])} seeds, {row['epochs']} epochs)"
        for row in rows
    )
    *on_grid, slowest = (row["transfer"].removesuffix(" %") for row in rows)
    shorter = rows_of(accuracies, "eventprop-smooth", 1e-6, 30)["shd-200"]
    return f"{', '.join(others)} and {last}", (
        f"the same weights reach {', '.join(on_grid)} and {slowest} %",
        f"with `shd-200` 30 epochs reach {with_spread(shorter)}",
    )


def test_where_the_lead_of_the_surrogate_is(accuracies):
    """Of BPTT-SG over the smoothed gradient, with ``shd-200`` at an equal number of spikes and of epochs."""
    _, tested, _ = equal_rates(accuracies)["shd-200"]
    row = rows_of(accuracies, "eventprop-smooth", 1e-6, 30)["shd-200"]
    places = "0.001", "continuous_dead_time", "continuous"
    grid, dead_time, free = (over_seeds(tested, place)[0] - 100 * row["test_accuracy"] for place in places)
    assert 0 < free < 100 * row["spread"]
    said = f"by {grid:.1f} points on its grid, by {dead_time:.1f} in continuous time with a dead time, by {free:.1f} "
    assert f"{said}without, which" in words("docs/results.md")
    longer = 100 * rows_of(accuracies, "eventprop-smooth", 1e-6, 60)["shd-200"]["test_accuracy"]
    below, above = over_seeds(tested, "0.001")[0] - longer, longer - over_seeds(tested, "continuous")[0]
    assert f"{below:.1f} points below what BPTT-SG reaches on its grid in 30" in words("docs/results.md")
    assert f"{above:.1f} above what the same weights reach in continuous time" in words("docs/results.md")


def test_smoothed_gradient(accuracies):
    """Ahead of both others with the delay line, between them without."""
    everywhere, more = smoothed_sentences(accuracies)
    for name in (*PAGES, "docs/claims.md"):
        assert everywhere in words(name)
    assert all(sentence in words("docs/results.md") for sentence in more)
    quoted = (
        ("eventprop-smooth", 1e-6, SMOOTHED),
        ("eventprop", 1e-7, OWN_EPOCHS),
        ("bptt", 1e-4, 30),
        ("bptt", 1e-7, 30),
    )
    smooth, exact, restrained, usual = (
        {preset: row["test_accuracy"] for preset, row in rows_of(accuracies, *which).items()} for which in quoted
    )
    assert smooth["shd-256"] > max(each["shd-256"] for each in (exact, restrained, usual))
    assert all(exact[preset] < smooth[preset] < restrained[preset] for preset in ("shd-128-het", "shd-200"))


def test_what_bptt_loses_over_sixty_epochs(accuracies):
    (row,) = rows_of(accuracies, "bptt", 1e-4, 60).values()
    (tested,) = reached_by(accuracies, row)
    ours = (r for r in trainings() if (r["preset"], r["method"]) == ("shd-200", "bptt"))
    (record,) = (r for r in ours if r["metrics"].get("epochs") == 60)
    loss, rate = (record["samples"][name] for name in ("train_loss", "hidden_rate_hz"))
    assert min(loss[44:46]) > 1.5 * loss[43] and loss[45] > 4 * loss[43]
    page = words("docs/results.md")
    assert f"up to epoch 44 its training loss falls to {loss[43]:.2f} at {rate[43]:.1f} Hz" in page
    ends = [100 * tested[name]["accuracy"] for name in ("0.001", "continuous")]
    reached = "{:.1f} % on its grid, {:.1f} % in continuous time".format(*ends)
    assert f"it ends at {loss[-1]:.2f}, {rate[-1]:.1f} Hz and {reached}" in page
    smoothed = rows_of(accuracies, "eventprop-smooth", 1e-6, 60)["shd-200"]["test_accuracy"]
    assert f"BPTT-SG in 60 epochs is {100 * smoothed - ends[0]:.1f} points below it on its grid" in page
