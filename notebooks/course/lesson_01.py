"""Lesson 01, Write one timestep: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import (
    count_states,
    expect_any_layer,
    expect_one_bias,
    expect_simple_rnn,
    expect_tanh_of_sum,
    expect_timesteps,
    samples,
    step_of,
)

register_prediction(
    "01.calculator",
    {"h after the first timestep": 0.76, "h after the second": 0.36, "h after the third": 0.18},
    atol=0.006,  # more decimals than these two are right too
)
register_prediction(
    "01.shapes",
    {
        "shape of rnn(x) for 7 timesteps": (2, 16),
        "shape of rnn(x) for 30 timesteps": (2, 16),
        "shape with return_sequences=True, 7 timesteps": (2, 7, 16),
        "number of weights": 288,
        "more timesteps need more weights": "no",
    },
)
register_prediction(
    "01.inside",
    {
        "smallest value that h can come near": -1,
        "largest value that h can come near": 1,
        "number of rows of h for 22 years, the start included": 23,
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def every_timestep(units):
    """A simple RNN layer that returns h of every timestep: (batch, time, 1) -> (batch, time, units)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def running_sum():
    """A layer without weights that adds up its inputs: (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    sum_tm1 = Input((1,), name="sum_tm1")
    sum_t = sum_tm1 + x_t
    return RecurrentModel(x_t, sum_t, initial_states=sum_tm1, final_states=sum_t, return_sequences=True)


def running_mean():
    """A layer without weights: the mean of all inputs so far, (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    sum_tm1 = Input((1,), name="sum_tm1")
    count_tm1 = Input((1,), name="count_tm1")
    sum_t = sum_tm1 + x_t
    count_t = count_tm1 + 1
    return RecurrentModel(
        x_t,
        sum_t / count_t,
        initial_states=[sum_tm1, count_tm1],
        final_states=[sum_t, count_t],
        return_sequences=True,
    )


def two_back(units):
    """An RNN layer whose h_t sees x_t, h_tm1 and h_tm2: (batch, time, 1) -> (batch, units)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    h_tm2 = Input((units,), name="h_tm2")
    h_t = ops.tanh(
        Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) + Dense(units, use_bias=False)(h_tm2)
    )
    return RecurrentModel(x_t, h_t, initial_states=[h_tm1, h_tm2], final_states=[h_t, h_tm1])


def mended_rnn(units):
    """The RNN of the bug hunt without its bug: (batch, time, 1) -> (batch, units)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t)


# Plausible wrong answers.


def only_the_last_timestep(units):
    return mended_rnn(units)


def always_16_units(units):
    return every_timestep(16)


def a_sigmoid_in_place_of_tanh(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def no_weights_for_the_old_state(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    h_t = ops.tanh(Dense(units)(x_t) + h_tm1)
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def one_step_late():
    x_t, sum_tm1 = Input((1,)), Input((1,))
    return RecurrentModel(
        x_t, sum_tm1, initial_states=sum_tm1, final_states=sum_tm1 + x_t, return_sequences=True
    )


def a_sum_with_weights():
    x_t, sum_tm1 = Input((1,)), Input((1,))
    sum_t = sum_tm1 + Dense(1)(x_t)
    return RecurrentModel(x_t, sum_t, initial_states=sum_tm1, final_states=sum_t, return_sequences=True)


def half_old_half_new():
    x_t, mean_tm1 = Input((1,)), Input((1,))
    mean_t = 0.5 * mean_tm1 + 0.5 * x_t
    return RecurrentModel(x_t, mean_t, initial_states=mean_tm1, final_states=mean_t, return_sequences=True)


def h_tm2_never_moves(units):
    x_t, h_tm1, h_tm2 = Input((1,)), Input((units,), name="h_tm1"), Input((units,), name="h_tm2")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units, use_bias=False)(h_tm2))
    return RecurrentModel(x_t, h_t, initial_states=[h_tm1, h_tm2], final_states=[h_t, h_tm2])


def both_states_are_new(units):
    x_t, h_tm1, h_tm2 = Input((1,)), Input((units,), name="h_tm1"), Input((units,), name="h_tm2")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units, use_bias=False)(h_tm2))
    return RecurrentModel(x_t, h_t, initial_states=[h_tm1, h_tm2], final_states=[h_t, h_t])


def a_sigmoid_of_two_back(units):
    x_t, h_tm1, h_tm2 = Input((1,)), Input((units,), name="h_tm1"), Input((units,), name="h_tm2")
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units, use_bias=False)(h_tm2))
    return RecurrentModel(x_t, h_t, initial_states=[h_tm1, h_tm2], final_states=[h_t, h_tm1])


def still_keeps_the_old_state(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_tm1)


def mended_with_a_sigmoid(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t)


def mended_without_weights_for_the_old_state(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    h_t = ops.tanh(Dense(units)(x_t) + h_tm1)
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t)


def keeps_the_state_without_tanh(units):
    x_t, h_tm1 = Input((1,)), Input((units,))
    z_t = Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1)
    return RecurrentModel(x_t, ops.tanh(z_t), initial_states=h_tm1, final_states=z_t)


# Checks: properties that every right answer has, on random numbers.


def _sequences(time, batch=3):
    return np.random.default_rng(1).normal(size=(batch, time, 1)).astype("float32")


def _run(layer, x):
    expect_any_layer(layer)
    return np.asarray(layer(x))


def _expect_shape(y, shape, x):
    expect(y.shape == shape, f"For x of shape {x.shape} the output has the shape {y.shape}.")


def check_every_timestep(make):
    """Shapes for several sizes; one state, which is the output, and the equation."""
    for units, time in [(3, 5), (16, 9)]:
        layer, x = make(units), _sequences(time)
        _expect_shape(_run(layer, x), (3, time, units), x)
        expect(count_states(layer) == 1, f"The step has {count_states(layer)} states.")
        expect_simple_rnn(layer, 1, units)


def check_running_sum(make):
    """The cumulative sum, for two lengths, without a weight."""
    _expect_computes(make(), lambda x: np.cumsum(x, axis=1))


def check_running_mean(make):
    """The cumulative mean, for two lengths, without a weight."""
    _expect_computes(make(), lambda x: np.cumsum(x, axis=1) / np.arange(1, x.shape[1] + 1)[:, None])


def _expect_computes(layer, truth):
    for time in (1, 6):
        x = _sequences(time)
        y = _run(layer, x)
        _expect_shape(y, x.shape, x)
        expect(layer.count_params() == 0, f"The layer has {layer.count_params()} weights.")
        expect_timesteps(y, truth(x), inputs=x)


def check_two_back(make):
    """tanh of a sum that is linear in x and in two states, of which one is the other, one step old."""
    for units in (4, 6):
        layer, x = make(units), _sequences(6)
        _expect_shape(_run(layer, x), (3, units), x)
        expect(count_states(layer) == 2, f"The step has {count_states(layer)} states.")
        _expect_two_states(layer, units)


def _expect_two_states(layer, units):
    given = samples(1, units, units)
    y, *new = (np.asarray(t) for t in step_of(layer)(given))
    first, second = (0, 1) if np.allclose(new[0], y, atol=1e-5) else (1, 0)
    expect(np.allclose(new[first], y, atol=1e-5), "No state becomes the new h.")
    expect(np.allclose(new[second], given[1 + first], atol=1e-5), "No state becomes the old h, unchanged.")
    expect_tanh_of_sum(y, dict(zip(["x_t", "one old state", "the other old state"], given, strict=True)))
    weights, right = layer.count_params(), units * (1 + 2 * units) + units
    expect_one_bias(layer, right, units, most=2)
    expect(weights == right, f"{weights} weights are not one matrix for each of x_t, h_tm1 and h_tm2, and b.")


def check_mended_rnn(make):
    """The state is the output, and the first timestep reaches the last."""
    for units in (4, 6):
        layer, x = make(units), _sequences(3)
        y = _run(layer, x)
        _expect_shape(y, (3, units), x)
        expect(count_states(layer) == 1, f"The step has {count_states(layer)} states.")
        expect_simple_rnn(layer, 1, units)
        changed = x.copy()
        changed[:, 0] += 5
        expect(not np.allclose(_run(layer, changed), y, atol=1e-5), "The first timestep changes nothing.")


register_exercise(
    "01.every",
    every_timestep,
    check_every_timestep,
    hints=[
        "The step is the one of this lesson. What differs is an option of RecurrentModel.",
        "The option has the same name as in keras.layers.SimpleRNN: return_sequences.",
    ],
    wrong=[
        only_the_last_timestep,
        always_16_units,
        a_sigmoid_in_place_of_tanh,
        no_weights_for_the_old_state,
    ],
)
register_exercise(
    "01.sum",
    running_sum,
    check_running_sum,
    hints=[
        "What must the step remember to add up a list of numbers? That is the state.",
        "The new sum is the old sum plus x_t. It is the output, and it is handed on too.",
    ],
    wrong=[one_step_late, a_sum_with_weights],
)
register_exercise(
    "01.mean",
    running_mean,
    check_running_mean,
    hints=[
        "You need two numbers to know a mean: remember both.",
        "One state is the sum, the other counts the timesteps. Two states are a list, in both places.",
        "The count grows by 1: count_tm1 + 1. The output is one state divided by the other.",
    ],
    wrong=[running_sum, half_old_half_new],
)
register_exercise(
    "01.two_back",
    two_back,
    check_two_back,
    hints=[
        "A step only sees what it is handed. So h_tm2 must be a state of its own.",
        "After this timestep the old h_tm1 is two timesteps old. Which final state is that?",
        "The final states are a list in the order of the initial states; an Input may be a final state.",
    ],
    wrong=[h_tm2_never_moves, both_states_are_new, a_sigmoid_of_two_back],
)
register_exercise(
    "01.bug",
    mended_rnn,
    check_mended_rnn,
    hints=[
        "Look at the trace: which number never changes?",
        "Compare the last line with the rnn of this lesson, word by word.",
    ],
    wrong=[
        still_keeps_the_old_state,
        keeps_the_state_without_tanh,
        mended_with_a_sigmoid,
        mended_without_weights_for_the_old_state,
    ],
)
