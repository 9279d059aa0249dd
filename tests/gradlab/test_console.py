"""The command with all others in it."""

import sys

import jax
import pytest

from gradlab import __main__ as console


@pytest.fixture
def single_precision():
    """As before: ``gradlab check`` turns to double precision for its whole process."""
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.usefixtures("single_precision")
@pytest.mark.parametrize("name", console.COMMANDS)
def test_each_command_has_help(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gradlab", name, "--help"])
    with pytest.raises(SystemExit) as stop:
        console.main()
    assert not stop.value.code and f"usage: gradlab {name}" in capsys.readouterr().out


def test_commands_are_listed_and_others_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gradlab"])
    console.main()
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in console.COMMANDS)
    monkeypatch.setattr(sys, "argv", ["gradlab", "fly"])
    with pytest.raises(SystemExit, match="unknown command 'fly', expected one of train, check"):
        console.main()
