"""Lesson 00, Win first: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import expect_any_layer, expect_timesteps, numbers

register_prediction(
    "00.fade",
    {
        "the three outputs for 8, 0, 4": (8, 4, 6),
        "the last output for 8, 0, 0, 0": 1,
        "100 timesteps need a larger step": "no",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def one_timestep(x, h):
    """The new state of the fading memory: the input and the old state, two numbers -> one number."""
    return 0.5 * h + x


def all_timesteps(inputs):
    """The states of the fading memory, the first one being 0: a list of numbers -> a list as long."""
    h, states = 0.0, []
    for x in inputs:
        h = 0.5 * h + x
        states.append(h)
    return states


def fading(share):
    """A fading memory that keeps this share of its old state: (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((1,), name="h_tm1")
    h_t = share * h_tm1 + x_t
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def one_late():
    """A layer that says what it read one timestep ago: (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    x_tm1 = Input((1,), name="x_tm1")
    return RecurrentModel(x_t, x_tm1, initial_states=x_tm1, final_states=x_t, return_sequences=True)


def outputs_of(layer, numbers):
    """What a recurrent layer says to one sequence: a layer, a list of numbers -> (timesteps,)."""
    x = np.reshape(numbers, (1, -1, 1))  # one sequence, so many timesteps, one number at each
    return np.ravel(layer(x))


# Plausible wrong answers.


def forgets_everything(x, h):
    return x


def halves_the_input(x, h):
    return 0.5 * x + h


def never_hands_on(inputs):
    return [0.5 * 0.0 + x for x in inputs]


def only_the_last(inputs):
    return all_timesteps(inputs)[-1]


def adds_up(inputs):
    return list(np.cumsum(inputs))


def always_a_half(share):
    return fading(0.5)


def the_share_of_the_input(share):
    x_t, h_tm1 = Input((1,)), Input((1,))
    h_t = h_tm1 + share * x_t
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def says_the_last_one_only(share):
    x_t, h_tm1 = Input((1,)), Input((1,))
    h_t = share * h_tm1 + x_t
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t)


def not_late_at_all():
    x_t, x_tm1 = Input((1,)), Input((1,))
    return RecurrentModel(x_t, x_t + 0 * x_tm1, initial_states=x_tm1, final_states=x_t, return_sequences=True)


def sums_up_late():
    x_t, sum_tm1 = Input((1,)), Input((1,))
    return RecurrentModel(
        x_t, sum_tm1, initial_states=sum_tm1, final_states=sum_tm1 + x_t, return_sequences=True
    )


def still_many_sequences(layer, numbers):
    return np.ravel(layer(np.reshape(numbers, (-1, 1, 1))))


def from_the_end(layer, numbers):
    return np.ravel(layer(np.reshape(numbers[::-1], (1, -1, 1))))


def the_numbers_side_by_side(layer, numbers):
    return np.ravel(layer(np.reshape(numbers, (1, 1, -1))))


# Checks: properties that every right answer has, on random numbers.


def _numbers(count):
    return np.random.default_rng(count).normal(size=count).round(2)


def _faded(numbers, share):
    return np.array([sum(share ** (t - s) * numbers[s] for s in range(t + 1)) for t in range(len(numbers))])


def _agree(answer, truth, inputs):
    answer = numbers(answer)
    expect(answer.shape == truth.shape, f"For {len(truth)} timesteps the shape is {answer.shape}.")
    expect_timesteps(answer[None, :, None], truth[None, :, None], inputs=inputs[None])


def _run(layer, sequence):
    expect_any_layer(layer)
    x = np.stack([sequence, -2 * sequence])[:, :, None].astype("float32")  # two sequences
    y = np.asarray(layer(x))
    expect(y.shape == x.shape, f"For x of shape {x.shape} the output has the shape {y.shape}.")
    return y[:, :, 0]


def check_one_timestep(step):
    """Half of the old state, and the input."""
    for x, h in _numbers(10).reshape(5, 2):
        answer, truth = numbers(step(float(x), float(h))), h / 2 + x
        expect(answer.shape == (), f"The answer has the shape {answer.shape}, and is not one number.")
        values = f"expected {truth:.4g}, received {answer:.4g}"
        expect(np.isclose(answer, truth), f"For the input {x:g} and the old state {h:g}: {values}.")


def check_all_timesteps(run):
    """The fading sum of all inputs so far."""
    for count in (1, 6):
        inputs = _numbers(count)
        _agree(run([float(x) for x in inputs]), _faded(inputs, 0.5), inputs)


def check_fading(make):
    """The fading sum, for several shares."""
    for share in (0.9, 0.5, -0.25):
        y = _run(make(share), _numbers(6))
        for sample, inputs in zip(y, (_numbers(6), -2 * _numbers(6)), strict=True):
            _agree(sample, _faded(inputs, share), inputs)


def check_one_late(make):
    """0 first, then each input one timestep later."""
    layer = make()
    for count in (1, 6):
        inputs = _numbers(count)
        for sample, read in zip(_run(layer, inputs), (inputs, -2 * inputs), strict=True):
            _agree(sample, np.concatenate([[0], read[:-1]]), read)


def _keeps(share):
    x_t, h_tm1 = Input((1,)), Input((1,))
    h_t = share * h_tm1 + x_t
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def check_outputs_of(run):
    """One sequence: what came before makes a difference."""
    for share, count in [(0.5, 3), (0.8, 6)]:
        inputs = _numbers(count)
        _agree(run(_keeps(share), [float(x) for x in inputs]), _faded(inputs, share), inputs)


register_exercise(
    "00.one",
    one_timestep,
    check_one_timestep,
    hints=[
        "Look at the step of this lesson. It has one line that computes something.",
        "The names are x and h here. The function returns what was called h_t.",
    ],
    wrong=[forgets_everything, halves_the_input],
)
register_exercise(
    "00.all",
    all_timesteps,
    check_all_timesteps,
    hints=[
        "A for loop over the inputs. What belongs before the loop, and what inside it?",
        "Before the loop: h = 0.0 and an empty list. Inside: the line of exercise 1, then append.",
    ],
    wrong=[never_hands_on, only_the_last, adds_up],
)
register_exercise(
    "00.share",
    fading,
    check_fading,
    hints=[
        "Copy the four lines that make fade. One number in them becomes a name.",
        "Do not forget return_sequences=True, and to return the layer.",
    ],
    wrong=[always_a_half, the_share_of_the_input, says_the_last_one_only],
)
register_exercise(
    "00.late",
    one_late,
    check_one_late,
    hints=[
        "What must the step remember? Only one number. That is the state.",
        "Output and state need not be the same. The output is the old state. And the new state?",
        "output: the state Input. final_states: the input. No computation at all.",
    ],
    wrong=[not_late_at_all, sums_up_late],
)
register_exercise(
    "00.bug",
    outputs_of,
    check_outputs_of,
    hints=[
        "Print x.shape. A layer reads (batch, time, features). How many sequences are these?",
        "Three sequences of one timestep, or one sequence of three timesteps: both have three numbers.",
    ],
    wrong=[still_many_sequences, from_the_end, the_numbers_side_by_side],
)
