"""Sizes and times as a table; there is nothing to draw."""

from gradlab.command import Record

from .measure import STATEMENTS

_LARGEST = 5  # packages that are named


def table(record: Record) -> str:
    """The figures as text."""
    metrics, (sizes,) = record["metrics"], record["samples"]["bytes"]
    lines = [
        f"{'gradlab, solvers, benchmarks':44}{metrics['own_bytes'] / 1e6:8.1f} MB",
        f"{f'{len(sizes)} packages that they require':44}{metrics['required_bytes'] / 1e6:8.1f} MB",
    ]
    largest = sorted(sizes, key=sizes.get, reverse=True)[:_LARGEST]
    lines += [f"  {name:42}{sizes[name] / 1e6:8.1f} MB" for name in largest]
    timed = {said: metrics[name] for name, said in STATEMENTS.items() if name in metrics}
    return "\n".join([*lines, *(f"{said:44}{seconds:8.2f} s" for said, seconds in timed.items())])
