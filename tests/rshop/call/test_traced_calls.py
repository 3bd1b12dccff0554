"""A long call outside of a graph runs as a graph that is traced once: same numbers, gradients and effects."""

import copy
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, SimpleRNNCell
from rshop.call import traced_calls
from tests.rshop.fast.test_random_graphs import assert_equal_to_numpy, build
from tests.support.exported import table
from tests.support.steps import numpy

X = np.random.default_rng(0).normal(size=(3, 40, 4)).astype("float32")
TABLE = table()


@pytest.fixture
def one_by_one(monkeypatch):
    """Within it no call is long."""

    def switch(on):
        monkeypatch.setattr(traced_calls, "LONG", 10**9 if on else 1)

    return switch


def graphs(layer):
    """How many graphs a layer has traced."""
    return sum(run.graph.experimental_get_tracing_count() for _, run in layer.traced_calls._kept.values())


@pytest.mark.parametrize("seed", range(0, 26, 3))
def test_a_random_graph_equals_numpy(seed, one_by_one):
    program, layer, x, call, _, expected, _ = build(seed)
    one_by_one(False)
    for training in (False, True):
        assert_equal_to_numpy(program, layer(x, training=training, **call), expected(training))
    assert layer.unroll or graphs(layer) > 0


@pytest.mark.parametrize("name", list(TABLE)[::5])
def test_a_layer_of_every_kind_equals_itself_run_one_by_one(name, one_by_one):
    """Cells, wrappers, attention, decoders, masks and constants, nested and stacked."""
    keras.utils.set_random_seed(1)
    layer, x, call = TABLE[name]()
    found = []
    for on in (True, False):
        one_by_one(on)
        if getattr(layer, "stateful", False):
            layer.reset_states()
        found.append(keras.tree.flatten(numpy(layer(x, **call))))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def gradients(layer):
    """First and second derivatives, Jacobians and the forward derivative, by TensorFlow's own tools."""
    x, h, found = tf.constant(X[:, :6]), tf.zeros((3, 5)), {}
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        found["weights"] = inner.gradient(loss, layer.trainable_weights[0].value)
        slope = tf.reduce_sum(inner.gradient(loss, x) ** 2)
    found["second"] = outer.gradient(slope, x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(h)
        y = layer(x, initial_state=h)[:, 3]
    found["jacobian"] = tape.jacobian(y, h)
    found["batch jacobian"] = tape.batch_jacobian(y, h)
    with tf.autodiff.ForwardAccumulator(h, tf.ones_like(h)) as forwards:
        y = layer(x, initial_state=h)
    found["forwards"] = forwards.jvp(y)
    return found


def test_every_kind_of_derivative(one_by_one):
    layer = GRUCell(5).get_layer(return_sequences=True)
    one_by_one(False)
    traced = gradients(layer)
    assert graphs(layer) == 1
    one_by_one(True)
    for name, value in gradients(layer).items():
        assert np.abs(value).max() > 1e-3, name
        np.testing.assert_allclose(traced[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("cell", [SimpleRNNCell, GRUCell, LSTMCell])
def test_a_first_call_of_all_differentiated_forwards_equals_finite_differences(cell):
    layer = cell(5).get_layer(return_sequences=True)
    layer.build(X.shape)
    x = tf.constant(X)
    direction = np.random.default_rng(3).normal(size=X.shape).astype("float32")
    with tf.autodiff.ForwardAccumulator(x, tf.constant(direction)) as forwards:
        y = layer(x)
    assert graphs(layer) == 1
    slope = forwards.jvp(y).numpy()
    ahead, behind = (layer(X + sign * 1e-3 * direction).numpy() for sign in (1, -1))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-3, atol=5e-3)
    assert np.abs(slope).max() > 0.1


def test_a_gradient_equals_finite_differences():
    layer = LSTMCell(3).get_layer()
    layer(X)
    kernel = layer.trainable_weights[0]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X) ** 2)
    slope, value, step = tape.gradient(loss, kernel.value), kernel.numpy(), 1e-2
    for i, j in ((0, 0), (1, 4), (2, 7), (3, 11)):
        sides = []
        for sign in (1, -1):
            moved = value.copy()
            moved[i, j] += sign * step
            kernel.assign(moved)
            sides.append(float(tf.reduce_sum(tf.cast(layer(X), "float64") ** 2)))
        np.testing.assert_allclose(slope[i, j], (sides[0] - sides[1]) / (2 * step), rtol=2e-2, atol=1e-4)


def test_whatever_the_lengths_and_batches_there_are_two_traces():
    layer = GRUCell(5).get_layer()
    reference = keras.layers.GRU(5)
    layer(X), reference(X)
    reference.set_weights(layer.get_weights())
    for length in range(32, 41):
        for batch in (1, 2, 3):
            x = X[:batch, :length]
            np.testing.assert_allclose(layer(x), reference(x), rtol=1e-5, atol=1e-6)
    assert graphs(layer) == 2


def test_a_decoder_of_any_length_has_two_traces():
    x, h = Input((4,)), Input((4,), name="h")
    after = ops.tanh(x + 0.5 * h)
    layer = RecurrentModel(x, after, h, after, decode=True, output_length=4)
    for length in range(32, 40):
        now, expected = np.zeros((3, 4), "float32"), []
        for _ in range(length):
            now = np.tanh(X[:, 0] + 0.5 * now)
            expected.append(now)
        y = layer(X[:, 0], output_length=length)
        np.testing.assert_allclose(y, np.stack(expected, axis=1), rtol=1e-5, atol=1e-6)
    assert graphs(layer) == 2


def test_what_changes_in_a_layer_changes_its_next_call():
    """A rate, new weights, another option: the graph is no older than what it was traced from."""
    h = Input((4,))
    x = Input((4,))
    slope = layers.LeakyReLU(negative_slope=0.5)
    layer = RecurrentModel(x, h_t := slope(x + h), h, h_t)
    before = layer(X).numpy()
    slope.negative_slope = 0.25
    now = np.zeros((3, 4), "float32")
    for t in range(40):
        z = X[:, t] + now
        now = np.where(z > 0, z, 0.25 * z)
    np.testing.assert_allclose(layer(X), now, rtol=1e-5, atol=1e-6)
    assert np.abs(before - now).max() > 0.01
    assert layer(X, training=True).shape == (3, 4)
    layer.return_sequences = True
    assert layer(X).shape == (3, 40, 4)


def test_other_weights_in_a_scope_are_those_of_the_scope():
    layer = GRUCell(5).get_layer()
    layer(X)
    halves = [0.5 * v for v in layer.trainable_variables]
    y, _ = layer.stateless_call(halves, layer.non_trainable_variables, X)
    for v in layer.trainable_variables:
        v.assign(0.5 * v)
    np.testing.assert_allclose(y, layer(X), rtol=1e-6)


def test_a_users_own_layer_is_called_at_every_timestep():
    seen = []

    class Watched(layers.Layer):
        def call(self, x):
            seen.append(x)
            return x

    x, h = Input((4,)), Input((4,))
    h_t = Watched()(ops.tanh(x + h))
    layer, reference = RecurrentModel(x, h_t, h, h_t), np.zeros((3, 4), "float32")
    seen.clear()
    layer(X)
    for t in range(40):
        reference = np.tanh(X[:, t] + reference)
    values = [value for value in seen if tf.is_tensor(value)]
    assert len(values) >= 40
    np.testing.assert_allclose(values[-1], reference, rtol=1e-5)


def test_states_are_carried_over():
    layer = GRUCell(5).get_layer(stateful=True)
    whole = layer(X).numpy()
    layer.reset_states()
    layer(X[:, :35])
    np.testing.assert_allclose(layer(X[:, 35:]), whole, rtol=1e-5, atol=1e-6)


def test_dropout_draws_as_it_does_one_by_one(one_by_one):
    def outputs():
        keras.utils.set_random_seed(3)
        layer = LSTMCell(5, dropout=0.5).get_layer()
        return layer(X, training=True).numpy()

    here = outputs()
    one_by_one(True)
    np.testing.assert_allclose(here, outputs(), rtol=1e-5, atol=1e-6)


def test_functions_that_run_eagerly_and_threads():
    layer = GRUCell(5).get_layer()
    y = layer(X).numpy()
    tf.config.run_functions_eagerly(True)
    try:
        np.testing.assert_allclose(layer(X), y, rtol=1e-5, atol=1e-6)
    finally:
        tf.config.run_functions_eagerly(False)
    fresh, found = GRUCell(5).get_layer(), {}
    fresh(X[:, :2])
    fresh.set_weights(layer.get_weights())
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: fresh(X[:, :n]).numpy()})) for n in (38, 39, 40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found[40], y, rtol=1e-5, atol=1e-6)
    assert sorted(found) == [38, 39, 40]


def test_a_layer_with_graphs_is_copied_and_cleared():
    layer = GRUCell(5).get_layer()
    y = layer(X).numpy()
    np.testing.assert_allclose(copy.deepcopy(layer)(X), y, rtol=1e-6)
    keras.utils.clear_session()
    np.testing.assert_allclose(layer(X), y, rtol=1e-6)
