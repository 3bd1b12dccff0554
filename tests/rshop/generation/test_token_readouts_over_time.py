"""Readouts of tokens over time: masks and mixed precision against NumPy, the fast loop against the plain."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop import RecurrentModel
from rshop.fast import switched
from rshop.generation import SampleEmbedding
from tests.rshop.fast.test_fast import OFF, assert_same
from tests.rshop.generation.test_token_readouts import EACH, KINDS, TOKENS, UNITS, Y, decoder, softmax
from tests.support.cells import assert_close, draws

X = draws(3, 6, 2, seed=5)
MASK = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0]], bool)
#: What of each token a step reads, and the readout: a cold sample is the likeliest token.
SHARES = {
    "argmax": (KINDS["argmax"], lambda y: np.eye(TOKENS)[y.argmax(-1)]),
    "straight-through": (KINDS["straight-through"], lambda y: np.eye(TOKENS)[y.argmax(-1)]),
    "soft": (KINDS["soft"], lambda y: softmax(y / 0.7)),
    "cold sample": (
        lambda: SampleEmbedding(UNITS, temperature=1e-4, seed=1),
        lambda y: np.eye(TOKENS)[y.argmax(-1)],
    ),
}
FIRST = np.eye(TOKENS, dtype="float32")[[1, 4, 2]]


def step_of(make, **options):
    """`h = tanh(W x + U h + E[y_tm1])`, `y = V h`, with every weight drawn."""
    x, r, h_tm1 = keras.Input((2,)), keras.Input((TOKENS,)), keras.Input((UNITS,), name="h_tm1")
    read = make()
    z = layers.Dense(UNITS, use_bias=False, name="W")(x) + layers.Dense(UNITS, use_bias=False, name="U")(
        h_tm1
    )
    h = ops.tanh(z + read(r))
    y = layers.Dense(TOKENS, use_bias=False, name="V")(h)
    rnn = RecurrentModel(x, y, h_tm1, h, r, return_sequences=True, **options)
    rnn(X)
    named = {weight.path.split("/")[-2]: weight for weight in rnn.weights}
    rng = np.random.default_rng(2)
    for name in ("W", "U", "V", read.name):
        named[name].assign(rng.normal(size=named[name].shape))
    return rnn, [np.array(named[name], "float64") for name in ("W", "U", "V", read.name)]


def by_hand(weights, shares, mask):
    """One sample and one timestep at a time; a masked one is left out."""
    w, u, v, table = weights
    ys = np.zeros((*X.shape[:2], TOKENS))
    for b, t in zip(*np.nonzero(mask), strict=True):
        if not mask[b, :t].any():
            h, read = np.zeros(UNITS), FIRST[b] @ table
        h = np.tanh(X[b, t] @ w + h @ u + read)
        ys[b, t] = h @ v
        read = shares(ys[b, t][None])[0] @ table
    return ys


@pytest.mark.parametrize("kind", SHARES)
@pytest.mark.parametrize("mask", [np.ones_like(MASK), MASK])
def test_a_masked_timestep_leaves_the_last_token_as_it_was(kind, mask):
    make, shares = SHARES[kind]
    rnn, weights = step_of(make)
    y = np.array(rnn(X, mask=mask, initial_readout=FIRST))
    assert_close(y[mask], by_hand(weights, shares, mask)[mask], tolerance=1e-5)


@pytest.mark.parametrize("policy, tolerance", [("mixed_float16", 1e-2), ("mixed_bfloat16", 5e-2)])
def test_mixed_precision_is_near_numpy(policy, tolerance):
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        for kind, (make, shares) in SHARES.items():
            layer = make()
            layer.build((None, TOKENS))
            table = draws(TOKENS, UNITS, seed=1)
            layer.set_weights([table])
            found = layer(Y)
            assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
            assert layer.embeddings.dtype == "float32"
            assert_close(ops.cast(found, "float32"), shares(Y) @ table, tolerance, err_msg=kind)
        rnn, weights = step_of(SHARES["soft"][0])
        y = ops.cast(rnn(X, mask=MASK, initial_readout=FIRST), "float32")
    finally:
        keras.config.set_dtype_policy(before)
    expected = by_hand(weights, SHARES["soft"][1], MASK)
    assert_close(np.array(y)[MASK], expected[MASK], 5 * tolerance)


@EACH
def test_the_fast_loop_gives_what_the_plain_loop_gives(kind):
    """Values and gradients, running free; what is drawn is drawn from the same seed."""
    found = []
    for switches in ({}, OFF):
        rnn = decoder(kind, teacher_force=False)

        @tf.function
        def both(rnn=rnn):
            with tf.GradientTape() as tape:
                y = rnn(tf.zeros((4, 1)), initial_readout=tf.one_hot([0, 1, 2, 3], TOKENS), training=True)
                total = tf.reduce_sum(tf.sin(y))
            weights = [weight.value for weight in rnn.trainable_weights]
            return [y, *tape.gradient(total, weights, unconnected_gradients="zero")]

        with switched(**switches):
            found.append([np.array(value) for value in both()])
    assert_same(*found)
