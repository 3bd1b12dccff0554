"""Traces to draw: one made of numbers, and what the plots of them say."""

import numpy as np

from rshop import LSTMCell, Trace
from tests.support.cells import draws

X = draws(3, 7, 2)


def made(values, name="v", mask=None, states=None):
    """A trace of one value `(batch, time, ...)`."""
    values = np.asarray(values, "float32")
    return Trace({name: values}, inputs=None, outputs=values, states=states or {}, readout=None, mask=mask)


def title(ax):
    return ax.get_title(loc="left")


def odd_values():
    values = draws(1, 5, 3)
    values[0, 1, 0], values[0, 2, 1], values[0, 3, 2], values[0, 4, 0] = np.nan, np.inf, -np.inf, 7.0
    return values


def lstm_with(name="lstm"):
    rnn = LSTMCell(4, input_dim=2).get_layer(return_sequences=True, name=name)
    rnn(X)
    return rnn


def long_state(steps=40):
    return made(draws(1, steps, 3), states={"s": draws(1, steps + 1, 3)})


def softmax(values):
    e = np.exp(values)
    return e / e.sum(axis=-1, keepdims=True)
