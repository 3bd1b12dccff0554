"""Windows of large weights: finite values and gradients in every dtype, against NumPy and differences."""

import numpy as np
import pytest
import tensorflow as tf

from rshop import GRUCell
from rshop.attention import WindowAttention
from rshop.cells import AttentionCell
from rshop.fast import switched
from tests.rshop.fast.test_fast import OFF
from tests.support.attention import softmax
from tests.support.cells import assert_close, draws

QUERY, MEMORY = draws(3, 4, seed=1), draws(3, 5, 6, seed=2)
MASK = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
#: The powers of alpha, beta and delta, up to nearly all that 16 bits hold.
POWERS = [(a, b, d) for a in (-60, 0, 60) for b in (-60, 60) for d in (-60, 0, 60)]
POWERS += [(6e4, 6e4, 6e4), (-6e4, -6e4, -6e4), (-6e4, 6e4, 6e4), (25, 25, 25)]


def windows(powers, **options):
    """Two curves whose powers of e are these, whatever the query is."""
    layer = WindowAttention(2, kernel_initializer="zeros", **options)
    layer(QUERY, MEMORY)
    layer.curves.bias.assign(np.repeat(np.array(powers, "float64"), 2))
    return layer


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "mixed_float16", "mixed_bfloat16"])
def test_values_and_gradients_are_finite(dtype, normalize):
    for powers in POWERS:
        layer = windows(powers, dtype=dtype, normalize=normalize)
        query, memory = (tf.cast(x, layer.compute_dtype) for x in (QUERY, 0.01 * MEMORY))
        kappa = tf.zeros((3, 2), layer.weights_dtype)
        with tf.GradientTape() as tape:
            tape.watch([query, memory, kappa])
            context, weights, after = layer(query, memory, MASK, state=kappa)
            loss = tf.reduce_mean(tf.cast(context, "float32")) + tf.reduce_mean(tf.cast(after, "float32"))
        # A layer called by itself casts the state that it is given: 16 bits do not hold that gradient.
        of_state = [] if "16" in dtype else [kappa]
        grads = tape.gradient(loss, [query, memory, *of_state, *layer.trainable_weights])
        assert len(grads) == 4 + len(of_state)
        for value in (context, weights, after, *grads):
            assert np.isfinite(np.array(value, "float64")).all(), powers
        if normalize:
            assert_close(np.array(weights, "float64").sum(-1), [1, 1, 0], tolerance=1e-5)


@pytest.mark.parametrize("powers", [(3, 2, 1), (20, -3, 0.5), (19, -20, 15), (60, 1, 60), (-60, 60, 0)])
def test_a_power_above_twenty_counts_as_twenty(powers):
    """NumPy, by logarithms."""
    layer = windows(powers, dtype="float64")
    a, b, d = np.minimum(powers, 20.0)
    kappa = np.full((3, 2), 0.25) + np.exp(d)
    _, weights, after = layer(QUERY, MEMORY, MASK, state=np.full((3, 2), 0.25))
    assert_close(after, kappa, tolerance=1e-12)
    for i, valid in enumerate(MASK):
        places = np.cumsum(valid)
        scores = np.log(2) + a - np.exp(b) * (kappa[i, 0] - places) ** 2
        assert_close(weights[i], softmax(scores, valid), tolerance=1e-9)


def test_gradients_below_the_bound_are_finite_differences():
    layer = windows((1.0, -1.0, 0.4), dtype="float64")
    bias = layer.curves.bias
    start = np.array(bias) + 0.1 * draws(6, seed=3)

    def loss(values):
        bias.assign(values)
        return tf.reduce_sum(layer(QUERY, MEMORY)[0] * tf.range(6, dtype="float64"))

    with tf.GradientTape() as tape:
        value = loss(start)
    found = tape.gradient(value, bias.value)
    for i, step in enumerate(1e-6 * np.eye(6)):
        slope = (loss(start + step) - loss(start - step)) / 2e-6
        assert_close(found[i], slope, tolerance=1e-6, err_msg=str(i))


def test_over_time_both_loops_stay_finite_and_agree():
    """A bias of 60, as training may reach it; the centre is far beyond the memory after one timestep."""
    x = draws(3, 7, 2, seed=4)
    found = []
    for switches in ({}, OFF):
        rnn = AttentionCell(GRUCell(4), WindowAttention(2)).get_layer(return_sequences=True)
        rnn(x, constants=MEMORY)
        rng = np.random.default_rng(5)
        for weight in rnn.trainable_weights:
            weight.assign(rng.normal(size=weight.shape) * 0.3)
        rnn.cell.attention.curves.bias.assign(np.full(6, 60.0))
        with switched(**switches), tf.GradientTape() as tape:
            y = rnn(x, constants=MEMORY, constants_mask=MASK)
            loss = tf.reduce_sum(y**2)
        found.append([y, *tape.gradient(loss, rnn.trainable_weights)])
    for fast, plain in zip(*found, strict=True):
        assert np.isfinite(np.array(fast)).all()
        assert_close(fast, plain, tolerance=1e-5)
