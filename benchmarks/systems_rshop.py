"""Every workload as a user of rshop writes it. Each function returns a model and its weights in order."""

import keras
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from rshop.attention import AdditiveAttention
from rshop.cells import AttentionCell

from .keras_cells import Leak
from .systems_keras import DROPOUT
from .workloads import Sizes


def whole_layer(units: int):
    """A layer whose last output is read, `(batch, time, features) -> (batch, units)`."""
    return LSTMCell(units).get_layer()


def lstm(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model(LSTMCell(s.units), s)


def gru(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model(GRUCell(s.units), s)


def simple(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`."""
    return _sequence_model(SimpleRNNCell(s.units), s)


def stack(s: Sizes):
    """LSTMs on top of each other in one loop, the last output: `(batch, units)`."""
    cells = [LSTMCell(s.units) for _ in range(s.depth)]
    rnn, x = _stack(*cells), Input((s.time, s.features))
    return keras.Model(x, rnn(x)), _weights(*cells)


def mask(s: Sizes):
    """`(batch, time, features)` and booleans `(batch, time)` to the last output `(batch, units)`."""
    rnn = LSTMCell(s.units).get_layer()
    x, counts = Input((s.time, s.features)), Input((s.time,), dtype="bool")
    return keras.Model([x, counts], rnn(x, mask=counts)), rnn.trainable_weights


def no_mask(s: Sizes):
    """The same layer without the mask: what the mask costs is the ratio of the two."""
    rnn, x = LSTMCell(s.units).get_layer(), Input((s.time, s.features))
    return keras.Model(x, rnn(x)), rnn.trainable_weights


def highway(s: Sizes):
    """A recurrent highway network (Zilly et al., 2017): `depth` highway layers within a timestep."""
    x_t, state = Input((s.features,)), Input((s.units,), name="s")
    from_input = layers.Dense(2 * s.units, use_bias=False)
    inner = [layers.Dense(2 * s.units) for _ in range(s.depth)]
    value = state
    for depth, dense in enumerate(inner):
        z = dense(value) + from_input(x_t) if depth == 0 else dense(value)
        candidate, gate = ops.split(z, 2, axis=-1)
        gate = ops.sigmoid(gate)
        value = gate * ops.tanh(candidate) + (1 - gate) * value
    rnn = RecurrentModel(x_t, value, state, value, return_sequences=True)
    x = Input((s.time, s.features))
    return keras.Model(x, rnn(x)), _weights(from_input, *inner)


def readout(s: Sizes):
    """A decoder: a vector `(batch, features)` to `(batch, time, tokens)`, the softmax fed back."""
    v, h, c = Input((s.features,)), Input((s.units,), name="h"), Input((s.units,), name="c")
    fed = Input((s.tokens,), name="fed")
    embed, cell = layers.Dense(s.features, use_bias=False), LSTMCell(s.units)
    choose = layers.Dense(s.tokens, activation="softmax")
    y, h_after, c_after = cell([v + embed(fed), h, c])
    p = choose(y)
    rnn = RecurrentModel(
        v, p, [h, c], [h_after, c_after], readout_input=fed, decode=True, output_length=s.time
    )
    x = Input((s.features,))
    return keras.Model(x, rnn(x)), _weights(embed, cell, choose)


def attention(s: Sizes):
    """`(batch, time, features)` and a memory `(batch, positions, units)` to `(batch, time, units)`."""
    x_t, memory = Input((s.features,)), Input((s.positions, s.units), name="memory")
    h, c = Input((s.units,), name="h"), Input((s.units,), name="c")
    scores = layers.Dot(axes=(2, 1))([memory, h]) / s.units**0.5
    seen = layers.Dot(axes=(1, 1))([layers.Softmax()(scores), memory])
    cell = LSTMCell(s.units)
    y, h_after, c_after = cell([layers.Concatenate()([x_t, seen]), h, c])
    rnn = RecurrentModel(x_t, y, [h, c], [h_after, c_after], constants=memory, return_sequences=True)
    x, m = Input((s.time, s.features)), Input((s.positions, s.units))
    return keras.Model([x, m], rnn(x, constants=m)), _weights(cell)


def additive(s: Sizes):
    """The same with the ready cell and additive attention (Bahdanau et al., 2015)."""
    cell, attention = LSTMCell(s.units), AdditiveAttention(s.units)
    rnn = AttentionCell(cell, attention).get_layer(return_sequences=True)
    x, m = Input((s.time, s.features)), Input((s.positions, s.units))
    return keras.Model([x, m], rnn(x, constants=m)), _weights(cell, attention)


def nested_cells(s: Sizes):
    """A stack of two, as a cell within another stack: `(batch, time, units)`."""
    cells = [LSTMCell(s.units), GRUCell(s.units), SimpleRNNCell(s.units)]
    inner = _stack(*cells[:2])
    rnn, x = _stack(inner.get_cell(), cells[2], return_sequences=True), Input((s.time, s.features))
    return keras.Model(x, rnn(x)), _weights(*cells)


def nested_loops(s: Sizes):
    """In each timestep a GRU reads `(words, features)`, beginning from the state of the outer loop."""
    words, h = Input((s.words, s.features)), Input((s.units,), name="h")
    inner = GRUCell(s.units).get_layer()
    from_words, from_state = layers.Dense(s.units), layers.Dense(s.units, use_bias=False)
    h_after = ops.tanh(from_words(inner(words, initial_state=h)) + from_state(h))
    rnn = RecurrentModel(words, h_after, h, h_after, return_sequences=True)
    x = Input((s.time, s.words, s.features))
    return keras.Model(x, rnn(x)), _weights(inner, from_words, from_state)


def forcing(s: Sizes):
    """The output `(batch, time, features)` is fed back, in training the truth of the same shape."""
    cell, dense = LSTMCell(s.units), layers.Dense(s.features)
    rnn = _stack(cell, dense, readout="concat", teacher_force=True, return_sequences=True)
    x, truth = Input((s.time, s.features)), Input((s.time, s.features))
    return keras.Model([x, truth], rnn(x, ground_truth=truth)), _weights(cell, dense)


def bidirectional(s: Sizes):
    """Keras's own `Bidirectional` around the layer: `(batch, time, 2 units)`."""
    rnn = layers.Bidirectional(LSTMCell(s.units).get_layer(return_sequences=True))
    x = Input((s.time, s.features))
    return keras.Model(x, rnn(x)), rnn.trainable_weights


def sequential(s: Sizes):
    """Two layers, one after the other, and a Dense layer: `(batch, time, units)`."""
    rnns = [LSTMCell(s.units).get_layer(return_sequences=True) for _ in range(2)]
    model = keras.Sequential([Input((s.time, s.features)), *rnns, layers.Dense(s.units)])
    return model, _weights(*model.layers)


def dropout(s: Sizes):
    """`(batch, time, features) -> (batch, time, units)`, with dropout of inputs and of states."""
    return _sequence_model(LSTMCell(s.units, dropout=DROPOUT, recurrent_dropout=DROPOUT), s)


def normalised(s: Sizes):
    """`tanh` of a batch normalisation of what the input and the state say."""
    x_t, h = Input((s.features,)), Input((s.units,), name="h")
    from_input, from_state = (layers.Dense(s.units, use_bias=False) for _ in range(2))
    normalise = layers.BatchNormalization()
    after = ops.tanh(normalise(from_input(x_t) + from_state(h)))
    return _step_model(x_t, h, after, [from_input, from_state, normalise], s)


def own_layer(s: Sizes):
    """A simple recurrent cell whose state leaks, by a layer of one's own."""
    x_t, h = Input((s.features,)), Input((s.units,), name="h")
    from_input, from_state, leak = layers.Dense(s.units), layers.Dense(s.units, use_bias=False), Leak()
    after = leak([ops.tanh(from_input(x_t) + from_state(h)), h])
    return _step_model(x_t, h, after, [from_input, from_state, leak], s)


def _step_model(x_t, h, after, parts, s):
    rnn, x = RecurrentModel(x_t, after, h, after, return_sequences=True), Input((s.time, s.features))
    return keras.Model(x, rnn(x)), _weights(*parts)


def _sequence_model(cell, s):
    rnn, x = cell.get_layer(return_sequences=True), Input((s.time, s.features))
    return keras.Model(x, rnn(x)), rnn.trainable_weights


def _stack(*cells, **options):
    rnn = RecurrentSequential(**options)
    for cell in cells:
        rnn.add(cell)
    return rnn


def _weights(*parts):
    return [weight for part in parts for weight in part.trainable_weights]
