"""``gradlab COMMAND [options]``, or ``python -m gradlab COMMAND [options]``: all commands in one."""

import importlib
import sys

from .command import exit_with

#: By name: the module whose ``main`` it is, and what it does.
COMMANDS = {
    "train": ("bench", "trains, tests, compares; the same as python -m gradlab.bench"),
    "check": ("check", "are the gradients exact on this machine?"),
    "list": ("runs.listing", "the runs that there are, with their main figures"),
    "report": ("runs.comparison", "runs side by side: in what they differ, figures, learning curves"),
    "view": ("view.__main__", "draws what a trained network does in one recording, and its adjoint"),
    "tune": ("tuning.__main__", "searches the settings of methods at equal effort, by held-out groups"),
    "sweep": ("sweeps.sweep", "many trainings: seeds, methods, values of options; on this machine or a cluster"),
    "collect": ("sweeps.collect", "the records of many folders in one table"),
    "publish": ("runs.publishing", "puts finished runs into results/"),
}


def main() -> None:
    """List the commands, refuse an unknown one, or run."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in COMMANDS:
        sys.argv = [f"gradlab {name}", *sys.argv[2:]]
        exit_with(importlib.import_module(f".{COMMANDS[name][0]}", __package__).main())
    elif name in ("-h", "--help"):
        print("usage: gradlab COMMAND [options], or gradlab COMMAND --help; COMMAND is one of:")
        print("\n".join(f"  {known:10}{what}" for known, (_, what) in COMMANDS.items()))
    else:
        sys.exit(f"error: unknown command {name!r}, expected one of {', '.join(COMMANDS)}")


if __name__ == "__main__":
    main()
