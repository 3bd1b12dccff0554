"""The inspector and the editor in JupyterLab: live, reopened, exported, and where scripts are stripped."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.browser import NEEDS_BROWSER, Page, lab, steps_with_arrow_keys, wait_for

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


def notebook():
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=[new_code_cell(text) for text in CELLS], metadata={"kernelspec": kernel})


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
    for place in (".rv-heading", ".rv-group-name", ".rv-title", ".rv-run-head"):
        inspector.locator(".rv-slider").press("Home")
        live.page.locator(".jp-Cell").first.locator(".jp-InputArea-prompt").click()  # leave it
        inspector.locator(place).first.click(position={"x": 4, "y": 4})
        live.page.keyboard.press("ArrowRight")
        assert inspector.locator(".rv-now").inner_text() == "t = 1 of 11", place


def test_live_axe_finds_nothing(live):
    assert live.violations() == []


def test_a_change_shows_both_runs_the_picture_follows_and_undo_takes_it_back(live):
    steps_with_arrow_keys(live, which=1)
    editor, as_it_was = live.inspector(1), pictures_of(live)
    editor.get_by_label("New value").fill("2")
    editor.get_by_role("button", name="Change", exact=True).click()
    status = editor.get_by_role("status")
    status.filter(has_text="The runs part at t = 2, where h[0] was changed.").wait_for(timeout=30_000)
    was, now = (
        editor.get_by_role("group", name="c of both runs").locator(".rv-value").all_inner_texts()[2:0:-1]
    )
    assert was != now
    assert live.violations() == [] and live.shown_pictures() == 0
    # Without a kernel the picture is all that there is: it shows the changed run.
    wait_for(lambda: pictures_of(live) != as_it_was)
    editor.locator(".rv-slider").focus()
    live.page.keyboard.press("Control+z")
    editor.get_by_text("Nothing is changed yet").wait_for(timeout=30_000)
    wait_for(lambda: pictures_of(live) == as_it_was)
    assert live.shown_pictures() == 0
    live.page.keyboard.press("Alt+ArrowUp")
    editor.locator(".rv-changes li").wait_for(timeout=30_000)
    live.page.wait_for_timeout(600)  # no key for a while: the number counts
    wait_for(lambda: editor.locator(".rv-edit").get_attribute("aria-busy") == "false")
    live.page.keyboard.press("Control+z")
    editor.get_by_text("Nothing is changed yet").wait_for(timeout=30_000)
    assert (live.outside, live.errors) == ([], [])


def pictures_of(page):
    """The still pictures of the page, hidden ones too."""
    return page.page.locator(".jp-OutputArea img").evaluate_all("all => all.map((i) => i.src)")


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
