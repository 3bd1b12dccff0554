"""`heatmap`: one value of a trace, all units over all timesteps."""

from rshop import Trace
from viz.plots.series import Series, series
from viz.plots.units_over_time import draw_units
from viz.style import colour_matrix, palette, plot_axes, ticks
from viz.style.colour_matrix import Scale


def heatmap(trace: Trace, name: str, *, sample: int = 0, limits=None, ax=None):
    """All units of one value over time, as colours: time to the right, one row for each unit.

    Values within 0 and 1 (gates, probabilities) are drawn from 0 to 1, all others with zero in the
    middle: blue below, red above. NaN (x), infinity (triangles) and values beyond `limits` (circles)
    are marked and counted, and the range is printed. A value of a single unit is a line.

    Example:
        The forget gate of an LSTM of 4 units over 7 timesteps::

            >>> ax = viz.heatmap(rshop.trace(rnn, x), "forget_gate")
            >>> ax.images[0].get_array().shape
            (4, 7)

    Args:
        trace: what `rshop.trace` returned.
        name: the name of a state (which begins with its start), of an inner value, `outputs`,
            `inputs` or `readout`. Values of shape `(batch, time, height, width)` are laid out flat.
        sample: which sample of the batch.
        limits: the numbers at the two ends of the colours; the default shows every number.
        ax: matplotlib axes to draw on.

    Returns:
        The axes.

    Raises:
        TypeError: not a trace.
        ValueError: no such name or sample, or nothing to draw.
    """
    found = series(trace, name, states_first=True)
    matrix = found.units(sample).T
    scale = Scale.of(matrix, limits=limits)
    ax = plot_axes.axes(ax)
    draw_units(ax, found, matrix, scale, limits=limits)
    note = colour_matrix.note(matrix, scale) + mark_masked(ax, found, sample)
    ticks.time_axis(ax, found.first)
    plot_axes.title(ax, f"{found.said}, sample {sample}", note)
    return ax


def mark_masked(ax, found: Series, sample: int) -> str:
    """Hatch the masked timesteps; returns the words about them for the note."""
    if found.mask is None or found.mask[sample].all():
        return ""
    for t in (~found.mask[sample]).nonzero()[0]:
        ax.axvspan(t - 0.5, t + 0.5, facecolor="none", edgecolor=palette.QUIET, hatch="////", linewidth=0)
    return "; hatched: masked"
