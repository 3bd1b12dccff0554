"""Axes, titles, legends and printable text for all plots."""

import re

import numpy as np

from rshop.errors import message, told
from viz.style import palette
from viz.style.labels import told_apart
from viz.style.readable import keep_ticks, readable, text_colour

_WIDEST, _TALLEST = 12.0, 7.0


def text_size(part: float = 1.0) -> float:
    """A text size in points, relative to the `font.size` of the user's settings.

    Example:
        >>> plt.rc("font", size=16)
        >>> text_size(1.1)
        17.6
    """
    import matplotlib

    return part * matplotlib.rcParams["font.size"]


def figure_size(size) -> tuple[float, float]:
    """Width and height in inches, given those at a font size of 10 points: a figure grows with its text.

    Example:
        >>> figure_size((7.0, 3.0))  # with letters of 16 points
        (11.2, 4.8)
    """
    pairs = zip(size, (_WIDEST, _TALLEST), strict=True)
    # No larger than a screen.
    width, height = (max(inches, min(text_size(inches / 10), most)) for inches, most in pairs)
    return width, height


def axes(ax, size=(7.2, 3.4), count: int = 1, **options):
    """The given axes, or those of a new figure; a list of them for `count` above one.

    Raises:
        ValueError: another number of axes than `count`.
    """
    if ax is None:
        options |= {"figsize": figure_size(size), "layout": "constrained", "squeeze": False}
        made = new_axes(count, **options)
        return made[0, 0] if count == 1 else list(made[:, 0])
    given = listed(ax)
    drawable = all(hasattr(one, "plot") for one in given)
    if len(given) != count or not drawable:
        raise ValueError(
            message(
                "This picture does not fit these axes.",
                received=f"{len(given)} axes" if drawable else f"ax={told(ax)}",
                expected=f"ax=None, or {count} axes",
                fix="leave ax out" if count == 1 else f"figure, ax = plt.subplots({count})",
            )
        )
    return given[0] if count == 1 else given


def new_axes(rows: int = 1, columns: int = 1, **options):
    """The axes of a new figure, an array `(rows, columns)`; they read on light and on dark pages."""
    import matplotlib.pyplot as plt

    with readable():
        _, made = plt.subplots(rows, columns, **options)
        for ax in np.ravel(made):
            keep_ticks(ax)
    return made


def grid(ax):
    """Thin lines behind the numbers."""
    ax.grid(color=palette.EITHER, alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)


def listed(ax) -> list:
    """One axes, or a list, tuple or array of them, as a list."""
    several = isinstance(ax, (list, tuple, np.ndarray))
    return list(np.ravel(np.asarray(ax, dtype=object))) if several else [ax]


def title(ax, text: str, note: str = ""):
    """A title at the left, and under it, smaller, a note about the numbers."""
    for old in [t for t in ax.texts if t.get_gid() == "note"]:
        old.remove()
    # Both are wrapped to the width of the axes, and must not move them.
    above = wrapped(printable(text), max(16, letters_across(ax, 1.25)))
    lines = wrapped(printable(note), max(24, letters_across(ax, 0.8)))
    look = {"loc": "left", "fontsize": text_size(1.1), "fontweight": "bold"}
    ax.set_title("\n".join(above), pad=text_size(0.7 + 1.3 * len(lines)), **look)
    if note:
        ax.annotate(
            "\n".join(lines),
            (0, 1),
            (0, text_size(0.5)),
            xycoords="axes fraction",
            textcoords="offset points",
            va="bottom",
            fontsize=text_size(0.9),
            color=palette.EITHER,
            gid="note",
            in_layout=False,
        )


def wrapped(text: str, most: int) -> list[str]:
    """The text in lines of at most so many letters; a long name breaks between its words.

    Example:
        >>> wrapped("decoder/update_gate, sample 0", 14)
        ['decoder/', 'update_gate,', 'sample 0']
    """
    lines = [""]
    for piece in re.findall(r"[^\s/_]*[/_]+|[^\s/_]+\s*|\s+", text):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


def length(ax, side: str) -> float:
    """The width (`"x"`) or height (`"y"`) of the axes in points, before the layout moves them."""
    figure, place = ax.figure, ax.get_position()
    inches = figure.get_figwidth() * place.width if side == "x" else figure.get_figheight() * place.height
    return 72 * inches


def letters_across(ax, part: float = 1.0, side: str = "x") -> int:
    """About how many letters of this size fit along the width (or height) of the axes."""
    return int(length(ax, side) / text_size(0.55 * part))


def short(text: str, most: int, others=()) -> str:
    """The text, printable, in at most `most` letters, and distinct from each of the others.

    Example:
        >>> short("decoder/update_gate", 14), short("first", 14)
        ('…/update_gate', 'first')
    """

    def fits(piece):
        return len(printable(piece)) <= most

    return printable(text if fits(text) else told_apart(text, others, fits))


def counted(count: int, what: str) -> str:
    """A count with its noun: `1 timestep`, `2 timesteps`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def note_of(ax) -> str:
    """The note under the title of these axes."""
    return " ".join(" ".join(t.get_text().split("\n")) for t in ax.texts if t.get_gid() == "note")


def legend_below(ax, **options):
    """A legend below the label of the x axis, where it covers no number, in as many columns as fit."""
    import matplotlib
    from matplotlib.transforms import ScaledTranslation

    handles = options.pop("handles", None) or ax.get_legend_handles_labels()[0]
    longest = max(len(str(handle.get_label())) for handle in handles)
    # It may extend below the tick labels at the left of the axes.
    columns = max(1, int(1.2 * letters_across(ax, 0.875) / (longest + 6)))
    ticks = matplotlib.rcParams["xtick.major.size"] + matplotlib.rcParams["xtick.major.pad"]
    down = ScaledTranslation(0, -(ticks + text_size(2.3)) / 72, ax.figure.dpi_scale_trans)
    look = {"fontsize": text_size(0.875), "title_fontsize": text_size(0.875), "frameon": False}
    look["labelcolor"] = text_colour()
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": ax.transAxes + down}
    made = ax.legend(handles=handles, ncols=min(columns, len(handles)), **look, **place, **options)
    made.get_title().set_color(text_colour())


def label_lines(ax):
    """The name of each line beside its last number, where it covers nothing."""
    for old in [t for t in ax.texts if t.get_gid() == "line"]:
        old.remove()
    named = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    ends = {line: _end(ax, line) for line in named}
    gap, level = text_size(1.15) / length(ax, "y"), -np.inf
    for line in sorted((line for line in named if ends[line] is not None), key=ends.get):
        level = max(ends[line], level + gap)
        look = {"xycoords": "axes fraction", "va": "center", "fontsize": text_size(0.9), "gid": "line"}
        ax.annotate(line.get_label(), (1.02, level), color=line.get_color(), **look)


def _end(ax, line):
    # The height of a line's last number, as a part of that of the axes.
    points = np.array(line.get_xydata(), float)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return None
    return float(np.clip(ax.transAxes.inverted().transform(ax.transData.transform(points[-1]))[1], 0, 1))


def quiet(ax):
    """Remove the frame at the top and right, so that the numbers stand out."""
    ax.spines[["top", "right"]].set_visible(False)


def printable(text: str) -> str:
    """The text with characters that matplotlib's font lacks as codes, and without mathematics.

    Example:
        >>> printable("猫$x$")
        '\\\\u732b\\\\$x\\\\$'
    """
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    known = [c if c == "\n" or font.get_char_index(ord(c)) else ascii(c)[1:-1] for c in text]
    plain = "".join(known).replace("$", r"\$")
    # Matplotlib leaves a label that starts with an underscore out of a legend.
    return f" {plain}" if plain.startswith("_") else plain
