"""`Label`: the text of a box, escaped for Graphviz, and its size; names cut to fit."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import ceil

from rshop.errors import message, told
from viz.style.encodable_text import visible
from viz.style.text_width import width

_LONGEST = 26
# The size of a subscript, relative to its title.
_LOWER = 0.8
# How wide a browser draws a text, relative to its width in Helvetica: it fits letters to the pixels.
_DRAWN = 1.005
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0"'


@dataclass(frozen=True)
class Label:
    """Up to three lines: a title (with a subscript), what it is, and its shape.

    Example:
        >>> Label("x", "0").name
        'x_0'
        >>> Label("<b>", detail="Dense 10").plain
        '<b>: Dense 10'

    Attributes:
        title: the name, any text.
        below: a subscript of the title.
        detail, shape: smaller lines under it.
        formula: the title in lines of `(text, subscript)`, where it has several subscripts.
    """

    title: str
    below: str = ""
    detail: str = ""
    shape: str = ""
    formula: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def plain(self) -> str:
        """The label in one line of text, uncut."""
        return ": ".join([self.name, *[clean(t) for t in (self.detail, self.shape) if t]])

    @property
    def name(self) -> str:
        """The title with its subscript, uncut: `x_0`."""
        return clean(self.title) + (f"_{self.below}" if self.below else "")

    @property
    def head(self) -> "Label":
        """The title alone, for a frame, which has room for one line."""
        return Label(shorten(self.title), self.below)

    @property
    def small(self) -> list[str]:
        """The smaller lines."""
        return [shorten(text) for text in (self.detail, self.shape) if text]

    def markup(self, size: float, small: float, quiet: str) -> str:
        """Graphviz's HTML-like text, in which nothing of the label is code.

        Args:
            size, small: of the title and the smaller lines, in points.
            quiet: the colour of the smaller lines.
        """
        rows = [_line(*pieces) for pieces in self._titles(size)]
        rows += [_line((text, small, quiet)) for text in self.small]
        return f"<{_TABLE}>{''.join(f'<TR><TD>{row}</TD></TR>' for row in rows)}</TABLE>>"

    def at_left(self, size: float, room: float) -> str:
        """The title as markup at the left end of a box of this width in points."""
        title = _font(escape(shorten(self.title)) or " ", size)
        return f'<{_TABLE} WIDTH="{room:.0f}"><TR><TD ALIGN="LEFT">{title}</TD></TR></TABLE>>'

    def size(self, size: float, small: float) -> tuple[float, float]:
        """The width and height in points that the label needs."""
        titles = [sum(width(text, letter) for text, letter in pieces) for pieces in self._titles(size)]
        widest = max([*titles, *[width(text, small) for text in self.small]])
        return widest, 1.2 * size * len(titles) + 1.25 * small * len(self.small)

    def _titles(self, size):
        # The lines of the title, in pieces `(text, size)`; a piece smaller than the first one is a subscript.
        *upper, last = _in_lines(self.title)
        lines = self.formula or [*([(line, "")] for line in upper), [(last, self.below)]]
        pieces = [
            [pair for text, low in line for pair in ((text, size), (low, _LOWER * size))] for line in lines
        ]
        return [[pair for i, pair in enumerate(line) if pair[0] or not i] for line in pieces]


def _in_lines(title):
    # A name too long for one line goes on in a second one, between two of its words.
    text = clean(title)
    end = 1 + max(text.rfind(sign, 0, _LONGEST) for sign in "_ /-")
    if len(text) <= _LONGEST or ", " in text or end < _LONGEST // 3:
        return [shorten(text)]
    return [text[:end].rstrip(), shorten(text[end:])]


def _line(*texts):
    # Pieces of text `(text, size, colour)` side by side, each as wide as in Helvetica whatever fonts
    # Graphviz finds to measure with: cells of a fixed size, which their text fills from the left.
    height = ceil((1.1 if len({size for _, size, *_ in texts}) == 1 else 1.4) * texts[0][1])
    widths = [ceil(_DRAWN * width(text, size)) for text, size, *_ in texts]
    sizes, whole = [_fixed(wide, height) for wide in widths], _fixed(sum(widths), height)
    low = min(size for _, size, *_ in texts) < texts[0][1]
    places = ["BOTTOM" if size < texts[0][1] else "TOP" if low else "MIDDLE" for _, size, *_ in texts]
    cells = [
        f'<TD {size} ALIGN="TEXT" VALIGN="{place}">{_font(escape(text) or " ", *look)}<BR ALIGN="LEFT"/></TD>'
        for (text, *look), size, place in zip(texts, sizes, places, strict=True)
    ]
    return f"{_TABLE} {whole}><TR>{''.join(cells)}</TR></TABLE>"


def _fixed(width, height):
    return f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'


def _font(text, size, colour=None):
    tint = f' COLOR="{colour}"' if colour else ""
    return f'<FONT POINT-SIZE="{size:g}"{tint}>{text}</FONT>'


def escape(text: str) -> str:
    """Text without markup or any of Graphviz's own escapes, such as `\\N`."""
    return html.escape(text).replace("\\", "&#92;&#92;")


def clean(text: str) -> str:
    """Text on one line, without control characters; lone surrogates are written as their codes."""
    halves = re.sub("[\ud800-\udfff]", lambda found: visible(found[0]), str(text))
    return " ".join("".join(c if c.isprintable() else " " for c in halves).split())


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Text cut to fit in a box: where it is too long, its start and an ellipsis.

    Example:
        >>> shorten("query, scores, weights, seen")  # of a list, whole names
        'query, scores, weights, …'
    """
    text = clean(text)
    if len(text) <= longest:
        return text
    whole = text[: longest - 2].rpartition(", ")[0]
    return f"{whole}, …" if whole else text[: longest - 1] + "…"


def told_apart(name: str, others: Iterable[str], fits: Callable[[str], bool]) -> str:
    """A name cut so that it fits, and so that no other one reads the same.

    Example:
        >>> told_apart("decoder_update_gate", ["decoder_candidate"], lambda text: len(text) < 15)
        'decoder_updat…'

    Args:
        name: what is to be written.
        others: the names beside it.
        fits: whether a text has room.
    """
    name = clean(name)
    if fits(name):
        return name
    others = {clean(other) for other in others} - {name}
    first = None
    for form in _cuts(name, fits):
        first = first or form
        pattern = re.compile(".*".join(map(re.escape, form.split("…"))))
        if not any(map(pattern.fullmatch, others)):
            return form
    return first or name[:1] + "…"


def _cuts(name: str, fits) -> Iterator[str]:
    # The end of a path identifies it (`…/gru_cell_1/h`), and the start of a name; then what lies between.
    starts = [found.end() for found in re.finditer("[/_ .]+", name)]
    paths = [f"…{name[i:]}" for i in range(1, len(name)) if name[i] == "/"]
    lengths = range(len(name) - 1, 3, -1)
    families = [
        paths,
        [f"{name[:k]}…" for k in lengths],
        [f"{name[: ceil(k / 2)]}…{name[-(k // 2) :]}" for k in lengths],
        [f"…{name[-k:]}" for k in lengths],
        *[[f"…{name[i : i + k]}…" for k in lengths if i + k < len(name)] for i in starts],
    ]
    for family in families:
        longest = next(filter(fits, family), None)
        if longest is not None:
            yield longest


def shape_text(shape, dtype: str = "float32") -> str:
    """The shape of a value without its batch, as people write it: `10`, `5 × 3`, `scalar`.

    Example:
        >>> shape_text((None, 5, 3)), shape_text((None,), "int32")
        ('5 × 3', 'scalar int32')
    """
    sizes = " × ".join("?" if n is None else str(n) for n in shape[1:]) or "scalar"
    return sizes if "float" in dtype else f"{sizes} {dtype}"


def check_label(label):
    """Check that the name of a line is a text, or None.

    Example:
        >>> check_label("LSTM")

    Raises:
        TypeError: something else.
    """
    if label is None or isinstance(label, str):
        return
    raise TypeError(
        message(
            "`label` is the name of a line.",
            received=f"label={told(label)}",
            expected="a text, or None",
            fix="label='LSTM'",
        )
    )
