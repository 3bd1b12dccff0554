"""An inspector in a sandboxed frame, as sites of courses embed it, and its boxes with few numbers."""

import re
from pathlib import Path

import viz.inspector as inspector_files
from tests.support import inspected_models
from tests.support.browser import NEEDS_BROWSER, steps_with_arrow_keys

pytestmark = NEEDS_BROWSER


def test_in_a_frame_that_allows_nothing_but_scripts_it_steps_and_opens_its_boxes(folder, open_page):
    import viz

    rnn, x, options = inspected_models.nested()
    viz.inspect(rnn, x, **options).save(folder / "inner.html")
    around = folder / "around.html"
    around.write_text(
        "<!doctype html><title>a course</title>"
        '<iframe sandbox="allow-scripts" src="inner.html" width="1300" height="700"></iframe>'
    )
    page = open_page(around.as_uri(), offline=True)
    frame = page.page.frame_locator("iframe")
    inspector = frame.locator(".rv-inspector")
    inspector.wait_for(timeout=60_000)
    inspector.get_by_role("button", name="Next timestep").click()
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 1 of 9"
    for depth in ("inner", "timestep 0"):
        inspector.locator(".rv-box-cell").filter(has_text=depth).first.press("Enter")
    assert inspector.locator(".rv-diagram").filter(has_text="forget gate").count() == 1
    assert page.errors == []


def test_the_page_and_its_boxes_agree_what_few_numbers_are():
    from viz.inspector.payload.boxes.view import FEW

    script = Path(inspector_files.__path__[0], "js", "series.js").read_text(encoding="utf-8")
    assert f"export const FEW = {FEW};" in script


def test_a_few_numbers_have_room_in_their_box_and_none_is_shown_as_another(folder, open_page):
    import numpy as np

    import viz
    from rshop import LSTMCell, trace

    rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True, name="few")
    x = np.random.default_rng(1).normal(size=(1, 8, 3)).astype("float32")
    page = open_page(viz.inspect(rnn, x).save(folder / "few.html").as_uri(), offline=True)
    steps_with_arrow_keys(page)
    inspector = page.inspector()
    t = int(re.search(r"t = (\d+)", inspector.locator(".rv-slider").get_attribute("aria-valuetext"))[1])
    box = inspector.locator(".rv-box").filter(has_text="h after")
    texts = box.locator(".rv-cell-number").all_text_contents()
    shown = [float(text.replace("−", "-")) for text in texts]
    expected = trace(rnn, x).states["h"][0, t]
    assert len(shown) == 4 and expected.min() < 0
    np.testing.assert_allclose(shown, expected, atol=0.051)
    np.testing.assert_allclose(shown, expected, rtol=0.5)
