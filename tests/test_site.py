"""The documentation as a site: it is built without a warning, every link leads somewhere, and a browser shows it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from gradlab.reporting import columns

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder with the site."""
    for needed in ("mkdocs", "material", "mkdocstrings", "latex2mathml"):
        pytest.importorskip(needed, reason="pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """What a page refers to, what it loads, and the anchors in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("script", "img") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("href"):
            self.loaded.append(found["href"])


def page_at(path):
    return path / "index.html" if path.is_dir() else path


def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) > 25
    wrong = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                wrong += [f"{path.relative_to(site)} loads {link}"] * (link in page.loaded)
                continue
            target = page_at((path.parent / unquote(parts.path)).resolve()) if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                wrong.append(f"{path.relative_to(site)} has {link}")
    assert not wrong


def test_pictures_tables_and_equations_are_there(site):
    shown = [each for each in Page(site / "results/index.html").loaded if "figures/" in each]
    assert len(shown) > 10 and all((site / "results" / each).stat().st_size > 5000 for each in shown)
    records = (site / "records/index.html").read_text()
    every = (columns.RECORD, columns.METRICS, columns.SAMPLES, columns.ENVIRONMENT)
    assert all(f"<code>{name}</code>" in records for entries in every for name in entries)
    assert all(f"<code>{name}</code>" in records for name in ("tau_mem", "learning_rate", "surrogate"))
    theory = (site / "theory/index.html").read_text()
    assert theory.count("<math") > 40 and "\\(" not in theory and "\\[" not in theory
    assert {path.stem for path in (ROOT / "docs/examples").glob("*.py")} <= Page(site / "examples/index.html").anchors


@pytest.fixture(scope="module")
def address(site):
    """Of a server of the site."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    handler.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    selenium = pytest.importorskip("selenium.webdriver", reason="pip install -e '.[dev]'")
    chromium, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no Chromium with its driver here: Debian has them as chromium and chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    opened = selenium.Chrome(options, selenium.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.mark.slow
def test_a_browser_shows_the_site(browser, address, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    waiting = WebDriverWait(browser, 60)
    for page, heading, pictures in (("", "gradlab", 1), ("results/", "Measured so far", 15), ("theory/", "Theory", 0)):
        browser.get(f"{address}/{page}")
        assert heading in browser.find_element(By.TAG_NAME, "h1").text
        shown = browser.find_elements(By.CSS_SELECTOR, "article img")
        assert len(shown) >= pictures
        assert all(waiting.until(lambda _, each=each: each.get_property("naturalWidth")) > 100 for each in shown)
        browser.save_screenshot(str(tmp_path / f"{page.strip('/') or 'home'}.png"))
    equations = browser.find_elements(By.CSS_SELECTOR, "math[display=block]")
    assert equations and all(each.size["height"] > 10 for each in equations)
    browser.get(f"{address}/")
    browser.execute_script("document.querySelector('#__search').click()")
    box = browser.find_element(By.CSS_SELECTOR, "input[name=query]")
    waiting.until(lambda _: box.is_displayed())
    box.send_keys("refractory")
    found = waiting.until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".md-search-result__item a"))
    assert any("theory" in (each.get_attribute("href") or "") for each in found)
    browser.save_screenshot(str(tmp_path / "search.png"))
