"""Hostile command lines, made of the options that the parsers declare, and what is wrong with an answer."""

import functools
import importlib
import math
import re
import warnings

import tyro

from benchmarks import BENCHMARKS
from gradlab import check, configuration
from gradlab.methods.options import MethodOptions

COMMANDS = ("gradlab.bench", "gradlab.check", *(f"benchmarks.{name}" for name in BENCHMARKS))
#: Too small, too large for a type, an array or a machine; then words, and what shells and files dislike.
WHOLE = (
    "0", "1", "-1", "2", "7", "1000", "1000000", "2147483647", "2147483648", "4294967295", "4294967296", "-2147483649",
    "18446744073709551616", "9" * 30,
)  # fmt: skip
REAL = (
    "0", "-0.0", "1", "-1", "0.5", "3.5", "1e-3", "7e-4", "1e-6", "1e-12", "1e-17", "1e-40", "1e-320", "1e3", "1e5",
    "1e7", "1e30", "-1e30", "1e300", "1e309", "nan", "inf", "-inf", "1_000.5",
)  # fmt: skip
WORDS = (
    "", " ", "9" * 5000, "0x10", "1_000", "1,5", "2.0", "True", "None", "null", "[]", "{}", "all", "eventprop", "zwölf",
    "日本", "\u202e", "a\nb", "%s%n", "'; echo x #", "-", "--", "a" * 300,
)  # fmt: skip
#: Relative to the workspace of ``option_child``; what a superuser may not write to, either.
PATHS = (
    "new", "new/deep", "empty", "a_file", "a_file/below", "records.jsonl", "missing/x.jsonl", "cut.jsonl",
    "foreign.jsonl", "/dev/null", "/dev/null/below", "/dev/full", "/proc/nothing", "ordner-ü", "a" * 300, "",
)  # fmt: skip
_NUMBERS = {"INT": int, "FLOAT": float}


def entry_of(command):
    """What runs a command with the arguments of ``sys.argv``."""
    module = importlib.import_module(command if command.startswith("gradlab.") else f"{command}.__main__")
    return module.main if hasattr(module, "main") else module.COMMAND.main


@functools.cache
def options_of(command):
    """``(names, metavar, choices, whether it takes a value)`` of each option."""
    if command == "gradlab.bench":
        settings = configuration.Config
    elif command == "gradlab.check":
        settings = check.Config
    else:
        settings = importlib.import_module(f"{command}.__main__").COMMAND.settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # tyro has nothing else that lists its options
        actions = tyro.extras.get_parser(settings)._actions[1:]  # without --help
    return [(a.option_strings, str(a.metavar), tuple(a.choices or ()), a.nargs != 0) for a in actions]


def random_line(rng, command):
    """Arguments: a few options, each as it should be or not."""
    line = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        names, metavar, choices, valued = rng.choice(options_of(command))
        name, kind = rng.choice(names), rng.random()
        if kind < 0.03:
            name = name[:-1] + rng.choice("xü-_= ")  # no such option
        pool = PATHS if "PATH" in metavar else choices or (WHOLE if "INT" in metavar else REAL)
        if kind > 0.8:
            pool = rng.choice((WHOLE, REAL, WORDS))
        count = rng.choice((1, 1, 1, 1, 1, 1, 0, 2)) if valued or kind < 0.05 else 0
        values = [rng.choice(pool) for _ in range(count)]
        line += [f"{name}={values[0]}"] if values and rng.random() < 0.1 else [name, *values]
    if rng.random() < 0.03:
        line.insert(rng.randrange(len(line) + 1), rng.choice(WORDS))
    return line


def impossible(command, line):
    """Options of a line whose last value is no number of the kind that is asked for; those of methods aside."""
    last = {}
    for at, word in enumerate(line):
        name, is_joined, value = word.partition("=")
        value = value if is_joined else line[at + 1] if at + 1 < len(line) else ""
        last[name.replace("_", "-")] = value
    ignored = {f"--{name.replace('_', '-')}" for name in MethodOptions.__dataclass_fields__}
    kinds = {name: _NUMBERS.get(metavar) for names, metavar, _, _ in options_of(command) for name in names}
    asked = {name: kinds[name] for name in last if kinds.get(name) and name not in ignored}
    return [name for name, kind in asked.items() if not _fits(kind, last[name])]


def _fits(kind, value):
    try:
        return math.isfinite(kind(value))
    except (ValueError, OverflowError):
        return False


def fault(command, line, answer):
    """In which way an answer is wrong, and how: ``(way, what)``, or None.

    Args:
        command: one of ``COMMANDS``.
        line: its arguments.
        answer: of ``option_child``.
    """
    errors = answer["errors"]
    if answer["raised"] or "Traceback" in errors:
        return "tracebacks", (answer["raised"] or errors)[-300:]
    if answer["changed"]:
        return "lost", f"changed or left behind: {answer['changed']}"
    if answer["status"] == 1 and " ended early: " in errors:
        return None  # a training that really ran, and diverged
    if answer["status"] not in (0, 2):
        return "tracebacks", f"status {answer['status']}: {errors[-300:]}"
    if answer["status"] == 0:
        wrong = impossible(command, line)
        return ("silent", f"taken: {wrong}") if wrong else None
    ours = "error: " in errors  # the parser frames its own
    if not errors.strip() or (ours and not re.fullmatch(r"(warning: [^\n]+\n)*error: [^\n]+\n", errors)):
        return "tracebacks", f"not one line: {errors[-300:]!r}"
    return None
