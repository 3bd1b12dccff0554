"""Beam search, compared with every sequence that there is, and with a search in plain Python."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

from rshop import RecurrentModel, generate, stream
from tests.support.generation import KINDS, TOKENS, UNITS, forced_scores, scores_until, token_model

END = 2


def every_sequence(length, end, min_length=0, forbidden=()):
    """Each sequence of tokens that ends with the end token, or has this length."""
    found = set()
    for sequence in itertools.product(range(TOKENS), repeat=length):
        cut = sequence[: sequence.index(end) + 1] if end in sequence else sequence
        if not set(cut) & set(forbidden) and not (end in cut and len(cut) <= min_length):
            found.add(cut)
    return found


def norm(length, penalty):
    return ((5 + length) / 6) ** penalty


def searched(oracle, length, width, end, penalty):
    """Beam search with lists: `(tokens, score)`, best first."""
    beams = [((), 0.0, *oracle.first())]
    for _ in range(length):
        after = []
        for tokens, score, h, token in beams:
            if end in tokens:
                after.append((tokens, score, h, token))
                continue
            h, log_p = oracle.step(h, token)
            after += [((*tokens, k), score + log_p[k], h, k) for k in range(TOKENS)]
        after.sort(key=lambda beam: -beam[1] / norm(len(beam[0]), penalty))
        beams = after[:width]
    return [beam[:2] for beam in beams]


def unpadded(found, sample=0):
    pairs = zip(found.beams[sample], found.beam_lengths[sample], strict=True)
    return [tuple(tokens[:length].tolist()) for tokens, length in pairs]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_wide_enough_for_every_prefix_finds_what_brute_force_finds(kind, penalty):
    rnn, oracle = token_model(kind, seed=3)
    scores = {s: oracle.score(s) for s in every_sequence(4, END)}
    best = sorted(scores, key=lambda s: -scores[s] / norm(len(s), penalty))
    given = {"strategy": "beam", "beam_width": 160, "end_token": END, "length_penalty": penalty}
    found = generate(rnn, 4, **given)
    possible = np.isfinite(found.beam_scores[0])
    assert possible.sum() == len(best) < 160
    assert unpadded(found)[: len(best)] == best
    np.testing.assert_allclose(found.beam_scores[0][possible], [scores[s] for s in best], rtol=1e-5)
    assert found.tokens[0].tolist() == [*best[0], *[END] * (4 - len(best[0]))]


def test_what_is_forbidden_is_in_no_sequence_of_a_wide_beam():
    rnn, oracle = token_model(seed=3)
    limits = {"min_length": 2, "forbidden": [0]}
    scores = {s: oracle.score(s) for s in every_sequence(4, END, **limits)}
    found = generate(rnn, 4, strategy="beam", beam_width=160, end_token=END, **limits)
    count = np.isfinite(found.beam_scores[0]).sum()
    assert set(unpadded(found)[:count]) == set(scores)
    np.testing.assert_allclose(found.scores, [max(scores.values())], rtol=1e-5)


def test_what_is_forbidden_at_a_later_call_is_forbidden():
    rnn, _ = token_model(seed=3)
    options = {"strategy": "beam", "beam_width": 3, "end_token": END}
    free = generate(rnn, 6, forbidden=[], **options)
    first = int(np.asarray(free.tokens)[0, 0])
    assert first not in np.asarray(generate(rnn, 6, forbidden=[first], **options).tokens)


@pytest.mark.parametrize("width, penalty", [(2, 0.0), (3, 0.8), (5, 0.0), (5, 2.0)])
def test_a_narrow_beam_keeps_what_a_search_with_lists_keeps(width, penalty):
    for seed in (3, 7):
        rnn, oracle = token_model(seed=seed)
        expected = searched(oracle, 9, width, END, penalty)
        given = {"strategy": "beam", "beam_width": width, "end_token": END, "length_penalty": penalty}
        found = generate(rnn, 9, **given)
        assert unpadded(found) == [tokens for tokens, _ in expected]
        np.testing.assert_allclose(found.beam_scores[0], [score for _, score in expected], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_beam_of_one_is_greedy(kind):
    rnn, _ = token_model(kind, seed=7)
    states = np.random.default_rng(1).normal(size=(40, UNITS)).astype("float32")
    for limits in ({"end_token": END}, {"end_token": 1, "min_length": 3, "repetition_penalty": 1.6}):
        greedy = generate(rnn, 15, initial_state=states, **limits)
        beam = generate(rnn, 15, initial_state=states, strategy="beam", beam_width=1, **limits)
        np.testing.assert_array_equal(beam.tokens, greedy.tokens)
        np.testing.assert_array_equal(beam.scores, greedy.scores)
        np.testing.assert_array_equal(beam.lengths, greedy.lengths)


def test_each_sample_of_a_batch_is_searched_as_if_alone():
    rnn, _ = token_model(seed=7)
    states = np.random.default_rng(1).normal(size=(6, UNITS)).astype("float32")
    prompts = np.random.default_rng(2).integers(0, TOKENS, (6, 3))
    given = {"strategy": "beam", "beam_width": 3, "end_token": END, "repetition_penalty": 1.3}
    whole = generate(rnn, 10, initial_state=states, warm_up=prompts, **given)
    assert len({tuple(row) for row in whole.tokens.tolist()}) > 2
    for i in range(6):
        alone = generate(rnn, 10, initial_state=states[i : i + 1], warm_up=prompts[i], **given)
        np.testing.assert_array_equal(whole.beams[i], alone.beams[0])
        np.testing.assert_allclose(whole.beam_scores[i], alone.beam_scores[0], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_all_beams_are_those_of_teacher_forcing(kind):
    rnn, _ = token_model(kind, seed=7)
    given = {"strategy": "beam", "beam_width": 6, "end_token": END, "length_penalty": 0.6}
    found = generate(rnn, 12, batch=2, temperature=3.0, repetition_penalty=1.4, **given)
    for beam in range(6):
        log_p = forced_scores(rnn, found.beams[:, beam])
        again = scores_until(log_p, found.beam_lengths[:, beam])
        np.testing.assert_allclose(found.beam_scores[:, beam], again, rtol=1e-5)
    np.testing.assert_array_equal(found.scores, found.beam_scores[:, 0])


def test_a_sequence_that_has_ended_stays_as_it_is():
    stopped = []
    for seed, width in itertools.product((3, 7), (2, 5)):
        rnn, _ = token_model(seed=seed)
        found = generate(rnn, 40, strategy="beam", beam_width=width, end_token=END)
        tree = found.tree
        assert tree.ended.any()
        for t in range(1, tree.steps):
            for beam in range(width):
                parent = tree.parents[0, t, beam]
                if tree.ended[0, t - 1, parent]:
                    assert tree.ended[0, t, beam]
                    assert tree.scores[0, t, beam] == tree.scores[0, t - 1, parent]
                    assert tree.tokens[0, t, beam] == END
        for sequence in found.beams[0].tolist():
            assert set(sequence[sequence.index(END) :] if END in sequence else []) <= {END}
        assert tree.ended[0, -1].all() == (tree.steps < 40)
        assert not tree.ended[0, : tree.steps - 1].all(axis=-1).any()
        stopped.append(tree.steps < 40)
    assert any(stopped)


def test_the_tree_holds_every_beam_of_every_timestep():
    rnn, oracle = token_model(seed=3)
    tree = generate(rnn, 6, strategy="beam", beam_width=3, end_token=END).tree
    for t in range(tree.steps):
        expected = searched(oracle, t + 1, 3, END, 0.0)
        np.testing.assert_allclose(tree.scores[0, t], [score for _, score in expected], rtol=1e-5)
        assert tree.tokens[0, t].tolist() == [s[t] if len(s) > t else END for s, _ in expected]
        assert tree.ended[0, t].tolist() == [END in s for s, _ in expected]


def test_states_constants_and_masks_follow_their_beam():
    """A memory that is read with attention, a mask on it, and a state of rank 3."""
    keras.utils.set_random_seed(3)
    memory, r = keras.Input((5, UNITS)), keras.Input((TOKENS,))
    h, grid = keras.Input((UNITS,)), keras.Input((2, 3))
    after = layers.Dense(UNITS, activation="tanh", kernel_initializer="orthogonal")(
        layers.Concatenate()([layers.Dense(UNITS)(r), h, layers.Flatten()(grid)])
    )
    query = layers.Reshape((1, UNITS))(after)
    context = layers.Reshape((UNITS,))(layers.Attention()([query, memory]))
    y = layers.Dense(TOKENS, kernel_initializer="orthogonal")(layers.Add()([2.0 * context, after]))
    rnn = RecurrentModel(
        keras.Input((1,)),
        y,
        {"h": h, "grid": grid},
        {"h": after, "grid": layers.Reshape((2, 3))(after)},
        r,
        constants=memory,
        decode=True,
        output_length=5,
        teacher_force=True,
    )
    values = np.random.default_rng(0).normal(size=(3, 5, UNITS)).astype("float32")
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]], bool)
    given = {"strategy": "beam", "beam_width": 4, "constants": values, "constants_mask": mask}
    found = generate(rnn, 5, **given)
    x = np.zeros((3, 1), "float32")
    for beam in range(4):
        truth = np.eye(TOKENS, dtype="float32")[found.beams[:, beam]]
        y = rnn(x, ground_truth=truth, constants=values, constants_mask=mask, training=True)
        log_p = np.asarray(keras.ops.log_softmax(y))
        again = np.take_along_axis(log_p, found.beams[:, beam, :, None], axis=-1).sum((1, 2))
        np.testing.assert_allclose(found.beam_scores[:, beam], again, rtol=1e-5)
    spoiled = values.copy()
    spoiled[~mask] = 99.0
    again = generate(rnn, 5, **{**given, "constants": spoiled})
    np.testing.assert_array_equal(again.beams, found.beams)
    greedy = {"constants": spoiled, "constants_mask": mask, "tokens": True}
    streamed = np.stack(list(stream(rnn, 5, **greedy)), axis=1)
    np.testing.assert_array_equal(streamed, generate(rnn, 5, **{**greedy, "constants": values}).tokens)
