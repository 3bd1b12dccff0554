"""Cells: one timestep as a Keras layer, `[x, *states] -> [y, *next_states]`."""

import keras

from rshop.cells.declared_shape import declared_shape
from rshop.checks import check_count
from rshop.conversions import convert
from rshop.errors import describe, message, shapes
from rshop.step.checks import check_pair, names_of_states
from rshop.step.start_values import check_call
from rshop.step.step import Step, describe_step
from rshop.structure import agree, flat, flat_shapes, shape_of


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

    def __init__(
        self,
        output_dim=None,
        *,
        input_dim=None,
        input_shape=None,
        batch_input_shape=None,
        batch_shape=None,
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
            if declared is not None and not agree(declared, shape):
                raise ValueError(self._other_input(shape, declared))
            model = self.build_model((declared[0] if declared else None, *shape[1:]))
            self._check_model(model)
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
        """The same; what looks into a step (trace, pictures) finds nested steps by this name."""
        return self.model

    @property
    def state_names(self) -> list[str]:
        """The names of the states, in order: `['h', 'c']` for an LSTM."""
        if self._model is None and self.known_states is not None:
            return list(self.known_states)
        if self._model is None and self._declared_shape is None:
            raise ValueError(self._unknown("its states"))
        return names_of_states(self.model.inputs[1:])

    @property
    def num_states(self) -> int:
        """The number of states: 2 for an LSTM."""
        return len(self.state_names)

    @property
    def declared_shape(self) -> tuple | None:
        """The shape `(batch, ...)` of `x` that the cell was made with, or None."""
        return self._declared_shape

    def __call__(self, inputs, *args, **kwargs):
        """Check that the inputs are made of numbers, then call the cell as Keras does."""
        check_call({"inputs": inputs}, optional=False, arrays=True)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None):
        """One timestep: `[x, *states] -> [y, *next_states]`, flat lists of `(batch, ...)`."""
        return flat(self.model(self._check_call(inputs), training=training))

    def compute_output_spec(self, inputs, training=None):
        """The symbolic result of a call."""
        return flat(self.model.compute_output_spec(self._check_call(inputs)))

    def compute_output_shape(self, input_shape):
        """The shapes of `[y, *next_states]`."""
        return [tuple(t.shape) for t in self.model.outputs]

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y` for `x` of this shape, without building the cell; None where it is not known.

        A stack asks it for the size of its readout. It is what `compute_output_shape` of the class
        says where the class writes one, else `output_dim` units.

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
        """The checked `Step` of this cell; needs to be built."""
        inputs, outputs = self.model.inputs, self.model.outputs
        names = self.state_names
        first = len(outputs) - len(names)
        return describe_step(
            _one_or_list(inputs[: len(inputs) - len(names)]),
            _one_or_list(outputs[:first]),
            states=inputs[len(inputs) - len(names) :],
            next_states=outputs[first:],
            state_names=names,
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

    def _check_call(self, inputs):
        given = flat(inputs)
        if len(given) != len(self.model.inputs):
            count = len(self.model.inputs) - self.num_states
            raise ValueError(
                message(
                    f"The cell {self.name!r} is called with a list of its input and its states.",
                    received=f"{len(given)} tensors ({shapes(given)})",
                    expected=f"{len(self.model.inputs)}: {count} input, then the states {self.state_names}",
                    fix=f"cell([x, {', '.join(self.state_names)}])",
                )
            )
        batches = {shape_of(part)[0] for part in given if shape_of(part)} - {None, 1}
        if len(batches) > 1:
            raise ValueError(
                message(
                    f"The input and the states of the cell {self.name!r} have different batches.",
                    received=shapes(given),
                    expected="the same number of samples in each",
                    fix="give each sample its own states",
                )
            )
        count = len(given) - self.num_states
        for name, value, like in zip(self.state_names, given[count:], self.model.inputs[count:], strict=True):
            if not agree(shape_of(value), like.shape):
                raise ValueError(
                    message(
                        f"The state {name!r} of the cell {self.name!r} has another shape.",
                        received=f"shape {shape_of(value)}",
                        expected=f"shape {tuple(like.shape)}",
                        fix=f"give {name!r} the size of the cell",
                    )
                )
        for value, like in zip(given[:count], self.model.inputs[:count], strict=True):
            if not agree(shape_of(value), like.shape):
                raise ValueError(self._other_input(shape_of(value), tuple(like.shape)))
        return given

    def _check_model(self, model):
        if not isinstance(model, keras.Model):
            raise TypeError(
                message(
                    f"build_model of {type(self).__name__} does not return a Keras model.",
                    received=f"{model!r} of type {type(model).__name__}",
                    expected="keras.Model([x, *states], [y, *next_states])",
                    fix="return keras.Model(...) at the end of build_model",
                )
            )
        if len(model.inputs) != len(model.outputs):
            raise ValueError(
                message(
                    f"build_model of {type(self).__name__} does not pair its states.",
                    received=f"{len(model.inputs)} inputs ({shapes(model.inputs)}) and "
                    f"{len(model.outputs)} outputs ({shapes(model.outputs)})",
                    expected="[x, *states] and [y, *next_states], of equal length",
                    fix="return one next state for each state",
                )
            )
        for i in range(1, len(model.inputs)):
            before, after = model.inputs[i], model.outputs[i]
            label = describe("state", before, i - 1)
            check_pair(f"{label} in build_model of {type(self).__name__}", before, after)

    def _other_input(self, shape, expected):
        return message(
            f"The cell {self.name!r} was made for another input.",
            received=f"x of shape {shape}",
            expected=f"(batch, ...) = {expected}",
            fix="give input_dim the size of x, or make another cell for it",
        )

    def _unknown(self, what):
        return message(
            f"The cell {self.name!r} was not built yet, so {what} cannot be known.",
            received=f"a {type(self).__name__} without input_dim",
            expected="a cell that was called, or one with input_dim",
            fix=f"{type(self).__name__}(..., input_dim=5)",
        )


def _one_or_list(tensors):
    return tensors[0] if len(tensors) == 1 else list(tensors)
