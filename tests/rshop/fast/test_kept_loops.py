"""The graphs of a layer's loops are kept between traces of a model, and made anew where something changed."""

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from rshop.fast import switched
from rshop.fast.loops import forward_loop

X = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")
Y = np.zeros((8, 4), "float32")


@pytest.fixture
def traces(monkeypatch):
    """How often a forward loop was traced."""
    counted, call = [], forward_loop.ForwardLoop.__call__

    def counting(self, *given):
        counted.append(self)
        return call(self, *given)

    monkeypatch.setattr(forward_loop.ForwardLoop, "__call__", counting)
    return counted


def model_of(rnn):
    x = Input((6, 3))
    model = keras.Model(x, rnn(x))
    model.compile("sgd", "mse")
    return model


def own(dense):
    x, h = Input((3,)), Input((4,))
    n = dense(layers.Concatenate()([x, h]))
    return RecurrentModel(x, n, h, n)


def test_a_training_step_that_keras_traces_twice_traces_the_loop_once(traces):
    rnn = RecurrentSequential()
    rnn.add(LSTMCell(4))
    model = model_of(rnn)
    with switched(split=False):
        model.train_on_batch(X, Y)
        assert len(traces) == 1
        model.compile("adam", "mse")
        model.train_on_batch(X, Y)
        assert len(traces) == 1
        model.predict(X, verbose=0)  # without what the backward pass needs
        assert len(traces) == 2
        model.train_on_batch(X[:5], Y[:5])  # another batch
        assert len(traces) == 3


def test_a_layer_that_was_changed_since_is_computed_as_it_is_now():
    dense = layers.Dense(4, activation="tanh")
    model = model_of(own(dense))
    model.train_on_batch(X, Y)
    for activation in (keras.activations.sigmoid, keras.activations.linear):
        dense.activation = activation
        model.compile("sgd", "mse")
        h = np.zeros((8, 4))
        kernel, bias = (w.astype("float64") for w in dense.get_weights())
        for t in range(6):
            z = np.concatenate([X[:, t], h], axis=1) @ kernel + bias
            h = 1 / (1 + np.exp(-z)) if activation is keras.activations.sigmoid else z
        loss = model.train_on_batch(X, Y)
        np.testing.assert_allclose(float(np.asarray(loss)), np.mean(h**2), rtol=1e-4)
        model.compile("sgd", "mse")
        dense.set_weights([kernel, bias])
        np.testing.assert_allclose(model.predict(X, verbose=0), h, atol=1e-5)


def test_a_layer_inside_an_inner_loop_that_was_changed_is_computed_as_it_is_now():
    dense = layers.Dense(4, activation="tanh")
    inner = own(dense)
    rows, h = Input((2, 3)), Input((4,))
    n = inner(rows) + 0.5 * h
    rnn = RecurrentModel(rows, n, h, n)
    x = Input((6, 2, 3))
    model = keras.Model(x, rnn(x))
    numbers = np.stack([X, X[::-1]], axis=2)
    for activation in (keras.activations.tanh, keras.activations.linear):
        dense.activation = activation
        model.compile("sgd", "mse")
        fast = model.predict(numbers, verbose=0)
        with switched(late_gradients=False, xla=False, hoist=False, split=False):
            model.compile("sgd", "mse")
            plain = model.predict(numbers, verbose=0)
        np.testing.assert_allclose(fast, plain, atol=1e-5)
        assert (np.abs(fast).max() > 2.0) == (activation is keras.activations.linear)


def test_two_layers_of_one_step_and_calls_of_other_kinds_keep_their_own():
    rnn, other = (LSTMCell(4, input_dim=3).get_layer() for _ in range(2))
    both = [model_of(layer) for layer in (rnn, other)]
    whole = model_of(LSTMCell(4, input_dim=3).get_layer(return_sequences=True))
    whole.set_weights(rnn.get_weights())
    for model in (*both, *both):
        cells = model.predict(X, verbose=0)
        with switched(late_gradients=False, xla=False, hoist=False, split=False):
            model.compile("sgd", "mse")
            np.testing.assert_allclose(model.predict(X, verbose=0), cells, atol=1e-6)
        model.compile("sgd", "mse")
    np.testing.assert_allclose(whole.predict(X, verbose=0)[:, -1], both[0].predict(X, verbose=0), atol=1e-6)
