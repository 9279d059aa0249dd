"""What logistic regression reached, as a table; there is nothing to draw."""

from gradlab.command import Record


def table(record: Record) -> str:
    """The figures as text."""
    return "\n".join(f"{name:32}{value}" for name, value in record["metrics"].items())
