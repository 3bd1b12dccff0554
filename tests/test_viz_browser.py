"""The inspector and the editor in a real browser: live, reopened, exported, and where scripts are stripped.

One JupyterLab and one Chromium serve the whole module. On a machine without a browser these tests are
skipped; where CI is set they must run.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None and os.environ.get("CI") != "true",
        reason=f"no browser on this machine (looked for {', '.join(NAMES)}); Debian has the package chromium",
    ),
    # The browser's driver leaves an event loop of its own behind.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SETUP = """
import numpy as np, keras, rshop, viz
keras.utils.set_random_seed(1)
x = np.random.default_rng(0).normal(size=(2, 12, 6)).astype("float32")
name = "lstm <img src=x onerror=steal()> &amp; ünïcode"
rnn = rshop.LSTMCell(6, input_dim=6).get_layer(return_sequences=True, name=name)
"""
LABELS = "['<script>stolen = 1</script>', '日本', *'abcdefghij']"
CELLS = [SETUP, f"viz.inspect(rnn, x, labels={LABELS})", "viz.edit(rnn, x)"]


# What runs once for the module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lessons")


@pytest.fixture(scope="module")
def environment(folder):
    """A JupyterLab with nothing of the user's own in it."""
    own = {f"JUPYTER_{kind}_DIR": str(folder / f".{kind.lower()}") for kind in ("CONFIG", "DATA", "RUNTIME")}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, **own, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}


def notebook():
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=[new_code_cell(text) for text in CELLS], metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def server(folder, environment):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--no-browser --allow-root --port={port} --ServerApp.token=t --LabApp.news_url="
    command = [sys.executable, "-m", "jupyterlab", *options.split(), f"--ServerApp.root_dir={folder}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urllib.request.urlopen(f"{address}/api?token=t", timeout=1).close() or True)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


def wait_for(done, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if done():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{done} did not become true within {seconds} s")


class Page:
    """A page that writes down its requests to elsewhere and its errors."""

    def __init__(self, browser, address, offline=False):
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=offline)
        self.page = self.context.new_page()
        self.outside, self.errors = [], []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)

    def _note(self, request):
        if not request.url.startswith(("data:", "blob:", "file:", "http://127.0.0.1:")):
            self.outside.append(request.url)

    def inspector(self, which=0):
        found = self.page.locator(".rv-inspector").nth(which)
        found.wait_for(timeout=60_000)
        return found

    def shown_pictures(self):
        """The still pictures that a reader sees."""
        visible = "n => [...n].filter(i => i.naturalWidth > 300 && i.checkVisibility()).length"
        return self.page.locator("img").evaluate_all(visible)

    def violations(self):
        """What axe finds in the inspectors: rule, and the elements."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, context={"include": [[".rv-root"]]}).response["violations"]
        return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found]


@pytest.fixture
def open_page(browser):
    pages = []

    def opened(address, **options):
        pages.append(Page(browser, address, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()


def lab(server, name):
    return f"{server}/lab/tree/{name}?token=t&reset"


def steps_with_arrow_keys(page, which=0):
    """Press right three times and left once on the slider; what it says of itself."""
    slider = page.inspector(which).locator(".rv-slider")
    slider.scroll_into_view_if_needed()
    slider.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.page.keyboard.press(key)
    return slider.get_attribute("aria-valuetext")


# The five situations


@pytest.fixture(scope="module")
def live(server, folder, browser):
    """The notebook after "Run All Cells"."""
    nbformat.write(notebook(), folder / "live.ipynb")
    page = Page(browser, lab(server, "live.ipynb"))
    page.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.page.get_by_text("Run", exact=True).first.click()
    page.page.get_by_text("Run All Cells", exact=True).click()
    page.page.locator(".rv-edit").wait_for(timeout=90_000)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def saved(live, folder):
    """The notebook as it was saved, which trusts it; and a copy that nothing vouches for."""
    path = folder / "live.ipynb"
    live.page.get_by_text("File", exact=True).first.click()
    live.page.get_by_text("Save Notebook", exact=True).click()
    wait_for(lambda: len(nbformat.read(path, as_version=4).cells[2].get("outputs", [])) == 2)
    shutil.copy(path, folder / "trusted.ipynb")
    found = nbformat.read(path, as_version=4)
    found.cells[0].source += "\n# from elsewhere"
    nbformat.write(found, folder / "untrusted.ipynb")
    return found


def test_live_it_steps_with_the_arrow_keys_and_asks_nothing_of_the_network(live):
    assert steps_with_arrow_keys(live) == "t = 2 of 11, a"
    assert steps_with_arrow_keys(live, which=1) == "t = 2 of 11"
    assert (live.outside, live.errors) == ([], [])
    assert live.shown_pictures() == 0  # the stills are hidden


def test_live_a_click_anywhere_in_it_gives_it_the_keyboard(live):
    steps_with_arrow_keys(live)
    inspector = live.inspector()
    for place in (".rv-heading", ".rv-group-name", ".rv-title", ".rv-run"):
        inspector.locator(".rv-slider").press("Home")
        live.page.locator(".jp-Cell").first.locator(".jp-InputArea-prompt").click()  # leave it
        inspector.locator(place).first.click(position={"x": 4, "y": 4})
        live.page.keyboard.press("ArrowRight")
        assert inspector.locator(".rv-now").inner_text() == "t = 1 of 11", place


def test_live_axe_finds_nothing(live):
    assert live.violations() == []


def test_an_edit_shows_both_futures_and_undo_takes_them_away(live):
    steps_with_arrow_keys(live, which=1)
    editor = live.inspector(1)
    editor.locator(".rv-edit input").fill("2")
    editor.get_by_role("button", name="Change").click()
    editor.locator(".rv-futures").wait_for(timeout=30_000)
    assert editor.locator(".rv-future").count() == 2
    assert editor.get_by_role("status").inner_text().startswith("h[0] at t = 2: ")
    assert float(editor.locator(".rv-future .rv-value").first.inner_text()) > 0
    assert live.violations() == []
    editor.get_by_role("button", name="Undo").click()
    editor.locator(".rv-futures").wait_for(state="detached", timeout=30_000)


def test_reopened_and_trusted_the_inspector_runs_and_the_editor_shows_its_picture(server, saved, open_page):
    page = open_page(lab(server, "trusted.ipynb"))
    assert steps_with_arrow_keys(page) == "t = 2 of 11, a"
    assert page.shown_pictures() == 1  # the editor's: it has no kernel
    assert page.violations() == []
    assert page.outside == []


def test_reopened_and_untrusted_a_picture_and_the_numbers_remain(server, saved, open_page):
    page = open_page(lab(server, "untrusted.ipynb"))
    page.page.locator("details table").first.wait_for(state="attached", timeout=60_000)
    wait_for(lambda: page.shown_pictures() == 2)
    assert page.page.locator(".rv-inspector").count() == 0
    page.page.locator("details summary").first.click()
    assert page.page.locator("details td").first.is_visible()
    assert page.outside == []


def exported(saved, folder, sanitised):
    from nbconvert import HTMLExporter

    # What nbconvert itself would fetch from elsewhere.
    nothing = dict.fromkeys(
        ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url", "widget_renderer_url"), "data:,"
    )
    body, _ = HTMLExporter(sanitize_html=sanitised, **nothing).from_notebook_node(saved)
    path = folder / f"exported_{sanitised}.html"
    path.write_text(body, encoding="utf-8")
    return path.as_uri()


def test_exported_and_opened_offline_it_runs(saved, folder, open_page):
    page = open_page(exported(saved, folder, sanitised=False), offline=True)
    assert steps_with_arrow_keys(page) == "t = 2 of 11, a"
    assert page.shown_pictures() == 1  # the editor's: it has no kernel
    assert page.violations() == []
    assert page.outside == []


def test_exported_and_sanitised_the_picture_remains(saved, folder, open_page):
    page = open_page(exported(saved, folder, sanitised=True), offline=True)
    assert page.shown_pictures() == 2
    assert page.page.locator(".rv-inspector").count() == 0
    assert len(page.page.locator("body").inner_text()) < 20_000  # no source is printed at length
    assert page.outside == []


# A page of its own


@pytest.fixture(scope="module")
def long_page(folder):
    """200 timesteps of 64 units."""
    import numpy as np

    import viz
    from rshop import LSTMCell

    rnn = LSTMCell(64, input_dim=16).get_layer(return_sequences=True)
    x = np.random.default_rng(0).normal(size=(1, 200, 16))
    return viz.inspect(rnn, x).save(folder / "long.html").as_uri()


def test_scrubbing_through_200_timesteps_shows_the_last_one(long_page, open_page):
    page = open_page(long_page, offline=True)
    slider = page.inspector().locator(".rv-slider")
    for t in (50, 120, 199):
        slider.evaluate(f"s => {{ s.value = {t}; s.dispatchEvent(new Event('input')); }}")
        assert slider.get_attribute("aria-valuetext") == f"t = {t} of 199"


def test_play_runs_to_the_end_and_stops(long_page, open_page):
    page = open_page(long_page, offline=True)
    inspector = page.inspector()
    inspector.get_by_label("speed").select_option("60")
    inspector.get_by_role("button", name="Last timestep").click()
    inspector.get_by_role("button", name="Previous timestep").click()
    inspector.get_by_role("button", name="Play").click()
    inspector.get_by_role("button", name="Play").wait_for(timeout=10_000)
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 199 of 199"


def test_the_page_says_what_was_recorded(folder, open_page):
    import numpy as np

    import viz
    from rshop import SimpleRNNCell, trace

    rnn = SimpleRNNCell(3, input_dim=2).get_layer(return_sequences=True)
    x = np.random.default_rng(0).normal(size=(1, 5, 2)).astype("float32")
    page = open_page(viz.inspect(rnn, x).save(folder / "small.html").as_uri(), offline=True)
    steps_with_arrow_keys(page)
    page.inspector().get_by_label("unit").select_option("1")
    states = trace(rnn, x).states["h"][0]
    expected = [states[2, 1], states[3, 1], states[3, 1] - states[2, 1]]
    rows = page.inspector().locator(".rv-group .rv-value").all_inner_texts()
    assert rows == [f"{number:.3f}".replace("-", "−") for number in expected]
    assert f"= {rows[1]}" in page.inspector().locator(".rv-equations").inner_text()
    page.inspector().locator("details summary").click()
    page.inspector().locator("caption").filter(has_text="t = 2, ").wait_for()
    cells = page.inspector().locator("tbody tr").nth(1).locator("td").all_inner_texts()
    assert cells[1:4] == rows


def test_names_and_labels_are_text_and_never_run(live):
    assert live.page.evaluate("typeof stolen") == "undefined"
    assert live.page.locator(".rv-root script, .rv-root img").count() == 0
    title = live.inspector().locator(".rv-title b").inner_text()
    assert title == "lstm <img src=x onerror=steal()> &amp; ünïcode"


def test_no_element_of_the_inspector_has_an_id_of_its_own(live):
    assert live.page.locator(".rv-root [id]").count() == 0


def test_a_keyboard_reaches_every_control_and_each_has_a_name(live):
    controls = live.inspector().locator("button, select, input, summary, [tabindex]")
    names = controls.evaluate_all(
        "n => n.map(e => [e.ariaLabel || e.title || e.closest('label')?.innerText || e.innerText,"
        " e.dataset.lmSuppressShortcuts])"
    )
    assert len(names) > 12
    assert [name for name, suppressed in names if not name or suppressed != "true"] == []


def test_hovering_shows_the_number(live):
    steps_with_arrow_keys(live)
    strip = live.inspector().locator(".rv-group .rv-strip").first
    strip.hover()
    assert live.inspector().locator(".rv-tip").inner_text().startswith("h[")


# Letters in their boxes, whatever fonts the machine has

OUT_OF_THEIR_BOX = """(nodes) => nodes.flatMap((node) => {
  const box = node.querySelector("path, polygon, ellipse, rect").getBBox();
  const lines = [...node.querySelectorAll(":scope > text")].map((line) => [line, line.getBBox()]);
  const wide = lines.filter(([, b]) => b.x < box.x || b.x + b.width > box.x + box.width);
  const high = lines.filter(([, b]) => b.y < box.y || b.y + b.height > box.y + box.height);
  const beside = lines.filter(([, b], i) => lines.slice(0, i).some(([, a]) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y + a.height * 0.8 < b.y + b.height * 0.2 === false
    && Math.abs(a.y - b.y) < 3));
  return [...wide, ...high, ...beside].map(([line]) => line.textContent);
})"""


def drawings():
    from drawings import DRAWN

    import viz

    for name, build in DRAWN.items():
        rnn = build()
        yield f"{name}, one timestep", viz.draw_step(rnn)
        yield f"{name}, closed", viz.draw_step(rnn, fold=True)
        yield f"{name}, unrolled", viz.draw_unrolled(rnn, steps=50, focus=20)
        yield f"{name}, rolled", viz.draw_unrolled(rnn, rolled=True)


def test_no_letter_of_a_diagram_stands_out_of_its_box(folder, open_page):
    figures = list(drawings())
    path = folder / "diagrams.html"
    pictures = "".join(f"<h2>{name}</h2>{figure.svg}" for name, figure in figures)
    path.write_text(f"<!doctype html><meta charset=utf-8>{pictures}", encoding="utf-8")
    page = open_page(path.as_uri(), offline=True)
    boxes = page.page.locator("svg g.node:has(path), svg g.node:has(ellipse), svg g.cluster")
    assert boxes.count() > 10 * len(figures)
    assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_no_letter_of_the_inspectors_diagram_stands_out_of_its_box(folder, open_page):
    import numpy as np
    from drawings import DRAWN

    import viz

    for name in ("nested", "lstm"):
        rnn = DRAWN[name]()
        page = open_page(
            viz.inspect(rnn, np.ones((1, 3, 5))).save(folder / f"{name}.html").as_uri(), offline=True
        )
        boxes = page.inspector().locator(".rv-box")
        assert boxes.count() > 8
        assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_a_saved_diagram_shrinks_on_a_narrow_page_as_far_as_it_can_be_read(folder, open_page):
    from drawings import DRAWN

    import viz

    figure = viz.draw_unrolled(DRAWN["nested"](), steps=50, focus=(20, 25))
    page = open_page(figure.save(folder / "wide.html").as_uri(), offline=True)
    natural = float(figure.svg.split('viewBox="')[1].split()[2])
    width = page.page.locator("svg").evaluate("s => s.getBoundingClientRect().width")
    assert 0.72 * natural < width < 0.74 * natural
    letters = page.page.locator("svg text").evaluate_all(
        "n => Math.min(...n.map(t => t.getBoundingClientRect().height))"
    )
    assert letters > 8
