"""An attention as a layer of a step written by hand: trace, masks, the fast loop."""

import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

import viz
from rshop import RecurrentModel, trace
from rshop.fast import switched
from tests.rshop.fast.test_fast import BATCH, OFF, TIME, assert_same, is_fast, values_and_gradients
from tests.support.attention import ATTENTIONS, looks

RNG = np.random.default_rng(4)
PLACES, SIZE = 5, 6
X = RNG.normal(size=(BATCH, TIME, 3)).astype("float32")
MEMORY = RNG.normal(size=(BATCH, PLACES, SIZE)).astype("float32")


def attending(name):
    """`h = tanh(x W + context)`, the query is the last h; the state of an attention goes along."""
    layer = ATTENTIONS[name][0](name="look")
    x, memory, h = Input((3,), name="x"), Input((PLACES, SIZE), name="memory"), Input((SIZE,), name="h")
    before, after = {"h": h}, {}
    if layer.state_name:
        shape = layer.state_shape((None, PLACES, SIZE))
        before[layer.state_name] = Input(shape[1:], name=layer.state_name)
        context, weights, after[layer.state_name] = layer(h, memory, state=before[layer.state_name])
    else:
        context, weights = layer(h, memory)
    after["h"] = ops.tanh(layers.Dense(SIZE)(x) + context)
    rnn = RecurrentModel(x, [after["h"], weights], before, after, constants=memory, return_sequences=True)
    rnn(X, constants=MEMORY)
    rng = np.random.default_rng(1)
    for weight in rnn.weights:
        weight.assign(rng.normal(size=weight.shape) * 0.3)
    return rnn, layer


@pytest.mark.parametrize("name", ATTENTIONS)
def test_the_weights_are_in_the_trace_as_attention(name):
    rnn, layer = attending(name)
    _, weights = rnn(X, constants=MEMORY)
    seen = trace(rnn, X, constants=MEMORY)
    assert {"look/context", "look/attention"} <= set(seen.names)
    np.testing.assert_allclose(seen["attention"], weights, atol=1e-6)
    shown = viz.attention_map(seen, "attention", head=0 if "head" in name else None, sample=1)
    expected = np.array(weights)[1, :, 0] if "head" in name else np.array(weights)[1]
    np.testing.assert_allclose(shown.images[0].get_array(), expected, atol=1e-6)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_loop_of_looks_is_that_of_numpy(name):
    rnn, layer = attending(name)
    y, weights = rnn(X, constants=MEMORY)
    dense = next(w for w in rnn.weights if w.path.split("/")[-2].startswith("dense"))
    bias = next(w for w in rnn.weights if w.path.split("/")[-2].startswith("dense") and "bias" in w.path)
    h = np.zeros((BATCH, SIZE))
    state = layer.first_state(MEMORY)
    for t in range(TIME):
        context, alpha, state = looks(name, layer, h, MEMORY, None, state)
        h = np.tanh(X[:, t] @ np.array(dense) + np.array(bias) + context)
        np.testing.assert_allclose(y[:, t], h, atol=1e-4)
        np.testing.assert_allclose(weights[:, t], alpha, atol=1e-4)


@pytest.mark.parametrize("name", ["dot", "additive", "location", "window", "two heads"])
def test_the_fast_loop_gives_the_values_and_gradients_of_the_plain_loop(name):
    rnn, _ = attending(name)
    given = {"x": [tf.constant(X)], "constants": [tf.constant(MEMORY)]}
    assert is_fast(rnn)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given)
    for on in ({}, {"xla": False}):
        with switched(**on):
            assert_same(values_and_gradients(rnn, given), plain)


def test_a_mask_of_the_constant_reaches_the_attention():
    rnn, layer = attending("additive")
    mask = np.arange(PLACES) < np.array([[5], [2], [0]])
    _, weights = rnn(X, constants=MEMORY, constants_mask=mask)
    weights = np.array(weights)
    np.testing.assert_allclose(weights.sum(axis=-1)[:2], 1, atol=1e-6)
    assert not weights[np.broadcast_to(~mask[:, None], weights.shape)].any()
