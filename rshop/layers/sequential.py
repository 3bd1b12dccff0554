"""`RecurrentSequential`: a stack of cells and layers as one recurrent layer."""

import copy
from functools import partial

import keras

from rshop.cells.base import RNNCell
from rshop.configs import reading
from rshop.errors import message, told
from rshop.layers import keras_cells
from rshop.layers.base import RecurrentLayer
from rshop.layers.output_shape import is_known, output_shape, readout_shape
from rshop.layers.shared_layers import warn_of_shared
from rshop.layers.shared_states import check_same_count, check_same_shapes
from rshop.layers.stack_parts import check_name, stackable
from rshop.step.names import free_name
from rshop.step.readout import ADDING, check_mode, merge, merged_shape
from rshop.step.recurrent import runs_its_step
from rshop.step.step import Step, describe_step


@runs_its_step
@keras.saving.register_keras_serializable(package="rshop")
class RecurrentSequential(RecurrentLayer):
    """A stack of cells and layers, run over time as one recurrent layer.

    Example:
        >>> rnn = RecurrentSequential(return_sequences=True)
        >>> rnn.add(SimpleRNNCell(10))
        >>> rnn.add(LSTMCell(12))
        >>> rnn.add(keras.layers.Dense(5))
        >>> rnn(np.zeros((2, 7, 4))).shape, rnn.num_states
        ((2, 7, 5), 3)

    Args:
        state_sync: the cells share one set of states, which flows through them within a timestep.
        readout: feed the last output back, merged with the input: `True` or `'add'`, `'mul'`,
            `'avg'`, `'max'`, `'concat'`, `'readout_only'` (in place of the input), or a layer or
            callable of `[input, readout]`.
        readout_activation: applied to the readout before it is merged; a Keras activation.
        **options: those of `RecurrentModel`.

    Raises:
        TypeError, ValueError: an unknown readout mode or option; cells that do not fit.
    """

    def __init__(self, state_sync=False, readout=False, readout_activation=None, **options):
        mode = check_mode(readout)
        if not isinstance(state_sync, bool):
            raise TypeError(
                message(
                    "`state_sync` is either on or off.",
                    received=f"state_sync={state_sync!r}",
                    expected="True or False",
                    fix="state_sync=True (cells are added with add())",
                )
            )
        super().__init__(has_readout=mode is not False, **options)
        self.state_sync = state_sync
        self.readout = mode
        self.readout_activation = _activation(readout_activation)
        self.cells: list = []

    def add(self, cell):
        """Put a cell or layer on top.

        Args:
            cell: an `RNNCell`, a recurrent layer of this project (its cell), a Keras cell, a Keras
                recurrent layer with default options (its cell), or any other Keras layer.

        Raises:
            TypeError: something else.
            ValueError: the stack has been called already, or the layer has options that a cell
                would lose.
        """
        if self.is_described:
            raise ValueError(
                message(
                    f"The stack {self.name!r} was called already.",
                    received=f"add({cell!r}) after the first call",
                    expected="every add() before the first call",
                    fix="make a new RecurrentSequential and add all cells before calling it",
                )
            )
        cell = stackable(cell)
        check_name(self.name, cell, self.cells)
        self.cells = [*self.cells, cell]

    @property
    def state_names(self) -> list[str]:
        """`<cell>/<state>` for each state; with `state_sync` the states that the cells share."""
        if self.is_described:
            return super().state_names
        return _unique_names(self._recurrent_cells(), self.state_sync)

    def make_step(self, input_shape) -> Step:
        """The stack as one step for inputs of this shape `(batch, ...)`."""
        if not self.cells:
            raise ValueError(
                message(
                    f"The stack {self.name!r} is empty.",
                    received="no cells",
                    expected="at least one cell or layer",
                    fix="rnn.add(LSTMCell(10)) before the first call",
                )
            )
        if input_shape is None:
            input_shape = getattr(self.cells[0], "declared_shape", None)
        if input_shape is None or (input_shape and not isinstance(input_shape, tuple)):
            raise ValueError(
                message(
                    f"The stack {self.name!r} does not know the shape of its input yet."
                    if input_shape is None
                    else "A stack has one input.",
                    received=f"{input_shape}",
                    expected="the shape of one input",
                    fix="call the layer, or give the first cell an input_dim"
                    if input_shape is None
                    else "write the step with RecurrentModel for several inputs",
                )
            )
        whole = isinstance(self.cells[0], keras.layers.Embedding)
        parts = [*self.cells, *([self.readout] if isinstance(self.readout, keras.layers.Layer) else [])]
        taken = {part.name for part in parts}
        dtype = "int32" if whole else self.compute_dtype
        x = keras.Input(input_shape[1:], dtype=dtype, name=free_name("x", taken))
        readout, y, states, after = self._chained(x, {*taken, x.name})
        return describe_step(
            x,
            y,
            states=states,
            next_states=after,
            readouts=readout,
            state_names=_unique_names(self._recurrent_cells(), self.state_sync),
            unused_inputs=self.decode or self.readout == "readout_only",
        )

    def step_output_shape(self, input_shape) -> tuple | None:
        """The shape `(batch, ...)` that the stack returns at each timestep, found before it is built."""
        if self.is_described:
            return super().step_output_shape(input_shape)
        found = output_shape(self.cells, input_shape)
        if self.readout is False or input_shape is None:
            return found
        if self.readout in ADDING:
            # Only an output as large as the input can be added to it.
            return found if is_known(found) else tuple(input_shape)
        return readout_shape(self.cells, partial(merged_shape, self.readout), input_shape, self.readout)

    def _chained(self, x, taken):
        # The readout's Input (None without one), the output, the states and the next states.
        if self.readout is False:
            return None, *self._chain(x, taken)
        shape = self.step_output_shape(tuple(x.shape))
        found = self._fed(x, shape, self.cells[-1].compute_dtype, taken)
        if found[1].dtype == found[0].dtype:
            return found
        # The output is of another kind than its layer computes in: whole numbers, for one.
        return self._fed(x, shape, found[1].dtype, taken)

    def _fed(self, x, shape, dtype, taken):
        readout = keras.Input(shape[1:], dtype=dtype, name=free_name("readout", taken))
        taken, seen = {*taken, readout.name}, readout
        if self.readout_activation is not keras.activations.linear:
            name = free_name("activation", taken)
            taken, seen = {*taken, name}, keras.layers.Activation(self.readout_activation, name=name)(readout)
        return readout, *self._chain(merge(self.readout, x, seen, taken), taken)

    def get_config(self):
        """The cells and the options as plain JSON values."""
        serialize = keras.saving.serialize_keras_object
        mode = self.readout
        config = {
            **super().get_config(),
            "state_sync": self.state_sync,
            "readout": serialize(mode) if callable(mode) else mode,
            "readout_activation": keras.activations.serialize(self.readout_activation),
            # A cell that stands in two places is one cell: each is written once, then the order.
            "cells": [serialize(cell) for cell in self._distinct()],
            "order": [self._distinct().index(cell) for cell in self.cells],
        }
        warn_of_shared(self, config, [*self.cells, mode])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The stack that `get_config` described; the config is left as it is."""
        with reading(config, cls.__name__, "cells", "order", "readout"):
            config = copy.deepcopy(config)
            deserialize = partial(keras.saving.deserialize_keras_object, custom_objects=custom_objects)
            cells, order = config.pop("cells"), config.pop("order")
            if not isinstance(cells, (list, tuple)) or not isinstance(order, (list, tuple)):
                raise TypeError("cells and order are lists")
            if isinstance(config["readout"], dict):
                config["readout"] = deserialize(config["readout"])
            rnn = cls(**config)
            cells = [deserialize(cell) for cell in cells]
            for place in order:
                rnn.add(cells[place])
            return rnn

    def _distinct(self):
        return list({id(cell): cell for cell in self.cells}.values())

    def _recurrent_cells(self):
        cells = [c for c in self.cells if isinstance(c, RNNCell) or keras_cells.is_keras_cell(c)]
        if self.state_sync:
            check_same_count(cells)
        return cells

    def _chain(self, x, taken):
        # The output, the states and the next states.
        states, after, owner, taken = [], [], None, set(taken)
        for cell in self.cells:
            if not isinstance(cell, RNNCell) and not keras_cells.is_keras_cell(cell):
                x = cell(x)
                continue
            needed = _state_inputs(cell, x, taken)
            if self.state_sync and owner is not None:
                check_same_shapes(owner, states, cell, needed)
                x, after = _call(cell, x, after)
                continue
            owner = cell
            x, new = _call(cell, x, needed)
            states, after = states + needed, after + new
        return x, states, after


#: The name of this class in the first library.
RecurrentContainer = RecurrentSequential


def _activation(name):
    try:
        found = keras.activations.get(name)
        if isinstance(found, type):
            raise TypeError("a class")
        return found
    except Exception as error:  # noqa: BLE001  (Keras calls what it is given)
        raise ValueError(
            message(
                "`readout_activation` is no activation of Keras.",
                received=f"readout_activation={told(name)}",
                expected="the name of a Keras activation, or a function",
                fix="readout_activation='softmax'",
            )
        ) from error


def _call(cell, x, states):
    if isinstance(cell, RNNCell):
        y, *after = cell([x, *states])
        return y, after
    return keras_cells.call(cell, x, states)


def _state_inputs(cell, x, taken):
    if not isinstance(cell, RNNCell):
        return [_state_input(shape, x.dtype, taken) for shape in keras_cells.state_shapes(cell)]
    if not cell.built:
        cell.build(tuple(x.shape))
    inputs, outputs = (len(part) - cell.num_states for part in (cell.model.inputs, cell.model.outputs))
    if inputs != 1 or outputs != 1:
        raise ValueError(
            message(
                f"The cell {cell.name!r} cannot stand in a stack, which hands on one tensor.",
                received=f"a cell with {inputs} inputs and {outputs} outputs",
                expected="one input and one output",
                fix="use the cell in a step of its own, with RecurrentModel",
            )
        )
    return [_state_input(t.shape, t.dtype, taken) for t in cell.model.inputs[1:]]


def _state_input(shape, dtype, taken):
    # A name such as Keras makes up, which is not the user's (see `errors.given_name`).
    name = free_name("input_layer", taken)
    taken.add(name)
    return keras.Input(shape[1:], dtype=dtype, name=name)


def _unique_names(cells, state_sync):
    names, uses = [], {}
    for cell in cells[:1] if state_sync else cells:
        own = cell.state_names if isinstance(cell, RNNCell) else keras_cells.state_names(cell)
        uses[cell.name] = uses.get(cell.name, 0) + 1
        again = f"#{uses[cell.name]}" if uses[cell.name] > 1 else ""
        names += own if state_sync else [f"{cell.name}{again}/{name}" for name in own]
    return names
