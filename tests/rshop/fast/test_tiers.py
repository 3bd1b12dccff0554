"""A small loop trains a few times before XLA compiles it: when, for whom, and with the same numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers

from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from rshop.fast import switched
from rshop.fast.loops import run_program
from tests.rshop.fast.test_fast import KINDS, OFF, assert_same, random_case

X = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
COLD = run_program.COLD_CALLS


@pytest.fixture(autouse=True)
def tiers():
    with switched(tiered=True):
        yield


@pytest.fixture
def soon(monkeypatch):
    """Compile after one call."""
    monkeypatch.setattr(run_program, "COLD_CALLS", 1)


# When


def reader_of_a_table(dtype="float32"):
    """A step that looks up one of four rows: for a fifth, TensorFlow stops, and XLA takes the fourth."""
    x, place, h = Input((1,)), Input((), dtype="int32", name="place"), Input((1,), name="h")
    row = layers.Embedding(4, 1, embeddings_initializer="ones", dtype=dtype)(place)
    after = h + x + keras.ops.cast(row, "float32")
    return RecurrentModel(x, after, initial_states=[place, h], final_states=[place, after])


def is_compiled(rnn, calls, training=True, jit=False, known=True):
    """Whether XLA runs the loop after some training calls of a graph."""
    signature = [tf.TensorSpec((2, 3 if known else None, 1)), tf.TensorSpec((2,), tf.int32)]

    @tf.function(input_signature=signature, jit_compile=jit, autograph=False)
    def call(x, place):
        return rnn(x, initial_state=[place, tf.zeros((2, 1))], training=training)

    x = tf.ones((2, 3, 1))
    for _ in range(calls):
        np.testing.assert_array_equal(call(x, [0, 3]), [[6], [6]])
    try:
        np.testing.assert_array_equal(call(x, [0, 9]), [[6], [6]])
    except tf.errors.InvalidArgumentError as error:
        assert "9 is not in [0, 4)" in str(error)
        return False
    except tf.errors.CancelledError:  # of the other half of the batch, which had not begun
        return False
    return True


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("calls, compiled", [(0, False), (COLD - 1, False), (COLD, True)])
def test_xla_compiles_after_so_many_training_calls(calls, compiled, known):
    assert is_compiled(reader_of_a_table(), calls, known=known) == compiled


@pytest.mark.parametrize(
    "on, compiled",
    [({"tiered": False}, True), ({"xla": False}, False), ({"xla": False, "tiered": False}, False)],
)
def test_the_switches_say_whether_it_waits(on, compiled):
    with switched(**on):
        rnn = reader_of_a_table()
        assert is_compiled(rnn, 0) == compiled and int(rnn.training_runs) == 0


def test_a_loop_that_was_never_switched_on_stays_as_it_is():
    with switched(xla=False):
        assert not is_compiled(reader_of_a_table(), COLD + 1)


def test_what_gains_by_each_call_is_compiled_at_once(monkeypatch):
    monkeypatch.setattr(run_program, "MUCH_WORK", 0)
    with switched(hoist=False, split=False):
        rnn = LSTMCell(3).get_layer()
        rnn(X)
        tf.function(lambda x: rnn(x, training=True), autograph=False)(X)
        assert int(rnn.training_runs) == 0


def test_a_prediction_is_compiled_at_once():
    rnn = reader_of_a_table()
    assert is_compiled(rnn, 0, training=False) and int(rnn.training_runs) == 0


def test_inside_a_model_that_xla_compiles_nothing_waits_or_is_counted():
    rnn = reader_of_a_table()
    assert is_compiled(rnn, 0, jit=True) and int(rnn.training_runs) == 0


def test_a_loop_within_a_loop_is_compiled_with_it(soon):
    words, h = Input((4, 2)), Input((3,), name="h")
    inner = LSTMCell(3).get_layer()
    after = inner(words) + h
    rnn = RecurrentModel(words, after, initial_states=h, final_states=after)
    rnn(np.zeros((2, 5, 4, 2), "float32"))
    call = tf.function(lambda x: rnn(x, training=True), autograph=False)
    for _ in range(3):
        call(np.zeros((2, 5, 4, 2), "float32"))
    assert int(rnn.training_runs) == 3 and int(inner.training_runs) == 0


def test_each_layer_counts_its_own_calls_and_those_outside_of_a_graph_not():
    one, two = (LSTMCell(3).get_layer(return_sequences=True) for _ in range(2))
    x = Input((6, 2))
    model = keras.Model(x, two(one(one(x)[:, :, :2])))
    model(X, training=True)
    tf.function(model, autograph=False)(X, training=True)
    assert (int(one.training_runs), int(two.training_runs)) == (2, 1)


# The same numbers


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_before_and_after_the_values_and_gradients_are_those_of_the_plain_loop(kind, seed, soon):
    rnn, given, mask = random_case(7000 + 10 * list(KINDS).index(kind) + seed, kind)
    with switched(**OFF):
        plain = graph_of(rnn, mask)(given)
    call = graph_of(rnn, mask)
    before, after = call(given), [call(given) for _ in range(2)][-1]
    assert int(rnn.training_runs) == 3
    assert_same(before, plain)
    assert_same(after, plain)


def graph_of(rnn, mask):
    weights = [w.value for w in rnn.trainable_weights]

    @tf.function(autograph=False)
    def both(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            here = None if mask is None else [tf.constant(mask)] * len(given["x"])
            y = keras.tree.flatten(rnn(**given, mask=here, training=True))
            total = sum(tf.reduce_sum(tf.sin(value) * (i + 1)) for i, value in enumerate(y))
        return y, tape.gradient(total, [given, weights], unconnected_gradients="zero")

    return lambda given: [np.asarray(value) for value in keras.tree.flatten(both(given))]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_training_that_passes_from_one_to_the_other_learns_what_keras_learns(policy):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(4, 6, 3)).astype("float32")
    ours, keras_own = LSTMCell(3, dtype=policy), layers.LSTM(3, return_sequences=True, dtype=policy)
    losses, weights = [], None
    for rnn in (ours.get_layer(return_sequences=True, dtype=policy), keras_own):
        x = Input((6, 2))
        model = keras.Model(x, rnn(x))
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.5), "mse")
        losses.append([model.train_on_batch(X, truth) for _ in range(2 * COLD)])
    assert losses[0][0] > 1.02 * losses[0][-1]
    np.testing.assert_allclose(*losses, rtol=1e-5 if policy == "float32" else 2e-2)


@pytest.mark.parametrize("options", [{"steps_per_execution": 3}, {}, {"jit_compile": True}])
def test_fit_in_every_way_of_compiling(options, soon):
    x = Input((6, 2))
    rnn = LSTMCell(3).get_layer()
    model = keras.Model(x, rnn(x))
    model.compile(keras.optimizers.SGD(0.1), "mse", **options)
    first = model.get_weights()
    truth = np.ones((4, 3), "float32")
    model.fit(np.tile(X, (6, 1, 1)), np.tile(truth, (6, 1)), batch_size=4, shuffle=False, verbose=0)
    learnt = model.get_weights()
    model.set_weights(first)
    with switched(**OFF):
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(np.tile(X, (6, 1, 1)), np.tile(truth, (6, 1)), batch_size=4, shuffle=False, verbose=0)
    for fast, plain in zip(learnt, model.get_weights(), strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-6)


@pytest.mark.parametrize("calls", [1, 3])
def test_two_tapes_and_a_persistent_one(calls, soon):
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(LSTMCell(3))
    rnn.add(LSTMCell(2))
    rnn(X)

    @tf.function(autograph=False)
    def both(x):
        with tf.GradientTape() as outer, tf.GradientTape(persistent=True) as tape:
            outer.watch(x)
            tape.watch(x)
            y = rnn(x, training=True)
            one, two = tf.reduce_sum(y**2), tf.reduce_sum(y)
        return tape.gradient(one, x), tape.gradient(two, x), outer.gradient(one, x)

    found = [both(tf.constant(X)) for _ in range(calls)][-1]
    with switched(**OFF):
        expected = tf.function(both.python_function, autograph=False)(tf.constant(X))
    for fast, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-6)


def test_tensorflow_has_nothing_to_say_where_a_batch_is_as_large_as_a_sample(capfd, soon):
    """Batch, features and units of 4: a cut along the batch was taken for one along the features."""
    x = Input((6, 4))
    model = keras.Model(x, LSTMCell(4).get_layer()(x))
    model.compile("sgd", "mse")
    for _ in range(3):
        model.train_on_batch(np.ones((4, 6, 4), "float32"), np.ones((4, 4), "float32"))
    assert "error" not in capfd.readouterr().err


# What it leaves behind


def test_the_count_is_no_weight_and_is_in_no_file(tmp_path, soon):
    def made():
        rnn, x = LSTMCell(3).get_layer(), Input((6, 2))
        model = keras.Model(x, rnn(x))
        model.compile("sgd", "mse")
        return model, rnn

    model, rnn = made()
    for _ in range(3):
        model.train_on_batch(X, np.ones((4, 3), "float32"))
    assert int(rnn.training_runs) == 3
    assert [w.path.split("/")[-1] for w in rnn.weights] == ["kernel", "kernel", "bias"]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert int(loaded.layers[-1].training_runs) == 0
    np.testing.assert_array_equal(loaded(X), model(X))
    model.save_weights(tmp_path / "model.weights.h5")
    other, _ = made()
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other(X), model(X))


def test_a_trained_model_is_exported(tmp_path, soon):
    rnn, x = LSTMCell(3).get_layer(), Input((6, 2))
    model = keras.Model(x, rnn(x))
    model.compile("sgd", "mse")
    for _ in range(3):
        model.train_on_batch(X, np.ones((4, 3), "float32"))
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.serve(X), model(X), atol=1e-6)


def test_half_precision_trains_in_the_plain_loop_where_xla_cannot_compile_it(soon, monkeypatch):
    from rshop.backend.tensorflow import compiling

    assert is_compiled(reader_of_a_table("float16"), 1) == compiling.has_xla({"float16"})
    monkeypatch.setattr(compiling, "_has_half", lambda: False)
    assert not is_compiled(reader_of_a_table("float16"), 1)
    assert is_compiled(reader_of_a_table(), 1)

    def trained(**on):
        keras.utils.set_random_seed(4)
        model = keras.Sequential([LSTMCell(3, dtype="mixed_float16").get_layer(dtype="mixed_float16")])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        with switched(**on):
            for _ in range(4):
                model.train_on_batch(X, np.ones((4, 3)))
        return model.get_weights()

    for weight, other in zip(trained(), trained(xla=False), strict=True):
        np.testing.assert_array_equal(weight, other)
