"""What a step computes once a sequence belongs to one call of `generate`, not to its compiled graph."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

from rshop import LSTMCell, RecurrentModel, SimpleRNNCell, generate, stream
from rshop.cells import ResetCell, VariationalDropoutCell
from rshop.step.of_sequence import WeightsOfSequence
from tests.support.cells import randomize

TOKENS, UNITS, TIME = 7, 5, 6


class Halved(WeightsOfSequence):
    def changed(self, weights, training):
        return [0.5 * weight for weight in weights]


def writer(make_cell, x, *states):
    """Logits from a cell that reads the last token, and `x` beside it."""
    token = Input((), dtype="int32", name="readout")
    y, *after = make_cell(layers.Embedding(TOKENS, 4)(token), x, *states)
    logits = layers.Dense(TOKENS)(y)
    rnn = RecurrentModel(x, logits, list(states), after, readout_input=token, return_sequences=True)
    rnn(np.zeros((1, 1, *x.shape[1:]), x.dtype))
    randomize(rnn)
    return rnn


def said_by(rnn, x, first, **call):
    """The likeliest tokens of the layer itself, which feeds them back as `generate` does."""
    return np.argmax(rnn(x, initial_readout=first, **call), axis=-1)


def test_each_call_resets_to_its_own_first_state():
    cell = ResetCell(SimpleRNNCell(UNITS))
    reset, h = Input((), dtype="bool", name="reset"), Input((UNITS,), name="h")
    rnn = writer(lambda fed, reset, h: cell([fed, reset, h]), reset, h)
    resets = np.array([[0, 0, 1, 0, 0, 1]], bool)
    found = []
    for first in (0.0, 3.0, -3.0):
        call = {"initial_state": [np.full((1, UNITS), first, "float32")]}
        expected = said_by(rnn, resets, [0], **call)
        given = {"x": resets, "initial_readout": 0, **call}
        np.testing.assert_array_equal(generate(rnn, TIME, **given).tokens, expected)
        assert list(stream(rnn, TIME, **given)) == expected[0].tolist()
        found.append(expected.tolist())
    assert found[0] != found[1] != found[2], "the first state is to make a difference"


@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_masks_of_a_sequence_are_those_of_every_beam(strategy):
    x, h, c = Input((1,)), Input((UNITS,), name="h"), Input((UNITS,), name="c")

    def within(wrap):
        cell = wrap(LSTMCell(UNITS))
        return writer(lambda fed, x, h, c: cell([ops.concatenate([fed, x], axis=-1), h, c]), x, h, c)

    plain, wrapped = within(lambda cell: cell), within(lambda cell: VariationalDropoutCell(cell, 0.4))
    wrapped.set_weights(plain.get_weights())
    given = {"x": np.ones((2, TIME, 1), "float32"), "initial_readout": np.array([1, 4]), "strategy": strategy}
    expected, found = generate(plain, TIME, **given), generate(wrapped, TIME, **given)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)


def test_changed_weights_are_those_of_the_weights_of_now():
    x, h = Input((1,)), Input((UNITS,), name="h")

    def cell(fed, x, h):
        n = ops.tanh(layers.Dense(UNITS)(fed) + x + layers.Dense(UNITS)(Halved()(h)))
        return n, n

    rnn = writer(cell, x, h)
    zeros, first, found = np.zeros((2, TIME, 1), "float32"), np.array([2, 5]), []
    for seed in (1, 2, 3):
        keras.utils.set_random_seed(seed)
        rnn.set_weights([np.random.default_rng(seed).normal(size=w.shape) * 2 for w in rnn.get_weights()])
        expected = said_by(rnn, zeros, first)
        result = generate(rnn, TIME, x=zeros, initial_readout=first)
        np.testing.assert_array_equal(result.tokens, expected)
        found.append(expected.tolist())
    assert found[0] != found[1] != found[2]
