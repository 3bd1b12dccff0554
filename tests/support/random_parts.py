"""Classes and functions of a user's own, registered, for the models of `models_at_random`."""

import keras
from keras import layers, ops

from rshop import RNNCell

PACKAGE = "tests_at_random"
registered = keras.saving.register_keras_serializable(PACKAGE)


@registered
class Leaky(RNNCell):
    """`n = leak h + W x`: a user's cell with an option of its own."""

    def __init__(self, output_dim, leak=0.5, **options):
        super().__init__(output_dim, **options)
        self.leak = leak

    def build_model(self, input_shape):
        x, h = keras.Input(input_shape[1:]), keras.Input((self.output_dim,))
        n = self.leak * h + layers.Dense(self.output_dim)(x)
        return keras.Model([x, h], [ops.tanh(n), n])

    def get_config(self):
        return {**super().get_config(), "leak": self.leak}


@registered
class HeldInside(RNNCell):
    """A cell that keeps the layers it is made of as attributes, of names that Keras makes up."""

    def build_model(self, input_shape):
        x, h = keras.Input(input_shape[1:]), keras.Input((self.output_dim,), name="h_tm1")
        self.forward_part, self.back_part = layers.Dense(self.output_dim), layers.Dense(self.output_dim)
        n = ops.tanh(self.forward_part(x) + self.back_part(h))
        return keras.Model([x, h], [n, n])


@registered
class Scale(layers.Layer):
    """A user's layer that says nothing about its output's shape."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, x):
        return x * ops.cast(self.factor, x.dtype)


@registered
def mixed(pair):
    """A readout merged by a function of a user's own: operations that Keras names."""
    return ops.softmax(ops.add(pair[0], pair[1]))


@registered
def squashed(x):
    """A user's activation."""
    return ops.tanh(x) * 0.5
