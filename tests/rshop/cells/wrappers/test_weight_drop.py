"""DropConnect on recurrent weights (Merity et al., 2018): the same dropped weights at each timestep."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rshop import LSTMCell, RNNCellFromModel, SimpleRNNCell, trace
from rshop.cells import WeightDropCell
from tests.support.cells import assert_close, draws, lstm_np, randomize, run_np
from tests.support.errors import check

X = draws(12, 6, 4, seed=2)
RATE = 0.4


def linear(kind):
    """A layer `h = x W + h U + b` with dropped `U`."""
    cell = (SimpleRNNCell if kind == "ours" else keras.layers.SimpleRNNCell)(4, activation=None)
    rnn = WeightDropCell(cell, RATE, seed=3).get_layer(return_sequences=True)
    rnn(X)
    randomize(rnn)
    return rnn


def used(rnn, y):
    """The recurrent kernel of each timestep from the second on, solved for from the outputs."""
    W, _, b = rnn.get_weights()
    return [np.linalg.lstsq(y[:, t - 1], y[:, t] - X[:, t] @ W - b, rcond=None)[0] for t in range(1, 6)]


def assert_dropped(kernel, rnn):
    U = rnn.get_weights()[1]
    gone = np.abs(kernel) < 1e-3
    assert 0 < gone.sum() < gone.size
    assert_close(kernel, np.where(gone, 0.0, U / (1 - RATE)), 1e-3)
    return gone


@pytest.mark.parametrize("how", ["eager", "compiled", "trace", "unrolled"])
@pytest.mark.parametrize("kind", ["ours", "keras"])
def test_the_same_weights_are_dropped_at_each_timestep(kind, how):
    rnn = linear(kind)
    rnn.unroll = how == "unrolled"
    run = tf.function(lambda: rnn(X, training=True)) if how == "compiled" else lambda: rnn(X, training=True)
    y = np.array(trace(rnn, X, training=True).outputs if how == "trace" else run())
    kernels = used(rnn, y.astype("float64"))
    for kernel in kernels[1:]:
        assert_close(kernel, kernels[0], 1e-3)
    gone = assert_dropped(kernels[0], rnn)
    rnn(X, training=True)
    again = used(rnn, np.array(rnn(X, training=True), "float64"))
    assert not np.array_equal(gone, np.abs(again[0]) < 1e-3)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_dropped_weight_has_no_gradient_and_every_other_has_one(compiled):
    rnn = linear("ours")

    def run():
        with tf.GradientTape() as tape:
            y = rnn(X, training=True)
            loss = tf.reduce_mean(y**2)
        return y, tape.gradient(loss, rnn.trainable_weights)

    y, [_, gradient, _] = (tf.function(run) if compiled else run)()
    gone = assert_dropped(used(rnn, np.array(y, "float64"))[0], rnn)
    np.testing.assert_array_equal(np.array(gradient) == 0, gone)


def test_the_gradient_is_that_of_finite_differences():
    """With the mask of a fixed seed: each run draws the first mask of a new layer."""

    def loss(U):
        rnn = WeightDropCell(SimpleRNNCell(4), RATE, seed=3).get_layer()
        rnn(X)
        W, _, b = draws(4, 4, seed=5), None, draws(4, seed=6)
        rnn.set_weights([W, U, b])
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(rnn(X, training=True))
        return float(value), np.array(tape.gradient(value, rnn.trainable_weights)[1])

    U = draws(4, 4, seed=7, scale=0.3)
    gradient = loss(U)[1]
    for i, j in [(0, 0), (1, 2), (3, 1), (2, 3)]:
        step = np.zeros_like(U)
        step[i, j] = 1e-2
        numeric = (loss(U + step)[0] - loss(U - step)[0]) / 2e-2
        assert_close(gradient[i, j], numeric, 2e-2)


def test_at_inference_the_weights_are_as_they_are_and_training_leaves_them_so():
    rnn = WeightDropCell(LSTMCell(4), RATE).get_layer(return_sequences=True)
    rnn(X)
    weights = randomize(rnn)
    expected, _ = run_np(lstm_np, X, [np.zeros((12, 4))] * 2, weights)
    rnn(X, training=True)
    assert_close(rnn(X), expected, 1e-5)
    for now, before in zip(rnn.get_weights(), weights, strict=True):
        assert_close(now, before, tolerance=0)


def test_a_cell_called_by_hand_drops_too():
    cell = WeightDropCell(SimpleRNNCell(4, activation=None, use_bias=False), RATE, seed=1)
    eye = np.eye(4, dtype="float32")
    cell([0 * eye, eye])
    h, _ = cell([0 * eye, eye], training=True)
    U = cell.get_weights()[1]
    assert_close(h, np.where(np.array(h) == 0, 0, U / (1 - RATE)))
    assert 0 < (np.array(h) == 0).sum() < 16


def test_dropout_and_statistics_inside_the_cell_go_on():
    """What else a timestep changes is kept: a new mask at each timestep, statistics that move."""
    rnn = WeightDropCell(LSTMCell(4, dropout=0.5), RATE).get_layer()
    rnn(X)
    dropped = trace(rnn, X, training=True)["dropout"] == 0
    assert len({dropped[:, t].tobytes() for t in range(6)}) == 6
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    norm = keras.layers.BatchNormalization(momentum=0.5)
    n = keras.layers.Add()([norm(x), keras.layers.Dense(4)(h)])
    rnn = WeightDropCell(RNNCellFromModel(keras.Model([x, h], [n, n])), RATE).get_layer()
    rnn(X)
    rnn(X + 3.0, training=True)
    expected = np.zeros(4)
    for t in range(6):
        expected = 0.5 * expected + 0.5 * (X[:, t] + 3.0).mean(0)
    assert_close(norm.moving_mean, expected, 1e-5)


def test_losses_added_in_the_cell_reach_the_model():
    """A loss of each timestep, in a loop and unrolled."""
    for unroll in (False, True):
        x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
        n = keras.layers.Add()([keras.layers.ActivityRegularization(l2=1.0)(x), keras.layers.Dense(4)(h)])
        cell = WeightDropCell(RNNCellFromModel(keras.Model([x, h], [n, n])), RATE)
        rnn = cell.get_layer(unroll=unroll)
        rnn(X)
        rnn(X, training=True)
        assert_close(
            float(sum(rnn.losses)), float((X**2).sum()) / len(X), 1e-4
        )  # Keras takes the mean of samples


def test_a_cell_without_recurrent_weights_is_refused():
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    n = keras.layers.Add()([keras.layers.Dense(4)(x), 0.5 * h])
    cell = RNNCellFromModel(keras.Model([x, h], [n, n]))
    check(lambda: WeightDropCell(cell, 0.5).get_layer()(X), ["nothing to drop", "by no weight"])


@pytest.mark.parametrize("rate", [1, -0.5, "half", None])
def test_a_rate_of_weights_is_from_0_on_and_below_1(rate):
    check(lambda: WeightDropCell(LSTMCell(4), rate), ["rate", repr(rate)])
