"""The still picture of a run: what shows where no script runs, and in print."""

import base64
import io

import numpy as np

from . import palette

_MOST = 5


def filmstrip(payload: dict) -> bytes:
    """The whole run of one sample as a PNG: states, gates, readout and outputs over time, as heat maps.

    Example:
        >>> filmstrip(record(rnn, x))[:4]
        b'\\x89PNG'

    Args:
        payload: what `record` returned.
    """
    from matplotlib.figure import Figure

    numbers = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    shown = _chosen(payload["values"])
    figure = Figure(
        figsize=(8, 0.75 + 0.8 * max(1, len(shown))), dpi=100, facecolor="white", layout="constrained"
    )
    figure.suptitle(_title(payload), fontsize=10, color=palette.INK, parse_math=False)
    if shown:
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for ax, value in zip(axes, shown, strict=True):
            _draw(figure, ax, value, _frames(value, numbers, payload))
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        axes[-1].set_xlabel("timestep", fontsize=8, color=palette.INK)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def describe(payload: dict) -> str:
    """The picture in words, for those who do not see it."""
    names = ", ".join(value["name"] for value in _chosen(payload["values"]))
    return f"{_title(payload)}: {names} over {payload['steps']} timesteps, as heat maps"


def _title(payload):
    return f"{payload['title']}, sample {payload['samples'][payload['first']]}"


def _chosen(values):
    roles = ("state", "output", "readout", "input")
    chosen = [value for role in roles for value in values if value["role"] == role and not value["fixed"]]
    gates = [value for value in values if value["gate"]]
    return [*chosen[:2], *gates[:3], *chosen[2:]][:_MOST]


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
    ax.tick_params(labelsize=7)
    ax.set_ylabel(
        _short(value["name"]),
        rotation=0,
        ha="right",
        va="center",
        fontsize=8,
        color=palette.INK,
        parse_math=False,
    )
    figure.colorbar(picture, ax=ax, pad=0.01, aspect=8).ax.tick_params(labelsize=7)


def _short(name):
    text = "".join(c if c.isprintable() else " " for c in name)
    return text if len(text) <= 22 else text[:21] + "…"
