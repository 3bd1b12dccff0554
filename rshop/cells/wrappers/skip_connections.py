"""Cells whose input goes around them: residual (He et al., 2016) and highway (Srivastava et al., 2015)."""

import keras
from keras import layers

from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_number
from rshop.errors import message
from rshop.structure import agree, flat_shapes


class _AroundTheCell(CellWrapper):
    def build_model(self, input_shape):
        # Before the cell is built for this input, where it says what it returns; `run` knows it in any case.
        x = flat_shapes(input_shape)[0]
        _check_alike(self, x, self.output_shape(input_shape) or x)
        return super().build_model(input_shape)


@keras.saving.register_keras_serializable(package="rshop")
class ResidualCell(_AroundTheCell):
    """A cell whose input is added to its output: `y_t = cell(x_t) + x_t`.

    Deep stacks of such cells train where plain ones do not. The states are those of the cell.

    Example:
        >>> rnn = RecurrentSequential(return_sequences=True)
        >>> rnn.add(LSTMCell(8))
        >>> rnn.add(ResidualCell(LSTMCell(8)))
        >>> rnn(np.ones((2, 7, 5))).shape
        (2, 7, 8)

    Args:
        cell: any cell whose output has the shape of its input, `(batch, units)`.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: input and output differ in shape.

    Source:
        K. He et al., Deep residual learning for image recognition, 2016; between recurrent layers: Y. Wu et
        al., Google's neural machine translation system, 2016.
    """

    def run(self, xs, states):
        """The sum of input and output, and the cell's next states."""
        y, after = self.run_cell(xs, states)
        _check_alike(self, xs[0].shape, y.shape)
        return layers.Add(name="residual", dtype=self.dtype_policy)([y, xs[0]]), after


@keras.saving.register_keras_serializable(package="rshop")
class HighwayCell(_AroundTheCell):
    """A cell around which a learned gate carries the input: `y_t = (1 - g_t) * cell(x_t) + g_t * x_t`.

    The carry gate reads the input, `g_t = sigmoid(x_t W + b)`. It is the highway network of Srivastava et
    al., 2015, with its two gates coupled and with a recurrent cell for the transformation of the input.
    The states are those of the cell.

    Example:
        >>> HighwayCell(GRUCell(5)).get_layer()(np.ones((2, 7, 5))).shape
        (2, 5)

    Traces `carry_gate` and `highway`.

    Args:
        cell: any cell whose output has the shape of its input, `(batch, units)`.
        carry_bias: the first value of `b`; with 1.0 a new layer carries most of its input, as the paper
            recommends for deep stacks.
        kernel_initializer: of `W` `(units, units)`.
        kernel_regularizer: likewise.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or `carry_bias` no number.
        ValueError: input and output differ in shape.

    Source:
        R. K. Srivastava, K. Greff and J. Schmidhuber, Highway networks, 2015 (arXiv:1505.00387).
    """

    def __init__(
        self,
        cell,
        *,
        carry_bias: float = 1.0,
        kernel_initializer: "str | keras.Initializer" = "glorot_uniform",
        kernel_regularizer: "str | keras.Regularizer | None" = None,
        **options,
    ):
        super().__init__(cell, **options)
        self.carry_bias = check_number("carry_bias", carry_bias, "first value of the carry gate's bias")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def run(self, xs, states):
        """Output and input, mixed by the carry gate, and the cell's next states."""
        x, dtype = xs[0], self.dtype_policy
        y, after = self.run_cell(xs, states)
        _check_alike(self, x.shape, y.shape)
        gate = layers.Dense(
            x.shape[-1],
            activation="sigmoid",
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_initializer=keras.initializers.Constant(self.carry_bias),
            name="carry_gate",
            dtype=dtype,
        )(x)
        return layers.Add(name="highway", dtype=dtype)([(1 - gate) * y, gate * x]), after

    def get_config(self):
        """The cell and the options as plain JSON values."""
        return {
            **super().get_config(),
            "carry_bias": self.carry_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


def _check_alike(wrapper, x, y):
    if not agree(x, y):
        raise ValueError(
            message(
                f"{type(wrapper).__name__} {wrapper.name!r} adds input and output of its cell, which differ "
                "in shape.",
                received=f"x of shape {tuple(x)}, an output of shape {tuple(y)}",
                expected="the same shape",
                fix=f"give the cell {x[-1]} units, or put a Dense layer in front of it",
            )
        )
