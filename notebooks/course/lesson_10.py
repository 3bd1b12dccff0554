"""Lesson 10, Stacks and state sync: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input
from keras.layers import Dense

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import best_linear, expect_layer, expect_tanh_of_sum, samples

register_prediction(
    "10.states",
    {
        "states of LSTM + Dense + GRU": 3,
        "states of four LSTM cells": 8,
        "states of four LSTM cells with state_sync": 2,
        "sharing the states saves weights": "no",
    },
)
register_prediction(
    "10.sums",
    {
        "outputs without state_sync": (1, 3, 6, 10),
        "states at the end without state_sync, low and high": (4, 10),
        "outputs with state_sync": (2, 6, 14, 30),
        "state at the end with state_sync": 30,
    },
)
register_prediction(
    "10.memory",
    {
        "numbers carried on by the stack of two cells of 8": 16,
        "numbers carried on with state_sync": 8,
        "numbers needed to say each input 12 timesteps late": 12,
        "12 late, which learns it: one cell, stack or sync": "stack",
        "4 late, all three learn it": "yes",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def count_states(cells, state_sync):
    """The states of a stack; cells: how many each part has, such as [2, 0, 1] for LSTM, Dense, GRU."""
    with_states = [count for count in cells if count > 0]
    return with_states[0] if state_sync else sum(with_states)


def two_and_one(units):
    """An LSTM cell, a GRU cell on it, both of `units`, and Dense(1): (batch, time, 2) -> (batch, time, 1)."""
    stack = RecurrentSequential(return_sequences=True)
    stack.add(LSTMCell(units))
    stack.add(GRUCell(units))
    stack.add(Dense(1))
    return stack


def undo_two_sums():
    """A stack without weights that undoes two sums, 1, 3, 6, 10 -> 1, 1, 1, 1; shapes (batch, time, 1)."""
    stack = RecurrentSequential(return_sequences=True)
    for _ in range(2):
        x_t, x_tm1 = Input((1,), name="x"), Input((1,), name="last")
        stack.add(RecurrentModel(x_t, x_t - x_tm1, initial_states=x_tm1, final_states=x_t))
    return stack


def every_level(units, depth):
    """A stack of `depth` SimpleRNN cells; its output is what all of them say, side by side, lowest first.

    (batch, time, 2) -> (batch, time, depth * units)
    """
    x_t = Input((2,), name="x")
    below, before, after = x_t, [], []
    for _ in range(depth):
        h_tm1 = Input((units,))
        below, h_t = SimpleRNNCell(units)([below, h_tm1])
        before.append(h_tm1)
        after.append(h_t)
    return RecurrentModel(
        x_t,
        keras.layers.Concatenate()(after),
        initial_states=before,
        final_states=after,
        return_sequences=True,
    )


def mended_tower(units, depth):
    """The tower of the bug hunt without its bug: (batch, time, 2) -> (batch, time, units)."""
    stack = RecurrentSequential(return_sequences=True)
    stack.add(Dense(units))
    for _ in range(depth):
        stack.add(SimpleRNNCell(units))
    return stack


# Plausible wrong answers.


def counts_every_part(cells, state_sync):
    return max(cells) if state_sync else len(cells)


def never_shares(cells, state_sync):
    return sum(cells)


def shares_the_last(cells, state_sync):
    return cells[-1] if state_sync else sum(cells)


def the_gru_below(units):
    stack = RecurrentSequential(return_sequences=True)
    for part in (GRUCell(units), LSTMCell(units), Dense(1)):
        stack.add(part)
    return stack


def only_the_last_output(units):
    stack = RecurrentSequential()
    for part in (LSTMCell(units), GRUCell(units), Dense(1)):
        stack.add(part)
    return stack


def without_the_gru(units):
    stack = RecurrentSequential(return_sequences=True)
    for part in (LSTMCell(units), LSTMCell(units), Dense(1)):
        stack.add(part)
    return stack


def undoes_one_sum():
    stack = RecurrentSequential(return_sequences=True)
    x_t, x_tm1 = Input((1,)), Input((1,))
    stack.add(RecurrentModel(x_t, x_t - x_tm1, initial_states=x_tm1, final_states=x_t))
    return stack


def shares_what_it_needs():
    stack = RecurrentSequential(state_sync=True, return_sequences=True)
    for _ in range(2):
        x_t, x_tm1 = Input((1,)), Input((1,))
        stack.add(RecurrentModel(x_t, x_t - x_tm1, initial_states=x_tm1, final_states=x_t))
    return stack


def remembers_the_difference():
    stack = RecurrentSequential(return_sequences=True)
    for _ in range(2):
        x_t, d_tm1 = Input((1,)), Input((1,))
        d_t = x_t - d_tm1
        stack.add(RecurrentModel(x_t, d_t, initial_states=d_tm1, final_states=d_t))
    return stack


def _levels(units, depth, reads_below, highest_first=False):
    x_t = Input((2,))
    below, before, after = x_t, [], []
    for _ in range(depth):
        h_tm1 = Input((units,))
        y_t, h_t = SimpleRNNCell(units)([below, h_tm1])
        below = y_t if reads_below else x_t
        before.append(h_tm1)
        after.append(h_t)
    said = keras.layers.Concatenate()(after[::-1] if highest_first else after)
    return RecurrentModel(x_t, said, initial_states=before, final_states=after, return_sequences=True)


def side_by_side(units, depth):
    return _levels(units, depth, reads_below=False)


def highest_first(units, depth):
    return _levels(units, depth, reads_below=True, highest_first=True)


def only_the_top(units, depth):
    stack = RecurrentSequential(return_sequences=True)
    for _ in range(depth):
        stack.add(SimpleRNNCell(units))
    return stack


def one_cell_again(units, depth):
    stack = RecurrentSequential(return_sequences=True)
    stack.add(Dense(units))
    stack.add(SimpleRNNCell(units))
    return stack


def shared_states_too(units, depth):
    stack = RecurrentSequential(state_sync=True, return_sequences=True)
    stack.add(Dense(units))
    for _ in range(depth):
        stack.add(SimpleRNNCell(units))
    return stack


def the_bug_itself(units, depth):
    stack = RecurrentSequential(return_sequences=True)
    stack.add(Dense(units))
    for cell in [SimpleRNNCell(units)] * depth:
        stack.add(cell)
    return stack


# Checks: properties that every right answer has, on random numbers.


def _sequences(time, features, batch=3):
    return np.random.default_rng(10).normal(size=(batch, time, features)).astype("float32")


def _run(layer, x):
    expect_layer(layer)
    return np.asarray(layer(x))


def _expect_shape(y, shape, x):
    expect(y.shape == shape, f"For x of shape {x.shape} the output has the shape {y.shape}.")


def _expect_states(layer, count):
    expect(layer.num_states == count, f"The layer has {layer.num_states} states.")


def _random_weights(layer):
    draw = np.random.default_rng(11)
    layer.set_weights([draw.normal(size=w.shape, scale=0.5) for w in layer.get_weights()])


def _reach(layer, x, place):
    # Which results of one timestep change when the state at this place is nudged.
    draw = np.random.default_rng(12)
    states = [draw.uniform(-0.5, 0.5, size=(len(x), t.shape[-1])) for t in layer.step.inputs[1:]]
    states = [s.astype("float32") for s in states]
    before = layer.step([x, *states])
    states[place] = states[place] + np.float32(0.3)
    after = layer.step([x, *states])
    pairs = zip(before, after, strict=True)
    return [not np.allclose(a, b, atol=1e-6) for a, b in pairs]


def check_count_states(count):
    """Parts with and without states, shared and not."""
    for cells, shared in [([2, 0, 1], False), ([1], False), ([0, 2, 2, 2, 2], False), ([1, 0, 1, 0], False)]:
        found = count(list(cells), shared)
        expect(np.ndim(found) == 0, "It does not return one number.")
        expect(found == sum(cells), f"The number is wrong for {cells} without state_sync.")
    for cells, answer in [([2, 2, 2], 2), ([0, 1, 1, 0], 1), ([2, 2, 0], 2), ([3, 3], 3)]:
        expect(count(list(cells), True) == answer, f"The number is wrong for {cells} with state_sync.")


def check_two_and_one(make):
    """Three states, of which two act on the third and not the other way round; a linear top."""
    for units in (4, 3):
        layer, x = make(units), _sequences(5, 2)
        _expect_shape(_run(layer, x), (3, 5, 1), x)
        _expect_states(layer, 3)
        _random_weights(layer)
        _expect_two_below_one(layer, x, units)


def _expect_two_below_one(layer, x, units):
    reach = [_reach(layer, x[:, 0], place) for place in range(3)]
    expect(all(row[0] for row in reach), "A state that is nudged does not change the output.")
    acts = np.array([row[1:] for row in reach])
    # Of three states, two reach all three, one only itself: LSTM below, GRU above.
    above = [place for place in range(3) if acts[place].sum() == 1 and acts[place][place]]
    expect(len(above) == 1, f"{len(above)} of the 3 states act on no state but themselves.")
    expected = {4 * units * (2 + units + 1) + 3 * units * (2 * units + bias) + units + 1 for bias in (1, 2)}
    expect(layer.count_params() in expected, f"The stack has {layer.count_params()} weights.")
    y, *after = (np.asarray(v) for v in layer.step(samples(2, units, units, units)))
    wrong, _ = best_linear(y, after[above[0]])
    expect(wrong < 1e-3, "The output is not a Dense(1) of the new state of the cell below it.")


def check_undo_two_sums(make):
    """Two running sums and then the stack give back what there was; two states, no weights."""
    layer, x = make(), _sequences(7, 1)
    y = _run(layer, x.cumsum(axis=1).cumsum(axis=1))
    _expect_shape(y, x.shape, x)
    agrees = np.isclose(y, x, atol=1e-4).all(axis=(0, 2))
    expect(agrees.all(), f"The output is wrong at timestep {int(np.argmin(agrees))} (of 0 to 6).")
    expect(layer.count_params() == 0, f"The layer has {layer.count_params()} weights.")


def check_every_level(make):
    """The output is all states; each level is a simple RNN of the one below it, and of nothing else."""
    for units, depth in ((4, 3), (5, 2)):
        layer, x = make(units, depth), _sequences(5, 2)
        _expect_shape(_run(layer, x), (3, 5, depth * units), x)
        _expect_states(layer, depth)
        _random_weights(layer)
        _expect_levels(layer, x, units, depth)
        _expect_simple_levels(layer, units, depth)


def _expect_levels(layer, x, units, depth):
    h = [np.full((3, units), 0.1 * k, "float32") for k in range(depth)]
    said, *after = (np.asarray(v) for v in layer.step([x[:, 0], *h]))
    expect(
        np.allclose(said, np.concatenate(after, axis=1), atol=1e-5), "The output is not all states in order."
    )
    for place in range(depth):
        reached = _reach(layer, x[:, 0], place)[1:]
        wanted = [other >= place for other in range(depth)]
        expect(reached == wanted, f"The state of level {place + 1} of {depth} acts on the wrong levels.")


def _expect_simple_levels(layer, units, depth):
    x, *h = samples(2, *[units] * depth)
    _, *after = (np.asarray(v) for v in layer.step([x, *h]))
    for below, before, state in zip([x, *after[:-1]], h, after, strict=True):
        expect_tanh_of_sum(state, {"what comes from below": below, "the old state": before})
    weights, fewest = layer.count_params(), units * (3 + units) + (depth - 1) * units * (2 * units + 1)
    fits = fewest <= weights <= fewest + depth * units  # a second bias does no harm
    expect(fits, f"{weights} weights are not those of {depth} simple RNN cells.")


def check_mended_tower(make):
    """As many cells as it should have, each with weights and a state of its own."""
    x = _sequences(4, 2)
    for units, depth in ((4, 1), (3, 3)):
        layer = make(units, depth)
        _expect_shape(_run(layer, x), (3, 4, units), x)
        _expect_states(layer, depth)
        expected = 2 * units + units + depth * (2 * units * units + units)
        weights = layer.count_params()
        expect(weights == expected, f"With {depth} cells of {units} units the tower has {weights} weights.")
    _random_weights(layer)
    for place in range(3):
        reached = _reach(layer, x[:, 0], place)[1:]
        expect(reached == [k >= place for k in range(3)], "A state does not act on the cells above it alone.")


register_exercise(
    "10.count",
    count_states,
    check_count_states,
    hints=[
        "A Dense layer has no states: it is a 0 in the list, wherever it stands.",
        "Without state_sync each cell keeps its own states: add up.",
        "With state_sync there is one set for all cells. It is as large as that of any cell that has states.",
    ],
    wrong=[counts_every_part, never_shares, shares_the_last],
)
register_exercise(
    "10.levels",
    two_and_one,
    check_two_and_one,
    hints=[
        "RecurrentSequential, and one add for each of the three parts, the lowest first.",
        "The whole stack decides whether every timestep is returned, not its parts.",
    ],
    wrong=[the_gru_below, only_the_last_output, without_the_gru],
)
register_exercise(
    "10.undo",
    undo_two_sums,
    check_undo_two_sums,
    hints=[
        "Begin with one sum. 1, 3, 6, 10: what do you take from each number to get 1, 2, 3, 4?",
        "The step needs the previous input. An input may be a final state: hand x_t on as it is.",
        "One layer undoes one sum. A stack may hold the same kind of layer twice.",
    ],
    wrong=[undoes_one_sum, shares_what_it_needs, remembers_the_difference],
)
register_exercise(
    "10.every",
    every_level,
    check_every_level,
    hints=[
        "RecurrentSequential has one output, that of its top. Write the step with RecurrentModel.",
        "cell([x, h_tm1]) returns [y, h_t]; the y of a cell is the x of the next one. Use lists for states.",
        "keras.layers.Concatenate()(list_of_tensors) lays tensors side by side.",
    ],
    wrong=[side_by_side, highest_first, only_the_top],
)
register_exercise(
    "10.bug",
    mended_tower,
    check_mended_tower,
    hints=[
        "Count the weights of one cell, and compare.",
        "In Python, a = [[]] * 2 and then a[0].append(1): what is a[1]?",
        "Each level needs a cell of its own. Where in the code is a cell made?",
    ],
    wrong=[one_cell_again, shared_states_too, the_bug_itself],
)
