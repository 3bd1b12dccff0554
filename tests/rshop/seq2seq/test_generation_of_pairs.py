"""`EncoderDecoder.generate`: what it says is what its decoder says, step by step, and what it learned."""

import inspect
import itertools
import subprocess
import sys
from functools import cache

import keras
import numpy as np
import pytest

from rshop import GRUCell, generate
from rshop.fast import switched
from rshop.seq2seq import EncoderDecoder
from tests.rshop.seq2seq.test_encoder_decoder import KINDS, SOURCE, made
from tests.support.errors import check

START, END, LENGTH = 1, 2, 7
each = pytest.mark.parametrize("kind", KINDS)


def log_softmax(logits):
    logits = np.array(logits, "float64")
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def said_by_hand(model, source, length):
    """Greedy tokens, scores and lengths: the step of the decoder called in a Python loop."""
    seen, step = model.encode(source), model.decoder.description
    constants = [seen["memory"], seen["mask"]] if step.constants is not None else []
    states = [
        seen["states"][name]
        if name in seen["states"]
        else np.zeros((len(source), like.shape[-1] or source.shape[1]), "float32")
        for name, like in zip(step.state_names, step.states, strict=True)
    ]
    token = np.full(len(source), START)
    tokens, scores = np.zeros((len(source), length), int), np.zeros(len(source))
    lengths, going = np.zeros(len(source), int), np.ones(len(source), bool)
    for t in range(length):
        given = [seen["x"], *constants, *states, token]
        logits, *states = step.model([keras.ops.convert_to_tensor(np.array(value)) for value in given])
        token = np.array(logits).argmax(axis=-1)
        scores += going * np.take_along_axis(log_softmax(logits), token[:, None], axis=-1)[:, 0]
        tokens[:, t] = np.where(going, token, 0)
        lengths += going
        going &= token != model.end_token
    return tokens, scores, lengths


@cache
def with_ends(kind):
    """A model whose end token is one that it says in the middle, its weights drawn until it has one."""
    model = made(kind)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        for weight in model.trainable_weights:
            weight.assign(rng.normal(size=weight.shape))
        model.end_token = None
        tokens = said_by_hand(model, SOURCE, LENGTH)[0]
        for token in set(tokens[:, 1:-1].ravel()) - set(tokens[:, 0]) - {0, START}:
            model.end_token = int(token)
            return model
    raise AssertionError("no token is said in the middle")


def scored(model, source, tokens, lengths):
    """The log-probability of each sequence with its true last tokens known."""
    log_p = log_softmax(model([source, tokens]))
    picked = np.take_along_axis(log_p, tokens[..., None], axis=-1)[..., 0]
    return (picked * (np.arange(tokens.shape[1]) < lengths[:, None])).sum(axis=1)


@each
def test_greedy_is_a_loop_in_python_over_the_decoder(kind):
    model = with_ends(kind)
    tokens, scores, lengths = said_by_hand(model, SOURCE, LENGTH)
    found = model.generate(SOURCE, LENGTH)
    np.testing.assert_array_equal(found.tokens, tokens)
    np.testing.assert_array_equal(found.lengths, lengths)
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)
    np.testing.assert_allclose(found.scores, scored(model, SOURCE, tokens, lengths), atol=1e-5)
    assert found.from_logits
    shorter = model.generate(SOURCE, 3)
    np.testing.assert_array_equal(shorter.tokens, tokens[:, :3])


@each
def test_the_scores_of_beams_are_those_of_known_targets(kind):
    model = with_ends(kind)
    found = model.generate(SOURCE, LENGTH, strategy="beam", beam_width=4)
    assert (np.diff(found.beam_scores, axis=1) <= 0).all()
    for k in range(4):
        beam = found.beams[:, k]
        expected = scored(model, SOURCE, beam, found.beam_lengths[:, k])
        np.testing.assert_allclose(found.beam_scores[:, k], expected, atol=1e-5)
        after = np.arange(LENGTH) >= found.beam_lengths[:, k, None]
        assert not beam[after].any()  # padding behind the end
    np.testing.assert_array_equal(found.tokens, found.beams[:, 0])
    greedy = model.generate(SOURCE, LENGTH)
    one = model.generate(SOURCE, LENGTH, strategy="beam", beam_width=1)
    np.testing.assert_array_equal(one.tokens, greedy.tokens)


def test_a_beam_as_wide_as_all_that_can_be_said_finds_the_likeliest():
    model = made("attention")
    found = model.generate(SOURCE, 2, strategy="beam", beam_width=100, forbidden=range(6, 10))
    every = np.array([(a, b if a != END else 0) for a in range(6) for b in range(6)])
    every = np.unique(every, axis=0)
    lengths = np.where(every[:, 0] == END, 1, 2)
    for b in range(3):
        one = np.repeat(SOURCE[b : b + 1], len(every), axis=0)
        scores = scored(model, one, every, lengths)
        np.testing.assert_array_equal(found.tokens[b], every[scores.argmax()])
        np.testing.assert_allclose(found.scores[b], scores.max(), atol=1e-5)


@each
@pytest.mark.parametrize("how", [{}, {"strategy": "beam", "beam_width": 3}], ids=["greedy", "beam"])
def test_padding_of_the_source_changes_nothing(kind, how):
    model = with_ends(kind)
    found = model.generate(SOURCE, LENGTH, **how)
    wide = model.generate(np.pad(SOURCE, ((0, 0), (0, 3))), LENGTH, **how)
    alone = model.generate(SOURCE[2:, :2], LENGTH, **how)
    for other, rows in ((wide, slice(None)), (alone, slice(2, 3))):
        np.testing.assert_array_equal(other.tokens, found.tokens[rows])
        np.testing.assert_allclose(other.scores, found.scores[rows], atol=1e-5)


def test_options_take_the_place_of_those_of_the_model():
    model = with_ends("state")
    free = model.generate(SOURCE, LENGTH, end_token=None)
    assert (free.lengths == LENGTH).all()
    logits = np.array(model(SOURCE, output_length=LENGTH))
    np.testing.assert_array_equal(free.tokens, logits.argmax(axis=-1))
    assert (model.generate(SOURCE, LENGTH, min_length=4).lengths > 4).all()
    padded = model.generate(SOURCE, LENGTH, pad_token=9)
    assert (padded.tokens[np.arange(LENGTH) >= padded.lengths[:, None]] == 9).all()
    drawn = [model.generate(SOURCE, LENGTH, strategy="sample", seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0].tokens, drawn[1].tokens)
    assert (drawn[0].tokens != drawn[2].tokens).any()
    np.testing.assert_allclose(
        drawn[0].scores, scored(model, SOURCE, drawn[0].tokens, drawn[0].lengths), atol=1e-5
    )
    prompted = model.generate(SOURCE, 3, warm_up=free.tokens[:, :2], end_token=None)
    np.testing.assert_array_equal(prompted.tokens, free.tokens[:, 2:5])


def test_vectors_are_fed_back_as_they_are():
    model = EncoderDecoder(6, cell=GRUCell, bidirectional=False)
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    check(lambda: model.generate(x, 4), ["(3, 5, 2)", "target"])
    model([x, np.zeros((3, 4, 3), "float32")])
    mask = SOURCE != 0
    found = model.generate(x, 4, source_mask=mask)
    assert found.values.shape == (3, 4, 3) and found.tokens is None
    np.testing.assert_allclose(found.values, model(x, output_length=4, source_mask=mask), atol=1e-5)
    broken = np.where(mask[..., None], x, 99.0)
    np.testing.assert_allclose(model.generate(broken, 4, source_mask=mask).values, found.values, atol=1e-5)
    late = model([x, found.values], source_mask=mask)
    np.testing.assert_allclose(late, found.values, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["attention", "peek", "state"])
def test_a_model_that_was_trained_says_the_right_answer(mode):
    """Three letters backwards; those of the test were not among those of the training."""
    letters = np.random.default_rng(0).permutation(list(itertools.product(range(3, 8), repeat=3)))
    answers = np.pad(letters[:, ::-1], ((0, 0), (0, 1)), constant_values=END)
    keras.utils.set_random_seed(0)
    model = EncoderDecoder(
        32, cell=GRUCell, source_tokens=8, target_tokens=8, embedding=16, mode=mode, end_token=END
    )
    model.compile(keras.optimizers.Adam(0.01))
    with switched(xla=False):
        model.fit(letters[15:], answers[15:], batch_size=22, epochs=60, verbose=0)
    for how in ({}, {"strategy": "beam", "beam_width": 3}):
        found = model.generate(letters, 6, **how)
        right = (found.tokens == np.pad(answers, ((0, 0), (0, 2)))).all(axis=1)
        assert right[15:].mean() > 0.98 and right[:15].mean() > 0.7
        assert (found.lengths[right] == 4).all()


PROGRAM = """
import sys, keras, numpy as np, rshop
data = np.load(sys.argv[1] + "/said.npz")
for kind in sys.argv[2:]:
    model = keras.saving.load_model(f"{sys.argv[1]}/{kind}.keras")
    for how in ("greedy", "beam"):
        found = model.generate(data["source"], 7, strategy=how)
        np.testing.assert_array_equal(found.tokens, data[f"{kind}/{how}"])
"""


@pytest.mark.slow
def test_a_model_that_was_loaded_in_a_fresh_process_says_the_same(tmp_path):
    said = {"source": SOURCE}
    names = [kind.replace(" ", "_") for kind in KINDS]
    for kind, name in zip(KINDS, names, strict=True):
        model = with_ends(kind)
        model.save(tmp_path / f"{name}.keras")
        for how in ("greedy", "beam"):
            said[f"{name}/{how}"] = model.generate(SOURCE, 7, strategy=how).tokens
    np.savez(tmp_path / "said.npz", **said)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), *names]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr


def test_a_decoder_of_your_own_says_itself_whether_it_returns_probabilities():
    first = made("state")
    model = EncoderDecoder(
        6, source_tokens=9, target_tokens=10, mode="state", cell=GRUCell, bidirectional=False,
        encoder=first.encoder, decoder=first.decoder, end_token=END,
    )  # fmt: skip
    seen = model.encode(SOURCE)
    expected = generate(
        first.decoder, 5, x=seen["x"], initial_state=seen["states"], end_token=END, pad_token=0,
        initial_readout=np.full(3, START),
    )  # fmt: skip
    np.testing.assert_array_equal(model.generate(SOURCE, 5).tokens, expected.tokens)


def test_every_option_of_generate_stands_in_the_signature():
    own = ["self", "source", "length", "source_mask"]
    shown = inspect.signature(EncoderDecoder.generate).parameters
    said = {"x", "mask", "constants", "constants_mask", "initial_state", "batch"}
    theirs = {name: p for name, p in inspect.signature(generate).parameters.items() if name not in said}
    assert list(shown) == [*own, *list(theirs)[2:]]
    assert all(shown[name].default == theirs[name].default for name in list(theirs)[2:])


@pytest.mark.parametrize("option", ["constants", "initial_state", "batch", "beams"])
def test_an_option_that_the_source_says_is_refused(option):
    with pytest.raises(TypeError, match=f"no option '{option}'.*Received: {option}=3.*beam_width.*Fix"):
        made("state").generate(SOURCE, 3, **{option: 3})
