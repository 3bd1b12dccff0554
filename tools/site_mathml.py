"""Formulas as MathML, which browsers and screen readers know: no script, no font, nothing to fetch."""

import re
from xml.sax.saxutils import escape

from latex2mathml.converter import convert


def setup(app):
    """Give Sphinx the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(visitor, node):
    """A formula within a line."""
    visitor.body.append(mathml(node.astext(), "inline"))
    _skip()


def block(visitor, node):
    """A formula on a line of its own, which scrolls where the page is too narrow for it."""
    visitor.body.append(f'<div class="formula" tabindex="0">{mathml(node.astext(), "block")}</div>\n')
    _skip()


def mathml(latex: str, display: str) -> str:
    """LaTeX as MathML, with the LaTeX beside it for those who copy it.

    Example:
        >>> mathml("h_t", "inline")[:48]
        '<math xmlns="http://www.w3.org/1998/Math/MathML"'
    """
    # Lines that are aligned at `&` have this name in the converter.
    known = re.sub(r"(\\(?:begin|end))\{aligned\}", r"\1{split}", latex.strip())
    # Browsers know the alignment of a column by its style alone.
    made = re.sub(
        r'<mtd columnalign="(left|right)">',
        r'<mtd style="text-align: \1; padding-\1: 0">',
        convert(known, display=display),
    )
    start, content, end = re.fullmatch(r"(<math[^>]*>)(.*)(</math>)", made).groups()
    source = f'<annotation encoding="application/x-tex">{escape(latex)}</annotation>'
    return f"{start}<semantics>{content}{source}</semantics>{end}"


def _skip():
    from docutils.nodes import SkipNode

    raise SkipNode
