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

HERE = Path(__file__).parent / "eventprop" / "cuda"
FLAGS = ["-std=c++20", "-ffp-contract=off", "-Wall", "-Werror", "-Wno-unknown-pragmas", f"-I{build.HERE}", f"-I{HERE}"]
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is missing, which compiles the kernels here")


def compile_kernels(target, *flags, main="host.cpp"):
    """A library of all kernels, or what else ``flags`` ask for."""
    done = subprocess.run(
        ["g++", *FLAGS, *flags, "-o", str(target), str(HERE / main)], capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def load(folder):
    """The kernels as a library."""
    return ctypes.CDLL(str(compile_kernels(folder / "kernels.so", "-O1", "-shared", "-fPIC")))


def buffers_of(args, changed, results):
    """What a kernel gets pointers to: arguments, what it changes twice, and results."""
    kept = [x.copy() for x in args[len(args) - changed :]]
    return [*args, *kept, *map(_uncleared, results)]


def _uncleared(result):
    """Memory in which something else was: whatever a kernel leaves as it is is found out."""
    return np.frombuffer(b"\xa5" * result.size * result.dtype.itemsize, result.dtype).reshape(result.shape).copy()


def launcher(library, seen=None):
    """What takes the place of ``launch.launch``; each call goes to ``seen``, too."""

    def run(kernel, blocks, threads, results, changed, *args):
        buffers = buffers_of(args, changed, results)
        if seen is not None:
            seen((kernel, blocks, threads, [x.copy() for x in buffers]))
        pointers = (ctypes.c_void_p * len(buffers))(*(x.ctypes.data for x in buffers))
        failed = library.run(kernel.encode(), blocks, threads, pointers, len(buffers))
        assert not failed, f"kernel {kernel}: {'wrong arguments' if failed == 1 else 'threads wait for ever'}"
        return buffers[len(args) :]

    def launch(kernel, grid, results, *args, changed=()):
        assert kernel in build.KERNELS and grid[1] % 32 == 0
        call = partial(run, kernel, *grid, results, len(changed))
        return host_call(call, [*changed, *results], *args, *changed)

    return launch
