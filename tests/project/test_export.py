"""`make export`: a lesson as one page that needs no network, with its formulas and its moving inspector."""

import importlib
import json
import re
import sys
from html.parser import HTMLParser

import pytest

from tests.project.test_project import ROOT
from tests.support.browser import NEEDS_BROWSER, Page, running_browser, steps_with_arrow_keys

sys.path.insert(0, str(ROOT / "tools"))
export_lessons = importlib.import_module("export_lessons")
#: One with equations that a cell wrote, one with many formulas in its text.
NAMES = ["01_one_timestep", "03_gates"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    into = tmp_path_factory.mktemp("export")
    assert export_lessons.main([name[:2] for name in NAMES] + ["--into", str(into)]) == 0
    return into


def cells(name):
    return json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"]


def formulas_in(name):
    """How many formulas a lesson has: between dollars in its text, and as LaTeX in its outputs."""
    text = "\n\n".join("".join(cell["source"]) for cell in cells(name) if cell["cell_type"] == "markdown")
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"\$\$.+?\$\$", text, re.DOTALL)
    lines = re.findall(r"(?<!\\)\$[^$\n]+?(?<!\\)\$", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL))
    outputs = [output for cell in cells(name) for output in cell.get("outputs", [])]
    return len(blocks) + len(lines) + sum("text/latex" in output.get("data", {}) for output in outputs)


class Tags(HTMLParser):
    """What a page loads and leads to, and how many formulas it has, outside of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links, self.formulas = [], [], 0
        self.folded, self._within = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.formulas += tag == "math"
        if tag in ("details", "summary"):
            self._within.append(tag)
            self.folded += [""] if tag == "details" else []
        if tag == "a":
            self.links.append(found.get("href", ""))
        elif found.get("src") or (tag == "link" and found.get("href")):
            self.loaded.append(found.get("src") or found["href"])

    def handle_endtag(self, tag):
        if tag in ("details", "summary"):
            assert self._within.pop() == tag

    def handle_data(self, data):
        if self._within[-1:] == ["details"]:
            self.folded[-1] += data.strip()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_nothing_and_has_every_formula(folder, name):
    page = Tags((folder / f"{name}.html").read_text(encoding="utf-8"))
    assert {target[:11] for target in page.loaded} <= {"data:image/"}
    assert page.formulas == formulas_in(name) > 10


@pytest.mark.parametrize("name", NAMES)
def test_what_a_lesson_folds_away_is_folded_with_its_text(folder, name):
    page = Tags((folder / f"{name}.html").read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in cells(name) if cell["cell_type"] == "markdown"]
    outputs = [output.get("data", {}) for cell in cells(name) for output in cell.get("outputs", [])]
    texts += ["".join(data.get("text/html", "")) for data in outputs]
    assert len(page.folded) == len(re.findall("<details[ >]", "".join(texts))) > 5
    assert min(map(len, page.folded)) > 20


@pytest.mark.parametrize("name", NAMES)
def test_the_sides_of_aligned_lines_meet_at_their_sign(folder, name):
    text = (folder / f"{name}.html").read_text(encoding="utf-8")
    right, left = (
        text.count(f'<mtd style="text-align: {side}; padding-{side}: 0">') for side in ("right", "left")
    )
    aligned = [output for cell in cells(name) for output in cell.get("outputs", [])]
    rows = sum("".join(output.get("data", {}).get("text/latex", "")).count("&=") for output in aligned)
    assert right >= rows and left >= rows and rows > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_link_leads_to_a_page_beside_it_or_stays_words(folder, name):
    links = Tags((folder / f"{name}.html").read_text(encoding="utf-8")).links
    inside = {link for link in links if not link.startswith(("https://", "#"))}
    assert inside == set()  # the lessons before and after these two are not exported
    both = export_lessons.exported(export_lessons.find("01"), {"02_watch_it_run.ipynb"})
    assert "02_watch_it_run.html" in Tags(both).links


def test_the_cell_that_installs_is_left_out_and_every_other_is_there(folder):
    text = (folder / "03_gates.html").read_text(encoding="utf-8")
    code = [cell for cell in cells("03_gates") if cell["cell_type"] == "code"]
    assert text.count('class="jp-Cell jp-CodeCell') == len(code) - 1 and "find_spec" not in text


@pytest.mark.parametrize("signs", ["{}", "${}$", "$${}$$", r"\[{}\]", r"\({}\)", "$\\displaystyle {}$"])
def test_an_output_in_latex_is_a_formula_whatever_signs_stand_around_it(signs):
    html = export_lessons.formulas(signs.replace("{}", "h_t"))
    assert "<msub><mi>h</mi><mi>t</mi></msub>" in html and "$" not in re.sub("<annotation.*", "", html)


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


def in_a_browser(test):
    for mark in NEEDS_BROWSER:
        test = mark(test)
    return test


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_opened_without_a_network_formulas_show_and_the_inspector_steps(browser, folder, name):
    page = Page(browser, (folder / f"{name}.html").as_uri(), offline=True)
    timestep, last = map(int, re.match(r"t = (\d+) of (\d+)", steps_with_arrow_keys(page)).groups())
    assert timestep == min(3, last) - 1
    sizes = page.page.locator("math").evaluate_all("all => all.map(m => m.getBoundingClientRect().width)")
    assert len(sizes) == formulas_in(name)
    shown = page.page.locator("math:visible").count()  # those below a folded answer take no place
    assert sum(size > 0 for size in sizes) == shown > 10
    # An inspector stands in for its still picture.
    outputs = [output.get("data", {}) for cell in cells(name) for output in cell.get("outputs", [])]
    visible = "all => all.filter(i => i.naturalWidth && i.checkVisibility()).length"
    drawn = sum(any(kind.startswith("image/") for kind in data) for data in outputs)
    assert page.page.locator("img").evaluate_all(visible) == drawn - 1
    prose = page.page.locator(".jp-RenderedMarkdown").all_inner_texts()
    assert "$" not in "".join(prose) and "\\frac" not in "".join(prose)
    assert page.violations() == [] and page.outside == [] and page.errors == []
