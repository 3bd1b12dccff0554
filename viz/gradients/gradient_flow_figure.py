"""The result of `gradient_flow`: its numbers, and how they are drawn."""

from dataclasses import dataclass, field

import numpy as np

from viz.style import palette, plot_axes, ticks
from viz.style.colour_matrix import odd_cells, range_text
from viz.style.labels import check_label
from viz.style.readable import colour_bar


@dataclass(eq=False)
class GradientFlow:
    """Gradients through time.

    Example:
        >>> GradientFlow(np.tril(np.ones((3, 3))), "output", "h")
        GradientFlow of |d output_t / d h_s|, 3 timesteps: 1 at distance 1, 1 at distance 3

    Attributes:
        matrix: `(time, time)`; row `t`, column `s` is `|d L_t / d state_s|`.
        of, state: the names of what was differentiated, and by what.
        axes: the matplotlib axes that were drawn on, none where nothing was.
        note: a remark on `L_t`, else empty.
    """

    matrix: np.ndarray
    of: str
    state: str
    axes: list = field(default_factory=list)
    note: str = ""

    @property
    def distances(self) -> np.ndarray:
        """`1 ... T`: the number of timesteps that the gradient passed through."""
        return np.arange(1, len(self.matrix) + 1)

    @property
    def norms(self) -> np.ndarray:
        """The mean of the matrix at each distance, `(time,)`."""
        return np.array([np.diagonal(self.matrix, 1 - k).mean() for k in self.distances])

    def draw(self, ax=None, label: str | None = None) -> "GradientFlow":
        """Draw on new axes, on two, or the norm against distance on one; returns itself."""
        check_label(label)
        one = ax is not None and len(plot_axes.listed(ax)) == 1
        if one:
            self.axes = [plot_axes.axes(ax)]
        else:
            self.axes = _two(ax)
            self.draw_matrix(self.axes[0])
        self.draw_distance(self.axes[-1], label)
        return self

    def draw_matrix(self, ax):
        """The matrix: the loss at `t` down, the state at `s` to the right, colours on a log scale."""
        import matplotlib
        from matplotlib.colors import LogNorm

        seen = self.matrix[np.isfinite(self.matrix) & (self.matrix > 0)]
        low, high = (seen.min(), seen.max()) if seen.size else (0.1, 1.0)
        # Where all gradients are equal the scale still needs some width.
        norm = LogNorm(low, high) if high > 1.5 * low else LogNorm(low / 10, high * 10)
        colours = matplotlib.colormaps[palette.GATE].with_extremes(bad="white")
        shown = np.ma.masked_where(~np.isfinite(self.matrix) | (self.matrix == 0), self.matrix)
        image = ax.imshow(shown, cmap=colours, norm=norm)
        ax.grid(False)  # lines of a grid would read as values
        for (_, cells), marker in zip(odd_cells(self.matrix).items(), "x^v", strict=False):
            ax.scatter(cells[:, 1], cells[:, 0], marker=marker, color=palette.INK, s=18)
        zeros = "; white: exactly 0" if (self.matrix == 0).any() else ""
        what = f"|d {self.of}_t / d {self._state}_s|"
        note = self._with_note(f"{what}: {range_text(self.matrix)}{zeros}")
        plot_axes.title(ax, f"How far back the {self.of} reaches", note)
        ax.set(
            xlabel="state that timestep s starts from", ylabel=f"{plot_axes.printable(self.of)} of timestep t"
        )
        ticks.whole_numbers(ax.xaxis)
        ticks.whole_numbers(ax.yaxis)
        bar = colour_bar(image, label="norm (log scale)")
        ticks.plain_log(bar.ax.yaxis)
        plot_axes.quiet(ax)

    def draw_distance(self, ax, label: str | None = None):
        """The mean norm at each distance, on a log scale where it is not 0."""
        drawn = np.where((self.norms > 0) & np.isfinite(self.norms), self.norms, np.nan)
        colour = palette.LINES[len(ax.lines) % len(palette.LINES)]
        text = (
            None if label is None else plot_axes.printable(label + (" (largest output)" if self.note else ""))
        )
        ax.plot(self.distances, drawn, marker="o", markersize=3.5, linewidth=1.5, color=colour, label=text)
        ax.set_yscale("log")
        _mark(ax, self.norms, colour)
        _widen(ax)
        ticks.plain_log(ax.yaxis)
        zeros = int((self.norms == 0).sum())
        note = range_text(self.norms) + (f"; {zeros} exactly 0, not drawn" if zeros else "")
        several = len(ax.lines) > 1
        plot_axes.title(ax, "Mean gradient at each distance", "" if several else self._with_note(note))
        ax.set(xlabel="timesteps passed through, t - s + 1", ylabel="mean norm (log scale)")
        ticks.whole_numbers(ax.xaxis)
        plot_axes.grid(ax)
        plot_axes.quiet(ax)
        if several and ax.get_legend_handles_labels()[1]:
            plot_axes.label_lines(ax)

    @property
    def _state(self):
        return f"({self.state})" if "," in self.state else self.state

    def _with_note(self, text):
        return f"{text}; {self.note}" if self.note else text

    def __repr__(self):
        last = len(self.matrix)
        ends = f"{self.norms[0]:.3g} at distance 1, {self.norms[-1]:.3g} at distance {last}"
        what = f"|d {self.of}_t / d {self._state}_s|, {plot_axes.counted(last, 'timestep')}"
        return self._with_note(f"GradientFlow of {what}: {ends}")


def _two(ax):
    if ax is not None:
        return plot_axes.axes(ax, count=2)
    size = plot_axes.figure_size((10.5, 4.2))
    return list(plot_axes.new_axes(1, 2, figsize=size, layout="constrained", width_ratios=[1.1, 1]))


def _mark(ax, norms, colour):
    # Numbers that a log scale cannot show are marked at its lower end.
    distances = np.arange(1, len(norms) + 1)
    for (_, cells), marker in zip(odd_cells(norms[None]).items(), "x^v", strict=False):
        places = distances[cells[:, 1]], np.full(len(cells), 0.03)
        ax.scatter(*places, marker=marker, color=colour, s=24, transform=ax.get_xaxis_transform())
    # Distances that have nothing but marks are on the axis too.
    ax.dataLim.update_from_data_x(distances, ignore=False)
    ax.autoscale_view(scaley=False)


def _widen(ax):
    # A level line on a log scale would fill the axis with its own rounding.
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in ax.lines])
    values = values[np.isfinite(values) & (values > 0)]
    if values.size:
        ax.set_ylim(min(values.min() / 2, values.max() / 10), max(values.max() * 2, values.min() * 10))
