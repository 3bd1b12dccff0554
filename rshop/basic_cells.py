"""The three cells once more, as plain as they can be: read these to learn how to write your own.

Nothing is hidden: `Dense` layers, activations, `+` and `*`. The cells of `rshop.cells` compute the
same with fewer, larger products, and take every option of Keras's cells.
"""

import keras
from keras import Input, Model
from keras.layers import Activation, Dense

from rshop.cells.base import RNNCell


@keras.saving.register_keras_serializable(package="rshop.basic")
class SimpleRNNCell(RNNCell):
    """A simple RNN (Elman, 1990, there with logistic units): input and old state, summed and squashed.

    Example:
        >>> SimpleRNNCell(10, input_dim=5).get_layer()(np.ones((2, 7, 5))).shape
        (2, 10)

    Args:
        output_dim: the number of units.
        **kwargs: those of `RNNCell`.
    """

    known_states = ("h",)

    def build_model(self, input_shape):
        """The step `[x, h_tm1] -> [h, h]`."""
        units = self.output_dim
        x = Input(batch_shape=input_shape, name="x")
        h_tm1 = Input((units,), name="h_tm1")
        h = Activation("tanh", name="h")(Dense(units)(x) + Dense(units, use_bias=False)(h_tm1))
        return Model([x, h_tm1], [h, h])


@keras.saving.register_keras_serializable(package="rshop.basic")
class GRUCell(RNNCell):
    """A GRU (Cho et al., 2014): two gates decide how much of the old state stays.

    Example:
        >>> GRUCell(10, input_dim=5).get_layer()(np.ones((2, 7, 5))).shape
        (2, 10)

    Args:
        output_dim: the number of units.
        **kwargs: those of `RNNCell`.
    """

    known_states = ("h",)

    def build_model(self, input_shape):
        """The step `[x, h_tm1] -> [h, h]`."""
        units = self.output_dim
        x = Input(batch_shape=input_shape, name="x")
        h_tm1 = Input((units,), name="h_tm1")
        z = Dense(units)(x) + Dense(units, use_bias=False)(h_tm1)
        z = Activation("sigmoid", name="update_gate")(z)
        r = Dense(units)(x) + Dense(units, use_bias=False)(h_tm1)
        r = Activation("sigmoid", name="reset_gate")(r)
        n = Dense(units)(x) + Dense(units, use_bias=False)(r * h_tm1)
        n = Activation("tanh", name="candidate")(n)
        h = keras.layers.Add(name="h")([z * h_tm1, (1 - z) * n])
        return Model([x, h_tm1], [h, h])


@keras.saving.register_keras_serializable(package="rshop.basic")
class LSTMCell(RNNCell):
    """An LSTM (Hochreiter & Schmidhuber, 1997): a memory `c` that gates write, keep and read.

    Example:
        >>> LSTMCell(10, input_dim=5).get_layer()(np.ones((2, 7, 5))).shape
        (2, 10)

    Args:
        output_dim: the number of units.
        **kwargs: those of `RNNCell`.
    """

    known_states = ("h", "c")

    def build_model(self, input_shape):
        """The step `[x, h_tm1, c_tm1] -> [h, h, c]`."""
        units = self.output_dim
        x = Input(batch_shape=input_shape, name="x")
        h_tm1, c_tm1 = Input((units,), name="h_tm1"), Input((units,), name="c_tm1")
        i = Dense(units)(x) + Dense(units, use_bias=False)(h_tm1)
        i = Activation("sigmoid", name="input_gate")(i)
        f = Dense(units, bias_initializer="ones")(x) + Dense(units, use_bias=False)(h_tm1)
        f = Activation("sigmoid", name="forget_gate")(f)
        g = Dense(units)(x) + Dense(units, use_bias=False)(h_tm1)
        g = Activation("tanh", name="candidate")(g)
        o = Dense(units)(x) + Dense(units, use_bias=False)(h_tm1)
        o = Activation("sigmoid", name="output_gate")(o)
        c = keras.layers.Add(name="c")([f * c_tm1, i * g])
        h = keras.layers.Multiply(name="h")([o, Activation("tanh")(c)])
        return Model([x, h_tm1, c_tm1], [h, h, c])
