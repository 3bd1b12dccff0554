"""What the plots share: axes, titles, the axis of time, and text that can be drawn."""

import textwrap

import numpy as np

from rshop.errors import message

from . import palette

_MOST_LABELS = 60
_LETTERS_AN_INCH = 17


def axes(ax, size=(7.2, 3.4), count: int = 1, **options):
    """The given axes, or those of a new figure; a list of them for `count` above one.

    Raises:
        ValueError: another number of axes than `count`.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, made = plt.subplots(count, figsize=size, layout="constrained", squeeze=False, **options)
        return made[0, 0] if count == 1 else list(made[:, 0])
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != count:
        raise ValueError(
            message(
                "This picture does not fit these axes.",
                received=f"{len(given)} axes",
                expected=f"ax=None, or {count} axes",
                fix="leave ax out" if count == 1 else f"figure, ax = plt.subplots({count})",
            )
        )
    return given[0] if count == 1 else given


def title(ax, text: str, note: str = ""):
    """A title at the left, and under it, smaller, what has to be said about the numbers."""
    for old in [t for t in ax.texts if t.get_gid() == "note"]:
        old.remove()
    # What is under the title is broken to the width of the axes, and must not push them aside.
    width = ax.figure.get_figwidth() * ax.get_position().width
    lines = textwrap.wrap(printable(note), max(24, int(width * _LETTERS_AN_INCH)))
    pad = 7 + 13 * len(lines)
    ax.set_title(printable(text), loc="left", fontsize=11, fontweight="bold", pad=pad)
    if note:
        ax.annotate(
            "\n".join(lines),
            (0, 1),
            (0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            va="bottom",
            fontsize=9,
            color=palette.QUIET,
            gid="note",
            in_layout=False,
        )


def note_of(ax) -> str:
    """What stands under the title of these axes."""
    return " ".join(" ".join(t.get_text().split("\n")) for t in ax.texts if t.get_gid() == "note")


def time_axis(ax, first: int = 0, label: str = "timestep"):
    """Whole numbers along the time axis, and `start` for the state before timestep 0."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    if first < 0:
        low, high = ax.get_xlim()
        ticks = [t for t in ax.xaxis.get_major_locator()() if 0 <= t <= high]
        ax.set_xticks([-1, *ticks])
        ax.set_xlim(low, high)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda t, _: "start" if t == -1 else f"{t:g}"))
    ax.set_xlabel(label)


def whole_numbers(axis):
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def quiet(ax):
    """No frame at the top and right, so that the numbers stand out."""
    ax.spines[["top", "right"]].set_visible(False)


def printable(text: str) -> str:
    """The text with what matplotlib's font has no shape for written out, and no mathematics in it.

    Example:
        >>> printable("猫$x$")
        '\\\\u732b\\\\$x\\\\$'
    """
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    known = [c if c == "\n" or font.get_char_index(ord(c)) else ascii(c)[1:-1] for c in text]
    plain = "".join(known).replace("$", r"\$")
    # A label that starts with an underscore would be left out of a legend.
    return f" {plain}" if plain.startswith("_") else plain


def name_ticks(axis, texts, count: int, what: str):
    """A text at each of `count` ticks, slanted where they would touch.

    Raises:
        ValueError: another number of texts.
    """
    if len(texts) != count:
        raise ValueError(
            message(
                f"`{what}` does not have one text for each.",
                received=f"{len(texts)} texts",
                expected=f"{count}",
                fix=f"give {what}=[...] of {count} texts",
            )
        )
    shown = range(0, count, -(-count // _MOST_LABELS))
    axis.set_ticks(list(shown), [printable(str(texts[i])) for i in shown])
    if axis.axis_name == "x" and sum(len(str(texts[i])) + 1 for i in shown) > 40:
        axis.set_tick_params(rotation=60)


def plain_log(axis):
    """Ticks of a log scale as plain numbers, and not too many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
