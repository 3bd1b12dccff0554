"""Cells: one timestep as a Keras layer, `[x, *states] -> [y, *next_states]`."""

import inspect

import keras

from rshop.cells.cell_checks import check_input, check_model, check_tensors
from rshop.cells.declared_shape import declared_shape
from rshop.checks import check_count
from rshop.conversions import convert
from rshop.errors import message
from rshop.signatures import LAYER_OPTIONS, ClassSignature
from rshop.step.describe.checks import names_of_states
from rshop.step.describe.describe_step import describe_step
from rshop.step.start_values import check_call
from rshop.step.step import Step
from rshop.structure import flat, flat_shapes


class RNNCell(keras.layers.Layer):
    """One timestep of a recurrent network, to be stacked, nested or run over sequences.

    Subclass it and write `build_model`. Register the class, so that saved models find it again.

    Example:
        >>> @keras.saving.register_keras_serializable()
        ... class Leaky(RNNCell):
        ...     def build_model(self, input_shape):
        ...         x = keras.Input(batch_shape=input_shape)
        ...         h_tm1 = keras.Input(batch_shape=input_shape, name="h_tm1")
        ...         h = 0.9 * h_tm1 + x
        ...         return keras.Model([x, h_tm1], [h, h])
        >>> layer = Leaky(input_dim=3).get_layer(return_sequences=True)
        >>> layer(np.ones((2, 7, 3))).shape
        (2, 7, 3)

    Args:
        output_dim: the number of units, for `build_model` to read.
        input_dim: the number of features of `x`, where it should be known before the first call.
        input_shape: the shape of `x` without the batch, likewise.
        batch_input_shape: the shape of `x` with the batch, likewise (`batch_shape` too).
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        TypeError, ValueError: `build_model` does not return a model of this form.
    """

    #: The names of the states, where a class knows them before it is built.
    known_states: tuple[str, ...] | None = None
    #: The names of the constants, which stand between `x` and the states: what every timestep sees whole.
    #: One called `memory_mask` is the mask of `memory`; a layer finds it, and a call does not give it.
    known_constants: tuple[str, ...] = ()
    __signature__ = ClassSignature()

    def __init__(
        self,
        output_dim: int | None = None,
        *,
        input_dim: int | None = None,
        input_shape: tuple | None = None,
        batch_input_shape: tuple | None = None,
        batch_shape: tuple | None = None,
        **layer_kwargs,
    ):
        super().__init__(**layer_kwargs)
        if output_dim is not None:
            check_count("output_dim", output_dim, "number of units")
        self.output_dim = output_dim
        self._declared_shape = declared_shape(
            input_dim=input_dim,
            input_shape=input_shape,
            batch_input_shape=batch_input_shape,
            batch_shape=batch_shape,
        )
        self._model = None

    @classmethod
    def options_of_init(cls) -> list[inspect.Parameter]:
        """The options that `__init__` hands on to Keras, for the signature of the class."""
        return LAYER_OPTIONS

    def build_model(self, input_shape) -> keras.Model:
        """The step: `keras.Model([x, *states], [y, *next_states])` for x of shape `(batch, ...)`.

        Raises:
            TypeError: the class does not write it.
        """
        raise TypeError(
            message(
                f"{type(self).__name__} does not say what its timestep is.",
                received="a cell without build_model",
                expected="a method build_model(self, input_shape)",
                fix="write build_model and return keras.Model([x, *states], [y, *next_states])",
            )
        )

    def build(self, input_shape):
        """Build the step for `x` of this shape (or for a list of shapes that starts with it)."""
        if self._model is None:
            # A step fits any batch, unless the cell was declared for one.
            declared, shape = self._declared_shape, flat_shapes(input_shape)[0]
            if declared is not None:
                check_input(self.name, shape, declared)
            model = self.build_model((declared[0] if declared else None, *shape[1:]))
            check_model(type(self).__name__, model, len(self.constant_names))
            self._model = model
        self.built = True

    @property
    def model(self) -> keras.Model:
        """The Keras model of `build_model`; built now if the shape of `x` is known.

        Raises:
            ValueError: the cell was not called yet and has no `input_dim`.
        """
        if self._model is None:
            if self._declared_shape is None:
                raise ValueError(self._unknown("its model"))
            self.build(self._declared_shape)
        return self._model

    @property
    def step_model(self) -> keras.Model:
        """The same model; trace and pictures find the steps inside a step by this name."""
        return self.model

    @property
    def state_names(self) -> list[str]:
        """The names of the states, in order: `['h', 'c']` for an LSTM."""
        if self._model is None and self.known_states is not None:
            return list(self.known_states)
        if self._model is None and self._declared_shape is None:
            raise ValueError(self._unknown("its states"))
        return names_of_states(self.model.inputs[1 + len(self.constant_names) :])

    @property
    def constant_names(self) -> list[str]:
        """The names of the constants that the cell reads: `['memory', 'memory_mask']` for an attention."""
        return list(self.known_constants)

    @property
    def constant_inputs(self) -> list[keras.KerasTensor]:
        """The Inputs of the built cell for its constants, in the order of `constant_names`."""
        last = len(self.model.inputs) - self.num_states
        return self.model.inputs[last - len(self.constant_names) : last]

    @property
    def state_lengths(self) -> dict[str, str]:
        """For a state whose size the cell does not know, the name of the constant that is as long."""
        return {}

    @property
    def num_states(self) -> int:
        """The number of states: 2 for an LSTM."""
        return len(self.state_names)

    @property
    def num_inputs(self) -> int:
        """The number of tensors that the cell reads beside its states: `x` and the constants, if any.

        A cell of several inputs knows it when it is built.
        """
        if self._model is None:
            return 1 + len(self.constant_names)
        return len(self._model.inputs) - self.num_states

    @property
    def declared_shape(self) -> tuple | None:
        """The shape `(batch, ...)` of `x` that the cell was made with, or None."""
        return self._declared_shape

    def __call__(self, inputs, *args, **kwargs):
        """Check that the inputs hold numbers, then call the cell as Keras does."""
        check_call({"inputs": inputs}, optional=False, arrays=True)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None):
        """One timestep: `[x, *constants, *states] -> [y, *next_states]`, flat lists of `(batch, ...)`."""
        return flat(self.model(self._checked(inputs), training=training))

    def compute_output_spec(self, inputs, training=None):
        """The symbolic result of a call."""
        return flat(self.model.compute_output_spec(self._checked(inputs)))

    def compute_output_shape(self, input_shape):
        """The shapes of `[y, *next_states]`."""
        return [tuple(t.shape) for t in self.model.outputs]

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y` for `x` of this shape, without building the cell; None where it is not known.

        A stack uses it for the size of its readout. It is the result of the class's own
        `compute_output_shape` if it has one, else `output_dim` units.

        Example:
            >>> LSTMCell(10).output_shape((None, None))
            (None, 10)
        """
        if self._model is not None:
            return tuple(self._model.outputs[0].shape)
        if type(self).compute_output_shape is not RNNCell.compute_output_shape:
            return flat_shapes(self.compute_output_shape(input_shape))[0]
        if self.output_dim is not None:
            return (*(input_shape or (None, None))[:-1], self.output_dim)
        return None if self._declared_shape is None else tuple(self.model.outputs[0].shape)

    def describe(self) -> Step:
        """The checked `Step` of this cell, which must be built."""
        inputs, outputs = self.model.inputs, self.model.outputs
        names, constants = self.state_names, self.constant_inputs
        first, states = len(outputs) - len(names), len(inputs) - len(names)
        return describe_step(
            _one_or_list(inputs[: states - len(constants)]),
            _one_or_list(outputs[:first]),
            states=inputs[states:],
            next_states=outputs[first:],
            constants=_one_or_list(constants) if constants else None,
            state_names=names,
            lengths=self.state_lengths,
            of_cell=True,
        )

    def get_layer(self, **options):
        """A layer that runs this cell over sequences, with the options of `RecurrentModel`.

        Example:
            >>> LSTMCell(10, input_dim=5).get_layer(return_sequences=True)(np.zeros((2, 7, 5))).shape
            (2, 7, 10)
        """
        return convert("layer", self, **options)

    def get_config(self):
        """The options of this cell as plain JSON values."""
        config = {**super().get_config(), "output_dim": self.output_dim}
        if self._declared_shape is not None:
            config["batch_input_shape"] = list(self._declared_shape)
        return config

    def _checked(self, inputs) -> list:
        given = flat(inputs)
        check_tensors(self.name, given, self.model.inputs, self.state_names, self.constant_names)
        return given

    def _unknown(self, what):
        return message(
            f"The cell {self.name!r} was not built yet, so {what} cannot be known.",
            received=f"a {type(self).__name__} without input_dim",
            expected="a cell that was called, or one with input_dim",
            fix=f"{type(self).__name__}(..., input_dim=5)",
        )


def _one_or_list(tensors):
    return tensors[0] if len(tensors) == 1 else list(tensors)
