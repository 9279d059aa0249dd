"""``python -m benchmarks`` lists the benchmarks, ``python -m benchmarks NAME [options]`` runs one."""

import runpy
import sys

from . import BENCHMARKS


def main() -> None:
    """List, refuse an unknown name, or run."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in BENCHMARKS:
        sys.argv = [f"benchmarks.{name}", *sys.argv[2:]]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    elif name in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [options], or NAME --help; NAME is one of:")
        print("\n".join(f"  {known:20}{what}" for known, what in BENCHMARKS.items()))
    else:
        sys.exit(f"error: unknown benchmark {name!r}, expected one of {', '.join(BENCHMARKS)}")


if __name__ == "__main__":
    main()
