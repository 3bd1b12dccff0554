"""Layers that hold the weights of the built-in cells: a kernel in `Product`, all biases in `Bias`."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="rshop")
class Product(layers.Layer):
    """`x -> x W`, with all or some of the columns of `W`.

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
        rows: the number of such vectors; the call chooses the one that is added.
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
