"""The gated recurrent unit (Cho et al., 2014)."""

import keras
from keras import layers, ops

from rshop.cells.keras_options import KerasLikeCell


@keras.saving.register_keras_serializable(package="rshop")
class GRUCell(KerasLikeCell):
    """One timestep of a GRU.

    The update gate `z`, the reset gate `r` and the candidate `n`::

        z_t = sigmoid(x_t W_z + h_tm1 U_z + b_z)
        r_t = sigmoid(x_t W_r + h_tm1 U_r + b_r)
        n_t = tanh(x_t W_n + b_n + r_t * (h_tm1 U_n + b'_n))     reset_after=True (Keras's default)
        n_t = tanh(x_t W_n + (r_t * h_tm1) U_n + b_n)            reset_after=False (the paper)
        h_t = z_t * h_tm1 + (1 - z_t) * n_t

    Example:
        >>> cell = GRUCell(10, input_dim=5)
        >>> [y, h] = cell([np.ones((2, 5)), np.zeros((2, 10))])
        >>> y.shape, cell.num_states
        ((2, 10), 1)

    Traces `update_gate`, `reset_gate`, `candidate`, `h`.

    With `reset_after=True` the products with `h_tm1` have biases of their own in `z`, `r` and `n` (`b'`).

    Args:
        units: the number of units.
        **options: every option of `keras.layers.GRUCell` (activation, recurrent_activation,
            use_bias, the initializers, regularizers and constraints, reset_after, dropout,
            recurrent_dropout, seed), with the same numbers; `input_dim`, `name`, `dtype`,
            `trainable`. Dropout draws a new mask at each timestep.

    Raises:
        TypeError, ValueError: what the Keras cell raises for an option.

    Source:
        K. Cho et al., Learning phrase representations using RNN encoder-decoder, 2014
        (arXiv:1406.1078v3, without the biases; according to Keras's documentation v1 has the reset gate
        after the product).
    """

    keras_class = keras.layers.GRUCell
    keras_layer = keras.layers.GRU
    known_states = ("h",)

    def make_parts(self) -> list:
        """The kernel `(features, 3 units)`, recurrent kernel `(units, 3 units)`, bias."""
        parts = [self.product(3, "kernel"), self.product(3, "recurrent")]
        if not self.options.use_bias:
            return parts
        return [*parts, self.bias(3, rows=2 if self.options.reset_after else None)]

    def build_model(self, input_shape) -> keras.Model:
        """The step `[x, h_tm1] -> [h, h]`."""
        x, h_tm1 = self.x_input(input_shape), self.state_input("h_tm1")
        x_seen, h_seen = self.dropped(x, h_tm1)
        x_z, x_r, x_n = ops.split(self._from_input(x_seen), 3, axis=-1)
        h_z, h_r, *h_n = self._from_state(h_seen)
        gate = self.options.recurrent_activation
        z = self.activate(gate, "update_gate")(x_z + h_z)
        r = self.activate(gate, "reset_gate")(x_r + h_r)
        recurrent = r * h_n[0] if h_n else self._product_of_reset(r * h_seen)
        n = self.activate(self.options.activation, "candidate")(x_n + recurrent)
        h = layers.Add(name="h", dtype=self.dtype_policy)([z * h_tm1, (1 - z) * n])
        return keras.Model([x, h_tm1], [h, h], name=self.name)

    def _from_input(self, x):
        z = self.parts[0](x)
        if not self.options.use_bias:
            return z
        return self.parts[2](z, row=0) if self.options.reset_after else self.parts[2](z)

    def _from_state(self, h):
        if not self.options.reset_after:
            return ops.split(self.parts[1](h, stop=2 * self.units), 2, axis=-1)
        z = self.parts[1](h)
        return ops.split(self.parts[2](z, row=1) if self.options.use_bias else z, 3, axis=-1)

    def _product_of_reset(self, h):
        return self.parts[1](h, start=2 * self.units)
