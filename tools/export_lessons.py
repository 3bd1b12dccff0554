"""Lessons as HTML pages, each whole in one file, that need no network: formulas are MathML, inspectors step.

    make export LESSONS="03 07"                     # into build/export; all lessons without LESSONS
    python tools/export_lessons.py mine.ipynb       # any notebook
    python tools/export_lessons.py 03 --into FOLDER

It is nbconvert's own page without the scripts that it would fetch. No notebook is executed.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from execute_notebooks import ROOT, find, lesson_files
from install_cell import is_install_cell
from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from site_mathml import mathml
from site_pages import with_links

from viz.style.atomic_write import write

#: What nbconvert's page fetches from elsewhere: require.js, MathJax and Mermaid.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block extra_css -%}
<style>.formula { margin: 1rem 0; overflow-x: auto; }</style>
{%- endblock -%}
{%- block data_latex scoped -%}
<div class="jp-RenderedLatex jp-OutputArea-output {{ extra_class }}" data-mime-type="text/latex">
{{ output.data['text/latex'] | formulas }}
</div>
{%- endblock -%}
"""


def main(arguments=None) -> int:
    """Write the pages; the number to exit with."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", help="files, or lessons such as 03; by default all lessons")
    parser.add_argument(
        "--into", type=Path, default=ROOT / "build" / "export", help="by default build/export"
    )
    options = parser.parse_args(arguments)
    paths = [find(name) for name in options.notebooks] or lesson_files()
    options.into.mkdir(parents=True, exist_ok=True)
    for path in paths:
        page = options.into / f"{path.stem}.html"
        write(page, exported(path, {other.name for other in paths}))
        print(page, flush=True)
    return 0


def exported(path: Path, beside: set[str] = frozenset()) -> str:
    """A notebook as one page.

    Example:
        >>> exported(find("03")).count("<math") > 40
        True

    Args:
        path: the notebook.
        beside: the names of the notebooks whose pages will lie beside this one. Links lead to them; of a
            link to another file of the project, which the page's reader does not have, the words stay.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not is_install_cell(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_links(cell.source, lambda found: _link(found, beside))
    resources = {"metadata": {"name": path.stem, "path": str(path.resolve().parent)}}
    page, _ = OfflineExporter().from_notebook_node(notebook, resources)
    return page


def _link(found, beside):
    file, hash_, part = found["target"].partition("#")
    if found["picture"] or not file or ":" in file:
        return found.group()
    page = f"{file.removesuffix('.ipynb')}.html{hash_}{part}"
    return f"[{found['words']}]({page})" if file in beside else found["words"]


class OfflineExporter(HTMLExporter):
    """nbconvert's page of a notebook, without a request to anywhere."""

    raw_template = TEMPLATE

    @pass_context
    def markdown2html(self, context, source):
        """Text as HTML: formulas are MathML, pictures lie in the page."""
        path = context["resources"]["metadata"]["path"]
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(escape=False, embed_images=True, path=path, attachments=attachments)
        return MarkdownWithMath(renderer=renderer).render(source)

    def default_filters(self):
        """What the template names."""
        yield from super().default_filters()
        yield "formulas", formulas


class _Renderer(IPythonRenderer):
    """Markdown as HTML with its formulas as MathML."""

    # To lay pictures into the page nbconvert closes every tag of the piece that it is given, and so a
    # <details> before its text: it gets the pieces that have pictures.
    def block_html(self, html):
        return super().block_html(html) if "<img" in html else f"{html}\n"

    def inline_html(self, html):
        return super().inline_html(html) if "<img" in html else html

    def block_math(self, body):
        return block(body)

    def inline_math(self, body):
        return mathml(body, "inline")

    def latex_environment(self, name, body):
        return block(f"\\begin{{{name}}}{body}\\end{{{name}}}")


def formulas(latex: str) -> str:
    r"""The output of a cell that is LaTeX, with or without the signs around it.

    Example:
        >>> formulas(r"$\\displaystyle h_t$")[:21]
        '<div class="formula">'
    """
    text = "".join(latex).strip()
    for start, end in (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)")):
        if text.startswith(start) and text.endswith(end):
            return block(text[len(start) : -len(end)])
    return block(text)


def block(latex: str) -> str:
    """A formula on a line of its own."""
    return f'<div class="formula" tabindex="0">{mathml(latex, "block")}</div>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
