"""`EncoderDecoder`: its numbers against those of its parts and NumPy, padding, saving, what it refuses."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import GRUCell, LSTMCell
from rshop.attention import DotAttention, LocationAttention
from rshop.seq2seq import EncoderDecoder
from tests.support.errors import check, named
from tests.support.fresh import differences, write

RNG = np.random.default_rng(0)
SOURCE = np.array([[3, 4, 5, 6, 7], [8, 7, 2, 0, 0], [4, 2, 0, 0, 0]])
TARGET = np.array([[7, 6, 5, 2], [7, 8, 2, 0], [2, 0, 0, 0]])
KINDS = {
    "attention": {},
    "peek": {"mode": "peek", "cell": layers.GRUCell, "depth": 2},
    "state": {"mode": "state", "cell": GRUCell, "bidirectional": False},
    "deep attention": {"depth": 2, "attention": LocationAttention(4, kernel_size=3), "bidirectional": False},
}


def made(kind, **options):
    """A model with every weight drawn."""
    model = EncoderDecoder(
        6, source_tokens=9, target_tokens=10, embedding=5, end_token=2, **{**KINDS[kind], **options}
    )
    model([SOURCE, TARGET])
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    return model


def crossentropy(logits, target):
    """The mean of `-log p(token)` over the tokens that are no padding."""
    logits = np.array(logits, "float64")
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(logs, target[..., None], axis=-1)[..., 0]
    return -picked[target != 0].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_is_scored_as_the_decoder_that_hears_it_says(kind):
    """The twin that reads the target gives what the decoder gives when its truth is the target."""
    model = made(kind)
    scored = np.array(model([SOURCE, TARGET]))
    seen = model.encode(SOURCE)
    model.decoder.teacher_force = True
    forced = model.decoder(
        seen["x"], ground_truth=TARGET, training=True, output_length=4, **model._decoding(seen)
    )
    np.testing.assert_allclose(scored, forced, atol=1e-5)
    assert scored.shape == (3, 4, 10)


@pytest.mark.parametrize("kind", KINDS)
def test_no_output_knows_its_own_token_or_a_later_one(kind):
    model = made(kind)
    before = np.array(model([SOURCE, TARGET]))
    for t in range(4):
        changed = TARGET.copy()
        changed[:, t] = 9
        after = np.array(model([SOURCE, changed]))
        np.testing.assert_array_equal(after[:, : t + 1], before[:, : t + 1])
        assert t == 3 or np.abs(after[:, t + 1] - before[:, t + 1]).max() > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_padding_of_the_source_changes_nothing(kind):
    model = made(kind)
    wide = np.pad(SOURCE, ((0, 0), (0, 3)))
    np.testing.assert_allclose(model([wide, TARGET]), model([SOURCE, TARGET]), atol=1e-6)
    alone = np.array(model([SOURCE[2:, :2], TARGET[2:]]))
    np.testing.assert_allclose(alone, model([SOURCE, TARGET])[2:], atol=1e-5)


@pytest.mark.parametrize("kind", ["attention", "state"])
def test_a_free_run_hears_its_own_likeliest_token(kind):
    model = made(kind)
    free = np.array(model(SOURCE, output_length=4))
    tokens = free.argmax(axis=-1)
    np.testing.assert_allclose(model([SOURCE, tokens]), free, atol=1e-5)


def test_loss_and_metrics_leave_padding_out():
    model = made("attention")
    model.compile()
    found = model.evaluate(SOURCE, TARGET, verbose=0, return_dict=True)
    logits = np.array(model([SOURCE, TARGET]))
    loss, valid = crossentropy(logits, TARGET), TARGET != 0
    right = logits.argmax(axis=-1) == TARGET
    np.testing.assert_allclose(found["loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(found["perplexity"], np.exp(loss), rtol=1e-5)
    np.testing.assert_allclose(found["token_accuracy"], right[valid].mean(), rtol=1e-5)
    np.testing.assert_allclose(found["sequence_accuracy"], (right | ~valid).all(axis=1).mean(), rtol=1e-5)
    more = np.pad(TARGET, ((0, 0), (0, 2)))
    wider = model.evaluate(SOURCE, more, verbose=0, return_dict=True)
    for name, value in found.items():
        np.testing.assert_allclose(wider[name], value, rtol=1e-5)


def test_a_step_of_fit_follows_the_gradient_of_the_masked_loss():
    """One step of plain descent on one batch: `w - 0.5 dloss/dw`, by finite differences in four places."""
    model = made("attention")
    model.compile(keras.optimizers.SGD(0.5))
    bias = model.decoder.step.get_layer("logits").bias
    before = np.array(bias)

    def loss(shift, place):
        bias.assign(before + shift * np.eye(10, dtype="float32")[place])
        return crossentropy(model([SOURCE, TARGET]), TARGET)

    slopes = [(loss(1e-2, i) - loss(-1e-2, i)) / 2e-2 for i in (0, 2, 5, 7)]
    bias.assign(before)
    history = model.fit(SOURCE, TARGET, batch_size=3, verbose=0).history
    moved = np.array(bias) - before
    np.testing.assert_allclose(moved[[0, 2, 5, 7]], -0.5 * np.array(slopes), atol=2e-4)
    assert set(history) == {"loss", "token_accuracy", "sequence_accuracy", "perplexity"}


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_scheduled_sampling_is_forcing_at_one_and_free_at_zero(p):
    model = made("state", teacher_force=keras.Variable(p))
    got = np.array(model([SOURCE, TARGET], training=True))
    wanted = model([SOURCE, TARGET]) if p else model(SOURCE, output_length=4)
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_vectors_become_vectors_and_a_mask_hides_what_is_not_there():
    model = EncoderDecoder(6, cell=GRUCell, mode="attention", attention=DotAttention(), bidirectional=False)
    x, y = RNG.normal(size=(3, 5, 2)).astype("float32"), RNG.normal(size=(3, 4, 3)).astype("float32")
    mask = SOURCE != 0
    expected = model([x, y], source_mask=mask)
    assert expected.shape == (3, 4, 3) and model(x).shape == (3, 5, 3)
    broken = np.where(mask[..., None], x, 99.0).astype("float32")
    np.testing.assert_allclose(model([broken, y], source_mask=mask), expected, atol=1e-6)
    assert np.abs(np.array(model([broken, y])) - expected).max() > 1e-3
    model.compile()
    assert set(model.fit(x, y, verbose=0).history) == {"loss"}


def test_a_part_of_your_own_takes_the_place_of_the_encoder():
    source = keras.Input((None,), dtype="int32")
    memory = layers.Dense(7)(layers.Embedding(9, 4)(source))
    model = EncoderDecoder(6, source_tokens=9, target_tokens=10, encoder=keras.Model(source, memory))
    assert model([SOURCE, TARGET]).shape == (3, 4, 10)
    seen = model.encode(SOURCE)
    assert seen["memory"].shape == (3, 5, 7) and seen["states"] is None
    np.testing.assert_array_equal(seen["mask"], SOURCE != 0)


def test_saved_models_are_loaded_alone_in_a_fresh_process(tmp_path):
    names = []
    for kind in KINDS:
        model = made(kind, name=kind.replace(" ", "_"))
        write(tmp_path, model.name, model, [SOURCE, TARGET], [np.array(model([SOURCE, TARGET]))])
        names.append(model.name)
    assert differences(tmp_path) == dict.fromkeys(names, 0.0)


def test_a_loaded_model_goes_on_training_where_it_was(tmp_path):
    model = made("attention")
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(SOURCE, TARGET, epochs=2, verbose=0)
    model.save(tmp_path / "half.keras")
    again = keras.models.load_model(tmp_path / "half.keras")
    np.testing.assert_allclose(
        again.evaluate(SOURCE, TARGET, verbose=0), model.evaluate(SOURCE, TARGET, verbose=0)
    )
    losses = [m.fit(SOURCE, TARGET, epochs=3, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_mixed_precision_is_near():
    single = made("attention")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = made("attention")
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(single.get_weights())
    wanted = np.array(single([SOURCE, TARGET]))
    got = mixed([SOURCE, TARGET])
    np.testing.assert_allclose(np.array(ops.cast(got, "float32")), wanted, atol=0.2)


def small(**options):
    return EncoderDecoder(**{"units": 4, "source_tokens": 9, "target_tokens": 9, **options})


CASES = {
    "no units": (lambda: small(units=0), ["units=0"]),
    "no layers": (lambda: small(depth=0), ["depth=0"]),
    "a mode of another name": (lambda: small(mode="glance"), ["mode='glance'", "'peek'"]),
    "an attention that is none": (lambda: small(attention=layers.Attention()), ["attention="]),
    "an attention without use": (lambda: small(mode="state", attention=DotAttention()), ["mode='state'"]),
    "an end outside": (lambda: small(end_token=9), ["end_token=9", "0 to 8"]),
    "a start of text": (lambda: small(start_token="go"), ["start_token='go'"]),
    "a cell that is none": (lambda: small(cell=layers.Dense), ["EncoderDecoder", "LSTMCell"]),
    "cells of text": (lambda: small(cell="gru"), ["cell='gru'"]),
    "an encoder of text": (lambda: small(encoder="lstm"), ["encoder='lstm'"]),
    "a decoder without readout": (lambda: small(decoder=LSTMCell(3).get_layer()), ["decoder="]),
    "no target": (lambda: small().fit(SOURCE), ["target=None", "fit(source, target)"]),
    "vectors without a target": (lambda: EncoderDecoder(4)(np.ones((2, 3, 2))), ["(2, 3, 2)", "target"]),
    "half a probability": (lambda: small(teacher_force=1.5), ["teacher_force=1.5"]),
}


@named(CASES)
def test_a_wrong_option_says_what_came_what_was_due_and_the_fix(do, words):
    check(do, words)
