"""The page that an editor saved, in a browser without a network: its switch between both runs."""

import keras
import numpy as np
import pytest

import viz
from rshop import RecurrentModel
from tests.support.browser import NEEDS_BROWSER
from tests.support.inspected import layer, normal

pytestmark = NEEDS_BROWSER


def written(number):
    return f"{number:.3f}".replace("-", "−")


def rows(page, name):
    return page.page.get_by_role("group", name=f"{name} of both runs").locator(".rv-value").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_switch_shows_the_changed_run_and_the_one_as_it_was_by_keys_alone(folder, open_page, scheme):
    editor = viz.edit(layer(units=6), normal(2, 9, 3)).change("c", t=4, unit=2, value=3.0)
    path = editor.save(folder / f"switch_{scheme}.html")
    page = open_page(path.as_uri(), offline=True, color_scheme=scheme)
    inspector, keys = page.inspector(), page.page.keyboard
    note = inspector.locator(".rv-parting-note")
    assert "The run with changes, inputs kept. The runs part at t = 4" in note.inner_text()
    both = editor.futures["inputs kept"]
    (change,) = note.get_by_role("list", name="Changes").get_by_role("button").all()
    before = both.original.states["c"][0, 4, 2]
    text = f"c[2] at t = 4: {before:.3g} to 3 (sample 0)"
    assert change.inner_text() == text.replace("-", "\u2212")
    change.press("Enter")
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 4 of 8, here the runs part"
    page.page.keyboard.press("Home")
    for _ in range(2):
        page.page.keyboard.press("ArrowUp")
    was, now = (run.states["h"][0, 6, 2] for run in (both.original, both.edited))

    buttons = [inspector.get_by_role("button", name=name, exact=True) for name in ("as it was", "changed")]
    buttons[1].focus()
    for _ in range(5):
        keys.press("ArrowRight")
    for _ in range(2):
        keys.press("ArrowDown")
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 5 of 8"
    for pressed, first, second in ((1, now, was), (0, was, now), (1, now, was)):
        buttons[pressed].focus()
        keys.press("Enter")
        assert [button.get_attribute("aria-pressed") for button in buttons] == [
            str(i == pressed).lower() for i in (0, 1)
        ]
        # The chosen unit of both, this run, the other one, and always changed less as it was.
        assert rows(page, "h = output") == [written(number) for number in (first, first, second, now - was)]
        assert page.page.evaluate("document.activeElement.textContent") == ("as it was", "changed")[pressed]
    for tab in ("Values", "Gates", "Equations", "Table"):
        page.tab(tab)
        assert page.violations() == []
    note.get_by_role("button", name="go there").click()
    assert inspector.locator(".rv-slider").get_attribute("aria-valuetext") == "t = 4 of 8, here the runs part"
    assert page.errors == page.outside == []


@pytest.mark.parametrize("size", [(390, 844), (1366, 768), (1920, 1080)])
@pytest.mark.parametrize("changes", [1, 7])
def test_the_saved_page_fits_the_screen(folder, open_page, size, changes):
    editor = viz.edit(layer(units=6), normal(1, 9, 3)).change("h", t=2, value=1.0)
    for unit in range(changes - 1):
        editor.change("c", t=3, unit=unit, value=1.0)
    page = open_page(editor.save(folder / "fits.html").as_uri(), offline=True, width=size[0], height=size[1])
    page.inspector()
    wide, high = page.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert wide <= size[0] and (size[0] < 900 or high <= size[1])


def test_the_guesses_of_both_runs_follow_the_switch_and_no_name_executes(folder, open_page):
    nasty = "<img src=x onerror=document.title='gone'>"
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = keras.layers.Softmax(name="end")(4.0 * h + x)
    rnn = RecurrentModel(x, n, h, x, return_sequences=True)
    editor = viz.edit(rnn, np.zeros((1, 4, 3), "float32"), output_labels=["a", nasty, "c"])
    editor.change("h", t=2, unit=1, value=1.0)
    page = open_page(editor.save(folder / "guesses.html").as_uri(), offline=True)
    inspector, title = page.tab("Values"), page.page.title()
    page.page.keyboard.press("Home")
    for _ in range(2):
        inspector.get_by_role("button", name="Next timestep").click()

    def likeliest(name):
        words = inspector.get_by_role("group", name=name, exact=True).locator(".rv-guess .rv-word")
        return words.first.inner_text()

    chance = np.exp(4) / (np.exp(4) + 2)
    assert (likeliest("changed"), likeliest("as it was"), likeliest("difference")) == (nasty, "a", nasty)
    numbers = inspector.get_by_role("group", name="difference", exact=True).locator(".rv-guess .rv-value")
    assert numbers.first.inner_text() == f"+{100 * (chance - 1 / 3):.0f}"
    inspector.get_by_role("button", name="as it was", exact=True).click()
    columns = inspector.locator(".rv-run-name").all_inner_texts()
    assert columns[:2] == ["as it was", "changed"] and likeliest("as it was") == "a"
    assert page.page.title() == title and page.violations() == [] and page.errors == []
