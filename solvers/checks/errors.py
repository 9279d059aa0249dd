"""The error of a simulator that was given something impossible, also from within a compiled program."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import jax


class InputError(ValueError):
    """Events or parameters are impossible; found out from their values."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Raise an ``InputError`` as it is, where JAX would wrap it into the traceback of a compiled program.

    For calls of functions under ``jax.jit``. JAX may return before the program has run: wait for a result inside::

        with clear_errors():
            loss = jax.block_until_ready(jitted_step(params, events))
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:  # which of them depends on when the program runs
        said = re.search(rf"\b{InputError.__name__}: (.*)", str(error))
        if isinstance(error, InputError) or said is None:
            raise
        raise InputError(said[1]) from None


@contextmanager
def reverse_mode() -> Iterator[None]:
    """Say what to use where JAX says that it cannot differentiate in forward mode."""
    try:
        yield
    except TypeError as error:
        if "forward-mode" not in str(error):
            raise
        raise TypeError(
            "spiking layers are differentiated in reverse mode only: use jax.grad, jax.vjp or jax.jacrev in place of "
            "jax.jvp, jax.jacfwd or jax.linearize"
        ) from None
