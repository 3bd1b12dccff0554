"""The still picture of a run: what shows where no script runs, and in print."""

import base64
import io
import re

import numpy as np

from . import palette
from .canvas import figure_size, text_size
from .labels import shorten

_MOST = 5
_LETTERS, _TITLE_LETTERS = 16, 40


def filmstrip(payload: dict) -> bytes:
    """The whole run of one sample as a PNG: states, gates, readout and outputs over time, as heat maps.

    Example:
        >>> filmstrip(record(rnn, x))[:4]
        b'\\x89PNG'

    Args:
        payload: what `record` returned.
    """
    out = io.BytesIO()
    still(payload).savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def still(payload: dict):
    """The figure of `filmstrip`: it grows with the `font.size` of the user's settings, as other plots do.

    Args:
        payload: what `record` returned.

    Returns:
        A matplotlib figure with one strip a value.
    """
    from matplotlib.figure import Figure

    numbers = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    shown = _chosen(payload["values"])
    # Higher than a plot may be: each strip needs room for the three numbers of its scale.
    size = figure_size((8, 1))[0], text_size(0.075 + 0.075 * max(1, len(shown)))
    figure = Figure(figsize=size, dpi=100, facecolor="white", layout="constrained")
    title = _title({**payload, "title": shorten(payload["title"], _TITLE_LETTERS)})
    figure.suptitle(title, fontsize=text_size(1.1), color=palette.INK, parse_math=False)
    if shown:
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for ax, value in zip(axes, shown, strict=True):
            _draw(figure, ax, value, _frames(value, numbers, payload))
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        axes[-1].set_xlabel("timestep", fontsize=text_size(), color=palette.INK)
    return figure


def describe(payload: dict) -> str:
    """The picture in words, for those who do not see it."""
    names = ", ".join(value["name"] for value in _chosen(payload["values"]))
    return f"{_title(payload)}: {names} over {payload['steps']} timesteps, as heat maps"


def _title(payload):
    return f"{payload['title']}, sample {payload['samples'][payload['first']]}"


def _chosen(values):
    roles = ("state", "output", "readout", "input")
    chosen = [value for role in roles for value in values if value["role"] == role and not value["fixed"]]
    # An output is often a gate too, and the same as the layer's that computed it: it is drawn once.
    drawn, gates = {_origin(value, values) for value in chosen}, []
    for gate in [value for value in values if value["gate"]]:
        origin = _origin(gate, values)
        if origin not in drawn:
            drawn.add(origin)
            gates.append(gate)
    return [*chosen[:2], *gates[:3], *chosen[2:]][:_MOST]


def _origin(value, values):
    """The place, or the name where it was cut away, of the value that this one repeats; else its own."""
    place = next(i for i, other in enumerate(values) if other is value)
    while values[place]["law"]["law"] == "same" and values[place]["law"]["of"]:
        source = values[place]["law"]["of"][0]
        if "v" not in source:
            return source.get("name", place)
        place = source["v"]
    return place


def _frames(value, numbers, payload):
    units, frames = value["rows"] * value["columns"], value["frames"]
    start = value["start"] + payload["first"] * frames * units
    table = numbers[start : start + frames * units].reshape(frames, units)
    later = value["lag"] + (value["role"] == "state")
    return table[later : later + payload["steps"], :128].T


def _draw(figure, ax, value, table):
    limits = (0, 1) if value["gate"] else palette.symmetric_limits(table)
    colours = palette.GATE if value["gate"] else palette.SIGNED
    shown = np.ma.masked_invalid(table)
    picture = ax.imshow(
        shown, aspect="auto", cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest"
    )
    ax.set_facecolor("#FF00E5")
    ax.grid(False)  # whatever the reader's settings say: lines would cross the strips
    ax.set_yticks([])
    ax.tick_params(labelsize=text_size(0.875))
    look = {"rotation": 0, "ha": "right", "va": "center", "parse_math": False}
    ax.set_ylabel(_short(value["name"]), fontsize=text_size(), color=palette.INK, **look)
    _scale(figure.colorbar(picture, ax=ax, pad=0.01, aspect=8).ax, limits)


def _scale(ax, limits):
    # Its ends and its middle, within its height: no number touches one of the next strip.
    low, high = limits
    middle = (low + high) / 2
    ax.set_yticks([low, middle, high], [f"{number:.2g}" for number in (low, middle, high)])
    ax.tick_params(labelsize=text_size(0.875))
    for label, place in zip(ax.get_yticklabels(), ("bottom", "center", "top"), strict=True):
        label.set_verticalalignment(place)


def _short(name):
    """A name on at most two lines, broken where a word of it ends; of a long one the end is kept."""
    text = "".join(c if c.isprintable() else " " for c in name)
    lines = [""]
    for piece in re.findall(r"[^/_ ]*[/_ ]|[^/_ ]+", text):
        if lines[-1] and len(lines[-1]) + len(piece) > _LETTERS:
            lines.append("")
        lines[-1] += piece
    cut = "…" if len(lines) > 2 else ""
    lines = [line if len(line) <= _LETTERS else line[: _LETTERS - 1] + "…" for line in lines[-2:]]
    return cut + "\n".join(line.rstrip(" ") for line in lines)
