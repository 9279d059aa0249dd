"""The engine ``cuda`` without a GPU: its kernels compiled by g++, see ``host.h``, in the place of their launch."""

import ctypes
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from solvers.checks import host_call
from solvers.eventprop.engines.cuda import build

HERE = Path(__file__).parent
FLAGS = ["-std=c++20", "-ffp-contract=off", "-Wall", "-Werror", "-Wno-unknown-pragmas", f"-I{build.HERE}", f"-I{HERE}"]
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is missing, which compiles the kernels here")


def compile_kernels(target, *flags):
    """A library of all kernels, or what else ``flags`` ask for."""
    command = ["g++", *FLAGS, *flags, "-o", str(target), str(HERE / "host.cpp")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def run(library, kernel, blocks, threads, results, in_place, *args):
    """As the GPU would, on NumPy arrays."""
    starts = {result: args[argument] for argument, result in in_place.items()}
    outputs = [starts[k].copy() if k in starts else garbage(r) for k, r in enumerate(results)]
    buffers = (ctypes.c_void_p * (len(args) + len(outputs)))(*(x.ctypes.data for x in (*args, *outputs)))
    failed = library.run(kernel.encode(), blocks, threads, buffers, len(buffers))
    assert not failed, f"kernel {kernel}: {'wrong arguments' if failed == 1 else 'threads wait for ever'}"
    return outputs


def garbage(result):
    """Memory that nobody has cleared: whatever a kernel leaves as it was is found out."""
    return np.frombuffer(b"\xa5" * result.size * result.dtype.itemsize, result.dtype).reshape(result.shape).copy()


def launcher(library):
    """What takes the place of ``launch.launch``."""

    def launch(kernel, blocks, threads, results, *args, in_place=None):
        assert kernel in build.KERNELS and threads % 32 == 0
        call = partial(run, library, kernel, blocks, threads, results, in_place or {})
        return host_call(call, results, *args)

    return launch
