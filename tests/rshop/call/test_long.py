"""Long sequences: the step is traced once, and the graph does not grow with time."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

import rshop
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential


class Counted(layers.Layer):
    """The identity, which counts how often Python runs it."""

    calls = 0

    def call(self, x):
        self.calls += 1
        return 1.0 * x


def counted(**options):
    """`n = tanh(W x + h + .1 readout)`, and the layer that counts the Python calls of the step."""
    x, h, r = Input((2,), name="x"), Input((2,), name="h"), Input((2,), name="r")
    count = Counted()
    n = count(ops.tanh(layers.Dense(2)(x) + h + 0.1 * r))
    return RecurrentModel(x, n, h, n, readout_input=r, return_sequences=True, **options), count


def masked_forced(**options):
    """A stack with everything: state sync, readout, forcing, learned first states."""
    rnn = RecurrentSequential(
        return_sequences=True,
        state_sync=True,
        readout="add",
        teacher_force=0.5,
        state_initializer="learned",
        **options,
    )
    rnn.add(LSTMCell(2))
    rnn.add(LSTMCell(2))
    return rnn


LAYERS = {
    "lstm": lambda **options: LSTMCell(2).get_layer(return_sequences=True, **options),
    "last_output": lambda **options: GRUCell(2).get_layer(**options),
    "by_hand": lambda **options: counted(**options)[0],
    "masked_forced": masked_forced,
}


def batch(time):
    return np.random.default_rng(0).normal(size=(2, time, 2)).astype("float32")


def over_time(rnn, time, **call):
    x = Input((time, 2))
    return keras.Model(x, rnn(x, **call))


@pytest.mark.parametrize("kind", ["lstm", "last_output", "by_hand"])
def test_a_thousand_timesteps_train(kind):
    """One fitted batch of T = 1000: a finite loss, and every weight of the step moved."""
    rnn = LAYERS[kind]()
    model = over_time(rnn, 1000)
    model.compile("adam", "mse")
    before = model.get_weights()
    x = batch(1000)
    history = model.fit(x, np.zeros(model.output.shape[1:])[None].repeat(2, 0), verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True))
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_thousand_timesteps_count_to_a_thousand():
    """The accumulator of ones over T = 1000 ends at 1000; its gradient is 1 everywhere."""
    x, h = Input((1,), name="x"), Input((1,), name="h")
    rnn = RecurrentModel(x, x + h, h, x + h)
    ones = tf.ones((1, 1000, 1))
    assert float(np.ravel(rnn(ones))[0]) == 1000.0
    gradient = tf.function(lambda x: tf.gradients(rnn(x), x)[0])(ones)
    np.testing.assert_array_equal(gradient, ones)


def test_a_trace_of_a_thousand_timesteps():
    """The recorder too: states 0..1000 of the accumulator."""
    x, h = Input((1,), name="x"), Input((1,), name="h")
    n = layers.Add(name="n")([x, h])
    recorded = rshop.trace(RecurrentModel(x, n, h, n), np.ones((1, 1000, 1), "float32"))
    np.testing.assert_array_equal(recorded["n"][0, :, 0], np.arange(1, 1001))
    np.testing.assert_array_equal(recorded.states["h"][0, :, 0], np.arange(1001))


def python_calls(time):
    """How often Python runs the step during the first and the second `predict`."""
    rnn, count = counted()
    model = over_time(rnn, time)
    calls = []
    for _ in range(2):
        count.calls = 0
        model.predict(batch(time), verbose=0)
        calls.append(count.calls)
    return calls


def test_the_step_is_traced_once_and_not_once_a_timestep():
    """Python calls of a layer in the step do not grow with T; a second `predict` runs no Python."""
    few, many = python_calls(5), python_calls(50)
    assert few == many
    assert 1 <= few[0] <= 3 and few[1] == 0


def nodes(function, time):
    """The operations of the graph of `function(x)`, those of its loops and branches included."""
    graph = function.get_concrete_function(tf.TensorSpec((2, time, 2))).graph.as_graph_def()
    return len(graph.node) + sum(len(f.node_def) for f in graph.library.function)


def forward(rnn):
    return tf.function(lambda x: rnn(x, training=False))


def backward(rnn, truth):
    """Gradients of a training call with respect to weights and input."""

    def gradients(x):
        call = {"ground_truth": x} if truth else {}
        loss = ops.sum(rnn(x, training=True, **call))
        return tf.gradients(loss, [x, *[w.value for w in rnn.trainable_weights]])

    return tf.function(gradients)


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_the_graph_of_five_hundred_timesteps_has_the_size_of_that_of_fifty(kind, direction):
    """Count of operations for T = 50 and T = 500: equal; so memory grows with the values alone."""
    rnn = LAYERS[kind]()
    over_time(rnn, None)
    graph = forward(rnn) if direction == "forward" else backward(rnn, kind == "masked_forced")
    assert nodes(graph, 50) == nodes(graph, 500) > 10


def test_the_graph_with_masks_does_not_grow_either():
    """The same with a mask per timestep."""
    rnn = masked_forced()
    graph = tf.function(lambda x: rnn(x, mask=x[..., 0] > 0, training=False))
    assert nodes(graph, 50) == nodes(graph, 500)


def test_unroll_alone_grows_with_time():
    """The count sees what it should: `unroll=True` writes every timestep into the graph."""
    graph = forward(counted(unroll=True)[0])
    assert nodes(graph, 8) > nodes(graph, 4) + 4 * 3
