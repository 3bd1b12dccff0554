"""The ready models in the fast loop and in the plain one: equal values, gradients and trained weights."""

import numpy as np
import pytest
import tensorflow as tf

from rshop.fast import switched
from tests.rshop.fast.test_fast import OFF, assert_same
from tests.rshop.seq2seq import test_encoder_decoder as pairs
from tests.rshop.seq2seq import test_forecaster as series


def in_both_loops(make, call, training):
    """For each loop the values of a call and the gradient of a sum of them by every weight."""
    found = []
    for switches in ({}, OFF):
        model = make()

        @tf.function
        def both(model=model):
            with tf.GradientTape() as tape:
                y = call(model, training)
                total = tf.reduce_sum(tf.sin(y))
            weights = [weight.value for weight in model.trainable_weights]
            gradients = tape.gradient(total, weights, unconnected_gradients="zero")
            return [tf.convert_to_tensor(value) for value in (y, *gradients)]

        with switched(**switches):
            found.append([np.array(value) for value in both()])
    return found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", pairs.KINDS)
def test_an_encoder_decoder(kind, training):
    def call(model, training):
        return model([pairs.SOURCE, pairs.TARGET], training=training)

    fast, plain = in_both_loops(lambda: pairs.made(kind), call, training)
    assert fast[0].shape == (3, 4, 10) and all(np.abs(part).max() > 0 for part in fast)
    assert_same(fast, plain)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", series.KINDS)
def test_a_forecaster(kind, training):
    def call(model, training):
        x, known = series.SERIES[:, :7], series.KNOWN[:, :11, : model.known_future]
        truth = [] if model.mode == "direct" else [series.SERIES[:, 7:11]]
        y = model([tf.constant(part, "float32") for part in (x, known, *truth)], training=training)
        return (y - [5.0, 1000.0]) / [3.0, 200.0]

    fast, plain = in_both_loops(lambda: series.made(kind), call, training)
    assert fast[0].shape == (3, 4, 2) and all(np.abs(part).max() > 0 for part in fast)
    assert_same(fast, plain, tolerance=1e-4)


def test_a_forecaster_trains_to_the_same_weights():
    found = []
    for switches in ({}, OFF):
        model = series.made("closed")
        with switched(**switches):
            model.compile("sgd")
            model.fit(series.SERIES, epochs=2, batch_size=16, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for fast, plain in zip(*found, strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-5)
