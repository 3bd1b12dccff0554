"""The simple recurrent network (Elman, 1990)."""

import keras

from rshop.cells.keras_options import KerasLikeCell


@keras.saving.register_keras_serializable(package="rshop")
class SimpleRNNCell(KerasLikeCell):
    """One timestep of a simple RNN: `h_t = tanh(x_t W + h_tm1 U + b)`.

    Example:
        >>> cell = SimpleRNNCell(10, input_dim=5)
        >>> [y, h] = cell([np.ones((2, 5)), np.zeros((2, 10))])
        >>> y.shape, cell.get_layer(return_sequences=True)(np.ones((2, 7, 5))).shape
        ((2, 10), (2, 7, 10))

    Traces `h`.

    Args:
        units: the number of units.
        **options: every option of `keras.layers.SimpleRNNCell` (activation, use_bias, the
            initializers, regularizers and constraints, dropout, recurrent_dropout, seed), with the
            same numbers; `input_dim`, `name`, `dtype`, `trainable`. Dropout draws a new mask at
            each timestep.

    Raises:
        TypeError, ValueError: what the Keras cell raises for an option.

    Source:
        J. Elman, Finding structure in time, Cognitive Science 14, 1990 (with logistic units; tanh is
        Keras's default).
    """

    keras_class = keras.layers.SimpleRNNCell
    known_states = ("h",)

    def make_parts(self) -> list:
        """The kernel `(features, units)`, recurrent kernel `(units, units)`, bias `(units,)`."""
        parts = [self.product(1, "kernel"), self.product(1, "recurrent")]
        return [*parts, self.bias(1)] if self.options.use_bias else parts

    def build_model(self, input_shape) -> keras.Model:
        """The step `[x, h_tm1] -> [h, h]`."""
        kernel, recurrent_kernel, *bias = self.parts
        x, h_tm1 = self.x_input(input_shape), self.state_input("h_tm1")
        x_seen, h_seen = self.dropped(x, h_tm1)
        z = kernel(x_seen)
        z = bias[0](z) if bias else z
        h = self.activate(self.options.activation, "h")(z + recurrent_kernel(h_seen))
        return keras.Model([x, h_tm1], [h, h], name=self.name)
