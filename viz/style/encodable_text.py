"""Text that every file can hold: characters that cannot be shown are written as their codes."""

import html
import unicodedata
from numbers import Real

import numpy as np


def visible(text) -> str:
    """The text with control characters and lone surrogates as codes; line breaks and tabs stay.

    Lone surrogates come from bytes that are not UTF-8, and no file can hold them; most control characters
    are forbidden in HTML and SVG.

    Example:
        >>> visible(b"caf\\xe9\\x00".decode("utf8", "surrogateescape"))
        'caf\\udce9\\x00'
    """
    text = str(text)
    return text if text.isprintable() else "".join(c if _is_written(c) else ascii(c)[1:-1] for c in text)


def escaped(text) -> str:
    """The text for HTML and SVG: made visible, its markup escaped."""
    return html.escape(visible(text))


def _is_written(c: str) -> bool:
    # The last two code points of each plane, and 32 others, are not characters: XML forbids some of them.
    none = ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF
    return c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and not none)


def is_text(value) -> bool:
    """Whether this can be a label: a text, a number, or one of them in an array without axes.

    Example:
        >>> is_text("the"), is_text(np.int64(3)), is_text(1j), is_text(["the"])
        (True, True, False, False)
    """
    if isinstance(value, (str, Real)):
        return True
    try:
        return value.shape == () and np.asarray(value).dtype.kind in "biufUT"
    except Exception:  # noqa: BLE001  (what somebody passes by mistake may raise anything)
        return False
