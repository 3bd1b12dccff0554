"""The decoders of seq2seq, the original's library for sequences: timestep by timestep against NumPy."""

import numpy as np
import pytest
from keras import Input, layers, ops

from rshop import RecurrentModel, trace
from tests.support import oracles
from tests.support.closeness import apart


def lstm(x, h, c):
    """The states after a timestep."""
    units = c.shape[-1]
    z = layers.Dense(4 * units, use_bias=False, name="W1")(x) + layers.Dense(4 * units, name="U")(h)
    i, f, g, o = ops.split(z, 4, axis=-1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return ops.sigmoid(o) * ops.tanh(c), c


def lstm_decoder(units, features, *, peek, activation="tanh", **options):
    """`y_t = act(W2 h_t + b)` of an LSTM that reads `y_{t-1}`; with `peek` the code is added to it."""
    code, before, h, c = Input((features,)), Input((features,)), Input((units,)), Input((units,))
    states = lstm(before + code if peek else before, h, c)
    y = layers.Dense(features, activation=activation, name="W2")(states[0])
    return RecurrentModel(code, y, [h, c], list(states), before, decode=True, **options)


def attention_decoder(units, memory_shape, features, *, energies, reads=True, activation="tanh", **options):
    """An LSTM that reads the mean of a memory, weighted by a softmax of energies of a place and `c_{t-1}`.

    Those of seq2seq are linear; in Bahdanau et al. (2015) they have a hidden layer of tanh. With `reads`
    it reads `y_{t-1}` too.
    """
    memory, before, h, c = Input(memory_shape), Input((features,)), Input((units,)), Input((units,))
    seen = layers.Concatenate()([memory, layers.RepeatVector(memory_shape[0])(c)])
    if energies == "tanh":
        seen = layers.Dense(16, activation="tanh", name="W4")(seen)
    attention = layers.Softmax(axis=1, name="attention")(layers.Dense(1, name="W3")(seen))
    x = ops.sum(attention * memory, axis=1)
    states = lstm(layers.Concatenate()([x, before]) if reads else x, h, c)
    y = layers.Dense(features, activation=activation, name="W2")(states[0])
    readout = before if reads else None
    return RecurrentModel(memory, y, [h, c], list(states), readout, decode=True, **options)


UNITS, FEATURES, LENGTH, PLACES = 5, 3, 7, 6


def drawn(rnn, rng):
    """Every weight at random; the arrays by the name of their layer."""
    arrays = {}
    for weight in rnn.weights:
        weight.assign(rng.normal(size=weight.shape) * 0.8)
        arrays.setdefault(weight.path.split("/")[-2], []).append(np.array(weight, "float64"))
    return arrays


@pytest.mark.parametrize("peek", [False, True], ids=["readout alone", "peek"])
def test_the_lstm_decoder_is_that_of_numpy(peek):
    """It starts from the code and from the states of an encoder."""
    rng = np.random.default_rng(0)
    rnn = lstm_decoder(UNITS, FEATURES, peek=peek, output_length=LENGTH)
    code, h, c = (rng.normal(size=(4, size)).astype("float32") for size in (FEATURES, UNITS, UNITS))
    weights = drawn(rnn, rng)
    cell = oracles.lstm(*weights["W1"], *weights["U"])

    def step(code, h, c, before):
        _, h, c = cell(before + code if peek else before, h, c)
        return np.tanh(h @ weights["W2"][0] + weights["W2"][1]), h, c

    expected = oracles.scan(step, [code], states=[h, c], readouts=[code], output_length=LENGTH).y
    got = rnn(code, initial_state=[h, c], initial_readout=code)
    assert apart(got, expected) < 1e-5
    assert apart(expected[:, 1:], expected[:, :-1]) > 0.1  # it goes somewhere


@pytest.mark.parametrize("reads", [False, True], ids=["memory alone", "with readout"])
@pytest.mark.parametrize("energies", ["linear", "tanh"])
def test_the_attention_decoder_is_that_of_numpy(energies, reads):
    rng = np.random.default_rng(0)
    shape = (PLACES, 2)
    rnn = attention_decoder(UNITS, shape, FEATURES, energies=energies, reads=reads, output_length=LENGTH)
    memory, h, c = (rng.normal(size=(4, *size)).astype("float32") for size in (shape, (UNITS,), (UNITS,)))
    weights = drawn(rnn, rng)
    cell = oracles.lstm(*weights["W1"], *weights["U"])

    def step(memory, h, c, before=()):
        seen = np.array([[*place, *c] for place in memory])
        if energies == "tanh":
            seen = np.tanh(seen @ weights["W4"][0] + weights["W4"][1])
        shares = np.exp(seen @ weights["W3"][0][:, 0] + weights["W3"][1])
        attention = shares / shares.sum()
        context = sum(share * place for share, place in zip(attention, memory, strict=True))
        _, h, c = cell(np.concatenate([context, before]), h, c)
        return np.tanh(h @ weights["W2"][0] + weights["W2"][1]), attention, h, c

    given = {"states": [h, c], "readouts": [np.zeros((4, FEATURES))] if reads else []}
    y, attention = oracles.scan(step, [memory], output_length=LENGTH, **given).outputs
    seen = trace(rnn, memory, initial_state=[h, c])
    assert apart(rnn(memory, initial_state=[h, c]), y) < 1e-5
    assert apart(seen["attention"][..., 0], attention) < 1e-5
    moved = apart(attention[:, 1:], attention[:, :-1])
    assert (
        moved > 0.05 if energies == "tanh" else moved < 1e-12
    )  # a softmax cancels what all places have in common
