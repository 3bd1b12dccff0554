"""A matrix drawn as colours: the scale, the image with its marks, and the range in words."""

from dataclasses import dataclass

import numpy as np

from rshop.errors import message, told
from viz.style import palette
from viz.style.readable import colour_bar

# Marks in each of a million cells would take minutes; all cells keep their colour and are counted.
_MOST_MARKS = 2000
_MOST_CELLS = 512
_MARKS = {"NaN": "x", "+infinity": "^", "-infinity": "v", "clipped": "o"}


@dataclass(frozen=True)
class Scale:
    """Colours for numbers: a colour map and the numbers at its two ends."""

    colours: str
    low: float
    high: float

    @classmethod
    def of(cls, *arrays, limits=None) -> "Scale":
        """The scale of these numbers: viridis from 0 to 1 for gates (all within 0 and 1), else blue and red
        around zero.

        Example:
            >>> Scale.of([0.2, 0.9]), Scale.of([0.2, -3.0])
            (Scale(colours='viridis', low=0.0, high=1.0), Scale(colours='RdBu_r', low=-3.0, high=3.0))

        Args:
            *arrays: all that is to be drawn with the same colours.
            limits: the two ends, if they are not to hold every number.

        Raises:
            ValueError: limits that are no two rising numbers.
        """
        finite = np.concatenate([a[np.isfinite(a)] for a in map(np.asarray, arrays)])
        is_gate = finite.size > 0 and finite.min() >= 0 and finite.max() <= 1 and finite.any()
        if limits is not None:
            return cls(palette.GATE if is_gate else palette.SIGNED, *_check_limits(limits))
        if is_gate:
            return cls(palette.GATE, 0.0, 1.0)
        return cls(palette.SIGNED, *palette.symmetric_limits(*arrays))


def paint(ax, matrix, scale: Scale, *, first: int = 0, bar: bool = False):
    """Draw `(units, time)` numbers as colours, each NaN, infinity and clipped number marked.

    Args:
        ax: matplotlib axes.
        matrix: floats, one row a unit; the first column is timestep `first`.
        scale: the colours.
        bar: whether a colour bar stands beside them; the title says what its numbers are.

    Returns:
        Matplotlib's image; its array is the matrix (see `pool`), NaN and infinity masked.
    """
    import matplotlib

    rows, columns = matrix.shape
    down, across = _strides(matrix.shape)
    shown = pool(matrix)
    colours = matplotlib.colormaps[scale.colours].with_extremes(bad="#B8BFC6")
    image = ax.imshow(
        np.ma.masked_invalid(shown),
        cmap=colours,
        vmin=scale.low,
        vmax=scale.high,
        aspect="auto",
        extent=(first - 0.5, first + shown.shape[1] * across - 0.5, shown.shape[0] * down - 0.5, -0.5),
    )
    ax.grid(False)  # lines of a grid would read as values
    ax.set(xlim=(first - 0.5, first + columns - 0.5), ylim=(rows - 0.5, -0.5))
    for (_, cells), style in zip(odd_cells(matrix, scale).items(), _MARKS.values(), strict=True):
        _mark(ax, cells, style, first)
    if bar:
        scale_bar(image, [matrix], scale)
    return image


def pool(matrix) -> np.ndarray:
    """A matrix of at most 512 rows and columns: each cell holds that of its numbers that is farthest from 0.

    A mean would let opposite signs vanish, and leaving rows out would hide them. NaN shows first.

    Example:
        >>> pool(np.arange(4096.0)[:, None]).shape
        (512, 1)
    """
    for axis, stride in enumerate(_strides(matrix.shape)):
        if stride > 1:
            starts = range(0, matrix.shape[axis], stride)
            parts = [matrix.take(range(i, min(i + stride, matrix.shape[axis])), axis) for i in starts]
            places = [np.abs(part).argmax(axis=axis, keepdims=True) for part in parts]
            farthest = [np.take_along_axis(a, i, axis) for a, i in zip(parts, places, strict=True)]
            matrix = np.concatenate(farthest, axis=axis)
    return matrix


def note(matrix, scale: Scale | None = None) -> str:
    """The note under a drawn matrix: its range, its marks, and how many numbers share a cell."""
    down, across = _strides(matrix.shape)
    size = [f"{n} {what}" for n, what in ((down, "units"), (across, "timesteps")) if n > 1]
    pooled = f"; {' x '.join(size)} share a cell, the one farthest from 0 shows" if size else ""
    return range_text(matrix, scale) + pooled


def odd_cells(matrix, scale: Scale | None = None) -> dict[str, np.ndarray]:
    """The cells that are NaN, infinite or beyond the ends of the scale: `(row, column)` of each."""
    matrix = np.asarray(matrix)
    finite = np.isfinite(matrix)
    beyond = finite & ((matrix < scale.low) | (matrix > scale.high)) if scale else ~finite & finite
    kinds = [np.isnan(matrix), matrix == np.inf, matrix == -np.inf, beyond]
    return {name: np.argwhere(cells) for name, cells in zip(_MARKS, kinds, strict=True)}


def range_text(values, scale: Scale | None = None) -> str:
    """The range of the numbers, and how many of them are marked.

    Example:
        >>> range_text(np.array([[-1.0, 2.5, np.nan]]))
        'range -1 to 2.5, 1 NaN (x)'
        >>> range_text(np.array([[2e-10, 1.0]]))
        'range ≈0 to 1'
    """
    values = np.atleast_2d(np.asarray(values, dtype="float64"))
    finite = values[np.isfinite(values)]
    low, high = (finite.min() + 0.0, finite.max() + 0.0) if finite.size else (0, 0)  # no "-0"
    text = _span(low, high) if finite.size else "no finite value"
    symbols = dict(zip(_MARKS, ("x", "▲", "▼", "○"), strict=True))
    odd = {name: len(cells) for name, cells in odd_cells(values, scale).items()}
    return text + "".join(f", {n} {name} ({symbols[name]})" for name, n in odd.items() if n)


def _span(low, high):
    if low == high:
        return f"all {low:.3g}"
    size = max(abs(low), abs(high))
    ends = ["≈0" if 0 < abs(end) < size / 1000 else f"{end:.3g}" for end in (low, high)]
    return f"range {ends[0]} to {ends[1]}"


def _strides(shape):
    return tuple(-(-size // _MOST_CELLS) for size in shape)


def _mark(ax, cells, style, first):
    from matplotlib.patheffects import withStroke

    if not len(cells):
        return
    shown = cells[:: -(-len(cells) // _MOST_MARKS)]
    hollow = {"facecolors": "none", "edgecolors": palette.INK} if style == "o" else {"color": palette.INK}
    ax.scatter(
        shown[:, 1] + first,
        shown[:, 0],
        s=22,
        marker=style,
        linewidths=1.1,
        clip_on=False,
        zorder=3,
        path_effects=[withStroke(linewidth=2.6, foreground="white")],
        **hollow,
    )


def scale_bar(image, matrices: list, scale: Scale, axes: list | None = None):
    """A colour bar beside the axes of an image, or beside several that share its colours.

    Args:
        image: what `paint` returned.
        matrices: the numbers that are drawn in these colours.
        scale: the colours.
        axes: where several share it.
    """
    below = any((matrix < scale.low).any() for matrix in matrices)
    above = any((matrix > scale.high).any() for matrix in matrices)
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[int(below), int(above)]
    colour_bar(image, axes, extend=extend)


def _check_limits(limits):
    try:
        low, high = (float(number) for number in (limits if not isinstance(limits, set) else ()))
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(
            message(
                "These are no limits of a colour scale.",
                received=f"limits={told(limits)}",
                expected="two numbers, the smaller one first",
                fix="limits=(-1, 1), or leave limits out to show every number",
            )
        )
    return low, high
