"""`trajectory`: the path of a state through the two directions in which it varies most."""

import numpy as np

from rshop import Trace

from . import canvas, palette
from .painting import range_text
from .projection import Projection
from .values import check_sample, series

_MOST_NUMBERS = 8


def trajectory(trace: Trace, name: str, *, sample: int | None = None, ax=None):
    """The path of a state over time, seen in its two principal components.

    One line a sample, a ring where it starts, a square where it ends; the points are coloured by
    timestep. Both axes have the same unit, so distances are those between the states, as far as two
    directions show them: the axes say how much of the variance that is.

    Example:
        >>> ax = viz.trajectory(rshop.trace(rnn, x), "h")  # x of shape (3, 20, 5): 3 paths
        >>> len(ax.lines)
        3

    Args:
        trace: what `rshop.trace` returned.
        name: a state (its start included), or any other value of the trace.
        sample: one sample of the batch; None draws all. The directions are those of all samples.
        ax: matplotlib axes to draw on.

    Returns:
        The axes; line `i` has the `(time, 2)` points of sample `i`.

    Raises:
        TypeError: not a trace.
        ValueError: no such name or sample, or nothing to draw.
    """
    found = series(trace, name, states_first=True)
    values = found.values.reshape(*found.values.shape[:2], -1)
    project = Projection.of(values.reshape(-1, values.shape[-1]))
    chosen = range(len(values)) if sample is None else [check_sample(sample, len(values))]
    ax = canvas.axes(ax, size=(6.4, 5.2))
    for i in chosen:
        points = _draw_path(ax, project(values[i]), found.times, i)
    if len(chosen) == 1:
        _number(ax, project(values[chosen[0]]), found.times)
    _label(ax, found, project, values[list(chosen)], chosen)
    ax.figure.colorbar(points, ax=ax, pad=0.02, label="timestep").outline.set_visible(False)
    return ax


def _draw_path(ax, path, times, sample):
    colour = palette.LINES[sample % len(palette.LINES)]
    ax.plot(*path.T, color=colour, linewidth=1.2, alpha=0.7, label=f"sample {sample}", zorder=2)
    limits = {"vmin": times[0], "vmax": max(times[-1], times[0] + 1)}
    points = ax.scatter(*path.T, c=times, cmap=palette.GATE, s=16, zorder=3, linewidths=0, **limits)
    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    for place, marker in ((seen[:1], "o"), (seen[-1:], "s")):
        ax.scatter(
            *path[place].T,
            s=90,
            marker=marker,
            facecolors="none",
            edgecolors=palette.INK,
            linewidths=1.4,
            zorder=4,
        )
    return points


def _number(ax, path, times):
    stride = -(-len(times) // _MOST_NUMBERS)
    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    # Where a path comes back to its start, the text of the lower end stands below: on no mark of the other.
    below = min(seen[[0, -1]], key=lambda i: path[i, 1]) if len(seen) else None
    look = {"fontsize": canvas.text_size(0.875), "color": palette.QUIET, "textcoords": "offset points"}
    for i in [i for i in range(0, len(times), stride) if i in seen]:
        text = "start" if times[i] < 0 else f"{times[i]}"
        offset, side = ((7, -8), "top") if i == below else ((7, 5), "baseline")
        ax.annotate(text, path[i], offset, va=side, **look)


def _label(ax, found, project, values, chosen):
    lost = int((~np.isfinite(values).all(axis=-1)).sum())
    note = f"ring: start, square: end, {range_text(values.reshape(-1, 1))}"
    note += f", {lost} points left out" if lost else ""
    who = f"sample {chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} samples"
    canvas.title(ax, f"{found.name}, {who}", note)
    for axis, number, share in zip((ax.xaxis, ax.yaxis), (1, 2), project.shares, strict=True):
        axis.set_label_text(f"component {number} ({100 * share:.0f} % of the variance)")
    ax.set_aspect("equal", adjustable="datalim")
    ax.grid(color="#E4E7EB", linewidth=0.6)
    ax.set_axisbelow(True)
    canvas.quiet(ax)
