"""Each attention against NumPy, one place at a time, and against Keras's own layer where there is one."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    LocationAttention,
    MultiHeadAttention,
    WindowAttention,
)
from tests.support.attention import ATTENTIONS, looks
from tests.support.fresh import differences, write

RNG = np.random.default_rng(0)
QUERY = RNG.normal(size=(3, 6)).astype("float32")
MEMORY = RNG.normal(size=(3, 5, 6)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
STATEFUL = [name for name in ATTENTIONS if "location" in name or "window" in name]
SUMS_TO_ONE = [name for name in ATTENTIONS if name != "raw window"]


def made(name, seed=1, **options):
    """A built layer with every weight drawn, biases too."""
    layer = ATTENTIONS[name][0](**options)
    layer(QUERY, MEMORY)
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    return layer


def first(layer, memory=MEMORY):
    state = layer.first_state(memory)
    return None if state is None else np.array(state)


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("name", ATTENTIONS)
def test_the_context_and_the_weights_are_those_of_numpy(name, mask):
    layer = made(name)
    context, weights = layer(QUERY, MEMORY, mask)
    expected = looks(name, layer, QUERY, MEMORY, mask, first(layer))
    np.testing.assert_allclose(context, expected[0], atol=2e-5)
    np.testing.assert_allclose(weights, expected[1], atol=1e-5)


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("name", STATEFUL)
def test_the_state_goes_from_look_to_look(name, mask):
    layer = made(name)
    state = first(layer)
    assert state.shape == layer.state_shape(MEMORY.shape) and not state.any()
    for query in (QUERY, 2 * QUERY, -QUERY):
        context, weights, after = layer(query, MEMORY, mask, state=state)
        expected = looks(name, layer, query, MEMORY, mask, state)
        for got, wanted in zip((context, weights, after), expected, strict=True):
            np.testing.assert_allclose(got, wanted, atol=2e-5)
        state = np.array(after)
    assert state.any()


@pytest.mark.parametrize("name", SUMS_TO_ONE)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16", "float64"])
def test_weights_sum_to_one_and_are_exactly_zero_on_padding(name, dtype):
    layer = made(name, dtype=dtype)
    _, weights = layer(QUERY, MEMORY, MASK)
    weights = np.array(weights)
    sums = weights.sum(axis=-1)
    np.testing.assert_allclose(sums[:2], 1, atol=1e-6)
    padding = np.broadcast_to(~MASK if weights.ndim == 2 else ~MASK[:, None], weights.shape)
    assert (weights[padding] == 0).all() and (weights >= 0).all()
    assert (weights[~padding] > 0).all() or "window" in name  # far from a window a weight may vanish


@pytest.mark.parametrize("name", ATTENTIONS)
def test_padding_changes_nothing_not_even_as_nan_and_gradients_stay_finite(name):
    """What stands on padding, and that a sample is all padding, reaches no result and no gradient."""
    layer = made(name)
    broken = np.where(MASK[..., None], MEMORY, np.nan).astype("float32")
    context, weights = layer(QUERY, broken, MASK)
    clean_context, clean_weights = layer(QUERY, MEMORY, MASK)
    np.testing.assert_array_equal(context, clean_context)
    np.testing.assert_array_equal(weights, clean_weights)
    assert not np.array(context)[2].any() and not np.array(weights)[2].any()
    loss, grads = gradients(layer, QUERY, broken)
    clean_loss, clean = gradients(layer, QUERY, MEMORY)
    assert loss == clean_loss
    for got, wanted in zip(grads, clean, strict=True):
        assert np.isfinite(got).all()
        np.testing.assert_array_equal(got, wanted)
    in_query, in_memory = grads[:2]
    assert not in_query[2].any() and not in_memory[~MASK].any()
    assert in_memory[MASK].any()


def gradients(layer, query, memory):
    """The loss of a call, and its gradients to query, memory and weights."""
    query, memory = tf.constant(query), tf.constant(memory)
    with tf.GradientTape() as tape:
        tape.watch([query, memory])
        context, weights = layer(query, memory, MASK)
        loss = ops.sum(context**2) + ops.sum(weights**3)
    sources = [query, memory, *layer.trainable_variables]
    grads = tape.gradient(loss, sources, unconnected_gradients="zero")
    return float(loss), [np.array(g) for g in grads]


# Keras's own layers ------------------------------------------------------------------------------


def with_time(query):
    return query[:, None]


@pytest.mark.parametrize("mask", [None, MASK[:2]], ids=["whole", "masked"])
def test_dot_and_general_are_keras_attention(mask):
    """Keras leaves the projection to its user: `value` is the memory, `key` the projected memory."""
    masks = None if mask is None else [None, mask]
    for name in ("dot", "scaled dot", "general"):
        layer = made(name)
        context, weights = layer(QUERY[:2], MEMORY[:2], mask)
        query = QUERY[:2] / 6**0.5 if name == "scaled dot" else QUERY[:2]
        given = [with_time(query), MEMORY[:2], np.array(layer.project(MEMORY[:2]))]
        expected, scores = layers.Attention()(given, mask=masks, return_attention_scores=True)
        np.testing.assert_allclose(context, expected[:, 0], atol=1e-5)
        np.testing.assert_allclose(weights, scores[:, 0], atol=1e-6)


@pytest.mark.parametrize("mask", [None, MASK[:2]], ids=["whole", "masked"])
def test_additive_is_keras_additive_attention(mask):
    layer = made("additive")
    context, weights = layer(QUERY[:2], MEMORY[:2], mask)
    kerass = layers.AdditiveAttention()
    given = [with_time(np.array(layer.query(QUERY[:2]))), MEMORY[:2], np.array(layer.project(MEMORY[:2]))]
    given[1] = np.pad(given[1], ((0, 0), (0, 0), (0, 1)))  # Keras wants one size: 7, as the hidden layer has
    kerass.build([part.shape for part in given])
    kerass.set_weights([np.array(layer.energies.kernel)[:, 0]])
    masks = None if mask is None else [None, mask]
    expected, scores = kerass(given, mask=masks, return_attention_scores=True)
    np.testing.assert_allclose(context, expected[:, 0, :6], atol=1e-5)
    np.testing.assert_allclose(weights, scores[:, 0], atol=1e-6)


@pytest.mark.parametrize("mask", [None, MASK[:2]], ids=["whole", "masked"])
@pytest.mark.parametrize("bias", [False, True])
def test_several_heads_are_keras_multi_head_attention(mask, bias):
    kerass = layers.MultiHeadAttention(3, 4, value_dim=5, output_shape=7, use_bias=bias)
    kerass(with_time(QUERY), MEMORY)
    rng = np.random.default_rng(3)
    kerass.set_weights([rng.normal(size=w.shape) for w in kerass.get_weights()])
    layer = MultiHeadAttention(3, 4, value_dim=5, units=7, use_bias=bias)
    layer(QUERY, MEMORY)
    kernels = {"query": kerass.query_dense, "keys": kerass.key_dense, "values": kerass.value_dense}
    for part, source in {**kernels, "output_projection": kerass.output_dense}.items():
        target = getattr(layer, part)
        target.set_weights(
            [np.reshape(w, t.shape) for w, t in zip(source.weights, target.weights, strict=True)]
        )
    context, weights = layer(QUERY[:2], MEMORY[:2], mask)
    wide = None if mask is None else mask[:, None]
    expected, scores = kerass(
        with_time(QUERY[:2]), MEMORY[:2], attention_mask=wide, return_attention_scores=True
    )
    np.testing.assert_allclose(context, expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(weights, scores[:, :, 0], atol=1e-6)


# Precision, masks that Keras finds, keys, saving -----------------------------------------------


@pytest.mark.parametrize("name", ATTENTIONS)
def test_half_precision_is_near_single_precision_and_double_nearer(name):
    single = made(name)
    wanted, _ = single(QUERY, MEMORY, MASK)
    for dtype, kind, near in (("mixed_bfloat16", "bfloat16", 0.15), ("float64", "float64", 1e-5)):
        other = made(name, dtype=dtype)
        other.set_weights(single.get_weights())
        context, weights = other(QUERY, MEMORY, MASK)
        assert keras.backend.standardize_dtype(context.dtype) == kind
        assert keras.backend.standardize_dtype(weights.dtype) in ("float32", "float64")
        np.testing.assert_allclose(np.array(context, "float64"), wanted, atol=near)


def test_a_mask_that_the_memory_carries_is_found():
    tokens = np.array([[3, 4, 0], [5, 0, 0]])
    memory = layers.Embedding(6, 6, mask_zero=True)(tokens)
    layer = DotAttention()
    context, weights = layer(QUERY[:2], memory)
    expected = layer(QUERY[:2], np.array(memory), tokens != 0)
    np.testing.assert_array_equal(weights, expected[1])
    np.testing.assert_array_equal(context, expected[0])
    assert not np.array(weights)[tokens == 0].any()
    assert getattr(context, "_keras_mask", None) is None


@pytest.mark.parametrize("name", ATTENTIONS)
def test_keys_that_were_projected_before_give_the_same(name):
    layer = made(name)
    keys = layer.project(MEMORY, MASK)
    for got, wanted in zip(layer(QUERY, MEMORY, MASK, keys=keys), layer(QUERY, MEMORY, MASK), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_copy_from_the_config_computes_the_same(name):
    layer = made(name)
    copy = type(layer).from_config(layer.get_config())
    copy(QUERY, MEMORY)
    copy.set_weights(layer.get_weights())
    assert copy.get_config() == layer.get_config()
    for got, wanted in zip(copy(QUERY, MEMORY, MASK), layer(QUERY, MEMORY, MASK), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_saved_attentions_are_loaded_alone_in_a_fresh_process(tmp_path):
    for name in ATTENTIONS:
        query, memory, mask = keras.Input((6,)), keras.Input((None, 6)), keras.Input((None,), dtype="bool")
        state = None
        if name in STATEFUL:
            state = keras.Input((None,) if "location" in name else (3,))
        results = made(name)(query, memory, mask, state=state)
        inputs = [query, memory, mask, *([] if state is None else [state])]
        model = keras.Model(inputs, list(results))
        rng = np.random.default_rng(5)
        for weight in model.weights:
            weight.assign(rng.normal(size=weight.shape))
        values = [QUERY, MEMORY, MASK]
        if state is not None:
            values.append(rng.random((3, 5 if "location" in name else 3)).astype("float32"))
        write(tmp_path, name.replace(" ", "_"), model, values, [np.array(y) for y in model(values)])
    found = differences(tmp_path)
    assert found == dict.fromkeys((name.replace(" ", "_") for name in ATTENTIONS), 0.0)


def test_windows_never_go_back():
    layer = WindowAttention(4)
    kappa = np.zeros((3, 4), "float32")
    for t in range(5):
        _, _, after = layer((-1) ** t * 3 * QUERY, MEMORY, state=kappa)
        assert (np.array(after) > kappa).all()
        kappa = np.array(after)


def test_windows_that_left_the_memory_still_sum_to_one():
    """Far beyond the last place the windows themselves are 0 in 32 bits; their proportions are not."""
    _, weights, _ = WindowAttention(2)(QUERY, MEMORY, state=np.full((3, 2), 1e4, "float32"))
    np.testing.assert_allclose(weights, np.eye(5)[[4, 4, 4]], atol=1e-6)


def test_a_location_attention_can_copy_where_it_looked_last():
    """A filter of one place that hands on the last weights keeps the look where it was."""
    layer = LocationAttention(1, filters=1, kernel_size=1, use_bias=False)
    layer(QUERY, MEMORY)
    for weight in layer.weights:
        keep = weight.path.split("/")[-2] in ("location", "location_features", "energies")
        weight.assign(np.full(weight.shape, 30.0 if keep else 0.0))
    before = np.eye(5, dtype="float32")[[0, 2, 4]]
    _, weights, after = layer(QUERY, MEMORY, state=before)
    np.testing.assert_allclose(weights, before, atol=1e-6)
    np.testing.assert_array_equal(after, weights)


@pytest.mark.parametrize("make", [GeneralAttention, lambda: AdditiveAttention(4)])
def test_the_initial_weights_of_one_layer_differ(make):
    layer = make()
    layer(QUERY, MEMORY)
    kernels = [np.ravel(w) for w in layer.weights if "kernel" in w.path]
    assert all(k.std() > 0 for k in kernels)
    assert len({tuple(k[:4]) for k in kernels}) == len(kernels)
