"""Memory that a gradient needs: what reverse mode keeps between the forward and the backward pass.

It is read from the traced program, so it depends neither on the device nor on the compiler, costs no run, and is the
same on a laptop as on a large accelerator. What a compiler adds (temporaries) or saves (fusion) is not in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

_ARGUMENT = "argument"
_CONSTANT = "constant"
# Primitives whose only effect is to evaluate an inner program: what goes through them is followed.
_CALLS = ("jit", "closed_call", "core_call", "checkpoint", "custom_jvp_call", "custom_vjp_call")
# Primitives that blow a constant up to an array: compiled code repeats the constant where it is read.
_FILLS = ("broadcast_in_dim", "iota")


def residual_bytes(function: Callable[..., Any], *args: Any) -> int:
    """Bytes kept for the backward pass of ``function``, differentiated with respect to its first argument.

    Left out are the arguments themselves (parameters and data exist anyway) and constants. An array kept twice counts
    once; a copy of an argument that a loop stacks up counts, since it takes memory. Nothing is executed.

    Args:
        function: any differentiable function of arrays; ``jit``, ``scan``, ``checkpoint``, ``custom_vjp`` and
            callbacks may occur in it.
        *args: its arguments, pytrees of arrays or of ``jax.ShapeDtypeStruct``; the first one floating-point.

    Returns:
        Number of bytes.
    """

    def pullback(params: Any, *rest: Any) -> Any:
        return jax.vjp(lambda p: function(p, *rest), params)[1]  # a pytree; its leaves are what is kept

    traced = jax.make_jaxpr(pullback)(*args)
    origins = _origins(traced.jaxpr, [_ARGUMENT] * len(traced.jaxpr.invars))
    kept = {
        origin: variable.aval
        for origin, variable in zip(origins, traced.jaxpr.outvars, strict=True)
        if origin not in (_ARGUMENT, _CONSTANT)
    }
    return sum(aval.size * aval.dtype.itemsize for aval in kept.values())


def _origins(jaxpr: Jaxpr, inputs: Sequence[object]) -> list[object]:
    """Where each output of a program comes from: an argument, a constant, or an object of its own if computed.

    Args:
        jaxpr: the program.
        inputs: the origin of each of its inputs.
    """
    known = dict.fromkeys(jaxpr.constvars, _CONSTANT) | dict(zip(jaxpr.invars, inputs, strict=True))

    def origin(atom: Any) -> object:
        return _CONSTANT if isinstance(atom, Literal) else known[atom]

    for eqn in jaxpr.eqns:
        operands = [origin(atom) for atom in eqn.invars]
        if eqn.primitive.name in _CALLS:
            # The outputs of a call may be its inputs handed through, or one inner array several times.
            results = _origins(_inner(eqn.params), operands)
        elif eqn.primitive.name in _FILLS and all(operand is _CONSTANT for operand in operands):
            results = [_CONSTANT] * len(eqn.outvars)
        else:
            results = [object() for _ in eqn.outvars]
        known.update(zip(eqn.outvars, results, strict=True))
    return [origin(atom) for atom in jaxpr.outvars]


def _inner(params: dict[str, Any]) -> Jaxpr:
    """The program that a call evaluates."""
    inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
    return inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner
