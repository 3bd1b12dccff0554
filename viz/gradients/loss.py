"""The loss of a timestep, of which `gradient_flow` and `input_influence` take the gradient."""

import inspect

import keras
import numpy as np
from keras import ops

from rshop.call.timesteps import Timesteps
from rshop.errors import message, told
from rshop.structure import find, flat, tree
from viz.plots.series import parts

_FIX = "loss=lambda y, t: y[:, 0]"


class Loss:
    """One number for each timestep: the sum of its output, of a state, or of what a function makes of it.

    A softmax sums to 1 whatever the inputs and states: that sum has no gradient but
    rounding. Of an output whose sum is the same in the whole run, the largest number counts in its place.

    Example:
        >>> Loss(timesteps_of(rnn, x), steps=7).note  # the output is a softmax
        'of the output its largest number, as its sum is always 1'

    Args:
        walk: the run.
        function: `(y_t, t) -> numbers`, `y_t` of shape `(batch, ...)`; None takes `y_t` itself.
        of: the name of the state that is `y_t`; None takes the output.
        steps: how many timesteps of the run are looked at.

    Attributes:
        name: `output`, `loss` or the name of the state.
        note: a remark on it, else empty.

    Raises:
        TypeError: not a function, or one that returns no floating numbers.
        ValueError: no such state.
    """

    def __init__(self, walk: Timesteps, function=None, *, of: str | None = None, steps: int):
        self.function, self._structure = _check_function(function), walk.step.outputs
        self.state = None if of is None else find(of, walk.states, "state")
        self.name = "loss" if function is not None else "output" if of is None else walk.states[self.state]
        sums = {} if function is not None else self._level_sums(walk, steps)
        self.note = "; ".join(
            f"of {self._called(i)} its largest number, as its sum is always {total:.3g}"
            for i, total in sums.items()
        )
        self._largest = set(sums)

    def __call__(self, memory, outputs, t: int, rows=slice(None)):
        """The loss of timestep `t` as a scalar tensor, of the samples `rows` together."""
        total = ops.zeros(())
        for i, part in enumerate(self.parts(memory, outputs, t, rows)):
            if is_float(part):
                total += ops.sum(ops.cast(_largest(part) if i in self._largest else part, "float32"))
        return total

    def parts(self, memory, outputs, t: int, rows=slice(None)) -> list:
        """The tensors that are summed.

        Args:
            memory, outputs: what the walk gave for timestep `t`; without `of` the memory is not read.
            rows: the samples to take.
        """
        if self.state is not None:
            y = memory["states"][self.state][rows]
        else:
            y = tree.pack_sequence_as(self._structure, [o[rows] for o in outputs])
        return tree.flatten(y) if self.function is None else _numbers(self.function(y, t))

    def _level_sums(self, walk, steps):
        memory, seen = walk.first, []
        for t in range(steps):
            memory, outputs = walk(memory, t, walk.inputs(t))
            seen.append(self.parts(memory, outputs, t))
        found = {i: _level_sum(list(values)) for i, values in enumerate(zip(*seen, strict=True))}
        return {i: total for i, total in found.items() if total is not None}

    def _called(self, i):
        count = len(flat(self._structure))
        if self.state is not None or count == 1:
            return f"the {self.name}" if self.state is None else repr(self.name)
        places = parts("output", tree.pack_sequence_as(self._structure, list(range(count))))
        return next(name for name, place in places.items() if place == i)


def is_float(tensor) -> bool:
    """Whether a tensor can have a gradient."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))


def _largest(tensor):
    """The largest number of each sample, `(batch, 1)`: of equal ones the one that `argmax` finds."""
    numbers = ops.reshape(tensor, (tensor.shape[0], -1))
    return ops.take_along_axis(numbers, ops.argmax(numbers, axis=-1, keepdims=True), axis=-1)


def _level_sum(values):
    """The sum of the units where it is the same for every sample and timestep, else None."""
    if not is_float(values[0]):
        return None
    rows = [ops.convert_to_numpy(value).astype("float64").reshape(value.shape[0], -1) for value in values]
    rows = np.concatenate(rows)
    # A masked timestep may emit zeros.
    rows = rows[np.isfinite(rows).all(axis=1) & rows.any(axis=1)]
    if not len(rows) or rows.shape[1] < 2:
        return None
    sums, size = rows.sum(axis=1), np.abs(rows).sum(axis=1).max()
    rounding = size * (1e-2 if "16" in str(values[0].dtype) else 1e-5)
    if np.ptp(sums) > rounding:
        return None
    # A constant output has a constant sum too, which says nothing about it.
    moves = np.ptp(rows, axis=0).max() > 100 * rounding
    shares = rows.min() >= 0 and abs(sums.mean() - 1) <= rounding
    return round(float(sums.mean()), 2) + 0.0 if moves or shares else None


def _check_function(function):
    if function is not None and not _takes_two(function):
        raise TypeError(
            message(
                "This loss is no function.",
                received=f"loss={function!r:.80} of type {type(function).__name__}",
                expected="a function (y_t, t) -> numbers, y_t the output of timestep t, (batch, ...)",
                fix=_FIX,
            )
        )
    return function


def _takes_two(function) -> bool:
    if not callable(function) or isinstance(function, type):
        return False
    try:
        inspect.signature(function).bind("y_t", 0)
    except TypeError:
        return False
    except ValueError:  # a function written in C does not say what it takes
        return True
    return True


def _numbers(found):
    try:
        tensors = [ops.convert_to_tensor(part) for part in tree.flatten(found)]
        floats = [tensor for tensor in tensors if is_float(tensor)]
    except (TypeError, ValueError):
        floats = []
    if not floats:
        raise TypeError(
            message(
                "This loss gives no numbers that have a gradient.",
                received=told(found),
                expected="floating numbers: a tensor of shape (batch, ...), or a scalar",
                fix=_FIX,
            )
        )
    return floats
