"""Docstrings as Sphinx reads them: a public name between backticks is a link, anything else is code."""

import inspect
import itertools
import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.inspect import stringify_signature


def setup(app):
    """Give Sphinx the role `public`, and the docstrings in its spelling."""
    from site_api import public

    entries = [entry for entries in public().values() for entry in entries]
    targets = {f"{entry.module}.{name}" for entry in entries for name in entry.names}
    short = {target.rpartition(".")[2]: target for target in sorted(targets, reverse=True)}
    app.add_role("public", _role({**short, **{target: target for target in targets}}))
    app.connect("autodoc-process-signature", whole_signature)
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


class _Name:
    """A default that is a class or a function, as one writes it."""

    def __init__(self, default):
        module = getattr(default, "__module__", "builtins")
        self.name = default.__name__ if inspect.isclass(default) else f"{module}.{default.__name__}"

    def __repr__(self):
        return self.name


def whole_signature(app, what, name, obj, options, signature, returns):
    """The own signature of a class where Sphinx took Keras's `__new__`, with classes by their names."""
    unreadable = signature == "(*args, **kwargs)" or re.search("<(class|function|built-in)", signature or "")
    if what != "class" or not unreadable:
        return None
    own = inspect.signature(obj)
    parameters = [
        one.replace(default=_Name(one.default)) if _has_a_name(one.default) else one
        for one in own.parameters.values()
    ]
    return stringify_signature(own.replace(parameters=parameters)), returns


def _has_a_name(default):
    named = inspect.isclass(default) or inspect.isroutine(default)
    return named and default is not inspect.Parameter.empty


def one_by_one(lines: list[str]) -> list[str]:
    """A docstring with each attribute on its own: napoleon takes all but the last of several for a type.

    Example:
        >>> one_by_one(["Attributes:", "    a, b: two numbers."])
        ['Attributes:', '    a: two numbers.', '    b: two numbers.']
    """
    found, attributes, at = [], False, 0
    while at < len(lines):
        line, more = lines[at], 1
        if re.match(r"\S.*:$", line):
            attributes = line == "Attributes:"
        several = re.match(r"    (\w+(?:, \w+)+):(.*)", line) if attributes else None
        if several:
            after = list(itertools.takewhile(lambda other: other.startswith(" " * 5), lines[at + 1 :]))
            more += len(after)
            for name in several[1].split(", "):
                found += [f"    {name}:{several[2]}", *after]
        else:
            found.append(line)
        at += more
    return found


def respelt(app, what, name, obj, options, lines):
    """Mend what napoleon would read as something else."""
    lines[:] = one_by_one(lines)
    for i, line in enumerate(lines):
        # Several arguments on one line, `rnn, x, **call: ...`: the stars are no emphasis.
        found = re.match(r"\s*[\w*]+(?:, [\w*]+)+:", line)
        if found:
            lines[i] = found.group().replace("*", r"\*") + line[found.end() :]
        # An author's initial is no number of a list.
        lines[i] = re.sub(r"^(\s*[A-Z])\. ", r"\1\\. ", lines[i])
    if what == "property" and lines:
        lines[:0] = ["..", ""]  # in the first line, what stands before a colon would be a type
