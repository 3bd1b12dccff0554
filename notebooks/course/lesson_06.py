"""Lesson 06, Feed the output back: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import best_linear, expect_layer, expect_timesteps, samples

register_prediction(
    "06.by_hand",
    {
        "the first output": 10,
        "the second output": 30,
        "the third output": 60,
        "the readout that the third timestep reads": 30,
        "the third output when the first readout is 5": 65,
    },
)
register_prediction(
    "06.modes",
    {
        "add": 10,
        "mul": 24,
        "avg": 3.125,
        "max": 4,
        "readout_only": 1,
        "mul, when the first readout is 0": 0,
    },
)
register_prediction(
    "06.free",
    {
        "one year ahead: the two errors are the same": "yes",
        "ten years ahead: running free is worse": "yes",
        "a step without a state goes on making waves": "no",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def savings(rate):
    """A layer without states and weights, y_t = x_t + rate * y_tm1: (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    y_tm1 = Input((1,), name="readout")
    return RecurrentModel(x_t, x_t + rate * y_tm1, readout_input=y_tm1, return_sequences=True)


def next_day(count):
    """Scores of the next day, from the number of the last one: (batch, time, count) -> the same shape."""
    nudge_t = Input((count,), name="nudge")
    day_tm1 = Input((), dtype="int32", name="readout")
    scores_t = ops.one_hot((day_tm1 + 1) % count, count) + nudge_t
    return RecurrentModel(nudge_t, scores_t, readout_input=day_tm1, return_sequences=True)


def fibonacci():
    """A layer with a readout and one state, y_t = x_t + y_tm1 + y_tm2: (batch, time, 1) -> the same shape."""
    x_t = Input((1,), name="x")
    y_tm1 = Input((1,), name="readout")
    y_tm2 = Input((1,), name="older")
    return RecurrentModel(
        x_t,
        x_t + y_tm1 + y_tm2,
        initial_states=y_tm2,
        final_states=y_tm1,
        readout_input=y_tm1,
        return_sequences=True,
    )


def straight_on():
    """A layer that fills gaps: [x, known], each (batch, time, 1), -> y (batch, time, 1).

    Where known, y_t = x_t; elsewhere y goes on in a straight line through y_tm2 and y_tm1.
    """
    x_t = Input((1,), name="x")
    known_t = Input((1,), dtype="bool", name="known")
    y_tm1 = Input((1,), name="readout")
    y_tm2 = Input((1,), name="older")
    y_t = ops.where(known_t, x_t, y_tm1 + (y_tm1 - y_tm2))
    return RecurrentModel(
        [x_t, known_t],
        y_t,
        initial_states=y_tm2,
        final_states=y_tm1,
        readout_input=y_tm1,
        return_sequences=True,
    )


def mended_chooser(choices):
    """The layer of the bug hunt without its bug: (batch, time, 1) -> (batch, time, choices)."""
    x_t = Input((1,), name="x")
    p_tm1 = Input((choices,), name="readout")
    scores_t = Dense(choices)(x_t) + Dense(choices)(p_tm1)
    return RecurrentModel(x_t, ops.softmax(scores_t), readout_input=p_tm1, return_sequences=True)


# Plausible wrong answers.


def the_rate_on_the_wrong_one(rate):
    x_t, y_tm1 = Input((1,)), Input((1,))
    return RecurrentModel(x_t, rate * x_t + y_tm1, readout_input=y_tm1, return_sequences=True)


def a_state_in_place_of_the_readout(rate):
    x_t, y_tm1 = Input((1,)), Input((1,))
    y_t = x_t + rate * y_tm1
    return RecurrentModel(x_t, y_t, initial_states=y_tm1, final_states=y_t, return_sequences=True)


def the_same_day_again(count):
    nudge_t, day_tm1 = Input((count,)), Input((), dtype="int32")
    scores_t = ops.one_hot(day_tm1, count) + nudge_t
    return RecurrentModel(nudge_t, scores_t, readout_input=day_tm1, return_sequences=True)


def one_day_too_few(count):
    nudge_t, day_tm1 = Input((count,)), Input((), dtype="int32")
    scores_t = ops.one_hot((day_tm1 + 1) % (count - 1), count) + nudge_t
    return RecurrentModel(nudge_t, scores_t, readout_input=day_tm1, return_sequences=True)


def twice_the_last():
    x_t, y_tm1 = Input((1,)), Input((1,))
    return RecurrentModel(x_t, x_t + 2 * y_tm1, readout_input=y_tm1, return_sequences=True)


def the_state_is_the_new_one():
    x_t, y_tm1, y_tm2 = Input((1,)), Input((1,)), Input((1,))
    y_t = x_t + y_tm1 + y_tm2
    return RecurrentModel(
        x_t, y_t, initial_states=y_tm2, final_states=y_t, readout_input=y_tm1, return_sequences=True
    )


def holds_the_last():
    x_t, known_t, y_tm1 = Input((1,)), Input((1,), dtype="bool"), Input((1,))
    y_t = ops.where(known_t, x_t, y_tm1)
    return RecurrentModel([x_t, known_t], y_t, readout_input=y_tm1, return_sequences=True)


def remembers_the_input():
    x_t, known_t = Input((1,)), Input((1,), dtype="bool")
    y_tm1, x_tm1 = Input((1,)), Input((1,))
    y_t = ops.where(known_t, x_t, y_tm1 + (y_tm1 - x_tm1))
    return RecurrentModel(
        [x_t, known_t],
        y_t,
        initial_states=x_tm1,
        final_states=x_t,
        readout_input=y_tm1,
        return_sequences=True,
    )


def the_same_for_all_choices(choices):
    x_t, p_tm1 = Input((1,)), Input((choices,))
    scores_t = Dense(choices)(x_t) + Dense(1, use_bias=False)(p_tm1)
    return RecurrentModel(x_t, ops.softmax(scores_t), readout_input=p_tm1, return_sequences=True)


def scores_in_place_of_probabilities(choices):
    x_t, p_tm1 = Input((1,)), Input((choices,))
    scores_t = Dense(choices)(x_t) + Dense(choices)(p_tm1)
    return RecurrentModel(x_t, scores_t, readout_input=p_tm1, return_sequences=True)


# Checks: properties that every right answer has, on random numbers.


def _run(layer, x, **call):
    expect_layer(layer)
    return np.asarray(layer(x, **call))


def _sequences(time, batch=3):
    return np.random.default_rng(6).normal(size=(batch, time, 1)).astype("float32")


def _expect_shape(y, shape):
    expect(y.shape == shape, f"The output has the shape {y.shape}.")


def _expect_parts(layer, states, inputs=1):
    # Inputs, states, readouts: these are what a step without constants starts from.
    expect(layer.num_states == states, f"The step has {layer.num_states} states.")
    readouts = len(layer.step.inputs) - inputs - states
    expect(readouts == 1, f"The step has {readouts} readouts.")


def _expect_no_weights(layer):
    expect(layer.count_params() == 0, f"The layer has {layer.count_params()} weights.")


def check_savings(make):
    """The recursion for two rates, by readout, without states and weights."""
    for rate in (0.5, 1.25):
        layer, x = make(rate), _sequences(5)
        y = _run(layer, x)
        _expect_shape(y, x.shape)
        _expect_parts(layer, states=0)
        _expect_no_weights(layer)
        truth, last = np.zeros_like(x), np.zeros((3, 1))
        for t in range(5):
            truth[:, t] = last = x[:, t] + rate * last
        expect_timesteps(y, truth, inputs=x)


def check_next_day(make):
    """The days in their order from any first day; a nudge is added to the scores."""
    for count in (3, 7):
        layer, x = make(count), np.zeros((count, 2 * count, count), "float32")
        first = np.arange(count)
        y = _run(layer, x, initial_readout=first)
        _expect_shape(y, x.shape)
        _expect_parts(layer, states=0)
        days, truth = y.argmax(axis=-1), (first[:, None] + 1 + np.arange(2 * count)) % count
        wrong = days != truth
        b, t = np.argwhere(wrong)[0] if wrong.any() else (0, 0)
        values = f"expected day {truth[b, t]}, received day {days[b, t]}"
        where = f"From day {b} of a week of {count} days on, timestep {t} is wrong"
        expect(not wrong.any(), f"{where}: {values}.")
        best = np.sort(y, axis=-1)
        alone = (best[..., -1] > best[..., -2] + 1e-3).all()
        expect(alone, "After some day no day has the best score: two are equal.")
        nudged = _run(layer, x + np.eye(count, dtype="float32")[0] * 100, initial_readout=first)
        expect((nudged.argmax(axis=-1) == 0).all(), "A nudge of 100 towards day 0 does not lead to day 0.")


def check_fibonacci(make):
    """The recursion, with one state and a readout."""
    layer, x = make(), _sequences(7)
    y = _run(layer, x)
    _expect_shape(y, x.shape)
    truth, last, older = np.zeros_like(x), 0.0, 0.0
    for t in range(7):
        truth[:, t] = x[:, t] + last + older
        last, older = truth[:, t], last
    expect_timesteps(y, truth, inputs=x)
    _expect_parts(layer, states=1)
    _expect_no_weights(layer)


def check_straight_on(make):
    """Straight lines in gaps of every place and length."""
    layer, x = make(), _sequences(12)
    known = np.random.default_rng(7).random(x.shape) < 0.5
    known[:, :2] = True
    y = _run(layer, [x, known])
    _expect_shape(y, x.shape)
    truth = x.copy()
    for t in range(2, 12):
        line = 2 * truth[:, t - 1] - truth[:, t - 2]
        truth[:, t] = np.where(known[:, t], x[:, t], line)
    expect_timesteps(y, truth)
    _expect_no_weights(layer)


def check_mended_chooser(make):
    """Likelihoods that follow the input and the readout."""
    for choices in (3, 5):
        layer, x = make(choices), _sequences(6)
        y = _run(layer, x)
        _expect_shape(y, (3, 6, choices))
        _expect_parts(layer, states=0)
        expect(np.allclose(y.sum(axis=-1), 1, atol=1e-4), "The probabilities do not add up to 1.")
        expect((y >= 0).all(), "A probability is negative.")
        first = np.tile(np.linspace(-3, 3, choices), (3, 1))
        other = _run(layer, x, initial_readout=first)
        expect(not np.allclose(y, other, atol=1e-4), "Another first readout does not change the output.")
        expect(not np.allclose(y, _run(layer, -x), atol=1e-4), "Another input does not change the output.")
        _expect_sum_of_scores(layer, choices)


def _expect_sum_of_scores(layer, choices):
    # The logarithm undoes softmax, but for a number that all scores of a sample share.
    x, p = samples(1, choices)
    scores = np.log(_run(layer, x[:, None], initial_readout=p)[:, 0])
    wrong, _ = best_linear(scores - scores.mean(axis=1, keepdims=True), x, p)
    expect(wrong < 1e-2, "The scores are not a sum of a part from the input and a part from the readout.")


register_exercise(
    "06.savings",
    savings,
    check_savings,
    hints=[
        "The step of this lesson had 10 * c + readout. Here the factor stands at the other one.",
        "Two Inputs: one for x_t, one for the readout. RecurrentModel has an argument readout_input.",
        "There is no state, so there are no initial_states. Return every timestep.",
    ],
    wrong=[the_rate_on_the_wrong_one, a_state_in_place_of_the_readout],
)
register_exercise(
    "06.days",
    next_day,
    check_next_day,
    hints=[
        'An Input for one whole number a sample: Input((), dtype="int32").',
        "The day after day 6 of 7 is day 0: that is what % does.",
        "ops.one_hot(number, count) has a 1 at this number: a score for each day. Add the nudge.",
    ],
    wrong=[the_same_day_again, one_day_too_few],
)
register_exercise(
    "06.fibonacci",
    fibonacci,
    check_fibonacci,
    hints=[
        "A readout is one timestep old, no more. Who remembers what is two timesteps old?",
        "A state. After this timestep, the readout of now is two timesteps old.",
        "An Input may be a final state: hand the readout on.",
    ],
    wrong=[twice_the_last, the_state_is_the_new_one],
)
register_exercise(
    "06.fill",
    straight_on,
    check_straight_on,
    hints=[
        "ops.where, as in the sunspot generator; two inputs are a list.",
        "A straight line makes the same step again: what is added to y_tm1 is y_tm1 - y_tm2.",
        "y_tm2 comes as in exercise 3. It is an old output: old inputs may be unknown.",
    ],
    wrong=[holds_the_last, remembers_the_input],
)
register_exercise(
    "06.bug",
    mended_chooser,
    check_mended_chooser,
    hints=[
        "What is the shape of each of the two terms of scores_t?",
        "Add 7 to each of three scores. What does softmax make of it?",
        "How many scores must the readout give, so that it can favour one choice?",
    ],
    wrong=[the_same_for_all_choices, scores_in_place_of_probabilities],
)
