"""Small layers to inspect: an LSTM, and one whose state fades by half at each timestep."""

import keras
import numpy as np

from rshop import LSTMCell, RecurrentModel


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def layer(units=4, features=3, **options):
    return LSTMCell(units, input_dim=features).get_layer(return_sequences=True, **options)


def linear(name="linear"):
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h_tm1")
    n = x + 0.5 * h
    return RecurrentModel(x, n, h, n, return_sequences=True, name=name)
