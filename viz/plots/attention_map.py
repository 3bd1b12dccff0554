"""`attention_map`: the attention weights of each timestep over the memory."""

import numpy as np

from rshop import Trace
from rshop.errors import message
from viz.plots.series import check_sample, series
from viz.style import colour_matrix, plot_axes, ticks
from viz.style.colour_matrix import Scale


def attention_map(trace: Trace, name: str, *, sample: int = 0, head=None, memory=None, outputs=None, ax=None):
    """Attention weights as a map: one row for each timestep, one column for each place of the memory.

    Weights from 0 to 1 are drawn in viridis; other numbers (scores before the softmax) in blue and
    red around zero. The note says what the rows sum to.

    Example:
        A step with an attention over 5 places, run for 7 timesteps::

            >>> ax = viz.attention_map(rshop.trace(rnn, x, constants=m), "softmax")
            >>> ax.images[0].get_array().shape
            (7, 5)

    Args:
        trace: what `rshop.trace` returned.
        name: a value `(batch, time, places)`; axes of size 1 are left out, wherever they are.
        sample: which sample of the batch.
        head: where there are several, `(batch, time, heads, places)`: which one; None takes the mean of
            weights, whose rows sum to 1 (other numbers have no mean that says where a timestep looks).
        memory, outputs: a text for each place of the memory and for each timestep.
        ax: matplotlib axes to draw on.

    Returns:
        The axes.

    Raises:
        TypeError: not a trace, or texts that are none.
        ValueError: no such name, sample or head, a value that is no map, or another number of texts.
    """
    found = series(trace, name)
    values = found.values[check_sample(sample, len(found.values))]
    weights, which = _one_map(found.name, values, head)
    memory = None if memory is None else ticks.check_texts(memory, weights.shape[1], "memory")
    outputs = None if outputs is None else ticks.check_texts(outputs, len(weights), "outputs")
    scale = Scale.of(weights)
    ax = plot_axes.axes(ax, size=(6.4, 4.6))
    colour_matrix.paint(ax, weights, scale, bar=True)
    for axis, texts in ((ax.xaxis, memory), (ax.yaxis, outputs)):
        ticks.whole_numbers(axis)
        if texts is not None:
            ticks.name_ticks(axis, texts)
    ax.set(xlabel="place in the memory", ylabel="timestep")
    plot_axes.title(
        ax, f"{found.said}, sample {sample}{which}", f"{colour_matrix.note(weights, scale)}, {_sums(weights)}"
    )
    return ax


def _one_map(name, values, head):
    kept = [size for size in values.shape[1:] if size != 1] or [1]
    if values.ndim < 2 or len(kept) > 2:
        raise ValueError(
            message(
                f"{name!r} is no attention map.",
                received=f"values of shape (batch, time, ...) = (batch, {', '.join(map(str, values.shape))})",
                expected="(batch, time, places), or (batch, time, heads, places)",
                fix="name the value after the softmax over the memory",
            )
        )
    values = values.reshape(len(values), -1, kept[-1])
    if head is None:
        return _mean(name, values)
    if isinstance(head, bool) or not isinstance(head, (int, np.integer)) or not 0 <= head < values.shape[1]:
        raise ValueError(
            message(
                "There is no such head.",
                received=f"head={head!r}",
                expected=f"a whole number from 0 to {values.shape[1] - 1}",
                fix="head=0, or leave head out for their mean",
            )
        )
    return values[:, head], f", head {head}"


def _mean(name, values):
    _, heads, places = values.shape
    if heads == 1:
        return values[:, 0], ""
    rows = values.reshape(-1, places)
    sums = rows[np.isfinite(rows).all(axis=1)].sum(axis=1)
    # Half precision rounds; where everything is masked the sum is 0.
    if (rows < 0).any() or not ((np.abs(sums - 1) < 1e-2) | (sums == 0)).all():
        raise ValueError(
            message(
                f"{name!r} has no mean of its heads: its rows are no weights.",
                received=f"values of shape (batch, time, {heads}, {places}), {_sums(rows)}",
                expected="(batch, time, heads, places) within 0 and 1, each row of which sums to 1",
                fix=f"head=0 for the first of the {heads}, or name the value after the softmax",
            )
        )
    return values.mean(axis=1), f", mean of {heads} heads"


def _sums(weights):
    sums = weights.sum(axis=1)
    if np.allclose(sums, 1, atol=1e-4):
        return "rows sum to 1"
    return f"rows sum to {sums.min():.3g} to {sums.max():.3g}"
