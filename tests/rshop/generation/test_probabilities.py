"""Log-probabilities of few and of many tokens: compared with NumPy in 64 bits."""

import numpy as np
import pytest
from keras import ops

from rshop.generation import probabilities


def softmax_of(y):
    y = np.asarray(y, "float64")
    top = y.max(axis=-1, keepdims=True)
    return y - top - np.log1p(np.exp(y - top).sum(axis=-1, keepdims=True) - 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("vocabulary", [5, probabilities.MANY // 2], ids=["few", "many"])
def test_logits_become_log_probabilities_in_64_bits(vocabulary, dtype):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(3, vocabulary)) * 3
    y[1, 0] = 40.0  # as good as certain
    y[2, 1:3] = -np.inf  # impossible
    y = y.astype(dtype)
    found = ops.convert_to_numpy(probabilities.log_probabilities(ops.convert_to_tensor(y), from_logits=True))
    assert found.dtype == "float64"
    np.testing.assert_allclose(found, softmax_of(y), rtol=1e-7, atol=1e-9)
    assert np.isneginf(found[2, 1:3]).all() and np.isfinite(found[:2]).all()


@pytest.mark.parametrize("vocabulary", [5, probabilities.MANY], ids=["few", "many"])
def test_tokens_are_equally_likely_where_their_logits_are_equal_and_nowhere_else(vocabulary):
    y = np.full((1, vocabulary), -20.0, "float32")
    y[0, :4] = [1.0, 1e-9, 2e-9, 1e-9]
    found = ops.convert_to_numpy(probabilities.log_probabilities(ops.convert_to_tensor(y), from_logits=True))
    assert found[0, 1] == found[0, 3] and found[0, 1] < found[0, 2]


@pytest.mark.parametrize("from_logits", [True, False], ids=["logits", "probabilities"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("vocabulary", [5, probabilities.MANY // 2], ids=["few", "many"])
def test_the_likeliest_tokens_are_those_of_a_stable_sort(vocabulary, dtype, from_logits):
    rng = np.random.default_rng(1)
    y = rng.normal(size=(3, vocabulary)).astype(dtype)
    y[1, 1] = y[1, 3] = y[1].max() + 1  # equally likely: the first one first
    y[2, 2:] = -np.inf  # impossible
    if not from_logits:
        y = np.exp(softmax_of(y)).astype(dtype)
    count = 4
    with np.errstate(divide="ignore"):
        expected = softmax_of(y) if from_logits else np.log(y.astype("float64"))
    order = np.argsort(-expected, axis=-1, kind="stable")[:, :count]
    best, tokens = map(
        ops.convert_to_numpy, probabilities.likeliest_tokens(ops.convert_to_tensor(y), from_logits, count)
    )
    assert best.dtype == "float64" and tokens.shape == (3, count)
    np.testing.assert_allclose(best, np.take_along_axis(expected, order, axis=-1), rtol=1e-7, atol=1e-9)
    assert (tokens[:2] == order[:2]).all() and (tokens[2, :2] == order[2, :2]).all()
    assert np.isneginf(best[2, 2:]).all()
