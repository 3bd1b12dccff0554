"""Errors when something is called (laws 34 and 35), and nothing half done after one."""

import numpy as np
import pytest
from keras import Input

from rshop import LSTMCell
from tests.support.errors import check, counter, echoing, named, ones, pair, seeing, stack

X = ones(2, 4, 3)


def forced(**options):
    return echoing(teacher_force=True, return_sequences=True, **options)


def decoding():
    return echoing(decode=True, output_length=5)


def call(rnn, x=X, **arguments):
    return lambda: rnn()(x, **arguments)


def again(rnn, first, second):
    """Call with the first batch, then with the second, which is wrong."""

    def do():
        layer = rnn()
        layer(first)
        layer(second)

    return do


CALLS = {
    # x
    "x a word": (call(counter, "abc"), ["abc"]),
    "x nothing": (call(counter, None), ["None"]),
    "x without time": (call(counter, ones(2, 3)), ["frame", "(2, 3)"]),
    "x with an axis too many": (call(counter, ones(2, 4, 3, 1)), ["frame", "(2, 4, 3, 1)"]),
    "x of other features": (call(counter, ones(2, 4, 7)), ["frame", "7", "3"]),
    "x of other features later": (again(counter, X, ones(2, 4, 7)), ["frame", "7", "3"]),
    "x of no timestep": (call(counter, ones(2, 0, 3)), ["(2, 0, 3)", "axis 1"]),
    "x a list of two": (call(counter, [X, X]), ["frame", "2", "1"]),
    "x one of two": (call(pair, X), ["frame", "other"]),
    "x without a key": (call(pair, {"frame": X}), ["other"]),
    "x with a wrong key": (call(pair, {"frame": X, "otter": X}), ["otter", "other"]),
    "x of two times": (
        call(pair, {"frame": X, "other": ones(2, 5, 2)}),
        ["frame", "other", "4", "5"],
    ),
    "x a sequence in decode": (call(decoding, X), ["frame", "(2, 4, 3)", "(batch, ...)"]),
    # initial_state
    "states too many": (call(counter, initial_state=[ones(2, 3)] * 3), ["initial_state", "3", "1"]),
    "states too few": (
        call(lambda: stack(LSTMCell(3)), initial_state=[ones(2, 3)]),
        ["initial_state", "1", "2"],
    ),
    "state of another size": (
        call(counter, initial_state=ones(2, 7)),
        ["initial_state", "carry", "(2, 7)", "3"],
    ),
    "state of another batch": (
        call(counter, initial_state=ones(5, 3)),
        ["initial_state", "carry", "(5, 3)", "2"],
    ),
    "state by an unknown name": (
        call(counter, initial_state={"curry": ones(2, 3)}),
        ["initial_state", "'curry'", "carry"],
    ),
    "state a word": (call(counter, initial_state="zeros"), ["initial_state", "'zeros'"]),
    "state without states": (call(echoing, initial_state=ones(2, 3)), ["initial_state", "1", "0"]),
    # initial_readout
    "readout without readout": (call(counter, initial_readout=ones(2, 3)), ["initial_readout"]),
    "readout of another size": (
        call(echoing, initial_readout=ones(2, 7)),
        ["initial_readout", "echo", "(2, 7)", "3"],
    ),
    "readouts too many": (
        call(echoing, initial_readout=[ones(2, 3)] * 2),
        ["initial_readout", "2", "1"],
    ),
    "readout a word": (call(echoing, initial_readout="zeros"), ["initial_readout", "'zeros'"]),
    # ground_truth
    "truth missing in training": (
        call(forced, training=True),
        ["ground_truth", "teacher_force", "training"],
    ),
    "truth without readout": (call(counter, ground_truth=X), ["ground_truth", "readout"]),
    "truth of other features": (
        call(forced, ground_truth=ones(2, 4, 7), training=True),
        ["ground_truth", "(2, 4, 7)", "3"],
    ),
    "truth of another time": (
        call(forced, ground_truth=ones(2, 6, 3), training=True),
        ["ground_truth", "6", "4"],
    ),
    "truth without time": (
        call(forced, ground_truth=ones(2, 3), training=True),
        ["ground_truth", "(2, 3)"],
    ),
    "truth of another batch": (
        call(forced, ground_truth=ones(5, 4, 3), training=True),
        ["ground_truth", "5", "2"],
    ),
    "truths too many": (
        call(forced, ground_truth=[X, X], training=True),
        ["ground_truth", "2", "1"],
    ),
    "truth a word": (call(forced, ground_truth="y", training=True), ["ground_truth", "'y'"]),
    # constants
    "constants missing": (call(seeing), ["constants", "memo"]),
    "constants without constants": (call(counter, constants=ones(2, 3)), ["constants"]),
    "constants too many": (call(seeing, constants=[ones(2, 3)] * 2), ["constants", "2", "1"]),
    "constant of another size": (
        call(seeing, constants=ones(2, 7)),
        ["constants", "memo", "(2, 7)", "3"],
    ),
    "constant of another batch": (
        call(seeing, constants=ones(5, 3)),
        ["constants", "memo", "(5, 3)", "2"],
    ),
    "constant a word": (call(seeing, constants="memory"), ["constants", "'memory'"]),
    # mask, training, output_length
    "mask of another time": (call(counter, mask=np.ones((2, 6), bool)), ["mask", "(2, 6)", "4"]),
    "mask of another batch": (call(counter, mask=np.ones((5, 4), bool)), ["mask", "(5, 4)", "2"]),
    "mask without time": (call(counter, mask=np.ones(2, bool)), ["mask", "(2,)"]),
    "mask a word": (call(counter, mask="m"), ["mask", "'m'"]),
    "masks too many": (call(counter, mask=[np.ones((2, 4), bool)] * 2), ["mask", "2", "1"]),
    "training a word": (call(counter, training="yes"), ["training", "'yes'"]),
    "length zero": (call(decoding, ones(2, 3), output_length=0), ["output_length", "0"]),
    "length negative": (call(decoding, ones(2, 3), output_length=-6), ["output_length", "-6"]),
    "length a fraction": (call(decoding, ones(2, 3), output_length=2.5), ["output_length", "2.5"]),
    "length a word": (call(decoding, ones(2, 3), output_length="six"), ["output_length", "'six'"]),
    "length without decode": (call(counter, output_length=6), ["output_length", "6", "decode"]),
    # time and batch
    "unroll without time": (
        lambda: counter(unroll=True)(Input((None, 3))),
        ["unroll", "time", "None"],
    ),
    "stateful without batch": (
        lambda: counter(stateful=True)(Input((4, 3))),
        ["stateful", "batch", "None"],
    ),
    "stateful with another batch": (
        again(lambda: counter(stateful=True), X, ones(5, 4, 3)),
        ["stateful", "batch", "5", "2"],
    ),
}


@named(CALLS)
def test_a_call_says_what_is_wrong(do, words):
    """Laws 34 and 35: each call argument with the wrong type, length and shape."""
    check(do, words)


def test_the_missing_truth_is_an_error_in_fit_too():
    """Law 35: a model without a truth input that forces."""
    import keras

    x = Input((4, 3))
    model = keras.Model(x, forced()(x))
    model.compile("sgd", "mse")
    check(lambda: model.fit(X, X, verbose=0), ["ground_truth", "teacher_force", "training"])
    assert model.predict(X, verbose=0).shape == (2, 4, 3)


# reset_states -------------------------------------------------------------------------------------


def counted():
    """A stateful counter after two timesteps of ones: carry = 2."""
    rnn = counter(stateful=True)
    rnn(ones(2, 2, 3))
    return rnn


RESETS = {
    "too many": ([ones(2, 3)] * 3, ["3", "1", "carry"]),
    "another size": (ones(2, 7), ["carry", "(2, 7)", "3"]),
    "another batch": (ones(5, 3), ["carry", "(5, 3)", "2"]),
    "a word": ("zeros", ["'zeros'"]),
    "an unknown name": ({"curry": ones(2, 3)}, ["'curry'", "carry"]),
}


@pytest.mark.parametrize("what", RESETS)
def test_a_failed_reset_leaves_the_states_as_they_were(what):
    """Laws 6 and 35: after the error the count goes on at 2, and a right reset works."""
    values, words = RESETS[what]
    rnn = counted()
    check(lambda: rnn.reset_states(values), words)
    np.testing.assert_array_equal(rnn(ones(2, 1, 3)), 3 * ones(2, 3))
    rnn.reset_states(5.0)
    np.testing.assert_array_equal(rnn(ones(2, 1, 3)), 6 * ones(2, 3))


# Nothing half done --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        dict(x=ones(2, 4, 7)),
        dict(initial_state=[ones(2, 3)] * 2),
        dict(initial_state=ones(2, 7)),
        dict(mask=np.ones((2, 6), bool)),
        dict(constants=ones(2, 3)),
    ],
    ids=["features", "states", "size", "mask", "constants"],
)
@pytest.mark.parametrize("first", [True, False], ids=["unbuilt", "built"])
@pytest.mark.parametrize("stateful", [False, True])
def test_a_failed_call_leaves_the_layer_usable(wrong, first, stateful):
    """Law 34: a right call after a wrong one counts as if the wrong one had not been."""
    rnn = counter(stateful=stateful)
    if not first:
        rnn(ones(2, 1, 3))
    with pytest.raises((ValueError, TypeError)):
        rnn(**{"x": X, **wrong})
    before = 1 if stateful and not first else 0
    np.testing.assert_array_equal(rnn(X), (before + 4) * ones(2, 3))


def test_a_failed_call_leaves_a_sequential_usable():
    """Law 34: the first call of an unbuilt sequential has the wrong features for its readout."""
    rnn = stack(LSTMCell(3), readout="add", return_states=True)
    with pytest.raises((ValueError, TypeError)):
        rnn(ones(2, 4, 7))
    y, h, c = rnn(X)
    np.testing.assert_array_equal(y, h)
    assert y.shape == c.shape == (2, 3) and len(rnn.weights) == 3
