"""Mends the markup of a page where a screen reader would stumble: what axe says of Sphinx's own."""

import re

_PARAMETERS = re.compile(r'<dl>\s*(<dd><em class="sig-param.*?)</dl>', re.DOTALL)
_EMPTY_HEADER = re.compile(r"<th\b([^>]*)>(?:<p></p>)?</th>")
_SCOPE = re.compile(r'\s+scope="\w+"')  # of a heading alone
_HEADER = re.compile(r"<th\b([^>]*)>(<p>\s*<math.*?</math>\s*</p>)</th>", re.DOTALL)
_TASK = re.compile(r'<input class="task-list-item-checkbox"[^>]*>')
_TITLE = re.compile(r"(?<=<h1>)\w+(?:\.\w+)+")
_NAME = re.compile(r"\w+(?:\.\w+)+")
_LATEX = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.DOTALL)


def setup(app):
    """Mend each page before it is written."""
    app.connect("html-page-context", lambda app, name, template, context, tree: _mend(context))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _mend(context):
    if "body" in context:
        context["body"] = mended(context["body"])
    for side in ("prev", "next"):
        page = context.get(side)
        if page and _NAME.fullmatch(page["title"]):
            context[side] = {**page, "title": _breakable_in_words(page["title"])}


def mended(page: str) -> str:
    """The HTML of a page with lists as lists, no heading of a column without words, long titles in lines.

    Example:
        >>> mended('<th class="head" scope="col"><p></p></th>')
        '<td class="head"></td>'
    """
    page = _PARAMETERS.sub(_as_list, page)
    page = _TASK.sub("\N{BALLOT BOX}", page)  # nobody ticks it here, and as a field it would lack a name
    page = _TITLE.sub(lambda found: _breakable(found[0]), page)
    page = _EMPTY_HEADER.sub(lambda found: f"<td{_SCOPE.sub('', found[1])}></td>", page)
    return _HEADER.sub(_named, page)


def _breakable(name):
    # On a narrow page a full name goes on in the next line after one of its dots.
    return name.replace(".", ".<wbr>")


def _breakable_in_words(name):
    """The name of a page before or after this one, which has less than half of the width.

    Example:
        >>> _breakable_in_words("rshop.LSTMCell")
        'rshop.<wbr>LSTM<wbr>Cell'
    """
    name = _breakable(name).replace("_", "_<wbr>")
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "<wbr>", name)


def _as_list(found):
    # The parameters of a signature: Sphinx writes definitions that define nothing.
    items = found[1].replace("<dd>", "<li>").replace("</dd>", "</li>")
    return f'<ul class="parameters">\n{items}</ul>'


def _named(found):
    # Not every reader of a page takes the words of a formula for the words of a column.
    latex = " ".join(_LATEX.findall(found[2])).replace('"', "&quot;")
    return (
        f"<th{found[1]}>"
        + found[2].replace("<math ", f'<math role="math" aria-label="{latex}" ', 1)
        + "</th>"
    )
