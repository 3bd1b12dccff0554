"""What Keras has no layer for: each cell in `keras.layers.RNN`, and in a Python loop over time.

Each function takes the sizes and how to run the cell (`in_rnn` or `in_loop`), and returns a model and
its weights in the shared order.
"""

from collections.abc import Callable

import keras
from keras import Input, layers, ops

from .keras_cells import (
    AdditiveCell,
    AttentionCell,
    EchoCell,
    HighwayCell,
    LeakyCell,
    NormalisedCell,
    ReadoutCell,
    SentenceCell,
)
from .workloads import Sizes


def in_rnn(cell) -> layers.Layer:
    """The cell in `keras.layers.RNN`, one output a timestep."""
    return layers.RNN(cell, return_sequences=True)


class in_loop(layers.Layer):  # noqa: N801 (stands beside in_rnn)
    """The cell in a Python loop over a known number of timesteps, as TensorFlow's `FeedBack` tutorial.

    Example:
        >>> in_loop(HighwayCell(8, depth=4))(np.ones((2, 7, 3))).shape
        (2, 7, 8)
    """

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def build(self, input_shape):
        """What the cell needs for `(batch, features)`."""
        if not self.cell.built:
            self.cell.build((input_shape[0], *input_shape[2:]))

    def call(self, x, initial_state=None):
        """`(batch, time, ...) -> (batch, time, ...)`."""
        states = initial_state or [ops.zeros((ops.shape(x)[0], size)) for size in self.cell.state_size]
        outputs = []
        for t in range(x.shape[1]):
            y, states = self.cell(x[:, t], states)
            outputs.append(y)
        return ops.stack(outputs, axis=1)


class Attending(layers.Layer):
    """A cell that remembers a memory in its last states, over `x` and the memory."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def build(self, x_shape, memory_shape):
        """What the loop needs."""
        self.run.build(x_shape)

    def call(self, x, memory):
        """`(batch, time, features)`, `(batch, positions, units) -> (batch, time, units)`."""
        zeros = ops.zeros((ops.shape(x)[0], self.run.cell.units))
        return self.run(x, initial_state=[zeros, zeros, *self.run.cell.remember(memory)])


class Forced(layers.Layer):
    """Teacher forcing by hand: in training one LSTM layer over the shifted truth, else a free run.

    Knowing the truth, training needs no feeding back: `keras.layers.LSTM` reads the input and the truth
    of the timestep before, and one Dense layer follows for all timesteps at once.
    """

    def __init__(self, units: int, features: int, how: Callable):
        super().__init__()
        self.lstm = layers.LSTM(units, return_sequences=True)
        self.dense = layers.Dense(features)
        self.free = how(EchoCell(self.lstm.cell, self.dense))

    def build(self, x_shape, truth_shape):
        """What the LSTM and the Dense layer need."""
        self.lstm.build((*x_shape[:-1], x_shape[-1] + truth_shape[-1]))
        self.dense.build((None, self.lstm.units))
        self.free.build(x_shape)

    def call(self, x, truth, training=None):
        """Twice `(batch, time, features) -> (batch, time, features)`."""
        if not training:
            return self.free(x)
        shifted = ops.pad(truth[:, :-1], [[0, 0], [1, 0], [0, 0]])
        return self.dense(self.lstm(ops.concatenate([x, shifted], axis=-1)))


def highway(s: Sizes, how: Callable):
    """`(batch, time, features) -> (batch, time, units)`."""
    cell, x = HighwayCell(s.units, s.depth), Input((s.time, s.features))
    return keras.Model(x, how(cell)(x)), [cell.kernel, *[w for pair in cell.inner for w in pair]]


def readout(s: Sizes, how: Callable):
    """`(batch, features) -> (batch, time, tokens)`."""
    cell, x = ReadoutCell(s.units, s.tokens), Input((s.features,))
    model = keras.Model(x, how(cell)(layers.RepeatVector(s.time)(x)))
    return model, [cell.embed, *cell.cell.trainable_weights, *cell.choose.trainable_weights]


def attention(s: Sizes, how: Callable):
    """`(batch, time, features)`, `(batch, positions, units) -> (batch, time, units)`."""
    cell = AttentionCell(s.units, s.positions)
    return _attending(cell, s, how), cell.cell.trainable_weights


def additive(s: Sizes, how: Callable):
    """`(batch, time, features)`, `(batch, positions, units) -> (batch, time, units)`."""
    cell = AdditiveCell(s.units, s.positions)
    model = _attending(cell, s, how)
    parts = [cell.cell, cell.query, cell.keys, cell.energies]
    return model, [weight for part in parts for weight in part.trainable_weights]


def nested_loops(s: Sizes, how: Callable):
    """`(batch, time, words, features) -> (batch, time, units)`."""
    cell, x = SentenceCell(s.units), Input((s.time, s.words, s.features))
    model = keras.Model(x, how(cell)(x))
    parts = [cell.inner, cell.from_words, cell.from_state]
    return model, [weight for part in parts for weight in part.trainable_weights]


def forcing(s: Sizes, how: Callable):
    """Twice `(batch, time, features) -> (batch, time, features)`."""
    forced = Forced(s.units, s.features, how)
    x, truth = Input((s.time, s.features)), Input((s.time, s.features))
    model = keras.Model([x, truth], forced(x, truth))
    return model, [*forced.lstm.trainable_weights, *forced.dense.trainable_weights]


def normalised(s: Sizes, how: Callable):
    """`(batch, time, features) -> (batch, time, units)`."""
    cell = NormalisedCell(s.units)
    return _sequence_model(cell, [cell.from_input, cell.from_state, cell.normalise], s, how)


def own_layer(s: Sizes, how: Callable):
    """`(batch, time, features) -> (batch, time, units)`."""
    cell = LeakyCell(s.units)
    return _sequence_model(cell, [cell.from_input, cell.from_state, cell.leak], s, how)


def _sequence_model(cell, parts, s, how):
    x = Input((s.time, s.features))
    model = keras.Model(x, how(cell)(x))
    return model, [weight for part in parts for weight in part.trainable_weights]


def _attending(cell, s, how):
    x, memory = Input((s.time, s.features)), Input((s.positions, s.units))
    return keras.Model([x, memory], Attending(how(cell))(x, memory))
