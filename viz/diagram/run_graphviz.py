"""Run Graphviz: from DOT text to SVG and PNG, with as few runs as possible."""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

from rshop.errors import message
from viz.diagram.frame_titles import move_struck_titles

_LAY_OUT = ("-Kdot",)
_AS_PLACED = ("-Kneato", "-n2")


def draw(dot: str, form: str, *, placed: bool) -> bytes:
    """DOT text laid out and drawn, by `graphviz-pure` or a system `dot`.

    Args:
        dot: what `dot_text` returned.
        form: `"svg"` or `"png"`.
        placed: whether the text says where everything stands.

    Raises:
        RuntimeError: neither program is there, or it failed.
    """
    size = ["-Gdpi=144"] if form == "png" else []
    done = _run(dot, *(_AS_PLACED if placed else _LAY_OUT), *size, f"-T{form}")
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(
            message(
                "Graphviz could not draw this picture.",
                received=f"{done.args[0]} ended with {done.returncode}: {done.stderr.decode()[-200:]!r}",
                expected=f"a picture in the form {form}",
                fix="look at the figure's `.dot`, or read its `.text`",
            )
        )
    return done.stdout


def with_clear_titles(dot: str) -> tuple[str, bytes | None]:
    """The DOT text with each frame's title on the side where no arrow strikes it, and its SVG.

    The SVG is drawn in the same run that looks for the arrows; it is None where a title had to move, where
    there is no frame to look at, and where the program failed.

    Raises:
        RuntimeError: there is no program.
    """
    if "subgraph cluster_" not in dot:
        return dot, None
    done = _run(dot, *_LAY_OUT, "-Tjson", "-Tsvg")
    if done.returncode != 0 or not done.stdout:
        return dot, None
    text = done.stdout.decode()
    layout, end = json.JSONDecoder().raw_decode(text)
    clear = move_struck_titles(dot, layout)
    return clear, text[end:].lstrip().encode() if clear == dot else None


def program() -> str:
    """The path of the Graphviz program: `graphviz-pure`, else a system `dot`.

    Raises:
        RuntimeError: neither is there.
    """
    own = Path(sysconfig.get_path("scripts"))
    for name in ("graphviz-pure", "dot"):
        found = shutil.which(name, path=str(own)) or shutil.which(name)
        if found:
            return found
    raise RuntimeError(
        message(
            "Nothing is installed that can lay out a diagram.",
            received="neither `graphviz-pure` nor `dot`",
            expected="one of the two",
            fix="pip install graphviz-pure (the figure's `.text` needs neither)",
        )
    )


def _run(dot, *options):
    return subprocess.run([program(), "-q", *options], input=dot.encode(), capture_output=True, check=False)
