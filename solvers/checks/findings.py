"""What is wrong with the values that a simulator is given: said at once, or when a compiled program runs.

Values that are known raise on the spot. Those of a traced program raise when it runs, if that is on a CPU. Elsewhere a
program cannot raise: there the simulators give no result for a sample that is wrong (NaN).
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int

from .errors import InputError
from .host_call import host_call


class Finding(NamedTuple):
    """Something that may be wrong.

    Attributes:
        message: what is wrong, what is expected, what to do.
        wrong: of the whole, or of each sample.
    """

    message: str
    wrong: Bool[Array | np.ndarray | np.bool_, "*batch"]


def values(array: Any) -> Any:
    """A NumPy array if the values are known: JAX would trace whatever is done with them under ``jit``."""
    return lax.stop_gradient(array) if isinstance(array, jax.core.Tracer) else np.asarray(array)


def wrong_samples(findings: Sequence[Finding], batch: int) -> Bool[Array, " batch"]:
    """The samples with which something is wrong; on a CPU there are none, as it raises.

    Raises:
        InputError: for the first finding that holds; in a program that is traced, when it runs on a CPU.
    """
    unknown = []
    for finding in findings:
        if isinstance(finding.wrong, jax.core.Tracer):
            unknown.append(finding)
        elif np.any(finding.wrong):
            raise InputError(_words(finding.message, np.asarray(finding.wrong)))
    if not unknown:
        return jnp.zeros(batch, bool)
    code = jnp.zeros(batch, jnp.int32)
    for number, finding in reversed(list(enumerate(unknown, 1))):
        code = jnp.where(finding.wrong, number, code)
    messages = tuple((finding.message, finding.wrong.ndim > 0) for finding in unknown)
    return lax.platform_dependent(code, cpu=_raising(messages), default=_silent)


def _words(message: str, wrong: np.ndarray) -> str:
    return f"sample {int(np.argmax(wrong))}: {message}" if wrong.ndim else message


def _silent(code: Int[Array, " batch"]) -> Bool[Array, " batch"]:
    return code > 0


@functools.lru_cache  # one function, hence one compiled program, for the same messages
def _raising(messages: tuple[tuple[str, bool], ...]) -> Callable[[Array], Array]:
    def on_host(code: np.ndarray) -> list[np.ndarray]:
        for number, (message, by_sample) in enumerate(messages, 1):
            if (code == number).any():
                raise InputError(_words(message, code == number) if by_sample else message)
        return [code > 0]

    def raising(code: Array) -> Array:
        shape = jax.ShapeDtypeStruct(code.shape, bool)
        checked: Array = host_call(on_host, [shape], code, exported=lambda code: [_silent(code)])[0]
        return checked

    return raising
