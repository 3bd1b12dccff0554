"""Zoneout (Krueger et al., 2017) against NumPy: in expectation, and with the masks of a trace."""

import keras
import numpy as np
import pytest

from rshop import GRUCell, LSTMCell, RecurrentSequential, trace
from rshop.cells import ClockCell, ResidualCell, ZoneoutCell
from tests.support.cells import assert_close, draws, gru_np, lstm_np, randomize, run_np
from tests.support.errors import check

X = draws(8, 12, 5, seed=2)
RATES = {"c": 0.5, "h": 0.2}


def layer(cell, **options):
    rnn = cell.get_layer(return_sequences=True, **options)
    rnn(X)
    return rnn, randomize(rnn)


def test_at_inference_a_state_is_the_expectation_of_old_and_new():
    rnn, weights = layer(ZoneoutCell(LSTMCell(4), RATES), return_states=True)

    def step(x, states, w):
        _, [h, c] = lstm_np(x, states, w)
        h = 0.2 * states[0] + 0.8 * h
        return h, [h, 0.5 * states[1] + 0.5 * c]

    expected, last = run_np(step, X, [np.zeros((8, 4))] * 2, weights)
    y, *states = rnn(X)
    assert_close(y, expected, 1e-5)
    for state, value in zip(states, last, strict=True):
        assert_close(state, value, 1e-5)


def test_in_training_each_unit_is_the_old_or_the_new_one_drawn_at_each_timestep():
    rnn, weights = layer(ZoneoutCell(LSTMCell(4), RATES, seed=3))
    record = trace(rnn, X, training=True)
    stayed = {name: record[f"{name}_zoneout"] == 0 for name in RATES}
    for t in range(X.shape[1]):
        before = [record.states[name][:, t] for name in ("h", "c")]
        _, new = lstm_np(X[:, t], before, weights)
        for name, old, now in zip(("h", "c"), before, new, strict=True):
            assert_close(record.states[name][:, t + 1], np.where(stayed[name][:, t], old, now), 1e-5)
    assert_close(record.outputs, record.states["h"][:, 1:], tolerance=0)
    for name, rate in RATES.items():
        # 384 draws: three standard deviations are 0.08.
        assert abs(stayed[name].mean() - rate) < 0.08
        assert len({stayed[name][:, t].tobytes() for t in range(X.shape[1])}) == X.shape[1]
    assert not np.array_equal(stayed["h"], stayed["c"])


def test_one_rate_is_for_every_state_and_one_by_name_leaves_the_others():
    for rate, names in ((0.3, {"h_zoneout", "c_zoneout"}), ({"c": 0.3}, {"c_zoneout"})):
        rnn, _ = layer(ZoneoutCell(LSTMCell(4), rate))
        assert {n for n in trace(rnn, X).names if "zoneout" in n} == names


def test_no_rate_is_the_cell_itself():
    rnn, weights = layer(ZoneoutCell(GRUCell(4), 0.0))
    expected, _ = run_np(gru_np, X, [np.zeros((8, 4))], weights)
    assert_close(rnn(X, training=True), expected, 1e-5)


def test_the_output_of_a_stack_is_the_last_state_after_zoneout():
    """Of cells of Keras and of ours; the output of a residual cell is no state, and stays."""
    stack = RecurrentSequential()
    stack.add(LSTMCell(4))
    stack.add(GRUCell(4))
    of_keras = keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.GRUCell(4)])
    for cell in (stack.get_cell(), of_keras):
        record = trace(layer(ZoneoutCell(cell, 0.4))[0], X, training=True)
        assert_close(record.outputs, list(record.states.values())[2][:, 1:], tolerance=0)
    X5 = X[..., :4]
    rnn = ZoneoutCell(ResidualCell(GRUCell(4)), 0.4).get_layer(return_sequences=True)
    rnn(X5)
    record = trace(rnn, X5)
    new = record.states["h"][:, 1:] / 0.6 - record.states["h"][:, :-1] * 0.4 / 0.6
    assert_close(record.outputs, new + X5, 1e-5)


def test_a_state_of_whole_numbers_is_left_alone():
    rnn, _ = layer(ZoneoutCell(ClockCell(LSTMCell(4), 3), 0.5))
    clock = trace(rnn, X, training=True).states["clock"]
    assert clock[0, :, 0].tolist() == [t % 3 for t in range(13)]


BAD = [(1.0, "1.0"), (-0.1, "-0.1"), ("half", "'half'"), (None, "None"), ({"c": 2.0}, "rate['c']=2.0")]


@pytest.mark.parametrize("rate, word", BAD)
def test_a_rate_is_from_0_on_and_below_1(rate, word):
    check(lambda: ZoneoutCell(LSTMCell(4), rate), ["rate", word])


def test_a_rate_is_of_a_state_that_there_is():
    check(lambda: layer(ZoneoutCell(LSTMCell(4), {"k": 0.5})), ["'k'", "'h'", "'c'"])
