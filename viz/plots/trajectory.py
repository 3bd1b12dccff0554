"""`trajectory`: the path of a state in the two directions in which it varies most."""

import numpy as np

from rshop import Trace
from viz.plots.label_place import beside
from viz.plots.projection import Projection
from viz.plots.series import check_sample, series
from viz.style import palette, plot_axes, ticks
from viz.style.colour_matrix import range_text

_MOST_NUMBERS = 8
# The margin around a path with numbers, as a part of the size of the axes.
_MARGIN = 0.12
# Longer paths are drawn finer, down to what can still be seen.
_LONG, _FINEST = 60, 0.2
_STYLES = ("-", "--", ":", "-.")


def trajectory(trace: Trace, name: str, *, sample: int | None = None, ax=None):
    """The path of a state over time, seen in its two principal components.

    One line a sample, a ring where it starts, a square where it ends; the points are coloured by
    timestep, and of one path some are numbered. Both axes have the same unit, so distances are those
    between the states, as far as two directions show them: the axes say how much of the variance that is.

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
    ax = plot_axes.axes(ax, size=(6.4, 5.2))
    lines, points = zip(*[_draw_path(ax, project(values[i]), found.times, i) for i in chosen], strict=True)
    _label(ax, found, project, chosen)
    ticks.time_bar(points[-1], found.first)
    if len(chosen) == 1:
        # Numbers come last: their places depend on the size of the axes.
        _number(ax, project(values[chosen[0]]), found.times)
    elif len(chosen) <= _most_lines():
        plot_axes.legend_below(ax, handles=list(lines))
    return ax


def label_components(ax, project: Projection):
    """Label the axes of two principal components with their shares of the variance, and scale both alike."""
    for axis, number, share in zip((ax.xaxis, ax.yaxis), (1, 2), project.shares, strict=True):
        axis.set_label_text(f"component {number} ({100 * share:.0f} % of the variance)")
        ticks.plain_numbers(axis)
    ax.set_aspect("equal", adjustable="datalim")


def _most_lines():
    return len(palette.LINES) * len(_STYLES)


def _draw_path(ax, path, times, sample):
    round_, place = divmod(sample, len(palette.LINES))
    fine = max(_FINEST, min(1.0, (_LONG / len(times)) ** 0.5))
    look = {"color": palette.LINES[place], "linestyle": _STYLES[round_ % len(_STYLES)]}
    (line,) = ax.plot(*path.T, linewidth=1.2 * fine, alpha=0.7, label=f"sample {sample}", zorder=2, **look)
    # A single point has a colour of its own too.
    wide = 0.5 if len(times) == 1 else 0
    limits = {"vmin": times[0] - wide, "vmax": times[-1] + wide}
    points = ax.scatter(*path.T, c=times, cmap=palette.GATE, s=16 * fine, zorder=3, linewidths=0, **limits)
    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    for ends, marker in ((seen[:1], "o"), (seen[-1:], "s")):
        ax.scatter(
            *path[ends].T,
            s=90,
            marker=marker,
            facecolors="none",
            edgecolors=palette.EITHER,
            linewidths=1.4,
            zorder=4,
        )
    return line, points


def _number(ax, path, times):
    from matplotlib.patheffects import withStroke

    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    if not len(seen):
        return
    ax.margins(_MARGIN)
    at, letter = path * _scale(ax, path[seen]), plot_axes.text_size(0.875)
    # The ring and the square, 10 points wide, and then each number that stands there already.
    taken = [(*(at[end] - 6), *(at[end] + 6)) for end in seen[[0, -1]]]
    look = {"fontsize": letter, "color": palette.INK, "textcoords": "offset points", "zorder": 5}
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for i in range(0, len(times), -(-len(times) // _MOST_NUMBERS)):
        if i in seen:
            text = "start" if times[i] < 0 else f"{times[i]}"
            size = np.array([0.62 * letter * len(text), letter])
            offset = np.array(beside(at, i, size, taken))
            taken.append((*(at[i] + offset - size / 2), *(at[i] + offset + size / 2)))
            ax.annotate(text, path[i], offset, ha="center", va="center", path_effects=halo, **look)


def _scale(ax, path):
    # Points for one unit of the path, equal on both axes; the layout is not solved yet.
    spans = np.ptp(path, axis=0) * (1 + 2 * _MARGIN)
    sides = [plot_axes.length(ax, side) for side in "xy"]
    scales = [side / span for side, span in zip(sides, spans, strict=True) if span > 0]
    return min(scales, default=1.0)


def _label(ax, found, project, chosen):
    values = found.values.reshape(*found.values.shape[:2], -1)[list(chosen)]
    lost = int((~np.isfinite(values).all(axis=-1)).sum())
    note = f"ring: start, square: end, {range_text(values.reshape(-1, 1))}"
    note += f", {plot_axes.counted(lost, 'point')} left out" if lost else ""
    note += f"; lines repeat after {_most_lines()} samples" if len(chosen) > _most_lines() else ""
    who = f"sample {chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} samples"
    plot_axes.title(ax, f"Path of {found.said}, {who}", note)
    label_components(ax, project)
    plot_axes.grid(ax)
    plot_axes.quiet(ax)
