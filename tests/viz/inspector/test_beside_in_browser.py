"""Two runs in one inspector, in a browser."""

import io

import numpy as np
import pytest

import rshop
import viz
from tests.support.browser import NEEDS_BROWSER
from tests.support.inspected import layer, normal

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def runs():
    """An LSTM, and the same input but for the sixth timestep of the first sample."""
    rnn, x = layer(units=4), normal(2, 9, 3)
    other = x.copy()
    other[0, 5] += 1
    return rnn, x, other


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2


def test_the_rows_have_the_numbers_of_both_runs_and_the_parting_is_marked(folder, open_page, runs):
    rnn, x, other = runs
    page = open_page(viz.inspect(rnn, x, beside=other).save(folder / "beside.html").as_uri(), offline=True)
    inspector = page.inspector()
    note, slider = inspector.locator(".rv-parting-note"), inspector.locator(".rv-slider")
    assert "The runs part at timestep 5: " in note.inner_text()
    note.get_by_role("button", name="go there").click()
    assert slider.get_attribute("aria-valuetext") == "t = 5 of 8, here the runs part"

    rows = inspector.get_by_role("group", name="c of both runs").locator(".rv-value").all_inner_texts()
    own, second = (rshop.trace(rnn, given).states["c"][0, 6, 0] for given in (x, other))
    assert rows == [f"{number:.3f}".replace("-", "−") for number in (own, second, own - second)]

    tick = inspector.locator(".rv-axis > .rv-parting")
    column = inspector.locator(".rv-axis > span:not(.rv-parting)").filter(has_text="5")
    assert abs(middle(tick) - middle(column)) < 2
    on_slider = middle(inspector.locator(".rv-marked-slider > .rv-parting"))
    box = slider.bounding_box()
    assert abs(on_slider - (box["x"] + 8 + (box["width"] - 16) * 5 / 8)) < 2
    cursors = inspector.locator(".rv-run .rv-cursor").evaluate_all(
        "all => all.filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect())"
        ".map((r) => r.x + r.width / 2)"
    )
    assert len(cursors) > 6 and max(abs(x - middle(column)) for x in cursors) < 2

    assert page.violations() == []
    inspector.get_by_label("sample").select_option("1")
    assert "the same at every timestep" in note.inner_text()
    assert not tick.is_visible() and not note.get_by_role("button").is_visible()
    assert page.violations() == [] and page.errors == []


@pytest.mark.parametrize("size", [(390, 844), (1366, 768), (1920, 1080)])
def test_two_runs_fit_the_screen(folder, open_page, runs, size):
    rnn, x, other = runs
    page = open_page(viz.inspect(rnn, x, beside=other).save(folder / "fits.html").as_uri(), offline=True)
    page.page.set_viewport_size({"width": size[0], "height": size[1]})
    wide, high = page.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert wide <= size[0]
    assert size[0] < 900 or high <= size[1]


def test_two_films_of_images_stand_beside_each_other(folder, open_page):
    import keras
    from PIL import Image

    a, h = keras.Input((4, 4, 1), name="x"), keras.Input((4, 4, 1), name="h")
    n = keras.layers.Add(name="new")([a, 0.5 * h])
    rnn = rshop.RecurrentModel(a, n, h, n, return_sequences=True)
    x = normal(1, 4, 4, 4, 1)
    page = open_page(viz.inspect(rnn, x, beside=-x).save(folder / "film.html").as_uri(), offline=True)
    films = page.inspector().get_by_role("group", name="x of both runs").locator(".rv-film")
    assert films.count() == 3
    pictures = [
        np.asarray(Image.open(io.BytesIO(films.nth(i).screenshot())).convert("RGB")) for i in (0, 1, 2)
    ]
    apart = [np.abs(pictures[0].astype(int) - other).mean() for other in pictures[1:]]
    # x - -x is 2x, which on a scale of its own has the colours of x.
    assert apart[0] > 20 and apart[1] < 2, apart
    assert page.violations() == [] and page.errors == []
