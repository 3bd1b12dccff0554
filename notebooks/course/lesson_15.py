"""Lesson 15, Choose the next letter: its predictions, its exercises and their answers."""

import itertools

import numpy as np

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import numbers, parts

register_prediction(
    "15.choice",
    {
        "top_k=2: the four probabilities": (0.625, 0.375, 0, 0),
        "top_p=0.9: how many letters can be drawn": 3,
        "temperature 0.5: the probability of the first letter": 0.685,
        "temperature 1000: the probability of the first letter": 0.25,
        "greedy in the table: the probability of both letters together": 0.33,
        "beam of width 2 in the table: the probability of both letters together": 0.36,
    },
    atol=0.006,
)
register_prediction(
    "15.race",
    {
        "beam of width 5 against greedy: the mean score is higher, lower or equal": "higher",
        "names by the beam against real ones: longer, shorter or as long": "shorter",
        "who writes more names that are in the training list, beam or samples": "beam",
        "a beam of 50 in place of 20: the mean score rises much or little": "little",
        "by letter, real unseen names against the beam's: likelier or less likely": "less likely",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def top_k(p, k):
    """The k likeliest of the probabilities p (n,), made to add up to 1; 0 for all others: (n,)."""
    kept = np.zeros_like(p)
    likeliest = np.argsort(-p)[:k]
    kept[likeliest] = p[likeliest]
    return kept / kept.sum()


def nucleus(p, top_p):
    """The fewest likeliest of the probabilities p (n,) that have at least top_p together, made to add up
    to 1; 0 for all others: (n,)."""
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]  # what the likelier ones have together
    kept = np.zeros_like(p)
    kept[order] = np.where(before < top_p, p[order], 0)
    return kept / kept.sum()


def scores(log_p, tokens, end):
    """The score of each sequence: log_p (batch, time, vocabulary), tokens (batch, time) -> (batch,).

    The token `end` ends a sequence and counts; what stands after it does not.
    """
    chosen = np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0]
    ends = tokens == end
    ended_before = np.cumsum(ends, axis=1) - ends > 0
    return np.where(ended_before, 0, chosen).sum(axis=1)


def grow(scores, log_p, width):
    """One timestep of a beam search, no beam has ended: scores (beams,), log_p (beams, vocabulary) ->
    (parents, tokens, scores), each (width,), best first: which beam goes on, with which token, and the new
    score."""
    longer = scores[:, None] + log_p
    best = np.argsort(-longer, axis=None)[:width]
    parents, tokens = np.unravel_index(best, longer.shape)
    return parents, tokens, longer[parents, tokens]


def likeliest(first, follows, length):
    """The likeliest sequence of all, exactly: first (n,), follows (n, n) -> tokens (length,).

    `first[k]` is the log-probability that a sequence begins with k, `follows[j, k]` that k comes after j.
    """
    best, came_from = first, []  # best[k]: the score of the likeliest sequence so far that ends with k
    for _ in range(length - 1):
        longer = best[:, None] + follows
        came_from.append(longer.argmax(axis=0))
        best = longer.max(axis=0)
    tokens = [best.argmax()]
    for parents in reversed(came_from):
        tokens.append(parents[tokens[-1]])
    return np.array(tokens[::-1])


def tempered(p, temperature):
    """The probabilities p (n,) at a temperature: (n,)."""
    powers = (p / p.max()) ** (1 / temperature)
    return powers / powers.sum()


# Plausible wrong answers.


def sum_below_one(p, k):
    return np.where(p >= np.sort(p)[-k], p, 0)


def equal_shares(p, k):
    return np.where(p >= np.sort(p)[-k], 1 / k, 0)


def the_first_k(p, k):
    kept = np.where(np.arange(len(p)) < k, p, 0)
    return kept / kept.sum()


def without_the_one_that_crosses(p, top_p):
    order = np.argsort(-p)
    kept = np.zeros_like(p)
    kept[order] = np.where(np.cumsum(p[order]) <= top_p, p[order], 0)
    return kept / max(kept.sum(), 1e-9)


def in_the_order_of_the_alphabet(p, top_p):
    kept = np.where(np.cumsum(p) - p < top_p, p, 0)
    return kept / kept.sum()


def nucleus_below_one(p, top_p):
    return np.where(nucleus(p, top_p) > 0, p, 0)


def all_timesteps(log_p, tokens, end):
    return np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0].sum(axis=1)


def without_the_end(log_p, tokens, end):
    chosen = np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0]
    return np.where(np.cumsum(tokens == end, axis=1) > 0, 0, chosen).sum(axis=1)


def mean_of_each(log_p, tokens, end):
    lengths = np.cumsum(np.cumsum(tokens == end, axis=1) == 0, axis=1).max(axis=1) + 1
    return scores(log_p, tokens, end) / lengths


def leaves_out_each_end(log_p, tokens, end):
    chosen = np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0]
    return np.where(tokens == end, 0, chosen).sum(axis=1)


def best_of_each_beam(scores, log_p, width):
    tokens = log_p.argmax(axis=1)
    longer = scores + log_p.max(axis=1)
    order = np.argsort(-longer)[:width]
    return order, tokens[order], longer[order]


def forgets_the_past(scores, log_p, width):
    parents, tokens, new = grow(0 * scores, log_p, width)
    return parents, tokens, scores[parents] + new


def worst_first(scores, log_p, width):
    return tuple(part[::-1] for part in grow(scores, log_p, width))


def rows_and_columns_swapped(scores, log_p, width):
    parents, tokens, new = grow(scores, log_p, width)
    return tokens, parents, new


def greedy_path(first, follows, length):
    tokens = [first.argmax()]
    while len(tokens) < length:
        tokens.append(follows[tokens[-1]].argmax())
    return np.array(tokens)


def likeliest_letters(first, follows, length):
    best, tokens = first, [first.argmax()]
    for _ in range(length - 1):
        best = (best[:, None] + follows).max(axis=0)
        tokens.append(best.argmax())
    return np.array(tokens)


def backwards_told(first, follows, length):
    return likeliest(first, follows, length)[::-1]


def beams_as_many_as_letters(first, follows, length):
    beams = [(score, [k]) for k, score in enumerate(first)]
    for _ in range(length - 1):
        longer = [(s + follows[told[-1], k], [*told, k]) for s, told in beams for k in range(len(first))]
        beams = sorted(longer, reverse=True)[: len(first)]
    return np.array(max(beams)[1])


def power_too_small(p, temperature):
    power = p ** (1 / temperature)
    return power / power.sum()


def still_divided(p, temperature):
    p = p / temperature
    return p / p.sum()


def colder_is_wilder(p, temperature):
    powers = p**temperature
    return powers / powers.sum()


def softmax_of_probabilities(p, temperature):
    powers = np.exp(p / temperature - p.max() / temperature)
    return powers / powers.sum()


# Checks: properties that every right answer has.


def _random(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def _log_p(*shape, seed=1):
    logits = 2 * _random(*shape, seed=seed)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def _check_shares(found, p):
    found = numbers(found)
    expect(found.shape == p.shape, f"The answer has the shape {found.shape}.")
    expect(np.isfinite(found).all(), "The answer has values that are no numbers.")
    expect(np.isclose(found.sum(), 1, atol=1e-6), f"The probabilities add up to {found.sum():.3g}.")
    return found


def check_top_k(answer):
    """k letters are left, the likeliest, in proportion."""
    for p, k in [([0.1, 0.5, 0.15, 0.25], 2), ([0.05, 0.2, 0.45, 0.3], 1), ([0.3, 0.1, 0.6], 3)]:
        p = np.array(p)
        found = _check_shares(answer(p, k), p)
        expect((found > 0).sum() == k, f"For k={k} there are {(found > 0).sum()} letters left.")
        others = p[found == 0]
        expect(p[found > 0].min() > max(others, default=0), "A likelier letter was dropped.")
        shares = found[found > 0] / p[found > 0]
        expect(
            np.allclose(shares, shares[0]), "Among the letters that are left the proportions have changed."
        )


def check_nucleus(answer):
    """Enough letters, and not one too many, the likeliest, in proportion."""
    p = np.array([0.05, 0.4, 0.25, 0.17, 0.13])
    for top_p, count in [(0.3, 1), (0.5, 2), (0.8, 3), (0.9, 4), (0.99, 5)]:
        found = _check_shares(answer(p, top_p), p)
        left = found > 0
        together = p[left].sum()
        expect(together >= top_p, f"For top_p={top_p} the letters left have {together:.2g} together.")
        expect(left.sum() == count, f"For top_p={top_p} fewer letters than {left.sum()} would do.")
        shares = found[left] / p[left]
        expect(
            np.allclose(shares, shares[0]), "Among the letters that are left the proportions have changed."
        )


def check_scores(answer):
    """Token by token up to the end, whichever token that is."""
    for seed, end in [(1, 0), (2, 3)]:
        log_p = _log_p(4, 5, 4, seed=seed)
        tokens = np.array([[1, 2, end, 1, end], [2, 1, 2, 1, 2], [end, 1, 1, 2, 1], [1, 1, 2, 2, end]])
        right = []
        for row, of_row in zip(log_p, tokens, strict=True):
            total = 0.0
            for t, token in enumerate(of_row):
                total += row[t, token]
                if token == end:
                    break
            right.append(total)
        found = numbers(answer(log_p, tokens, end))
        expect(found.shape == (4,), f"For a batch of 4 the answer has the shape {found.shape}.")
        for n, words in enumerate(("ends early", "never ends", "ends at once", "ends at the last timestep")):
            expect(
                np.isclose(found[n], right[n]),
                f"The score of a sequence that {words} differs: it is the sum up to its end.",
            )


def check_grow(answer):
    """All continuations of all beams, in one list."""
    cases = [(1, 4, 1), (3, 4, 3), (3, 5, 2), (2, 6, 4)]
    for seed, (beams, vocabulary, width) in enumerate(cases):
        so_far = np.sort(2 * _random(beams, seed=seed))[::-1] - 4
        log_p = _log_p(beams, vocabulary, seed=seed + 10)
        found = parts(answer(so_far, log_p, width), "parents", "tokens", "scores")
        told = (
            numbers(part, what) for part, what in zip(found, ("parents", "tokens", "scores"), strict=True)
        )
        parents, tokens, new = told
        shapes = {part.shape for part in (parents, tokens, new)}
        expect(shapes == {(width,)}, f"For the width {width} the shapes are {sorted(shapes)}.")
        listed = sorted((so_far[b] + log_p[b, k] for b, k in np.ndindex(log_p.shape)), reverse=True)
        expect(np.allclose(np.sort(new)[::-1], listed[:width]), "These are not the best scores of all.")
        expect(np.allclose(new, listed[:width]), "The best does not come first.")
        inside = (parents >= 0) & (parents < beams) & (tokens >= 0) & (tokens < vocabulary)
        expect(inside.all(), "A parent or a token is out of range.")
        again = so_far[parents.astype(int)] + log_p[parents.astype(int), tokens.astype(int)]
        expect(np.allclose(again, new), "The scores are not those of these parents and tokens.")


def check_likeliest(answer):
    """No other sequence is likelier: all of them are tried."""
    cases = [(2 + seed % 3, 1 + seed % 5, seed) for seed in range(24)]
    # In the others the likeliest sequence begins so badly that beams, even one more than letters, drop it.
    for n, length, seed in [*cases, (3, 6, 3), (3, 6, 217), (4, 6, 35), (4, 6, 125)]:
        first, follows = _log_p(n, seed=seed), _log_p(n, n, seed=seed + 50)

        def score(tokens, first=first, follows=follows):
            return first[tokens[0]] + sum(follows[j, k] for j, k in itertools.pairwise(tokens))

        found = numbers(answer(first, follows, length)).astype(int)
        expect(found.shape == (length,), f"For length {length} the answer has the shape {found.shape}.")
        expect(((found >= 0) & (found < n)).all(), "A token is out of range.")
        most = max(score(tokens) for tokens in itertools.product(range(n), repeat=length))
        expect(np.isclose(score(found), most), f"Of {n**length} sequences another one is likelier.")


def check_tempered(answer):
    """As it is at 1, and between two letters the ratio to the power of one by the temperature."""
    p = np.array([0.06, 0.45, 0.3, 0.19])
    expect(np.allclose(_check_shares(answer(p, 1.0), p), p), "At temperature 1 they are not as they were.")
    for temperature in (0.5, 2.0, 4.0):
        found = _check_shares(answer(p, temperature), p)
        expect(not np.allclose(found, p), f"At temperature {temperature:g} they are as they were.")
        ratio = (found[1] / found[0], 7.5 ** (1 / temperature))
        words = f"At temperature {temperature:g} one letter is {ratio[0]:.3g} times as likely as another, not"
        expect(np.isclose(*ratio), f"{words} {ratio[1]:.3g}.")
    rare = np.array([0.0, 0.7, 0.2, 0.1])
    with np.errstate(all="ignore"):  # log(0) is right there
        warm, cold = (_check_shares(answer(*given), p) for given in ((rare, 2.0), (p, 0.001)))
    expect(warm[0] == 0, "What cannot be drawn can be drawn now.")
    expect(cold[1] > 0.999, "At temperature 0.001 the likeliest letter is not as good as certain.")


register_exercise(
    "15.top_k",
    top_k,
    check_top_k,
    hints=[
        "np.argsort(-p) has the numbers of the letters, the likeliest first.",
        "Begin with np.zeros_like(p), copy what is kept into it, and divide by the sum.",
    ],
    wrong=[sum_below_one, equal_shares, the_first_k],
)
register_exercise(
    "15.nucleus",
    nucleus,
    check_nucleus,
    hints=[
        "Sort first: order = np.argsort(-p). np.cumsum(p[order]) is what the likeliest have together.",
        "The letter that crosses top_p belongs to it: keep a letter if those before it have less than top_p.",
        "Put them back in their places with kept[order] = ..., and divide by the sum.",
    ],
    wrong=[without_the_one_that_crosses, in_the_order_of_the_alphabet, nucleus_below_one],
)
register_exercise(
    "15.scores",
    scores,
    check_scores,
    hints=[
        "np.take_along_axis(log_p, tokens[:, :, None], axis=2) picks the log-probability of each token.",
        "np.cumsum(tokens == end, axis=1) counts the ends so far. The first of them counts in the score.",
    ],
    wrong=[all_timesteps, without_the_end, mean_of_each, leaves_out_each_end],
)
register_exercise(
    "15.grow",
    grow,
    check_grow,
    hints=[
        "Every beam with every token: scores[:, None] + log_p, an array (beams, vocabulary).",
        "np.argsort(-longer, axis=None) sorts all of them in one list; take the first `width`.",
        "np.unravel_index(best, longer.shape) says in which row and which column each of them stands.",
    ],
    wrong=[best_of_each_beam, forgets_the_past, worst_first, rows_and_columns_swapped],
)
register_exercise(
    "15.likeliest",
    likeliest,
    check_likeliest,
    hints=[
        "Of all sequences that end with the same letter only the best one can still win: what comes after "
        "depends on that letter alone. So n beams are enough, one for each last letter.",
        "best[:, None] + follows has a row for the last letter and a column for the next one. Its maximum "
        "over the rows is the new `best`, its argmax says where each came from.",
        "Keep those argmax at each timestep. Begin at the end, with best.argmax(), and walk back.",
    ],
    wrong=[greedy_path, likeliest_letters, backwards_told, beams_as_many_as_letters],
)
register_exercise(
    "15.bug",
    tempered,
    check_tempered,
    hints=[
        "Divide 0.6 and 0.3 by 2, and then both by their sum. What has become of the temperature?",
        "It divides the logarithms: exp(log(p) / temperature) is p ** (1 / temperature).",
        "0.4 ** 1000 is 0 for a computer. Divide p by its largest value first: the power of that is 1.",
    ],
    wrong=[still_divided, colder_is_wilder, softmax_of_probabilities, power_too_small],
)
