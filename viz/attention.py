"""`attention_map`: where each timestep looks."""

import numpy as np

from rshop import Trace
from rshop.errors import message

from . import canvas, painting
from .painting import Scale
from .values import check_sample, series


def attention_map(trace: Trace, name: str, *, sample: int = 0, head=None, memory=None, outputs=None, ax=None):
    """Attention weights as a map: one row a timestep, one column a place of the memory.

    Weights from 0 to 1 are drawn in viridis; other numbers (scores before the softmax) in blue and
    red around zero. The note says what the rows sum to.

    Example:
        A step with an attention over 5 places, run for 7 timesteps::

            >>> ax = viz.attention_map(rshop.trace(rnn, x, constants=m), "softmax")
            >>> ax.images[0].get_array().shape
            (7, 5)

    Args:
        trace: what `rshop.trace` returned.
        name: a value `(batch, time, places)`; axes of size 1 are left out.
        sample: which sample of the batch.
        head: where there are several, `(batch, time, heads, places)`: which one; None takes their mean.
        memory, outputs: a text for each place of the memory and for each timestep.
        ax: matplotlib axes to draw on.

    Returns:
        The axes.

    Raises:
        TypeError: not a trace.
        ValueError: no such name, sample or head, or a value that is no map.
    """
    found = series(trace, name)
    values = found.values[check_sample(sample, len(found.values))]
    weights, which = _one_map(found.name, values, head)
    scale = Scale.of(weights)
    ax = canvas.axes(ax, size=(6.4, 4.6))
    painting.paint(ax, weights, scale, bar=found.name)
    _ticks(ax.xaxis, memory, weights.shape[1], "memory")
    _ticks(ax.yaxis, outputs, len(weights), "outputs")
    ax.set(xlabel="place in the memory", ylabel="timestep")
    canvas.title(
        ax, f"{found.name}, sample {sample}{which}", f"{painting.note(weights, scale)}, {_sums(weights)}"
    )
    return ax


def _one_map(name, values, head):
    kept = [size for size in values.shape[1:-1] if size != 1]
    if values.ndim < 2 or len(kept) > 1:
        raise ValueError(
            message(
                f"{name!r} is no attention map.",
                received=f"values of shape (batch, time, ...) = (batch, {', '.join(map(str, values.shape))})",
                expected="(batch, time, places), or (batch, time, heads, places)",
                fix="name the value after the softmax over the memory",
            )
        )
    values = values.reshape(len(values), kept[0] if kept else 1, values.shape[-1])
    if head is None:
        count = values.shape[1]
        return values.mean(axis=1), f", mean of {count} heads" if count > 1 else ""
    if not isinstance(head, (int, np.integer)) or not 0 <= head < values.shape[1]:
        raise ValueError(
            message(
                "There is no such head.",
                received=f"head={head!r}",
                expected=f"a whole number from 0 to {values.shape[1] - 1}",
                fix="head=0, or leave head out for their mean",
            )
        )
    return values[:, head], f", head {head}"


def _sums(weights):
    sums = weights.sum(axis=1)
    if np.allclose(sums, 1, atol=1e-4):
        return "rows sum to 1"
    return f"rows sum to {sums.min():.3g} to {sums.max():.3g}"


def _ticks(axis, texts, count, what):
    canvas.whole_numbers(axis)
    if texts is not None:
        canvas.name_ticks(axis, texts, count, what)
