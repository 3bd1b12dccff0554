"""A linear RNN and an LSTM whose gradients through time are known in closed form."""

import keras
import numpy as np
from keras import layers

from rshop import LSTMCell, RecurrentModel
from tests.support.cells import draws, randomize

T = 6
X = draws(2, T, 2)
A = np.array([[0.5, -0.8, 0.1], [0.3, 0.9, 0.0], [-0.2, 0.4, 1.1]], "float32")


def linear(**options):
    """h = x W + h A, y = h."""
    x, h = keras.Input((2,), name="x"), keras.Input((3,), name="h")
    across = layers.Dense(3, use_bias=False, name="A")
    n = layers.Dense(3, name="W")(x) + across(h)
    across.set_weights([A])
    return RecurrentModel(x, n, h, n, return_sequences=True, **options)


def lstm(forget=0.0, units=3):
    rnn = LSTMCell(units, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    kernel, recurrent, bias = randomize(rnn)
    if forget:
        # No gate looks at the state, and the forget gate is one to the last bit.
        recurrent = np.zeros_like(recurrent)
        kernel[:, units : 2 * units], bias[units : 2 * units] = 0.0, forget
    rnn.set_weights([kernel, recurrent, bias])
    return rnn


def powers(k):
    return np.linalg.norm(np.linalg.matrix_power(A.astype("float64"), k) @ np.ones(3))
