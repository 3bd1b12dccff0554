"""The site: built without a warning, whole without a network, and with a page for every public name.

SITE=build/site python -m pytest tests/project/test_site.py     # look at one that is built already
"""

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

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


#: What a visitor looks for -> where it stands: a page, or a place within one.
LOOKED_FOR = {
    "how to install": "start.html#set-up",
    "lesson 07": "course/07_teacher_forcing.html",
    "what viz.compare takes": "api/viz.compare.html",
    "what teacher forcing is": "glossary.html#teacher-forcing",
    "how to move an LSTM from Keras": "guides/moving_here.html#an-lstm-of-keras",
}


def reached(pages, site, clicks):
    """The pages, and the places within them, that a reader of the first page reaches with so many clicks."""
    found = {(site / "index.html").resolve().as_uri()}
    for _ in range(clicks):
        paths = {
            path for path in pages if any(path.as_uri() == address.partition("#")[0] for address in found)
        }
        found |= {urljoin(path.as_uri(), link) for path in paths for link in pages[path].links}
    return found


@pytest.mark.parametrize("what", LOOKED_FOR)
def test_a_visitor_finds_it_with_two_clicks(pages, site, what):
    address = f"{site.resolve().as_uri()}/{LOOKED_FOR[what]}"
    assert address in reached(pages, site, clicks=2)
    page, _, part = LOOKED_FOR[what].partition("#")
    assert not part or part in pages[site / page].ids


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


# The reference


def public_names():
    """(module, name) of all that the packages list as public, as their files say it, not as `tools/` do.

    `rshop.backend` is the room of TensorFlow's calls, for the other rooms alone.
    """
    import viz

    found = [("viz", name) for name in viz.__all__]
    for path in sorted((ROOT / "rshop").rglob("__init__.py")):
        module = ".".join(path.parent.relative_to(ROOT).parts)
        lists = [
            node.value
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        if lists and not module.startswith("rshop.backend"):
            found += [(module, name) for name in ast.literal_eval(lists[0])]
    return found


@pytest.fixture(scope="module")
def reference(pages):
    """(thing, the name under which its page has it, the text of the page; None where there is none)."""
    api = [path for path in pages if path.parent.name == "api"]
    anchors = {anchor.removeprefix("module-"): path for path in api for anchor in pages[path].ids}
    texts = {path: path.read_text(encoding="utf-8") for path in api}
    things, names = {}, {}
    for module, name in public_names():
        thing = getattr(importlib.import_module(module), name)
        things[id(thing)] = thing
        names.setdefault(id(thing), []).append(f"{module}.{name}")
    found = []
    for key, thing in things.items():
        # An old name of a class leads to the page of its own name.
        own = sorted(names[key], key=lambda name: not name.endswith(f".{getattr(thing, '__name__', name)}"))
        name = next((name for name in own if name in anchors), own[0])
        found.append((thing, name, texts.get(anchors.get(name))))
    return found


def test_every_room_with_public_names_is_found():
    rooms = {module for module, _ in public_names()}
    assert {"rshop", "rshop.attention", "rshop.cells", "rshop.fast", "rshop.generation", "viz"} < rooms
    assert {"rshop.seq2seq", "rshop.training"} < rooms and len(public_names()) > 70


def test_every_public_name_has_a_page(reference):
    assert [name for _, name, text in reference if text is None] == []
    assert len(reference) > 60
    assert [name for _, name, text in reference if " object at 0x" in text] == []


def test_a_page_has_the_whole_signature(reference):
    wrong = {}
    for thing, name, text in reference:
        if callable(thing):
            expected = list(inspect.signature(thing).parameters)
            shown = re.search(rf'<dt[^>]* id="{re.escape(name)}">(.*?)</dt>', text, re.DOTALL)[1]
            parts = re.findall(r'<em class="sig-param">.*?<span class="n"><span class="pre">(\w+)<', shown)
            if parts != expected:
                wrong[name] = (parts, expected)
    assert wrong == {}


def test_a_page_has_the_sections_of_its_docstring(reference):
    lacks = [
        (name, heading)
        for thing, name, text in reference
        for heading in ("Call arguments", "Returns", "Raises")
        if re.search(rf"^{heading}:$", inspect.getdoc(thing) or "", re.MULTILINE)
        if heading not in text
    ]
    assert lacks == []
    assert sum("Raises" in text for _, _, text in reference) > 40


def test_the_name_of_the_next_page_breaks_between_its_words(site):
    text = (site / "api" / "rshop.generation.SampleEmbedding.html").read_text(encoding="utf-8")
    assert "rshop.<wbr>generation.<wbr>Gumbel<wbr>Softmax<wbr>Embedding</p>" in text
    assert "gradient_<wbr>flow</p>" in (site / "api" / "viz.gates.html").read_text(encoding="utf-8")


def test_a_docstring_is_read_as_it_is_meant(reference):
    """No author's initial numbers a list, no formulas run together, no second line is an error's name."""
    misread = {
        "no name": "&lt;built-in",
        "a list": r'<ol class="(upper|lower)',
        "one paragraph": "<blockquote",
        "a name": r"[a-z]\.</strong> – ",
    }
    found = [
        (name, what) for _, name, text in reference for what, sign in misread.items() if re.search(sign, text)
    ]
    assert found == []


def test_a_page_leads_to_a_lesson_or_a_guide_that_uses_the_name(reference):
    headings = ("Lessons that use it", "Guides that use it")
    assert [name for _, name, text in reference if not any(words in text for words in headings)] == []


def test_each_function_of_viz_has_a_picture_and_a_lesson(site):
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
    """What axe finds on a page with its inspectors: the rule, and where. A rule is left out by its name."""
    from axe_playwright_python.sync_playwright import Axe

    chosen = {name.replace("_", "-"): {"enabled": on} for name, on in rules.items()}
    options = {"rules": chosen, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
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


#: How far a page reaches: also what a body that hides its overflow cuts off.
WIDEST = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"


#: Words that reach out of the page, where nothing scrolls to them; inspectors have tests of their own.
CUT = """() => {
  const scrolls = e => e.tagName !== "ARTICLE"
    && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const words = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  const right = e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect().right;
  };
  return [...document.querySelectorAll("article *")]
    .filter(e => words(e) && !e.closest("[data-rv], svg, math") && e.checkVisibility())
    .filter(e => right(e) > innerWidth && !scrolls(e))
    .map(e => e.textContent.slice(0, 60));
}"""


@pytest.fixture(scope="module")
def visited(browser, site):
    """Each page, opened on a telephone without a network: what it asked for, its width, what axe says.

    Then it is stretched to the width of two screens. The contrast of letters, which takes minutes on
    a lesson, is measured on a page of each kind below.
    """
    first = Page(browser, (site / "index.html").as_uri(), offline=True, width=390)
    widths, cut, found, wide = {}, {}, {}, {}
    for path in html_files(site):
        name = path.relative_to(site).as_posix()
        first.page.set_viewport_size({"width": 390, "height": 844})
        first.page.goto(path.as_uri())
        widths[name] = first.page.evaluate(WIDEST)
        cut[name] = first.page.evaluate(CUT)
        found[name] = violations(first.page, color_contrast=False)
        for width in (1366, 1920):
            first.page.set_viewport_size({"width": width, "height": 900})
            widest, words = first.page.evaluate(WIDEST), first.page.evaluate(CUT)
            if widest > width or words:
                wide[name, width] = widest, words
    return first.outside, first.errors, widths, cut, found, wide


@in_a_browser
def test_no_page_asks_for_anything_outside(visited):
    outside, errors, *_ = visited
    assert outside == [] and errors == []


@in_a_browser
def test_no_page_is_wider_than_a_telephone(visited):
    assert {name: width for name, width in visited[2].items() if width > 390} == {}


@in_a_browser
def test_no_words_are_cut_off_on_a_telephone(visited):
    assert {name: words for name, words in visited[3].items() if words} == {}


@in_a_browser
def test_no_page_is_wider_than_a_screen_and_no_words_are_cut_off_there(visited):
    assert visited[5] == {}


@in_a_browser
def test_axe_finds_nothing_on_any_page(visited):
    assert {name: those for name, those in visited[4].items() if those} == {}


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
