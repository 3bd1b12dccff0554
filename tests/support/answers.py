"""Makers of answers to the exercises of the course, one way to write a step each."""

import keras
import numpy as np
from keras import Input, ops
from keras.layers import Concatenate, Dense

from rshop import (
    GRUCell,
    LSTMCell,
    RecurrentModel,
    RecurrentSequential,
    RNNCell,
    RNNCellFromModel,
    SimpleRNNCell,
)

# Steps with one state, or with a list of them


def along(units):
    """The Dense layer of an old state."""
    return Dense(units, use_bias=False)


def apart(x, *states):
    """One Dense layer for each tensor, added up."""
    units = states[0].shape[1]
    return sum((along(units)(h) for h in states), Dense(units)(x))


def side_by_side(*tensors):
    """One Dense layer for all tensors, as in lesson 00."""
    return Dense(tensors[-1].shape[1])(Concatenate()(list(tensors)))


def rnn(new, *, features=1, before=1, sequences=True):
    """An answer: a function of `units` that makes a layer whose state becomes new(x, h, ...)."""

    def make(units):
        x, *h = [Input((size,)) for size in [features, *[units] * before]]
        h_t = new(x, *h)
        return RecurrentModel(x, h_t, h, [h_t, *h[:-1]], return_sequences=sequences)

    return make


def chosen(new, *, features=1):
    """An answer whose state becomes new(x, h) where the second input is True."""

    def make(units):
        x, known, h = Input((features,)), Input((1,), dtype="bool"), Input((units,))
        h_t = ops.where(known, new(x, h), h)
        return RecurrentModel([x, known], h_t, h, h_t, return_sequences=True)

    return make


def apart_with_two_biases(x, h):
    """Two Dense layers, each with a bias."""
    return Dense(h.shape[1])(x) + Dense(h.shape[1])(h)


def no_tanh(x, *h):
    return apart(x, *h)


def two_tanh(x, h):
    return ops.tanh(Dense(h.shape[1])(x)) + ops.tanh(along(h.shape[1])(h))


def softsign(x, h):
    return ops.softsign(apart(x, h))


def last_state_outside(x, h_tm1, h_tm2):
    return ops.tanh(apart(x, h_tm1)) + along(h_tm2.shape[1])(h_tm2)


def fixed_number(x, h):
    return ops.tanh(Dense(h.shape[1])(x) + 0.9 * h)


def one_kernel(x, *h):
    return ops.tanh(side_by_side(x, *h))


def two_biases(x, *h):
    """A bias in the Dense layer of each state, as in that of x."""
    units = h[0].shape[1]
    return ops.tanh(sum((Dense(units)(state) for state in h), Dense(units)(x)))


# Layers of Keras


def keras_fading(share):
    """The fading memory of lesson 00 as keras.layers.SimpleRNN."""
    return keras.layers.SimpleRNN(
        1,
        activation=None,
        use_bias=False,
        kernel_initializer="ones",
        recurrent_initializer=keras.initializers.Constant(share),
        return_sequences=True,
    )


def keras_late():
    """Zeros in front, and the last timestep cut off."""
    return keras.Sequential([keras.layers.ZeroPadding1D((1, 0)), keras.layers.Cropping1D((0, 1))])


def keras_rnn(**options):
    """An answer: a function of `units` that makes keras.layers.SimpleRNN."""
    return lambda units: keras.layers.SimpleRNN(units, **options)


class RoundingCell(keras.layers.SimpleRNNCell):
    """Keras's cell with a state that is rounded."""

    def call(self, sequence, states, training=False):
        output, _ = super().call(sequence, states, training=training)
        return output, [ops.round(output * 100) / 100]


def keras_rounding(units):
    """The bug of lesson 02 in a cell of Keras."""
    return keras.layers.RNN(RoundingCell(units), return_sequences=True)


# In place


def faded_in_place(inputs):
    """The states of lesson 00, written into the list of the inputs."""
    for t in range(1, len(inputs)):
        inputs[t] += 0.5 * inputs[t - 1]
    return inputs


def mean_in_place(values, mask):
    """The masked mean of lesson 05, which blanks the values."""
    values[~mask] = 0
    return values.sum(axis=1) / mask.sum(axis=1)[:, None]


def gradients_in_place(h, U):
    """The gradients of lesson 02, written into the states."""
    following = h[-1].copy()
    h[-1] = 1
    for t in reversed(range(len(h) - 1)):
        own = h[t].copy()
        h[t] = (h[t + 1] * (1 - following**2)) @ U.T
        following = own
    return h


# Gates


def lstm(candidate, *, coupled=False, gate=apart):
    def make(units):
        x, h, c = Input((2,)), Input((units,), name="h_tm1"), Input((units,), name="c_tm1")
        i, o, f = (ops.sigmoid(gate(x, h)) for _ in range(3))
        kept = 1 - i if coupled else f
        c_t = kept * c + i * candidate(apart(x, h))
        h_t = o * ops.tanh(c_t)
        return RecurrentModel(x, h_t, [h, c], [h_t, c_t], return_sequences=True)

    return make


def gated_without_b(units):
    x, h = Input((3,)), Input((units,))
    f = Dense(units, "sigmoid", use_bias=False, name="forget_gate")(Concatenate()([x, h]))
    g = Dense(units, "tanh", use_bias=False, name="candidate")(Concatenate()([x, f * h]))
    h_t = (1 - f) * h + f * g
    return RNNCellFromModel(keras.Model([x, h], [h_t, h_t]))


def minimal_gated_layer(units):
    x, h = Input((3,), name="x"), Input((units,), name="h_tm1")
    f = Dense(units, "sigmoid", name="forget_gate")(Concatenate()([x, h]))
    g = Dense(units, "tanh", name="candidate")(Concatenate()([x, f * h]))
    h_t = (1 - f) * h + f * g
    return RecurrentModel(x, h_t, h, h_t)


def minimal_gated_cell(units):
    return minimal_gated_layer(units).get_cell()


def independent(**options):
    def make(units):
        x, h = Input((3,)), Input((units,))
        own = keras.layers.EinsumDense("bu,u->bu", output_shape=units)(h)
        h_t = ops.relu(Dense(units, **options)(x) + own)
        return RNNCellFromModel(keras.Model([x, h], [h_t, h_t]))

    return make


def leak(new):
    """An answer to the bug hunt of lesson 12 whose state becomes new(h, Dense(x), keep)."""

    class Leak(RNNCell):
        def __init__(self, output_dim, keep=0.9, **options):
            super().__init__(output_dim, **options)
            self.keep = keep

        def build_model(self, input_shape):
            x, h = Input(input_shape[1:]), Input((self.output_dim,))
            h_t = new(h, Dense(self.output_dim)(x), self.keep)
            return keras.Model([x, h], [h_t, h_t])

        def get_config(self):
            return {**super().get_config(), "keep": self.keep}

    return Leak


# Readouts


def days(last):
    def make(count):
        nudge, day = Input((count,)), Input((), dtype="int32")
        scores = ops.one_hot(last(day), count) + nudge
        return RecurrentModel(nudge, scores, readout_input=day, return_sequences=True)

    return make


def chooser(scores):
    def make(choices):
        x, p = Input((1,)), Input((choices,))
        return RecurrentModel(x, ops.softmax(scores(x, p)), readout_input=p, return_sequences=True)

    return make


def forced_stack(readout):
    def make(units):
        stack = RecurrentSequential(readout=readout, teacher_force=True, return_sequences=True)
        stack.add(SimpleRNNCell(units))
        stack.add(Dense(1))
        return stack

    return make


# Decoders


class Backwards(keras.layers.Layer):
    def call(self, sequence):
        return ops.flip(sequence, axis=1)


def backwards_in_keras(length, features):
    return Backwards()


def repeat_in_keras(length, features):
    return keras.layers.RepeatVector(length)


def repeat_too_often_in_keras(length, features):
    return keras.layers.RepeatVector(length + 1)


def repeat_as_a_function(length, features):
    return lambda x: np.repeat(x[:, None], length, axis=1)


# Stacks and nests


def levels(cell=SimpleRNNCell, *, enter=lambda x, units: x, joined=lambda below, y, x: y):
    """An answer to 10.every: a level reads joined(what the one below read, what it says, x)."""

    def make(units, depth):
        x = Input((2,))
        below, before, after = enter(x, units), [], []
        for _ in range(depth):
            h = Input((units,))
            y, h_t = cell(units)([below, h])
            below = joined(below, y, x)
            before, after = [*before, h], [*after, h_t]
        return RecurrentModel(x, Concatenate()(after), before, after, return_sequences=True)

    return make


def topped(activation):
    def make(units):
        stack = RecurrentSequential(return_sequences=True)
        for part in (LSTMCell(units), GRUCell(units), Dense(1, activation=activation)):
            stack.add(part)
        return stack

    return make


def thinks_side_by_side(units, times):
    both = Dense(units, "tanh")
    x, h = Input((2,)), Input((units,))
    h_t = h
    for _ in range(times):
        h_t = both(Concatenate()([x, h_t]))
    return RecurrentModel(x, h_t, h, h_t, return_sequences=True)


def pages_side_by_side(units):
    speller = rnn(one_kernel, features=2, sequences=False)(units)
    letters, h = Input((5, 2)), Input((units,))
    h_t = one_kernel(speller(letters), h)
    return RecurrentModel(letters, h_t, h, h_t, return_sequences=True)


# Functions of numbers


def shifted_in_place(truth, first):
    truth[:, 1:] = truth[:, :-1].copy()
    truth[:, 0] = first
    return truth


def largest_of_all_places(query, memory, valid):
    scores = np.einsum("bn,bpn->bp", query, memory)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True)) * valid
    return weights / weights.sum(axis=1, keepdims=True)


def ids_of_the_batch(names, alphabet):
    letters = sorted(set("".join(names)))
    ids = np.zeros((len(names), max(map(len, names))), "int32")
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = [letters.index(letter) + 1 for letter in name]
    return ids


def ids_with_a_point(names, alphabet):
    return ids_of_the_batch(names, alphabet).astype(float)
