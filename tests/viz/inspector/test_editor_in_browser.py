"""The page of the editor, in a browser: both runs after a number was typed, dragged or moved by keys."""

import re

import keras
import numpy as np
import pytest

import rshop
import viz
from tests.support.browser import NEEDS_BROWSER
from tests.support.inspected import layer, normal
from tests.support.live_editor import live_page

pytestmark = NEEDS_BROWSER

SIZES = [(390, 844), (1366, 768), (1920, 1080)]


@pytest.fixture(scope="module")
def rnn():
    return layer(units=6, features=3)


X = normal(2, 9, 3)


@pytest.fixture
def live(open_page, folder, rnn):
    """A new editor, and its page at timestep 3."""
    editor = viz.edit(rnn, X)
    page = live_page(open_page, folder, editor)
    page.page.locator(".rv-slider").focus()
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    return editor, page


def written(number):
    return f"{number:.3f}".replace("-", "−")


def type_in(page, value):
    page.page.get_by_label("New value").fill(str(value))
    page.page.get_by_role("button", name="Change", exact=True).click()
    parted(page)


def parted(page):
    page.page.get_by_role("status").filter(has_text="The runs part").wait_for()


def rows(page, name):
    return page.page.get_by_role("group", name=f"{name} of both runs").locator(".rv-value").all_inner_texts()


def point(page):
    """The middle of the point that is dragged, and the height of its picture."""
    box = page.page.locator(".rv-drag").bounding_box()
    handle = page.page.locator(".rv-handle").get_attribute("d")
    x, y = (float(part) for part in handle[1:].partition("h")[0].split(","))
    left = 1  # the column before the first timestep is cut off
    return box["x"] + (x - left) / len(X[0]) * box["width"], box["y"] + y / 100 * box["height"], box["height"]


def test_a_typed_number_shows_both_runs_and_their_difference_everywhere(live):
    editor, page = live
    type_in(page, 2.5)
    both = editor.futures["inputs kept"]
    assert both.edited.states["h"][0, 3, 0] == 2.5
    was, now = (run.states["c"][0, 4, 0] for run in (both.original, both.edited))
    assert rows(page, "c") == [written(number) for number in (now, now, was, now - was)]
    inspector = page.inspector()
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 3 of 8, here the runs part"
    before = inspector.locator(".rv-where").inner_text()
    assert before == f"h[0] at t = 3: was {written(both.original.states['h'][0, 3, 0])}, now 2.500,"
    # The same in the table, which is a tab away.
    page.tab("Table")
    heads = inspector.locator("thead th").all_inner_texts()
    first = inspector.locator("tbody tr").first.locator("th, td").all_inner_texts()
    found = dict(zip(heads, first, strict=True))
    assert found["h before"] == "2.500" and found["c as it was"] == written(was)
    assert found["difference of c"] == written(now - was)
    assert page.violations() == [] and page.errors == []


def test_the_switch_shows_the_run_as_it_was_in_every_part(live):
    editor, page = live
    type_in(page, 2.5)
    both = editor.futures["inputs kept"]
    gate = [run["forget_gate"][0, 3, 0] for run in (both.original, both.edited)]
    inspector = page.inspector()

    def seen():
        page.tab("Gates")
        of_gate = inspector.locator(".rv-gates .rv-value").all_inner_texts()
        page.tab("Equations")
        forget = inspector.locator(".rv-equation").filter(has_text=re.compile("^forget.gate"))
        lines = forget.locator(".rv-worked-line").all_inner_texts()
        return of_gate, [(line.partition(" = ")[0], line.rpartition("= ")[2]) for line in lines]

    shown = {}
    for name in ("changed", "as it was"):
        inspector.get_by_role("button", name=name, exact=True).click()
        assert inspector.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed") == "true"
        shown[name] = seen()
    was, now = (written(number) for number in gate)
    assert {was, now} <= set(shown["changed"][0]) and was != now
    assert shown["changed"][1] == [("changed", now), ("as it was", was)]
    assert shown["as it was"][1] == [("as it was", was), ("changed", now)]


def test_a_point_is_dragged_and_the_run_follows(live):
    editor, page = live
    x, y, height = point(page)
    mouse = page.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y - height / 4, steps=4)
    page.page.locator(".rv-changes li").wait_for()  # it follows while it is held
    assert editor.edits == []
    mouse.up()
    parted(page)
    page.page.wait_for_function("document.querySelector('.rv-edit').getAttribute('aria-busy') === 'false'")
    (edit,) = editor.edits
    line = editor.trace.states["h"][0, :9, 0]
    expected = float(line[3] + (max(line.max(), 0) - min(line.min(), 0)) / 0.8 / 4)
    assert (edit["t"], edit["name"]) == (3, "h")
    assert edit["value"] == pytest.approx(expected, rel=0.1)
    x, y, _ = point(page)
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 30, steps=2)
    page.page.keyboard.press("Escape")
    mouse.up()
    page.page.get_by_text(editor.said[:-1]).wait_for()
    assert editor.edits == [edit]


def test_a_cell_of_a_heat_map_is_dragged_and_typed(live):
    editor, page = live
    inspector, mouse = page.inspector(), page.page.mouse
    page.tab("Values")
    row = page.page.get_by_text("c", exact=True).locator("xpath=ancestor::div[@class='rv-map-row']")
    box = row.locator(".rv-map").bounding_box()
    columns, units = 1 + len(X[0]), 6
    # Unit 2 of what timestep 5 reads: timestep 4 hands it on, in the column after the first states.
    x, y = (box["x"] + box["width"] * 5.5 / columns, box["y"] + box["height"] * 2.5 / units)
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y - 20, steps=4)
    mouse.move(x, y - 60, steps=4)
    assert inspector.locator(".rv-tip:visible").inner_text().startswith("c[2] at t = 5: ")
    parted(page)  # it follows while it is held
    assert editor.edits == []
    mouse.up()
    inspector.locator("[aria-busy=false].rv-edit").wait_for(state="attached")
    page.page.wait_for_function("document.querySelectorAll('.rv-changes li').length === 1")
    page.page.wait_for_timeout(300)
    (edit,) = editor.edits
    line = editor.trace.states["c"][0, :9, 2]
    span = float(max(line.max(), 0) - min(line.min(), 0))
    expected = float(line[5]) + span / 2
    assert (edit["role"], edit["name"], edit["t"], edit["unit"]) == ("state", "c", 5, 2)
    # A number near 0 is a multiple of the step by which it moves, at most a 200th of the range.
    assert edit["value"] == pytest.approx(expected, rel=0.05, abs=span / 400)
    assert not inspector.locator(".rv-tip:visible").count()
    # A double click on a number of the input opens the field, and so does a key.
    cell = inspector.locator(".rv-ends .rv-numbers > span").nth(1)
    cell.dblclick()
    field = inspector.get_by_label("New value")
    assert field.evaluate("e => e === document.activeElement")
    page.page.keyboard.type("1.25")
    page.page.keyboard.press("Enter")
    inspector.locator(".rv-changes li").nth(1).wait_for()
    page.page.locator(".rv-slider").focus()
    for key in ("ArrowLeft", "F2"):
        page.page.keyboard.press(key)
    page.page.keyboard.type("-0.5")
    page.page.keyboard.press("Enter")
    inspector.locator(".rv-changes li").nth(2).wait_for()
    made = [(one["name"], one["t"], one["unit"], one["value"]) for one in editor.edits[1:]]
    assert made == [("x", 5, 1, 1.25), ("x", 4, 1, -0.5)]
    assert page.violations() == [] and page.errors == []


def test_the_keyboard_alone_changes_numbers_and_takes_them_back(live):
    editor, page = live
    press, inspector = page.page.keyboard.press, page.inspector()
    start = editor.trace.states["h"][0, 3, 0]
    press("Alt+ArrowUp")
    press("Alt+ArrowUp")
    parted(page)
    page.page.wait_for_timeout(600)
    inspector.locator("[aria-busy=false].rv-edit").wait_for()
    (edit,) = editor.edits
    assert edit["value"] > start
    assert inspector.locator(".rv-slider").evaluate("e => e === document.activeElement")
    press("ArrowRight")
    press("Alt+ArrowDown")
    page.page.wait_for_timeout(600)
    inspector.locator(".rv-changes li").nth(1).wait_for()
    page.page.wait_for_function("document.querySelector('.rv-edit').getAttribute('aria-busy') === 'false'")
    assert [one["t"] for one in editor.edits] == [3, 4]
    press("Control+z")
    inspector.locator(".rv-changes li").nth(1).wait_for(state="detached")
    assert editor.edits == [edit]
    # Tab reaches the field, Enter changes; the list is reached as well.
    inspector.get_by_label("New value").focus()
    press("Control+a")
    page.page.keyboard.type("1.5")
    press("Enter")
    inspector.locator(".rv-changes li").nth(1).wait_for()
    assert inspector.get_by_label("New value").evaluate("e => e === document.activeElement")
    assert [one["value"] for one in editor.edits] == [edit["value"], 1.5]
    for _ in range(4):  # Change, Undo, the change in the list, its button
        press("Tab")
    press("Enter")
    inspector.locator(".rv-changes li").nth(1).wait_for(state="detached")
    assert [one["value"] for one in editor.edits] == [1.5]
    press("ArrowRight")  # the keyboard is still in the inspector
    assert inspector.locator(".rv-now").inner_text() == "t = 5 of 8"
    press("Shift+?")
    assert "take the last change back" in inspector.locator(".rv-help").inner_text()


def test_several_changes_are_listed_and_each_is_taken_back(live):
    editor, page = live
    type_in(page, 2.0)
    page.page.locator(".rv-slider").press("End")
    page.page.locator(".rv-edit select").select_option(label="input x")
    type_in(page, 1.0)
    items = page.page.locator(".rv-changes li")
    items.nth(1).wait_for()
    texts = [items.nth(i).get_by_role("button").first.inner_text() for i in (0, 1)]
    assert texts == editor.said[:-1].split("; ")
    items.first.get_by_role("button").first.click()
    assert page.inspector().locator(".rv-now").inner_text() == "t = 3 of 8"
    items.first.get_by_role("button", name="take back").click()
    items.nth(1).wait_for(state="detached")
    assert [(one["name"], one["t"]) for one in editor.edits] == [("x", 8)]
    assert "The runs part at t = 8, where x[0] was changed." in page.page.get_by_role("status").inner_text()
    page.page.get_by_role("button", name="Undo").click()
    items.nth(1).wait_for()
    assert len(editor.edits) == 2


def test_what_was_open_chosen_and_scrolled_stays(live):
    _, page = live
    inspector = page.inspector()
    inspector.get_by_role("button", name="Open all").click()
    boxes = inspector.locator(".rv-diagram .rv-box").count()
    inspector.locator(".rv-fold summary").click()
    page.tab("Find").get_by_label("Threshold").fill("0.01")
    page.tab("Change")
    type_in(page, 2.0)
    assert inspector.locator(".rv-diagram .rv-box").count() == boxes
    assert inspector.locator(".rv-fold").get_attribute("open") == ""
    assert page.tab("Find").get_by_label("Threshold").input_value() == "0.01"


def test_it_says_that_it_computes_and_takes_numbers_only(live):
    editor, page = live
    page.page.evaluate("""() => {
      window.seen = [];
      const form = document.querySelector(".rv-edit");
      new MutationObserver(() => seen.push([form.ariaBusy, document.querySelector(".rv-said").innerText]))
        .observe(form, { attributes: true, attributeFilter: ["aria-busy"] });
    }""")
    type_in(page, 2.0)
    assert page.page.evaluate("seen[0]") == ["true", "Computing both runs …"]
    assert page.page.evaluate("seen.at(-1)[0]") == "false"
    page.page.get_by_label("New value").fill("")
    page.page.get_by_role("button", name="Change", exact=True).click()
    page.page.get_by_role("status").filter(has_text="Type a number first").wait_for()
    assert [one["value"] for one in editor.edits] == [2.0]


def test_an_error_speaks_to_a_student(open_page, folder):
    ids, h = keras.Input((), dtype="int32", name="ids"), keras.Input((3,), name="h")
    n = keras.layers.Embedding(5, 3)(ids) + h
    rnn = rshop.RecurrentModel(ids, n, h, n, return_sequences=True)
    editor = viz.edit(rnn, np.array([[1, 2, 3, 4]]))
    page = live_page(open_page, folder, editor, "tokens")
    page.page.locator(".rv-edit select").select_option(label="input ids")
    page.page.get_by_label("New value").fill("1.5")
    page.page.get_by_role("button", name="Change", exact=True).click()
    said = page.page.get_by_role("status")
    said.filter(has_text="Nothing was changed.").wait_for()
    text = said.inner_text()
    assert "What fits: a whole number, as this value holds." in text
    assert not any(word in text for word in ("Received", "Expected", "Fix:"))
    assert editor.edits == [] and page.violations() == []
    type_in(page, 4)
    assert editor.said == "ids at t = 0: 1 to 4."


def test_both_ways_to_go_on_are_chosen_and_one_that_cannot_be_says_why(open_page, folder, live):
    _, page = live
    type_in(page, 2.0)
    page.page.get_by_label("later timesteps").select_option(label="read the model's own outputs")
    said = page.page.get_by_role("status")
    said.filter(has_text="This model cannot run on its own outputs").wait_for()

    free = rshop.RecurrentSequential(return_sequences=True, readout="add")
    free.add(rshop.SimpleRNNCell(3))
    editor = viz.edit(free, X).change("h", t=2, value=2.0)
    page = live_page(open_page, folder, editor, "free")
    names = {"read what they read before": "inputs kept", "read the model's own outputs": "free running"}
    ends = {}
    for text, mode in names.items():
        page.page.get_by_label("later timesteps").select_option(label=text)
        page.page.locator(".rv-slider").press("End")
        name = next(state for state in free.state_names)
        ends[mode] = page.page.get_by_role("status").inner_text()
        edited = editor.futures[mode].edited.states[name][0, -1, 0]
        texts = page.page.locator(".rv-trio .rv-value").all_inner_texts()
        assert written(edited) in texts, mode
    assert ends["inputs kept"] != ends["free running"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_axe_finds_nothing(open_page, folder, rnn, size, scheme):
    look = {"width": size[0], "height": size[1], "color_scheme": scheme}
    page = live_page(open_page, folder, viz.edit(rnn, X), f"fits_{size[0]}_{scheme}", **look)
    assert page.violations() == []
    type_in(page, 2.0)
    wide, high = page.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert wide <= size[0]
    if size[0] > 900:
        assert high <= size[1]
        screen = {"x": 0, "y": 0, "width": size[0], "height": size[1]}
        for part in (".rv-controls", ".rv-stage", ".rv-diagram", ".rv-drag", ".rv-changes li", ".rv-trio"):
            box = page.page.locator(part).first.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= screen["height"], part
        # Nothing of the panel is hidden by its edge.
        panel = page.page.locator(".rv-tab-body:visible")
        assert panel.evaluate("e => e.scrollHeight - e.clientHeight") <= 0
    assert page.violations() == [] and page.errors == []


def test_a_change_made_in_python_is_there_when_the_page_opens(open_page, folder, rnn):
    editor = viz.edit(rnn, X).change("c", t=5, unit=1, value=-1.0, sample=1)
    page = live_page(open_page, folder, editor, "before")
    page.inspector().get_by_label("sample").select_option("1")
    parted(page)
    assert page.page.locator(".rv-changes li").count() == 1
    both = editor.futures["inputs kept"]
    page.page.get_by_role("button", name="go there", exact=True).last.click()
    c = both.edited.states["c"][1, 6, 0]
    assert rows(page, "c")[0] == written(c) and np.isfinite(c)
