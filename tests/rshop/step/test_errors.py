"""Errors when a model is made (laws 33 to 35): each names what came, what was due and the fix."""

import numpy as np
import pytest
from keras import Input, layers

from rshop import RecurrentModel
from tests.support.errors import carry, check, counter, echo, echoing, frame, memo, named, ones, seeing, stack

X = ones(2, 4, 3)
OPTIONS = [
    "decode",
    "return_sequences",
    "return_states",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
]


def plus(*tensors):
    return layers.Add()(list(tensors))


def make(**given):
    """A frame, a state, a readout and a constant; a part replaced by what is given."""
    x, h, r, c = frame(), carry(), echo(), memo()
    n = plus(x, h, r, c)
    parts = dict(input=x, output=n, initial_states=h, final_states=n, readout_input=r, constants=c)
    return RecurrentModel(**{**parts, **given})


# Law 33: what reaches nothing ---------------------------------------------------------------------


def loose_readout():
    x, r = frame(), echo()
    return RecurrentModel(x, layers.Dense(3)(x), readout_input=r)


def loose_state():
    x, h = frame(), carry()
    return RecurrentModel(x, layers.Dense(3)(x), h, layers.Dense(3)(x))


def loose_second_state():
    x, h, z = frame(), Input((3,), name="used"), carry()
    return RecurrentModel(x, plus(x, h), [h, z], [plus(x, h), 2.0 * x])


def loose_constant():
    x, h, c = frame(), carry(), memo()
    return RecurrentModel(x, plus(x, h), h, plus(x, h), constants=c)


def loose_input():
    x, z = Input((3,), name="used"), frame()
    return RecurrentModel([x, z], layers.Dense(3)(x))


def loose_input_by_key():
    x, z = Input((3,), name="used"), frame()
    return RecurrentModel({"a": x, "b": z}, layers.Dense(3)(x))


DISCONNECTED = {
    "readout": (loose_readout, ["readout_input", "echo"]),
    "state": (loose_state, ["state", "carry"]),
    "second state": (loose_second_state, ["state", "carry"]),
    "constant": (loose_constant, ["constant", "memo"]),
    "input": (loose_input, ["input", "frame"]),
    "input by key": (loose_input_by_key, ["input", "frame"]),
}


@named(DISCONNECTED)
def test_what_reaches_no_output_is_named(do, words):
    """Law 33: people shipped models with a disconnected readout and never knew."""
    check(do, words)


def test_an_input_that_reaches_a_final_state_alone_is_no_error():
    """Law 33: x = 1, 2, 4 with y = h and h' = x gives 0, 1, 2."""
    x, h = Input((1,), name="x"), Input((1,), name="h")
    rnn = RecurrentModel(x, layers.Identity()(h), h, layers.Identity()(x), return_sequences=True)
    y = rnn(np.float32([1, 2, 4]).reshape(1, 3, 1))
    np.testing.assert_array_equal(np.ravel(y), [0, 1, 2])


# Laws 34 and 35: RecurrentModel -------------------------------------------------------------------


def state_of_another_shape():
    x, h = frame(), carry()
    return RecurrentModel(x, plus(x, h), h, layers.Dense(7)(plus(x, h)))


def states_more_than_final_states():
    x, h, z = frame(), carry(), Input((3,), name="spare")
    return RecurrentModel(x, plus(x, h, z), [h, z], plus(x, h))


def readout_of_another_shape():
    x, r = frame(), echo(7)
    y = plus(layers.Dense(3)(x), layers.Dense(3)(r))
    return RecurrentModel(x, y, readout_input=r)


def readouts_more_than_outputs():
    x, r, s = frame(), echo(), Input((3,), name="second")
    return RecurrentModel(x, plus(x, r, s), readout_input=[r, s])


def readout_of_an_unknown_output():
    x, r = frame(), echo()
    return RecurrentModel(x, {"speech": plus(x, r)}, readout_input={"silence": r})


def an_input_that_was_not_listed():
    x, z = frame(), Input((3,), name="forgotten")
    return RecurrentModel(x, plus(x, z))


MODEL = {
    "input a string": (lambda: make(input="frame"), ["input", "'frame'"]),
    "input None": (lambda: make(input=None), ["input", "None"]),
    "input an array": (lambda: make(input=ones(2, 3)), ["input", "ndarray"]),
    "input an empty list": (lambda: make(input=[]), ["input", "[]"]),
    "output a string": (lambda: make(output="y"), ["output", "'y'"]),
    "output None": (lambda: make(output=None), ["output", "None"]),
    "output an empty list": (lambda: make(output=[]), ["output", "[]"]),
    "output of an input not listed": (
        an_input_that_was_not_listed,
        ["keras.Input", "not connected", "(None, 3)"],
    ),
    "states a string": (lambda: make(initial_states="carry"), ["initial_states", "'carry'"]),
    "states with a number": (lambda: make(initial_states=[5]), ["initial_states", "5"]),
    "final states a string": (lambda: make(final_states="later"), ["final_states", "'later'"]),
    "states without final states": (
        lambda: make(final_states=None),
        ["initial_states", "final_states", "carry"],
    ),
    "final states without states": (
        lambda: RecurrentModel(x := frame(), layers.Dense(3)(x), None, 2.0 * x),
        ["initial_states", "final_states"],
    ),
    "more states than final states": (
        states_more_than_final_states,
        ["initial_states", "final_states", "2", "1", "spare"],
    ),
    "state of another shape": (state_of_another_shape, ["carry", "7", "3"]),
    "readout a string": (lambda: make(readout_input="echo"), ["readout_input", "'echo'"]),
    "readout True": (lambda: make(readout_input=True), ["readout_input", "True"]),
    "readout of another shape": (readout_of_another_shape, ["echo", "7", "3"]),
    "readouts more than outputs": (readouts_more_than_outputs, ["readout_input", "2", "1"]),
    "readout of an unknown output": (readout_of_an_unknown_output, ["'silence'", "'speech'"]),
    "constants a string": (lambda: make(constants="memo"), ["constants", "'memo'"]),
    "forcing without readout": (
        lambda: counter(teacher_force=True),
        ["teacher_force", "True", "readout"],
    ),
    "forcing a string": (lambda: make(teacher_force="yes"), ["teacher_force", "'yes'"]),
    "forcing above one": (lambda: make(teacher_force=2.5), ["teacher_force", "2.5", "1"]),
    "forcing below zero": (lambda: make(teacher_force=-0.5), ["teacher_force", "-0.5", "0"]),
    "forcing not a number": (lambda: make(teacher_force=np.nan), ["teacher_force", "nan"]),
    "decode without length": (lambda: make(decode=True), ["decode", "output_length", "None"]),
    "length zero": (lambda: make(decode=True, output_length=0), ["output_length", "0"]),
    "length negative": (lambda: make(decode=True, output_length=-4), ["output_length", "-4"]),
    "length a fraction": (lambda: make(decode=True, output_length=2.5), ["output_length", "2.5"]),
    "length a word": (lambda: make(decode=True, output_length="six"), ["output_length", "'six'"]),
    "decode backwards": (
        lambda: make(decode=True, output_length=4, go_backwards=True),
        ["decode", "go_backwards"],
    ),
    "initializer unknown": (
        lambda: counter(state_initializer="oness")(X),
        ["state_initializer", "'oness'"],
    ),
    "initializer a number": (lambda: counter(state_initializer=7)(X), ["state_initializer", "7"]),
    "initializers more than states": (
        lambda: counter(state_initializer=["ones", "zeros", "learned"])(X),
        ["state_initializer", "3", "1", "carry"],
    ),
    "initializer of an unknown state": (
        lambda: counter(state_initializer={"curry": "ones"})(X),
        ["'curry'", "carry"],
    ),
    "initializer of a state unknown": (
        lambda: counter(state_initializer={"carry": "oness"})(X),
        ["state_initializer", "'oness'"],
    ),
    "initializers without states": (
        lambda: echoing(state_initializer=["ones"])(X),
        ["state_initializer", "1", "0"],
    ),
    "seed a word": (
        lambda: make(teacher_force=0.5, seed="dice"),
        ["seed", "'dice'"],
    ),
    "an option that does not exist": (
        lambda: counter(return_sequence=True),
        ["return_sequence"],
    ),
}


@named(MODEL)
def test_a_recurrent_model_says_what_is_wrong(do, words):
    """Laws 34 and 35: each argument with the wrong type, length and shape."""
    check(do, words)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", [counter, stack])
def test_an_option_that_is_not_a_bool_is_named(kind, option):
    """Law 35: `return_sequences="no"` is true in Python, which is not what was meant."""
    check(lambda: kind(**{option: "no"}), [option, "'no'"])


# Nothing is left half done ------------------------------------------------------------------------


def test_a_failed_model_leaves_its_tensors_usable():
    """Law 33: the same tensors, connected, make a layer: y = x + r gives 1, 2, 3."""
    x, r = Input((1,), name="x"), Input((1,), name="r")
    with pytest.raises(ValueError):
        RecurrentModel(x, 2.0 * x, readout_input=r)
    rnn = RecurrentModel(x, x + r, readout_input=r, return_sequences=True)
    np.testing.assert_array_equal(np.ravel(rnn(ones(1, 3, 1))), [1, 2, 3])


def test_a_given_list_and_dict_stay_as_they_were():
    """Law 17: neither a wrong nor a right list of the caller is changed."""
    many, few = ["ones", "zeros"], ["ones"]
    with pytest.raises((ValueError, TypeError)):
        counter(state_initializer=many)(X)
    counter(state_initializer=few)(ones(1, 2, 3))
    assert many == ["ones", "zeros"] and few == ["ones"]


def test_a_constant_that_is_missing_does_not_build_the_layer():
    """Law 35: the first call fails, the second with the constant gives x + memo = 3."""
    rnn = seeing()
    with pytest.raises((ValueError, TypeError)):
        rnn(ones(1, 2, 3))
    np.testing.assert_array_equal(rnn(ones(1, 2, 3), constants=2 * ones(1, 3)), [[3, 3, 3]])
