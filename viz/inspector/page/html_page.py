"""The inspector as text: a fragment for a notebook, and a page of its own. Nothing is fetched from anywhere.

The fragment holds a comment with the run and the script, a table, and five lines that start the script
from a `data:` address. Where scripts are stripped the table stays, and the picture before it.
"""

import base64
import builtins
import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.resources import files

from viz.inspector.page import still_image
from viz.inspector.page.joined_script import joined
from viz.inspector.page.numbers_table import table
from viz.inspector.payload.encoding import encoded
from viz.inspector.payload.payload import Payload
from viz.style import palette
from viz.style.encodable_text import escaped

_SCRIPTS = files("viz.inspector") / "js"

_START = """<script>(async () => {
const el = document.currentScript.closest("[data-rv]");
const { script, sheet, payload } = JSON.parse([...el.childNodes].find((n) => n.nodeType === 8).data);
const module = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(script));
module.default.render({ model: { get: (name) => ({ payload, sheet })[name] }, el });
})();</script>"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark; }}
body {{ margin: 10px 14px; font: 14px system-ui, sans-serif; color: light-dark(#1f2933, #e8edf2);
  background: light-dark(#ffffff, #14181d); }}
h1 {{ font-size: 15px; margin: 0 0 6px; overflow-wrap: anywhere; }}</style>
</head>
<body>
<main class="rv-page">
<h1>{title}</h1>
{fragment}
</main>
</body>
</html>
"""


@cache
def script() -> str:
    """The one JavaScript module, `export default {render}`."""
    return joined(lambda name: (_SCRIPTS / name).read_text(encoding="utf-8"), "main.js")


@cache
def style() -> str:
    """The style sheet, with the colours of the roles from `palette`."""
    roles = "".join(
        f"--rv-{name}-line: {colour.line}; --rv-{name}-fill: {colour.fill}; "
        for name, colour in palette.ROLES.items()
    )
    sheet = (_SCRIPTS / "inspector.css").read_text(encoding="utf-8")
    return f".rv-root {{ {roles}}}\n{sheet}"


def with_picture(payload: Payload, invitation: str = still_image.INVITATION) -> tuple[Payload, bytes]:
    """The payload with its colour maps and the end of its still picture, and that picture as a PNG.

    Args:
        payload: what `record` returned.
        invitation: the sentence in the picture on how to get the live one.
    """
    picture = still_image.filmstrip(payload, invitation)
    tail = base64.b64encode(picture).decode("ascii")[-80:]
    return replace(payload, colours=palette_stops(), still_tail=tail), picture


@cache
def palette_stops() -> dict:
    """The colour maps as a few colours to draw lines between: `{"signed": ["#053061", ...]}`."""
    import matplotlib
    from matplotlib.colors import to_hex

    stops = {}
    for kind, name in (("signed", palette.SIGNED), ("gate", palette.GATE), ("whole", palette.WHOLE)):
        colours = matplotlib.colormaps[name]
        stops[kind] = [to_hex(colours(i / 32)) for i in range(33)]
    return stops


def display(*things, **options):
    """Show something as an output of the running notebook cell."""
    builtins.display(*things, **options)  # IPython's, which it gives to every program that it runs


def show_picture(payload: Payload, picture: bytes, invitation: str = "", **options):
    """Show the still picture as an output of its own.

    A PNG survives where HTML is sanitised; the script hides it where it runs.

    Args:
        payload, picture: what `with_picture` returned.
        invitation: the sentence that its alternative text ends with.
        **options: of IPython's `display`, such as `display_id` and `update`.
    """
    alt = still_image.describe(payload) + (f". {invitation}" if invitation else "")
    bundle = {"image/png": base64.b64encode(picture).decode("ascii"), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}}, **options)


def fragment(payload: Payload, picture: bytes | None = None) -> str:
    """The inspector as a piece of HTML.

    Example:
        >>> fragment(payload)[:13]
        '<div data-rv='

    Args:
        payload, picture: what `with_picture` returned; without `picture` the still picture is left out.
    """
    parts = {"script": script(), "sheet": style(), "payload": encoded(payload)}
    text = comment(parts)
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    still = "" if picture is None else _image(payload, picture)
    before = " data-rv-still" if picture is None else ""
    words = f"Numbers of {escaped(payload.title)}, timestep by timestep"
    details = f"<details><summary>{words}</summary>{table(payload)}</details>"
    return f'<div data-rv="{mark}"{before}><!--{text}-->{still}{details}{_START}</div>'


def comment(parts: dict) -> str:
    """The run, script and sheet as a comment holds them: a sanitiser takes it away whole, nothing ends it.

    Example:
        >>> comment({"sheet": "a > b"})
        '{"sheet": "a \\\\u003e b"}'
    """
    return json.dumps(parts, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")


def page(payload: Payload, picture: bytes) -> str:
    """The inspector as a whole page, to be saved and opened without a network."""
    title = escaped(f"{payload.title}, timestep by timestep")
    return _PAGE.format(title=title, fragment=fragment(payload, picture))


def _image(payload, picture):
    source = f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
    return f'<img alt="{escaped(still_image.describe(payload))}" src="{source}">'
