"""Lesson 14, Look back while you write: its predictions, its exercises and their answers."""

import numpy as np

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction

register_prediction(
    "14.look",
    {
        "three places, equal scores: the weights": (0.333, 0.333, 0.333),
        "the same, the third place is padding: the weights": (0.5, 0.5, 0),
        "the last weights, and a memory of 2, 4 and 9: the context": 3,
        "x of shape (2, 7, 3), memory of shape (2, 50, 8): shape of the weights": (2, 7, 50),
        "the places of a memory are shuffled: a look by dot products gives another context": "no",
    },
    atol=0.006,
)
register_prediction(
    "14.waiter",
    {
        "eight dishes: which waiter gets more orders right, head or pad": "pad",
        "one or two dishes: the head alone gets most of them right": "yes",
        "twelve dishes, more than in training: the pad gets many, half or few right": "few",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def seen(weights, memory):
    """The context of one look: weights (batch, places), memory (batch, places, n) -> (batch, n)."""
    return np.einsum("bp,bpn->bn", weights, memory)


def additive_scores(query, memory, W, U, v):
    """Scores of additive attention: query (batch, q), memory (batch, places, m), W (q, units), U (m, units),
    v (units,) -> (batch, places)."""
    hidden = np.tanh((query @ W)[:, None] + memory @ U)
    return hidden @ v


def all_at_once(queries, memory):
    """Every look at once, without a loop: queries (batch, time, n), memory (batch, places, n) ->
    contexts (batch, time, n). Scores are dot products divided by the root of n."""
    scores = queries @ memory.transpose(0, 2, 1) / np.sqrt(queries.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ memory


def head_weights(query, memory, heads):
    """Weights of several heads: query (batch, n), memory (batch, places, n) -> (batch, heads, places).

    Head 0 compares the first n / heads features of both, head 1 the next ones, and so on, by dot
    products divided by the root of n / heads.
    """
    batch, places, n = memory.shape
    q = query.reshape(batch, heads, n // heads)
    m = memory.reshape(batch, places, heads, n // heads)
    scores = np.einsum("bhk,bphk->bhp", q, m) / np.sqrt(n // heads)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def look_rows(scores, valid):
    """Weights of scores (batch, time, places), valid (batch, places) of True and False -> the same shape as
    scores. Each timestep shares out 1 among the valid places. Each sample has a valid place."""
    scores = np.where(valid[:, None], scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    return weights / weights.sum(axis=2, keepdims=True)


# Plausible wrong answers.


def mean_of_the_memory(weights, memory):
    return memory.mean(axis=1)


def largest_only(weights, memory):
    return memory[np.arange(len(memory)), weights.argmax(axis=1)]


def divided_by_the_places(weights, memory):
    return (weights[:, :, None] * memory).mean(axis=1)


def without_tanh(query, memory, W, U, v):
    return ((query @ W)[:, None] + memory @ U) @ v


def tanh_of_each(query, memory, W, U, v):
    return (np.tanh(query @ W)[:, None] + np.tanh(memory @ U)) @ v


def without_the_query(query, memory, W, U, v):
    return np.tanh(memory @ U) @ v


def _softmax(scores, axis=-1):
    weights = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def without_the_root(queries, memory):
    return _softmax(queries @ memory.transpose(0, 2, 1)) @ memory


def over_the_queries(queries, memory):
    scores = queries @ memory.transpose(0, 2, 1) / np.sqrt(queries.shape[-1])
    return _softmax(scores, axis=1) @ memory


def weights_alone(queries, memory):
    return _softmax(queries @ memory.transpose(0, 2, 1) / np.sqrt(queries.shape[-1]))


def root_of_all_features(query, memory, heads):
    return head_weights(query / np.sqrt(heads), memory, heads)


def interleaved(query, memory, heads):
    batch, places, n = memory.shape
    q, m = query.reshape(batch, -1, heads), memory.reshape(batch, places, -1, heads)
    return _softmax(np.einsum("bkh,bpkh->bhp", q, m) / np.sqrt(n // heads))


def clipped(queries, memory):
    scores = np.clip(queries @ memory.transpose(0, 2, 1) / queries.shape[-1] ** 0.5, -50, 50)
    return _softmax(scores) @ memory


def largest_of_all_taken_away(queries, memory):
    scores = queries @ memory.transpose(0, 2, 1) / queries.shape[-1] ** 0.5
    powers = np.exp(scores - scores.max())
    return powers / (powers.sum(axis=-1, keepdims=True) + 1e-9) @ memory


def one_head_for_all(query, memory, heads):
    weights = head_weights(query, memory, 1)
    return np.repeat(weights, heads, axis=1)


def still_over_the_timesteps(scores, valid):
    weights = np.exp(scores - scores.max()) * valid[:, None]
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)


def without_the_mask(scores, valid):
    return _softmax(scores)


def masked_after_the_sum(scores, valid):
    return _softmax(scores) * valid[:, None]


# Checks: properties that every right answer has, on random numbers.


def _numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def _same(answer, right, words):
    answer = np.asarray(answer)
    expect(answer.shape == right.shape, f"The answer has the shape {answer.shape}.")
    expect(np.allclose(answer, right, atol=1e-4), words)


def _shares(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def check_seen(answer):
    """The sum of rows, each times its weight."""
    for places, n in [(3, 2), (5, 4)]:
        weights, memory = _shares(_numbers(6, places)), _numbers(6, places, n, seed=2)
        right = sum(weights[:, p, None] * memory[:, p] for p in range(places))
        _same(answer(weights, memory), right, "It is not the sum of the rows, each times its weight.")


def check_additive_scores(answer):
    """Place by place, a hidden layer of query and row."""
    for places, q, m, units in [(3, 2, 4, 5), (4, 3, 3, 2)]:
        query, memory = _numbers(6, q), _numbers(6, places, m, seed=2)
        W, U, v = _numbers(q, units, seed=3), _numbers(m, units, seed=4), _numbers(units, seed=5)
        rows = [np.tanh(query @ W + memory[:, p] @ U) @ v for p in range(places)]
        right = np.stack(rows, axis=1)
        _same(answer(query, memory, W, U, v), right, "The scores are not v . tanh(query W + memory U).")


def check_all_at_once(answer):
    """The same as one look after another, and for large scores."""
    for time, places, n in [(2, 3, 4), (5, 2, 3)]:
        queries, memory = _numbers(4, time, n), _numbers(4, places, n, seed=2)
        contexts = []
        for t in range(time):
            scores = (memory * queries[:, t, None]).sum(axis=2) / n**0.5
            contexts.append((_shares(scores)[:, :, None] * memory).sum(axis=1))
        right = np.stack(contexts, axis=1)
        _same(answer(queries, memory), right, "It differs from one look after another.")
    with np.errstate(over="ignore", invalid="ignore"):
        large = np.asarray(answer(1e4 * queries, memory))
    expect(np.isfinite(large).all(), "Large scores make contexts that are no numbers.")
    # So far apart, the largest score of each row has it all.
    largest = np.einsum("btn,bpn->btp", queries, memory).argmax(axis=2)
    right = np.take_along_axis(memory, largest[:, :, None], axis=1)
    _same(large, right, "For large scores the context is not the row with the largest score.")


def check_head_weights(answer):
    """Head by head, on its own share of the features."""
    for heads, size, places in [(2, 3, 4), (3, 2, 5), (1, 4, 2)]:
        query, memory = _numbers(5, heads * size), _numbers(5, places, heads * size, seed=2)
        rows = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            rows.append(_shares((memory[:, :, part] * query[:, None, part]).sum(axis=2) / size**0.5))
        right = np.stack(rows, axis=1)
        told = f"With {heads} heads the weights differ. Look again at head 0's features, and at the root."
        _same(answer(query, memory, heads), right, told)


def check_look_rows(answer):
    """Each timestep has 1 to share out, among valid places alone."""
    scores = 2 * _numbers(4, 3, 5)
    valid = np.arange(5) < np.array([[5], [2], [4], [1]])
    weights = np.asarray(answer(scores, valid))
    expect(weights.shape == scores.shape, f"The answer has the shape {weights.shape}.")
    expect(np.allclose(weights.sum(axis=2), 1, atol=1e-5), "The weights of a timestep do not add up to 1.")
    padding = weights * ~valid[:, None]
    expect(np.abs(padding).max() < 1e-6, "A place of padding has a weight.")
    expect(np.allclose(weights[0], _shares(scores[0]), atol=1e-4), "The weights do not follow the scores.")


register_exercise(
    "14.seen",
    seen,
    check_seen,
    hints=[
        "Each row of the memory counts as much as its weight says. Multiply, then add up over the places.",
        "weights[:, :, None] has an axis of size 1 for the features, and so fits the memory.",
    ],
    wrong=[mean_of_the_memory, largest_only, divided_by_the_places],
)
register_exercise(
    "14.additive",
    additive_scores,
    check_additive_scores,
    hints=[
        "query @ W has the shape (batch, units), memory @ U the shape (batch, places, units).",
        "An axis for the places: (query @ W)[:, None]. Add first, then tanh, then the product with v.",
    ],
    wrong=[without_tanh, tanh_of_each, without_the_query],
)
register_exercise(
    "14.at_once",
    all_at_once,
    check_all_at_once,
    hints=[
        "All scores are one product of matrices for each sample: (time, n) times (n, places).",
        "memory.transpose(0, 2, 1) is (batch, n, places). The softmax is over the last axis, the places.",
        "exp of a large number is too large: take the largest score of each row away first.",
    ],
    wrong=[without_the_root, over_the_queries, weights_alone, clipped, largest_of_all_taken_away],
)
register_exercise(
    "14.heads",
    head_weights,
    check_head_weights,
    hints=[
        "Cut both into heads: query.reshape(batch, heads, n // heads), and the memory likewise.",
        "One sum does all heads: np.einsum with h for the head on both sides, and k summed away.",
        "The root is that of the size of one head. The softmax is over the places, the last axis.",
    ],
    wrong=[root_of_all_features, interleaved, one_head_for_all],
)
register_exercise(
    "14.bug",
    look_rows,
    check_look_rows,
    hints=[
        "Add up the weights along each axis. Which sums are 1, and which should be?",
        "A timestep shares out its look among the places: the sum is over axis 2. Padding first: a score of "
        "minus infinity has the weight 0.",
    ],
    wrong=[still_over_the_timesteps, without_the_mask, masked_after_the_sum],
)
