"""A saved inspector in a browser: it plays, and shows runs that are not the usual ones."""

import pytest

from tests.support import inspected_models
from tests.support.browser import LONG, NEEDS_BROWSER, of_long_names, saved_page, steps_with_arrow_keys

pytestmark = NEEDS_BROWSER


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
    assert f"= {rows[1]}" in page.tab("Equations").locator(".rv-equations").inner_text()
    page.tab("Table").locator("caption").filter(has_text="t = 2, ").wait_for()
    cells = page.inspector().locator("tbody tr").nth(1).locator("td").all_inner_texts()
    assert cells[1:4] == rows


# What is shown of runs that are not the usual ones


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
    rnn = LSTMCell(6, input_dim=3).get_layer(return_sequences=True)
    page = open_page(saved_page(folder, "nan", rnn, x), offline=True, device_scale_factor=scale)
    # Letters have coloured edges of their own.
    page.page.add_style_tag(content=".rv-body * { color: transparent !important; } text { opacity: 0; }")
    parts, seen = [page.inspector().locator(f".rv-{name}") for name in ("step", "side")], []
    page.inspector().locator(".rv-slider").focus()
    for _ in range(4):
        seen.append(sum(map(magenta, parts)))
        page.page.keyboard.press("ArrowRight")
    assert seen[:3] == [0, 0, 0] and seen[3] > 1000


def test_a_run_of_one_timestep_shows_its_input_and_its_own_scale(folder, open_page):
    import numpy as np

    from rshop import LSTMCell, trace

    rnn = LSTMCell(6, input_dim=3).get_layer(return_sequences=True)
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


TOO_WIDE = "n => n.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"


@pytest.mark.parametrize(("width", "height"), [(700, 900), (1366, 768), (1920, 1080)])
@pytest.mark.parametrize("longer", [LONG[:26], LONG])
def test_long_names_leave_room_for_everything_else(folder, open_page, longer, width, height):
    import numpy as np

    address = saved_page(folder, "long", of_long_names(longer), np.ones((1, 3, 3)))
    page = open_page(address, offline=True, width=width, height=height)
    inspector = page.tab("Equations")
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    parts = inspector.locator(".rv-equation").evaluate_all(
        "n => n.flatMap(e => [...e.querySelectorAll('.rv-right')].map(r => r.clientWidth || r.offsetWidth)"
        ".map(w => w / e.offsetWidth))"
    )
    assert len(parts) >= 6 and min(parts) > 0.4
    page.tab("Gates")
    names = ".rv-row-name:visible, .rv-map-name:visible, .rv-title"
    cut = inspector.locator(names).evaluate_all(TOO_WIDE)
    assert cut == []
    gates = inspector.locator(".rv-gates .rv-row-name").all_inner_texts()
    page.tab("Values")
    assert inspector.locator(".rv-group-name, .rv-row-name:visible").evaluate_all(TOO_WIDE) == []
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


def test_a_high_diagram_is_seen_whole_on_a_small_screen_and_no_number_is_cut(folder, open_page):
    import numpy as np

    rnn, x, options = inspected_models.attending_cell()
    # Numbers that are written with a power of ten are the longest.
    page = open_page(saved_page(folder, "high", rnn, np.float32(1e-3) * x, **options), offline=True)
    inspector = page.inspector()
    holder = inspector.locator(".rv-diagram-holder")
    assert holder.evaluate("e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]") == [0, 0]
    sizes = inspector.locator(".rv-diagram text, .rv-diagram tspan").evaluate_all(
        "n => n.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"
    )
    assert min(sizes) > 8.9
    written = inspector.locator(".rv-value:visible")
    assert any("e−" in text for text in written.all_inner_texts())
    assert written.evaluate_all(TOO_WIDE) == []


SEEN = """n => n.map(e => e.getBoundingClientRect()).every(
    (box) => box.width > 100 && box.height > 100 && box.left >= 0 && box.top >= 0
        && box.right <= innerWidth && box.bottom <= innerHeight)"""


@pytest.mark.parametrize("kind", ["stack", "attention", "nested", "images", "words"])
def test_diagram_values_and_run_are_seen_at_once_on_a_small_screen(folder, open_page, kind):
    rnn, x, options = inspected_models.MODELS[kind]()
    page = open_page(saved_page(folder, kind, rnn, x, **options), offline=True)
    parts = page.inspector().locator(".rv-controls, .rv-step, .rv-side, .rv-run, .rv-axis-row")
    assert parts.count() == 5
    shown = page.inspector().locator(".rv-step, .rv-side, .rv-run").evaluate_all(SEEN)
    assert shown and page.page.evaluate("document.documentElement.scrollHeight") <= 768
    assert page.inspector().locator(".rv-axis-row").evaluate("e => e.getBoundingClientRect().bottom") <= 768
    assert page.violations() == [] and page.errors == []


def test_the_bar_stays_in_view_where_the_page_is_longer_than_the_screen(folder, open_page):
    rnn, x, options = inspected_models.MODELS["stack"]()
    page = open_page(saved_page(folder, "narrow", rnn, x, **options), offline=True, width=390, height=700)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 390
    page.page.mouse.wheel(0, 900)
    page.page.wait_for_function("scrollY > 500")
    assert page.inspector().locator(".rv-controls").evaluate("e => e.getBoundingClientRect().top") == 0


def test_a_search_finds_the_timesteps_of_every_sample_and_goes_there(folder, open_page):
    import numpy as np

    import rshop

    rnn, x, options = inspected_models.MODELS["stack"]()
    page = open_page(saved_page(folder, "found", rnn, x, **options), offline=True)
    inspector = page.tab("Find")
    inspector.get_by_label("Threshold").fill("0.05")
    name = rnn.description.state_names[0]
    high = np.argwhere(rshop.trace(rnn, x).states[name][:, 1:, 0] >= 0.05)
    hits = inspector.locator(".rv-hit")
    assert hits.count() == len(high) > 0 and set(high[:, 0]) == {0, 1}
    hits.last.click()
    sample, t = high[-1]
    assert inspector.locator(".rv-now").inner_text() == f"t = {t} of 39"
    assert inspector.get_by_label("sample").input_value() == str(sample)
    assert page.violations() == []


def test_a_press_on_a_cell_chooses_timestep_and_unit_and_everything_follows(folder, open_page):
    import rshop

    rnn, x, options = inspected_models.MODELS["stack"]()
    page = open_page(saved_page(folder, "pressed", rnn, x, **options), offline=True)
    inspector = page.inspector()
    name = rnn.description.state_names[0]
    states = rshop.trace(rnn, x).states[name][0]
    row = inspector.locator(".rv-map-row").filter(has_text="lstm 1/").first.locator(".rv-map")
    box = row.bounding_box()
    steps, units = states.shape[0], states.shape[1]
    where = {"x": box["width"] * 8.5 / steps, "y": box["height"] * 20.5 / units}
    row.click(position=where)  # the first column is the state before the first timestep
    assert inspector.locator(".rv-now").inner_text() == "t = 7 of 39"
    assert inspector.get_by_label("unit").input_value() == "20"
    values = inspector.locator(".rv-group .rv-value").all_inner_texts()
    assert values[:2] == [f"{number:.3f}".replace("-", "−") for number in (states[7, 20], states[8, 20])]
    page.page.keyboard.press("ArrowDown")
    assert inspector.get_by_label("unit").input_value() == "21"
    # The strip of a box is a window on a film of all timesteps: its place is told from the frame's.
    frame = inspector.locator(".rv-box-state .rv-frame").first
    width = float(frame.get_attribute("width"))
    box, at = frame.bounding_box(), (6 + (width - 12) * 4.5 / units) / width
    page.page.mouse.click(box["x"] + box["width"] * at, box["y"] + box["height"] * 0.72)
    assert inspector.get_by_label("unit").input_value() == "4"
    assert inspector.locator(".rv-now").inner_text() == "t = 7 of 39"


def test_the_keyboard_alone_plays_jumps_and_shows_its_keys(folder, open_page):
    rnn, x, options = inspected_models.MODELS["stack"]()
    page = open_page(saved_page(folder, "keys", rnn, x, **options), offline=True)
    inspector, press = page.inspector(), page.page.keyboard.press
    inspector.locator(".rv-slider").focus()
    press("End")
    assert inspector.locator(".rv-now").inner_text() == "t = 39 of 39"
    press("Home")
    press("Space")
    inspector.get_by_role("button", name="Pause").wait_for(timeout=5000)
    press("Space")
    inspector.get_by_role("button", name="Play").wait_for(timeout=5000)
    press("?")
    assert "play, pause" in inspector.get_by_role("group", name="Keys").inner_text()
    press("Escape")
    assert inspector.get_by_role("group", name="Keys").count() == 0


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
    inspector = open_page(address, offline=True).tab("Gates")
    says = inspector.locator(".rv-detail").all_inner_texts()
    assert says == ["0 shut (below 0.1), 0 open (above 0.9)", "largest: [0], 0.111"]
    row = inspector.locator(".rv-run .rv-map-name").filter(has_text="token")
    assert "1 unit, 1 to 7" in row.inner_text()
    inspector.locator(".rv-map").first.hover()
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
    inspector = open_page(saved_page(folder, "cut", rnn, x, megabytes=0.02), offline=True).tab("Equations")
    lines = inspector.locator(".rv-equation").evaluate_all(
        "n => n.map(e => [...e.querySelectorAll('.rv-right')].map(r => r.innerText))"
    )
    result = inspector.locator(".rv-result").first.inner_text()
    assert lines[0] == ["=\u00a0multiply 1 + multiply 2", result] and result.startswith("= ")


def test_a_site_that_keeps_pictures_as_files_shows_no_still_beside_the_live_one(folder, open_page):
    import numpy as np

    import viz
    from rshop import LSTMCell
    from viz.inspector.page import html_page

    rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
    inspector = viz.inspect(rnn, np.ones((1, 3, 3)))
    (folder / "still.png").write_bytes(inspector.picture)
    shown = html_page.fragment(inspector.payload)  # what comes after the still picture in a notebook
    cell = (
        '<div class="cell"><div class="cell_output"><div><img src="still.png"></div><div>{}</div></div></div>'
    )
    for name, text, pictures in (("still", shown, 0), ("plot", inspector._repr_html_(), 1)):
        path = folder / f"site_{name}.html"
        path.write_text(f'<!DOCTYPE html><meta charset="utf-8">{cell.format(text)}', encoding="utf-8")
        page = open_page(path.as_uri(), offline=True)
        page.inspector()
        page.page.wait_for_timeout(100)
        assert page.shown_pictures() == pictures  # a plot of the reader's own stays
