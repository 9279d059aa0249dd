from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.measuring.memory import residual_bytes

N, STEPS = 5, 7
FLOAT = 4
P, D = jax.ShapeDtypeStruct((N,), jnp.float32), jax.ShapeDtypeStruct((N,), jnp.float32)
XS = jax.ShapeDtypeStruct((STEPS, N), jnp.float32)


def step(p, c, x):
    """Keeps the carry (to differentiate ``c * p``) and the two cosines."""
    return jnp.sin(jnp.sin(c * p + x))


def scan(p, xs, body=step):
    return jax.lax.scan(lambda c, x: (body(p, c, x), None), jnp.zeros(N, jnp.float32), xs)[0]


def with_residuals(residuals, forward=lambda f: f):
    """A product of parameters and data whose forward pass keeps what ``residuals(p, d)`` returns."""

    @jax.custom_vjp
    def function(p, d):
        return jnp.sum(p * d)

    function.defvjp(
        forward(lambda p, d: (jnp.sum(p * d), residuals(p, d))),
        lambda kept, g: (jnp.full(N, g), jnp.zeros(N, jnp.float32)),
    )
    return function


WRAPPERS = [lambda f: f, jax.jit, lambda f: jax.jit(lambda *args: jax.jit(f)(*args))]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (lambda p, d: jnp.sin(p), 1),  # cos(p)
        (lambda p, d: jnp.sin(jnp.sin(p)), 2),
        (lambda p, d: jnp.sum(p * d), 0),  # only the data
        (lambda p, d: p * p + d, 0),  # only the parameters
        (lambda p, d: 2 * p + 1, 0),  # only a literal
        (lambda p, d: jnp.sum(p * np.arange(N, dtype=np.float32)), 0),  # only a constant
        (lambda p, d: p * jnp.zeros(N), 0),  # a constant that is made inside
        (lambda p, d: jnp.exp(p) * d, 1),  # one array, needed twice: once as a value, once as a derivative
    ],
)
def test_float_arrays_kept(function, arrays, wrap):
    assert residual_bytes(wrap(function), P, D) == arrays * N * FLOAT


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_scan_keeps_every_step(wrap):
    assert residual_bytes(wrap(scan), P, XS) == STEPS * 3 * N * FLOAT


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_checkpointed_scan_keeps_only_the_carry(wrap):
    checkpointed = partial(scan, body=jax.checkpoint(step))
    assert residual_bytes(wrap(checkpointed), P, XS) == STEPS * N * FLOAT


def test_checkpoint_keeps_its_inputs():
    assert residual_bytes(jax.checkpoint(lambda p: jnp.sin(jnp.sin(p))), P) == 0
    assert residual_bytes(lambda p: jax.checkpoint(lambda q: jnp.sin(jnp.sin(q)))(2 * p), P) == N * FLOAT


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("forward", WRAPPERS)
@pytest.mark.parametrize(
    ("residuals", "expected"),
    [
        (lambda p, d: (p, d), 0),
        (lambda p, d: (p, d, 2 * d), N * FLOAT),
        (lambda p, d: (jnp.argsort(d).astype(jnp.int16), d > 0), N * 2 + N * 1),
        (lambda p, d: (2 * d, 3 * d, d), 2 * N * FLOAT),
        (lambda p, d: (lambda y: (y, y, p))(2 * d), N * FLOAT),  # one array, kept twice
        (lambda p, d: (jnp.float32(3), np.ones(N, np.float32)), 0),
        (lambda p, d: jax.pure_callback(lambda x: x, jax.ShapeDtypeStruct((3,), jnp.int32), d), 3 * 4),
    ],
)
def test_custom_vjp_keeps_what_it_says(residuals, expected, forward, wrap):
    assert residual_bytes(wrap(with_residuals(residuals, forward)), P, D) == expected


def test_nothing_is_executed():
    def fail(x):
        raise AssertionError("executed")

    def function(p):
        return jnp.sum(p * jax.pure_callback(fail, P, jax.lax.stop_gradient(p)))

    assert residual_bytes(jax.jit(function), P) == N * FLOAT


def test_arguments_may_be_pytrees():
    params = {"w": jax.ShapeDtypeStruct((3, N), jnp.float32), "b": P}
    assert residual_bytes(lambda q, x: jnp.cos(x @ q["w"] + q["b"]), params, jnp.ones(3)) == N * FLOAT
    assert residual_bytes(lambda q, x: x @ q["w"] + q["b"], params, jnp.ones(3)) == 0


def test_double_precision():
    with jax.enable_x64(True):
        double = jax.ShapeDtypeStruct((2 * N,), jnp.float64)
        assert residual_bytes(lambda p: jnp.sin(p), double) == 2 * N * 8
