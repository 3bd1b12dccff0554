"""Variational dropout (Gal and Ghahramani, 2016) and recurrent dropout (Semeniuta et al., 2016)."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rshop import (
    GRUCell,
    LSTMCell,
    RecurrentModel,
    RecurrentSequential,
    RNNCellFromModel,
    SimpleRNNCell,
    Stepper,
    trace,
)
from rshop.cells import RecurrentDropoutCell, VariationalDropoutCell
from tests.support.cells import assert_close, draws, gru_np, lstm_np, randomize, run_np, sigmoid
from tests.support.errors import check
from tests.support.wrapped import from_model

X = draws(8, 12, 5, seed=2)


def layer(cell, **options):
    rnn = cell.get_layer(return_sequences=True, **options)
    rnn(X)
    return rnn, randomize(rnn)


def the_same_at_all_timesteps(values):
    return bool(np.all(values == values[:, :1]))


# Variational dropout ------------------------------------------------------------------------------


def test_one_mask_a_sequence_and_sample():
    """Measured through a trace: equal at all timesteps, different between samples, calls and tensors."""
    rnn, _ = layer(VariationalDropoutCell(LSTMCell(6), 0.5, state_rate=0.25, seed=1))
    record = trace(rnn, X, training=True)
    for name, rate, units in (("x_mask", 0.5, 5), ("h_mask", 0.25, 6)):
        mask = record[name]
        assert mask.shape == (8, 12, units)
        assert the_same_at_all_timesteps(mask)
        assert set(np.unique(mask)) <= {0.0, np.float32(1 / (1 - rate))}
        assert len({row.tobytes() for row in mask[:, 0]}) > 4
        assert 0 < (mask == 0).mean() < 1
    assert not [name for name in record.names if "c_mask" in name]
    rnn(X, training=True)
    assert not np.array_equal(trace(rnn, X, training=True)["h_mask"], record["h_mask"])


@pytest.mark.parametrize("unroll", [False, True])
def test_an_lstm_reads_masked_inputs_and_states_and_keeps_its_memory(unroll):
    rnn, weights = layer(VariationalDropoutCell(LSTMCell(6), 0.5, seed=1), unroll=unroll)
    record = trace(rnn, X, training=True)
    m_x, m_h = record["x_mask"][:, 0], record["h_mask"][:, 0]

    def step(x, states, w):
        return lstm_np(x * m_x, [states[0] * m_h, states[1]], w)

    expected, _ = run_np(step, X, [np.zeros((8, 6))] * 2, weights)
    assert_close(record.outputs, expected, 1e-5)
    assert_close(rnn(X, training=True), expected, 1e-5)


def test_both_products_of_a_gru_with_its_state_share_the_mask():
    """As in the paper `r * h` is dropped where `h` is; the old state is mixed in whole."""
    rnn, weights = layer(VariationalDropoutCell(GRUCell(5, reset_after=False), 0.5, seed=1))
    record = trace(rnn, X, training=True)
    m_x, m_h = record["x_mask"][:, 0], record["h_mask"][:, 0]

    def step(x, states, w):
        (h,) = states
        W, U, b = w
        a, u = (x * m_x) @ W + b, (h * m_h) @ U[:, :10]
        z, r = sigmoid(a[:, :5] + u[:, :5]), sigmoid(a[:, 5:10] + u[:, 5:])
        h = z * h + (1 - z) * np.tanh(a[:, 10:] + (r * h * m_h) @ U[:, 10:])
        return h, [h]

    expected, _ = run_np(step, X, [np.zeros((8, 5))], weights)
    assert_close(record.outputs, expected, 1e-5)


def test_at_inference_nothing_is_dropped():
    rnn, weights = layer(VariationalDropoutCell(GRUCell(4), 0.5))
    expected, _ = run_np(gru_np, X, [np.zeros((8, 4))], weights)
    assert_close(rnn(X), expected, 1e-5)
    stepper = Stepper(rnn, 8)
    assert_close(np.stack([stepper.step(X[:, t]) for t in range(12)], 1), expected, 1e-5)


def test_in_the_fast_loop_the_masks_are_those_of_one_sequence():
    """With x = 1 at each timestep a linear cell adds up the same masked row; each run draws its own."""
    keep = {"kernel_initializer": "identity", "recurrent_initializer": "identity"}
    cell = VariationalDropoutCell(SimpleRNNCell(5, activation=None, **keep), 0.5, state_rate=0.0)
    rnn = cell.get_layer(return_sequences=True)
    run = tf.function(lambda: rnn(np.ones((4, 6, 5), "float32"), training=True))
    runs = [np.array(run()) for _ in range(3)]
    for y in runs:
        assert set(np.unique(y[:, 0])) == {0.0, 2.0}
        assert_close(y, y[:, :1] * np.arange(1, 7)[None, :, None])
    assert len({y.tobytes() for y in runs}) == 3


def test_a_cell_that_stands_twice_in_a_step_has_two_masks():
    cell = VariationalDropoutCell(SimpleRNNCell(5), 0.5)
    x, a, b = (keras.Input((5,), name=name) for name in "xab")
    y, after_a = cell([x, a])
    z, after_b = cell([y, b])
    rnn = RecurrentModel(x, z, [a, b], [after_a, after_b], return_sequences=True)
    record = trace(rnn, X, training=True)
    masks = [record[name] for name in record.names if name.endswith("h_mask")]
    assert len(masks) == 2 and not np.array_equal(*masks)
    assert all(the_same_at_all_timesteps(mask) for mask in masks)


def test_a_cell_of_a_layer_has_the_sequence_of_the_outer_layer():
    stack = RecurrentSequential()
    stack.add(VariationalDropoutCell(LSTMCell(5), 0.5))
    outer = RecurrentSequential(return_sequences=True)
    outer.add(stack.get_cell())
    outer(X)
    record = trace(outer, X, training=True)
    [name] = [name for name in record.names if name.endswith("h_mask")]
    assert the_same_at_all_timesteps(record[name]) and {0.0, 2.0} == set(np.unique(record[name]))


def test_whole_numbers_and_inner_products_are_left_alone():
    """Tokens are embedded; what an inner product has made enters the next one whole."""
    x, h = keras.Input((), dtype="int32", name="x"), keras.Input((4,), name="h_tm1")
    of_h = keras.layers.Dense(4, name="V")(keras.layers.Dense(4, name="U")(h))
    n = keras.layers.Add(name="n")([keras.layers.Embedding(9, 4, name="E")(x), of_h])
    rnn = VariationalDropoutCell(RNNCellFromModel(keras.Model([x, h], [n, n])), 0.5).get_layer()
    tokens = np.arange(6).reshape(2, 3)
    rnn(tokens)
    assert [name for name in trace(rnn, tokens).names if "mask" in name] == ["rnn_cell_from_model/h_mask"]


def test_a_cell_with_nothing_to_drop_or_that_cannot_be_seen_into_is_refused():
    x, h = keras.Input((5,), name="x"), keras.Input((5,), name="h")
    n = keras.layers.Add()([x, 0.5 * h])
    cell = RNNCellFromModel(keras.Model([x, h], [n, n]))
    check(lambda: layer(VariationalDropoutCell(cell, 0.5)), ["nothing to drop"])
    stacked = keras.layers.StackedRNNCells([keras.layers.GRUCell(4)])
    check(lambda: VariationalDropoutCell(stacked, 0.5), ["StackedRNNCells", "cannot be seen"])


# Recurrent dropout --------------------------------------------------------------------------------


@pytest.mark.parametrize("per_sequence", [False, True])
def test_the_candidate_of_an_lstm_is_dropped_and_its_memory_never(per_sequence):
    rnn, weights = layer(RecurrentDropoutCell(LSTMCell(6), 0.5, per_sequence=per_sequence, seed=1))
    record = trace(rnn, X, training=True)
    mask = record["candidate_dropout"]
    if not per_sequence:  # a trace shows what is left of the candidate
        mask = mask / record["candidate"]
    assert_close(np.unique(np.round(mask, 4)), [0.0, 2.0], 1e-4)
    assert the_same_at_all_timesteps(mask.round(3)) == per_sequence
    at = iter(range(12))

    def step(x, states, w):
        h, c = states
        W, U, b = w
        i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g) * mask[:, next(at)]
        h = sigmoid(o) * np.tanh(c)
        return h, [h, c]

    expected, _ = run_np(step, X, [np.zeros((8, 6))] * 2, weights)
    assert_close(record.outputs, expected, 1e-5)


def test_of_a_cell_without_a_candidate_the_update_is_dropped():
    for cell in (SimpleRNNCell(4), from_model(), keras.layers.SimpleRNNCell(4)):
        rnn = RecurrentDropoutCell(cell, 0.25, per_sequence=True, seed=1).get_layer(return_sequences=True)
        rnn(X[..., :4])
        randomize(rnn)
        record = trace(rnn, X[..., :4], training=True)
        mask = record["h_update"][:, 0]
        assert set(np.unique(mask)) == {0.0, np.float32(1 / 0.75)}
        if isinstance(cell, SimpleRNNCell):
            W, U, b = rnn.get_weights()
            h = record.states["h"]
            new = np.tanh(X[..., :4] @ W + h[:, :-1] @ U + b)
            assert_close(h[:, 1:], h[:, :-1] + (new - h[:, :-1]) * mask[:, None], 1e-5)
        assert_close(record.outputs, record.states["h"][:, 1:], tolerance=0)


@pytest.mark.parametrize("make, cell, count", [(LSTMCell, lstm_np, 2), (GRUCell, gru_np, 1)])
def test_at_inference_recurrent_dropout_is_the_cell_itself(make, cell, count):
    rnn, weights = layer(RecurrentDropoutCell(make(4), 0.5))
    expected, _ = run_np(cell, X, [np.zeros((8, 4))] * count, weights)
    assert_close(rnn(X), expected, 1e-5)


@pytest.mark.parametrize("wrapper", [VariationalDropoutCell, RecurrentDropoutCell])
@pytest.mark.parametrize("rate", [1, 1.0, -0.5, "half", None, True, float("nan")])
def test_a_rate_of_dropout_is_from_0_on_and_below_1(wrapper, rate):
    check(lambda: wrapper(LSTMCell(4), rate), ["rate", repr(rate)])
