"""Where a public name is used: the lessons and the guides to which its page in the reference leads."""

import ast
import contextlib
import re

from course_facts import Lesson
from site_pages import ROOT, place

#: Pages of docs/ that are no guides.
NO_GUIDES = {"glossary.md"}
_PROGRAM = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


def used_in(entry, seen: list[tuple[Lesson, dict]]) -> str:
    """The lessons and the guides that use a name, as two lists of links; empty if none does.

    Args:
        entry: the page of the name.
        seen: each lesson with its notebook.
    """
    found = {
        "Lessons that use it": [
            f"- [{lesson.number}, {lesson.title}](../course/{lesson.file})"
            for lesson, notebook in seen
            if in_lesson(entry, notebook)
        ],
        "Guides that use it": [
            f"- [{text.splitlines()[0].removeprefix('# ')}](../{place(f'docs/{name}')})"
            for name, text in _guides()
            if in_guide(entry, text)
        ],
    }
    return "\n\n".join(f"## {heading}\n\n" + "\n".join(links) for heading, links in found.items() if links)


def in_lesson(entry, notebook: dict) -> bool:
    """Whether the code of a lesson uses a name; of `viz` it may stand in the text too."""
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    said = entry.module == "viz" and any(f"viz.{entry.names[0]}" in _words(one) for one in text)
    return said or any(in_program(entry, one) for one in code)


def in_guide(entry, text: str) -> bool:
    """Whether a guide uses a name in a program, or writes it as code."""
    words = _words(text)
    modules = {entry.module, entry.module.partition(".")[0]}
    whole = {f"{module}.{name}" for module in modules for name in entry.names}
    # A word such as `trace` may mean something else; a name with capitals does not.
    whole |= {name for name in entry.names if name[0].isupper()} if entry.module != "viz" else set()
    return bool(whole & words) or any(in_program(entry, one) for one in _PROGRAM.findall(text))


def in_program(entry, program: str) -> bool:
    """Whether a program imports a name, or takes it from its package, as in `viz.gates`."""
    package, *_ = entry.module.split(".")
    with contextlib.suppress(SyntaxError):  # a few lines of a program, in another language or with dots
        for node in ast.walk(ast.parse(program)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
                if set(entry.names) & {alias.name for alias in node.names}:
                    return True
            elif isinstance(node, ast.Attribute) and node.attr in entry.names:
                owner = ast.unparse(node.value)
                if owner in (entry.module, package, entry.module.rpartition(".")[2]):
                    return True
    return False


def _words(text):
    """The dotted names that stand as code in a text: of `viz.gates(rnn, x)` the first one."""
    return {found[0] for code in _CODE.findall(text) if (found := re.match(r"[\w.]+", code))}


def _guides():
    docs = ROOT / "docs"
    paths = [path for path in sorted(docs.glob("*.md")) if path.name not in NO_GUIDES]
    return [
        (path.relative_to(docs).as_posix(), path.read_text(encoding="utf-8"))
        for path in [docs / "site" / "start.md", *paths]
    ]
