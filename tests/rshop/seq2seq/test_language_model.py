"""`LanguageModel`: its numbers against NumPy and Keras, windows, training, what it refuses."""

import keras
import numpy as np
import pytest
from keras import layers

from rshop.fast import switched
from rshop.seq2seq import CharacterTokenizer, LanguageModel
from tests.support.errors import check, named
from tests.support.language import KINDS, TEXT, TOKENS, logits_of, made, surprise


@pytest.mark.parametrize("tied", [True, False])
def test_the_logits_are_those_of_keras_layers(tied):
    """`softmax(E (W h) + b)`, or of a matrix of its own, over the LSTM of Keras."""
    model = made(tied=tied)
    embeddings, kernel, recurrent, bias, *rest = [np.array(w) for w in model.reader.get_weights()]
    lstm = layers.LSTM(6, return_sequences=True)
    x = embeddings[TOKENS[None, :40]]
    lstm.build(x.shape)
    lstm.set_weights([kernel, recurrent, bias])
    h = keras.ops.convert_to_numpy(lstm(x))
    expected = h @ rest[0] @ embeddings.T + rest[1] if tied else h @ rest[0] + rest[1]
    np.testing.assert_allclose(logits_of(model, TOKENS[:40]), expected[0], atol=1e-5)
    assert model.count_params() == sum(w.size for w in map(np.array, model.get_weights()))


@pytest.mark.parametrize("kind", KINDS)
def test_perplexity_is_that_of_the_logits_over_the_whole_text(kind):
    """Of a text that is read in several windows, and of one that is shorter than a window."""
    model = made(kind)
    for times in (10, 1) if kind == "tied" else (1,):
        text = (TEXT * times)[:-5]
        tokens = model.tokenizer.encode(text)
        nats = surprise(logits_of(model, tokens[:-1]), tokens[1:]).mean()
        found = model.perplexity(text)
        np.testing.assert_allclose(float(found), np.exp(nats), rtol=1e-5)
        np.testing.assert_allclose([found.nats, found.bits], [nats, nats / np.log(2)], rtol=1e-5)
        assert found.tokens == found.characters == len(text) - 1
        assert found.bits_per_character == pytest.approx(found.bits)
        np.testing.assert_allclose(model.perplexity(tokens), found)
    assert str(found) == (
        f"{np.exp(nats):.4g} ({found.nats:.3f} nats, {found.bits:.3f} bits a token, "
        f"{found.bits:.3f} bits a character)"
    )


@pytest.mark.parametrize("length", [1, 7, 20, 1000])
def test_a_text_in_windows_is_a_text_in_one(length):
    """Three streams, each from its own beginning to its end, whatever the windows are."""
    model = made()
    streams = 3 if length < 1000 else 1
    each = -(-(len(TEXT) - 1) // streams)
    nats = []
    for start in range(0, len(TEXT) - 1, each):
        part = TOKENS[start : start + each + 1]
        nats.extend(surprise(logits_of(model, part[:-1]), part[1:]))
    assert len(nats) == len(TEXT) - 1
    found = []
    model._prepare()
    windows = model._tested(TOKENS, {"length": length, "streams": 3})
    for i in range(windows.num_batches):
        (x, fresh), y, weights = windows[i]
        logits = keras.ops.convert_to_numpy(model([x, fresh], training=False)).astype("float64")
        each_row = [surprise(a, b) for a, b in zip(logits, y, strict=True)]
        found.append(np.where(weights > 0, each_row, np.nan))
    found = np.concatenate(found, axis=1)
    np.testing.assert_allclose(found[~np.isnan(found)], nats, atol=1e-4)
    if length in (7, 1000):
        scored = model.evaluate(TEXT, length, batch_size=3, verbose=0, return_dict=True)
        np.testing.assert_allclose(scored["perplexity"], np.exp(np.mean(nats)), rtol=1e-4)


class Weights(keras.callbacks.Callback):
    """The weights after each batch."""

    def on_train_begin(self, logs=None):
        self.seen = [self.model.get_weights()]

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(self.model.get_weights())


def test_a_window_goes_on_from_the_states_of_the_one_before_and_the_gradient_ends_there():
    """The second step of plain descent against finite differences, the first states held as they are."""
    keras.backend.clear_session()
    model, rate, length = made(), 0.1, 4
    model.compile(keras.optimizers.SGD(rate))
    seen = Weights()
    model.fit(TOKENS[: 2 * 8 + 1], length, batch_size=2, verbose=0, callbacks=[seen])
    first, second, third = seen.seen
    rows = np.stack([TOKENS[:9], TOKENS[8:17]])
    model.set_weights(first)
    _, *states = model.reader(rows[:, :4])
    recurrent = model.reader.trainable_weights[2]

    def loss(place, shift):
        model.set_weights(second)
        value = np.array(recurrent)
        value[place] += shift
        recurrent.assign(value)
        y = keras.ops.convert_to_numpy(model.reader(rows[:, 4:8], initial_state=states)[0])
        return np.mean([surprise(a.astype("float64"), b) for a, b in zip(y, rows[:, 5:], strict=True)])

    at = [i for i, w in enumerate(model.weights) if w is recurrent][0]
    for place in [(0, 0), (2, 5), (4, 13), (5, 20)]:
        slope = (loss(place, 1e-2) - loss(place, -1e-2)) / 2e-2
        moved = (second[at][place] - third[at][place]) / rate
        np.testing.assert_allclose(moved, slope, atol=2e-4, rtol=1e-2)
        assert abs(slope) > 1e-5


def test_a_markov_text_is_learnt_to_its_entropy():
    """Three letters, each after the last one with known probabilities."""
    keras.utils.set_random_seed(1)
    chances = np.array([[0.8, 0.1, 0.1], [0.05, 0.05, 0.9], [0.3, 0.6, 0.1]])
    stationary = np.linalg.matrix_power(chances, 200)[0]
    entropy = -(stationary[:, None] * chances * np.log(chances)).sum()
    rng = np.random.default_rng(0)
    state, states = 0, []
    for number in rng.random(24_000):
        state = int(np.searchsorted(chances[state].cumsum(), number))
        states.append(state)
    text = "".join("abc"[min(state, 2)] for state in states)
    for tied in (True, False):
        model = LanguageModel(16, tied=tied, embedding=8)
        model.compile(keras.optimizers.Adam(0.01))
        model.fit(text[:20_000], 25, batch_size=20, epochs=3, verbose=0)
        held_out = text[20_000:]
        codes = np.array(["abc".index(letter) for letter in held_out])
        best = -np.log(chances[codes[:-1], codes[1:]]).mean()
        assert abs(best - entropy) < 0.05 * entropy  # the sample is a fair one
        assert best * 0.99 < model.perplexity(held_out).nats < best * 1.03


def test_validation_is_a_part_of_the_text_or_another_one():
    model = made()
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(TEXT, 10, batch_size=2, validation_split=0.25, verbose=0).history
    end = len(TEXT) - len(TEXT) // 4
    for name, part in (("perplexity", TEXT[:end]), ("val_perplexity", TEXT[end:])):
        expected = model.evaluate(part, 10, batch_size=2, verbose=0, return_dict=True)["perplexity"]
        np.testing.assert_allclose(history[name], [expected], rtol=1e-5)
    history = model.fit(TEXT, 10, batch_size=2, validation_data=TEXT[:50], epochs=2, verbose=0).history
    expected = model.evaluate(TEXT[:50], 10, batch_size=2, verbose=0, return_dict=True)["perplexity"]
    np.testing.assert_allclose(history["val_perplexity"], [expected] * 2, rtol=1e-5)


def test_mixed_precision_is_near_and_trains():
    single = made()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = made()
        mixed.set_weights(single.get_weights())
        np.testing.assert_allclose(mixed.perplexity(TEXT).nats, single.perplexity(TEXT).nats, atol=0.05)
        mixed.compile(keras.optimizers.Adam(0.03))
        losses = mixed.fit(TEXT, 31, batch_size=6, epochs=12, verbose=0).history["loss"]
    finally:
        keras.config.set_dtype_policy("float32")
    assert losses[-1] < 0.8 * losses[0]


def test_the_fast_loop_trains_tied_embeddings_as_the_plain_one_does():
    found = []
    for fast in (True, False):
        model = made()
        model.compile(keras.optimizers.SGD(0.1))
        with switched(late_gradients=fast, xla=False, hoist=fast, split=fast):
            model.fit(TEXT, 10, batch_size=3, epochs=2, verbose=0)
        found.append(model.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def small(*given, **options):
    return LanguageModel(**{"units": 4, **options})


CASES = {
    "no units": (lambda: small(units=0), ["units=0"]),
    "no layers": (lambda: small(depth=0), ["depth=0"]),
    "no embeddings": (lambda: small(embedding=0), ["embedding=0"]),
    "half tied": (lambda: small(tied="yes"), ["tied='yes'", "True or False"]),
    "a cell that is none": (lambda: small(cell=layers.Dense), ["LanguageModel", "LSTMCell"]),
    "tokens of another name": (lambda: small(tokenizer="words"), ["tokenizer='words'", "'characters'"]),
    "a tokenizer that is none": (lambda: small(tokenizer=3), ["tokenizer=3", "encode and decode"]),
    "a tokenizer of no size": (
        lambda: small(tokenizer=type("T", (), {"encode": list, "decode": str})()),
        ["how many tokens", "vocabulary_size"],
    ),
    "bags of words": (
        lambda: small(tokenizer=layers.TextVectorization(output_mode="count")),
        ["output_mode='count'", "output_mode='int'"],
    ),
    "rare characters without a sign": (lambda: CharacterTokenizer(min_count=2), ["min_count=2", "unknown="]),
    "an unknown of two": (lambda: CharacterTokenizer(unknown="??"), ["unknown='??'", "one character"]),
    "no characters": (lambda: CharacterTokenizer(""), ["vocabulary=''"]),
    "no text": (lambda: small().fit(3), ["3", "vocabulary"]),
    "an empty text": (lambda: made().fit(""), ["too short", "text=''"]),
    "one character": (lambda: made().perplexity("t"), ["text='t'", "2 tokens"]),
    "several texts": (lambda: made().fit([TEXT, TEXT]), ["is a text", '"\\n".join(texts)']),
    "tokens outside": (lambda: made().perplexity([1, 99]), ["from 0 to"]),
    "windows of nothing": (lambda: made().fit(TEXT, 0), ["length=0"]),
    "no streams": (lambda: made().fit(TEXT, batch_size=0), ["batch_size=0"]),
    "all for validation": (lambda: made().fit(TEXT, validation_split=1.0), ["validation_split=1.0"]),
    "a prompt of nothing": (lambda: made().generate("", 5), ["prompt=''", "1 token"]),
    "a prompt before a fit": (lambda: small().generate("a", 5), ["no vocabulary", "fit(text)"]),
    "tokens before a fit": (lambda: small()(TOKENS[None]), ["no vocabulary", "fit(text)"]),
    "an end of two": (lambda: made().generate("t", 5, end_token="at"), ["end_token='at'", "2 tokens"]),
    "no length": (lambda: made().generate("t", 0), ["length=0"]),
    "another strategy": (lambda: made().generate("t", 3, strategy="hot"), ["strategy='hot'"]),
    "half a batch": (lambda: made().generate("t", 3, batch=0.5), ["batch=0.5"]),
}


@named(CASES)
def test_a_wrong_option_says_what_came_what_was_due_and_the_fix(do, words):
    check(do, words)
