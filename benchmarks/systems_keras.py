"""What Keras has a layer for. Each function returns a model and its weights in the shared order."""

import keras
from keras import Input, layers

from .workloads import Sizes

#: Of the row with both dropouts.
DROPOUT = 0.2


def whole_layer(units: int):
    """A layer whose last output is read, `(batch, time, features) -> (batch, units)`."""
    return layers.LSTM(units)


def lstm(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model([layers.LSTM(s.units, return_sequences=True)], s)


def no_loop(s: Sizes):
    """The products of an LSTM without a loop: what TensorFlow takes for any training step with such weights.

    `(batch, time, features) -> (batch, time, units)`.
    """
    x = Input((s.time, s.features))
    kernel, recurrent = layers.Dense(4 * s.units), layers.Dense(4 * s.units, use_bias=False)
    of_input = kernel(x)
    y = of_input + recurrent(of_input[..., : s.units])
    return keras.Model(x, y[..., : s.units]), [*kernel.trainable_weights, *recurrent.trainable_weights]


def gru(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model([layers.GRU(s.units, return_sequences=True)], s)


def simple(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model([layers.SimpleRNN(s.units, return_sequences=True)], s)


def stack(s: Sizes):
    """LSTMs one after the other, each over the whole sequence; the last output `(batch, units)`."""
    return _sequence_model(
        [layers.LSTM(s.units, return_sequences=i < s.depth - 1) for i in range(s.depth)], s
    )


def mask(s: Sizes):
    """`(batch, time, features)` and booleans `(batch, time)` to the last output `(batch, units)`."""
    rnn = layers.LSTM(s.units)
    x, counts = Input((s.time, s.features)), Input((s.time,), dtype="bool")
    return keras.Model([x, counts], rnn(x, mask=counts)), rnn.trainable_weights


def nested_cells(s: Sizes):
    """Three layers one after the other: what cells within cells come to."""
    chain = [layers.LSTM, layers.GRU, layers.SimpleRNN]
    return _sequence_model([layer(s.units, return_sequences=True) for layer in chain], s)


def bidirectional(s: Sizes):
    """`(batch, time, features) -> (batch, time, 2 units)`."""
    return _sequence_model([layers.Bidirectional(layers.LSTM(s.units, return_sequences=True))], s)


def sequential(s: Sizes):
    """Two layers, one after the other, and a Dense layer: `(batch, time, units)`."""
    rnns = [layers.LSTM(s.units, return_sequences=True) for _ in range(2)]
    return _sequence_model([*rnns, layers.Dense(s.units)], s)


def dropout(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`, with dropout of inputs and of states."""
    rates = {"dropout": DROPOUT, "recurrent_dropout": DROPOUT}
    return _sequence_model([layers.LSTM(s.units, return_sequences=True, **rates)], s)


def _sequence_model(chain, s):
    x = y = Input((s.time, s.features))
    for layer in chain:
        y = layer(y)
    return keras.Model(x, y), [weight for layer in chain for weight in layer.trainable_weights]
