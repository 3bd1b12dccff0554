"""Residual and highway cells against NumPy."""

import numpy as np
import pytest

from rshop import GRUCell, LSTMCell
from rshop.cells import HighwayCell, ResidualCell
from tests.support.cells import assert_close, draws, gru_np, lstm_np, randomize, run_np, sigmoid
from tests.support.errors import check

X = draws(2, 20, 5, seed=3)


def zeros(count):
    return [np.zeros((2, 5))] * count


@pytest.mark.parametrize("make, cell, count", [(LSTMCell, lstm_np, 2), (GRUCell, gru_np, 1)])
def test_a_residual_cell_adds_its_input_to_its_output_and_leaves_the_states(make, cell, count):
    rnn = ResidualCell(make(5)).get_layer(return_sequences=True, return_states=True)
    rnn(X)
    weights = randomize(rnn)
    y, *states = rnn(X)
    expected, last = run_np(cell, X, zeros(count), weights)
    assert_close(y, expected + X, 1e-5)
    for state, value in zip(states, last, strict=True):
        assert_close(state, value, 1e-5)


def test_a_highway_cell_mixes_input_and_output_by_a_gate_of_the_input():
    rnn = HighwayCell(LSTMCell(5)).get_layer(return_sequences=True)
    rnn(X)
    *inner, W, b = randomize(rnn)
    expected, _ = run_np(lstm_np, X, zeros(2), inner)
    gate = sigmoid(X @ W + b)
    assert_close(rnn(X), (1 - gate) * expected + gate * X, 1e-5)


def test_a_new_highway_cell_carries_most_of_its_input():
    rnn = HighwayCell(LSTMCell(5), carry_bias=3.0, kernel_initializer="zeros").get_layer()
    rnn(X)
    assert_close(rnn.get_weights()[-1], np.full(5, 3.0))
    assert HighwayCell(LSTMCell(5)).carry_bias == 1.0


def test_a_highway_gate_takes_a_regularizer_that_is_counted_once():
    """Law 28: the loss does not grow with the number of timesteps."""
    rnn = HighwayCell(LSTMCell(5), kernel_initializer="ones", kernel_regularizer="l2").get_layer()
    rnn(X)
    assert_close(float(sum(rnn.losses)), 0.01 * 25)


@pytest.mark.parametrize("wrapper", [ResidualCell, HighwayCell])
def test_input_and_output_have_one_shape(wrapper):
    check(lambda: wrapper(LSTMCell(4)).get_layer()(X), ["(None, 5)", "(None, 4)", "5 units", "Dense"])


@pytest.mark.parametrize("bias", ["one", None, True, float("nan")])
def test_the_carry_bias_is_a_number(bias):
    check(lambda: HighwayCell(LSTMCell(4), carry_bias=bias), ["carry_bias"])
