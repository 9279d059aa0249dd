"""What the groups of a data set are called in tables and figures."""

from gradlab.data import DATASETS


def group_word(dataset: str | None) -> str:
    """Such as ``"speaker"``; ``"group"`` for a data set without a word of its own, or one that is not registered."""
    return (DATASETS[dataset].group if dataset in DATASETS else None) or "group"
