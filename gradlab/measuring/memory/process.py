"""Peak memory of one call, measured in a process of its own: ``peak_in_fresh_process``.

Peaks are kept by the operating system and by the device's allocator for a whole process, so that a second measurement
in the same process would see the first. The call is made twice: once to compile and to load what is loaded once, then,
with unused memory handed back, to be measured.
"""

import ctypes
import gc
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_STATUS = Path("/proc/self/status")  # Linux; elsewhere peaks are unknown


class ProcessPeak(NamedTuple):
    """Bytes of memory during a call; None where they cannot be known.

    Attributes:
        resident: most that the process had in memory, with the interpreter, all libraries and the arguments.
        added: how much that was above what it had just before the call.
        device: most that was in use on the accelerator since the start, with the arguments; None on a CPU.
    """

    resident: int | None
    added: int | None
    device: int | None


def peak_in_fresh_process(target: str, settings: Mapping[str, Any]) -> ProcessPeak:
    """Memory of a call in a fresh process.

    Args:
        target: ``"module:function"``, importable from the current folder; that function takes the settings and returns
            ``(function, arguments)``, what to compile and call.
        settings: in JSON types.

    Raises:
        RuntimeError: if the process fails; says how.
    """
    command = [sys.executable, "-m", __name__, target, json.dumps(settings)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}, out of memory perhaps"])[-1]
        raise RuntimeError(f"measuring {target} in a process failed: {why}")
    return ProcessPeak(**json.loads(done.stdout.splitlines()[-1]))


def _resident(field: str) -> int | None:
    """``VmRSS`` (now) or ``VmHWM`` (peak) of this process."""
    if not _STATUS.exists():
        return None
    found = re.search(rf"^{field}:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else None


def _hand_back() -> None:
    """Give unused memory back to the system, and let its peak count from now on."""
    gc.collect()
    if _STATUS.exists():
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def _measure(target: str, settings: Mapping[str, Any]) -> ProcessPeak:
    import jax

    module, name = target.split(":")
    function, arguments = getattr(importlib.import_module(module), name)(**settings)
    call = jax.jit(function)
    jax.block_until_ready(call(*arguments))
    _hand_back()
    before = _resident("VmRSS")
    jax.block_until_ready(call(*arguments))
    peak = _resident("VmHWM")
    device = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    return ProcessPeak(peak, None if peak is None or before is None else peak - before, device)


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], json.loads(sys.argv[2]))._asdict()))
