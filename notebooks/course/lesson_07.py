"""Lesson 07, Teach with the truth: its predictions, its exercises and their answers."""

import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel, trace

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import best_linear, expect_layer, expect_tanh_of_sum

register_prediction(
    "07.law",
    {
        "training, truth 1 to 5": (0, 1, 2, 3, 4),
        "training, initial readout 9": (9, 1, 2, 3, 4),
        "inference, truth 1 to 5": (0, 0, 0, 0, 0),
    },
)
register_prediction(
    "07.table",
    {
        "no readout, no forcing": (10, 10, 10, 10),
        "no readout, forcing": "error",
        "readout, no forcing": (10, 20, 30, 40),
        "readout, forcing, training": (10, 11, 12, 13),
        "readout, forcing, inference": (10, 20, 30, 40),
        "decode, no readout": (10, 10, 10, 10),
        "decode, no readout, forcing": "error",
        "decode, readout, no forcing": (10, 20, 30, 40),
        "decode, readout, forcing, training": (10, 11, 12, 13),
        "decode, readout, forcing, inference": (10, 20, 30, 40),
    },
)
register_prediction(
    "07.race",
    {
        "after 6 epochs, who writes more dates: forced or free": "forced",
        "the leaky network has the lowest training loss of all": "yes",
        "the leaky network can write dates without the truth": "no",
    },
)
register_prediction(
    "07.rate",
    {
        "rate 0.01: while the teacher leaves, at least one network loses more than 0.2 of the dates": "yes",
        "rate 0.003 from epoch 6 on: at least one loses more than 0.2 of the dates": "no",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def fed_readout(truth, first):
    """What teacher forcing feeds: truth (batch, time, n), first readout (batch, n) -> (batch, time, n)."""
    return np.concatenate([first[:, None], truth[:, :-1]], axis=1)


def forced_layer(units):
    """A simple RNN with readout, forced in training: (batch, time, 1) -> (batch, time, 1)."""
    x_t = Input((1,), name="x")
    h_tm1 = Input((units,), name="h_tm1")
    readout = Input((1,), name="readout")
    h_t = ops.tanh(
        Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) + Dense(units, use_bias=False)(readout)
    )
    return RecurrentModel(
        x_t, Dense(1)(h_t), h_tm1, h_t, readout_input=readout, teacher_force=True, return_sequences=True
    )


def leaks(run, x, truth):
    """True if a change of truth[:, t] changes an output of run(x, truth) at a timestep <= t, else False."""
    before = run(x, truth)
    for t in range(truth.shape[1]):
        changed = truth.copy()
        changed[:, t] += 1
        if not np.allclose(run(x, changed)[:, : t + 1], before[:, : t + 1], atol=1e-5):
            return True
    return False


def mixed_run(step, x, truth, coins):
    """y_t = step(x_t, readout), fed the previous truth where coins (batch, time) is True, else its output."""
    readout = np.zeros_like(truth[:, 0])
    outputs = []
    for t in range(x.shape[1]):
        if t > 0:
            readout = np.where(coins[:, t, None], truth[:, t - 1], outputs[-1])
        outputs.append(step(x[:, t], readout))
    return np.stack(outputs, axis=1)


def forced_outputs(layer, x, targets):
    """The outputs of a teacher-forced layer in training: (batch, time, 1), (batch, time, 1) -> the same."""
    return layer(x, ground_truth=targets, training=True)


# Plausible wrong answers.


def not_shifted(truth, first):
    return truth


def shifted_to_the_future(truth, first):
    return np.concatenate([truth[:, 1:], first[:, None]], axis=1)


def rolled_round(truth, first):
    return np.roll(truth, 1, axis=1)


def _with_readout(units, **options):
    x_t, h_tm1, readout = Input((1,)), Input((units,)), Input((1,))
    h_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) + Dense(units)(readout))
    return RecurrentModel(x_t, Dense(1)(h_t), h_tm1, h_t, readout_input=readout, **options)


def never_forced(units):
    return _with_readout(units, return_sequences=True)


def forced_half_the_time(units):
    return _with_readout(units, teacher_force=0.5, return_sequences=True, seed=0)


def only_the_last_output(units):
    return _with_readout(units, teacher_force=True)


def without_tanh(units):
    x_t, h_tm1, readout = Input((1,)), Input((units,)), Input((1,))
    h_t = Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) + Dense(units, use_bias=False)(readout)
    return RecurrentModel(
        x_t, Dense(1)(h_t), h_tm1, h_t, readout_input=readout, teacher_force=True, return_sequences=True
    )


def clipped_in_place_of_tanh(units):
    x_t, h_tm1, readout = Input((1,)), Input((units,)), Input((1,))
    h_t = ops.clip(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units)(readout), -1, 1)
    return RecurrentModel(
        x_t, Dense(1)(h_t), h_tm1, h_t, readout_input=readout, teacher_force=True, return_sequences=True
    )


def always_four_units(units):
    return _with_readout(4, teacher_force=True, return_sequences=True)


def looks_at_the_first_timestep_only(run, x, truth):
    changed = truth.copy()
    changed[:, 0] += 1
    return not np.allclose(run(x, changed)[:, 0], run(x, truth)[:, 0])


def any_use_of_the_truth(run, x, truth):
    return not np.allclose(run(x, truth + 1), run(x, truth))


def strictly_before_only(run, x, truth):
    before = run(x, truth)
    for t in range(1, truth.shape[1]):
        changed = truth.copy()
        changed[:, t] += 1
        if not np.allclose(run(x, changed)[:, :t], before[:, :t]):
            return True
    return False


def truth_of_the_same_timestep(step, x, truth, coins):
    outputs, own = [], np.zeros_like(truth[:, 0])
    for t in range(x.shape[1]):
        own = step(x[:, t], np.where(coins[:, t, None], truth[:, t], own))
        outputs.append(own)
    return np.stack(outputs, axis=1)


def one_coin_for_the_batch(step, x, truth, coins):
    return mixed_run(step, x, truth, np.broadcast_to(coins[:1], coins.shape))


def coins_the_other_way(step, x, truth, coins):
    return mixed_run(step, x, truth, ~coins)


def still_shifted_twice(layer, x, targets):
    late = np.concatenate([np.zeros_like(targets[:, :1]), targets[:, :-1]], axis=1)
    return layer(x, ground_truth=late, training=True)


def shifted_the_other_way(layer, x, targets):
    early = np.concatenate([targets[:, 1:], np.zeros_like(targets[:, :1])], axis=1)
    return layer(x, ground_truth=early, training=True)


def forgets_training(layer, x, targets):
    return layer(x, ground_truth=targets)


# Checks: properties that every right answer has, on random numbers.


def _numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def check_fed_readout(feed):
    """Timestep 0 gets the first readout, each other one the truth of the timestep before."""
    for shape in [(2, 5, 1), (3, 4, 2), (1, 1, 3)]:
        truth, first = _numbers(*shape), _numbers(shape[0], shape[2], seed=2)
        fed = np.asarray(feed(truth, first))
        expect(fed.shape == shape, f"For truth of shape {shape} the answer has the shape {fed.shape}.")
        expect(np.allclose(fed[:, 0], first), "Timestep 0 is not fed the first readout.")
        for t in range(1, shape[1]):
            right = np.allclose(fed[:, t], truth[:, t - 1])
            expect(right, f"Timestep {t} is not fed the truth of timestep {t - 1}.")


def check_forced_layer(make):
    """In training the previous truth matters and no later one; in inference none is needed."""
    layer, x, truth = make(4), _numbers(3, 5, 1), _numbers(3, 5, 1, seed=2)
    expect_layer(layer)
    free = np.asarray(layer(x))
    expect(free.shape == x.shape, f"For x of shape {x.shape} the output has the shape {free.shape}.")
    expect(layer.num_states == 1, f"The step has {layer.num_states} states.")
    expect(np.allclose(layer(x, ground_truth=truth), free), "In inference the truth makes a difference.")
    forced = np.asarray(layer(x, ground_truth=truth, training=True))
    expect(forced.shape == x.shape, f"In training the output has the shape {forced.shape}.")
    for t in range(4):
        changed = truth.copy()
        changed[:, t] += 3
        other = np.asarray(layer(x, ground_truth=changed, training=True))
        same = np.isclose(other, forced, atol=1e-5).all(axis=2)
        expect(same[:, : t + 1].all(), f"The truth of timestep {t} changes an output too early.")
        always = not same[:, t + 1].any()
        expect(always, f"In training timestep {t + 1} does not always read the truth of timestep {t}.")
    for units in (4, 6):
        _expect_simple_rnn(make(units), units)


def _expect_simple_rnn(layer, units):
    """The equations of the step, each found from recorded values alone."""
    x = _numbers(60, 4, 1, seed=3)
    layer(x)
    weights = layer.get_weights()
    layer.set_weights([0.4 * _numbers(*w.shape, seed=4 + k) for k, w in enumerate(weights)])
    record = trace(layer, x)
    states = next(iter(record.states.values()))
    expect(states.shape[-1] == units, f"For {units} units the state has {states.shape[-1]} numbers.")
    far = next(iter(trace(layer, 100 * x).states.values()))
    expect(np.abs(far).max() <= 1, "For large x the state does not stay between -1 and 1, as tanh does.")
    old, new = (part.reshape(-1, units) for part in (states[:, :-1], states[:, 1:]))
    outputs = np.asarray(layer(x))
    read = np.concatenate([np.zeros_like(outputs[:, :1]), outputs[:, :-1]], axis=1)  # running free
    seen = {"x": x.reshape(-1, 1), "the readout": read.reshape(-1, 1), "the old state": old}
    matrix = expect_tanh_of_sum(new, seen)
    shared = np.allclose(matrix[0], matrix[1], atol=1e-3)
    expect(not shared, "x and the readout have the same weights.")
    wrong, _ = best_linear(outputs.reshape(-1, 1), new)
    expect(wrong < 1e-3, "The output is not a Dense(1) of the new state.")


def _looks(offset, only=None):
    """A run whose output t adds the truth of timestep t + offset, at all timesteps or only at one."""

    def run(x, truth):
        outputs = x.copy()
        for t in range(x.shape[1]):
            if 0 <= t + offset < x.shape[1] and only in (None, t):
                outputs[:, t] += truth[:, t + offset]
        return outputs

    return run


def check_leaks(find_out):
    """Right about runs that are honest, that leak everywhere, and that leak at one timestep."""
    x, truth = _numbers(2, 5, 1), _numbers(2, 5, 1, seed=2)
    for words, run, leaky in [
        ("reads the truth of the previous timestep", _looks(-1), False),
        ("reads the truth of two timesteps before", _looks(-2), False),
        ("never reads the truth", lambda x, truth: 2 * x, False),
        ("reads the truth of the same timestep", _looks(0), True),
        ("reads the truth of the next timestep", _looks(1), True),
        ("reads the truth of the same timestep at the end only", _looks(0, only=4), True),
    ]:
        answer = find_out(run, x.copy(), truth.copy())
        expect(isinstance(answer, (bool, np.bool_)), f"It returns a {type(answer).__name__}, not a bool.")
        expect(bool(answer) == leaky, f"It is wrong about a run that {words}.")


def check_mixed_run(run):
    """Free without heads, forced with heads only, and sample by sample between."""
    x, truth = _numbers(4, 6, 2), _numbers(4, 6, 2, seed=2)
    random = np.random.default_rng(3).random((4, 6)) < 0.5
    for words, coins in [("all False", random & False), ("all True", random | True), ("mixed", random)]:
        outputs = np.asarray(run(_small_step, x, truth, coins))
        expect(
            outputs.shape == x.shape, f"For x of shape {x.shape} the answer has the shape {outputs.shape}."
        )
        readout = np.concatenate([np.zeros_like(x[:, :1]), outputs[:, :-1]], axis=1)
        previous = np.concatenate([np.zeros_like(x[:, :1]), truth[:, :-1]], axis=1)
        right = _small_step(x, np.where(coins[:, :, None], previous, readout))
        agrees = np.isclose(outputs, right, atol=1e-5).all(axis=(0, 2))
        wrong_at = int(np.argmin(agrees))
        expect(agrees.all(), f"With coins that are {words}, timestep {wrong_at} is fed something else.")


def _small_step(x_t, readout):
    return np.tanh(x_t + 0.5 * readout)


def check_forced_outputs(run):
    """The layer y = x + readout shows what it was fed."""
    x_t, readout = Input((1,), name="x"), Input((1,), name="readout")
    layer = RecurrentModel(
        x_t, x_t + readout, readout_input=readout, teacher_force=True, return_sequences=True
    )
    x, targets = _numbers(2, 5, 1), _numbers(2, 5, 1, seed=2)
    outputs = np.asarray(run(layer, x, targets))
    expect(outputs.shape == x.shape, f"For x of shape {x.shape} the output has the shape {outputs.shape}.")
    fed = outputs - x
    expect(np.allclose(fed[:, 0], 0, atol=1e-5), "Timestep 0 reads something other than zeros.")
    for t in range(1, 5):
        right = np.allclose(fed[:, t], targets[:, t - 1], atol=1e-5)
        expect(right, f"Timestep {t} does not read the truth of timestep {t - 1}.")


register_exercise(
    "07.fed",
    fed_readout,
    check_fed_readout,
    hints=[
        "Write truth 1, 2, 3 on paper and below it what each timestep is fed. What falls off at the end?",
        "All truths but the last are truth[:, :-1]. np.concatenate puts the first readout before them.",
        "first has no axis of time; first[:, None] has one.",
    ],
    wrong=[not_shifted, shifted_to_the_future, rolled_round],
)
register_exercise(
    "07.layer",
    forced_layer,
    check_forced_layer,
    hints=[
        "The step has three Inputs here: x, h_tm1 and the readout. All three meet inside the tanh.",
        "The output has one number, so the readout is an Input((1,)); name it in readout_input.",
        "The switch is teacher_force=True. Every timestep is wanted: return_sequences=True.",
    ],
    wrong=[
        never_forced,
        forced_half_the_time,
        only_the_last_output,
        without_tanh,
        clipped_in_place_of_tanh,
        always_four_units,
    ],
)
register_exercise(
    "07.leaks",
    leaks,
    check_leaks,
    hints=[
        "Run it once. Then change the truth of one timestep and run again. Which outputs may change?",
        "A change at t may be seen at t+1 and later. It may not be seen in outputs[:, : t + 1].",
        "Try every t: a leak may sit at one timestep only. Change a copy of the truth.",
    ],
    wrong=[looks_at_the_first_timestep_only, any_use_of_the_truth, strictly_before_only],
)
register_exercise(
    "07.mixed",
    mixed_run,
    check_mixed_run,
    hints=[
        "Start from the NumPy loop of this lesson. Only the line that makes the readout changes.",
        "np.where(condition, a, b) chooses sample by sample; the condition needs the shape (batch, 1).",
        "The coin of timestep t decides what timestep t reads. The first timestep reads zeros in any case.",
    ],
    wrong=[truth_of_the_same_timestep, one_coin_for_the_batch, coins_the_other_way],
)
register_exercise(
    "07.bug",
    forced_outputs,
    check_forced_outputs,
    hints=[
        "Print what the step y = readout gives. How old is the truth that timestep 3 reads?",
        "Who shifts the truth: you, or the layer? Count how often it happens.",
    ],
    wrong=[still_shifted_twice, shifted_the_other_way, forgets_training],
)
