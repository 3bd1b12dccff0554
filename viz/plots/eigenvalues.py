"""`eigenvalues`: what repeated multiplication by the recurrent weights does to a state."""

from dataclasses import dataclass, field

import numpy as np

from rshop.errors import message
from rshop.tracing.check_layer import check_layer, only_layer
from viz.model.spoken_names import spoken_paths
from viz.plots.recurrent_weights import recurrent_kernels
from viz.style import palette, plot_axes
from viz.style.colour_matrix import range_text


@dataclass(eq=False)
class Spectrum:
    """The eigenvalues of the weights that multiply a state.

    Example:
        >>> viz.eigenvalues(rnn)
        Eigenvalues of 1 recurrent kernel
        recurrent_kernel: 16 eigenvalues, largest absolute value 0.997

    Attributes:
        values: complex arrays `(units,)` by the name of the kernel.
        axes: the matplotlib axes, None where nothing was drawn.
    """

    values: dict[str, np.ndarray]
    axes: object = field(default=None)

    @property
    def radius(self) -> dict[str, float]:
        """The largest absolute value of each; above 1 a linear state grows, below 1 it fades."""
        return {name: float(np.abs(values).max()) for name, values in self.values.items()}

    def __repr__(self):
        count = len(self.values)
        lines = [f"Eigenvalues of {plot_axes.counted(count, 'recurrent kernel')}"]
        for name, values in self.values.items():
            many = plot_axes.counted(len(values), "eigenvalue")
            lines.append(f"{name}: {many}, largest absolute value {self.radius[name]:.3g}")
        return "\n".join(lines)


def eigenvalues(rnn, *, ax=None) -> Spectrum:
    """The eigenvalues of every square weight that multiplies a state, with the unit circle.

    Within the circle a state fades (and its gradient with it), outside it grows, as far as the step
    is linear. A weight of `k` squares side by side (the gates of an LSTM) gives `k` sets; of a layer
    that sees `[x, state]` joined, the rows of the state count.

    Example:
        >>> viz.eigenvalues(rnn).values["U"]  # h = tanh(W x + U h), U a rotation by 90 degrees
        array([0.+1.j, 0.-1.j])

    Args:
        rnn: a recurrent layer of rshop that has weights (was built or called).
        ax: matplotlib axes to draw on; False draws nothing.

    Returns:
        A `Spectrum` with `.values`, `.radius` and `.axes`.

    Raises:
        TypeError: not a recurrent layer.
        ValueError: no step yet, no square weight that multiplies a state, or one that is not finite.
    """
    rnn = only_layer(rnn)
    check_layer(rnn)
    kernels = recurrent_kernels(rnn.description)
    _check(kernels)
    result = Spectrum({name: np.linalg.eigvals(kernel) for name, kernel in kernels.items()})
    if ax is not False:
        result.axes = _draw(result, plot_axes.axes(ax, size=(6.4, 5.4)))
    return result


def _check(kernels):
    problem = received = None
    odd = [name for name, kernel in kernels.items() if not np.isfinite(kernel).all()]
    if not kernels:
        problem = "No square weight multiplies a state of this step."
        received = "a step whose states meet no weight of shape (units, k * units)"
    elif odd:
        problem = "A weight that is not finite has no eigenvalues."
        received = f"NaN or infinity in {odd}"
    if problem:
        raise ValueError(
            message(
                problem,
                received=received,
                expected="a kernel such as that of Dense(units) on a state of this many units",
                fix="see viz.draw_step(rnn) for what the state meets",
            )
        )


def _draw(result, ax):
    from matplotlib.ticker import MaxNLocator

    angle = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=palette.EITHER, linewidth=1.2)
    for lines in (ax.axhline, ax.axvline):
        lines(0, color=palette.EITHER, alpha=0.5, linewidth=0.8, zorder=0)
    said = spoken_paths(list(result.values))
    for place, (name, values) in enumerate(result.values.items()):
        ax.scatter(
            values.real,
            values.imag,
            s=26,
            # One marker further in each round of the colours: a pair repeats after 36 kernels.
            marker="osD^vP"[(place + place // 6) % 6],
            facecolors="none",
            edgecolors=palette.LINES[place % len(palette.LINES)],
            linewidths=1.3,
            label=plot_axes.printable(f"{said[name]}: {result.radius[name]:.3g}"),
            zorder=3,
        )
    ax.set(xlabel="real part", ylabel="imaginary part")
    # A circle stays round on axes of any shape.
    ax.set_aspect("equal", adjustable="datalim")
    every = np.abs(np.concatenate(list(result.values.values())))
    outside = int((every > 1 + 1e-6).sum())
    note = f"absolute {range_text(every)}; {outside} of {every.size} outside the unit circle"
    plot_axes.title(ax, "Eigenvalues of the recurrent kernels", note)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    plot_axes.legend_below(ax, title="largest absolute value")
    plot_axes.quiet(ax)
    return ax
