"""`gradient_flow`: how much the loss at one timestep depends on the state at an earlier one."""

import numpy as np
from keras import ops

from rshop.backend import gradients
from rshop.errors import message, told
from rshop.structure import find, tree
from rshop.tracing.call_request import read_request
from rshop.tracing.timesteps_of_call import replay_of
from viz.gradients.gradient_flow_figure import GradientFlow
from viz.gradients.loss import Loss, is_float
from viz.model.spoken_names import spoken_paths
from viz.style.labels import check_label

_OWN = ("of", "state", "loss", "truncate", "label", "ax")
# The most numbers at once: of the state, times timesteps, times copies of the batch.
_MOST_NUMBERS = 2**23


def gradient_flow(
    rnn,
    x,
    *,
    of: str | None = None,
    state: str | None = None,
    loss=None,
    truncate=None,
    label=None,
    ax=None,
    **call,
) -> GradientFlow:
    """The `T x T` matrix of `|d L_t / d state_s|`: how far the gradient reaches back in your own model.

    `state_s` is the state that timestep `s` starts from, `trace.states[name][:, s]`. `L_t` is the sum
    of the output of timestep `t`, or what `of` and `loss` say. Where that sum is the same in the whole
    run (a softmax always sums to 1) it depends on nothing, and `L_t` is the largest number of the output
    in its place; the note says so. From `s` to `t` the gradient passes through `t - s + 1` timesteps:
    their distance. A state after the output (`s > t`) cannot have mattered: exactly 0.

    Example:
        A linear RNN `h = 0.5 h + x`: half as much with each timestep that is passed::

            >>> flow = viz.gradient_flow(rnn, np.ones((1, 3, 1)), ax=False)  # the numbers alone
            >>> flow.matrix[2]  # of the last output
            array([0.125, 0.25, 0.5])
            >>> flow.norms  # at distances 1, 2, 3
            array([0.5, 0.25, 0.125])

    Args:
        rnn: any recurrent layer of rshop, or a Keras model that has exactly one: then `x` is what the
            model is called with, and the layer reads what reaches it there.
        x: what the layer is called with, `(batch, time, ...)`.
        of: take `L_t` from this state after timestep `t` in place of the output.
        state: differentiate by this state (or readout) alone; None takes all states together.
        loss: `(y_t, t) -> numbers`, `y_t` the output (or the state `of`) `(batch, ...)`; `L_t` is their sum
            in a sample.
        truncate: cut the gradient at the borders of windows of this many timesteps, as truncated
            backpropagation through time does where a sequence is read in pieces (BPTT(h; h') of
            Williams & Peng, 1990, with h = h'): exactly 0 across them.
        label: the name of the line, where several models are drawn on the same axes.
        ax: None draws the matrix and the norm against distance; two axes draw the same on them; one
            draws the norm against distance, on which several models can be compared; False draws
            nothing (`.draw()` can do so later).
        **call: as in `rshop.trace`: `initial_state`, `constants`, `mask`, ... A `ground_truth` is fed
            as readout. Dropout is off.

    Returns:
        A `GradientFlow` with `.matrix`, `.norms`, `.distances` and `.axes`. Norms are Euclidean, over
        the units of one sample, then averaged over samples (and, for `.norms`, over equal distances).

    Raises:
        TypeError: not a recurrent layer, or a loss that is no function or gives no numbers.
        ValueError: no such state, or none that has a gradient; as the layer's own call would raise.

    Source:
        R. Pascanu et al., On the difficulty of training recurrent neural networks, 2013.
    """
    rnn, x, call = read_request(rnn, x, call, own=_OWN, training=False)
    walk = replay_of(rnn, x, **call)
    check_label(label)
    chosen, truncate = _chosen(walk, state), _check_window(truncate)
    target = Loss(walk, loss, of=of, steps=walk.steps)
    matrix = _matrix(walk, target, chosen, truncate)
    said = spoken_paths([*walk.states, *walk.readouts])
    names = [said[_names(walk, part)[i]] for part, i in chosen]
    of = target.name if target.state is None else said[target.name]
    flow = GradientFlow(matrix, of, ", ".join(names), note=target.note)
    return flow if ax is False else flow.draw(ax, label or rnn.name)


def _matrix(walk, target, chosen, truncate):
    size = sum(int(np.prod(walk.first[part][i].shape)) for part, i in chosen)
    chunk = max(1, _MOST_NUMBERS // (size * walk.steps))
    starts = range(0, walk.steps, chunk)
    spans = [range(start, min(start + chunk, walk.steps)) for start in starts]
    return np.concatenate([_rows(walk, target, chosen, span, truncate=truncate) for span in spans])


def _rows(walk, target, chosen, timesteps, *, truncate):
    # With one copy of the batch for each L_t, a single backward pass gives all gradients.
    many, batch, last = walk.copies(len(timesteps)), walk.batch, timesteps[-1]
    starts = [many.first[part][i] for part, i in chosen]
    points = [ops.zeros_like(value) for _ in range(last + 1) for value in starts]

    def total(points):
        memory, losses = many.first, ops.zeros(())
        for s in range(last + 1):
            if truncate and s % truncate == 0:
                memory = tree.map_structure(ops.stop_gradient, memory)
            memory = _ended(memory, max(0, s - timesteps[0]) * batch, many.batch)
            memory = _added(memory, chosen, points[s * len(chosen) : (s + 1) * len(chosen)])
            memory, outputs = many(memory, s, many.inputs(s))
            if s in timesteps:
                copy = s - timesteps[0]
                losses += target(memory, outputs, s, slice(copy * batch, (copy + 1) * batch))
        return [losses]

    (found,) = gradients(total, points)
    found = [ops.convert_to_numpy(g).astype("float64") for g in found]
    matrix = np.zeros((len(timesteps), walk.steps))
    for s in range(last + 1):
        parts = found[s * len(chosen) : (s + 1) * len(chosen)]
        squares = sum((g**2).reshape(len(timesteps), batch, -1).sum(axis=-1) for g in parts)
        # A state after the output has no gradient, not even where its step gives NaN.
        matrix[:, s] = np.where(np.array(timesteps) >= s, np.sqrt(squares).mean(axis=-1), 0.0)
    return matrix


def _ended(memory, rows, size):
    # The loss of the first rows lies behind them: later NaN must not come back to them as 0 * NaN.
    def cut(value):
        on = np.arange(size).reshape(-1, *[1] * (len(value.shape) - 1)) >= rows
        return ops.where(on, value, ops.stop_gradient(value))

    return tree.map_structure(cut, memory) if rows else memory


def _added(memory, chosen, deltas):
    memory = {part: list(values) for part, values in memory.items()}
    for (part, i), delta in zip(chosen, deltas, strict=True):
        memory[part][i] = memory[part][i] + delta
    return memory


def _names(walk, part):
    return walk.states if part == "states" else walk.readouts


def _chosen(walk, name):
    every = [("states", i) for i in range(len(walk.states))]
    readouts = [("readouts", i) for i in range(len(walk.readouts))]
    if name is not None:
        every = [*every, *readouts]
        every = [every[find(name, [*walk.states, *walk.readouts], "state")]]
    chosen = [(part, i) for part, i in every or readouts if is_float(walk.first[part][i])]
    if not chosen:
        raise ValueError(
            message(
                "There is no state to take a gradient by.",
                received=f"state={name!r}, of the states {walk.states} and readouts {walk.readouts}",
                expected="a step with a state or readout of floating numbers",
                fix="give the step a state",
            )
        )
    return chosen


def _check_window(truncate):
    whole = isinstance(truncate, (int, np.integer)) and not isinstance(truncate, bool)
    if truncate is None or (whole and truncate > 0):
        return truncate
    raise ValueError(
        message(
            "This is no window for truncated backpropagation.",
            received=f"truncate={told(truncate)}",
            expected="None, or a whole number of timesteps above 0",
            fix="truncate=20",
        )
    )
