"""What a run depends on besides its settings: code, versions, machine; nothing about whose machine it is."""

import importlib.metadata
import os
import platform
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding

_PACKAGES = ("gradlab", "jax", "jaxlib", "numba", "numpy")
_CODE = ("gradlab", "solvers", "benchmarks")  # results are left out: appending a record must not make a commit dirty


def environment() -> dict[str, Any]:
    """What a run depends on besides its configuration; unknown is None.

    Returns:
        ``git_sha`` and ``git_dirty`` (see ``code_state``), the versions of Python and of the main packages, ``cpu``
        (model), ``cpu_target`` (LLVM's name of its kind, which a model may hide), ``cores`` of the machine, ``threads``
        (cores that this process may use), ``device_kind``, ``x64`` and ``XLA_FLAGS`` (with absolute paths hidden).
    """
    import jax

    sha, dirty = code_state()
    return {
        "git_sha": sha,
        "git_dirty": dirty,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "cpu": _cpu_model(),
        "cpu_target": llvmlite.binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device_kind": jax.devices()[0].device_kind,
        "x64": bool(jax.config.read("jax_enable_x64")),
        "XLA_FLAGS": _without_paths(os.environ.get("XLA_FLAGS")),
    }


@cache
def code_state() -> tuple[str | None, bool | None]:
    """Commit of this code, and whether it differs from that commit; ``(None, None)`` outside a git checkout.

    As of the first call: a run of hours belongs to the code that it started with, so ask before the work begins.
    """
    return _git_state(Path(__file__).resolve())


def _git_state(file: Path) -> tuple[str | None, bool | None]:
    """Commit of the checkout that tracks ``file``, and whether its code differs from it; ``(None, None)`` if none."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        # An installed package may lie inside somebody else's checkout, whose commit would say nothing about it.
        git("ls-files", "--error-unmatch", file.name)
        root = git("rev-parse", "--show-toplevel")
        sha = git("rev-parse", "HEAD")
        return sha, bool(git("status", "--porcelain", "--", *(f"{root}/{folder}" for folder in _CODE)))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _version(package: str) -> str | None:
    """Installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str | None:
    """Name of the processor, or None."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:  # no Linux
        found = None
    return found[1].strip() if found else platform.processor() or None


def _without_paths(flags: str | None) -> str | None:
    """Command-line flags with absolute paths replaced by a mark."""
    return None if flags is None else re.sub(r"(?<![^\s=,:'\"])/\S*", "<path>", flags)
