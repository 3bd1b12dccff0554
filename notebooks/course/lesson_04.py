"""Lesson 04, Choose the first state: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input

from rshop import GRUCell, LSTMCell, RecurrentModel, SimpleRNNCell

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import expect_layer, expect_timesteps, numbers

register_prediction(
    "04.first",
    {
        "nothing said": 3,
        "state_initializer='ones'": 4,
        "state_initializer='ones', and initial_state=10 at the call": 13,
        "stateful=True, the second call": 6,
        "stateful=True, a call after reset_states(5.0)": 8,
    },
)
register_prediction(
    "04.season",
    {
        "the linear step from zeros: its forecast for the first January": 0,
        "can the linear step from zeros know in January which month it is": "no",
        "who gains more from a learned first state: linear or gru": "linear",
    },
)
register_prediction(
    "04.bank",
    {
        "three epochs, never reset: the balance at the end": 18,
        "three epochs, reset before each: the balance at the end": 6,
        "the batch comes in the order Ben, Ann: the balance that Ben is shown": 3,
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def tank(full):
    """What is left in a tank of `full` litres; x_t is what is used: (batch, time, 1) -> (batch, time, 1).

    A layer without weights. Its state is what is left.
    """
    x_t = Input((1,), name="x")
    left_tm1 = Input((1,), name="left_tm1")
    left_t = left_tm1 - x_t
    return RecurrentModel(
        x_t,
        left_t,
        initial_states=left_tm1,
        final_states=left_t,
        return_sequences=True,
        state_initializer=keras.initializers.Constant(full),
    )


def in_pieces(layer, x, length):
    """layer(x), but read in pieces of at most `length` timesteps: (batch, time, ...) -> (batch, time, units).

    The layer is not stateful. It has return_sequences=True and return_states=True.
    Call the layer once for each piece.
    """
    states, outputs = None, []
    for start in range(0, x.shape[1], length):
        y, *states = layer(x[:, start : start + length], initial_state=states)
        outputs.append(np.asarray(y))
    return np.concatenate(outputs, axis=1)


def in_order(x, length):
    """Pieces for a stateful layer: (rows, time, features) -> (pieces * rows, length, features).

    Batch k, that is `rows` samples, has piece k of each sequence, in the order of the rows.
    """
    rows, time, features = x.shape
    pieces = x.reshape(rows, time // length, length, features)
    return pieces.swapaxes(0, 1).reshape(-1, length, features)


def first_state(A, C, y):
    """The first state h[-1] for which h[t] = h[t-1] A, y[t] = h[t] C fits y best: (n, n), (n,), (T,) -> (n,).

    y[0] is the output of timestep 0. Best means: the smallest sum of squared errors.
    """
    rows, power = [], np.eye(len(A))
    for _ in y:
        power = power @ A
        rows.append(power @ C)
    return np.linalg.lstsq(np.array(rows), y, rcond=None)[0]


def last_outputs(layer, sequences):
    """The last output for each sequence (time, features), none of which knows the others: (count, units).

    The layer is stateful, with a batch of 1, and may have been used before.
    """
    outputs = []
    for sequence in sequences:
        layer.reset_states()
        outputs.append(np.asarray(layer(sequence[None]))[0])
    return np.stack(outputs)


# Plausible wrong answers.


def _tank(full, output, next_state, first):
    x_t, left_tm1 = Input((1,), name="x"), Input((1,), name="left_tm1")
    return RecurrentModel(
        x_t,
        output(left_tm1, x_t),
        initial_states=left_tm1,
        final_states=next_state(left_tm1, x_t),
        return_sequences=True,
        state_initializer=first,
    )


def an_empty_tank(full):
    return _tank(full, lambda s, x: s - x, lambda s, x: s - x, "zeros")


def counts_what_is_used(full):
    return _tank(full, lambda s, x: full - s - x, lambda s, x: s + x, "zeros")


def always_one_litre(full):
    return _tank(full, lambda s, x: s - x, lambda s, x: s - x, "ones")


def forgets_the_states(layer, x, length):
    pieces = [layer(x[:, start : start + length])[0] for start in range(0, x.shape[1], length)]
    return np.concatenate(pieces, axis=1)


def hands_on_one_state(layer, x, length):
    state, outputs = None, []
    for start in range(0, x.shape[1], length):
        y, state, *_ = layer(x[:, start : start + length], initial_state=state)
        outputs.append(y)
        state = {layer.state_names[0]: state}
    return np.concatenate(outputs, axis=1)


def all_in_one_piece(layer, x, length):
    return np.asarray(layer(x)[0])


def loses_the_last_piece(layer, x, length):
    return in_pieces(layer, x[:, : x.shape[1] // length * length], length)


def only_reshaped(x, length):
    return x.reshape(-1, length, x.shape[2])


def all_pieces_of_a_row_in_a_batch(x, length):
    rows, time, features = x.shape
    return in_order(x, length)[::-1].reshape(-1, length, features)


def pieces_with_gaps(x, length):
    return x.reshape(len(x), length, -1, x.shape[2]).transpose(2, 0, 1, 3).reshape(-1, length, x.shape[2])


def one_timestep_early(A, C, y):
    rows = [np.linalg.matrix_power(A, t) @ C for t in range(len(y))]
    return np.linalg.lstsq(np.array(rows), y, rcond=None)[0]


def from_the_first_outputs_only(A, C, y):
    rows = [np.linalg.matrix_power(A, t + 1) @ C for t in range(len(C))]
    return np.linalg.solve(np.array(rows), y[: len(C)])


def transposed(A, C, y):
    return first_state(A.T, C, y)


def resets_once(layer, sequences):
    layer.reset_states()
    return np.stack([np.asarray(layer(sequence[None]))[0] for sequence in sequences])


def resets_afterwards(layer, sequences):
    outputs = []
    for sequence in sequences:
        outputs.append(np.asarray(layer(sequence[None]))[0])
        layer.reset_states()
    return np.stack(outputs)


def resets_to_zero(layer, sequences):
    outputs = []
    for sequence in sequences:
        layer.reset_states(0.0)
        outputs.append(np.asarray(layer(sequence[None]))[0])
    return np.stack(outputs)


# Checks: properties that every right answer has, on random numbers.


def _numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def check_tank(make):
    """What is left, from a full tank and from any other; no weights."""
    for full in (40.0, 7.5):
        layer, x = make(full), np.abs(_numbers(3, 5, 1))
        expect_layer(layer)
        y = np.asarray(layer(x))
        expect(y.shape == x.shape, f"For x of shape {x.shape} the output has the shape {y.shape}.")
        expect(layer.count_params() == 0, f"The layer has {layer.count_params()} weights.")
        used = np.cumsum(x, axis=1)
        expect_timesteps(y, full - used, inputs=x, atol=1e-3)
        other = np.asarray(layer(x, initial_state=[np.full((3, 1), 3.0, "float32")]))
        right = np.allclose(other, 3 - used, atol=1e-3)
        expect(right, "With initial_state=3 it does not begin with 3 litres.")


class _Recorded:
    """A layer that remembers how long the pieces were that it was given."""

    def __init__(self, layer):
        self._layer, self.lengths = layer, []

    def __getattr__(self, name):
        return getattr(self._layer, name)

    def __call__(self, inputs, *args, **kwargs):
        self.lengths.append(inputs.shape[1])
        return self._layer(inputs, *args, **kwargs)


def check_in_pieces(run):
    """The outputs of the whole, for cells with one and two states and pieces that do not fit evenly."""
    for cell, time, length in [(GRUCell, 6, 2), (LSTMCell, 7, 3), (LSTMCell, 5, 1)]:
        layer = cell(4, input_dim=2).get_layer(return_sequences=True, return_states=True)
        x = 2 * _numbers(3, time, 2)
        whole, recorded = np.asarray(layer(x)[0]), _Recorded(layer)
        found = numbers(run(recorded, x, length))
        expect(found.shape == whole.shape, f"For {time} timesteps it returns the shape {found.shape}.")
        longest = max(recorded.lengths, default=0)
        expect(0 < longest <= length, f"It reads {longest} timesteps at once, where length = {length}.")
        expect_timesteps(found, whole, atol=1e-5)


def check_in_order(order):
    """Batch k has piece k of every row."""
    for rows, pieces, length, features in [(2, 3, 4, 1), (3, 2, 2, 2), (4, 5, 1, 1)]:
        x = _numbers(rows, pieces * length, features)
        found = numbers(order(x.copy(), length))
        shape = (pieces * rows, length, features)
        expect(found.shape == shape, f"For x of shape {x.shape} it returns the shape {found.shape}.")
        for k in range(pieces):
            for row in range(rows):
                right = np.allclose(found[k * rows + row], x[row, k * length : (k + 1) * length])
                expect(right, f"Of {rows} rows, sample {row} of batch {k} is not its piece {k}.")


def check_first_state(fit):
    """The state that made the outputs; with noise, none that is a little different is better."""
    draw = np.random.default_rng(8)
    for n, noise in [(1, 0), (3, 0), (2, 0.3), (3, 0.3)]:
        A, _ = np.linalg.qr(draw.normal(size=(n, n)))
        A, C, h, T = 0.95 * A, draw.normal(size=n), draw.normal(size=n), 12

        def outputs(h):
            y = []
            for _ in range(T):  # noqa: B023  (called before the next A)
                h = h @ A  # noqa: B023
                y.append(h @ C)  # noqa: B023
            return np.array(y)

        y = outputs(h) + noise * draw.normal(size=T)
        found = numbers(fit(A.copy(), C.copy(), y.copy()))
        expect(found.shape == (n,), f"For {n} units it returns the shape {found.shape}.")
        error = np.sum((outputs(found) - y) ** 2)
        if not noise:
            expect(error < 1e-6, f"Outputs without noise of {n} units are not met exactly.")
        for nudge in 1e-3 * np.vstack([np.eye(n), -np.eye(n)]):
            best = error <= np.sum((outputs(found + nudge) - y) ** 2) + 1e-12
            expect(best, f"With {n} units and noise, another first state fits better.")


def check_last_outputs(run):
    """Each sequence on its own, whatever ran before, and from the layer's own first state."""
    for first in ("zeros", "ones"):
        layer = SimpleRNNCell(3, input_dim=2).get_layer(stateful=True, state_initializer=first)
        alone = SimpleRNNCell(3, input_dim=2).get_layer(state_initializer=first)
        sequences = [_numbers(time, 2, seed=time) for time in (4, 2, 5, 1)]
        layer(sequences[0][None]), alone(sequences[0][None])
        alone.set_weights(layer.get_weights())
        found = numbers(run(layer, sequences))
        expect(found.shape == (4, 3), f"For 4 sequences and 3 units it returns the shape {found.shape}.")
        for place, sequence in enumerate(sequences):
            right = np.allclose(found[place], np.asarray(alone(sequence[None]))[0], atol=1e-5)
            expect(right, f"Sequence {place} of 4 is wrong, where the layer starts with {first}.")
        again = np.asarray(run(layer, sequences[::-1]))[::-1]
        expect(np.allclose(again, found, atol=1e-5), "In another order the outputs are different.")


register_exercise(
    "04.tank",
    tank,
    check_tank,
    hints=[
        "What must be handed on? What is left. The new one is the old one minus x_t, and it is the output.",
        "Where does the first state come from, if not from zeros? See the table of this lesson.",
        "state_initializer takes an object too: keras.initializers.Constant(5) starts with 5.",
    ],
    wrong=[an_empty_tank, counts_what_is_used, always_one_litre],
)
register_exercise(
    "04.pieces",
    in_pieces,
    check_in_pieces,
    hints=[
        "layer(...) returns a list: the outputs, then all states. Python writes: y, *states = layer(...).",
        "The states of one piece are the initial_state of the next. None stands for the layer's own start.",
        "range(0, time, length) gives the starts; a slice that goes beyond the end is simply shorter.",
    ],
    wrong=[forgets_the_states, hands_on_one_state, all_in_one_piece, loses_the_last_piece],
)
register_exercise(
    "04.order",
    in_order,
    check_in_order,
    hints=[
        "First give the pieces an axis of their own: (rows, pieces, length, features).",
        "Which of the first two axes must come first, so that samples 0 ... rows - 1 are all piece 0?",
        "swapaxes(0, 1), and then one more reshape.",
    ],
    wrong=[only_reshaped, all_pieces_of_a_row_in_a_batch, pieces_with_gaps],
)
register_exercise(
    "04.fit",
    first_state,
    check_first_state,
    hints=[
        "Write y[0] and y[1] with h[-1] alone: y[0] = h[-1] A C. And y[1]?",
        "Each y[t] is h[-1] times a column of n numbers. Put these columns as rows into a matrix.",
        "np.linalg.lstsq(matrix, y)[0] finds the best h[-1]. Note that y[0] has passed A once already.",
    ],
    wrong=[one_timestep_early, from_the_first_outputs_only, transposed],
)
register_exercise(
    "04.bug",
    last_outputs,
    check_last_outputs,
    hints=[
        "Call it twice with the same sequences. Where does the very first timestep get its state from?",
        "A stateful layer starts where the last call ended. When must it be told to start afresh?",
    ],
    wrong=[resets_once, resets_afterwards, resets_to_zero],
)
