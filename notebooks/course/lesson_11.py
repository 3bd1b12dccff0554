"""Lesson 11, A network inside a timestep: its predictions, its exercises and their answers."""

import itertools

import keras
import numpy as np
from keras import Input, ops
from keras.layers import Embedding

from rshop import LSTMCell, RecurrentModel, RNNCellFromModel, SimpleRNNCell

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import expect_layer, expect_simple_rnn

register_prediction(
    "11.counts",
    {
        "how often the reader's step runs for one name": 3,
        "how often the speller's step runs for one name": 36,
        "the speller remembers the word before": "no",
        "names of six words would need more weights": "no",
    },
)
register_prediction(
    "11.thrice",
    {
        "it has the weights of how many cells": 1,
        "the three runs of one timestep see the same x": "yes",
        "how often each x is repeated, for the plain layer to give the same": 3,
    },
)
register_prediction(
    "11.clocks",
    {
        "timesteps at which the slow cell ticks, of 40": 5,
        "the slow cell alone sees the number that counts": "no",
        "smallest error: plain, slow or both": "both",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def think(units, times):
    """One simple cell that runs `times` times in each timestep: (batch, time, 2) -> (batch, time, units)."""
    cell = SimpleRNNCell(units)
    x_t, h_tm1 = Input((2,), name="x"), Input((units,), name="h_tm1")
    h_t = h_tm1
    for _ in range(times):
        _, h_t = cell([x_t, h_t])
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def page_reader(units):
    """A simple RNN over words, each read by a simple RNN over its letters, which starts from zeros.

    (batch, words, 5 letters, 2) -> (batch, words, units), the state after each word
    """
    speller = SimpleRNNCell(units).get_layer()
    letters_t, h_tm1 = Input((5, 2), name="letters"), Input((units,), name="h_tm1")
    _, h_t = SimpleRNNCell(units)([speller(letters_t), h_tm1])
    return RecurrentModel(letters_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def clocked(units):
    """A simple RNN that ticks where it is told to, and holds its state elsewhere.

    [x (batch, time, 2), tick (batch, time, 1) of True and False] -> h (batch, time, units)
    """
    x_t, tick_t = Input((2,), name="x"), Input((1,), dtype="bool", name="tick")
    h_tm1 = Input((units,), name="h_tm1")
    _, new = SimpleRNNCell(units)([x_t, h_tm1])
    h_t = ops.where(tick_t, new, h_tm1)
    return RecurrentModel([x_t, tick_t], h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def leaky(cell, keep):
    """A cell around any built cell: each new state is keep * old + (1 - keep) * new; the output stays."""
    x_t, *before = [Input(tensor.shape[1:]) for tensor in cell.model.inputs]
    y_t, *new = cell([x_t, *before])
    after = [keep * old + (1 - keep) * state for old, state in zip(before, new, strict=True)]
    return RNNCellFromModel(keras.Model([x_t, *before], [y_t, *after]))


def mended_speller(units):
    """The layer of the bug hunt without its bug: (batch, words, letters) -> (batch, words, units)."""
    letter_t, w_tm1 = Input((), dtype="int32", name="letter"), Input((units,), name="w_tm1")
    _, w_t = SimpleRNNCell(units)([Embedding(28, 4)(letter_t), w_tm1])
    speller = RecurrentModel(letter_t, w_t, initial_states=w_tm1, final_states=w_t)
    letters_t, h_tm1 = Input((None,), dtype="int32", name="letters"), Input((units,), name="h_tm1")
    _, h_t = SimpleRNNCell(units)([speller(letters_t, mask=letters_t > 0), h_tm1])
    return RecurrentModel(letters_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


# Plausible wrong answers.


def thinks_with_new_weights(units, times):
    x_t, h_tm1 = Input((2,)), Input((units,))
    h_t = h_tm1
    for _ in range(times):
        _, h_t = SimpleRNNCell(units)([x_t, h_t])
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def thinks_from_the_same_start(units, times):
    cell = SimpleRNNCell(units)
    x_t, h_tm1 = Input((2,)), Input((units,))
    for _ in range(times):
        _, h_t = cell([x_t, h_tm1])
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def thinks_once_more(units, times):
    return think(units, times + 1)


def starts_from_the_reader(units):
    speller = SimpleRNNCell(units).get_layer()
    letters_t, h_tm1 = Input((5, 2)), Input((units,))
    word_t = speller(letters_t, initial_state=h_tm1)
    _, h_t = SimpleRNNCell(units)([word_t, h_tm1])
    return RecurrentModel(letters_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def says_the_words(units):
    speller = SimpleRNNCell(units).get_layer()
    letters_t, h_tm1 = Input((5, 2)), Input((units,))
    word_t = speller(letters_t)
    _, h_t = SimpleRNNCell(units)([word_t, h_tm1])
    return RecurrentModel(
        letters_t, word_t + 0 * h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True
    )


def no_reader_at_all(units):
    speller = SimpleRNNCell(units).get_layer()
    letters_t, h_tm1 = Input((5, 2)), Input((units,))
    h_t = speller(letters_t, initial_state=h_tm1)
    return RecurrentModel(letters_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def holds_nothing(units):
    x_t, tick_t, h_tm1 = Input((2,)), Input((1,), dtype="bool"), Input((units,))
    _, new = SimpleRNNCell(units)([x_t, h_tm1])
    h_t = ops.where(tick_t, new, ops.zeros_like(new))
    return RecurrentModel([x_t, tick_t], h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def hides_the_input(units):
    x_t, tick_t, h_tm1 = Input((2,)), Input((1,), dtype="bool"), Input((units,))
    seen = ops.where(tick_t, x_t, ops.zeros_like(x_t))
    _, h_t = SimpleRNNCell(units)([seen, h_tm1])
    return RecurrentModel([x_t, tick_t], h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def holds_the_output_only(units):
    x_t, tick_t, h_tm1 = Input((2,)), Input((1,), dtype="bool"), Input((units,))
    _, new = SimpleRNNCell(units)([x_t, h_tm1])
    y_t = ops.where(tick_t, new, h_tm1)
    return RecurrentModel([x_t, tick_t], y_t, initial_states=h_tm1, final_states=new, return_sequences=True)


def keeps_the_wrong_part(cell, keep):
    return leaky(cell, 1 - keep)


def leaks_one_state(cell, keep):
    x_t, *before = [Input(tensor.shape[1:]) for tensor in cell.model.inputs]
    y_t, first, *rest = cell([x_t, *before])
    after = [keep * before[0] + (1 - keep) * first, *rest]
    return RNNCellFromModel(keras.Model([x_t, *before], [y_t, *after]))


def leaks_into_the_output(cell, keep):
    x_t, *before = [Input(tensor.shape[1:]) for tensor in cell.model.inputs]
    _, *new = cell([x_t, *before])
    after = [keep * old + (1 - keep) * state for old, state in zip(before, new, strict=True)]
    return RNNCellFromModel(keras.Model([x_t, *before], [after[0], *after]))


def _speller(units, word_of):
    letter_t, w_tm1 = Input((), dtype="int32"), Input((units,))
    _, w_t = SimpleRNNCell(units)([Embedding(28, 4)(letter_t), w_tm1])
    speller = RecurrentModel(letter_t, w_t, initial_states=w_tm1, final_states=w_t)
    letters_t, h_tm1 = Input((None,), dtype="int32"), Input((units,))
    _, h_t = SimpleRNNCell(units)([word_of(speller, letters_t), h_tm1])
    return RecurrentModel(letters_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def still_reads_the_filling(units):
    return _speller(units, lambda speller, letters: speller(letters))


def masks_the_letters_instead(units):
    return _speller(units, lambda speller, letters: speller(letters, mask=letters < 1))


def forgets_the_word(units):
    return _speller(units, lambda speller, letters: 0 * speller(letters, mask=letters > 0))


# Checks: properties that every right answer has, on random numbers.


def _draw(*shape, seed=11):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _run(layer, x, **call):
    expect_layer(layer)
    return np.asarray(layer(x, **call))


def _expect_shape(y, shape):
    expect(y.shape == shape, f"The output has the shape {y.shape}.")


def _random_weights(layer, features, units, squares):
    """Random weights, in each way to read them: (kernel of x, the squares of states, biases).

    One matrix for two things side by side is cut in two. Which of the two comes first cannot be seen.
    """
    weights = [0.6 * _draw(*w.shape, seed=k) for k, w in enumerate(layer.get_weights())]
    layer.set_weights(weights)
    biases, matrices = ([w for w in weights if (w.ndim > 1) == many] for many in (False, True))
    readings, wanted = [], [(features, units), *[(units, units)] * squares]
    for cuts in itertools.product(*(_cuts(matrix, features, units) for matrix in matrices)):
        parts = sorted(itertools.chain(*cuts), key=len)
        if [part.shape for part in parts] == wanted:
            readings.append((parts[0], parts[1:], biases))
    shapes = sorted(matrix.shape for matrix in matrices)
    cure = "one cell has one for x and one for h, or one for both"
    expect(readings, f"The layer has matrices of the shapes {shapes}; {cure}.")
    return readings


def _cuts(matrix, features, units):
    """The ways to cut a matrix into one for x and one for h, or for two states; else the matrix itself."""
    rows = {features + units: (features, units), 2 * units: (units,)}.get(len(matrix), ())
    return [[matrix[:row], matrix[row:]] for row in rows] or [[matrix]]


def check_think(make):
    """The numbers of a loop in a loop, from as many weights as one cell has."""
    for units, times in ((4, 1), (5, 3)):
        layer, x = make(units, times), _draw(3, 5, 2)
        _expect_shape(_run(layer, x), (3, 5, units))
        readings = _random_weights(layer, 2, units, squares=1)
        y = _run(layer, x)
        right = any(np.allclose(_thoughts(x, times, *weights), y, atol=1e-4) for weights in readings)
        expect(right, f"The outputs are wrong for times = {times}.")


def _thoughts(x, times, W, U, b):
    h, outputs = np.zeros((len(x), W.shape[1])), []
    for t in range(x.shape[1]):
        for _ in range(times):
            h = np.tanh(x[:, t] @ W + h @ U[0] + sum(b))
        outputs.append(h)
    return np.stack(outputs, axis=1)


def check_page_reader(make):
    """A loop over letters in a loop over words, whichever of the weights is which."""
    for units in (4, 5):
        layer, x = make(units), _draw(2, 3, 5, 2)
        _expect_shape(_run(layer, x), (2, 3, units))
        expect(layer.num_states == 1, f"The layer has {layer.num_states} states.")
        readings = _random_weights(layer, 2, units, squares=3)
        y = _run(layer, x)
        right = any(_reads_pages(x, y, *weights) for weights in readings)
        expect(right, "The outputs are not those of letters within words, with a new start at each word.")


def _reads_pages(x, y, W, squares, biases):
    sides = itertools.product((0, 1), repeat=len(biases))  # the speller's or the reader's
    sums = [[sum(b for b, at in zip(biases, side, strict=True) if at == k) for k in (0, 1)] for side in sides]
    orders = itertools.product(itertools.permutations(squares), sums)
    return any(np.allclose(_pages(x, W, U, b), y, atol=1e-4) for U, b in orders)


def _pages(x, W, U, b):
    h, outputs = np.zeros((len(x), len(U[0]))), []
    for k in range(x.shape[1]):
        word = np.zeros_like(h)
        for letter in range(x.shape[2]):
            word = np.tanh(x[:, k, letter] @ W + word @ U[0] + b[0])
        h = np.tanh(word @ U[1] + h @ U[2] + b[1])
        outputs.append(h)
    return np.stack(outputs, axis=1)


def check_clocked(make):
    """Where there is no tick nothing changes; elsewhere it is as if the pauses were not there."""
    for units in (4, 5):
        layer = make(units)
        _expect_pauses(layer, units)
        expect_simple_rnn(layer, 2, units, known=[np.ones((60, 1), bool)])


def _expect_pauses(layer, units):
    x = _draw(2, 8, 2)
    tick = np.array([1, 0, 0, 1, 1, 0, 1, 0], dtype=bool)
    ticks = np.broadcast_to(tick[None, :, None], (2, 8, 1))
    y = _run(layer, [x, ticks])
    _expect_shape(y, (2, 8, units))
    held = [t for t in range(1, 8) if not tick[t]]
    still = all(np.allclose(y[:, t], y[:, t - 1], atol=1e-6) for t in held)
    expect(still, "The output changes where there is no tick.")
    together = _run(layer, [x[:, tick], ticks[:, tick]])
    expect(np.allclose(together, y[:, tick], atol=1e-5), "A pause without ticks changes what comes after it.")
    expect(not np.allclose(together[:, 0], together[:, 1]), "The output does not change at a tick.")
    expect(layer.num_states == 1, f"The layer has {layer.num_states} states.")


def check_leaky(make):
    """Around cells with one state and with two; every state leaks, the output does not."""
    for kind, keep in ((SimpleRNNCell, 0.9), (LSTMCell, 0.25)):
        cell = kind(4, input_dim=3)
        cell.build((None, 3))
        wrapped = make(cell, keep)
        expect(hasattr(wrapped, "get_layer"), f"It returns a {type(wrapped).__name__}, not a cell.")
        count = wrapped.num_states
        expect(count == cell.num_states, f"Around a cell of {cell.num_states} states it has {count}.")
        x, before = _draw(2, 3), [_draw(2, 4, seed=k) for k in range(count)]
        y, *new = (np.asarray(v) for v in cell([x, *before]))
        y_found, *found = (np.asarray(v) for v in wrapped([x, *before]))
        expect(np.allclose(y, y_found, atol=1e-5), "The output is not that of the inner cell.")
        for k in range(count):
            truth = keep * before[k] + (1 - keep) * new[k]
            expect(
                np.allclose(found[k], truth, atol=1e-5),
                f"State {k + 1} of {count} does not leak as it should.",
            )


def check_mended_speller(make):
    """Filling makes no difference, letters and their order do."""
    for units in (6, 3):
        _expect_reads_no_filling(make(units), units)


def _expect_reads_no_filling(layer, units):
    short = np.array([[[3, 1, 20], [4, 15, 7]], [[1, 2, 0], [9, 0, 0]]])
    y = _run(layer, short)
    _expect_shape(y, (2, 2, units))
    longer = np.concatenate([short, np.zeros((2, 2, 4), int)], axis=2)
    same = np.allclose(_run(layer, longer), y, atol=1e-5)
    expect(same, "The same words with more filling behind them give another output.")
    other = short.copy()
    other[:, 0, :2] = short[:, 0, 1::-1]
    changed = np.abs(_run(layer, other) - y).max(axis=(0, 2))
    expect(changed[0] > 1e-5, "Two letters in another order make no difference.")
    expect(changed[1] > 1e-6, "The first word makes no difference to the state after the second.")


register_exercise(
    "11.think",
    think,
    check_think,
    hints=[
        "Make the cell once, before the loop: the same cell is the same weights.",
        "cell([x, h]) returns [y, new_h]. The next round starts from the new one.",
        "RecurrentModel wants the h before the first round and the h after the last.",
    ],
    wrong=[thinks_with_new_weights, thinks_from_the_same_start, thinks_once_more],
)
register_exercise(
    "11.pages",
    page_reader,
    check_page_reader,
    hints=[
        "SimpleRNNCell(units).get_layer() is a layer: called on (5, 2) letters, it gives one word vector.",
        "Call it within the step. The second cell takes the word vector as its x.",
        "Without initial_state the inner layer starts from zeros each time: that is what is wanted.",
    ],
    wrong=[starts_from_the_reader, says_the_words, no_reader_at_all],
)
register_exercise(
    "11.tick",
    clocked,
    check_clocked,
    hints=[
        'Two inputs are a list. One of them has dtype="bool".',
        "Compute the new state as always. Then choose: ops.where(condition, here, else_here).",
        "Where there is no tick, the new state is the old one.",
    ],
    wrong=[holds_nothing, hides_the_input, holds_the_output_only],
)
register_exercise(
    "11.leaky",
    leaky,
    check_leaky,
    hints=[
        "Look at slow() in the lesson: it is a cell around a cell, too. How does it get its Inputs?",
        "cell.model.inputs are the x and all states; tensor.shape[1:] is a shape without the batch.",
        "Mix each old state with its new one, then RNNCellFromModel(keras.Model([x, *old], [y, *mixed])).",
    ],
    wrong=[keeps_the_wrong_part, leaks_one_state, leaks_into_the_output],
)
register_exercise(
    "11.bug",
    mended_speller,
    check_mended_speller,
    hints=[
        "What does the inner network do at a 0? It reads on, as if that were a letter.",
        "Lesson 05 has the cure: a mask says which timesteps count. Here they are letters.",
        "A layer within a step takes mask= as any other call does.",
    ],
    wrong=[still_reads_the_filling, masks_the_letters_instead, forgets_the_word],
)
