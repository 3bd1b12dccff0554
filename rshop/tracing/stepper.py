"""`Stepper`: run a recurrent layer one timestep at a time, read and change its states, and go back."""

from collections.abc import MutableMapping
from numbers import Real

import numpy as np
from keras import ops

from rshop.call.shape_checks import check_inputs
from rshop.checks import check_count
from rshop.errors import describe, message
from rshop.layers.base import RecurrentLayer
from rshop.step.start_values import check_call, check_numbers, check_start, start_value
from rshop.structure import find, flat, flatten_like, shape_of, shapes_of, tree
from rshop.tracing.check_layer import check_layer
from rshop.tracing.timesteps_of_call import timesteps_of


class Stepper:
    """A recurrent layer that runs one timestep at a time.

    Example:
        The accumulator `h = h + x, y = h`::

            >>> stepper = Stepper(rnn)
            >>> stepper.step([[2.0]]), stepper.step([[3.0]])
            (array([[2.]]), array([[5.]]))
            >>> stepper.states["h"] = [[10.0]]
            >>> stepper.step([[1.0]])
            array([[11.]])
            >>> stepper.back(); stepper.states["h"]
            array([[10.]])

    Args:
        rnn: a recurrent layer of this project.
        batch_size: the number of samples that run side by side.
        initial_state, initial_readout, constants, constants_mask: as in a call of the layer.

    Raises:
        TypeError: not a recurrent layer, or no whole number.
        ValueError: the layer does not know its step yet, or the values do not fit.
    """

    def __init__(
        self,
        rnn: RecurrentLayer,
        batch_size: int = 1,
        *,
        initial_state=None,
        initial_readout=None,
        constants=None,
        constants_mask=None,
    ):
        fix = "Stepper(rnn); of a Keras model give the layer, model.get_layer(name)"
        check_layer(rnn, "A Stepper runs a recurrent layer of rshop.", fix=fix)
        self.batch_size = check_count("batch_size", batch_size, "number of samples")
        step = rnn.description
        if not rnn.built:
            rnn.build(_shape_of_x(rnn, step, self.batch_size), shapes_of(constants))
        self.rnn = rnn
        first = {"initial_state": initial_state, "initial_readout": initial_readout}
        fixed = {"constants": constants, "constants_mask": constants_mask}
        check_call({**first, **fixed})
        x = [_blank(t, self.batch_size, rnn.decode) for t in flat(step.inputs)]
        self._call = {"x": tree.pack_sequence_as(step.inputs, x), **fixed, **first}
        self.reset()

    def step(self, x_t):
        """One timestep forward.

        Args:
            x_t: the input of this timestep, `(batch, ...)`, in the structure of the step's input.

        Returns:
            The output as NumPy arrays `(batch, ...)`, in the structure of the step's output.

        Raises:
            ValueError: an input of another structure or shape; nothing changes then.
        """
        step = self._timesteps.step
        check_call({"x_t": x_t})
        if len(flat(step.inputs)) == 1 and all(isinstance(n, Real) for n in flat(x_t)):
            x_t = _array(x_t)  # numbers in lists, as one writes them by hand
        inputs = flatten_like(step.inputs, x_t, "x")
        check_inputs(step, [shape_of(t) for t in inputs], decode=True)
        self._check_batch(inputs)
        inputs = [
            ops.cast(ops.convert_to_tensor(t), like.dtype)
            for t, like in zip(inputs, flat(step.inputs), strict=True)
        ]
        memory, outputs = self._timesteps(self._memory, 0, inputs)
        self._past.append(self._memory)
        self._memory = memory
        return tree.pack_sequence_as(step.outputs, [ops.convert_to_numpy(y) for y in outputs])

    @property
    def t(self) -> int:
        """The number of timesteps that have run."""
        return len(self._past)

    @property
    def states(self) -> MutableMapping:
        """The states by name, as arrays `(batch, ...)`; assign to change one."""
        return _States(self)

    @property
    def readout(self):
        """The readout that the next timestep reads, as arrays, or None; assign to change it."""
        step = self._timesteps.step
        if step.readouts is None:
            return None
        values = [ops.convert_to_numpy(v) for v in self._memory["readouts"]]
        return tree.pack_sequence_as(step.readouts, values)

    @readout.setter
    def readout(self, value):
        step = self._timesteps.step
        check_call({"readout": value})
        values = [None] if value is None else flatten_like(step.readouts, value, "readout")
        self._put("readouts", values, flat(step.readouts), step.readout_names)

    def back(self):
        """Undo the last timestep.

        Raises:
            ValueError: no timestep has run.
        """
        if not self._past:
            raise ValueError(
                message(
                    "There is no timestep to take back.",
                    received="back() at t = 0",
                    expected="at least one step() before",
                    fix="call step(x_t) first",
                )
            )
        self._memory = self._past.pop()

    def reset(self):
        """Go back to the states and readout before the first timestep."""
        self._past: list[dict] = []
        # Read anew: a learned initial state may have been trained, or a stateful layer called, in between.
        self._timesteps = timesteps_of(self.rnn, training=False, **self._call)
        self._memory = self._timesteps.first

    def _check_batch(self, inputs):
        for value, like in zip(inputs, flat(self._timesteps.step.inputs), strict=True):
            if shape_of(value)[0] != self.batch_size:
                raise ValueError(
                    message(
                        f"The {describe('input', like)} has another number of samples.",
                        received=f"x_t of shape {shape_of(value)}",
                        expected=f"a batch of {self.batch_size}",
                        fix=f"Stepper(rnn, batch_size={shape_of(value)[0]})",
                    )
                )

    def _put(self, part, values, likes, names):
        for name, value, like in zip(names, values, likes, strict=True):
            check_start(f"{part[:-1]} {name!r}", value, like, self.batch_size)
        after = [
            start_value(value, like.shape[1:], like.dtype, self.batch_size)
            for value, like in zip(values, likes, strict=True)
        ]
        self._memory = {**self._memory, part: after}


def _array(numbers):
    try:
        return np.asarray(numbers)
    except ValueError:  # lists of different lengths
        return check_numbers("`x_t`", numbers)


class _States(MutableMapping):
    def __init__(self, stepper):
        self._stepper = stepper
        self._names = stepper.rnn.state_names

    def __getitem__(self, name):
        place = find(name, self._names, "state")
        return ops.convert_to_numpy(self._stepper._memory["states"][place])

    def __setitem__(self, name, value):
        place = find(name, self._names, "state")
        values = list(self._stepper._memory["states"])
        values[place] = value
        self._stepper._put("states", values, self._stepper.rnn.description.states, self._names)

    def __delitem__(self, name):
        raise TypeError(
            message(
                "A state cannot be removed.",
                received=f"del states[{name!r}]",
                expected="an assignment",
                fix=f"states[{name!r}] = value",
            )
        )

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __repr__(self):
        return "\n".join(f"{name}: {self[name]!r}" for name in self)


def _blank(like, batch, decode):
    shape = (batch, *(1 if size is None else size for size in like.shape[1:]))
    return np.zeros(shape if decode else (batch, 1, *shape[1:]), dtype="float32")


def _shape_of_x(rnn, step, batch):
    shapes = [(batch, *t.shape[1:]) if rnn.decode else (batch, None, *t.shape[1:]) for t in flat(step.inputs)]
    return shapes[0] if len(shapes) == 1 else shapes
