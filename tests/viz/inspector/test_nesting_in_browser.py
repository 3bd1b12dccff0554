"""In a browser: cells and nested models open in place, with their equations, by pointer or keyboard alone."""

import re

import numpy as np
import pytest

from tests.support import inspected_models
from tests.support.browser import NEEDS_BROWSER, saved_page
from tests.viz.inspector.test_letters_in_boxes import OUT_OF_THEIR_BOX

pytestmark = NEEDS_BROWSER

FOCUSED = "document.activeElement.getAttribute('aria-label') || ''"


def stack(units=4, **options):
    from rshop import LSTMCell, RecurrentSequential

    rnn = RecurrentSequential(return_sequences=True, **options)
    for _ in range(2):
        rnn.add(LSTMCell(units))
    return rnn, np.random.default_rng(0).normal(size=(1, 5, 3)).astype("float32")


def nested():
    from tests.support.drawings import DRAWN

    return DRAWN["nested"](), np.random.default_rng(0).normal(size=(1, 5, 5))


def names(page):
    boxes = page.inspector().locator(".rv-diagram .rv-box-name").all_text_contents()
    return [re.sub(r" (before|after)$", "", name) for name in boxes]


def box(page, label):
    return page.inspector().locator(f'.rv-box[aria-label^="{label}"]').first


def equations(page):
    page.inspector().get_by_role("tab", name="Equations").click()
    return page.inspector().locator(".rv-equation").all_text_contents()


def test_a_cell_opens_and_shuts_by_keyboard_alone_with_what_surrounds_it_in_view(folder, open_page):
    page = open_page(saved_page(folder, "stack", *stack()), offline=True)
    page.inspector()
    shut = names(page)
    for _ in range(40):
        page.page.keyboard.press("Tab")
        if page.page.evaluate(FOCUSED).startswith("lstm 1,"):
            break
    page.page.keyboard.press("Enter")
    opened = names(page)
    assert set(shut) - {"lstm 1"} < set(opened)
    assert {"input gate", "forget gate", "output gate", "candidate", "c", "h"} <= set(opened)
    states = [label.split(",") for label in labels(page) if re.match("[hc], state", label)]
    assert sorted(f"{name}{when.removeprefix(' state')}" for name, when, *_ in states) == [
        "c after the timestep",
        "c before the timestep",
        "h after the timestep",
        "h before the timestep",
    ]
    assert page.page.evaluate(FOCUSED) == "lstm 1: shut"
    page.page.keyboard.press(" ")
    assert names(page) == shut
    assert page.page.evaluate(FOCUSED).startswith("lstm 1,")
    assert page.errors == []


def labels(page):
    return page.inspector().locator(".rv-box").evaluate_all("n => n.map(b => b.getAttribute('aria-label'))")


@pytest.mark.parametrize("build", [stack, nested])
def test_with_everything_open_axe_finds_nothing_and_no_letter_stands_out_of_its_box(folder, open_page, build):
    page = open_page(saved_page(folder, build.__name__, *build()), offline=True)
    page.inspector().get_by_role("button", name="Open all").click()
    assert page.violations() == []
    boxes = page.inspector().locator(".rv-box")
    assert boxes.count() > 40 and boxes.evaluate_all(OUT_OF_THEIR_BOX) == []
    page.inspector().get_by_role("button", name="Shut all").click()
    assert page.inspector().locator(".rv-open").count() == 0
    assert page.errors == []


def test_the_equations_of_an_opened_cell_hold_the_numbers_of_the_trace(folder, open_page):
    import rshop

    rnn, x = stack()
    page = open_page(saved_page(folder, "worked", rnn, x), offline=True)
    for _ in range(2):
        page.inspector().get_by_role("button", name="Next timestep").click()
    shut = equations(page)
    assert len(shut) == 2 and "=\u00a0lstm 2(" in shut[1]
    box(page, "lstm 2,").locator(".rv-frame").click(position={"x": 8, "y": 8})
    trace, cell = rshop.trace(rnn, x), rnn.cells[1].name
    found = {text.split("=")[0]: text.split("=")[-1].strip() for text in equations(page)}
    for name, left in (
        ("input_gate", "input gateit"),
        ("forget_gate", "forget gateft"),
        ("c", "ct"),
        ("h", "ht"),
    ):
        assert found[left] == f"{trace[f'{cell}/{name}'][0, 2, 0]:.3f}".replace("-", "−")
    written = next(text for text in equations(page) if text.startswith("input gate"))
    assert re.match(r"input gateit=\u00a0σ\(Wi hlstm 1t \+ Ui ht−1 \+ bi\)= σ\(", written)
    assert any("ot ⊙ tanh(ct)" in text for text in equations(page))
    # The equations of the model that was opened come first.
    assert page.inspector().locator(".rv-place").first.inner_text().startswith("lstm 2")


def test_a_term_and_its_box_light_each_other(folder, open_page):
    page = open_page(saved_page(folder, "linked", *stack()), offline=True, height=1600)
    box(page, "lstm 1,").locator(".rv-frame").click(position={"x": 8, "y": 8})
    page.inspector().get_by_role("tab", name="Equations").click()
    page.inspector().locator(".rv-term", has_text=re.compile("^ft$")).last.hover()
    lit = page.inspector().locator(".rv-box.rv-lit")
    assert [
        label.split(",")[0] for label in lit.evaluate_all("n => n.map(b => b.getAttribute('aria-label'))")
    ] == ["forget gate"]
    assert page.inspector().locator(".rv-arrow.rv-lit").count() == 1
    box(page, "output gate,").locator(".rv-frame").hover(position={"x": 8, "y": 8})
    terms = page.inspector().locator(".rv-term.rv-lit").all_text_contents()
    assert terms and set(terms) == {"ot"}


def test_names_that_are_html_or_no_text_are_shown_as_they_are_and_never_run(folder, open_page):
    import keras

    from rshop import GRUCell, RecurrentModel

    nasty = "<img src=x onerror=document.title=1>"
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h")
    gate = keras.layers.Activation("sigmoid", name=f"{nasty}\udcff")(x)
    _, n = GRUCell(2, name="<b>cell")([gate, h])
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    page = open_page(saved_page(folder, "nasty", rnn, np.ones((1, 3, 2))), offline=True)
    title = page.page.title()
    page.inspector().get_by_role("button", name="Open all").click()
    text = " ".join(equations(page)) + page.inspector().inner_text()
    text += " ".join(labels(page))
    assert page.page.title() == title and page.inspector().locator("img").count() == 0
    assert f"{nasty}\\udcff" in text and "<b>cell" in text and "\ufffd" not in text
    assert page.errors == []


@pytest.mark.parametrize("others", [False, True])
def test_an_opened_stack_of_two_lstms_needs_no_scrolling_to_the_side(folder, open_page, others):
    """At 1366 x 768 both cells, and also their affine boxes, stand in the panel with letters that read."""
    rnn, x, options = inspected_models.MODELS["stack"]()
    page = open_page(saved_page(folder, f"wide_{others}", rnn, x, **options), offline=True)
    inspector = page.inspector()
    if others:
        inspector.get_by_role("button", name="Open all").click()
    else:
        for name in ("lstm 1", "lstm 2"):
            inspector.locator(f'.rv-box-cell[aria-label^="{name},"]').press("Enter")
    assert inspector.locator(".rv-open-frame").count() == (4 if others else 2)
    wide = inspector.locator(".rv-diagram-holder").evaluate("e => e.scrollWidth - e.clientWidth")
    sizes = inspector.locator(".rv-diagram text").evaluate_all(
        "n => n.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"
    )
    assert wide <= 0 and min(sizes) > 8.5
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert page.violations() == []
