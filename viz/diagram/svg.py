"""The SVG that Graphviz wrote, made to look the same in every browser."""

import html
import re

from viz.style.encodable_text import escaped
from viz.style.text_width import width

# Fonts as wide as the boxes expect; many machines that have none of them have the last named one.
_FONTS = "Helvetica, Arial, Liberation Sans, Arimo, Nimbus Sans, DejaVu Sans Condensed, sans-serif"
_SIZE = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"')
_TEXT = re.compile(r'<text ([^>]*)font-family="[^"]*" font-size="([\d.]+)"([^>]*)>([^<]*)</text>')
_TITLE = re.compile(r"<title>([^<]*)</title>")
# A picture wider than JupyterLab's output on a small laptop is scaled down, but not below this factor.
_WIDE, _SMALLEST = 930, 0.73


def finish(drawn: str, name: str, tooltips: dict[str, str]) -> str:
    """The SVG as one element with an accessible name, its text as wide as its boxes expect.

    A machine without Helvetica draws wider letters: each line says how wide it has to be, and the
    browser draws the letters narrower.

    Example:
        >>> finish(drawn, "One timestep of LSTMCell", {"n0": "tanh: 10"})[:15]
        '<svg role="img"'

    Args:
        drawn: what Graphviz wrote.
        name: the alternative text.
        tooltips: what a browser shows over a box, by its id.
    """
    width, height = (float(number) for number in _SIZE.search(drawn).groups())
    # A point is a pixel: the letters are as large as those of the text around the picture.
    least = _SMALLEST * width
    shown = max(min(width, _WIDE), least)
    # On a narrow page it shrinks as far as its letters can be read; then the page scrolls.
    style = f"display:block;margin:auto;max-width:max(100%,{least:.0f}px);height:auto"
    size = f'width="{shown:.0f}px" height="{height * shown / width:.0f}px"'
    root = f'<svg role="img" aria-label="{escaped(name)}" style="{style}" {size}'
    drawn = _TEXT.sub(_fitted, drawn[_SIZE.search(drawn).end() :])
    return root + _TITLE.sub(lambda found: _tooltip(found[1], tooltips), drawn)


def _tooltip(title, tooltips):
    # Graphviz writes the ids of boxes, `n0` and `n0->n1`.
    ids = html.unescape(title).split("->")
    words = " → ".join(tooltips.get(id, "") for id in ids)
    return f"<title>{escaped(words)}</title>" if all(tooltips.get(id) for id in ids) else ""


def _fitted(found):
    before, size, after, text = found.groups()
    room = width(html.unescape(text), float(size))
    length = f' textLength="{room:.2f}" lengthAdjust="spacingAndGlyphs"' if text.strip() else ""
    return f'<text {before}font-family="{_FONTS}" font-size="{size}"{length}{after}>{text}</text>'
