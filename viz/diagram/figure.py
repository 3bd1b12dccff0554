"""`Figure`: what the drawing functions return."""

import base64
import re
from functools import cached_property
from pathlib import Path

from rshop.errors import message, told
from rshop.files import checked_path, write
from viz.diagram.graphviz_dot import dot_text
from viz.diagram.run_graphviz import draw, with_clear_titles
from viz.diagram.scene import Scene
from viz.diagram.svg import finish
from viz.style.encodable_text import escaped, visible

_FORMS = ("svg", "png", "html", "dot", "txt")


class Figure:
    """A diagram that Jupyter shows, and that can be saved, read and tested.

    Example:
        >>> figure = viz.draw_step(rnn)
        >>> figure.save("step.svg")  # or .png, .html, .dot, .txt
        >>> print(figure.text)  # the diagram in words

    Args:
        scene: what is drawn.

    Raises:
        TypeError: no scene.

    Attributes:
        scene: the boxes, arrows and groups as data.
    """

    def __init__(self, scene: Scene):
        if not isinstance(scene, Scene):
            raise TypeError(
                message(
                    "This is no scene to draw.",
                    received=told(scene),
                    expected="a viz.scene.Scene, as figure.scene is",
                    fix="viz.draw_step(rnn) makes a figure of a layer",
                )
            )
        self.scene = scene

    @property
    def alt(self) -> str:
        """The alternative text: one line."""
        return visible(f"{self.scene.title}: {len(self.scene.boxes)} boxes, {len(self.scene.edges)} arrows")

    @property
    def text(self) -> str:
        """The diagram in words, one line a box: what it is and what it reads."""
        return visible(self.scene.text())

    @cached_property
    def dot(self) -> str:
        """The diagram in Graphviz's language.

        Raises:
            ImportError: the Python package `graphviz` is missing.
        """
        return dot_text(self.scene)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG element.

        Raises:
            RuntimeError: there is no program to lay it out.
        """
        dot, drawn = self._drawable
        drawn = drawn or draw(dot, "svg", placed=self.scene.placed)
        return finish(drawn.decode(), self.alt, self.scene.tooltips())

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, 144 dots an inch.

        `graphviz-pure` draws it with a font of its own, which has Latin, Greek, Cyrillic and Hebrew: letters
        of other scripts (Chinese, Japanese, Korean, Arabic) and emoji are empty squares in the PNG. The SVG,
        which Jupyter prefers, the page and the words show them.

        Raises:
            RuntimeError: there is no program to lay it out.
        """
        return draw(self._drawable[0], "png", placed=self.scene.placed)

    @cached_property
    def _drawable(self):
        # The DOT text as it is drawn, and the SVG where that came with it.
        return (self.dot, None) if self.scene.placed else with_clear_titles(self.dot)

    @property
    def html(self) -> str:
        """A self-contained page with the picture and its text form."""
        title, text = escaped(self.scene.title), escaped(self.text)
        themes = '<meta name="color-scheme" content="light dark">'
        return (
            '<!DOCTYPE html>\n<html lang="en">\n'
            f'<head><meta charset="utf-8">{themes}<title>{title}</title></head>\n'
            f"<body><main>\n<h1>{title}</h1>\n{self.svg}\n"
            f"<details><summary>In words</summary><pre>{text}</pre></details>\n</main></body>\n</html>\n"
        )

    def save(self, path) -> Path:
        """Write the figure to a file, in the format of the file's ending.

        A file that stood there stays until the new one is whole.

        Example:
            >>> figure.save("step.svg")
            PosixPath('step.svg')

        Args:
            path: a file name that ends with .svg, .png, .html, .dot or .txt.

        Returns:
            The path.

        Raises:
            TypeError: no path.
            ValueError: another ending.
            OSError: it cannot be written there.
        """
        path = checked_path(path, _FORMS, "figure")
        form = path.suffix.lstrip(".").lower()
        content = self.text if form == "txt" else getattr(self, form)
        return write(path, content)

    def __repr__(self):
        return f"Figure({self.scene.title!r}, {len(self.scene.boxes)} boxes, {len(self.scene.edges)} arrows)"

    def _repr_mimebundle_(self, include=None, exclude=None):
        # Jupyter shows the SVG; untrusted notebooks, and editors that crop large SVG, show the PNG.
        try:
            svg, png = self.svg, self.png
        except (RuntimeError, ImportError) as error:
            return {"text/plain": f"{error}\n\n{self.text}"}, {}
        width, height = re.search(r'width="(\d+)px" height="(\d+)px"', svg).groups()
        size = {"width": int(width), "height": int(height)}
        data = {
            "image/svg+xml": svg,
            "image/png": base64.b64encode(png).decode(),
            "text/plain": repr(self),
        }
        return data, {"image/png": size}
