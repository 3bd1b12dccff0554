"""Tokens that are likeliest or drawn: compared with a loop in NumPy, and scored again by teacher forcing."""

import gc
import itertools
import time
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from rshop import RecurrentModel, RecurrentSequential, generate, stream
from tests.support.generation import (
    KINDS,
    TOKENS,
    UNITS,
    forced_scores,
    new_token_model,
    scores_until,
    token_model,
)

EACH_KIND = pytest.mark.parametrize("kind", KINDS)


def limited(log_p, *, seen=(), forbidden=(), penalty=1.0, temperature=1.0, top_k=None, top_p=None):
    """Probabilities to draw from, written after the papers: one sample, one token at a time."""
    shaped = np.array([p * (penalty if token in seen else 1) for token, p in enumerate(log_p)])
    shaped[list(forbidden)] = -np.inf
    p = np.exp((shaped - shaped.max()) / temperature)
    order = sorted(range(len(p)), key=lambda token: -p[token])
    kept = order[: top_k or len(p)]
    p = np.array([p[token] if token in kept else 0.0 for token in range(len(p))])
    p /= p.sum()
    if top_p is not None:
        nucleus, total = [], 0.0
        for token in order:
            if total >= top_p:
                break
            nucleus, total = [*nucleus, token], total + p[token]
        p = np.array([p[token] if token in nucleus else 0.0 for token in range(len(p))])
    return p / p.sum()


def drawn_by_hand(oracle, numbers, *, end=None, min_length=0, forbidden=(), prompt=(), **limits):
    """A sequence drawn with these uniform numbers; `numbers=None` takes the likeliest tokens."""
    h, token = oracle.first()
    for following in prompt:
        h, _ = oracle.step(h, token)
        token = following
    found, score = [], 0.0
    for t, u in enumerate(numbers):
        h, log_p = oracle.step(h, token)
        out = {*forbidden, *([end] if end is not None and t < min_length else [])}
        p = limited(log_p, seen=[*prompt, *found], forbidden=out, **limits)
        token = int(np.argmax(p)) if u is None else int(np.searchsorted(np.cumsum(p), u, side="right"))
        found, score = [*found, token], score + log_p[token]
        if token == end:
            break
    return found, score


@EACH_KIND
@pytest.mark.parametrize("end", [None, 1])
def test_greedy_takes_the_likeliest_token_at_each_timestep(kind, end):
    for seed in (3, 7):
        rnn, oracle = token_model(kind, seed)
        tokens, score = drawn_by_hand(oracle, [None] * 9, end=end)
        found = generate(rnn, 9, end_token=end, tokens=True)
        assert found.tokens[0].tolist() == tokens + [end] * (9 - len(tokens))
        np.testing.assert_allclose(found.scores, [score], rtol=1e-5)
        assert found.lengths.tolist() == [len(tokens)]
        assert found.from_logits == kind.endswith("logits")


OPTIONS = {
    "plain": {},
    "cold": {"temperature": 0.3},
    "hot": {"temperature": 3.0},
    "top_k": {"top_k": 2},
    "top_p": {"top_p": 0.7},
    "top_k, top_p, cold": {"top_k": 3, "top_p": 0.8, "temperature": 0.6},
    "forbidden": {"forbidden": [2]},
    "repetition": {"penalty": 1.7},
    "repetition allowed": {"penalty": 0.5, "forbidden": [0]},
    "end": {"end": 3},
    "end, not soon": {"end": 3, "min_length": 4},
    "all": {"end": 0, "min_length": 2, "forbidden": [1], "penalty": 1.4, "top_p": 0.9, "temperature": 1.3},
}
NAMES = {"penalty": "repetition_penalty", "end": "end_token"}


CASES = [(case, KINDS[0], ()) for case in OPTIONS]
CASES += [("all", kind, prompt) for kind in KINDS for prompt in [(1,), (2, 0, 1, 1, 3)]]


@pytest.mark.parametrize("case, kind, prompt", CASES)
def test_a_sample_is_the_token_whose_cumulative_probability_passes_the_number_drawn(kind, case, prompt):
    limits = OPTIONS[case]
    rnn, oracle = token_model(kind, seed=3)
    numbers = np.random.default_rng(11).random((8, 3))
    expected = [drawn_by_hand(oracle, numbers[:, i], prompt=prompt, **limits) for i in range(3)]
    given = {NAMES.get(name, name): value for name, value in limits.items()}
    given |= {"strategy": "sample", "seed": 11, "batch": 3, "warm_up": list(prompt) or None}
    found = generate(rnn, 8, **given)
    pad = limits.get("end", 0)
    assert found.tokens.tolist() == [tokens + [pad] * (8 - len(tokens)) for tokens, _ in expected]
    assert found.lengths.tolist() == [len(tokens) for tokens, _ in expected]
    np.testing.assert_allclose(found.scores, [score for _, score in expected], rtol=1e-5)
    steps = found.lengths.max()
    np.testing.assert_array_equal(np.stack(list(stream(rnn, 8, **given)), axis=1), found.tokens[:, :steps])


def test_samples_come_as_often_as_their_probability_at_this_temperature():
    rnn, oracle = token_model(seed=3)
    _, log_p = oracle.step(*oracle.first())
    p = np.exp(log_p / 0.5) / np.exp(log_p / 0.5).sum()
    found = generate(rnn, 1, strategy="sample", temperature=0.5, batch=40_000, seed=2)
    often = np.bincount(found.tokens[:, 0], minlength=TOKENS) / 40_000
    # Four standard deviations of a share.
    assert (np.abs(often - p) < 4 * np.sqrt(p * (1 - p) / 40_000)).all()


@EACH_KIND
@pytest.mark.parametrize("strategy", ["greedy", "sample"])
def test_scores_are_those_of_teacher_forcing_the_tokens(kind, strategy):
    rnn, _ = token_model(kind, seed=7)
    states = np.random.default_rng(0).normal(size=(5, UNITS)).astype("float32")
    options = {"strategy": strategy, "end_token": 2, "temperature": 1.8, "repetition_penalty": 1.2, "seed": 1}
    found = generate(rnn, 12, initial_state=states, **options)
    assert found.lengths.min() < 12
    again = scores_until(forced_scores(rnn, found.tokens, initial_state=states), found.lengths)
    np.testing.assert_allclose(found.scores, again, rtol=1e-5)


def test_a_first_token_is_given_as_its_number():
    for kind in KINDS:
        rnn, oracle = token_model(kind, seed=3)
        for given, tokens in ((2, [2]), (np.array([1, 3, 3, 0, 2]), [1, 3, 3, 0, 2])):
            found = generate(rnn, 5, initial_readout=given, batch=len(tokens), tokens=True)
            for i, token in enumerate(tokens):
                h, expected = np.zeros(UNITS), []
                for _ in range(5):
                    h, log_p = oracle.step(h, token)
                    token = int(np.argmax(log_p))
                    expected.append(token)
                assert found.tokens[i].tolist() == expected


def test_each_sample_has_its_own_prompt():
    rnn, oracle = token_model(seed=3)
    prompts = np.array([[0, 1, 2], [3, 3, 3]])
    found = generate(rnn, 6, warm_up=prompts)
    expected = [drawn_by_hand(oracle, [None] * 6, prompt=prompt)[0] for prompt in prompts.tolist()]
    assert found.tokens.tolist() == expected


def test_generation_stops_when_all_have_ended():
    rnn, _ = token_model(seed=3)
    generate(rnn, 10, end_token=1, strategy="sample", batch=8, seed=0)
    begin = time.perf_counter()
    found = generate(rnn, 300_000, end_token=1, strategy="sample", batch=8, seed=0)
    # A tenth of a millisecond for each timestep would be thirty seconds.
    assert time.perf_counter() - begin < 10
    assert found.lengths.max() < 1000
    assert (found.tokens[:, 1000:] == 1).all()


def test_the_pad_token_stands_after_the_end():
    rnn, _ = token_model(seed=3)
    ends = generate(rnn, 20, end_token=1, strategy="sample", batch=8, seed=0)
    found = generate(rnn, 20, end_token=1, pad_token=3, strategy="sample", batch=8, seed=0)
    for tokens, expected, length in zip(found.tokens, ends.tokens, ends.lengths, strict=True):
        assert tokens[:length].tolist() == expected[:length].tolist()
        assert tokens[length - 1] == 1 or length == 20
        assert (tokens[length:] == 3).all()


def test_a_seed_gives_the_same_tokens_and_another_gives_others():
    rnn, _ = token_model(seed=3)
    first, again, other = (
        generate(rnn, 30, strategy="sample", seed=seed, batch=3).tokens for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    longer = generate(rnn, 45, strategy="sample", seed=5, batch=3).tokens
    np.testing.assert_array_equal(longer[:, :30], first)


def test_without_a_seed_that_of_keras_counts():
    rnn, _ = token_model(seed=3)
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        found.append([generate(rnn, 30, strategy="sample").tokens for _ in range(2)])
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0][0] != found[2][0]).any() and (found[0][0] != found[0][1]).any()


def test_a_limit_that_leaves_out_no_token_changes_nothing():
    rnn, _ = token_model(seed=3)
    plain = generate(rnn, 30, strategy="sample", seed=5, batch=3).tokens
    for limit in ({"top_k": TOKENS}, {"top_k": 99}, {"top_p": 1.0}, {"top_p": 1 - 1e-12}, {"forbidden": []}):
        np.testing.assert_array_equal(
            generate(rnn, 30, strategy="sample", seed=5, batch=3, **limit).tokens, plain
        )
    cold = generate(rnn, 30, strategy="sample", seed=5, temperature=1e-6).tokens
    np.testing.assert_array_equal(cold, generate(rnn, 30, tokens=True).tokens)
    np.testing.assert_array_equal(generate(rnn, 30, strategy="sample", top_k=1).tokens, cold)


class Counting(layers.Layer):
    """Counts how often it is called, which in a graph is how often it is traced."""

    calls = 0

    def call(self, x):
        Counting.calls += 1
        return x * 1.0


def counting_model():
    x, r, h = keras.Input((1,)), keras.Input((TOKENS,)), keras.Input((UNITS,))
    n = layers.Dense(UNITS, activation="tanh")(layers.Concatenate()([r, h]))
    y = layers.Dense(TOKENS)(Counting()(n))
    return RecurrentModel(x, y, h, n, r, decode=True, output_length=3)


def test_the_same_options_are_traced_once():
    keras.utils.set_random_seed(0)
    rnn = counting_model()
    options = [
        {"strategy": "greedy", "end_token": 0},
        {"strategy": "sample", "temperature": 0.7, "top_p": 0.9},
        {"strategy": "beam", "end_token": 0, "length_penalty": 0.3},
    ]
    for given in options:
        generate(rnn, 20, seed=0, **given)
    before = Counting.calls
    changes = ({}, {"seed": 3}, {"temperature": 1.3}, {"length_penalty": 0.6})
    for given, change in itertools.product(options, changes):
        generate(rnn, 20, **{**given, **change})
    assert Counting.calls == before
    for given in options:  # one token more or less is no other graph either
        generate(rnn, 19, **given)
    assert Counting.calls == before
    rnn.set_weights([w * 1.5 for w in rnn.get_weights()])
    changed = generate(rnn, 20, **options[0])
    other = counting_model()
    other.build((None, 1))
    other.set_weights(rnn.get_weights())
    np.testing.assert_array_equal(changed.tokens, generate(other, 20, **options[0]).tokens)


def test_one_program_is_kept_for_a_layer_as_long_as_the_layer_lives():
    rnn, _ = new_token_model(seed=3)
    generate(rnn, 4, tokens=True)
    gone = weakref.ref(rnn)
    del rnn
    gc.collect()
    assert gone() is None


def test_a_stack_reads_its_last_token_as_a_one_hot():
    keras.utils.set_random_seed(4)
    rnn = RecurrentSequential(readout="readout_only", decode=True, output_length=6, teacher_force=True)
    rnn.add(layers.LSTMCell(5))
    rnn.add(layers.Dense(TOKENS, kernel_initializer="orthogonal"))
    x = np.zeros((1, 1), "float32")
    rnn(x)
    found = generate(rnn, 6, tokens=True)
    np.testing.assert_allclose(found.scores, [forced_scores(rnn, found.tokens).sum()], rtol=1e-5)
    truth = np.eye(TOKENS, dtype="float32")[found.tokens]
    y = np.asarray(rnn(x, ground_truth=truth, training=True))
    np.testing.assert_array_equal(y.argmax(-1), found.tokens)


def test_outputs_in_16_bits_are_scored_as_they_are():
    keras.utils.set_random_seed(4)
    for policy in ("mixed_bfloat16", "float64"):
        rnn = RecurrentSequential(readout="readout_only", decode=True, output_length=6, dtype=policy)
        rnn.add(layers.LSTMCell(5, dtype=policy))
        rnn.add(layers.Dense(TOKENS, activation="softmax", dtype=policy))
        rnn(np.zeros((2, 1)))
        found = generate(rnn, 6, batch=2, strategy="sample", seed=0)
        assert found.from_logits is False
        assert (found.scores < 0).all() and np.isfinite(found.scores).all()
        np.testing.assert_array_equal(
            np.stack(list(stream(rnn, 6, batch=2, strategy="sample", seed=0)), 1), found.tokens
        )
