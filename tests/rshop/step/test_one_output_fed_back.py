"""`readout_input=[r, None]` feeds one of several outputs back; a decoder may read its readout alone."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import viz
from rshop import GRUCell, RecurrentModel, Stepper, trace

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def layer(which, **options):
    """Outputs `a = x + 0.5 r` and `b = 2 x - r`; the one at this place is fed back."""
    x, r = Input((3,), name="x"), Input((3,), name="r")
    outputs = [x + 0.5 * r, 2 * x - r]
    readout = [r, None] if which == 0 else [None, r]
    return RecurrentModel(x, outputs, readout_input=readout, return_sequences=True, **options)


def by_hand(which, first=0.0, truth=None):
    r, found = np.full((2, 3), first), []
    for t in range(5):
        if truth is not None and t:
            r = truth[:, t - 1]
        outputs = X[:, t] + 0.5 * r, 2 * X[:, t] - r
        r = outputs[which]
        found.append(outputs)
    return [np.stack(y, axis=1) for y in zip(*found, strict=True)]


@pytest.mark.parametrize("which", [0, 1])
def test_the_output_at_its_place_is_fed_back(which):
    rnn = layer(which)
    for y, z in zip(rnn(X), by_hand(which), strict=True):
        np.testing.assert_allclose(y, z, atol=1e-5)
    i = Input((5, 3))
    for y, z in zip(keras.Model(i, rnn(i)).predict(X, verbose=0), by_hand(which), strict=True):
        np.testing.assert_allclose(y, z, atol=1e-5)
    again = RecurrentModel.from_config(rnn.get_config())
    np.testing.assert_allclose(again(X)[1], by_hand(which)[1], atol=1e-5)
    cell = RecurrentModel.from_config(rnn.get_config()).get_cell().get_layer(return_sequences=True)
    np.testing.assert_allclose(cell(X)[0], by_hand(which)[0], atol=1e-5)
    stepper = Stepper(rnn, batch_size=2)
    for t in range(5):
        np.testing.assert_allclose(stepper.step(X[:, t])[0], by_hand(which)[0][:, t], atol=1e-5)
    np.testing.assert_allclose(trace(rnn, X).readout[:, 1:], by_hand(which)[which][:, :-1], atol=1e-5)
    text = viz.draw_unrolled(rnn, steps=2).text
    assert "readout" in text


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("listed", [False, True])
def test_truth_and_first_readout_are_given_alone_or_at_their_place(which, listed):
    truth = np.random.default_rng(1).normal(size=(2, 5, 3)).astype("float32")
    first = np.full((2, 3), 9.0, "float32")
    rnn = layer(which, teacher_force=True)

    def at(value):
        return [value if i == which else None for i in range(2)] if listed else value

    forced = rnn(X, ground_truth=at(truth), initial_readout=at(first), training=True)
    for y, z in zip(forced, by_hand(which, 9.0, truth), strict=True):
        np.testing.assert_allclose(y, z, atol=1e-5)


def test_a_decoder_may_leave_its_input_unread():
    """Law 33: the GRU reads its last output alone; against the same loop by hand."""
    x, r, h = Input((4,), name="x"), Input((4,), name="r"), Input((5,), name="h_tm1")
    y, n = GRUCell(5)([r, h])
    out = layers.Dense(4)
    rnn = RecurrentModel(x, out(y), h, n, readout_input=r, decode=True, output_length=3)
    start = np.ones((2, 5), "float32")
    found = rnn(np.ones((2, 4), "float32"), initial_state=start)
    state, last = start, np.zeros((2, 4), "float32")
    for t in range(3):
        _, last, state = (None, *(np.asarray(v) for v in rnn.step([np.ones((2, 4)), state, last])))
        np.testing.assert_allclose(found[:, t], last, atol=1e-6)
    i, s = Input((4,)), Input((5,))
    model = keras.Model([i, s], rnn(i, initial_state=s))
    model.compile("sgd", "mse")
    model.fit([np.ones((2, 4)), start], np.zeros((2, 3, 4)), verbose=0)
    again = RecurrentModel.from_config(rnn.get_config())
    assert again(np.ones((2, 4), "float32")).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="input 'x'.*reaches no output.*decode=True"):
        RecurrentModel(x, out(y), h, n, readout_input=r)


def test_a_readout_with_two_faults_is_told_both_at_once():
    """A readout of shape (time, features) that the step never reads."""
    x, h, r = Input((3,)), Input((3,)), Input((5, 3), name="r")
    n = ops.tanh(layers.Dense(3)(x) + h)
    with pytest.raises(ValueError, match="'r'.*cannot be fed by its output.*'r'.*reaches no output"):
        RecurrentModel(x, n, h, n, readout_input=r)
