"""What the pages say, and the committed records that they say it from."""

from pathlib import Path

from gradlab.reporting import records

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/results.md")


def words(name):
    """A page with every run of white space as one blank."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def every(benchmark):
    """All committed records of a benchmark, the oldest first."""
    return records.read(ROOT / "results" / f"{benchmark}.jsonl")


def trainings():
    """All trainings that are published, the oldest first."""
    return records.read_all(ROOT / "results" / "trainings")


def newest(benchmark, part=None):
    """The last of them, or the last that has a part among its samples; commands never change one."""
    return next(record for record in reversed(every(benchmark)) if part is None or part in record["samples"])


def share(value):
    """In per cent."""
    return f"{100 * value:.1f} %"


def row(*cells):
    """Of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def span(values, form=".1f"):
    """From the least to the largest; one number where both read the same."""
    return " to ".join(dict.fromkeys(f"{value:{form}}" for value in (min(values), max(values))))


def of_trained_room(metrics):
    """Memory on an H100 over that of EventProp with the room of the trained ``shd-256``: one scan, and checkpointed."""
    room = metrics["h100_eventprop_room_16384_bytes"]
    return f"{metrics['h100_bptt_whole_bytes'] / room:.1f}", f"{metrics['h100_bptt_checkpointed_bytes'] / room:.2f}"


def tried_without_speakers(method, epochs, preset="shd-200"):
    """Short trainings without speakers 1, 6 and 8."""
    return [
        record for record in trainings()
        if (record["preset"], record["method"], record["metrics"].get("epochs")) == (preset, method, epochs)
        and record["config"]["validation_groups"] == [1, 6, 8]
    ]  # fmt: skip


def strength_of(record):
    """Of the rate regularisation of a training."""
    return record["config"]["training"]["rate_strength"]


def row_of(name, record):
    """Of such a training in a table: what it reaches, and its rate at the end."""
    reached = (share(record["metrics"][f"{data}_accuracy"]) for data in ("train", "validation"))
    return f"| {name} | {' | '.join(reached)} | {record['samples']['hidden_rate_hz'][-1]:.1f} |"
