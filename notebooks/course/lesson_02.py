"""Lesson 02, Watch it run: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import count_states, expect_any_layer, expect_simple_rnn, expect_weights, numbers, step_of

register_prediction(
    "02.arrows",
    {
        "state arrows of the simple RNN, 3 timesteps": 4,
        "state arrows of the LSTM, 3 timesteps": 8,
        "1000 timesteps are drawn with more boxes than 50": "no",
    },
)
register_prediction(
    "02.distance",
    {
        "each timestep halves the gradient: after 10 timesteps it is divided by": 1024,
        "at distance 50, which is largest: simple, lstm 1 or lstm 4": "lstm 4",
        "the simple RNN still has a hundredth at distance 50": "no",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def state_arrows(timesteps, states):
    """The number of state arrows in an unrolled drawing without dots: two whole numbers -> one."""
    return (timesteps + 1) * states


def reach(norms, part):
    """The largest distance at which the norm is at least `part` times the first: (T,), number -> 1 ... T."""
    distances = np.arange(1, len(norms) + 1)
    return distances[norms >= part * norms[0]].max()


def leaky_rnn(units, keep):
    """A layer with h_t = keep h_tm1 + (1 - keep) tanh(...): (batch, time, 1) -> (batch, time, units)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    candidate = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    h_t = keep * h_tm1 + (1 - keep) * candidate
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def gradients_through_time(h, U):
    """d sum(h[T]) / d h[s] of h[t+1] = tanh(x[t] W + h[t] U + b): (T+1, units) -> (T+1, units)."""
    gradients = np.ones_like(h)
    for t in reversed(range(len(h) - 1)):
        gradients[t] = (gradients[t + 1] * (1 - h[t + 1] ** 2)) @ U.T
    return gradients


def mended_memory(units):
    """The RNN of the bug hunt without its bug: (batch, time, 1) -> (batch, time, units)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


# Plausible wrong answers.


def only_between_timesteps(timesteps, states):
    return (timesteps - 1) * states


def without_the_last_arrow(timesteps, states):
    return timesteps * states


def counts_from_zero(norms, part):
    return np.flatnonzero(norms >= part * norms[0]).max()


def absolute_size(norms, part):
    return np.flatnonzero(norms >= part).max(initial=0) + 1


def first_that_falls_below(norms, part):
    below = norms < part * norms[0]
    return int(np.argmax(below)) if below.any() else len(norms)


def without_the_equal(norms, part):
    return np.flatnonzero(norms > part * norms[0]).max() + 1


def keeps_the_wrong_part(units, keep):
    return leaky_rnn(units, 1 - keep)


def does_not_fade(units, keep):
    x_t, h_tm1 = Input((1,)), Input((units,), name="h_tm1")
    candidate = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    h_t = keep * h_tm1 + candidate
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def a_candidate_without_a_bias(units, keep):
    x_t, h_tm1 = Input((1,)), Input((units,), name="h_tm1")
    candidate = ops.tanh(Dense(units, use_bias=False)(x_t) + Dense(units, use_bias=False)(h_tm1))
    h_t = keep * h_tm1 + (1 - keep) * candidate
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=h_t, return_sequences=True)


def forgets_the_tanh_factor(h, U):
    gradients = np.ones_like(h)
    for t in reversed(range(len(h) - 1)):
        gradients[t] = gradients[t + 1] @ U.T
    return gradients


def forgets_to_transpose(h, U):
    gradients = np.ones_like(h)
    for t in reversed(range(len(h) - 1)):
        gradients[t] = (gradients[t + 1] * (1 - h[t + 1] ** 2)) @ U
    return gradients


def takes_the_state_before(h, U):
    gradients = np.ones_like(h)
    for t in reversed(range(len(h) - 1)):
        gradients[t] = (gradients[t + 1] * (1 - h[t] ** 2)) @ U.T
    return gradients


def rounds_more_finely(units):
    x_t, h_tm1 = Input((1,)), Input((units,), name="h_tm1")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    kept = ops.round(h_t * 10000) / 10000
    return RecurrentModel(x_t, h_t, initial_states=h_tm1, final_states=kept, return_sequences=True)


def rounds_the_output_too(units):
    x_t, h_tm1 = Input((1,)), Input((units,), name="h_tm1")
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    kept = ops.round(h_t * 100) / 100
    return RecurrentModel(x_t, kept, initial_states=h_tm1, final_states=kept, return_sequences=True)


# Checks: properties that every right answer has, on random numbers.


def check_state_arrows(count):
    """One arrow a timestep and state, and one more of each state."""
    for timesteps, states in [(1, 1), (4, 1), (4, 2), (5, 3)]:
        counted = numbers(count(timesteps, states))
        expect(counted.ndim == 0, "It does not return one number.")
        right = counted == (timesteps + 1) * states
        expect(right, f"Draw {timesteps} timesteps of a step with {states} states, and count again.")


def check_reach(measure):
    """On curves that fall, rise again, never fall below the part, or meet it exactly."""
    falling = 3.0 * 0.5 ** np.arange(20.0)
    curves = [
        ("a curve that halves at each distance", falling, 0.1, 4),
        ("a curve that is never below the part", np.full(7, 0.2), 0.5, 7),
        ("a curve that falls at once", np.array([5.0, 0.1, 0.1]), 0.5, 1),
        ("a curve that falls and rises again", np.array([2.0, 0.1, 1.5, 0.1]), 0.5, 3),
        ("a norm that is exactly the part", np.array([4.0, 2.0, 1.0]), 0.5, 2),
    ]
    for words, norms, part, answer in curves:
        found = numbers(measure(norms, part))
        expect(found.ndim == 0, "It does not return one number.")
        expect(found == answer, f"The distance is wrong for {words}: expected {answer}, received {found:g}.")


def check_leaky_rnn(make):
    """The state is the output, and h_t - keep h_tm1 is (1 - keep) times something within -1 and 1."""
    for units, keep in [(3, 0.9), (5, 0.25)]:
        layer, x = make(units, keep), _sequences(6)
        y = _run(layer, x)
        _expect_shape(y, (3, 6, units), x)
        expect(count_states(layer) == 1, f"The step has {count_states(layer)} states.")
        h = np.random.default_rng(2).uniform(-0.9, 0.9, size=(3, units)).astype("float32")
        output, state = (np.asarray(value) for value in step_of(layer)([x[:, 0], h]))
        expect(np.allclose(output, state, atol=1e-5), "The step hands on something else than its output.")
        candidate = (output - keep * h) / (1 - keep)
        bounded = np.abs(candidate).max() <= 1 + 1e-4
        expect(bounded, "What is left of h_t without the part that is kept is no (1 - keep) tanh(...).")
        _expect_affine(layer, keep, units)
        expect_weights(layer, 1 + units, units)


def _expect_affine(layer, keep, units):
    # arctanh of the candidate is W x + U h + b: linear in x and h but for the constant.
    draw = np.random.default_rng(4)
    x, h = 0.2 * draw.normal(size=(2, 2, 1)), 0.2 * draw.normal(size=(2, 2, units))

    def inner(x, h):
        given = [x.astype("float32"), h.astype("float32")]
        candidate = (np.asarray(step_of(layer)(given)[0]) - keep * h) / (1 - keep)
        return np.arctanh(np.clip(candidate, -1 + 1e-7, 1 - 1e-7))

    zero = inner(0 * x[0], 0 * h[0])
    apart = inner(x[0], h[0]) + inner(x[1], h[1]) - zero
    together = inner(x[0] + x[1], h[0] + h[1])
    expect(np.allclose(together, apart, atol=1e-2), "Inside the tanh is not a sum of two Dense layers.")
    for changed, name in [(inner(x[0], 0 * h[0]), "x"), (inner(0 * x[0], h[0]), "the old state")]:
        expect(not np.allclose(changed, zero, atol=1e-4), f"Inside the tanh {name} is missing.")


def check_gradients_through_time(compute):
    """Against differences of the forward pass, in double precision."""
    draw = np.random.default_rng(5)
    for units, steps in [(1, 4), (3, 5)]:
        x, U = draw.normal(size=(steps, units)), draw.normal(size=(units, units))

        def run(h, x):
            for x_t in x:
                h = np.tanh(x_t + h @ U)  # noqa: B023  (called before the next U)
            return h

        h = np.array([run(np.zeros(units), x[:t]) for t in range(steps + 1)])
        found = numbers(compute(h.copy(), U.copy()))
        expect(found.shape == h.shape, f"For h of shape {h.shape} it returns the shape {found.shape}.")
        for s in reversed(range(steps + 1)):
            nudged = [(run(h[s] + d, x[s:]) - run(h[s] - d, x[s:])).sum() for d in 1e-6 * np.eye(units)]
            agrees = np.allclose(found[s], np.array(nudged) / 2e-6, atol=1e-5)
            expect(agrees, f"The gradient is wrong at {steps - s} timesteps before the end.")


def check_mended_memory(make):
    """The simple RNN; its output is the state, and a small nudge of the old state is felt in proportion."""
    for units in (4, 6):
        layer, x = make(units), _sequences(5)
        _expect_shape(_run(layer, x), (3, 5, units), x)
        expect(count_states(layer) == 1, f"The step has {count_states(layer)} states.")
        _expect_not_rounded(layer, x, units)
        expect_simple_rnn(layer, 1, units)


def _expect_not_rounded(layer, x, units):
    h = np.random.default_rng(2).uniform(-0.9, 0.9, size=(3, units)).astype("float32")
    output, state = (np.asarray(value) for value in step_of(layer)([x[:, 0], h]))
    expect(np.array_equal(output, state), "What is handed on is not what came out, to the last digit.")
    finer = np.asarray(step_of(layer)([x[:, 0], h + np.float32(1e-5)])[1])
    expect(not np.array_equal(finer, state), "A very small change of the old state makes no difference.")
    _expect_no_steps(layer, x[:, 0], h)


def _expect_no_steps(layer, x, h):
    # Over a fine walk of the old state a rounded output repeats itself.
    walk = [np.asarray(step_of(layer)([x, h + np.float32(k * 2e-5)])[0])[0] for k in range(50)]
    distinct = max(len(np.unique(unit)) for unit in np.array(walk).T)
    expect(distinct > 40, "The output moves in steps, not smoothly.")


def _sequences(time, batch=3):
    return np.random.default_rng(1).normal(size=(batch, time, 1)).astype("float32")


def _run(layer, x):
    expect_any_layer(layer)
    return np.asarray(layer(x))


def _expect_shape(y, shape, x):
    expect(y.shape == shape, f"For x of shape {x.shape} the output has the shape {y.shape}.")


register_exercise(
    "02.arrows",
    state_arrows,
    check_state_arrows,
    hints=[
        "Each timestep hands each state on. What stands before the first timestep?",
        "The drawing of 3 timesteps and one state has 2 arrows between timesteps, one in, one out.",
    ],
    wrong=[only_between_timesteps, without_the_last_arrow],
)
register_exercise(
    "02.reach",
    reach,
    check_reach,
    hints=[
        "norms[0] is distance 1. Compare all norms with a part of it: that gives True and False.",
        "np.arange(1, len(norms) + 1) are the distances; index them with the True and False.",
        "Of the distances that are left, take the largest.",
    ],
    wrong=[counts_from_zero, absolute_size, first_that_falls_below, without_the_equal],
)
register_exercise(
    "02.leaky",
    leaky_rnn,
    check_leaky_rnn,
    hints=[
        "Begin with the simple RNN. Call its tanh(...) the candidate: it is not yet the new state.",
        "The new state is a mixture: keep parts of the old state, 1 - keep parts of the candidate.",
        "Output and final state are both the mixture; return_sequences=True.",
    ],
    wrong=[keeps_the_wrong_part, does_not_fade, a_candidate_without_a_bias],
)
register_exercise(
    "02.through_time",
    gradients_through_time,
    check_gradients_through_time,
    hints=[
        "The last row is known: the sum of h[T] grows by 1 with each unit of h[T]. Go backwards from there.",
        "One timestep back passes two things: first the tanh, whose slope is 1 - h[t + 1]**2, then U.",
        "Forwards a row is multiplied by U from the right; backwards by its transpose, U.T.",
    ],
    wrong=[forgets_the_tanh_factor, forgets_to_transpose, takes_the_state_before],
)
register_exercise(
    "02.bug",
    mended_memory,
    check_mended_memory,
    hints=[
        "Nudge a number by very little before it is rounded. How much does the rounded number move?",
        "The slope of a staircase is 0 nearly everywhere. Hand on what the gradient can pass through.",
    ],
    wrong=[rounds_more_finely, rounds_the_output_too],
)
