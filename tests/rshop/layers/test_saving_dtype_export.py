"""Other dtypes and other files (law 32): `mixed_bfloat16`, `float64`, SavedModel."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers

from rshop import GRUCell, LSTMCell, RecurrentModel
from tests.support.sequentials import over, stack


@pytest.fixture
def policy():
    """Set Keras's dtype policy for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def by_hand(**options):
    """A functional step with two states of 3, `y = 2 tanh(W x + U h)` and a counter."""
    x, h, t = Input((3,), name="x"), Input((3,), name="h"), Input((1,), name="t")
    n = layers.Activation("tanh")(layers.Add()([layers.Dense(3)(x), layers.Dense(3)(h)]))
    y, later = layers.Rescaling(2.0)(n), layers.Rescaling(1.0, 1.0)(t)
    return RecurrentModel(x, y, [h, t], [n, later], return_sequences=True, **options)


LAYERS_OF_A_POLICY = {
    "cell": lambda: LSTMCell(3, input_dim=3).get_layer(return_sequences=True),
    "stack": lambda: stack(GRUCell, LSTMCell, readout="add"),
    "sync": lambda: stack(LSTMCell, LSTMCell, state_sync=True, state_initializer="learned"),
    "by_hand": by_hand,
    "unrolled": lambda: by_hand(unroll=True),
    "keras_cells": lambda: stack(layers.LSTMCell, layers.GRUCell, readout="max"),
}


@pytest.mark.parametrize("dtype, tolerance", [("mixed_bfloat16", 0.1), ("float64", 1e-5)])
@pytest.mark.parametrize("kind", sorted(LAYERS_OF_A_POLICY))
def test_a_dtype_policy_computes_in_its_type_and_keeps_the_numbers(kind, dtype, tolerance, policy):
    """Law 32: `mixed_bfloat16` and `float64` run, train, and agree with float32."""
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    plain = LAYERS_OF_A_POLICY[kind]()
    expected = plain(x)
    policy(dtype)
    rnn = LAYERS_OF_A_POLICY[kind]()
    model = over(rnn, (5, 3))
    rnn.set_weights(plain.get_weights())
    y = model(x)
    assert keras.backend.standardize_dtype(y.dtype) == dtype.removeprefix("mixed_")
    np.testing.assert_allclose(keras.ops.cast(y, "float32"), expected, atol=tolerance, rtol=tolerance)
    variable_dtype = "float32" if dtype.startswith("mixed") else "float64"
    assert {keras.backend.standardize_dtype(w.dtype) for w in rnn.trainable_weights} == {variable_dtype}
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(x, np.zeros(y.shape, "float32")))


@pytest.mark.parametrize(
    "mine, theirs", [(LSTMCell, layers.LSTM), (GRUCell, layers.GRU)], ids=["LSTM", "GRU"]
)
def test_float64_keeps_all_its_digits_through_time(mine, theirs):
    """Law 32: `dtype="float64"` on cell and layer equals Keras's float64 layer to 1e-12."""
    x = np.random.default_rng(0).normal(size=(2, 20, 3))
    rnn = mine(4, input_dim=3, dtype="float64").get_layer(return_sequences=True, dtype="float64")
    y = rnn(x)
    oracle = theirs(4, return_sequences=True, dtype="float64")
    oracle.build(x.shape)
    oracle.set_weights(rnn.get_weights())
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    np.testing.assert_allclose(y, oracle(x), rtol=0, atol=1e-12)


def test_the_dtype_of_a_layer_survives_saving(tmp_path):
    """Law 32 with law 30: a float64 layer comes back as float64, and its numbers are identical."""
    model = over(stack(lambda n: LSTMCell(n, dtype="float64"), dtype="float64"))
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert keras.backend.standardize_dtype(again(x).dtype) == "float64"
    np.testing.assert_array_equal(again(x), model(x))


EXPORTED = {
    "lstm": lambda: over(LSTMCell(4, input_dim=3).get_layer(return_sequences=True), (None, 3)),
    "readout_sync_learned": lambda: over(
        stack(LSTMCell, LSTMCell, readout="add", state_sync=True, state_initializer="learned"),
        (None, 3),
    ),
    "decode": lambda: over(stack(GRUCell, readout="add", decode=True, output_length=5), (3,)),
}


@pytest.mark.parametrize("kind", sorted(EXPORTED))
def test_an_exported_model_gives_the_same_numbers_for_any_batch_and_time(kind, tmp_path):
    """Law 32: `model.export` as a SavedModel."""
    model = EXPORTED[kind]()
    model.export(tmp_path / "m", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    rng = np.random.default_rng(0)
    for batch, time in [(1, 2), (5, 7), (3, 1)]:
        shape = (batch, 3) if kind == "decode" else (batch, time, 3)
        x = rng.normal(size=shape).astype("float32")
        np.testing.assert_allclose(loaded.serve(x), model(x), atol=1e-6)
