"""Readouts of tokens: which embedding they give, and which gradient reaches the output."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import GRUCell, RecurrentModel, RecurrentSequential, generate
from rshop.backend import gradients
from rshop.generation import (
    ArgmaxEmbedding,
    GumbelSoftmaxEmbedding,
    SampleEmbedding,
    SoftEmbedding,
    StraightThroughEmbedding,
)
from tests.support.fresh import differences, write

TOKENS, UNITS = 5, 3
KINDS = {
    "argmax": lambda: ArgmaxEmbedding(UNITS),
    "sample": lambda: SampleEmbedding(UNITS, seed=1),
    "soft": lambda: SoftEmbedding(UNITS, temperature=0.7),
    "straight-through": lambda: StraightThroughEmbedding(UNITS),
    "Gumbel": lambda: GumbelSoftmaxEmbedding(UNITS, temperature=0.5, seed=1),
    "hard Gumbel": lambda: GumbelSoftmaxEmbedding(UNITS, hard=True, seed=1),
}
EACH = pytest.mark.parametrize("kind", KINDS)
Y = np.random.default_rng(0).normal(size=(4, TOKENS)).astype("float32")


def softmax(y):
    p = np.exp(y - y.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def made(kind):
    layer = KINDS[kind]()
    layer.build((None, TOKENS))
    table = np.random.default_rng(1).normal(size=(TOKENS, UNITS)).astype("float32")
    layer.set_weights([table])
    return layer, table


def shares(layer, y):
    """How much of each token is in what the layer gives, as its embeddings are a unit matrix here."""
    layer.units = TOKENS
    layer.build((None, TOKENS))
    layer.embeddings.assign(np.eye(TOKENS))
    return np.asarray(layer(y))


def test_an_argmax_and_a_soft_readout_are_the_products_that_they_say():
    layer, table = made("argmax")
    np.testing.assert_allclose(layer(Y), table[Y.argmax(-1)], rtol=1e-6)
    layer, table = made("straight-through")
    np.testing.assert_allclose(layer(Y), table[Y.argmax(-1)], rtol=1e-5)
    layer, table = made("soft")
    np.testing.assert_allclose(layer(Y), softmax(Y / 0.7) @ table, rtol=1e-5)


@EACH
def test_a_one_hot_gives_the_embedding_of_its_token(kind):
    layer, table = made(kind)
    np.testing.assert_allclose(layer(np.eye(TOKENS, dtype="float32")), table, rtol=1e-5)


def test_zeros_are_logits_of_equally_likely_tokens():
    zeros = np.zeros((1, TOKENS), "float32")
    layer, table = made("argmax")
    np.testing.assert_allclose(layer(zeros), table[:1], rtol=1e-6)
    layer, table = made("soft")
    np.testing.assert_allclose(layer(zeros), table.mean(0, keepdims=True), rtol=1e-5)


def test_probabilities_are_taken_as_they_are():
    layer, table = made("soft")
    np.testing.assert_allclose(layer(softmax(Y)), softmax(Y) @ table, rtol=1e-5)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("kind", ["sample", "hard Gumbel"])
def test_draws_come_as_often_as_their_probability(kind, from_logits):
    count = 20_000
    rows = np.repeat(Y[:1] if from_logits else softmax(Y[:1]), count, axis=0)
    found = shares(KINDS[kind](), rows)
    assert (np.abs(found.sum(-1) - 1) < 1e-5).all() and (np.abs(found.max(-1) - 1) < 1e-5).all()
    p = softmax(Y[0])
    assert (np.abs(found.mean(0) - p) < 4 * np.sqrt(p * (1 - p) / count)).all()


def test_a_temperature_shapes_what_is_drawn():
    rows = np.repeat(Y[:1], 20_000, axis=0)
    p = softmax(Y[0] / 0.5)
    found = shares(SampleEmbedding(UNITS, temperature=0.5, seed=2), rows).mean(0)
    assert (np.abs(found - p) < 4 * np.sqrt(p * (1 - p) / 20_000)).all()
    soft = shares(GumbelSoftmaxEmbedding(UNITS, temperature=0.3, seed=2), rows)
    # However warm, the largest share is a sample of the distribution itself.
    often = np.bincount(soft.argmax(-1), minlength=TOKENS) / 20_000
    assert (np.abs(often - softmax(Y[0])) < 4 * np.sqrt(softmax(Y[0]) / 20_000)).all()
    warm = shares(GumbelSoftmaxEmbedding(UNITS, temperature=3.0, seed=2), rows)
    assert soft.max(-1).mean() > 0.8 > 0.6 > warm.max(-1).mean()


def gradient(layer, y):
    ((found,),) = gradients(lambda points: [ops.sum(layer(points[0]) * WEIGHTS)], [ops.convert_to_tensor(y)])
    return np.asarray(found)


WEIGHTS = np.random.default_rng(3).normal(size=(4, UNITS)).astype("float32")


def test_the_gradient_that_reaches_the_output_is_that_of_the_softmax_or_none():
    """Of `sum(W * E^T p)`: `p * (g - p.g)` with `g = E W`, divided by the temperature."""
    for kind, temperature in (("soft", 0.7), ("straight-through", 1.0)):
        layer, table = made(kind)
        p, g = softmax(Y / temperature), WEIGHTS @ table.T
        expected = p * (g - (p * g).sum(-1, keepdims=True)) / temperature
        np.testing.assert_allclose(gradient(layer, Y), expected, rtol=1e-4, atol=1e-6)
    for kind in ("argmax", "sample"):
        np.testing.assert_array_equal(gradient(made(kind)[0], Y), np.zeros_like(Y))
    for kind in ("Gumbel", "hard Gumbel"):
        found = gradient(made(kind)[0], Y)
        assert np.isfinite(found).all() and (np.abs(found).max(-1) > 1e-4).all()


@EACH
def test_gradients_are_finite_where_the_output_is_a_one_hot_or_zeros(kind):
    layer, _ = made(kind)
    rows = np.concatenate([np.eye(TOKENS, dtype="float32")[:3], np.zeros((1, TOKENS), "float32")])
    assert np.isfinite(gradient(layer, rows)).all()


def decoder(kind, teacher_force=True):
    keras.utils.set_random_seed(7)
    rnn = RecurrentSequential(
        readout="readout_only",
        readout_activation=KINDS[kind](),
        decode=True,
        output_length=5,
        teacher_force=teacher_force,
    )
    rnn.add(GRUCell(6))
    rnn.add(layers.Dense(TOKENS, kernel_initializer="orthogonal"))
    rnn(np.zeros((1, 1), "float32"))
    rnn.readout_activation.embeddings.assign(np.random.default_rng(1).normal(0, 2, (TOKENS, UNITS)))
    return rnn


@EACH
def test_a_stack_generates_the_tokens_that_it_scores_by_teacher_forcing(kind):
    rnn = decoder(kind)
    # Zeros would be read as equally likely tokens, of which some kinds draw one.
    found = generate(rnn, 5, strategy="sample", seed=3, batch=4, initial_readout=1)
    truth = np.eye(TOKENS, dtype="float32")[found.tokens]
    call = {"initial_readout": np.eye(TOKENS, dtype="float32")[1], "ground_truth": truth}
    y = np.asarray(rnn(np.zeros((4, 1), "float32"), **call, training=True))
    log_p = np.log(softmax(y.astype("float64")))
    again = np.take_along_axis(log_p, found.tokens[..., None], axis=-1).sum((1, 2))
    np.testing.assert_allclose(found.scores, again, rtol=1e-5)


def test_a_stack_that_runs_free_reads_its_likeliest_token():
    rnn = decoder("argmax")
    free = np.asarray(rnn(np.zeros((1, 1), "float32"))).argmax(-1)
    np.testing.assert_array_equal(generate(rnn, 5).tokens, free)


@EACH
def test_a_stack_with_such_a_readout_trains_and_loads_alone(kind, tmp_path):
    rnn = decoder(kind, teacher_force=False)
    x = keras.Input((1,))
    model = keras.Model(x, rnn(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tokens = np.random.default_rng(0).integers(0, TOKENS, (8, 5))
    before = np.array(rnn.readout_activation.embeddings)
    model.fit(np.zeros((8, 1), "float32"), tokens, epochs=1, verbose=0)
    assert (np.array(rnn.readout_activation.embeddings) != before).any()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    loaded = next(layer for layer in again.layers if isinstance(layer, RecurrentSequential))
    first, second = (generate(one, 5, batch=3, seed=0, strategy="sample") for one in (rnn, loaded))
    np.testing.assert_array_equal(first.tokens, second.tokens)
    np.testing.assert_allclose(first.scores, second.scores, rtol=1e-6)
    assert loaded.readout_activation.get_config() == rnn.readout_activation.get_config()
    if kind == "argmax":
        (tmp_path / "fresh").mkdir()
        x = np.zeros((2, 1), "float32")
        write(tmp_path / "fresh", kind, model, [x], [model(x)])
        assert differences(tmp_path / "fresh") == {kind: 0.0}


def test_a_readout_stands_in_a_step_too():
    x, r, h = keras.Input((1,)), keras.Input((TOKENS,)), keras.Input((UNITS,))
    n = ops.tanh(SoftEmbedding(UNITS)(r) + layers.Dense(UNITS)(h))
    rnn = RecurrentModel(x, layers.Dense(TOKENS)(n), h, n, r, decode=True, output_length=3)
    assert generate(rnn, 3).tokens.shape == (1, 3)


def test_options_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="temperature=0. Expected: a number above 0"):
        SoftEmbedding(3, temperature=0)
    with pytest.raises(TypeError, match="hard"):
        GumbelSoftmaxEmbedding(3, hard="yes")
    with pytest.raises(ValueError, match="units"):
        ArgmaxEmbedding(0)
