"""The site: built without a warning, whole without a network, and with a page for every public name.

SITE=build/site python -m pytest tests/project/test_site.py     # look at one that is built already
"""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.browser import NEEDS_BROWSER, Page, running_browser, steps_with_arrow_keys

ROOT = Path(__file__).resolve().parents[2]
MEGABYTES = 60
#: A page of each kind, on which the contrast of all letters is measured.
OF_EACH_KIND = ["index", "course/00_win_first", "api/viz.compare", "guides/moving_here", "search"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site; a warning of Sphinx ends the build."""
    if os.environ.get("SITE"):
        return Path(os.environ["SITE"]).resolve()
    into = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, str(ROOT / "tools" / "make_site.py"), "--into", str(into)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING:" not in done.stdout + done.stderr.replace("WARNING: All log messages before absl", "")
    return into


def html_files(site):
    """The pages; the theme's own files have templates among them."""
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


class Links(HTMLParser):
    """What a page leads to and loads, and the places within it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        rel = (found.get("rel") or "").split()
        if found.get("src"):
            self.loaded.append(found["src"])
        elif tag == "link" and found.get("href") and not {"canonical", "next", "prev"} & set(rel):
            self.loaded.append(found["href"])


@pytest.fixture(scope="module")
def pages(site):
    """File of the site -> what its page has."""
    return {path: Links(path.read_text(encoding="utf-8")) for path in html_files(site)}


def dead(pages, path, target):
    """Whether a link or a loaded file within the site leads nowhere."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return False
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    there = there / "index.html" if there.is_dir() else there
    if not there.is_file():
        return True
    fragment = unquote(parts.fragment)
    return bool(fragment) and there in pages and fragment not in pages[there].ids


def test_no_link_within_the_site_is_dead(pages):
    found = {
        f"{path.name}: {target}"
        for path, page in pages.items()
        for target in [*page.links, *page.loaded]
        if dead(pages, path, target)
    }
    assert len(pages) > 50 and sum(len(page.links) for page in pages.values()) > 1000
    assert found == set()


def test_the_reader_of_links_sees_what_is_dead(tmp_path):
    path = tmp_path / "a.html"
    path.write_text(
        '<a href="#here" id="here"></a><img src="gone.png"><a href="#gone"></a><a href="b.html"></a>'
    )
    page = Links(path.read_text())
    assert [dead({path: page}, path, target) for target in [*page.links, *page.loaded]] == [
        False,
        True,
        True,
        True,
    ]


def test_no_page_loads_anything_from_elsewhere(pages):
    outside = {
        target for page in pages.values() for target in page.loaded if urlsplit(target).scheme != "data"
    }
    assert {target for target in outside if urlsplit(target).netloc or urlsplit(target).scheme} == set()


def test_the_site_is_small_and_names_no_machine(site):
    from tests.project.test_project import ONE_MACHINE, PACKAGE_INDEX

    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MEGABYTES * 1e6
    texts = [path for path in files if path.suffix in (".html", ".js", ".css", ".svg", ".txt", ".inv")]
    found = [(path.name, pattern.pattern) for path in texts for pattern in (ONE_MACHINE, PACKAGE_INDEX)
             if pattern.search(path.read_text(encoding="utf-8", errors="replace"))]  # fmt: skip
    assert found == []


def test_every_public_name_has_a_page_with_its_signature(site):
    import rshop
    import viz
    from rshop import fast

    for module in (rshop, viz, fast):
        for name in module.__all__:
            path = site / "api" / f"{module.__name__}.{name}.html"
            if not path.exists():  # two names that differ by capitals share the page of the function
                path = site / "api" / f"{module.__name__}.{name.lower()}.html"
            text = path.read_text(encoding="utf-8")
            marked = rf'id="(module-)?{re.escape(module.__name__)}\.{name}"'
            assert re.search(marked, text), f"{module.__name__}.{name} is not on its page"
            assert " object at 0x" not in text


def test_each_function_of_viz_has_a_picture_and_a_lesson(site):
    import inspect

    import viz

    for name in viz.__all__:
        if inspect.isfunction(getattr(viz, name)):
            text = (site / "api" / f"viz.{name}.html").read_text(encoding="utf-8")
            assert "api-picture" in text or "data-rv=" in text, f"viz.{name} has no picture"
            assert "Lessons that use it" in text, f"viz.{name} names no lesson"


def test_each_guide_in_docs_is_in_the_site(site):
    index = (site / "guides" / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        if page.stem != "glossary":
            assert f'href="{page.stem}.html"' in index, f"docs/{page.name} is in no list"


def test_each_picture_of_a_lesson_has_a_text_and_each_inspector_no_second_picture(site):
    for lesson in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        text = (site / "course" / f"{lesson.stem}.html").read_text(encoding="utf-8")
        outputs = [o for cell in json.loads(lesson.read_text())["cells"] for o in cell.get("outputs", [])]
        inspectors = sum("data-rv=" in "".join(o.get("data", {}).get("text/html", "")) for o in outputs)
        drawn = sum("image/png" in o.get("data", {}) for o in outputs) - inspectors
        shown = re.findall(r"<img[^>]*>", re.sub(r"<noscript>.*?</noscript>", "", text, flags=re.DOTALL))
        assert len(shown) == drawn and text.count("<div data-rv=") == inspectors
        assert all(re.search(r'alt="[^"]{15,}"', image) for image in shown)


def test_formulas_are_mathml(site):
    text = (site / "course" / "03_gates.html").read_text(encoding="utf-8")
    assert text.count("<math") > 40 and "MathJax" not in text and "\\tanh" in text  # the LaTeX beside it


def violations(page, **rules):
    """What axe finds outside of the inspectors, which have tests of their own: the rule, and where.

    A rule is left out by its name.
    """
    from axe_playwright_python.sync_playwright import Axe

    chosen = {name.replace("_", "-"): {"enabled": on} for name, on in rules.items()}
    options = {"rules": chosen, "resultTypes": ["violations"]}
    found = Axe().run(page, context={"exclude": [["[data-rv]"]]}, options=options).response["violations"]
    return [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in found]


# In a browser: each page without a network, looked at by axe, light and dark, narrow and wide.


def in_a_browser(test):
    for mark in NEEDS_BROWSER:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def visited(browser, site):
    """Each page, opened on a telephone without a network: what it asked for, its width, what axe says.

    The contrast of letters, which takes minutes on a lesson, is measured on a page of each kind below.
    """
    first = Page(browser, (site / "index.html").as_uri(), offline=True, width=390)
    widths, found = {}, {}
    for path in html_files(site):
        first.page.goto(path.as_uri())
        widths[path.name] = first.page.evaluate("document.documentElement.scrollWidth")
        found[path.name] = violations(first.page, color_contrast=False)
    return first.outside, first.errors, widths, found


@in_a_browser
def test_no_page_asks_for_anything_outside(visited):
    outside, errors, *_ = visited
    assert outside == [] and errors == []


@in_a_browser
def test_no_page_is_wider_than_a_telephone(visited):
    assert {name: width for name, width in visited[2].items() if width > 390} == {}


@in_a_browser
def test_axe_finds_nothing_on_any_page(visited):
    assert {name: those for name, those in visited[3].items() if those} == {}


@in_a_browser
@pytest.mark.parametrize("look, width", [("light", 1366), ("dark", 390)])
def test_axe_finds_no_faint_letters_on_a_page_of_each_kind(browser, site, look, width):
    page = Page(browser, (site / "index.html").as_uri(), width=width, color_scheme=look).page
    for name in OF_EACH_KIND:
        page.goto((site / f"{name}.html").as_uri())
        assert violations(page) == [], name


@in_a_browser
def test_an_inspector_steps_without_a_kernel(browser, site):
    page = Page(browser, (site / "course" / "07_teacher_forcing.html").as_uri(), offline=True)
    assert steps_with_arrow_keys(page).startswith("t = 2")
    assert page.outside == [] and page.errors == []


@in_a_browser
@pytest.mark.parametrize("name", ["index", "course/03_gates"])
def test_an_inspector_is_dark_on_a_dark_page(browser, site, name):
    for look, ink in (("light", "rgb(31, 41, 51)"), ("dark", "rgb(232, 237, 242)")):
        page = Page(browser, (site / f"{name}.html").as_uri(), offline=True, color_scheme=look)
        root = page.inspector().locator("xpath=..")
        assert root.evaluate("e => getComputedStyle(e).color") == ink
        assert page.violations() == []
        page.context.close()


@in_a_browser
def test_the_search_finds_the_page_of_a_word(browser, site):
    page = Page(browser, (site / "search.html").as_uri() + "?q=teacher+forcing", offline=True).page
    page.locator("#search-results li").first.wait_for(timeout=20_000)
    found = page.locator("#search-results a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert any("glossary.html" in link for link in found) and any("07_teacher" in link for link in found)
