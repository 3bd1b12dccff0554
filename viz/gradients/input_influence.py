"""`input_influence`: which inputs mattered for the output at one timestep."""

from dataclasses import dataclass, field

import numpy as np
from keras import ops

from rshop.backend import gradients
from rshop.checks import check_timestep
from rshop.errors import given_name, message, told
from rshop.structure import flat
from rshop.tracing.call_request import read_request
from rshop.tracing.timesteps_of_call import replay_of
from viz.gradients.loss import Loss, is_float
from viz.plots.series import check_sample
from viz.style import palette, plot_axes, ticks
from viz.style.colour_matrix import range_text

_OWN = ("t", "method", "loss", "sample", "labels", "ax")
METHODS = ("gradient", "gradient x input", "occlusion")


@dataclass(eq=False)
class Influence:
    """How much the input of each timestep mattered for the output of timestep `t`.

    Example:
        >>> viz.input_influence(rnn, x, 2)
        Influence on the output of timestep 2 by gradient: 5 timesteps, most at timestep 1

    Attributes:
        scores: `(batch, time)`, all inputs together; exactly 0 after `t`.
        by_input: the same for each input by name.
        t, method: the timestep asked for, and how the scores were measured.
        axes: the matplotlib axes, None where nothing was drawn.
        of: `output` or `loss`.
        note: a remark on that output, else empty.
    """

    by_input: dict[str, np.ndarray]
    t: int
    method: str
    axes: object = field(default=None)
    of: str = "output"
    note: str = ""

    @property
    def scores(self) -> np.ndarray:
        """The Euclidean norm over the inputs, or for occlusion their sum, `(batch, time)`."""
        every = np.stack(list(self.by_input.values()))
        return every.sum(axis=0) if self.method == "occlusion" else np.sqrt((every**2).sum(axis=0))

    def __repr__(self):
        mean = self.scores.mean(axis=0)
        most = f"most at timestep {np.nanargmax(mean)}" if np.isfinite(mean).any() else "no finite score"
        most = most if self.scores.any() else "0 everywhere"
        what = f"Influence on the {self.of} of timestep {self.t} by {self.method}"
        found = f"{plot_axes.counted(len(mean), 'timestep')}, {most}"
        return f"{what}: {found}" + (f"; {self.note}" if self.note else "")


def input_influence(
    rnn,
    x,
    t: int = -1,
    *,
    method: str | None = None,
    loss=None,
    sample: int = 0,
    labels=None,
    ax=None,
    **call,
) -> Influence:
    """Which inputs mattered for the output at timestep `t`: one bar for each timestep.

    `gradient` is the norm of `d y_t / d x_s`, `y_t` summed over its units (where that sum is the same in
    the whole run, as of a softmax, its largest number in its place; the note says so); `gradient x input`
    the norm of its product with `x_s`, unit by unit; `occlusion` the norm of the change of `y_t` when
    `x_s` alone is replaced by 0, and the one that works for token ids. An input after `t` cannot have
    mattered: exactly 0.

    Example:
        A running sum, asked for its output at timestep 1 of 3::

            >>> viz.input_influence(rnn, np.ones((1, 3, 1)), 1).scores
            array([[1., 1., 0.]])

    Args:
        rnn: any recurrent layer of rshop, or a Keras model that has exactly one: then `x` is what the
            model is called with, and the layer reads what reaches it there.
        x: what the layer is called with, `(batch, time, ...)`. In a decoder, `x_s` is the input as
            timestep `s` sees it. With `go_backwards`, timesteps are in the order of processing.
        t: the timestep of the output; -1 is the last.
        method: one of `METHODS`; None takes the gradient, or occlusion where an input has none.
        loss: `(y_t, t) -> numbers`, `y_t` the output `(batch, ...)`: what counts in place of `y_t`.
        sample: which sample is drawn; the numbers are for all.
        labels: a text for each timestep (the tokens).
        ax: matplotlib axes to draw on; False draws nothing.
        **call: as in `rshop.trace`. Dropout is off.

    Returns:
        An `Influence` with `.scores`, `.by_input` and `.axes`.

    Raises:
        TypeError: not a recurrent layer, a loss that is no function or gives no numbers, or no labels.
        ValueError: no such timestep, method or sample, or a gradient by whole numbers.

    Source:
        The gradient: K. Simonyan et al., Deep inside convolutional networks, 2014; occlusion (called
        erasure there):
        J. Li et al., Understanding neural networks through representation erasure, 2016.
    """
    rnn, x, call = read_request(rnn, x, call, own=_OWN, training=False)
    walk = replay_of(rnn, x, **call)
    t = check_timestep(t, walk.steps)
    sample = check_sample(sample, walk.batch)
    method = _check_method(walk, method)
    labels = None if labels is None else ticks.check_texts(labels, walk.steps, "labels")
    # Occlusion needs no gradient, so there is no need to look for an output without one.
    target = Loss(walk, loss, steps=0 if method == "occlusion" else t + 1)
    scores = _occlusion(walk, t, target) if method == "occlusion" else _gradient(walk, t, method, target)
    names = [given_name(tensor) or f"x_{i}" for i, tensor in enumerate(flat(walk.step.inputs))]
    result = Influence(dict(zip(names, scores, strict=True)), t, method, of=target.name, note=target.note)
    if ax is not False:
        # Long labels are slanted, and need more height.
        size = (7.2, 2.8 if labels is None else 3.3)
        result.axes = _draw(result, sample, labels, plot_axes.axes(ax, size=size))
    return result


def _run(walk, t, read):
    memory = walk.first
    for s in range(t + 1):
        memory, outputs = walk(memory, s, read(s))
    return outputs


def _gradient(walk, t, method, target):
    inputs = [walk.inputs(s) for s in range(t + 1)]
    width = len(inputs[0])

    def total(points):
        outputs = _run(walk, t, lambda s: points[s * width : (s + 1) * width])
        return [target(None, outputs, t)]

    # A decoder's input is one tensor at every timestep: each needs a gradient of its own.
    points = [ops.add(tensor, ops.zeros_like(tensor)) for step in inputs for tensor in step]
    (found,) = gradients(total, points)
    scores = np.zeros((width, walk.batch, walk.steps))
    for i, (gradient, value) in enumerate(zip(found, points, strict=True)):
        gradient = ops.convert_to_numpy(gradient).astype("float64")
        if method == "gradient x input":
            gradient = gradient * ops.convert_to_numpy(value)
        scores[i % width, :, i // width] = _norms(gradient, walk.batch)
    return scores


def _occlusion(walk, t, target):
    whole = _of_each(target.parts(None, _run(walk, t, walk.inputs), t), walk.batch)
    width, batch = len(walk.inputs(0)), walk.batch
    # One copy of the batch for each timestep that is left out; one input after the other.
    many = walk.copies(t + 1)
    scores = np.zeros((width, batch, walk.steps))
    for i in range(width):
        outputs = _run(many, t, lambda s, i=i: _without(many.inputs(s), i, slice(s * batch, (s + 1) * batch)))
        for s in range(t + 1):
            parts = target.parts(None, outputs, t, slice(s * batch, (s + 1) * batch))
            change = [_difference(y, first) for y, first in zip(parts, whole, strict=True)]
            scores[i, :, s] = np.sqrt(sum(_norms(c, batch) ** 2 for c in change))
    return scores


def _of_each(numbers, batch):
    odd = [tuple(part.shape) for part in numbers if tuple(part.shape[:1]) != (batch,)]
    if odd:
        raise ValueError(
            message(
                "Occlusion looks at each sample: this loss has no numbers for each.",
                received=f"numbers of shape {odd[0]} for {batch} samples",
                expected=f"a tensor of shape ({batch}, ...)",
                fix="leave the sum over the samples out of the loss",
            )
        )
    return numbers


def _difference(a, b):
    a, b = (ops.convert_to_numpy(value).astype("float64") for value in (a, b))
    return a - b


def _without(inputs, i, rows):
    value = np.array(ops.convert_to_numpy(inputs[i]))
    value[rows] = 0
    return [ops.convert_to_tensor(value) if k == i else v for k, v in enumerate(inputs)]


def _norms(values, batch):
    return np.sqrt((values.reshape(batch, -1) ** 2).sum(axis=-1))


def _check_method(walk, method):
    whole = [tensor for tensor in flat(walk.step.inputs) if not is_float(tensor)]
    if method is None:
        return "occlusion" if whole else "gradient"
    if not isinstance(method, str) or method not in METHODS or (whole and method != "occlusion"):
        raise ValueError(
            message(
                "Influence cannot be measured in this way."
                if not isinstance(method, str) or method not in METHODS
                else "Whole numbers, such as token ids, have no gradient.",
                received=f"method={told(method)}",
                expected="'occlusion'" if whole else f"one of {METHODS}",
                fix="leave method out",
            )
        )
    return method


def _draw(result, sample, labels, ax):
    steps, base = result.scores.shape[1], np.zeros(result.scores.shape[1])
    stacked = len(result.by_input) > 1
    for place, (name, scores) in enumerate(result.by_input.items()):
        width = 0.8 / len(result.by_input)
        centre = np.arange(steps) + (place - (len(result.by_input) - 1) / 2) * width
        ax.bar(centre, np.where(np.isfinite(scores[sample]), scores[sample], base), width,
               color=palette.LINES[place % len(palette.LINES)], label=plot_axes.printable(name))  # fmt: skip
        odd = np.flatnonzero(~np.isfinite(scores[sample]))
        ax.scatter(centre[odd], base[odd], marker="x", color=palette.EITHER, zorder=3)
    if result.t < steps - 1:
        ax.axvspan(result.t + 0.5, steps - 0.5, color=palette.EITHER, alpha=0.15, zorder=0, linewidth=0)
    ax.set_xlim(-0.6, steps - 0.4)
    ticks.time_axis(ax)
    ticks.plain_numbers(ax.yaxis)
    if labels is not None:
        ticks.name_ticks(ax.xaxis, labels)
    ax.set_ylabel(f"influence\n({result.method})")
    note = range_text(result.scores[sample])
    if not result.scores[sample].any():
        note = f"0 everywhere: no input changes this {result.of}"
    note += "; grey: after the output, exactly 0" if result.t < steps - 1 else ""
    note += f"; {result.note}" if result.note else ""
    plot_axes.title(ax, f"What mattered for the {result.of} of timestep {result.t}, sample {sample}", note)
    plot_axes.quiet(ax)
    if stacked:
        plot_axes.legend_below(ax)
    return ax
