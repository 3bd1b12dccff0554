"""Dropout in the fast loop: its masks are drawn before the loop, as the plain loop would draw them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from rshop.cells import RecurrentDropoutCell, VariationalDropoutCell, WeightDropCell, ZoneoutCell
from rshop.fast import switched
from tests.rshop.fast.test_fast import OFF, is_fast

X = np.random.default_rng(0).normal(size=(4, 7, 3)).astype("float32")
MASK = np.array(
    [[True] * 7, [True, False, True, True, False, True, True], [True] * 4 + [False] * 3, [False] * 7]
)


def stack():
    rnn = RecurrentSequential()
    for part in (LSTMCell(4), layers.Dropout(0.5), GRUCell(5)):
        rnn.add(part)
    return rnn


def shared():
    """One dropout layer on two values of a step, and another on the state; the output has its own."""
    x, h = Input((3,)), Input((5,), name="h")
    drop = layers.Dropout(0.4)
    after = ops.tanh(layers.Dense(5)(drop(x)) + layers.Dense(5)(layers.Dropout(0.3)(drop(h))))
    return RecurrentModel(x, layers.Dropout(0.2)(after), h, after, return_sequences=True)


def nested():
    """Dropout inside a model that is called twice in a step."""
    a = Input((5,))
    inner = keras.Model(a, ops.sigmoid(layers.Dense(5)(layers.Dropout(0.5)(a))))
    x, h = Input((3,)), Input((5,), name="h")
    after = inner(layers.Dense(5)(x)) * 0.5 + inner(h) * 0.5
    return RecurrentModel(x, after, h, after)


def decoder():
    x, h = Input((3,)), Input((3,), name="h")
    after = ops.tanh(layers.Dense(3)(layers.Dropout(0.5)(x) + layers.GaussianDropout(0.3)(h)))
    return RecurrentModel(x, after, h, after, decode=True, output_length=6)


def images():
    x, h = Input((4, 3)), Input((4, 3), name="h")
    after = ops.tanh(layers.SpatialDropout1D(0.5)(x) + layers.Dropout(0.5, noise_shape=(None, 1, 3))(h))
    return RecurrentModel(x, after, h, after)


def readout():
    x, h, r = Input((3,)), Input((3,), name="h"), Input((3,), name="r")
    after = ops.tanh(layers.Dense(3)(layers.Dropout(0.5)(x)) + h + layers.Dropout(0.5)(r))
    return RecurrentModel(x, after, h, after, readout_input=r, teacher_force=True, return_sequences=True)


LAYERS = {
    "lstm": lambda: LSTMCell(5, dropout=0.3, recurrent_dropout=0.3).get_layer(return_sequences=True),
    "gru": lambda: GRUCell(5, recurrent_dropout=0.3).get_layer(),
    "simple": lambda: SimpleRNNCell(5, dropout=0.3).get_layer(go_backwards=True),
    "stack": stack,
    "zoneout": lambda: ZoneoutCell(LSTMCell(5), 0.3).get_layer(),
    "of a sequence, too": lambda: VariationalDropoutCell(LSTMCell(5, dropout=0.3), 0.5, seed=1).get_layer(),
    "of weights, too": lambda: WeightDropCell(LSTMCell(5, dropout=0.3), 0.5, seed=1).get_layer(),
    "without memory loss": lambda: RecurrentDropoutCell(LSTMCell(5), 0.3).get_layer(),
    "shared": shared,
    "nested": nested,
    "decoder": decoder,
    "images": images,
    "readout": readout,
}


def steps(make, *, masked, on):
    """Two training steps in a graph: outputs, gradients, and what is drawn next, all from the same seeds."""
    keras.utils.set_random_seed(5)
    layer = make()
    call = {"mask": tf.constant(MASK)} if masked else {}
    x = tf.constant(X[:, 0] if layer.decode else X)
    if make is images:
        x = tf.constant(np.random.default_rng(1).normal(size=(4, 7, 4, 3)).astype("float32"))
    if layer.teacher_force:
        call["ground_truth"] = x
    layer(x)
    found = []
    with switched(**on):

        @tf.function(autograph=False)
        def step(x, call):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True, **call)
                loss = tf.reduce_sum(tf.sin(y) * tf.range(1.0, 1.0 + y.shape[-1]))
            return y, tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables)])

        for _ in range(2):
            found += keras.tree.flatten(step(x, call))
    return [np.asarray(value) for value in found], layer


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_the_fast_loop_drops_what_the_plain_loop_drops(name, masked):
    make = LAYERS[name]
    if masked and name == "decoder":
        pytest.skip("a decoder has no mask over time")
    fast, layer = steps(make, masked=masked, on={"tiered": False})
    plain, _ = steps(make, masked=masked, on=OFF)
    assert is_fast(layer, training=True)
    half = len(fast) // 2
    assert np.abs(fast[0] - fast[half]).max() > 0.01, "the second step must draw anew"
    for a, b in zip(fast, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_each_timestep_drops_other_units_at_the_rate():
    x, h = Input((400,)), Input((400,), name="h")
    y = layers.Dropout(0.25)(x)
    rnn = RecurrentModel(x, y, h, h + y, return_sequences=True)
    y = tf.function(lambda x: rnn(x, training=True))(tf.ones((5, 6, 400))).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    kept = y[:, :-1] == y[:, 1:]
    assert abs(kept.mean() - (0.25**2 + 0.75**2)) < 0.03  # independent from timestep to timestep
    np.testing.assert_array_equal(rnn(tf.ones((5, 6, 400)), training=False), 1)


def test_a_size_that_is_not_known_stays_in_the_plain_loop():
    x, h = Input((None, 3)), Input((3,), name="h")
    after = ops.tanh(h + ops.max(layers.Dropout(0.5)(x), axis=1))
    rnn = RecurrentModel(x, after, h, after)
    assert not is_fast(rnn, training=True) and is_fast(rnn, training=False)
    assert tf.function(lambda x: rnn(x, training=True))(tf.ones((2, 4, 5, 3))).shape == (2, 3)
