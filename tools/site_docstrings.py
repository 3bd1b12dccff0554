"""Docstrings as Sphinx reads them: a public name between backticks is a link, anything else is code."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref


def setup(app):
    """Give Sphinx the role `public`, and the docstrings in its spelling."""
    from site_api import public

    entries = [entry for entries in public().values() for entry in entries]
    targets = {f"{entry.module}.{name}" for entry in entries for name in entry.names}
    short = {target.rpartition(".")[2]: target for target in sorted(targets, reverse=True)}
    app.add_role("public", _role({**short, **{target: target for target in targets}}))
    app.connect("autodoc-process-docstring", respelt, priority=400)  # before napoleon, at 500
    return {"parallel_read_safe": True}


def _role(targets):
    def role(name, rawtext, text, lineno, inliner, options=None, content=()):
        written = text.replace("\x00", "\\")
        literal = nodes.literal(rawtext, written, classes=["code"])
        if written not in targets:
            return [literal], []
        document = inliner.document.settings.env.current_document.docname
        link = {"refdomain": "py", "reftype": "obj", "reftarget": targets[written], "refdoc": document}
        return [pending_xref(rawtext, literal, refexplicit=True, refwarn=True, **link)], []

    return role


def respelt(app, what, name, obj, options, lines):
    """Mend what napoleon would read as something else."""
    for i, line in enumerate(lines):
        # Several arguments on one line, `rnn, x, **call: ...`: the stars are no emphasis.
        found = re.match(r"\s*[\w*]+(?:, [\w*]+)+:", line)
        if found:
            lines[i] = found.group().replace("*", r"\*") + line[found.end() :]
    if what == "property" and lines:
        lines[:0] = ["..", ""]  # in the first line, what stands before a colon would be a type
