"""The width of text in Helvetica, the font for which boxes are measured."""

import unicodedata
from functools import cache

# In thousandths of the font size, from Adobe's metrics; Arial and similar fonts have the same widths.
_WIDTHS = {
    191: "'",
    222: "`ijl",
    260: "|",
    278: " \u00a0!,./:;I[\\]ft",
    333: "()-r¹²³⁴⁵⁶⁷⁸⁹⁰·",  # Arial's dot is wider
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jckxsvyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~×÷−",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…",
    1015: "@",
}
_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}


def width(text: str, size: float) -> float:
    """The width of a line in points; letters that Helvetica lacks are estimated generously.

    Example:
        >>> width("Wi", 10)
        11.66

    Args:
        text: one line.
        size: of the font, in points.
    """
    return size * sum(map(_thousandths, text)) / 1000


@cache
def _thousandths(letter):
    if letter in _OF:
        return _OF[letter]
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0  # a combining mark, or invisible
    if unicodedata.east_asian_width(letter) in "WF":
        return 1000
    plain = unicodedata.normalize("NFD", letter)[0]  # an accent adds no width
    return _OF.get(plain) or (722 if letter.isupper() else 611)
