"""Lesson 13, When it learns nothing: its predictions, its exercises and their answers."""

import numpy as np

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction

register_prediction(
    "13.normal",
    {
        "loss at the start, 10 classes, three decimals": 2.303,
        "loss at the start, 2 classes, three decimals": 0.693,
        "a factor of 1.3 at each of 50 timesteps makes more than 100000": "yes",
        "h is NaN from timestep 7 on, of 0 to 14: number of timesteps with a NaN in h": 8,
        "the error of a forecaster with a leak, against the naive forecast: above or below": "below",
    },
)
register_prediction(
    "13.signs",
    {
        "'one batch' finds the leak": "no",
        "'one batch' finds the rate of 0.00001": "yes",
        "'saturated' finds the rate of 10 before training": "no",
        "'radius' finds the unscaled series": "no",
        "'another input' finds the mask upside down": "yes",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def guessing_loss(labels):
    """The cross-entropy of always giving each class its frequency: whole numbers (n,) -> one number."""
    _, counts = np.unique(labels, return_counts=True)
    frequency = counts / counts.sum()
    return float(-(frequency * np.log(frequency)).sum())


def saturated_share(h, mask, limit):
    """The share of numbers of h (batch, time, units) beyond +-limit, where mask (batch, time) is True."""
    return float((np.abs(h[mask]) > limit).mean())


def first_not_finite(values):
    """Where NaN or infinity comes up first: a dict name -> (batch, time, units) -> (name, timestep).

    First means the earliest timestep, and in it the earliest name of the dict. ("nowhere", -1) if all
    numbers are finite.
    """
    steps = next(iter(values.values())).shape[1]
    for t in range(steps):
        for name, array in values.items():
            if not np.isfinite(array[:, t]).all():
                return name, t
    return "nowhere", -1


def clipped(gradients, largest):
    """The arrays of a list, all made smaller by one factor, so that their joint norm is at most `largest`."""
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    factor = min(1.0, largest / norm)
    return [gradient * factor for gradient in gradients]


def honest_rmse(guess, truth):
    """The root of the mean squared error: guess and truth, (n,) or (n, 1) each -> one number."""
    return float(np.sqrt(np.mean((np.ravel(guess) - np.ravel(truth)) ** 2)))


# Plausible wrong answers.


def all_classes_alike(labels):
    return float(np.log(len(np.unique(labels))))


def in_bits(labels):
    return guessing_loss(labels) / np.log(2)


def of_the_most_frequent(labels):
    _, counts = np.unique(labels, return_counts=True)
    return float(-np.log(counts.max() / counts.sum()))


def looks_at_one_side(h, mask, limit):
    return float((h[mask] > limit).mean())


def counts_masked_timesteps(h, mask, limit):
    return float((np.abs(h) > limit).mean())


def masked_in_the_denominator(h, mask, limit):
    return float(((np.abs(h) > limit) & mask[:, :, None]).mean())


def name_before_time(values):
    for name, array in values.items():
        wrong = ~np.isfinite(array).all(axis=(0, 2))
        if wrong.any():
            return name, int(np.argmax(wrong))
    return "nowhere", -1


def nan_only(values):
    return first_not_finite({name: np.where(np.isinf(a), 0, a) for name, a in values.items()})


def first_sample_only(values):
    return first_not_finite({name: array[:1] for name, array in values.items()})


def each_by_itself(gradients, largest):
    return [gradient * min(1.0, largest / np.linalg.norm(gradient)) for gradient in gradients]


def each_number_cut(gradients, largest):
    return [np.clip(gradient, -largest, largest) for gradient in gradients]


def always_that_long(gradients, largest):
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return [gradient * largest / norm for gradient in gradients]


def still_a_square(guess, truth):
    return float(np.sqrt(np.mean((guess - truth) ** 2)))


def without_the_root(guess, truth):
    return honest_rmse(guess, truth) ** 2


def mean_of_the_sizes(guess, truth):
    return float(np.mean(np.abs(np.ravel(guess) - np.ravel(truth))))


# Checks: properties that every right answer has, on random numbers.


def _dice():
    return np.random.default_rng(13)


def _expect_number(found, truth, words):
    found = np.asarray(found, dtype="float64")
    expect(found.size == 1, f"The answer has the shape {found.shape}.")
    expect(np.isclose(float(found.ravel()[0]), truth, atol=1e-4), f"The number is wrong {words}.")


def check_guessing_loss(guess):
    """Below it nothing can get without looking at the input, and the frequencies reach it."""
    for classes in (2, 5, 10):
        labels = np.repeat(np.arange(classes), 7)
        _expect_number(guess(labels.copy()), np.log(classes), f"for {classes} equally frequent classes")
    labels = _dice().choice([0, 3, 4, 9], size=200, p=[0.6, 0.2, 0.15, 0.05])
    shares = {label: float((labels == label).mean()) for label in set(labels.tolist())}
    truth = -np.mean([np.log(shares[label]) for label in labels.tolist()])
    _expect_number(guess(labels.copy()), truth, "for classes of different frequency")


def check_saturated_share(share):
    """Both sides, only where the mask is True, any limit."""
    rng = _dice()
    for limit in (0.5, 0.99):
        h, mask = np.tanh(rng.normal(size=(5, 9, 4)) * 3), rng.random((5, 9)) < 0.6
        numbers = [abs(v) for b in range(5) for t in range(9) if mask[b, t] for v in h[b, t]]
        truth = sum(number > limit for number in numbers) / len(numbers)
        _expect_number(share(h.copy(), mask.copy(), limit), truth, f"for the limit {limit}")
    ones = np.ones((2, 3, 4))
    _expect_number(share(-ones, ones[:, :, 0] > 0, 0.9), 1, "where every number is -1")


def check_first_not_finite(find):
    """Earliest in time, then in the order of the names; NaN and infinity, any sample."""
    shapes = {"sum": 3, "ratio": 1, "h": 4}

    def clean():
        rng = _dice()
        return {name: rng.normal(size=(2, 8, units)) for name, units in shapes.items()}

    cases = [
        ("nothing is wrong", [], ("nowhere", -1)),
        ("one name is wrong from timestep 5 on", [("h", 5, np.nan)], ("h", 5)),
        ("the value is infinite", [("ratio", 0, np.inf)], ("ratio", 0)),
        ("a later name is wrong earlier", [("sum", 6, np.nan), ("h", 2, np.nan)], ("h", 2)),
        ("two names are wrong at once", [("h", 3, np.nan), ("ratio", 3, -np.inf)], ("ratio", 3)),
    ]
    for words, faults, truth in cases:
        values = clean()
        for name, t, number in faults:
            values[name][1, t:, 0] = number
        found = find(values)
        expect(isinstance(found, (tuple, list)) and len(found) == 2, f"It returns {found!r}, not a pair.")
        same = found[0] == truth[0] and int(found[1]) == truth[1]
        expect(same, f"It says {found[0]!r}, {found[1]!r} where {words}.")


def check_clipped(clip):
    """Short ones stay; long ones keep their direction and get the largest norm."""
    rng = _dice()
    gradients = [rng.normal(size=shape) for shape in ((3, 4), (4, 4), (4,))]
    norm = float(np.sqrt(sum((g**2).sum() for g in gradients)))
    for largest in (0.1 * norm, 0.9 * norm, 1.0 * norm, 10 * norm):
        found = [np.asarray(g) for g in clip([g.copy() for g in gradients], largest)]
        shapes = [g.shape for g in found]
        expect(shapes == [g.shape for g in gradients], f"The arrays have the shapes {shapes}.")
        length = float(np.sqrt(sum((g**2).sum() for g in found)))
        if largest >= norm:
            same = all(np.allclose(a, b, atol=1e-6) for a, b in zip(found, gradients, strict=True))
            expect(same, "A gradient that is short enough is changed.")
        factors = [np.mean(a / b) for a, b in zip(found, gradients, strict=True)]
        straight = all(
            np.allclose(a, factors[0] * b, atol=1e-6) for a, b in zip(found, gradients, strict=True)
        )
        expect(straight, "The direction is another one: the arrays are not all made smaller by one factor.")
        expect(np.isclose(length, min(norm, largest), rtol=1e-4), f"The joint norm is {length:.3f}.")


def check_honest_rmse(rmse):
    """One number, the same for every way of writing the two columns."""
    rng = _dice()
    guess, truth = rng.normal(size=(20, 1)), rng.normal(size=(20, 1))
    right = np.sqrt(sum((a - b) ** 2 for a, b in zip(guess[:, 0], truth[:, 0], strict=True)) / 20)
    for first in (guess, guess[:, 0]):
        for second in (truth, truth[:, 0]):
            found = rmse(first.copy(), second.copy())
            _expect_number(found, right, f"for the shapes {first.shape} and {second.shape}")


register_exercise(
    "13.guess",
    guessing_loss,
    check_guessing_loss,
    hints=[
        "The loss of one example is minus the logarithm of the probability that was given to its class.",
        "Given to a class is its frequency. How often does this happen? As often as the class comes.",
        "np.unique(labels, return_counts=True) counts the classes.",
    ],
    wrong=[all_classes_alike, in_bits, of_the_most_frequent],
)
register_exercise(
    "13.saturated",
    saturated_share,
    check_saturated_share,
    hints=[
        "tanh has two ends.",
        "An array of booleans as index keeps the timesteps that count: h[mask].",
        "The mean of booleans is the share of those that are True.",
    ],
    wrong=[looks_at_one_side, counts_masked_timesteps, masked_in_the_denominator],
)
register_exercise(
    "13.first",
    first_not_finite,
    check_first_not_finite,
    hints=[
        "Two loops: which is the outer one, time or names?",
        "np.isfinite is False for NaN and for both infinities.",
        "All samples and units of one timestep are array[:, t].",
    ],
    wrong=[name_before_time, nan_only, first_sample_only],
)
register_exercise(
    "13.clip",
    clipped,
    check_clipped,
    hints=[
        "All arrays together are one long arrow. How long is it?",
        "The square of its length is the sum of all squared numbers of all arrays.",
        "One factor for all: largest / norm, and never more than 1.",
    ],
    wrong=[each_by_itself, each_number_cut, always_that_long],
)
register_exercise(
    "13.bug",
    honest_rmse,
    check_honest_rmse,
    hints=[
        "Print the shape of guess - truth.",
        "NumPy spreads (79, 1) and (79,) to a square: every guess minus every truth.",
        "Give both the same shape first: np.ravel makes one row of any array.",
    ],
    wrong=[still_a_square, without_the_root, mean_of_the_sizes],
)
