"""An inspector is as light or dark as the page around it, and its letters read on both."""

import pytest

from tests.support import inspected_models
from tests.support.browser import NEEDS_BROWSER, Page

pytestmark = NEEDS_BROWSER

JUPYTERLAB = '<body data-jp-theme-light="{}" style="--jp-layout-color0: {}">'
# What a page says of itself, what the system says, and what the inspector must be.
PAGES = {
    "JupyterLab, dark": ("<html>", JUPYTERLAB.format("false", "#111111"), "light", "dark"),
    "JupyterLab, light": ("<html>", JUPYTERLAB.format("true", "#ffffff"), "dark", "light"),
    "the site, dark": ('<html data-theme="dark">', "<body>", "light", "dark"),
    "the site, light": ('<html data-theme="light">', "<body>", "dark", "light"),
    "VS Code, dark": ("<html>", '<body class="vscode-dark">', "light", "dark"),
    "VS Code, light": ("<html>", '<body class="vscode-light">', "dark", "light"),
    "a page that says nothing, dark": ("<html>", "<body>", "dark", "dark"),
    "a page that says nothing, light": ("<html>", "<body>", "light", "light"),
}

# WCAG 2's contrast, of the colours as they are painted.
CONTRAST = """(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (...colours) => {
    context.fillStyle = "#808080";
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => colour
    .map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  return (front, back) => {
    const [a, b] = [light(painted(back, front)), light(painted(back))].sort((one, other) => other - one);
    return (a + 0.05) / (b + 0.05);
  };
})()"""
FAINT = f"""(boxes) => {{
  const contrast = {CONTRAST};
  return boxes.flatMap((box) => {{
    const back = getComputedStyle(box.querySelector(".rv-frame")).fill;
    return [...box.querySelectorAll("text:not(.rv-cell-number), text:not(.rv-cell-number) tspan")]
      .map((text) => [text.textContent, contrast(getComputedStyle(text).fill, back)])
      .filter(([, found]) => found < 4.5);
  }});
}}"""
PAPER = """e => {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(e).backgroundColor;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[0];
}"""


@pytest.fixture(scope="module")
def inspectors():
    import viz

    found = {}
    for name in ("stack", "attention"):
        rnn, x, options = inspected_models.MODELS[name]()
        found[name] = viz.inspect(rnn, x, **options)
    return found


def on_a_page(folder, inspector, start, body):
    path = folder / "around.html"
    head = f'<!DOCTYPE html>{start}<head><meta charset="utf-8"><title>around</title></head>{body}'
    path.write_text(head + inspector._repr_html_(), encoding="utf-8")
    return path.as_uri()


def is_dark(page):
    return page.page.locator(".rv-root").evaluate(PAPER) < 80


@pytest.mark.parametrize("where", PAGES)
def test_it_is_as_light_or_dark_as_the_page_around_it(folder, open_page, inspectors, where):
    start, body, system, expected = PAGES[where]
    address = on_a_page(folder, inspectors["attention"], start, body)
    page = open_page(address, offline=True, color_scheme=system)
    page.inspector()
    assert is_dark(page) == (expected == "dark")


def test_it_follows_a_reader_who_changes_the_theme(folder, open_page, inspectors):
    page = open_page(
        on_a_page(folder, inspectors["stack"], '<html data-theme="light">', "<body>"), offline=True
    )
    page.inspector()
    seen = [is_dark(page)]
    for theme in ("dark", "light"):
        page.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        seen.append(is_dark(page))
    assert seen == [False, True, False]


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("name", ["stack", "attention"])
def test_every_letter_of_every_panel_reads(folder, browser, inspectors, name, system):
    path = inspectors[name].save(folder / f"read_{name}.html")
    page = Page(browser, path.as_uri(), offline=True, color_scheme=system)
    page.inspector().get_by_role("button", name="Open all").click()
    for tab in page.inspector().get_by_role("tab").all_inner_texts():
        page.tab(tab)
        assert page.violations() == [], tab
    boxes = page.inspector().locator(".rv-box:not(.rv-bar-of-frame)")
    assert boxes.count() > 8 and boxes.evaluate_all(FAINT) == []
    page.context.close()
