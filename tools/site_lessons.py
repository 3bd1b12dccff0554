"""The lessons as pages of the site, from their stored outputs.

Each picture becomes a file with its alternative text, and of an inspector the moving one alone is shown: the
still picture before it is for front ends that run no script, as it is here for a reader who runs none.
"""

import base64
import html
import json
import posixpath
import re
from dataclasses import dataclass

from course_facts import lessons
from install_cell import is_install_cell
from site_pages import ROOT, place, rewritten

from viz.inspector.page.html_page import comment, style

PICTURES = {"image/svg+xml": "svg", "image/png": "png"}


@dataclass(frozen=True)
class Shown:
    """A picture or a moving inspector that a cell of a lesson shows.

    Attributes:
        lesson: the file of the lesson.
        code: of the cell.
        alt: the alternative text; of an inspector none.
        path: the picture in the site; of an inspector none.
        html: the inspector; of a picture none.
    """

    lesson: str
    code: str
    alt: str = ""
    path: str = ""
    html: str = ""


def lesson_pages() -> dict[str, str | bytes]:
    """Place in the site -> content, of the lessons and their pictures, with the list of the course."""
    pages = {}
    for lesson in lessons():
        if lesson.first:
            notebook, files, _ = read_lesson(lesson.file)
            pages[place(f"notebooks/{lesson.file}")] = json.dumps(notebook, indent=1, ensure_ascii=False)
            pages |= files
    index = place("notebooks/README.md")
    there = [lesson for lesson in lessons() if lesson.first]
    names = [f"{one.number} {one.title} <{one.file.removesuffix('.ipynb')}>" for one in there]
    toc = "\n".join(["", "```{toctree}", ":hidden:", "", *names, "```", ""])
    text = rewritten((ROOT / "notebooks/README.md").read_text(encoding="utf-8"), "notebooks/README.md")
    return {**pages, index: text + toc}


def read_lesson(file: str) -> tuple[dict, dict[str, bytes], list[Shown]]:
    """A lesson as the site shows it, its pictures as files, and what its cells show."""
    notebook = json.loads((ROOT / "notebooks" / file).read_text(encoding="utf-8"))
    files, shown = {}, []
    # A page has nothing to install.
    notebook["cells"] = [cell for cell in notebook["cells"] if not is_install_cell(cell)]
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = rewritten(source, f"notebooks/{file}")
        elif cell["cell_type"] == "code":
            seen = _of_cell(cell, source, file, files)
            cell["outputs"] = [output for output, _ in seen]
            shown += [what for _, what in seen if what]
    return notebook, files, shown


def _of_cell(cell, source, file, files):
    """(output as the site has it, what it shows) for each output of a cell but the still pictures."""
    found, outputs = [], cell["outputs"]
    for before, output, after in zip([None, *outputs], outputs, [*outputs[1:], None], strict=False):
        kind = next((kind for kind in PICTURES if kind in output.get("data", {})), None)
        if kind and _is_inspector(after):
            continue
        if _is_inspector(output):
            found.append(_moving(output, before, file, source))
        elif kind:
            alt = cell["metadata"].get("alt") or _alternative(output)
            name = f"course/pictures/{file[:2]}_{cell['id']}_{len(found)}.{PICTURES[kind]}"
            files[name] = _picture(output, kind)
            found.append((_placed(output, alt, name), Shown(file, source, alt, name)))
        else:
            found.append((output, None))
    return found


def _is_inspector(output):
    return output is not None and _text(output, "text/html").startswith("<div data-rv=")


def _moving(output, before, file, source):
    """The inspector, with its still picture for a reader who runs no script."""
    still = base64.b64encode(_picture(before, "image/png")).decode()
    alt = html.escape(_alternative(before), quote=True)
    image = f'<noscript><img alt="{alt}" src="data:image/png;base64,{still}"></noscript>'
    page = _in_todays_colours(_text(output, "text/html")) + image
    return {**output, "data": {"text/html": page}}, Shown(file, source, html=page)


def _in_todays_colours(page):
    # A lesson stores the sheet of the day that it was run; the site's light and dark pages need this one.
    start, stored, end = re.split("<!--|-->", page, maxsplit=2)
    return f"{start}<!--{comment({**json.loads(stored), 'sheet': style()})}-->{end}"


def _placed(output, alt, name):
    """A picture as Markdown: it becomes a file of the site, with its own alternative text."""
    words = re.sub(r"([\\\[\]*_`<>$])", r"\\\1", " ".join(alt.split()))
    markdown = f"![{words}]({posixpath.relpath(name, 'course')})"
    return {**output, "data": {"text/markdown": markdown}, "metadata": {}}


def _picture(output, kind):
    text = _text(output, kind)
    return base64.b64decode(text) if kind == "image/png" else text.encode()


def _alternative(output):
    """What a picture without a text of its cell says of itself."""
    own = output.get("metadata", {}).get("image/png", {}).get("alt")
    label = re.search(r'aria-label="([^"]*)"', _text(output, "image/svg+xml"))
    return own or (html.unescape(label[1]) if label else "A plot; the text around it says what it shows.")


def _text(output, kind):
    return "".join(output.get("data", {}).get(kind, ""))
