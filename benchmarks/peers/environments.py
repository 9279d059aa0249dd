"""Virtual environments of the peers, one each, made from the pinned ``requirements/``."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args

Peer = Literal["spyx", "snntorch", "norse", "jaxsnn"]
PEERS: tuple[Peer, ...] = get_args(Peer)
_REQUIREMENTS = Path(__file__).parent / "requirements"
_INSTALLED = "installed.txt"  # copy of the requirements, written when they are installed


def python_of(environment: Path) -> Path:
    """Interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def requirements_of(peer: str) -> Path:
    """File with the packages of a peer.

    Raises:
        ValueError: for an unknown peer.
    """
    if peer not in PEERS:
        raise ValueError(f"unknown peer {peer!r}: choose among {', '.join(PEERS)}")
    return _REQUIREMENTS / f"{peer}.txt"


def is_installed(peer: str, folder: Path) -> bool:
    """Whether the peer's environment in this folder holds what its requirements say today."""
    mark = folder / peer / _INSTALLED
    return mark.exists() and mark.read_text() == requirements_of(peer).read_text()


def install(peer: str, folder: Path) -> None:
    """Make the environment of a peer in a folder, unless it is there.

    Raises:
        OSError: if it cannot be made or a package cannot be installed; says why.
    """
    if is_installed(peer, folder):
        return
    environment, requirements = folder / peer, requirements_of(peer)
    print(f"installing {peer} into {environment} ...", file=sys.stderr)
    _call(sys.executable, "-m", "venv", "--clear", str(environment))
    _call(str(python_of(environment)), "-m", "pip", "install", "--quiet", "-r", str(requirements))
    (environment / _INSTALLED).write_text(requirements.read_text())


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        why = next((line for line in reversed(said) if "ERROR" in line), said[-1] if said else "no message")
        raise OSError(f"{' '.join(command[1:4])} failed: {why.strip()}")
