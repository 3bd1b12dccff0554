"""Lesson 05, Masks and lengths: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import expect_layer, expect_simple_rnn, numbers, parts

register_prediction(
    "05.by_hand",
    {
        "after: the four outputs": (10, 20, 20, 20),
        "after: the count at the end": 2,
        "before: the four outputs": (0, 0, 10, 20),
        "gap: the four outputs": (10, 10, 10, 20),
        "gap: the count at the end": 2,
        "after, zero_output_for_mask=True: the four outputs": (10, 20, 0, 0),
    },
)
register_prediction("05.zeros", {"years that the step counts": 306})
register_prediction(
    "05.padding",
    {
        "with a mask, more padding changes the probabilities": "no",
        "without a mask, padding after: more padding changes the probabilities": "yes",
        "without a mask, which learns better: padding after or before": "before",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def padded(sequences):
    """A list of 1-D arrays -> x (batch, longest, 1), zeros after each end, and mask (batch, longest)."""
    lengths = np.array([len(sequence) for sequence in sequences])
    mask = np.arange(lengths.max()) < lengths[:, None]
    x = np.zeros((*mask.shape, 1))
    x[mask, 0] = np.concatenate(sequences)
    return x, mask


def masked_mean(values, mask):
    """The mean over the timesteps that count: (batch, time, units), (batch, time) -> (batch, units).

    Each sequence has a timestep that counts. At the others anything may stand, NaN too.
    """
    total = np.where(mask[:, :, None], values, 0).sum(axis=1)
    return total / mask.sum(axis=1)[:, None]


def last_valid(y, mask):
    """The output of the last timestep that counts: (batch, time, units), (batch, time) -> (batch, units).

    A sequence may be padded before, after and in the middle. One without any such timestep gives zeros.
    """
    last = np.zeros_like(y[:, 0])
    for t in range(y.shape[1]):
        last = np.where(mask[:, t, None], y[:, t], last)
    return last


def self_masked(units):
    """A simple RNN that masks itself: [x, known], each (batch, time, 1) -> h (batch, time, units).

    Where `known` is False, the timestep does nothing.
    """
    x_t = Input((1,), name="x")
    known_t = Input((1,), dtype="bool", name="known")
    h_tm1 = Input((units,), name="h_tm1")
    new_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    h_t = ops.where(known_t, new_t, h_tm1)
    return RecurrentModel([x_t, known_t], h_t, h_tm1, h_t, return_sequences=True)


def encoded(names, alphabet):
    """A list of names -> whole numbers (batch, longest) for Embedding(len(alphabet) + 1, mask_zero=True)."""
    ids = np.zeros((len(names), max(map(len, names))), "int32")
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = [alphabet.index(letter) + 1 for letter in name]
    return ids


# Plausible wrong answers.


def a_mask_from_the_values(sequences):
    x, _ = padded(sequences)
    return x, x[:, :, 0] != 0


def padded_before(sequences):
    x, mask = padded([sequence[::-1] for sequence in sequences])
    return x[:, ::-1], mask[:, ::-1]


def cut_to_the_shortest(sequences):
    length = min(map(len, sequences))
    x = np.stack([sequence[:length] for sequence in sequences])[:, :, None]
    return x, np.ones(x.shape[:2], bool)


def mean_of_everything(values, mask):
    return np.where(mask[:, :, None], values, 0).mean(axis=1)


def times_the_mask(values, mask):
    return (values * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]


def one_count_for_the_batch(values, mask):
    return np.where(mask[:, :, None], values, 0).sum(axis=1) / mask.sum(axis=1).mean()


def simply_the_last(y, mask):
    return y[:, -1]


def at_the_length(y, mask):
    return y[np.arange(len(y)), mask.sum(axis=1) - 1]


def blanked_first(y, mask):
    return np.where(mask[:, -1, None], y[:, -1], 0)


def _self_masked(units, mend):
    x_t, known_t, h_tm1 = Input((1,)), Input((1,), dtype="bool"), Input((units,))
    h_t, y_t = mend(x_t, known_t, h_tm1, Dense(units), Dense(units, use_bias=False))
    return RecurrentModel([x_t, known_t], y_t, h_tm1, h_t, return_sequences=True)


def zero_in_place_of_the_input(units):
    def mend(x_t, known_t, h_tm1, enter, along):
        h_t = ops.tanh(enter(ops.where(known_t, x_t, 0.0)) + along(h_tm1))
        return h_t, h_t

    return _self_masked(units, mend)


def forgets_where_unknown(units):
    def mend(x_t, known_t, h_tm1, enter, along):
        h_t = ops.where(known_t, ops.tanh(enter(x_t) + along(h_tm1)), ops.zeros_like(h_tm1))
        return h_t, h_t

    return _self_masked(units, mend)


def holds_the_output_only(units):
    def mend(x_t, known_t, h_tm1, enter, along):
        new_t = ops.tanh(enter(x_t) + along(h_tm1))
        return new_t, ops.where(known_t, new_t, h_tm1)

    return _self_masked(units, mend)


def still_counted_from_zero(names, alphabet):
    ids = np.zeros((len(names), max(map(len, names))), "int32")
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = [alphabet.index(letter) for letter in name]
    return ids


def minus_one_for_padding(names, alphabet):
    ids = encoded(names, alphabet)
    return ids - 1


def numbers_of_the_computer(names, alphabet):
    ids = np.zeros((len(names), max(map(len, names))), "int32")
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = [ord(letter) for letter in name]
    return ids


# Checks: properties that every right answer has, on random numbers.


def _sequences():
    rng = np.random.default_rng(5)
    # A zero within a sequence is a number like any other.
    return [rng.integers(-2, 3, size=n).astype("float64") for n in (3, 7, 1, 5, 7, 2)]


def _gaps(rows=6, time=8):
    mask = np.random.default_rng(6).random((rows, time)) < 0.5
    mask[0], mask[1], mask[2] = True, np.arange(time) < 3, np.arange(time) > 4
    mask[3] = np.arange(time) % 3 == 0
    return mask


def _numbers(*shape, seed=7):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _expect_shape(what, array, shape):
    expect(np.shape(array) == shape, f"{what} has the shape {np.shape(array)}.")


def check_padded(pad):
    """Every sequence in its row, True at its own timesteps and nowhere else."""
    for sequences in (_sequences(), _sequences()[:1]):
        x, mask = parts(pad([sequence.copy() for sequence in sequences]), "x", "mask")
        x, mask = numbers(x, "x"), numbers(mask, "The mask")
        shape = len(sequences), max(map(len, sequences))
        _expect_shape("x", x, (*shape, 1))
        _expect_shape("The mask", mask, shape)
        for row, marks, sequence in zip(x[:, :, 0], mask.astype(bool), sequences, strict=True):
            n = len(sequence)
            right = np.allclose(row[:n], sequence) and np.allclose(row[n:], 0)
            expect(right, f"The row of {list(map(int, sequence))} is {row.tolist()}.")
            right = marks[:n].all() and not marks[n:].any()
            expect(right, f"The mask of {list(map(int, sequence))} is {marks.astype(int).tolist()}.")


def check_masked_mean(mean):
    """The mean of the valid rows, whatever stands at the others."""
    for seed in (1, 2):
        values, mask = _numbers(6, 8, 3, seed=seed), _gaps()
        mask[:, 3] |= ~mask.any(axis=1)
        truth = np.stack([v[m].mean(axis=0) for v, m in zip(values, mask, strict=True)])
        for words, filling in (("0", 0.0), ("1000", 1000.0), ("NaN", np.nan)):
            dirty = np.where(mask[:, :, None], values, np.float32(filling))
            found = numbers(mean(dirty, mask.copy()))
            _expect_shape("The answer", found, (6, 3))
            close = np.allclose(found, truth, atol=1e-4)
            expect(close, f"The mean is wrong where {words} stands at the masked timesteps.")


def check_last_valid(last):
    """The last valid row of each sequence, zeros for an empty one."""
    y, mask = _numbers(6, 8, 2), _gaps()
    mask[5] = False
    found = numbers(last(y.copy(), mask.copy()))
    _expect_shape("The answer", found, (6, 2))
    for b in range(6):
        valid = y[b, mask[b]]
        truth = valid[-1].astype("float64") if len(valid) else np.zeros(2)
        close = np.allclose(found[b], truth, atol=1e-5)
        values = f"expected {truth.round(3).tolist()}, received {found[b].round(3).tolist()}"
        expect(close, f"For the mask {mask[b].astype(int).tolist()} it is wrong: {values}.")


def check_self_masked(make):
    """An unknown timestep holds state and output; the run equals the compacted one."""
    for units in (3, 5):
        layer, x, known = make(units), _numbers(6, 8, 1), _gaps()[:, :, None]
        expect_layer(layer)
        y = np.asarray(layer([x, known]))
        _expect_shape("The output", y, (6, 8, units))
        expect(layer.num_states == 1, f"The step has {layer.num_states} states.")
        _expect_holds(layer, x, known, y)
        expect_simple_rnn(layer, 1, units, known=[np.ones((60, 1), bool)])


def _expect_holds(layer, x, known, y):
    other = np.asarray(layer([np.where(known, x, 5.0), known]))
    expect(np.allclose(y, other, atol=1e-5), "The input of an unknown timestep changes the output.")
    before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
    held = np.isclose(y, before, atol=1e-5).all(axis=2)
    expect(held[~known[:, :, 0]].all(), "At an unknown timestep the output is not the one before.")
    for b in range(6):
        short = x[b : b + 1, known[b, :, 0]]
        if short.size:
            end = np.asarray(layer([short, np.ones(short.shape, bool)]))[0, -1]
            close = np.allclose(end, y[b, -1], atol=1e-5)
            expect(close, "The last output is not that of the run on the known timesteps alone.")
    changed = x.copy()
    changed[0, 0] += 2
    moved = np.asarray(layer([changed, known]))
    expect(not np.allclose(moved[0, 0], y[0, 0], atol=1e-5), "A known input does not change its output.")
    expect(not np.allclose(moved[0, 1], y[0, 1], atol=1e-5), "It does not remember the timestep before.")


def check_encoded(encode):
    """Letters keep their own numbers, none of them that of the padding, all within the table."""
    alphabet = list("abkmnoå")
    names = ["kanban", "nn", "a", "åbo", "mokka"]
    found = np.asarray(encode(names, alphabet))
    numbers(found)
    _expect_shape("The answer", found, (5, 6))
    whole = np.issubdtype(found.dtype, np.integer)
    cure = 'np.zeros(shape, "int32") makes such an array'
    expect(whole, f"The numbers are of type {found.dtype}, not whole numbers; {cure}.")
    for row, name in zip(found, names, strict=True):
        n = len(name)
        expect((row[:n] != 0).all(), f"In {name!r} a letter is masked.")
        expect((row[n:] == 0).all(), f"After {name!r} not every timestep is masked.")
    inside = found.min() >= 0 and found.max() <= len(alphabet)
    expect(inside, f"Numbers from {found.min()} to {found.max()} do not fit {len(alphabet) + 1} rows.")
    number = {}
    for row, name in zip(found, names, strict=True):
        for letter, i in zip(name, row, strict=False):
            expect(number.setdefault(letter, i) == i, f"{letter!r} has two numbers.")
    expect(len(set(number.values())) == len(number), "Two letters have the same number.")
    others = ["nn", "oo"]
    for row, name in zip(np.asarray(encode(others, alphabet)), others, strict=True):
        same = row[0] == number[name[0]]
        expect(same, f"{name[0]!r} has another number in another batch.")


register_exercise(
    "05.pad",
    padded,
    check_padded,
    hints=[
        "The longest sequence says how many columns there are. Start with zeros and fill in row by row.",
        "A timestep counts while its number, from 0, is below the length of its sequence.",
        "np.arange(time) < lengths[:, None] compares every timestep with every length: (batch, time).",
    ],
    wrong=[a_mask_from_the_values, padded_before, cut_to_the_shortest],
)
register_exercise(
    "05.mean",
    masked_mean,
    check_masked_mean,
    hints=[
        "A mean is a sum divided by a count. Which timesteps may enter the sum, and which the count?",
        "0 times NaN is NaN. np.where(condition, a, b) takes one or the other and does not multiply.",
        "Each sequence has a count of its own: mask.sum(axis=1).",
    ],
    wrong=[mean_of_everything, times_the_mask, one_count_for_the_batch],
)
register_exercise(
    "05.last",
    last_valid,
    check_last_valid,
    hints=[
        "Walk from the first timestep to the last, and keep what you saw last.",
        "It is the loop of this lesson's section From scratch with y in place of the new state.",
        "np.where(mask[:, t, None], y[:, t], last), beginning with zeros.",
    ],
    wrong=[simply_the_last, at_the_length, blanked_first],
)
register_exercise(
    "05.own",
    self_masked,
    check_self_masked,
    hints=[
        "Three Inputs: x, known (dtype='bool') and h_tm1. Compute the new state as always.",
        "ops.where chooses between two tensors. What should the state be where nothing is known?",
        "Hand the chosen one on, and return it too: it is output and final state.",
    ],
    wrong=[zero_in_place_of_the_input, forgets_where_unknown, holds_the_output_only],
)
register_exercise(
    "05.bug",
    encoded,
    check_encoded,
    hints=[
        "Print ids. Which number does the first letter of the alphabet get?",
        "Which number says padding to mask_zero=True? May a letter have it?",
        "The table has len(alphabet) + 1 rows: one for each letter, and one more.",
    ],
    wrong=[still_counted_from_zero, minus_one_for_padding, numbers_of_the_computer],
)
