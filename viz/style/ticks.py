"""Tick labels: timesteps, whole numbers, texts, plain numbers."""

import numpy as np

from rshop.errors import message, told
from viz.style.encodable_text import is_text, visible
from viz.style.plot_axes import counted, length, printable, short, text_size
from viz.style.readable import colour_bar
from viz.style.text_width import width

# The most letters of a tick label, for each axis.
_LONGEST = {"x": 14, "y": 20}
# The width of matplotlib's letters, relative to Helvetica.
_WIDER = 1.15


def time_axis(ax, first: int = 0, label: str = "timestep"):
    """Time-axis tick labels: whole numbers, and `start` for the state before timestep 0."""
    _times(ax.xaxis, first, lambda: ax.bbox.width, 2.6)
    ax.set_xlabel(label)


def time_bar(points, first: int = 0):
    """A colour bar of timesteps beside the axes, with the tick labels of a time axis."""
    bar = colour_bar(points, label="timestep")
    _times(bar.ax.yaxis, first, lambda: bar.ax.bbox.height, 1.3)
    return bar


def _times(axis, first, pixels, gap):
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    class Times(MaxNLocator):
        def __call__(self):
            ticks = super().__call__()
            if first >= 0:
                return ticks
            # `start` is wider than a number: a timestep that it would touch has no tick.
            low, high = self.axis.get_view_interval()
            a_step = pixels() / axis.axes.figure.dpi * 72 / (high - low)
            return [-1, *[t for t in ticks if 0 <= t <= high and (t + 1) * a_step > text_size(gap)]]

    axis.set_major_locator(Times("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(lambda t, _: "start" if t == -1 else f"{t:g}"))


def whole_numbers(axis):
    """Put ticks at whole numbers only, as many as fit."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def check_texts(texts, count: int, what: str) -> list[str]:
    """The texts as a list, one for each of `count` ticks.

    Raises:
        TypeError: no texts.
        ValueError: another number of them.
    """
    try:
        listed = list(texts)
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        listed = [None]
    if not all(map(is_text, listed)):
        raise TypeError(
            message(
                f"`{what}` is no list of texts.",
                received=f"{what}={told(texts)}",
                expected=f"a list of {count} texts",
                fix=f"give {what}=[...], or leave {what} out",
            )
        )
    texts = [visible(text) for text in listed]
    if len(texts) != count:
        raise ValueError(
            message(
                f"`{what}` does not have one text for each.",
                received=counted(len(texts), "text"),
                expected=f"{count}",
                fix=f"give {what}=[...] of {counted(count, 'text')}",
            )
        )
    return texts


def name_ticks(axis, texts: list[str]):
    """Label ticks with texts, as many as fit: long ones cut, slanted where they would touch."""
    side, room = axis.axis_name, length(axis.axes, axis.axis_name)
    widest = max((width(printable(text)[: _LONGEST[side]], text_size(_WIDER)) for text in texts), default=0)
    # The distance between two texts: one line where they are slanted or stacked, else their width.
    level, line = widest + text_size(0.4), text_size(1.5)
    slanted = side == "x" and level * len(texts) > room and level > line
    pitch = level if side == "x" and not slanted else line
    shown = range(0, len(texts), max(1, int(-(-len(texts) * pitch // room))))
    seen = {texts[i] for i in shown}
    axis.set_ticks(list(shown), [short(texts[i], _LONGEST[side], seen) for i in shown])
    if slanted:
        axis.set_tick_params(rotation=60)


def plain_numbers(axis):
    """Label ticks with plain numbers, where matplotlib would write a common exponent above the axis."""
    from matplotlib.ticker import ScalarFormatter

    class Plain(ScalarFormatter):
        def __call__(self, value, place=None):
            return self.fix_minus(f"{value:g}") if super().get_offset() else super().__call__(value, place)

        def get_offset(self):
            return ""

    axis.set_major_formatter(Plain(useOffset=False))


def plain_log(axis):
    """Label a log scale with plain numbers, and not too many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
