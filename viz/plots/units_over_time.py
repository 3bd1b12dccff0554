"""The units of a value over time: a line for a single number, colours for several."""

import numpy as np

from viz.plots.series import Series
from viz.style import colour_matrix, palette, plot_axes, ticks
from viz.style.colour_matrix import Scale


def draw_units(ax, found: Series, matrix, scale: Scale, *, bar: bool = True, limits=None):
    """Draw `(units, time)` numbers: one row as a line, several as colours.

    Args:
        ax: matplotlib axes.
        found: the value that they are of.
        matrix: the numbers.
        scale: the colours.
        bar: whether there is a colour bar beside the colours.
        limits: the lower and upper end for a line, None for those of its numbers.
    """
    if len(matrix) > 1:
        colour_matrix.paint(ax, matrix, scale, first=found.first, bar=bar)
        label_units(ax, found)
        return
    _draw_line(ax, found, matrix[0], limits)
    ax.set_ylabel(plot_axes.short(found.said, max(8, plot_axes.letters_across(ax, side="y"))))


def label_units(ax, found: Series):
    """Label the axis of the units, with their shape in the step."""
    ticks.whole_numbers(ax.yaxis)
    shape = found.shape_text()
    ax.set_ylabel(f"unit\n({shape})" if shape else "unit")


def _draw_line(ax, found, values, limits):
    few = len(values) <= 60
    look = {"marker": "o" if few else None, "markersize": 4, "linewidth": 1.8, "color": palette.LINES[0]}
    ax.plot(found.times, np.where(np.isfinite(values), values, np.nan), **look)
    low, high = limits or (None, None)
    if limits:
        beyond = 0.05 * (high - low)
        ax.set_ylim(low - beyond, high + beyond)
    # What no line can show is marked at its lower end.
    for (_, cells), marker in zip(colour_matrix.odd_cells(values[None]).items(), "x^vo", strict=True):
        at = found.first + cells[:, 1], np.full(len(cells), 0.03)
        ax.scatter(*at, marker=marker, color=palette.EITHER, transform=ax.get_xaxis_transform(), zorder=3)
    ax.set_xlim(found.times[0] - 0.5, found.times[-1] + 0.5)
    ticks.plain_numbers(ax.yaxis)
    plot_axes.grid(ax)
    plot_axes.quiet(ax)
