"""Lesson 03, Open the gates: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input, ops
from keras.layers import Dense

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import count_states, expect_any_layer, expect_one_bias, numbers, parts, samples, step_of

register_prediction(
    "03.by_hand",
    {
        "LSTM: c after c_tm1 = 4, f = 0.5, i = 1, g = -1": 1,
        "LSTM: h after c = 1 with a closed output gate, o = 0": 0,
        "LSTM: c after 100 timesteps with f = 1 and i = 0, from c = 4": 4,
        "GRU: h after h_tm1 = 0.8, z = 0.25, n = -0.4": -0.1,
        "weights of an LSTM with 8 units and 2 inputs": 352,
        "weights of a GRU with 8 units and 2 inputs, reset_after=False": 264,
        "c of an LSTM can become larger than 1": "yes",
        "h of an LSTM can become larger than 1": "no",
    },
)
register_prediction(
    "03.start",
    {
        "forget bias 1, f = 0.73: more than a hundredth of c is left after 25 timesteps": "no",
        "forget bias 4, f = 0.98: more than half of c is left after 25 timesteps": "yes",
        "update bias 0: the update gate of the GRU begins near": 0.5,
        "after training, is the forget gate at a flag higher or lower than elsewhere": "lower",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def bias_for(timesteps, left):
    """The bias b of a gate f = sigmoid(b) with f ** timesteps = left, 0 < left < 1: two numbers -> one."""
    f = left ** (1 / timesteps)
    return np.log(f / (1 - f))


def in_order(weights, has, wants):
    """Weights (..., gates * units) with the gates in the order `has`, put into the order `wants`."""
    blocks = np.split(weights, len(has), axis=-1)
    return np.concatenate([blocks[has.index(gate)] for gate in wants], axis=-1)


def gru_latch():
    """Weights of keras.layers.GRU(1, reset_after=False): [kernel (2, 3), recurrent kernel (1, 3), bias (3,)].

    The input is a number and a flag. h becomes tanh(number) where the flag is 1, and stays elsewhere.
    """
    number, flag = [0, 0, 1], [-20, 0, 0]  # the columns: update gate, reset gate, candidate
    return [np.array([number, flag]), np.zeros((1, 3)), np.array([10, 0, 0])]


def coupled_lstm(units):
    """An LSTM layer with f = 1 - i, states h and c: (batch, time, 2) -> (batch, time, units)."""
    x_t = Input((2,), name="x")
    h_tm1, c_tm1 = Input((units,), name="h_tm1"), Input((units,), name="c_tm1")
    i_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    g_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    o_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    c_t = (1 - i_t) * c_tm1 + i_t * g_t
    h_t = o_t * ops.tanh(c_t)
    return RecurrentModel(x_t, h_t, [h_tm1, c_tm1], [h_t, c_t], return_sequences=True)


def mended_lstm(units):
    """The LSTM layer of the bug hunt without its bug: (batch, time, 2) -> (batch, time, units)."""
    x_t = Input((2,), name="x")
    h_tm1, c_tm1 = Input((units,), name="h_tm1"), Input((units,), name="c_tm1")
    i_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    f_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    g_t = ops.tanh(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    o_t = ops.sigmoid(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    c_t = f_t * c_tm1 + i_t * g_t
    h_t = o_t * ops.tanh(c_t)
    return RecurrentModel(x_t, h_t, [h_tm1, c_tm1], [h_t, c_t], return_sequences=True)


# Plausible wrong answers.


def the_gate_itself(timesteps, left):
    return left ** (1 / timesteps)


def the_sign_of_the_logarithm(timesteps, left):
    f = left ** (1 / timesteps)
    return np.log((1 - f) / f)


def always_a_third_left(timesteps, left):
    return np.log(timesteps)


def the_other_way_round(weights, has, wants):
    return in_order(weights, wants, has)


def single_columns(weights, has, wants):
    columns = [has.index(gate) for gate in wants]
    return np.concatenate([weights[..., columns], weights[..., len(has) :]], axis=-1)


def rows_in_place_of_columns(weights, has, wants):
    blocks = np.array_split(weights, len(has), axis=0)
    return np.concatenate([blocks[has.index(gate)] for gate in wants], axis=0)


def keeps_at_the_flag():
    return [np.array([[0, 0, 1], [20, 0, 0]]), np.zeros((1, 3)), np.array([-10, 0, 0])]


def a_gate_that_leaks():
    return [np.array([[0, 0, 1], [-6, 0, 0]]), np.zeros((1, 3)), np.array([3, 0, 0])]


def the_wrong_column():
    return [np.array([[0, 0, 1], [0, -20, 0]]), np.zeros((1, 3)), np.array([0, 10, 0])]


def _lstm(units, next_c, shown=ops.tanh):
    x_t, h_tm1, c_tm1 = Input((2,)), Input((units,), name="h_tm1"), Input((units,), name="c_tm1")
    sums = [Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) for _ in range(4)]
    i_t, f_t, o_t = (ops.sigmoid(z) for z in sums[:3])
    c_t = next_c(i_t, f_t, ops.tanh(sums[3]), c_tm1)
    h_t = o_t * shown(c_t)
    return RecurrentModel(x_t, h_t, [h_tm1, c_tm1], [h_t, c_t], return_sequences=True)


def an_lstm_with_all_gates(units):
    return _lstm(units, lambda i, f, g, c: f * c + i * g)


def writes_more_than_it_forgets(units):
    return _lstm(units, lambda i, f, g, c: (1 - i) * c + g)


def keeps_with_the_input_gate_too(units):
    return _lstm(units, lambda i, f, g, c: i * c + i * g)


def squashes_the_old_memory(units):
    return _lstm(units, lambda i, f, g, c: f * ops.tanh(c) + i * g)


def squashes_a_little_less(units):
    return _lstm(units, lambda i, f, g, c: 4 * ops.tanh((f * c + i * g) / 4))


def shows_the_memory_as_it_is(units):
    return _lstm(units, lambda i, f, g, c: f * c + i * g, shown=lambda c: c)


# Checks: properties that every right answer has, on random numbers.


def check_bias_for(find):
    """The gate of this bias, used again and again, leaves what was asked for."""
    for timesteps, left in [(2, 0.5), (10, 0.9), (50, 0.4), (7, 0.01)]:
        bias = numbers(find(timesteps, left))
        expect(bias.ndim == 0, "It does not return one number.")
        kept = (1 / (1 + np.exp(-float(bias)))) ** timesteps
        right = np.isclose(kept, left, rtol=1e-3)
        expect(right, f"For {timesteps} timesteps and left = {left:g} the gate leaves {kept:.3g}.")


def check_in_order(reorder):
    """Blocks of columns in the wanted order, for kernels and biases, there and back."""
    draw = np.random.default_rng(3)
    for has, wants, units in [("rzn", "zrn", 2), ("ifgo", "fogi", 3), ("gifo", "ifgo", 1)]:
        for shape in [(5, len(has) * units), (len(has) * units,)]:
            weights = draw.normal(size=shape)
            given = dict(zip(has, np.split(weights, len(has), axis=-1), strict=True))
            found = numbers(reorder(weights.copy(), has, wants))
            expect(found.shape == shape, f"For weights of shape {shape} it returns the shape {found.shape}.")
            for gate, block in zip(wants, np.split(found, len(wants), axis=-1), strict=True):
                same = np.array_equal(block, given[gate])
                expect(same, f"From {has!r} to {wants!r} the weights of the gate {gate!r} are wrong.")


def check_gru_latch(make):
    """A GRU of Keras with these weights holds the last flagged number for 30 timesteps."""
    weights = [numbers(w, "A part") for w in parts(make(), "kernel", "recurrent kernel", "bias")]
    shapes = [w.shape for w in weights]
    expect(shapes == [(2, 3), (1, 3), (3,)], f"The weights have the shapes {shapes}.")
    draw = np.random.default_rng(4)
    x = np.stack([draw.uniform(-1, 1, size=(6, 30)), draw.random((6, 30)) < 0.1], axis=2)
    x[0, :, 1] = np.arange(30) == 2  # one sequence with a single flag, far from the end
    layer = keras.layers.GRU(1, reset_after=False, return_sequences=True)
    layer.build((None, None, 2))
    layer.set_weights(weights)
    h, held, since = np.asarray(layer(x.astype("float32")))[:, :, 0], np.zeros(6), np.zeros(6)
    for t in range(30):
        held = np.where(x[:, t, 1] == 1, np.tanh(x[:, t, 0]), held)
        since = np.where(x[:, t, 1] == 1, 0, since + 1)
        wrong = np.abs(h[:, t] - held) > 0.05
        at = int(since[wrong].min(initial=30))
        what = "at a flag" if at == 0 else f"where the last flag, or the start, is {at} timesteps away"
        expect(not wrong.any(), f"h is wrong {what}.")


def _step(layer):
    expect_any_layer(layer)
    expect(count_states(layer) == 2, f"The step has {count_states(layer)} states.")
    names = getattr(layer, "state_names", ["h", "c"])  # Keras's LSTM has them in this order
    expect(sorted(names) == ["c", "h"], f"The states are called {names}, not h and c.")

    def step(x, h, c):
        given = {"h": h, "c": c}
        y, *after = step_of(layer)([x, *(given[name] for name in names)])
        after = {name: np.asarray(value) for name, value in zip(names, after, strict=True)}
        return np.asarray(y), after["h"], after["c"]

    return step


def _start(units):
    draw = np.random.default_rng(5)
    x = draw.normal(size=(4, 2)).astype("float32")
    return x, draw.uniform(-0.9, 0.9, size=(4, units)).astype("float32")


def _expect_an_lstm(layer, units):
    """What all LSTMs share: c kept by a gate, in proportion; h = o tanh(c). Gives f and what is written."""
    x, h = _start(units)
    expect_any_layer(layer)
    y = np.asarray(layer(np.stack([x] * 5, axis=1)))
    step = _step(layer)
    expect(y.shape == (4, 5, units), f"For x of shape (4, 5, 2) the output has the shape {y.shape}.")
    runs = {size: step(x, h, np.full_like(h, size)) for size in (0, 1, 5)}
    written = runs[0][2]
    f = runs[1][2] - written
    in_proportion = np.allclose(runs[5][2] - written, 5 * f, atol=1e-3)
    expect(in_proportion, "Five times the old memory does not add five times as much to the new one.")
    expect((f > 0).all() and (f < 1).all(), "The part of c that is kept does not lie between 0 and 1.")
    for output, shown, _ in runs.values():
        expect(np.allclose(output, shown, atol=1e-5), "The output is not the new h.")
    gates = [runs[size][1] / np.tanh(runs[size][2]) for size in (1, 5)]
    same = np.allclose(*gates, atol=1e-3) and (gates[0] > 0).all() and (gates[0] < 1).all()
    expect(same, "h is not tanh(c) times a gate between 0 and 1 that does not see c.")
    for other in (step(-x, h, 0 * h + 1), step(x, -h, 0 * h + 1)):
        moved = not np.allclose(other[2] - step(x, h, 0 * h)[2], f, atol=1e-4)
        expect(moved, "What is kept depends on x or on the old h only.")
    _expect_tanh_is_written(step, units)
    return f, written


def _expect_tanh_is_written(step, units):
    # Of large sums a tanh makes -1 or 1, and the gate is open for some of them.
    x, h = samples(2, units)
    written = step(200 * x, h, 0 * h)[2]
    holds = written.min() < 0 and np.abs(written).max() <= 1 + 1e-4
    expect(holds, "What is written is not a gate times tanh(...).")


def check_coupled_lstm(make):
    """An LSTM that writes (1 - f) times a candidate within -1 and 1, made of three sums."""
    for units in (3, 5):
        layer = make(units)
        f, written = _expect_an_lstm(layer, units)
        candidate = written / (1 - f)
        bounded = np.abs(candidate).max() <= 1 + 1e-3
        expect(bounded, "More is written than 1 - f times a number within -1 and 1.")
        weights, right = layer.count_params(), 3 * units * (units + 3)
        expect_one_bias(layer, right, units, most=3)
        expect(weights == right, f"{weights} weights are not those of three sums x W + h U + b.")


def check_mended_lstm(make):
    """An LSTM whose memory is kept by nothing but its gate."""
    for units in (3, 4):
        layer = make(units)
        _expect_an_lstm(layer, units)
        weights, right = layer.count_params(), 4 * units * (units + 3)
        expect_one_bias(layer, right, units, most=4)
        expect(weights == right, f"{weights} weights are not those of four sums x W + h U + b.")


register_exercise(
    "03.bias",
    bias_for,
    check_bias_for,
    hints=[
        "First find the gate f: a number that is used `timesteps` times, as a product. Which root is it?",
        "f = left ** (1 / timesteps). Now solve f = 1 / (1 + exp(-b)) for b.",
        "1 / f - 1 is exp(-b). The logarithm is np.log.",
    ],
    wrong=[the_gate_itself, the_sign_of_the_logarithm, always_a_third_left],
)
register_exercise(
    "03.order",
    in_order,
    check_in_order,
    hints=[
        "np.split cuts an array into equal parts; the gates lie along the last axis, axis=-1.",
        "Where does the gate 'z' stand in has? has.index('z') says it.",
        "Go through the gates of wants, take the part of each, and put them together with np.concatenate.",
    ],
    wrong=[the_other_way_round, single_columns, rows_in_place_of_columns],
)
register_exercise(
    "03.latch",
    gru_latch,
    check_gru_latch,
    hints=[
        "In a GRU one gate keeps and writes: z = 1 keeps. What must z be at a flag, and elsewhere?",
        "The columns are update gate, reset gate, candidate. The candidate is to be tanh(number).",
        "A gate is shut by a sum of -10 and open at +10. The bias gives +10 without a flag; and with one?",
    ],
    wrong=[keeps_at_the_flag, a_gate_that_leaks, the_wrong_column],
)
register_exercise(
    "03.coupled",
    coupled_lstm,
    check_coupled_lstm,
    hints=[
        "Start from the LSTM of this lesson. Which of its four sums is no longer needed?",
        "Inputs: x_t, h_tm1, c_tm1. Three sums of two Dense layers each: two sigmoids and one tanh.",
        "Where the LSTM has f_t, write 1 - i_t. Two states are lists: [h_tm1, c_tm1] and [h_t, c_t].",
        "It keeps 1 - i. To keep 0.98 at the start, i must be 0.02: a bias of -4.",
    ],
    wrong=[an_lstm_with_all_gates, writes_more_than_it_forgets, keeps_with_the_input_gate_too],
)
register_exercise(
    "03.bug",
    mended_lstm,
    check_mended_lstm,
    hints=[
        "Follow c on a calculator: f = 1, i = 0, c = 0.9. What is handed on?",
        "Only the gate may shrink the memory. tanh belongs to what is shown, not to what is kept.",
    ],
    wrong=[squashes_the_old_memory, squashes_a_little_less, shows_the_memory_as_it_is],
)
