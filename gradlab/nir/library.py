"""The package ``nir``, which is optional."""

from typing import Any


def library() -> Any:
    """The package.

    Raises:
        ImportError: says how to install it.
    """
    try:
        import nir
    except ImportError as error:
        raise ImportError("the package nir is missing: pip install 'gradlab[nir]'") from error
    return nir
