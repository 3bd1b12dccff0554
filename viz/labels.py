"""What is written on a box: a Label, escaped for Graphviz, and how wide it will be."""

import html
import unicodedata
from dataclasses import dataclass

_LONGEST = 26
_NARROW = frozenset("iljtfIr.,:;'|!()[]{} /-·")
_WIDE = frozenset("mwMW@%…")
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0">'


@dataclass(frozen=True)
class Label:
    """Up to three lines: a title (with a subscript), what it is, and its shape.

    Example:
        >>> Label("x", "0").html
        'x<SUB>0</SUB>'
        >>> Label("<b>", detail="Dense 10").plain
        '<b>: Dense 10'

    Attributes:
        title: the name, any text.
        below: a subscript of the title.
        detail, shape: smaller lines under it.
    """

    title: str
    below: str = ""
    detail: str = ""
    shape: str = ""

    @property
    def plain(self) -> str:
        """The label in one line of text, uncut."""
        return ": ".join([self.name, *[clean(t) for t in (self.detail, self.shape) if t]])

    @property
    def name(self) -> str:
        """The title with its subscript, uncut: `x_0`."""
        return clean(self.title) + (f"_{self.below}" if self.below else "")

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
        title = _font(escape(shorten(self.title)) or " ", size)
        lines = [_font(escape(text), small, quiet) for text in self.small]
        if not self.below:
            return "<" + "<BR/>".join([title, *lines]) + ">"
        # A cell of its own, higher than the title's, is what every viewer sets lower.
        low = _font(escape(self.below), 0.72 * size)
        height = f'HEIGHT="{1.4 * size:.0f}" ALIGN="LEFT" VALIGN="BOTTOM"'
        title = f'{_TABLE}<TR><TD ALIGN="RIGHT" VALIGN="TOP">{title}</TD><TD {height}>{low}</TD></TR></TABLE>'
        rows = "".join(f"<TR><TD>{line}</TD></TR>" for line in [title, *lines])
        return f"<{_TABLE}{rows}</TABLE>>"

    def at_left(self, size: float, room: float) -> str:
        """The title as markup at the left end of a box of this width in points."""
        title = _font(escape(shorten(self.title)) or " ", size)
        return f'<{_TABLE[:-1]} WIDTH="{room:.0f}"><TR><TD ALIGN="LEFT">{title}</TD></TR></TABLE>>'

    def size(self, size: float, small: float) -> tuple[float, float]:
        """The width and height in points that the label needs."""
        title = width(shorten(self.title), size) + width(self.below, 0.75 * size)
        widest = max([title, *[width(text, small) for text in self.small]])
        return widest, 1.2 * size + 1.25 * small * len(self.small)


def _font(text, size, colour=None):
    tint = f' COLOR="{colour}"' if colour else ""
    return f'<FONT POINT-SIZE="{size:g}"{tint}>{text}</FONT>'


def escape(text: str) -> str:
    """Text in which Graphviz finds neither markup nor one of its own escapes, such as `\\N`."""
    return html.escape(text).replace("\\", "&#92;&#92;")


def clean(text: str) -> str:
    """Text on one line, without control characters or half characters."""
    kept = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(kept.split())


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Text as it fits in a box: the start of it and an ellipsis where it is too long."""
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def width(text: str, size: float) -> float:
    """About how wide a line in Helvetica is, in points."""
    return size * sum(_em(character) for character in text)


def _em(character):
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _NARROW:
        return 0.31
    if character in _WIDE:
        return 0.92
    return 0.68 if character.isupper() else 0.56


def shape_text(shape, dtype: str = "float32") -> str:
    """The shape of a value without its batch, as people write it: `10`, `5 × 3`, `scalar`.

    Example:
        >>> shape_text((None, 5, 3)), shape_text((None,), "int32")
        ('5 × 3', 'scalar int32')
    """
    sizes = " × ".join("?" if n is None else str(n) for n in shape[1:]) or "scalar"
    return sizes if "float" in dtype else f"{sizes} {dtype}"
