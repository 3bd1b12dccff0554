"""A layer of one LSTM or GRU cell in cuDNN: it gets there on a GPU, and its twin has the same numbers.

Where there is no GPU the twin is Keras's loop on the processor: tested is all that lies around the kernel.
"""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers

from rshop import GRUCell, LSTMCell
from rshop.fast import cudnn, switched
from tests.rshop.fast.test_fast import assert_same

CELLS = {"lstm": LSTMCell, "gru": GRUCell}
X = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")


@pytest.fixture
def ran(monkeypatch):
    """A GPU, as far as the layers know, and a list that grows with each run of a twin."""
    ran = []
    run = cudnn.Twin.run
    monkeypatch.setattr(cudnn, "has_gpu", lambda: True)
    monkeypatch.setattr(cudnn.Twin, "run", lambda *given: ran.append(1) or run(*given))
    return ran


def outcome(rnn, *given, **named):
    """What a traced call returns, and the gradients of a sum of it by x and the weights."""

    @tf.function(autograph=False)
    def call(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras.tree.flatten(rnn(x, *given, training=True, **named))
            total = sum(tf.reduce_sum(tf.sin(value) * (i + 1)) for i, value in enumerate(y))
        return y, tape.gradient(total, [x, *(w.value for w in rnn.trainable_weights)])

    return [np.asarray(value) for value in keras.tree.flatten(call(tf.constant(X)))]


OPTIONS = [
    {},
    {"return_sequences": True},
    {"return_states": True},
    {"return_sequences": True, "return_states": True, "go_backwards": True},
    {"state_initializer": "learned", "return_sequences": True},
    {"stateful": True, "return_states": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_the_values_and_gradients_of_the_loop(kind, options, ran):
    rnn = CELLS[kind](3).get_layer(**options)
    rnn(X)
    if rnn.stateful:
        rnn.reset_states()
    found = outcome(rnn)
    assert ran
    if rnn.stateful:
        rnn.reset_states()
    with switched(cudnn=False):
        expected = outcome(rnn)
    assert_same(found, expected)


@pytest.mark.parametrize("kind", CELLS)
def test_given_states_and_those_that_are_carried(kind, ran):
    rnn = CELLS[kind](3).get_layer(stateful=True, return_sequences=True)
    rnn(X)
    start = [np.full((4, 3), 0.5, "float32") for _ in rnn.state_names]
    results = []
    for on in (True, False):
        rnn.reset_states()
        with switched(cudnn=on):
            first, after = tf.function(lambda x: rnn(x, initial_state=start)), tf.function(rnn)
            results.append([np.asarray(y) for y in (first(X), after(X), after(X))])
    assert len(ran) == 2
    assert_same(*results)
    assert np.abs(results[0][1] - results[0][2]).max() > 1e-3


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_it_learns_what_keras_learns(policy, ran):
    ours, own = LSTMCell(3, dtype=policy), layers.LSTM(3, dtype=policy)
    losses, weights = [], None
    for rnn in (ours.get_layer(dtype=policy), own):
        x = Input((6, 2))
        model = keras.Model(x, rnn(x))
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.5), "mse")
        losses.append([model.train_on_batch(X, np.ones((4, 3), "float32")) for _ in range(6)])
    assert ran and losses[0][-1] < 0.9 * losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-5 if policy == "float32" else 1e-2)


def test_on_a_gpu_it_is_cudnns_kernel_there_and_back(ran, monkeypatch):
    """Only written: to run it takes the GPU that this test says is there."""
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["a GPU"])
    for cell in (LSTMCell(3), GRUCell(3)):
        rnn = cell.get_layer(return_sequences=True)
        rnn.build((None, 6, 2))

        @tf.function(autograph=False)
        def gradient(x, rnn=rnn):
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(rnn(x, training=True))
            return tape.gradient(total, x)

        written = {
            op.type for op in gradient.get_concrete_function(tf.TensorSpec((4, 6, 2))).graph.get_operations()
        }
        assert {"CudnnRNNV3", "CudnnRNNBackpropV3"} <= written
        assert not {"While", "StatelessWhile"} & written


@pytest.mark.parametrize("by", ["x", "weights"])
def test_a_second_derivative_is_refused_before_it_reaches_cudnn(by, ran):
    rnn = GRUCell(3).get_layer()
    rnn(X)

    @tf.function(autograph=False)
    def twice(x):
        points = x if by == "x" else rnn.trainable_weights[1].value
        with tf.GradientTape() as outer:
            outer.watch(points)
            with tf.GradientTape() as inner:
                inner.watch(points)
                total = tf.reduce_sum(rnn(x, training=True) ** 2)
            gradient = inner.gradient(total, points)
        return outer.gradient(gradient, points)

    with pytest.raises(NotImplementedError, match="cudnn=False"):
        twice(tf.constant(X))
    with switched(cudnn=False, late_gradients=False, xla=False, hoist=False, split=False):
        assert np.abs(tf.function(twice.python_function, autograph=False)(tf.constant(X))).max() > 1e-4


# When it does not


def masked(rnn):
    return tf.function(lambda x: rnn(x, mask=tf.constant(X[:, :, 0] > 0), training=True))(X)


def as_a_whole(rnn):
    return tf.function(rnn, jit_compile=True)(X)


@pytest.mark.parametrize("call", [masked, as_a_whole, lambda rnn: rnn(X)])
def test_a_mask_a_compiled_model_and_a_call_outside_of_a_graph_run_in_the_loop(call, ran):
    rnn = LSTMCell(3).get_layer(return_sequences=True)
    rnn(X)
    y = np.asarray(call(rnn))
    assert not ran
    rnn.twin = None
    np.testing.assert_allclose(y, call(rnn), atol=1e-6)


class Mine(LSTMCell):
    """A cell of a user's, of which nobody knows what it computes."""


OTHERS = {
    "activation": lambda: LSTMCell(3, activation="relu").get_layer(),
    "gate": lambda: LSTMCell(3, recurrent_activation="hard_sigmoid").get_layer(),
    "no bias": lambda: LSTMCell(3, use_bias=False).get_layer(),
    "dropout": lambda: LSTMCell(3, dropout=0.5).get_layer(),
    "recurrent dropout": lambda: GRUCell(3, recurrent_dropout=0.5).get_layer(),
    "the paper's": lambda: GRUCell(3, reset_after=False).get_layer(),
    "precision": lambda: LSTMCell(3, dtype="float64").get_layer(dtype="float64"),
    "two precisions": lambda: LSTMCell(3, dtype="mixed_float16").get_layer(),
    "unrolled": lambda: LSTMCell(3).get_layer(unroll=True),
    "a user's": lambda: Mine(3).get_layer(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_cudnn_does_not_have_runs_in_the_loop(name, ran):
    rnn = OTHERS[name]()
    rnn.build((None, 6, 2))
    assert rnn.twin is None and rnn.supports_jit


def test_a_decoder_runs_in_the_loop(ran):
    rnn = LSTMCell(3).get_layer(decode=True, output_length=4)
    rnn.build((None, 2))
    assert rnn.twin is None


def test_without_a_gpu_there_is_no_twin(monkeypatch):
    monkeypatch.setattr(cudnn, "has_gpu", lambda: False)
    rnn = LSTMCell(3).get_layer()
    rnn(X)
    assert rnn.twin is None and rnn.supports_jit


# What it leaves behind


def test_the_twin_owns_no_weight_of_the_model_and_goes_with_its_copies(tmp_path, ran):
    x, rnn = Input((6, 2)), LSTMCell(3).get_layer()
    model = keras.Model(x, rnn(x))
    assert not rnn.supports_jit and [w.shape for w in model.weights] == [(2, 12), (3, 12), (12,)]
    model.set_weights([np.full(w.shape, 0.1, "float32") for w in model.weights])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    twice = copy.deepcopy(model)
    model.set_weights([np.full(w.shape, -0.2, "float32") for w in model.weights])
    for other in (loaded, twice):
        before = len(ran)
        np.testing.assert_allclose(other.predict(X, verbose=0), other(X), atol=1e-6)
        assert len(ran) == before + 1
    assert np.abs(model.predict(X, verbose=0) - twice.predict(X, verbose=0)).max() > 0.1
    model.export(tmp_path / "model", verbose=False)
    served = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(served.serve(X), model(X), atol=1e-6)
