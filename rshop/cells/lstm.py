"""The long short-term memory (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)."""

import keras
from keras import layers, ops

from rshop.cells.keras_options import KerasLikeCell


@keras.saving.register_keras_serializable(package="rshop")
class LSTMCell(KerasLikeCell):
    """One timestep of an LSTM.

    The gates `i` (input), `f` (forget), `o` (output) and the candidate `g`::

        i_t = sigmoid(x_t W_i + h_tm1 U_i + b_i)
        f_t = sigmoid(x_t W_f + h_tm1 U_f + b_f)
        g_t = tanh(x_t W_g + h_tm1 U_g + b_g)
        o_t = sigmoid(x_t W_o + h_tm1 U_o + b_o)
        c_t = f_t * c_tm1 + i_t * g_t
        h_t = o_t * tanh(c_t)

    Example:
        >>> cell = LSTMCell(10, input_dim=5)
        >>> [y, h, c] = cell([np.ones((2, 5)), np.zeros((2, 10)), np.zeros((2, 10))])
        >>> y.shape, cell.state_names
        ((2, 10), ['h', 'c'])

    Traces `input_gate`, `forget_gate`, `candidate`, `output_gate`, `c`, `h`.

    Args:
        units: the number of units.
        **options: every option of `keras.layers.LSTMCell` (activation, recurrent_activation,
            use_bias, unit_forget_bias, the initializers, regularizers and constraints, dropout,
            recurrent_dropout, seed), with the same numbers; `input_dim`, `name`, `dtype`,
            `trainable`. Dropout draws a new mask at each timestep.

    Raises:
        TypeError, ValueError: what the Keras cell raises for an option.

    Source:
        S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997; the
        forget gate: F. Gers et al., Learning to forget, Neural Computation 12, 2000.
    """

    keras_class = keras.layers.LSTMCell
    keras_layer = keras.layers.LSTM
    known_states = ("h", "c")

    def make_parts(self) -> list:
        """The kernel `(features, 4 units)`, recurrent kernel `(units, 4 units)`, bias."""
        parts = [self.product(4, "kernel"), self.product(4, "recurrent")]
        if not self.options.use_bias:
            return parts
        return [*parts, self.bias(4, ones_for=1 if self.options.unit_forget_bias else None)]

    def build_model(self, input_shape) -> keras.Model:
        """The step `[x, h_tm1, c_tm1] -> [h, h, c]`."""
        kernel, recurrent_kernel, *bias = self.parts
        x = self.x_input(input_shape)
        h_tm1, c_tm1 = self.state_input("h_tm1"), self.state_input("c_tm1")
        x_seen, h_seen = self.dropped(x, h_tm1)
        z = kernel(x_seen) + recurrent_kernel(h_seen)
        z = bias[0](z) if bias else z
        z_i, z_f, z_g, z_o = ops.split(z, 4, axis=-1)
        gate, squash = self.options.recurrent_activation, self.options.activation
        i = self.activate(gate, "input_gate")(z_i)
        f = self.activate(gate, "forget_gate")(z_f)
        g = self.activate(squash, "candidate")(z_g)
        o = self.activate(gate, "output_gate")(z_o)
        c = layers.Add(name="c", dtype=self.dtype_policy)([f * c_tm1, i * g])
        squashed = self.activate(squash, "squashed_c")(c)
        h = layers.Multiply(name="h", dtype=self.dtype_policy)([o, squashed])
        return keras.Model([x, h_tm1, c_tm1], [h, h, c], name=self.name)
