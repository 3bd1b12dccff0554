"""Errors of the stepper and the trace (laws 34 and 35), which take what a call takes."""

import numpy as np
import pytest

from rshop import Stepper, trace
from tests.support.errors import check, counter, echoing, named, ones, seeing

X = ones(2, 4, 3)


def stepper(rnn=counter, **options):
    return Stepper(rnn(), batch_size=2, **options)


def assign(name, value):
    def do():
        stepper().states[name] = value

    return do


def assign_readout(rnn, value):
    def do():
        stepper(rnn).readout = value

    return do


STEPPER = {
    "of a word": (lambda: Stepper("rnn"), ["Stepper", "'rnn'"]),
    "of nothing": (lambda: Stepper(None), ["Stepper", "None"]),
    "batch zero": (lambda: Stepper(counter(), batch_size=0), ["batch_size", "0"]),
    "batch negative": (lambda: Stepper(counter(), batch_size=-2), ["batch_size", "-2"]),
    "batch a fraction": (lambda: Stepper(counter(), batch_size=2.5), ["batch_size", "2.5"]),
    "batch a word": (lambda: Stepper(counter(), batch_size="two"), ["batch_size", "'two'"]),
    "states too many": (
        lambda: stepper(initial_state=[ones(2, 3)] * 3),
        ["initial_state", "3", "1"],
    ),
    "state of another size": (
        lambda: stepper(initial_state=ones(2, 7)),
        ["carry", "(2, 7)", "3"],
    ),
    "readout without readout": (
        lambda: stepper(initial_readout=ones(2, 3)),
        ["initial_readout"],
    ),
    "readout of another size": (
        lambda: stepper(echoing, initial_readout=ones(2, 7)),
        ["echo", "(2, 7)", "3"],
    ),
    "constants missing": (lambda: stepper(seeing).step(ones(2, 3)), ["constants", "memo"]),
    "constant of another size": (
        lambda: stepper(seeing, constants=ones(2, 7)).step(ones(2, 3)),
        ["constants", "memo", "(2, 7)", "3"],
    ),
    "step of other features": (lambda: stepper().step(ones(2, 7)), ["frame", "(2, 7)", "3"]),
    "step of another batch": (lambda: stepper().step(ones(5, 3)), ["frame", "(5, 3)", "2"]),
    "step of a sequence": (lambda: stepper().step(X), ["frame", "(2, 4, 3)"]),
    "step of a word": (lambda: stepper().step("x"), ["'x'"]),
    "step of two": (lambda: stepper().step([ones(2, 3)] * 2), ["2", "1 tensor"]),
    "back before the start": (lambda: stepper().back(), ["back"]),
    "state of an unknown name": (assign("curry", ones(2, 3)), ["'curry'", "carry"]),
    "state assigned of another size": (assign("carry", ones(2, 7)), ["carry", "(2, 7)", "3"]),
    "state assigned a word": (assign("carry", "zeros"), ["carry", "'zeros'"]),
    "readout assigned of another size": (
        assign_readout(echoing, ones(2, 7)),
        ["echo", "(2, 7)", "3"],
    ),
    "readout assigned without readout": (assign_readout(counter, ones(2, 3)), ["readout"]),
}


@named(STEPPER)
def test_a_stepper_says_what_is_wrong(do, words):
    """Laws 34 and 35: how it is made, what a step gets, what is assigned."""
    check(do, words, (ValueError, TypeError, KeyError))


def test_a_failed_step_leaves_the_stepper_where_it_was():
    """Law 34: one right step, wrong ones, one more right step: carry = 2 at t = 2."""
    one = stepper()
    one.step(ones(2, 3))
    for wrong in (ones(2, 7), ones(5, 3), "x"):
        with pytest.raises((ValueError, TypeError)):
            one.step(wrong)
    with pytest.raises((ValueError, TypeError)):
        one.states["carry"] = ones(2, 7)
    assert one.t == 1
    np.testing.assert_array_equal(one.states["carry"], ones(2, 3))
    np.testing.assert_array_equal(one.step(ones(2, 3)), 2 * ones(2, 3))
    assert one.t == 2


# trace --------------------------------------------------------------------------------------------

TRACE = {
    "of a word": (lambda: trace("rnn", X), ["trace", "'rnn'"]),
    "of nothing": (lambda: trace(None, X), ["trace", "None"]),
    "x a word": (lambda: trace(counter(), "abc"), ["abc"]),
    "x of other features": (lambda: trace(counter(), ones(2, 4, 7)), ["frame", "7", "3"]),
    "x without time": (lambda: trace(counter(), ones(2, 3)), ["frame", "(2, 3)"]),
    "states too many": (
        lambda: trace(counter(), X, initial_state=[ones(2, 3)] * 3),
        ["initial_state", "3", "1"],
    ),
    "readout of another size": (
        lambda: trace(echoing(), X, initial_readout=ones(2, 7)),
        ["echo", "(2, 7)", "3"],
    ),
    "truth missing in training": (
        lambda: trace(echoing(teacher_force=True), X, training=True),
        ["ground_truth", "teacher_force", "training"],
    ),
    "constants missing": (lambda: trace(seeing(), X), ["constants", "memo"]),
    "mask of another time": (
        lambda: trace(counter(), X, mask=np.ones((2, 6), bool)),
        ["mask", "(2, 6)", "4"],
    ),
    "training a word": (lambda: trace(counter(), X, training="yes"), ["training", "'yes'"]),
    "length negative": (
        lambda: trace(echoing(decode=True, output_length=5), ones(2, 3), output_length=-6),
        ["output_length", "-6"],
    ),
    "an unknown name": (lambda: trace(counter(), X)["curry"], ["'curry'", "add"]),
    "an unknown state": (lambda: trace(counter(), X).states["curry"], ["'curry'", "carry"]),
}


@named(TRACE)
def test_a_trace_says_what_is_wrong(do, words):
    """Laws 34 and 35: what is recorded, the call arguments, the names of the record."""
    check(do, words, (ValueError, TypeError, KeyError))
