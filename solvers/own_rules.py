"""JAX's optional checks, in the code of this project.

A user may switch on checks for code of their own: that shapes and types are given in full, that no number is infinite.
This code is right by JAX's usual rules, and pads events with infinity.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def own_rules() -> Iterator[None]:
    """JAX's usual rules, whatever a user has set; a context, or ``@own_rules()`` for a function.

    Functions that JAX calls later, such as those of a reverse pass, need it too.
    """
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"), jax.debug_infs(False):
        yield
