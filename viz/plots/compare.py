"""`compare`: the same value of two runs, their difference, and where they diverge."""

from dataclasses import dataclass, field

import numpy as np

from rshop import Trace
from rshop.errors import message, told
from viz.plots import parting
from viz.plots.heatmap import mark_masked
from viz.plots.series import Series, series
from viz.plots.units_over_time import draw_units
from viz.style import colour_matrix, palette, plot_axes, ticks
from viz.style.colour_matrix import Scale
from viz.style.encodable_text import is_text


@dataclass(eq=False)
class Comparison:
    """The difference of two runs.

    Example:
        >>> viz.compare(before, after, "h")
        Comparison of h: first differ at timestep 3, by at most 0.52

    Attributes:
        name: what was compared.
        difference: the first minus the second, `(units, time)`, of the drawn sample.
        first_divergence: the first timestep at which they differ, -1 for the start, None for never.
        limits: the two ends of the shared colours.
        axes: the matplotlib axes: first, second, difference; none where nothing was drawn.
        first: the timestep of the first column of the difference, -1 for the start.
    """

    name: str
    difference: np.ndarray
    first_divergence: int | None
    limits: tuple[float, float]
    axes: list = field(default_factory=list)
    first: int = 0

    @property
    def largest(self) -> float:
        """The largest finite difference."""
        size = np.abs(self.difference)
        return float(size[np.isfinite(size)].max(initial=0.0))

    def text(self) -> str:
        """The divergence in words."""
        if self.first_divergence is None:
            return "the same at every timestep"
        words = [f"by at most {self.largest:.3g}"] if self.largest else []
        odd = {"NaN in one run only": np.isnan, "infinitely far apart": np.isinf}
        for what, is_odd in odd.items():
            columns = np.flatnonzero(is_odd(self.difference).any(axis=0))
            words += [f"{what} from {_when(self.first + columns[0])}"] if len(columns) else []
        return ", ".join([f"first differ at {_when(self.first_divergence)}", *words])

    def __repr__(self):
        return f"Comparison of {self.name}: {self.text()}"


def compare(
    trace_a: Trace,
    trace_b: Trace,
    name: str,
    *,
    sample: int = 0,
    labels=("first", "second"),
    tolerance=parting.TOLERANCE,
    ax=None,
) -> Comparison:
    """One value of two runs in the same colours, their difference, and a line where they diverge.

    For teacher-forced against free-running, an LSTM against a GRU, before against after training,
    or the two futures of `viz.intervene`.

    Example:
        >>> both = viz.intervene(rnn, x, at=3, states={"h": 0.0})
        >>> viz.compare(both.original, both.edited, "h", labels=("original", "edited"))
        Comparison of h: first differ at timestep 3, by at most 0.52

    Args:
        trace_a, trace_b: two traces with as many timesteps and units.
        name: the name of a value or state in both.
        sample: which sample of the batch.
        labels: the names of the two runs.
        tolerance: numbers that are nearer than this are the same; NaN is the same as NaN.
        ax: three matplotlib axes (first, second, difference); False draws nothing.

    Returns:
        A `Comparison` with `.difference`, `.first_divergence`, `.limits` and `.axes`.

    Raises:
        TypeError: not traces.
        ValueError: no such name or sample, different shapes, not two labels, or no tolerance.
    """
    pair = [series(trace, name) for trace in (trace_a, trace_b)]
    first, second = (found.units(sample).T for found in pair)
    _check_shapes(pair, first, second)
    _check_looks(labels, tolerance)
    parted = np.flatnonzero(~parting.near(first, second, tolerance).all(axis=0))
    scale = Scale.of(first, second)
    result = Comparison(
        pair[0].name,
        parting.difference(first, second),
        int(pair[0].times[parted[0]]) if len(parted) else None,
        (scale.low, scale.high),
        first=pair[0].first,
    )
    if ax is not False:
        result.axes = plot_axes.axes(ax, size=(7.6, 6.2), count=3, sharex=True)
        for axis, found, matrix, label in zip(result.axes[:2], pair, (first, second), labels, strict=True):
            note = _panel(axis, found, matrix, scale=scale, sample=sample, bar=False)
            # The value and the sample are those of all three: they are said once.
            whole = f"{found.said} of sample {sample}: {label}" if axis is result.axes[0] else f"{label}"
            plot_axes.title(axis, whole, note)
        if len(first) > 1:
            both = result.axes[:2]
            colour_matrix.scale_bar(both[0].images[0], [first, second], scale, both)
        _difference(result, pair[0], sample, labels)
    return result


def _when(t):
    return "the start" if t < 0 else f"timestep {t}"


def _panel(ax, found: Series, matrix, *, scale, sample, bar):
    limits = (scale.low, scale.high)
    draw_units(ax, found, matrix, scale, bar=bar, limits=limits)
    ticks.time_axis(ax, found.first, label="")
    return colour_matrix.note(matrix, scale) + mark_masked(ax, found, sample)


def _difference(result, found, sample, labels):
    ax, scale = result.axes[2], Scale(palette.SIGNED, *palette.symmetric_limits(result.difference))
    note = _panel(ax, found, result.difference, scale=scale, sample=sample, bar=True)
    if result.first_divergence is None and ax.images:
        # No colour but one is there. (Without the bar the timesteps would not stand below those above.)
        ax.images[0].colorbar.set_ticks([0.0])
    ticks.time_axis(ax, found.first)
    plot_axes.title(ax, f"{labels[0]} − {labels[1]}", f"{result.text()}; {note}")
    if result.first_divergence is not None:
        for axis in result.axes:
            axis.axvline(
                result.first_divergence - 0.5, color=palette.INK, linewidth=1.6, linestyle="--", zorder=4
            )


def _check_shapes(pair, first, second):
    if first.shape == second.shape and pair[0].first == pair[1].first:
        return
    raise ValueError(
        message(
            "The two runs cannot be compared number by number.",
            received=f"{pair[0].name!r} of (units, timesteps) {first.shape} and {second.shape}",
            expected="as many units and timesteps in both",
            fix="compare a value of the same size, or draw each with viz.heatmap",
        )
    )


def _check_looks(labels, tolerance):
    listed = list(labels) if isinstance(labels, (tuple, list)) else []
    if len(listed) != 2 or not all(map(is_text, listed)):
        raise ValueError(
            message(
                "Two runs have two labels.",
                received=f"labels={told(labels)}",
                expected="two texts: (for the first run, for the second)",
                fix="labels=('before', 'after')",
            )
        )
    number = isinstance(tolerance, (int, float, np.number)) and not isinstance(tolerance, bool)
    if not number or not tolerance >= 0:
        raise ValueError(
            message(
                "This is no tolerance.",
                received=f"tolerance={told(tolerance)}",
                expected="a number, 0 or above",
                fix="tolerance=1e-5",
            )
        )
