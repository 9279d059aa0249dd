"""What the fuzzers found, as a table; there is nothing to draw."""

from collections.abc import Sequence

from gradlab.command import Record

#: In which a try may fail: an error in other than our own words, no end within its time, something altered or
#: impossible taken without a word, something written before that is lost.
FAILURES = ("tracebacks", "hangs", "silent", "lost")


def table(records: Sequence[Record]) -> str:
    """A row for each record, in Markdown."""
    columns = ("tries", *FAILURES)
    lines = [f"| kind | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for record in records:
        figures = ["unknown" if record["metrics"][name] is None else str(record["metrics"][name]) for name in columns]
        lines.append(f"| {record['config']['kind']} | {' | '.join(figures)} |")
    return "\n".join(lines)
