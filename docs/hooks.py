"""What mkdocs does beyond its plug-ins, so that the same pages can be read in the repository and as a site.

Pictures, pages and scripts from outside ``docs`` are taken in, links to them are turned, tables are made from the code,
and equations become MathML, which browsers draw without a script.
"""

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docstring_parser import parse
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

from gradlab.methods import METHODS
from gradlab.networks.settings import NetworkSettings
from gradlab.reporting import columns, frame
from gradlab.training.config import TrainConfig

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = "examples.md"
#: Pages of the site that are files of the repository, by their path there.
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
_EQUATION = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def on_files(files: Files, config: Any) -> Files:
    """Take in what the site shows from outside ``docs``."""
    for figure in sorted((ROOT / "results/figures").iterdir()):
        files.append(File.generated(config, f"results/figures/{figure.name}", abs_src_path=str(figure)))
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, EXAMPLES, content=_examples()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Make the tables of a page, and turn its links from files of the repository to those of the site."""
    for name, make in _TABLES.items():
        markdown = markdown.replace(f"<!-- table of {name} -->", make())
    source = next((s for s, name in PAGES.items() if name == page.file.src_uri), f"docs/{page.file.src_uri}")
    here = os.path.dirname(source)

    def turned(match: re.Match[str]) -> str:
        mark, text, target, place = match[1], match[2], match[3], match[4] or ""
        path = os.path.normpath(os.path.join(here, target))
        if "://" in target or not (ROOT / path).exists():
            return match[0]
        if (place_in_site := _in_site(path)) is None:
            return text
        place = f"#{Path(path).stem}" if place_in_site == EXAMPLES else place
        if text.endswith(".md"):  # in the repository a page goes by its file, in the site by its heading
            text = _heading(path)
        return f"{mark}[{text}]({os.path.relpath(place_in_site, os.path.dirname(page.file.src_uri) or '.')}{place})"

    return _LINK.sub(turned, markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Equations as MathML."""

    def drawn(match: re.Match[str]) -> str:
        text = re.sub("|".join(_ENTITIES), lambda entity: _ENTITIES[entity[0]], match[1] or match[2])
        return str(convert(text, display="inline" if match[1] else "block"))

    return re.sub(
        r'(<(?P<tag>span|div) class="arithmatex">)(.*?)(</(?P=tag)>)',
        lambda found: f"{found[1]}{_EQUATION.sub(drawn, found[3])}{found[4]}", html, flags=re.DOTALL,
    )  # fmt: skip


def _in_site(path: str) -> str | None:
    """Where a file of the repository is in the site; None if it is not."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/examples/"):
        return EXAMPLES
    return next((path[len(f) :] for f in ("docs/", "") if path.startswith((f"{f}results/figures/", "docs/"))), None)


def _heading(path: str) -> str:
    """Of a page."""
    return (ROOT / path).read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")


def _examples() -> str:
    """A page with all scripts: what each does, and its text."""
    parts = ["# Examples", "Short scripts that tests run, each on its own: `python docs/examples/NAME.py`."]
    for path in sorted((ROOT / "docs/examples").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        said = ast.get_docstring(tree) or ""
        code = "\n".join(text.splitlines()[tree.body[0].end_lineno :]).strip()
        parts += [f"## {path.stem}", said.replace("``", "`"), f"```python\n{code}\n```"]
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True)
class _Entries:
    """A table of names and what they mean."""

    entries: dict[str, str]

    def __call__(self) -> str:
        rows = (f"| `{name}` | {' '.join(said.split()).replace('|', '/')} |" for name, said in self.entries.items())
        return "\n".join(["| entry | what it is |", "|---|---|", *rows])


def _settings(*kinds: type) -> _Entries:
    """The fields of dataclasses, as their docstrings and those of their bases explain them."""
    bases = [base for kind in kinds for base in reversed(kind.__mro__) if base.__module__ != "builtins"]
    return _Entries({p.arg_name: p.description or "" for base in bases for p in parse(base.__doc__ or "").params})


_TABLES = {
    "the record": _Entries(columns.RECORD),
    "the metrics": _Entries(columns.METRICS),
    "the samples": _Entries(columns.SAMPLES),
    "the environment": _Entries(columns.ENVIRONMENT),
    "the frame": _Entries(frame.OTHERS),
    "the network": _settings(NetworkSettings),
    "the training": _settings(TrainConfig),
    "the methods": _settings(*METHODS.values()),
}
