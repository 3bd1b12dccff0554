"""What the built-in cells are made of: Keras's options, products with a shared kernel, biases."""

from types import SimpleNamespace

import keras
from keras import layers, ops

from ..cell import RNNCell
from ..errors import message
from ..options import check_count
from ..structure import flat_shapes

_CELL_ARGUMENTS = ("input_dim", "input_shape", "batch_input_shape", "batch_shape")
_LAYER_ARGUMENTS = ("name", "dtype", "trainable", "autocast")


class KerasLikeCell(RNNCell):
    """A cell that takes the options of one of Keras's cells; an interface for the three families.

    Its weights are those of the Keras cell, in order and shape: kernel, recurrent kernel, bias.

    Example:
        >>> LSTMCell(4, recurrent_activation="hard_sigmoid", input_dim=3).num_states
        2

    Args:
        units: the number of units.
        output_dim: the same, as the first library calls it.
        **options: those of `keras_class`, and those of `RNNCell`.

    Raises:
        TypeError, ValueError: what the Keras cell itself raises for an option; no number of units, or two.
    """

    keras_class: type | None = None

    def __init__(self, units=None, *, output_dim=None, **options):
        mine = {key: options.pop(key) for key in _CELL_ARGUMENTS if key in options}
        mine |= {key: options.pop(key) for key in _LAYER_ARGUMENTS if key in options}
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
        # Keras's own cell reads the options, so that defaults, names and errors are Keras's.
        read = self.keras_class(units, **options)
        super().__init__(units, **mine)
        config = read.get_config()
        self._keras_config = {key: value for key, value in config.items() if key not in _LAYER_ARGUMENTS}
        self.units = read.units
        self.options = SimpleNamespace(**{k: getattr(read, k) for k in self._keras_config})

    def build(self, input_shape):
        """Make the weights in Keras's order, then the step."""
        shape = flat_shapes(input_shape)[0]
        if len(shape) < 2:
            raise ValueError(
                message(
                    f"The cell {self.name!r} reads a vector at each timestep.",
                    received=f"x of shape {shape} at each timestep",
                    expected="(batch, features), so sequences of shape (batch, time, features)",
                    fix="return_sequences=True in the layer before, or a time axis, x[:, None]",
                )
            )
        if self._model is None:
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


@keras.saving.register_keras_serializable(package="rshop")
class Product(layers.Layer):
    """`x -> x W`, with a choice of columns of `W`.

    Example:
        >>> Product(6)(np.ones((2, 3))).shape
        (2, 6)

    Args:
        units: the number of columns.
        initializer, regularizer, constraint: for `W`, as in Keras.
    """

    def __init__(self, units, initializer="glorot_uniform", regularizer=None, constraint=None, **kw):
        super().__init__(**kw)
        self.units = units
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)

    def build(self, input_shape):
        """Make `W` of shape `(features, units)`."""
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=self.initializer,
            regularizer=self.regularizer,
            constraint=self.constraint,
            name="kernel",
        )

    def call(self, x, start=None, stop=None):
        """`x` `(batch, features)` times the columns from `start` to `stop`."""
        kernel = ops.convert_to_tensor(self.kernel)
        if start is not None or stop is not None:
            kernel = kernel[:, start:stop]
        return ops.matmul(x, kernel)

    def compute_output_shape(self, input_shape, start=None, stop=None):
        """`(batch, columns)`."""
        return (*input_shape[:-1], len(range(self.units)[start:stop]))

    def compute_output_spec(self, x, start=None, stop=None):
        """The symbolic result."""
        shape = self.compute_output_shape(x.shape, start, stop)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "units": self.units,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "constraint": keras.constraints.serialize(self.constraint),
        }


@keras.saving.register_keras_serializable(package="rshop")
class Bias(layers.Layer):
    """`z -> z + b` for the gates of a cell, side by side.

    Example:
        >>> Bias(2, gates=4, ones_for=1).get_weights()[0]  # once built
        array([0., 0., 1., 1., 0., 0., 0., 0.])

    Args:
        units, gates: `b` has `units * gates` numbers.
        rows: how many such vectors; the call says which one is added.
        ones_for: the gate whose biases start at one: the forget gate (Jozefowicz et al., 2015).
        initializer, regularizer, constraint: for `b`, as in Keras.
    """

    def __init__(
        self,
        units,
        gates,
        *,
        rows=None,
        ones_for=None,
        initializer="zeros",
        regularizer=None,
        constraint=None,
        **kw,
    ):
        super().__init__(**kw)
        self.units, self.gates, self.rows, self.ones_for = units, gates, rows, ones_for
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)

    def build(self, input_shape):
        """Make `b` of shape `(gates * units,)`, or `(rows, gates * units)`."""
        size = (self.gates * self.units,)
        self.value = self.add_weight(
            shape=size if self.rows is None else (self.rows, *size),
            initializer=self.initializer if self.ones_for is None else self._with_ones,
            regularizer=self.regularizer,
            constraint=self.constraint,
            name="bias",
        )

    def call(self, z, row=None):
        """`z` `(batch, gates * units)` plus the bias, or plus this row of it."""
        value = ops.convert_to_tensor(self.value)
        return ops.add(z, value if row is None else value[row])

    def compute_output_spec(self, z, row=None):
        """The symbolic result."""
        return keras.KerasTensor(z.shape, dtype=self.compute_dtype)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "units": self.units,
            "gates": self.gates,
            "rows": self.rows,
            "ones_for": self.ones_for,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "constraint": keras.constraints.serialize(self.constraint),
        }

    def _with_ones(self, shape, dtype=None):
        before, after = self.ones_for, self.gates - self.ones_for - 1
        return ops.concatenate(
            [
                self.initializer((before * self.units,), dtype=dtype),
                ops.ones((self.units,), dtype=dtype),
                self.initializer((after * self.units,), dtype=dtype),
            ]
        )
