"""The inspector and the editor in a real browser: live, reopened, exported, and where scripts are stripped.

One JupyterLab and one Chromium serve the whole module. On a machine without a browser these tests are
skipped; where CI is set they must run.
"""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.browser import NEEDS_BROWSER, Page, lab, running_browser, running_lab, wait_for

ROOT = Path(__file__).resolve().parents[3]
pytestmark = NEEDS_BROWSER

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
    with running_lab(folder, environment) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser):
    pages = []

    def opened(address, **options):
        pages.append(Page(browser, address, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()


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


# What is shown of runs that are not the usual ones


def saved_page(folder, name, rnn, x, **options):
    import viz

    return viz.inspect(rnn, x, **options).save(folder / f"{name}.html").as_uri()


def magenta(locator):
    """How many pixels of an element have the colour of NaN, or one that is mixed from it."""
    import io

    import numpy as np
    from PIL import Image

    red, green, blue = np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), int).T
    return int(((red > 200) & (red > green + 45) & (blue > green + 45)).sum())


@pytest.mark.parametrize("scale", [1, 1.25, 1.5, 2])
def test_no_colour_of_another_timestep_shines_through(folder, open_page, scale):
    """The fourth timestep is NaN: nothing of it is seen in the first three."""
    import numpy as np

    from rshop import LSTMCell

    x = np.random.default_rng(0).normal(size=(1, 5, 3)).astype("float32")
    x[0, 3] = np.nan
    rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
    page = open_page(saved_page(folder, "nan", rnn, x), offline=True, device_scale_factor=scale)
    # Letters have coloured edges of their own.
    page.page.add_style_tag(content=".rv-body * { color: transparent !important; } text { opacity: 0; }")
    body, seen = page.inspector().locator(".rv-body"), []
    page.inspector().locator(".rv-slider").focus()
    for _ in range(4):
        seen.append(magenta(body))
        page.page.keyboard.press("ArrowRight")
    assert seen[:3] == [0, 0, 0] and seen[3] > 1000


def test_a_run_of_one_timestep_shows_its_input_and_its_own_scale(folder, open_page):
    import numpy as np

    from rshop import LSTMCell, trace

    rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
    x = np.random.default_rng(0).normal(size=(1, 1, 3)).astype("float32")
    page = open_page(saved_page(folder, "one", rnn, x), offline=True)
    names = page.inspector().locator(".rv-map-name b").all_inner_texts()
    assert names[:3] == ["x", "h = output", "c"]
    largest = [f"±{np.abs(trace(rnn, x).states[name]).max():.3f}" for name in ("h", "c")]
    ranges = page.inspector().locator(".rv-group-name span").all_inner_texts()
    assert [text for text in ranges if text] == [f"{size}, change {size}" for size in largest]
    strips = page.inspector().locator(".rv-group").first.locator(".rv-strip image")
    films = strips.evaluate_all("n => n.map(image => image.getAttribute('href'))")
    assert films[1] == films[2] != films[0]  # the change from zeros is the state itself, in its colours


def test_nothing_but_zeros_says_so(folder, open_page):
    import numpy as np

    from rshop import SimpleRNNCell

    rnn = SimpleRNNCell(2, input_dim=2).get_layer(return_sequences=True)
    page = open_page(saved_page(folder, "zeros", rnn, np.zeros((1, 3, 2))), offline=True)
    assert page.inspector().locator(".rv-group-name span").first.inner_text() == "all 0, change all 0"


LONG = "of_a_layer_that_somebody_wrote_down_in_full_and_with_very_great_care_two"


def of_long_names(longer):
    import keras

    from rshop import RecurrentModel

    x, h = keras.Input((3,), name=f"x_{longer}"), keras.Input((3,), name=f"state_{longer}_tm1")
    update = keras.layers.Dense(3, "sigmoid", name=f"update_gate_{longer}")(x)
    reset = keras.layers.Dense(3, "sigmoid", name=f"reset_gate_{longer}")(x)
    n = update * h + (1.0 - update) * reset
    return RecurrentModel(x, n, h, n, return_sequences=True, name=f"model_{longer}")


@pytest.mark.parametrize(("width", "height"), [(700, 900), (1366, 768), (1920, 1080)])
@pytest.mark.parametrize("longer", [LONG[:26], LONG])
def test_long_names_leave_room_for_everything_else(folder, open_page, longer, width, height):
    import numpy as np

    address = saved_page(folder, "long", of_long_names(longer), np.ones((1, 3, 3)))
    page = open_page(address, offline=True, width=width, height=height)
    inspector = page.inspector()
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    parts = inspector.locator(".rv-equation").evaluate_all(
        "n => n.flatMap(e => [...e.querySelectorAll('.rv-right')].map(r => r.clientWidth || r.offsetWidth)"
        ".map(w => w / e.offsetWidth))"
    )
    assert len(parts) >= 6 and min(parts) > 0.4
    cut = inspector.locator(".rv-group-name, .rv-row-name, .rv-map-name, .rv-title").evaluate_all(
        "n => n.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert cut == []
    gates = inspector.locator(".rv-gates .rv-row-name").all_inner_texts()
    assert [name.split("_")[0] for name in gates] == ["update", "reset"]


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("name", ["lstm", "nested", "two_speeds"])
def test_a_diagram_is_seen_whole_and_its_letters_can_be_read(folder, open_page, name, width, height):
    import numpy as np

    from tests.support.drawings import DRAWN

    rnn = DRAWN[name]()
    x = np.ones((1, 3, *rnn.description.inputs.shape[1:]))
    page = open_page(saved_page(folder, name, rnn, x), offline=True, width=width, height=height)
    holder = page.inspector().locator(".rv-diagram-holder")
    assert holder.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    sizes = (
        page.inspector()
        .locator(".rv-diagram text, .rv-diagram tspan")
        .evaluate_all("n => n.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)")
    )
    assert min(sizes) > 10.4


def test_a_low_diagram_has_the_equations_under_it(folder, open_page):
    import keras
    import numpy as np

    from tests.support.drawings import DRAWN

    # The names of a fresh process: after hundreds of models they are longer, and the diagram is wider.
    keras.utils.clear_session()
    page = open_page(saved_page(folder, "low", DRAWN["sampled_stack"](), np.ones((1, 3, 5))), offline=True)
    step, worked = (page.inspector().locator(f".rv-{name}").bounding_box() for name in ("step", "worked"))
    assert step["x"] == worked["x"] and 0 < worked["y"] - step["y"] - step["height"] < 20


def test_probabilities_are_not_called_open_or_shut_and_whole_numbers_are_whole(folder, open_page):
    import keras
    import numpy as np

    from rshop import RecurrentModel

    token, h = keras.Input((), dtype="int32", name="token"), keras.Input((4,), name="h")
    x = keras.layers.Embedding(9, 4)(token)
    gate = keras.layers.Dense(4, "sigmoid", name="gate")(x)
    word = keras.layers.Dense(9, "softmax", name="word")(h)
    rnn = RecurrentModel(token, word, h, gate * h + x, return_sequences=True)
    address = saved_page(folder, "words", rnn, np.array([[1, 7, 3]]), labels=[1, 7, 3])
    inspector = open_page(address, offline=True).inspector()
    says = inspector.locator(".rv-detail").all_inner_texts()
    assert says == ["0 shut (below 0.1), 0 open (above 0.9)", "largest: [0], 0.111"]
    assert "1 unit, 1 to 7" in inspector.locator(".rv-map-name").nth(1).inner_text()
    inspector.locator(".rv-map").first.hover(position={"x": 5 * 150, "y": 5})
    assert inspector.locator(".rv-tip").inner_text().startswith("token = ")
    assert "." not in inspector.locator(".rv-tip").inner_text()


def test_the_numbers_that_are_none_are_counted_in_the_sample_that_is_shown(folder, open_page):
    import keras
    import numpy as np

    from rshop import RecurrentModel

    x, h = keras.Input((300,), name="x"), keras.Input((2,), name="h")
    rnn = RecurrentModel(x, h, h, h + x[:, :2], return_sequences=True)
    numbers = np.zeros((2, 30, 300), "float32")
    numbers[1, 29, :2] = np.nan, np.inf
    page = open_page(saved_page(folder, "counted", rnn, numbers), offline=True)
    inspector, name = page.inspector(), page.inspector().locator(".rv-map-name").first
    assert name.inner_text().split("\n") == ["x", "first 128 of 300 units, all 0"]
    inspector.get_by_label("sample").select_option("1")
    assert name.inner_text().split("\n") == ["x", "first 128 of 300 units, all 0", "1 NaN, 1 infinite"]
    warnings = inspector.locator(".rv-group-name .rv-warning").all_inner_texts()
    assert warnings == ["1 NaN, 1 infinite"]
    ticks = inspector.locator(".rv-axis span").all_inner_texts()
    assert [text for text in ticks if text != "start"] == ["0", "5", "10", "15", "20", "25"]
    assert page.violations() == []


def test_an_equation_whose_numbers_were_cut_away_is_not_written_twice(folder, open_page):
    import numpy as np

    from rshop import LSTMCell

    rnn = LSTMCell(8, input_dim=4).get_layer(return_sequences=True)
    x = np.random.default_rng(0).normal(size=(1, 90, 4))
    inspector = open_page(saved_page(folder, "cut", rnn, x, megabytes=0.02), offline=True).inspector()
    lines = inspector.locator(".rv-equation").evaluate_all(
        "n => n.map(e => [...e.querySelectorAll('.rv-right')].map(r => r.innerText))"
    )
    result = inspector.locator(".rv-result").first.inner_text()
    assert lines[0] == ["=\u00a0multiply + multiply_1", result] and result.startswith("= ")


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
    import viz
    from tests.support.drawings import DRAWN

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

    import viz
    from tests.support.drawings import DRAWN

    for name in ("nested", "lstm"):
        rnn = DRAWN[name]()
        page = open_page(
            viz.inspect(rnn, np.ones((1, 3, 5))).save(folder / f"{name}.html").as_uri(), offline=True
        )
        boxes = page.inspector().locator(".rv-box")
        assert boxes.count() > 8
        assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_no_letter_of_a_sign_or_a_long_name_stands_out_of_its_box(folder, open_page):
    import keras
    import numpy as np
    from keras import ops

    from rshop import RecurrentModel

    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = ops.sum(ops.logical_not(ops.expand_dims(x, 1)) * ops.expand_dims(h, 1), axis=1)
    signs = RecurrentModel(x, n, h, ops.leaky_relu(n) + ops.hard_sigmoid(h), return_sequences=True)
    for rnn, some in ((signs, "expand_dims"), (of_long_names(LONG), "update_gate")):
        page = open_page(saved_page(folder, "signs", rnn, np.ones((1, 3, 3))), offline=True)
        boxes = page.inspector().locator(".rv-box")
        assert any(some in text for text in boxes.all_text_contents())
        assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_a_saved_diagram_shrinks_on_a_narrow_page_as_far_as_it_can_be_read(folder, open_page):
    import viz
    from tests.support.drawings import DRAWN

    figure = viz.draw_unrolled(DRAWN["nested"](), steps=50, focus=(20, 25))
    page = open_page(figure.save(folder / "wide.html").as_uri(), offline=True)
    natural = float(figure.svg.split('viewBox="')[1].split()[2])
    width = page.page.locator("svg").evaluate("s => s.getBoundingClientRect().width")
    assert 0.72 * natural < width < 0.74 * natural
    letters = page.page.locator("svg text").evaluate_all(
        "n => Math.min(...n.map(t => t.getBoundingClientRect().height))"
    )
    assert letters > 8
