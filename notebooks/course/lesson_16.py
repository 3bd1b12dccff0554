"""Lesson 16, Read a text character by character: its predictions, its exercises and their answers."""

import numpy as np

from .exercises import register_exercise
from .outcome import expect, kind_of
from .predictions import register_prediction
from .properties import numbers

register_prediction(
    "16.perplexity",
    {
        "always sure of the right character: the perplexity": 1,
        "26 letters, all equally likely: the perplexity": 26,
        "perplexity 8: bits per character": 3,
        "two characters, probabilities 1/2 and 1/8: the perplexity": 4,
        "one character of a thousand gets the probability 0: perplexity finite or infinite": "infinite",
    },
    atol=0.06,
)
register_prediction(
    "16.carry",
    {
        "reset at each window: is the loss larger at its start, at its end, or everywhere": "start",
        "trained with resets: does it read better or worse with carried states than with resets": "better",
        "the window before is another one: do the outputs of this window change": "yes",
        "and does a gradient of this window's loss reach the timesteps of the window before": "no",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def perplexity(p):
    """The perplexity of a text: p (characters,), the probability that the model gave to each right one."""
    return np.exp(-np.log(p).mean())


def mixed_perplexity(training, held_out, size, share):
    """The perplexity of mixed frequencies on held_out. Texts are whole numbers from 0 to size - 1.

    The first character of held_out is given, and is not counted. The probability of each other one is share
    times its frequency after the character before it, plus 1 - share times its frequency anywhere, both
    counted in training. Frequencies anywhere are counted from 1 on; those of pairs are not, and are all 0
    after a character that nothing follows.
    """
    singles, pairs = np.ones(size), np.zeros((size, size))
    np.add.at(singles, training, 1)
    np.add.at(pairs, (training[:-1], training[1:]), 1)
    after = pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1)
    p = share * after + (1 - share) * singles / singles.sum()
    return np.exp(-np.log(p[held_out[:-1], held_out[1:]]).mean())


def probe(states, values):
    """How well all units together tell a property: states (characters, units), values (characters,) -> r.

    The best linear function of the states, and a constant, is fitted to the values on the first half of the
    text. r is the correlation of what it says with the values on the second half.
    """
    half = len(values) // 2
    seen = np.column_stack([states, np.ones(len(states))])
    fitted = np.linalg.lstsq(seen[:half], values[:half])[0]
    return np.corrcoef(seen[half:] @ fitted, values[half:])[0, 1]


def cut_gradient(a, x, length):
    """The derivative of the sum of all h_t with respect to a: x (time,) -> a number.

    h_t = a h_tm1 + x_t, h_-1 = 0.

    By truncated backpropagation: each window of `length` timesteps begins with the h that the last one
    ended with, and takes it for a number that does not depend on a.
    """
    h, dh, total = 0.0, 0.0, 0.0
    for t, x_t in enumerate(x):
        dh = 0.0 if t % length == 0 else dh  # of h_tm1 by a
        h, dh = a * h + x_t, h + a * dh
        total += dh
    return total


def shuffled_rows(pieces, rows, seed):
    """An order (pieces * rows,) to read windows in, so that rows are shuffled and carried states stay right.

    Before it, window k * rows + r is piece k of row r. After it, batch k still has piece k of all rows, and a
    row that is at some place in one batch is there in all of them: a carried state meets its own row.
    """
    places = np.random.default_rng(seed).permutation(rows)
    return (np.arange(pieces)[:, None] * rows + places).reshape(-1)


# Plausible wrong answers.


def one_by_the_product(p):
    return 1 / np.prod(p) ** (1 / len(p))


def one_by_the_mean(p):
    return 1 / np.mean(p)


def mean_of_the_inverse(p):
    return np.mean(1 / np.asarray(p))


def bits_and_nats_mixed(p):
    return 2 ** -np.log(p).mean()


def counted_where_it_is_tested(training, held_out, size, share):
    return mixed_perplexity(held_out, held_out, size, share)


def shares_swapped(training, held_out, size, share):
    return mixed_perplexity(training, held_out, size, 1 - share)


def before_in_place_of_after(training, held_out, size, share):
    return mixed_perplexity(training[::-1], held_out, size, share)


def surprises_mixed(training, held_out, size, share):
    with np.errstate(divide="ignore"):
        both = [np.log(mixed_perplexity(training, held_out, size, one)) for one in (1.0, 0.0)]
    return np.exp(share * both[0] + (1 - share) * both[1]) if share < 1 else np.exp(both[0])


def told_where_it_was_fitted(states, values):
    half = len(values) // 2
    return probe(np.concatenate([states[:half]] * 2), np.concatenate([values[:half]] * 2))


def fitted_on_everything(states, values):
    half = len(values) // 2
    seen = np.column_stack([states, np.ones(len(states))])
    return np.corrcoef(seen[half:] @ np.linalg.lstsq(seen, values)[0], values[half:])[0, 1]


def without_a_constant(states, values):
    half = len(values) // 2
    return np.corrcoef(states[half:] @ np.linalg.lstsq(states[:half], values[:half])[0], values[half:])[0, 1]


def best_unit_alone(states, values):
    half = len(values) // 2
    r = [abs(np.corrcoef(unit[:half], values[:half])[0, 1]) for unit in states.T]
    return probe(states[:, [int(np.argmax(r))]], values)


def never_cut(a, x, length):
    return cut_gradient(a, x, len(x))


def state_reset_too(a, x, length):
    return sum(cut_gradient(a, x[start : start + length], length) for start in range(0, len(x), length))


def cut_before_each_timestep(a, x, length):
    return cut_gradient(a, x, 1)


def one_timestep_too_many(a, x, length):
    h, dh, total = 0.0, 0.0, 0.0
    for t, x_t in enumerate(x):
        h, dh = a * h + x_t, h + a * dh
        total += dh
        dh = 0.0 if t % length == 0 else dh
    return total


def all_windows_shuffled(pieces, rows, seed):
    return np.random.default_rng(seed).permutation(pieces * rows)


def batches_shuffled(pieces, rows, seed):
    order = np.random.default_rng(seed).permutation(pieces)
    return (order[:, None] * rows + np.arange(rows)).reshape(-1)


def rows_shuffled_in_each_batch(pieces, rows, seed):
    random = np.random.default_rng(seed)
    return np.concatenate([piece * rows + random.permutation(rows) for piece in range(pieces)])


def not_shuffled(pieces, rows, seed):
    return np.arange(pieces * rows)


def the_same_order_each_time(pieces, rows, seed):
    return shuffled_rows(pieces, rows, 0)


# Checks: properties that every right answer has.


def _one_number(answer):
    found = numbers(answer)
    expect(found.size == 1, f"It returns {kind_of(answer)}, where one number is expected.")
    return float(found.ravel()[0])


def check_perplexity(answer):
    """One over the geometric mean."""
    for p, right in [([0.25] * 6, 4), ([1.0, 1.0], 1), ([0.5, 0.125], 4), ([0.1, 0.001], 100)]:
        found = _one_number(answer(np.array(p)))
        expect(np.isclose(found, right, rtol=1e-4), f"For p = {p} it is {right}, not {found:.4g}.")
    with np.errstate(all="ignore"):
        found = _one_number(answer(np.full(2000, 0.1)))
    expect(np.isclose(found, 10, rtol=1e-4), f"For a text of 2,000 characters it is 10, not {found:.4g}.")


def check_mixed_perplexity(answer):
    """Counted by hand, pair by pair."""
    random = np.random.default_rng(1)
    steps = np.cumsum(random.choice([1, 1, 1, 2], size=300))
    for training, held_out, size, share in [
        (np.array([0, 1, 0, 1, 1]), np.array([1, 0, 0, 2, 1]), 3, 0.5),
        (steps % 5, random.integers(0, 5, 40), 5, 0.8),
        (steps % 4, (3 + steps[:50]) % 4, 6, 0.3),
    ]:
        nats, all_pairs = [], list(zip(training[:-1], training[1:], strict=True))
        for before, after in zip(held_out[:-1], held_out[1:], strict=True):
            there = [b for a, b in all_pairs if a == before]
            anywhere = (np.count_nonzero(training == after) + 1) / (len(training) + size)
            nats.append(-np.log(share * there.count(after) / max(len(there), 1) + (1 - share) * anywhere))
        found, right = _one_number(answer(training, held_out, size, share)), np.exp(np.mean(nats))
        told = f"With {len(training)} characters to count, share {share}, it is {right:.4g}, not {found:.4g}."
        expect(np.isclose(found, right, rtol=1e-4), told)


def check_probe(answer):
    """Made-up states: the property is spread over three units, with a constant, and noise in all of them."""
    random = np.random.default_rng(2)
    for noise in (0.0, 0.5):
        values = 5 + random.normal(size=120)
        states = random.normal(size=(120, 12))
        states[:, 2] += states[:, 4] - 0.5 * states[:, 7] + values
        states += noise * random.normal(size=states.shape)
        A = np.column_stack([states, np.ones(120)])
        said = A[60:] @ np.linalg.solve(A[:60].T @ A[:60], A[:60].T @ values[:60])
        a, b = said - said.mean(), values[60:] - values[60:].mean()
        right = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
        found = _one_number(answer(states, values))
        told = f"The r of the second half is {right:.3f}, not {found:.3f}."
        expect(np.isclose(found, right, atol=1e-3), told)


def check_cut_gradient(answer):
    """Finite differences, with the first h of each window held."""
    x = np.random.default_rng(3).normal(size=12)
    for a, length in [(0.9, 4), (-0.5, 3), (0.8, 12), (0.7, 1), (1.1, 5)]:

        def run(number, starts, a=a, length=length):
            h, total, seen = 0.0, 0.0, []
            for t, x_t in enumerate(x):
                if t % length == 0:
                    h = h if starts is None else starts[t // length]
                    seen.append(h)
                h = number * h + x_t
                total += h
            return total, seen

        _, starts = run(a, None)
        right = (run(a + 1e-5, starts)[0] - run(a - 1e-5, starts)[0]) / 2e-5
        found = _one_number(answer(a, x.copy(), length))
        told = f"For a = {a} and windows of {length} it is {right:.4g}, not {found:.4g}."
        expect(np.isclose(found, right, rtol=1e-3, atol=1e-3), told)


def check_shuffled_rows(answer):
    """All windows once, batch by batch, each row at its place."""
    for pieces, rows in [(5, 8), (3, 6)]:
        orders = []
        for seed in (1, 2, 3):
            found = numbers(answer(pieces, rows, seed))
            shape = (pieces * rows,)
            expect(found.shape == shape, f"It has the shape {found.shape}, not {shape}.")
            again = numbers(answer(pieces, rows, seed))
            expect(np.array_equal(found, again), "The same seed gives another order when it is called again.")
            expect(sorted(found) == list(range(pieces * rows)), "Not every window is there once.")
            piece, row = np.divmod(found.reshape(pieces, rows).astype(int), rows)
            expect((piece == np.arange(pieces)[:, None]).all(), "Batch k has another piece than piece k.")
            expect((row == row[0]).all(), "A row changes its place from one batch to the next.")
            orders.append(tuple(row[0]))
        expect(orders[0] != tuple(range(rows)), "Nothing is shuffled.")
        expect(len(set(orders)) > 1, "Another seed gives the same order.")


register_exercise(
    "16.perplexity",
    perplexity,
    check_perplexity,
    hints=[
        "The loss in nats is the mean of -log p. Natural logarithms: np.log.",
        "The perplexity is e to the power of the loss.",
    ],
    wrong=[one_by_the_mean, mean_of_the_inverse, bits_and_nats_mixed, one_by_the_product],
)
register_exercise(
    "16.mixed",
    mixed_perplexity,
    check_mixed_perplexity,
    hints=[
        "The table of the baselines has both counts. Here that of pairs begins with 0, and a row may stay 0: "
        "divide by np.maximum(sum, 1).",
        "share * after + (1 - share) * singles is a table of all probabilities, row: the character before.",
        "The right pairs are at [held_out[:-1], held_out[1:]]. The rest is exercise 1.",
    ],
    wrong=[counted_where_it_is_tested, shares_swapped, before_in_place_of_after, surprises_mixed],
)
register_exercise(
    "16.probe",
    probe,
    check_probe,
    hints=[
        "np.linalg.lstsq(A, b)[0] are the best weights of the columns of A.",
        "A column of ones is the constant: np.column_stack([states, np.ones(len(states))]).",
        "Fit with rows [:half], then say rows [half:] @ weights, and np.corrcoef(a, b)[0, 1] is r.",
    ],
    wrong=[told_where_it_was_fitted, fitted_on_everything, without_a_constant, best_unit_alone],
)
register_exercise(
    "16.cut",
    cut_gradient,
    check_cut_gradient,
    hints=[
        "Without windows: by the product rule, dh_t = h_tm1 + a dh_tm1. Add up all dh_t.",
        "At the first timestep of a window h_tm1 is a mere number: dh_tm1 is 0 there. h_tm1 itself is not.",
    ],
    wrong=[never_cut, state_reset_too, cut_before_each_timestep, one_timestep_too_many],
)
register_exercise(
    "16.bug",
    shuffled_rows,
    check_shuffled_rows,
    hints=[
        "Row r of a batch begins with the state that row r of the batch before ended with. "
        "Which windows may stand there?",
        "Draw one order of the rows, and use it in every batch.",
        "np.arange(pieces)[:, None] * rows + places has a row for each batch.",
    ],
    wrong=[
        all_windows_shuffled,
        batches_shuffled,
        rows_shuffled_in_each_batch,
        not_shuffled,
        the_same_order_each_time,
    ],
)
