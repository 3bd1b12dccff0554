"""One matrix that embeds tokens and scores them: written out as itself and as its transpose."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import viz
from rshop import RecurrentModel, to_numpy
from tests.support.closeness import apart

TOKENS = np.random.default_rng(0).integers(0, 7, (3, 5))
OPTIONS = {
    "tied": {},
    "a matrix of its own": {"tie_weights": False},
    "capped": {"logit_soft_cap": 2.0},
    "another dtype": {"reverse_dtype": "float64"},
}


def scored(**options):
    """A simple RNN over tokens whose state is scored against all embeddings."""
    keras.utils.set_random_seed(0)
    embed = layers.ReversibleEmbedding(7, 4, name="embed", **options)
    token, h_tm1 = Input((), dtype="int32", name="token"), Input((4,), name="h_tm1")
    h = ops.tanh(embed(token) + layers.Dense(4, use_bias=False, name="U")(h_tm1))
    logits = ops.cast(embed(h, reverse=True), "float32")
    rnn = RecurrentModel(token, logits, h_tm1, h, return_sequences=True)
    rng = np.random.default_rng(1)
    rnn.set_weights([rng.normal(size=w.shape) for w in rnn.get_weights()])
    return rnn


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_text_gives_the_numbers_of_the_layer(options):
    rnn = scored(**options)
    assert apart(to_numpy(rnn).run(TOKENS)[0], rnn(TOKENS)) < 1e-5


def test_tied_scores_are_the_product_with_the_transposed_embeddings():
    """Against NumPy, with the weights as they are kept."""
    rnn = scored()
    named = {w.path.rpartition("/")[2]: np.array(w) for w in rnn.weights}
    E, U = named["embeddings"], named["kernel"]
    h, expected = np.zeros((3, 4)), []
    for t in range(5):
        h = np.tanh(E[TOKENS[:, t]] + h @ U)
        expected.append(h @ E.T)
    assert apart(to_numpy(rnn).run(TOKENS)[0], np.stack(expected, 1)) < 1e-5


def test_the_equations_and_the_text_show_one_matrix():
    rnn = scored()
    lines = [
        "embed_t = E[token_t]",
        "h_t = tanh(embed_t + U h_{t-1})",
        "embed#2_t = E^T h_t",
        "y_t = embed#2_t",
    ]
    assert str(viz.equations(rnn)).splitlines() == lines
    assert r"E^{\top}\, h_{t}" in viz.equations(rnn).latex
    text = to_numpy(rnn).text
    assert 'np.transpose(weights["embed/embeddings"])' in text
