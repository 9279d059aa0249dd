"""The data sets of scikit-learn, an optional package."""

from typing import Any


def datasets() -> Any:
    """The module ``sklearn.datasets``, imported when it is used, for that takes a second.

    Raises:
        ValueError: without scikit-learn.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ValueError(
            "the data set comes with scikit-learn, which is not there: pip install scikit-learn"
        ) from error
    return datasets
