"""What is kept of the kernels is what the sources give, fits every card, and has no races."""

import locale
import re
import shutil
import subprocess

import jax
import pytest
from cuda_on_cpu import compile_kernels, launcher, load, needs_gxx
from small_layers import SETTINGS, draw_layer, some_events, some_params

from solvers.eventprop.engines import cuda
from solvers.eventprop.engines.cuda import arguments, build, launch

PTXAS = shutil.which("ptxas")


@pytest.mark.parametrize("kernel", build.KERNELS)
def test_the_ptx_is_what_the_sources_give(kernel):
    try:
        build.require_compiler()
    except ValueError as missing:
        pytest.skip(str(missing))
    kept = (build.HERE / f"{kernel}.ptx").read_text()
    encoding = locale.getencoding()
    assert build.compiled(kernel) == kept, "the sources have changed: python -m solvers.eventprop.engines.cuda.build"
    assert locale.getencoding() == encoding
    assert f".visible .entry {kernel}(" in kept and ".version 8.0" in kept and ".target sm_70" in kept


def test_without_the_compiler_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(build, "VERSION", "0.0")
    with pytest.raises(ValueError, match=r"nvidia-cuda-nvrtc-cu12 is .*: pip install nvidia-cuda-nvrtc-cu12==0.0"):
        build.compiled("forward")


@pytest.mark.skipif(PTXAS is None, reason="ptxas is missing, NVIDIA's assembler (PyPI: nvidia-cuda-nvcc)")
@pytest.mark.parametrize("card", ["sm_80", "sm_90", "sm_100", "sm_120"])
def test_it_fits_the_registers_of_every_card(card):
    for kernel in build.KERNELS:
        command = [str(PTXAS), "-v", f"-arch={card}", str(build.HERE / f"{kernel}.ptx"), "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        registers, memory = re.search(r"Used (\d+) registers", said), re.search(r"(\d+) bytes smem", said)
        assert re.search(r"\b0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", said), said
        # A block may have 512 threads; a multiprocessor has 65536 registers.
        assert registers is not None and int(registers[1]) * 512 <= 65536, said
        assert memory is None or int(memory[1]) <= 48 * 1024, said


def test_the_largest_block_is_that_of_the_kernels():
    largest = re.search(r"LARGEST_BLOCK = (\d+)", (build.HERE / "layer.cuh").read_text())
    threads = [arguments.grid(9, neurons)[1] for neurons in (1, 32, 33, 10**6)]
    assert largest is not None and threads == [32, 32, 64, int(largest[1])]


@needs_gxx
@pytest.mark.slow
def test_threads_do_not_race(tmp_path, monkeypatch):
    """The kernels under the sanitizer for threads, which also has to notice where barriers are taken away."""
    calls = []
    monkeypatch.setattr(launch, "launch", launcher(load(tmp_path), seen=calls.append))
    jax.clear_caches()
    for params, delay in ((some_params(), 1e-3), (draw_layer(*wide()), 0.0)):
        events, outer = some_events(), dict(delay=delay, trains_tau=True, wants_times=True)
        params, events = (jax.tree.map(lambda x: jax.numpy.asarray(x), tree) for tree in (params, events))
        spikes, kept = cuda.forward(params, events, **SETTINGS | dict(delay=delay, capacity=900))
        at_counts = jax.numpy.ones((len(spikes.count), params.neurons))
        cuda.backward(
            params, events, spikes, kept, jax.numpy.where(spikes.valid, 1.0, 0), at_counts,
            duration=SETTINGS["duration"], **outer,
        )  # fmt: skip
        jax.effects_barrier()
    jax.clear_caches()
    files = [write(tmp_path / f"{k}.call", call) for k, call in enumerate(calls)]
    flags = ["-O1", "-g", "-fsanitize=thread", "-fno-sanitize-recover"]
    for more, races in ((), False), (("-DWITHOUT_ORDER=true",), True):
        program = compile_kernels(tmp_path / f"replay{races}", *flags, *more, main="replay.cpp")
        done = subprocess.run([str(program), *map(str, files)], capture_output=True, text=True)
        assert ("WARNING: ThreadSanitizer: data race" in done.stderr) == races, done.stderr[-3000:]
        assert (done.returncode == 0) != races and done.stdout.count("ended") == len(calls) == 8


def wide():
    """More neurons than a block of 64 threads has would be slow here; so many are two warps."""
    import numpy as np

    return np.random.default_rng(0), 6, 40, (1.0, 0.8), (0, 0.1)


def write(path, call):
    """In the form that ``replay.cpp`` reads."""
    kernel, blocks, threads, buffers = call
    line = " ".join(map(str, (kernel, blocks, threads, *(x.nbytes for x in buffers))))
    path.write_bytes(line.encode() + b"\n" + b"".join(x.tobytes() for x in buffers))
    return path
