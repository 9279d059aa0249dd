"""Keeping a process on one core, so that times of methods compare which use several cores differently well."""

import os


def use_one_core() -> None:
    """Keep this process on one core; has to come before JAX and numba are imported, which start their threads then."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
