"""The examples of layers, and of NIR, run and show what they say; a page shows them as they are."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from gradlab.methods import BPTT, EventProp

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS / "examples"
PAGE = (DOCS / "layers.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```python\n# examples/(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
METHODS = pytest.mark.parametrize("method", [EventProp(), BPTT(dt=1e-3)], ids=lambda method: method.name)


def run(name, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))  # as Python does for a script
    return runpy.run_path(str(EXAMPLES / name))


@METHODS
def test_layers_in_equinox(method, monkeypatch):
    losses = run("layer_in_equinox.py", monkeypatch)["main"](method)
    assert losses[-1] < 0.6 * losses[0]


def test_layers_in_nnx(monkeypatch, capsys):
    names = run("layer_in_nnx.py", monkeypatch)  # which also runs the ten lines
    assert "Param" in capsys.readouterr().out
    losses = names["main"]()
    assert losses[-1] < 0.6 * losses[0]


def test_layers_in_linen(monkeypatch):
    losses = run("layer_in_linen.py", monkeypatch)["main"]()
    assert losses[-1] < 0.6 * losses[0]


def test_a_loss_on_spike_times(monkeypatch):
    losses = run("loss_on_spike_times.py", monkeypatch)["main"](steps=60)
    assert losses[-1] < 0.3 * losses[0]


@METHODS
def test_a_loss_on_voltages(method, monkeypatch):
    losses = run("loss_on_voltages.py", monkeypatch)["main"](method, steps=30)
    assert losses[-1] < 0.6 * losses[0]


def test_gradient_accumulation(monkeypatch):
    whole, parts = run("gradient_accumulation.py", monkeypatch)["main"]()
    np.testing.assert_allclose(whole, parts, atol=1e-6)


def test_nir_and_back(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = run("nir_and_back.py", monkeypatch)
    np.testing.assert_array_equal(found["model"].logits(found["recording"]), found["same"].logits(found["recording"]))


def test_the_page_shows_examples_as_they_are():
    assert [name for name, _ in SHOWN] == ["ten_lines_equinox.py", "ten_lines_nnx.py", "nir_and_back.py"]
    for name, text in SHOWN:
        assert text == (EXAMPLES / name).read_text(encoding="utf-8"), name


def test_pages_name_every_example():
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert not [path.name for path in EXAMPLES.glob("*.py") if f"examples/{path.name}" not in pages]
