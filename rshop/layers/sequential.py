"""`RecurrentSequential`: a stack of cells and layers as one recurrent layer."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras

from rshop.cells.shared_layers import warn_of_shared
from rshop.checks import check_switch
from rshop.configs import reading
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.layers.output_shape import is_known, output_shape, readout_shape
from rshop.layers.stack_graph import Chain, Fed, chain, chain_with_readout, stack_state_names
from rshop.layers.stack_parts import check_name, stackable
from rshop.step.constants import without_masks
from rshop.step.describe.describe_step import describe_step
from rshop.step.names import free_name
from rshop.step.readout import ADDING, check_mode, merged_shape
from rshop.step.recurrent import runs_its_step
from rshop.step.step import Step


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
        readout_activation: applied to the readout before it is merged: a Keras activation, or a layer such
            as `rshop.generation.ArgmaxEmbedding`.
        **options: those of `RecurrentModel`.

    Raises:
        TypeError, ValueError: an unknown readout mode or option; cells that do not fit.
    """

    def __init__(
        self,
        state_sync: bool = False,
        readout: "bool | str | keras.layers.Layer | Callable" = False,
        readout_activation: "str | Callable | None" = None,
        **options,
    ):
        mode = check_mode(readout)
        _check_state_sync(state_sync)
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
    def constant_names(self) -> list[str]:
        """The names of the constants that the cells read, in order, those of masks last."""
        if self.is_described:
            return super().constant_names
        names = [name for cell in self.cells for name in getattr(cell, "constant_names", [])]
        given = without_masks(names)
        return given + [name for name in names if name not in given]

    @property
    def state_names(self) -> list[str]:
        """`<cell>/<state>` for each state; with `state_sync` the states that the cells share."""
        if self.is_described:
            return super().state_names
        return stack_state_names(self.cells, state_sync=self.state_sync)

    def make_step(self, input_shape, constant_shapes) -> Step:
        """The stack as one step for inputs of this shape `(batch, ...)`."""
        shape = self._input_shape(input_shape)
        whole = isinstance(self.cells[0], keras.layers.Embedding)
        parts = [*self.cells, self.readout, self.readout_activation]
        taken = {part.name for part in parts if isinstance(part, keras.layers.Layer)}
        dtype = "int32" if whole else self.compute_dtype
        x = keras.Input(shape[1:], dtype=dtype, name=free_name("x", taken))
        chained = self._chained(x, {*taken, x.name}, constant_shapes)
        return describe_step(
            x,
            chained.y,
            states=chained.states,
            next_states=chained.next_states,
            readouts=chained.readout,
            constants=chained.constants.tensors or None,
            lengths=chained.constants.lengths,
            state_names=stack_state_names(self.cells, state_sync=self.state_sync),
            unused_inputs=self.decode or self.readout == "readout_only",
        )

    def _input_shape(self, given) -> tuple:
        if not self.cells:
            raise ValueError(
                message(
                    f"The stack {self.name!r} is empty.",
                    received=f"{len(self.cells)} cells",
                    expected="at least one cell or layer",
                    fix="rnn.add(LSTMCell(10)) before the first call",
                )
            )
        shape = getattr(self.cells[0], "declared_shape", None) if given is None else given
        if shape is None:
            raise ValueError(
                message(
                    f"The stack {self.name!r} does not know the shape of its input yet.",
                    received=f"{shape}",
                    expected="the shape of one input",
                    fix="call the layer, or give the first cell an input_dim",
                )
            )
        if shape and not isinstance(shape, tuple):
            raise ValueError(
                message(
                    "A stack has one input.",
                    received=f"{shape}",
                    expected="the shape of one input",
                    fix="write the step with RecurrentModel for several inputs",
                )
            )
        return shape

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
        return readout_shape(self.cells, self._merged_shape, input_shape, self.readout)

    def _merged_shape(self, shape, readout):
        if readout is not None and isinstance(self.readout_activation, keras.layers.Layer):
            readout = tuple(self.readout_activation.compute_output_shape(readout))
        return merged_shape(self.readout, shape, readout)

    def _chained(self, x, taken, constant_shapes) -> Chain:
        how = {"state_sync": self.state_sync, "constant_shapes": constant_shapes}
        if self.readout is False:
            return chain(self.cells, x, taken, **how)
        shape = self.step_output_shape(tuple(x.shape))
        fed = Fed(self.readout, self.readout_activation, shape, self.cells[-1].compute_dtype)
        made = chain_with_readout(self.cells, x, taken, fed=fed, **how)
        if made.y.dtype == made.readout.dtype:
            return made
        # The output is of another type than its layer computes in: whole numbers, for one.
        fed = replace(fed, dtype=made.y.dtype)
        return chain_with_readout(self.cells, x, taken, fed=fed, **how)

    def get_config(self):
        """The cells and the options as plain JSON values."""
        serialize = keras.saving.serialize_keras_object
        mode = self.readout
        config = {
            **super().get_config(),
            "state_sync": self.state_sync,
            "readout": serialize(mode) if callable(mode) else mode,
            "readout_activation": _serialized(self.readout_activation),
            # A cell that stands in two places is one cell: each is written once, then the order.
            "cells": [serialize(cell) for cell in self._distinct()],
            "order": [self._distinct().index(cell) for cell in self.cells],
        }
        warn_of_shared(self, config, [*self.cells, mode, self.readout_activation])
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
            for part in ("readout", "readout_activation"):
                if isinstance(config.get(part), dict):
                    config[part] = deserialize(config[part])
            rnn = cls(**config)
            cells = [deserialize(cell) for cell in cells]
            for place in order:
                rnn.add(cells[place])
            return rnn

    def _distinct(self):
        return list({id(cell): cell for cell in self.cells}.values())


#: The name of this class in the first library.
RecurrentContainer = RecurrentSequential


def _check_state_sync(state_sync):
    # Cells given at once, as `keras.Sequential` takes its layers, land here.
    if isinstance(state_sync, (list, tuple, keras.Layer)):
        raise TypeError(
            message(
                "A stack takes its cells one by one.",
                received=f"RecurrentSequential({told(state_sync)})",
                expected="options only, and the cells by add()",
                fix="rnn = RecurrentSequential(); rnn.add(LSTMCell(8)); rnn.add(LSTMCell(8))",
            )
        )
    check_switch("state_sync", state_sync)


def _serialized(activation):
    if isinstance(activation, keras.layers.Layer):
        return keras.saving.serialize_keras_object(activation)
    return keras.activations.serialize(activation)


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
                expected="the name of a Keras activation, a function or a layer",
                fix="readout_activation='softmax'",
            )
        ) from error
