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
