"""What benchmarks that train many times have in common."""

from gradlab import configuration


def only_method(config: configuration.Config, sweep: str) -> str:
    """The one method that all trainings of a sweep are done with.

    Args:
        config: of the trainings.
        sweep: what to call it, in the error.

    Raises:
        ValueError: if there are several.
    """
    if len(config.methods) != 1:
        raise ValueError(f"methods are {', '.join(config.methods)}, expected one: run one {sweep} for each")
    return config.methods[0]
