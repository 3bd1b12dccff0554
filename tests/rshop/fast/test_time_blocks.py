"""The way back in blocks of time: the numbers of the plain loop, whatever the blocks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import LSTMCell, RecurrentModel
from rshop.fast import switched
from rshop.fast.loops import time_blocks
from tests.rshop.fast.test_fast import KINDS, OFF, assert_same, is_fast, random_case, values_and_gradients


@pytest.fixture
def blocks(monkeypatch):
    """Let nothing wait: as many blocks as are allowed."""

    def of(most):
        monkeypatch.setattr(time_blocks, "MANY_WAITING", 1)
        monkeypatch.setattr(time_blocks, "MOST_BLOCKS", most)

    return of


@pytest.mark.parametrize("most", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_random_steps_in_blocks_of_three_two_and_one_of_five_timesteps(kind, most, blocks):
    rnn, given, mask = random_case(9000 + 10 * list(KINDS).index(kind) + most, kind)
    assert is_fast(rnn)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask)
    blocks(most)
    with switched(xla=most == 3):
        assert_same(values_and_gradients(rnn, given, mask), plain)


def with_a_memory(rnn):
    """What a layer is given that reads 7 timesteps and a memory of 4 places; it is built."""
    rng = np.random.default_rng(0)
    shapes = {"x": (3, 7, 2), "constants": (3, 4, 3), "initial_state": (3, 3)}
    given = {name: [tf.constant(rng.normal(size=s).astype("float32"))] for name, s in shapes.items()}
    rnn(**given)
    return given


@pytest.mark.parametrize("on", [{"split": False}, {"hoist": False}, {"xla": False}], ids=str)
def test_attention_whose_queries_the_body_computes(on, blocks):
    """A product with something of each sample's own, fed by the state: `a` is computed in the loop."""
    x, memory, h = Input((2,)), Input((4, 3), name="memory"), Input((3,), name="h")
    query = layers.Dense(3)(ops.tanh(h))
    seen = layers.Dot(axes=(1, 1))([layers.Softmax()(layers.Dot(axes=(2, 1))([memory, query])), memory])
    after = ops.tanh(layers.Dense(3)(layers.Concatenate()([x, seen])))
    rnn = RecurrentModel(
        x, after, initial_states=h, final_states=after, constants=memory, return_sequences=True
    )
    given = with_a_memory(rnn)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given)
    blocks(3)
    with switched(**on):
        assert_same(values_and_gradients(rnn, given), plain)


def test_sums_of_a_size_that_the_step_does_not_know(blocks):
    """A product for each position of a memory of any length: attention that adds (Bahdanau et al., 2014)."""
    x, memory, h = Input((2,)), Input((None, 3), name="memory"), Input((3,), name="h")
    mixed = layers.Dense(3)(ops.tanh(memory + ops.expand_dims(h, 1)))
    after = ops.tanh(layers.Dense(3)(x) + ops.sum(mixed, axis=1))
    rnn = RecurrentModel(
        x, after, initial_states=h, final_states=after, constants=memory, return_sequences=True
    )
    given = with_a_memory(rnn)
    assert is_fast(rnn)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given)
    assert_same(values_and_gradients(rnn, given), plain)
    blocks(3)
    assert_same(values_and_gradients(rnn, given), plain)


def test_a_gradient_of_16_bits_is_summed_over_the_blocks_in_32(blocks):
    """256 + 1 is 256 in bfloat16, and so is 256 + 1 + 1 + 1 + 1; the gradient of the bias is 260."""
    x, h = Input((1,), dtype="bfloat16"), Input((1,), dtype="bfloat16", name="h")
    bias = layers.Dense(1, kernel_initializer="zeros", dtype="bfloat16")
    y = h + bias(x)
    rnn = RecurrentModel(x, y, initial_states=h, final_states=0 * h, dtype="bfloat16", return_sequences=True)
    data = tf.zeros((1, 5, 1), tf.bfloat16)
    rnn(data)
    blocks(5)

    @tf.function(autograph=False)
    def gradient(x):
        with tf.GradientTape() as tape:
            weighted = rnn(x, training=True) * tf.constant([1, 1, 1, 1, 256], tf.bfloat16, (1, 5, 1))
        return tape.gradient(weighted, bias.bias.value)

    with switched(xla=False, hoist=False):
        np.testing.assert_array_equal(np.asarray(gradient(data), "float32"), [260])


@pytest.mark.parametrize(
    "length, waiting, expected",
    [
        (7, 24, [None]),
        # 2**21 numbers are 256 timesteps of 8,192.
        (256, 8192, [None]),
        (600, 8192, [(0, 200), (200, 400), (400, 600)]),
        (515, 8192, [(0, 172), (172, 344), (344, 515)]),
        (10_000, 8192, [(start, start + 1250) for start in range(0, 10_000, 1250)]),
        (tf.constant(1000), 8192, [None]),
    ],
    ids=str,
)
def test_as_many_blocks_as_let_8_megabytes_wait_and_no_more_than_eight(length, waiting, expected):
    found = time_blocks.blocks(length, waiting)
    assert [None if b.is_whole else (b.start, b.stop) for b in found] == expected
    assert len({b.capacity for b in found}) == 1
    assert all(b.is_whole or b.stop - b.start <= b.capacity for b in found)


def test_what_a_block_cuts_from_a_sequence():
    x = np.arange(12).reshape(6, 2)
    for b, now, before in ((time_blocks.Block(), x, x[:-1]), (time_blocks.Block(0, 2, 4), x[:2], x[:1])):
        np.testing.assert_array_equal(b.cut(x), now)
        np.testing.assert_array_equal(b.before().cut(x), before)
    last = time_blocks.Block(4, 6, 4)
    np.testing.assert_array_equal(last.cut(x.T, axis=1), [[8, 10], [9, 11]])
    np.testing.assert_array_equal(last.before().cut(x), x[3:5])
    np.testing.assert_array_equal(last.trim(x[:4]), x[:2])


def loops_written(rnn, data):
    """How many loops the graph of a gradient has, there and back."""

    @tf.function(autograph=False)
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(rnn(x, training=True))
        return tape.gradient(total, x)

    nodes = gradient.get_concrete_function(data).graph.as_graph_def().node
    return sum(node.op in ("PartitionedCall", "StatefulPartitionedCall") for node in nodes)


def test_the_switch_and_how_much_waits_decide_about_the_blocks(blocks):
    """One loop there, and one back for each block."""
    rnn, data = LSTMCell(3).get_layer(return_sequences=True), tf.zeros((2, 8, 2))
    rnn(data)
    with switched(split=False, xla=False):
        assert loops_written(rnn, data) == 2
        blocks(4)
        assert loops_written(rnn, data) == 5
        with switched(blocks=False):
            assert loops_written(rnn, data) == 2


@pytest.mark.parametrize("on", [{}, {"tiered": True}, {"split": False}, {"xla": False}], ids=str)
def test_a_second_derivative_through_blocks_is_refused(on, blocks):
    rnn, data = LSTMCell(3).get_layer(), tf.ones((4, 6, 2))
    rnn(data)
    blocks(3)

    @tf.function(autograph=False)
    def twice(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(rnn(x, training=True) ** 2)
            gradient = inner.gradient(total, x)
        return outer.gradient(gradient, x)

    with switched(**on), pytest.raises(NotImplementedError, match="second derivative"):
        twice(data)


def test_a_long_lstm_learns_what_keras_learns(blocks):
    """Blocks of 50 and less of 123 timesteps, in `fit`, where the batch is not known."""
    data = np.random.default_rng(0).normal(size=(6, 123, 2)).astype("float32")
    truth = np.cumsum(data, axis=1)[:, :, :1].repeat(3, axis=2) / 10
    weights, after = None, []
    blocks(3)
    for rnn in (LSTMCell(3).get_layer(return_sequences=True), layers.LSTM(3, return_sequences=True)):
        x = Input((123, 2))
        model = keras.Model(x, rnn(x))
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.5), "mse")
        model.fit(data, truth, batch_size=4, epochs=3, shuffle=False, verbose=0)
        after.append(model.get_weights())
    for ours, own, first in zip(*after, weights, strict=True):
        np.testing.assert_allclose(ours, own, atol=1e-5)
        assert np.abs(own - first).max() > 1e-3


# What stands at masked timesteps


def multiplied(x, h):
    """Read by a product alone."""
    return ops.tanh(layers.Dense(3)(x) + layers.Dense(3)(h))


def added(x, h):
    """Read as it is."""
    return ops.tanh(ops.concatenate([x, x[:, :1]], axis=-1) * layers.Dense(3)(h))


def prepared(x, h):
    """Read before the loop, by two layers."""
    return ops.tanh(layers.Dense(3)(layers.Dense(4, activation="relu")(x)) + layers.Dense(3)(h))


@pytest.mark.parametrize("most", [None, 3])
@pytest.mark.parametrize("xla", [True, False])
@pytest.mark.parametrize("make", [multiplied, added, prepared])
def test_no_nan_at_a_masked_timestep_reaches_a_value_or_a_gradient(make, xla, most, blocks):
    x, h = Input((2,)), Input((3,), name="h")
    after = make(x, h)
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after, return_sequences=True)
    rng = np.random.default_rng(0)
    mask = np.array([[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    data = rng.normal(size=(3, 5, 2)).astype("float32")
    given = {"x": [tf.constant(data)], "initial_state": [tf.ones((3, 3))]}
    rnn(**given)
    assert is_fast(rnn, after=False)
    with switched(**OFF):
        clean = values_and_gradients(rnn, given, mask)
    data[~mask] = np.nan
    given["x"] = [tf.constant(data)]
    if most is not None:
        blocks(most)
    with switched(xla=xla):
        assert_same(values_and_gradients(rnn, given, mask), clean)
