"""Losses and metrics over real timesteps: NumPy over the valid entries alone."""

import keras
import numpy as np
import pytest

from rshop.training import MaskedLoss, MaskedMetric, Perplexity, SequenceAccuracy
from tests.support.fresh import differences, write

RNG = np.random.default_rng(0)
TOKENS = np.array([[3, 1, 0, 0], [2, 2, 1, 3], [1, 0, 0, 0]])
LOGITS = RNG.normal(size=(3, 4, 5)).astype("float32")
VALUES = RNG.normal(size=(3, 4, 2)).astype("float32")
VALUES[0, 2:] = VALUES[2, 1:] = -1
VALUES[1, 1, 0] = -1  # one number of a real timestep may be the pad value
OUTPUTS = RNG.normal(size=(3, 4, 2)).astype("float32")
REAL = TOKENS != 0
WEIGHTS = np.array([1.0, 2.0, 0.5])


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def cross_entropy():
    return -np.take_along_axis(log_softmax(LOGITS), TOKENS[..., None], -1)[..., 0]


LOSSES = {
    "object": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "function": lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_of_tokens_is_the_mean_over_real_timesteps(kind):
    loss = MaskedLoss(LOSSES[kind])
    np.testing.assert_allclose(loss(TOKENS, LOGITS), cross_entropy()[REAL].mean(), rtol=1e-5)
    weight = (WEIGHTS[:, None] * REAL)[REAL]
    expected = (cross_entropy()[REAL] * weight).sum() / weight.sum()
    np.testing.assert_allclose(loss(TOKENS, LOGITS, WEIGHTS), expected, rtol=1e-5)
    np.testing.assert_allclose(loss(TOKENS[..., None], LOGITS), cross_entropy()[REAL].mean(), rtol=1e-5)


@pytest.mark.parametrize("name, values", [("mse", np.square), ("mae", np.abs)])
def test_a_loss_of_vectors_by_name(name, values):
    expected = values(VALUES - OUTPUTS).mean(-1)[REAL].mean()
    np.testing.assert_allclose(MaskedLoss(name, pad_value=-1)(VALUES, OUTPUTS), expected, rtol=1e-5)


def test_padding_has_no_gradient():
    outputs = keras.Variable(OUTPUTS)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = MaskedLoss("mse", pad_value=-1)(VALUES, outputs.value)
    gradient = tape.gradient(loss, outputs.value).numpy()
    assert (gradient[~REAL] == 0).all() and (np.abs(gradient[REAL]).max(-1) > 0).all()


def test_metrics_over_two_batches():
    metric = MaskedMetric("sparse_categorical_accuracy")
    right = LOGITS.argmax(-1) == TOKENS
    for rows in (slice(0, 1), slice(1, 3)):
        metric.update_state(TOKENS[rows], LOGITS[rows])
    np.testing.assert_allclose(metric.result(), right[REAL].mean(), rtol=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0
    error = MaskedMetric(keras.metrics.RootMeanSquaredError(), pad_value=-1)
    error.update_state(VALUES, OUTPUTS)
    expected = np.sqrt(np.square(VALUES - OUTPUTS)[REAL].mean())
    np.testing.assert_allclose(error.result(), expected, rtol=1e-5)


def test_perplexity_and_whole_sequences_by_hand():
    perplexity, whole = Perplexity(), SequenceAccuracy()
    perplexity.update_state(TOKENS, LOGITS, REAL)
    np.testing.assert_allclose(perplexity.result(), np.exp(cross_entropy()[REAL].mean()), rtol=1e-5)
    sure = 9 * np.eye(5, dtype="float32")[TOKENS]
    sure[0, 3] = sure[1, 0] = [0, 0, 0, 0, 9]  # padding of the first is wrong, a token of the second
    whole.update_state(TOKENS, sure, REAL)
    np.testing.assert_allclose(whole.result(), 2 / 3, rtol=1e-6)


def test_both_are_kept_in_a_saved_model(tmp_path):
    x = keras.Input((4, 3))
    model = keras.Model(x, keras.layers.Dense(5)(x))
    loss = MaskedLoss(LOSSES["object"])
    model.compile("sgd", loss, metrics=[MaskedMetric("sparse_categorical_accuracy")])
    data = RNG.normal(size=(3, 4, 3)).astype("float32")
    before = model.evaluate(data, TOKENS, verbose=0)
    logits = model.predict(data, verbose=0)
    np.testing.assert_allclose(before[0], loss(TOKENS, logits), rtol=1e-5)
    np.testing.assert_allclose(before[1], (logits.argmax(-1) == TOKENS)[REAL].mean(), rtol=1e-5)
    model.save(tmp_path / "masked.keras")
    write(tmp_path, "masked", model, [data], [logits])
    assert differences(tmp_path)["masked"] == 0
    again = keras.models.load_model(tmp_path / "masked.keras")
    np.testing.assert_allclose(again.evaluate(data, TOKENS, verbose=0), before, rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MaskedLoss("no such loss"),
        lambda: MaskedLoss(3),
        lambda: MaskedLoss(None),
        lambda: MaskedLoss("mse", pad_value="0"),
        lambda: MaskedMetric("no such metric"),
        lambda: MaskedMetric(np.zeros(3)),
    ],
)
def test_what_is_no_loss_is_refused(make):
    with pytest.raises(TypeError) as error:
        make()
    assert all(word in str(error.value) for word in ("Received: ", "Expected: ", "Fix: "))
