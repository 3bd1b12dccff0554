"""Corners of the laws that are easily lost: options of nested layers, batches, looking without touching."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop import LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell, Stepper, trace

X = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")


def dense_step(**options):
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    n = ops.tanh(layers.Dense(3)(x) + layers.Dense(3)(h))
    return RecurrentModel(x, n, h, n, **options)


def values(rnn):
    return [np.array(ops.convert_to_numpy(v)) for v in rnn.variables]


@pytest.mark.parametrize(
    "option", [{"go_backwards": True}, {"stateful": True}, {"state_initializer": "ones"}]
)
def test_a_cell_refuses_options_that_it_would_lose(option):
    """Law 25, as law 24 says of Keras's layers."""
    with pytest.raises(ValueError, match=f"{next(iter(option))}.*outer layer"):
        RecurrentSequential().add(dense_step(**option))
    with pytest.raises(ValueError, match="outer layer"):
        dense_step(**option).get_cell()


def test_every_way_to_run_a_stateful_layer_checks_its_batch():
    """Law 34: trace, Stepper and the call itself, also where only the running graph knows."""
    rnn = dense_step(stateful=True)
    rnn(X)
    for run in (lambda: trace(rnn, X[:1]), lambda: Stepper(rnn), lambda: rnn(X[:1])):
        with pytest.raises(ValueError, match="batch of 4"):
            run()
    unknown = tf.function(lambda x: rnn(x), input_signature=[tf.TensorSpec((None, 5, 2))])
    assert unknown(X).shape == (4, 3)
    for _ in range(20):  # what is raised must not hang on which part of the graph comes first
        with pytest.raises(tf.errors.InvalidArgumentError, match="batch of 4"):
            unknown(X[:1])


@pytest.mark.parametrize("length", [6, np.int64(6), np.array(6), tf.constant(6, tf.int64)])
def test_any_whole_number_is_a_length(length):
    """Law 8: `y = 10 c + readout` for 6 timesteps."""
    c, r = keras.Input((1,)), keras.Input((1,))
    rnn = RecurrentModel(c, 10 * c + r, readout_input=r, decode=True, output_length=4)
    np.testing.assert_array_equal(
        np.ravel(rnn(np.ones((1, 1)), output_length=length)), [10, 20, 30, 40, 50, 60]
    )


@pytest.mark.parametrize("length", [0, -1, np.int64(-1), 4.5, np.float32(4)])
def test_what_is_no_length_is_said(length):
    """Law 35."""
    c, r = keras.Input((1,)), keras.Input((1,))
    rnn = RecurrentModel(c, 10 * c + r, readout_input=r, decode=True, output_length=4)
    with pytest.raises((TypeError, ValueError), match="at least 1"):
        rnn(np.ones((1, 1)), output_length=length)


def test_a_trace_in_training_leaves_statistics_seeds_and_counters_as_they_were():
    """Law 29: looking changes nothing."""
    x, r = keras.Input((2,)), keras.Input((2,))
    y = layers.Dropout(0.5)(layers.BatchNormalization()(x)) + r
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 10)
    rnn = RecurrentModel(x, y, readout_input=r, teacher_force=schedule)
    rnn(X, ground_truth=X, training=True)
    before = values(rnn)
    record = trace(rnn, X, ground_truth=X, training=True)
    assert np.abs(record.outputs).max() > 0
    for now, then in zip(values(rnn), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_layer_that_cannot_be_saved_can_be_traced():
    """Law 29: `y = 2 x` in a layer made of a function."""

    class Twice(layers.Layer):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def call(self, x):
            return self.function(x)

        def get_config(self):
            raise NotImplementedError

    x = keras.Input((2,))
    rnn = RecurrentModel(x, Twice(lambda a: 2 * a)(x), return_sequences=True)
    np.testing.assert_array_equal(trace(rnn, X).outputs, 2 * X)


def test_several_readouts_without_names_become_states_of_a_cell():
    """Laws 21 and 25: the numbers are those of the layer itself."""
    x, h = keras.Input((2,)), keras.Input((2,), name="readout")
    r, s = keras.Input((2,)), keras.Input((2,))
    first = RecurrentModel(x, [x + 0.5 * r + h, 0.5 * s + x], h, 0.5 * h + x, readout_input=[r, s])
    cell = first.get_cell()
    assert cell.state_names == ["readout", "readout_0", "readout_1"]
    x, states = keras.Input((2,)), [keras.Input((2,)) for _ in range(3)]
    y, _, *after = cell([x, *states])
    outer = RecurrentModel(x, y, states, after)
    np.testing.assert_allclose(outer(X), first(X)[0], atol=1e-6)


def test_a_cell_added_twice_is_one_cell_after_a_clone():
    """Law 30: one set of weights, two sets of states."""
    rnn = RecurrentSequential(name="twice")
    cell = SimpleRNNCell(2)
    rnn.add(cell)
    rnn.add(cell)
    y = rnn(X)
    clone = RecurrentSequential.from_config(rnn.get_config())
    clone(X)
    assert len(clone.get_weights()) == 3 and clone.num_states == 2
    clone.set_weights(rnn.get_weights())
    np.testing.assert_array_equal(clone(X), y)
    with pytest.raises(ValueError, match="'a'"):
        stack = RecurrentSequential()
        stack.add(LSTMCell(2, name="a"))
        stack.add(LSTMCell(2, name="a"))


def test_inputs_of_different_batches_are_said():
    """Law 34."""
    a, b = keras.Input((2,)), keras.Input((2,))
    with pytest.raises(ValueError, match=r"\(4, 5, 2\).*\(1, 5, 2\)"):
        RecurrentModel([a, b], a + b)([X, X[:1]])


def test_the_variable_of_teacher_forcing_is_not_trained():
    """Law 4: a callback moves it, the optimizer does not."""
    p = keras.Variable(0.5)
    r, x = keras.Input((2,)), keras.Input((2,))
    rnn = RecurrentModel(x, x + layers.Dense(2)(r), readout_input=r, teacher_force=p)
    rnn(X)
    assert len(rnn.trainable_variables) == len(rnn.trainable_weights) == 2


def test_a_whole_number_cannot_be_learned():
    """Law 17."""
    x, count = keras.Input((2,)), keras.Input((1,), dtype="int32", name="count")
    rnn = RecurrentModel(x, x, count, count + 1, state_initializer="learned")
    with pytest.raises(ValueError, match="'count'"):
        rnn(X)


def test_dropout_that_is_always_on_stays_on():
    """Law 27: a layer's own `training=True` wins where the call does not say otherwise."""
    x = keras.Input((2,))
    rnn = RecurrentModel(x, layers.Dropout(0.5)(x, training=True), return_sequences=True)
    y = ops.convert_to_numpy(rnn(np.ones((50, 20, 2), "float32")))
    assert set(np.unique(y)) == {0.0, 2.0} and 0.4 < np.mean(y == 0) < 0.6
