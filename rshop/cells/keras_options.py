"""`KerasLikeCell`: the base of the built-in cells, with the options and weights of Keras's cells."""

import inspect
from types import SimpleNamespace

import keras
from keras import layers

from rshop.cells.base import RNNCell
from rshop.cells.weights import Bias, Product
from rshop.checks import check_count
from rshop.errors import message
from rshop.signatures import keyword_only, options_of_keras, parameters
from rshop.structure import flat_shapes

#: What `RNNCell` takes by name; the number of units has a name of its own here.
_OF_ANY_CELL = keyword_only(parameters(RNNCell), without=["output_dim"])
_NAMES_OF_ANY_CELL = {option.name for option in _OF_ANY_CELL}


class KerasLikeCell(RNNCell):
    """A cell that takes the options of one of Keras's cells; the base of the three families.

    Its weights are those of the Keras cell, in order and shape: kernel, recurrent kernel, bias.

    Example:
        >>> LSTMCell(4, recurrent_activation="hard_sigmoid", input_dim=3).num_states
        2

    Args:
        units: the number of units.
        output_dim: the same, as the first library calls it.
        **options: those of `keras_class`, and those of `RNNCell`.

    Raises:
        TypeError, ValueError: what the Keras cell raises for an option; no number of units, or two of them.
    """

    #: The Keras cell with these options and weights, and the Keras layer of it that cuDNN can run, if any.
    keras_class: type | None = None
    keras_layer: type | None = None

    def __init__(self, units: int | None = None, *, output_dim: int | None = None, **options):
        mine = {key: options.pop(key) for key in _NAMES_OF_ANY_CELL & options.keys()}
        counts = {"units": units, "output_dim": output_dim}
        given = [check_count(k, n, "number of units") for k, n in counts.items() if n is not None]
        if len(set(given)) > 1:
            raise ValueError(
                message(
                    "`units` and `output_dim` are two names of one number.",
                    received=f"units={units!r}, output_dim={output_dim!r}",
                    expected="one of them",
                    fix=f"{type(self).__name__}({units!r})",
                )
            )
        units = given[0] if given else check_count("units", None, "number of units")
        # Keras's own cell reads the options, so defaults, names and errors are Keras's.
        read = self.keras_class(units, **options)
        super().__init__(units, **mine)
        config = read.get_config()
        self._keras_config = {key: value for key, value in config.items() if key not in _NAMES_OF_ANY_CELL}
        self.units, self.parts = read.units, None
        self.options = SimpleNamespace(**{k: getattr(read, k) for k in self._keras_config})

    @classmethod
    def options_of_init(cls) -> list[inspect.Parameter]:
        """The options that `__init__` takes by name, those of the Keras cell first, for the signature."""
        of_keras = [] if cls.keras_class is None else options_of_keras(cls.keras_class)
        return [*(o for o in of_keras if o.name not in _NAMES_OF_ANY_CELL), *_OF_ANY_CELL]

    def build(self, input_shape):
        """Make the weights in Keras's order, then the step."""
        shape = flat_shapes(input_shape)[0]
        if len(shape) != 2:
            raise ValueError(
                message(
                    f"The cell {self.name!r} reads a vector at each timestep.",
                    received=f"x of shape {shape} at each timestep",
                    expected="(batch, features), so sequences of shape (batch, time, features)",
                    fix="return_sequences=True in the layer before, or a time axis, x[:, None]"
                    if len(shape) < 2
                    else "flatten what stands behind the time axis, keras.layers.TimeDistributed(Flatten())",
                )
            )
        if self.parts is None:
            self.parts = self.make_parts()
        super().build(input_shape)

    def make_parts(self) -> list:
        """The layers that hold the weights, in Keras's order."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its weights are.")

    def state_input(self, name: str):
        """An Input for a state of `units` numbers, `(batch, units)`."""
        return keras.Input((self.units,), dtype=self.compute_dtype, name=name)

    def x_input(self, input_shape):
        """The Input of the step, `(batch, features)`."""
        return keras.Input(input_shape[1:], dtype=self.compute_dtype, name="x")

    def product(self, gates: int, which: str):
        """A layer `x -> x W`, `W` of shape `(features, gates * units)`; 'kernel' or 'recurrent'."""
        name = "kernel" if which == "kernel" else "recurrent_kernel"
        o = self.options
        return Product(
            gates * self.units,
            initializer=getattr(o, f"{which}_initializer"),
            regularizer=getattr(o, f"{which}_regularizer"),
            constraint=getattr(o, f"{which}_constraint"),
            name=name,
            dtype=self.dtype_policy,
        )

    def bias(self, gates: int, **where):
        """A layer `z -> z + b` for all gates together."""
        o = self.options
        return Bias(
            self.units,
            gates,
            initializer=o.bias_initializer,
            regularizer=o.bias_regularizer,
            constraint=o.bias_constraint,
            name="bias",
            dtype=self.dtype_policy,
            **where,
        )

    def activate(self, function, name: str):
        """A named activation layer."""
        return layers.Activation(function, name=name, dtype=self.dtype_policy)

    def drop(self, x, rate: float, name: str):
        """Dropout with a new mask at each timestep; nothing where the rate is 0."""
        if not rate:
            return x
        return layers.Dropout(rate, seed=self.options.seed, name=name, dtype=self.dtype_policy)(x)

    def dropped(self, x, h_tm1) -> tuple:
        """The input and the state as the products see them."""
        o = self.options
        return (
            self.drop(x, o.dropout, "dropout"),
            self.drop(h_tm1, o.recurrent_dropout, "recurrent_dropout"),
        )

    def get_config(self):
        """Keras's options and those of the cell as plain JSON values."""
        return {**super().get_config(), **self._keras_config}
