"""One strip of the still picture: a value over time as colours, with its name and its scale."""

import re

import numpy as np

from viz.inspector.page.still_choice import Strip
from viz.style import palette, plot_axes
from viz.style.labels import clean, told_apart
from viz.style.plot_axes import text_size

_LETTERS = 16


def draw(ax, strip: Strip, name: str):
    """Draw the numbers of a value, with its name at the left and its scale at the right.

    Args:
        ax: where.
        strip: the numbers, their scale and its colours.
        name: what `names` made of its names.
    """
    import matplotlib

    scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(*strip.limits), strip.colours)
    colours = scale.to_rgba(strip.table)
    colours[np.isnan(strip.table)] = matplotlib.colors.to_rgba(palette.NAN)
    colours[np.isinf(strip.table)] = matplotlib.colors.to_rgba(palette.INFINITE)
    ax.imshow(colours, aspect="auto", interpolation="nearest")
    ax.grid(False)  # whatever the reader's settings say: lines would cross the strips
    ax.set_yticks([])
    ax.tick_params(labelsize=text_size(0.875))
    look = {"rotation": 0, "ha": "right", "va": "center"}
    ax.set_ylabel(plot_axes.printable(name), fontsize=text_size(), color=palette.INK, **look)
    _scale(ax.figure.colorbar(scale, ax=ax, pad=0.01, aspect=8).ax, strip)


def write_numbers(ax, strip: Strip):
    """Write each number of a strip into its cell, light on dark colours; of compared ones `=` or `≠`."""
    colours = np.asarray(ax.images[0].get_array())[..., :3]
    bright = colours @ np.array([0.299, 0.587, 0.114]) > 0.55
    look = {"ha": "center", "va": "center", "fontsize": text_size(0.75), "clip_on": True}
    for (unit, t), number in np.ndenumerate(strip.table):
        ink = palette.INK if bright[unit, t] else palette.PAPER
        ax.text(t, unit, plot_axes.printable(_written(strip, number)), color=ink, **look)


def veil(ax, mask):
    """Grey and hatch the masked timesteps; `mask` is `(time,)`, or None."""
    for t in [] if mask is None else np.flatnonzero(~mask):
        ax.axvspan(t - 0.5, t + 0.5, facecolor=palette.VEIL, alpha=0.75, linewidth=0)
        ax.axvspan(t - 0.5, t + 0.5, facecolor="none", edgecolor=palette.QUIET, hatch="////", linewidth=0)


def names(several: list[list[str]]) -> list[str]:
    """A label for each strip: the name of its value on at most two lines, long ones cut so that no two read
    the same, and under it the names of equal values.

    Example:
        >>> names([["h", "output"], ["c"]])
        ['h\\n= output', 'c']
    """
    first = [names[0] for names in several]
    texts = [_broken(told_apart(name, first, _fits)) for name in first]
    same = [[f"= {told_apart(name, [], _fits_a_line)}" for name in names[1:3]] for names in several]
    return ["\n".join([text, *rest]) for text, rest in zip(texts, same, strict=True)]


def _written(strip, number):
    if strip.compared:
        return "\u2260" if number else "="
    whole = strip.whole and np.isfinite(number)
    return (f"{number:.0f}" if whole else f"{number:.2g}").replace("-", "\u2212")


def _scale(ax, strip):
    # Ticks at the ends and the middle, within the height of the strip: no number touches the next strip's.
    low, high = strip.limits
    ticks = {number: f"{number:.2g}" for number in (low, (low + high) / 2, high)}
    if strip.compared:
        ax.set_ylim(0, high)
        ticks = {0: "equal", high: "differs"}
    elif strip.whole:
        ticks = {number: _written(strip, number) for number in strip.limits}
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.tick_params(labelsize=text_size(0.875))
    places = ("bottom", "center", "top") if len(ticks) == 3 else ("bottom", "top")
    for label, place in zip(ax.get_yticklabels(), places, strict=True):
        label.set_verticalalignment(place)


def _fits_a_line(text):
    return len(text) <= _LETTERS - 2


def _fits(text):
    lines = _broken(text).split("\n")
    return len(lines) <= 2 and all(len(line.strip("…")) <= _LETTERS for line in lines)


def _broken(name):
    """A name on several lines, broken where a word of it ends."""
    lines = [""]
    for piece in re.findall(r"[^/_ ]*[/_ ]|[^/_ ]+", clean(name)):
        if lines[-1].strip("…") and len((lines[-1] + piece).strip("…")) > _LETTERS:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip(" ") for line in lines)
