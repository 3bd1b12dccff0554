"""What Keras has no layer for, as cells for `keras.layers.RNN`: one timestep, written by hand.

A cell is called as `cell(x_t, states) -> (y, next_states)`; all weights are made in `build`.
"""

from keras import layers, ops


class OneStateCell(layers.Layer):
    """What cells whose output is their one state `(batch, units)` have in common."""

    def __init__(self, units: int):
        super().__init__()
        self.state_size = [units]
        self.output_size = self.units = units


class HighwayCell(OneStateCell):
    """One timestep of a recurrent highway network (Zilly et al., 2017).

    Example:
        >>> layers.RNN(HighwayCell(8, depth=4))(np.ones((2, 7, 3))).shape
        (2, 8)
    """

    def __init__(self, units: int, depth: int):
        super().__init__(units)
        self.depth = depth

    def build(self, input_shape):
        """The kernel `(features, 2 units)`; for each layer `(units, 2 units)` and a bias."""
        double = 2 * self.units
        self.kernel = self.add_weight((input_shape[-1], double))
        self.inner = [
            (self.add_weight((self.units, double)), self.add_weight((double,))) for _ in range(self.depth)
        ]

    def call(self, x, states):
        """`(batch, features)`, `[(batch, units)] -> (batch, units)`, `[(batch, units)]`."""
        value = states[0]
        for depth, (kernel, bias) in enumerate(self.inner):
            z = ops.matmul(value, kernel) + bias
            z = z + ops.matmul(x, self.kernel) if depth == 0 else z
            candidate, gate = ops.split(z, 2, axis=-1)
            gate = ops.sigmoid(gate)
            value = gate * ops.tanh(candidate) + (1 - gate) * value
        return value, [value]


class ReadoutCell(layers.Layer):
    """An LSTM whose softmax over the tokens is a state, embedded and added to the next input.

    Example:
        >>> layers.RNN(ReadoutCell(8, tokens=20))(np.ones((2, 7, 3))).shape
        (2, 20)
    """

    def __init__(self, units: int, tokens: int):
        super().__init__()
        self.state_size = [units, units, tokens]
        self.output_size = tokens
        self.cell = layers.LSTMCell(units)
        self.choose = layers.Dense(tokens, activation="softmax")

    def build(self, input_shape):
        """The embedding `(tokens, features)`, and what its parts need."""
        self.embed = self.add_weight((self.output_size, input_shape[-1]))
        self.cell.build(input_shape)
        self.choose.build((None, self.cell.units))

    def call(self, x, states):
        """`(batch, features)` and the states to the probabilities `(batch, tokens)`."""
        h, c, fed = states
        h, (h, c) = self.cell(x + ops.matmul(fed, self.embed), [h, c])
        p = self.choose(h)
        return p, [h, c, p]


class AttentionCell(layers.Layer):
    """An LSTM that attends over a memory by dot products.

    Keras 3's `RNN` has no constants: the memory is a third state that never changes.

    Example:
        >>> y, states = AttentionCell(8, positions=5)(x_t, [h, c, memory])  # memory (batch, 5, 8)
    """

    def __init__(self, units: int, positions: int):
        super().__init__()
        self.state_size = [units, units, (positions, units)]
        self.output_size = self.units = units
        self.cell = layers.LSTMCell(units)

    def build(self, input_shape):
        """What the LSTM needs for an input with the attended vector at its end."""
        self.cell.build((None, input_shape[-1] + self.units))

    def remember(self, memory) -> list:
        """The states that never change, from the memory."""
        return [memory]

    def call(self, x, states):
        """`(batch, features)` and the states to `(batch, units)`."""
        h, c, *remembered = states
        weights = ops.softmax(self.score(h, *remembered), axis=-1)
        seen = ops.squeeze(ops.matmul(weights[:, None], remembered[0]), 1)
        h, (h, c) = self.cell(ops.concatenate([x, seen], axis=-1), [h, c])
        return h, [h, c, *remembered]

    def score(self, h, memory):
        """How well each place of the memory fits, `(batch, positions)`."""
        return ops.squeeze(ops.matmul(memory, h[:, :, None]), -1) / self.units**0.5


class AdditiveCell(AttentionCell):
    """The same with additive attention (Bahdanau et al., 2015): what reads the memory alone is a state too.

    Example:
        >>> cell = AdditiveCell(8, positions=5)
        >>> y, states = cell(x_t, [h, c, *cell.remember(memory)])  # memory (batch, 5, 8)
    """

    def __init__(self, units: int, positions: int):
        super().__init__(units, positions)
        self.state_size = [*self.state_size, (positions, units)]
        self.query = layers.Dense(units)
        self.keys = layers.Dense(units, use_bias=False)
        self.energies = layers.Dense(1, use_bias=False)

    def build(self, input_shape):
        """What the LSTM and the attention need."""
        super().build(input_shape)
        for part in (self.query, self.keys, self.energies):
            part.build((None, self.units))

    def remember(self, memory) -> list:
        """The memory and its keys, once for all timesteps."""
        return [memory, self.keys(memory)]

    def score(self, h, memory, keys):
        """`v . tanh(W h + b + keys)`, `(batch, positions)`."""
        return ops.squeeze(self.energies(ops.tanh(self.query(h)[:, None] + keys)), -1)


class SentenceCell(OneStateCell):
    """A GRU over the words of one timestep, beginning from the state of the outer loop.

    Example:
        >>> layers.RNN(SentenceCell(8))(np.ones((2, 7, 4, 3))).shape  # 4 words in 7 sentences
        (2, 8)
    """

    def __init__(self, units: int):
        super().__init__(units)
        self.inner = layers.GRU(units)
        self.from_words = layers.Dense(units)
        self.from_state = layers.Dense(units, use_bias=False)

    def build(self, input_shape):
        """What its parts need."""
        self.inner.build(input_shape)
        self.from_words.build((None, self.units))
        self.from_state.build((None, self.units))

    def call(self, words, states):
        """`(batch, words, features)`, `[(batch, units)] -> (batch, units)`, `[(batch, units)]`."""
        read = self.inner(words, initial_state=states[0])
        h = ops.tanh(self.from_words(read) + self.from_state(states[0]))
        return h, [h]


class NormalisedCell(OneStateCell):
    """`tanh` of a batch normalisation (Ioffe and Szegedy, 2015) of what the input and the state say.

    Example:
        >>> layers.RNN(NormalisedCell(8))(np.ones((2, 7, 3))).shape
        (2, 8)
    """

    def __init__(self, units: int):
        super().__init__(units)
        self.from_input = layers.Dense(units, use_bias=False)
        self.from_state = layers.Dense(units, use_bias=False)
        self.normalise = layers.BatchNormalization()

    def build(self, input_shape):
        """What its parts need."""
        self.from_input.build(input_shape)
        for part in (self.from_state, self.normalise):
            part.build((None, self.units))

    def call(self, x, states, training=None):
        """`(batch, features)`, `[(batch, units)] -> (batch, units)`, `[(batch, units)]`."""
        z = self.from_input(x) + self.from_state(states[0])
        h = ops.tanh(self.normalise(z, training=training))
        return h, [h]


class Leak(layers.Layer):
    """A user's own layer: how much of a candidate each unit takes, learned.

    Example:
        >>> Leak()([candidate, h]).shape  # both (2, 8)
        (2, 8)
    """

    def build(self, input_shapes):
        """One number a unit."""
        self.rate = self.add_weight((input_shapes[0][-1],))

    def call(self, inputs):
        """`rate * candidate + (1 - rate) * h`, the rate between 0 and 1."""
        candidate, h = inputs
        rate = ops.sigmoid(self.rate)
        return candidate * rate + h * (1 - rate)


class LeakyCell(OneStateCell):
    """A simple recurrent cell whose state leaks, by a layer of one's own.

    Example:
        >>> layers.RNN(LeakyCell(8))(np.ones((2, 7, 3))).shape
        (2, 8)
    """

    def __init__(self, units: int):
        super().__init__(units)
        self.from_input = layers.Dense(units)
        self.from_state = layers.Dense(units, use_bias=False)
        self.leak = Leak()

    def build(self, input_shape):
        """What its parts need."""
        self.from_input.build(input_shape)
        self.from_state.build((None, self.units))
        self.leak.build([(None, self.units)] * 2)

    def call(self, x, states):
        """`(batch, features)`, `[(batch, units)] -> (batch, units)`, `[(batch, units)]`."""
        h = self.leak([ops.tanh(self.from_input(x) + self.from_state(states[0])), states[0]])
        return h, [h]


class EchoCell(layers.Layer):
    """An LSTM and a Dense layer, the last output beside the input: free running.

    Example:
        >>> cell = EchoCell(keras.layers.LSTMCell(8), keras.layers.Dense(3))
        >>> layers.RNN(cell)(np.ones((2, 7, 3))).shape
        (2, 3)
    """

    def __init__(self, cell, dense):
        super().__init__()
        self.state_size = [cell.units, cell.units, dense.units]
        self.output_size = dense.units
        self.cell, self.dense = cell, dense

    def call(self, x, states):
        """`(batch, features)` and the states to `(batch, units of the Dense layer)`."""
        h, c, fed = states
        h, (h, c) = self.cell(ops.concatenate([x, fed], axis=-1), [h, c])
        y = self.dense(h)
        return y, [h, c, y]
