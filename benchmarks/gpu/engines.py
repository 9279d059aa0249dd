"""The engines of EventProp that a device runs."""

from solvers.eventprop.engines import AUTO, engine_name


def engines() -> tuple[str, ...]:
    """That which is chosen by itself there, and ``xla``, which runs wherever JAX does."""
    return tuple(dict.fromkeys((engine_name(AUTO), "xla")))
