"""Lesson 12, Your own cell from a paper: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input, ops
from keras.layers import Activation, Dense

from rshop import RNNCell, RNNCellFromModel, trace

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import best_linear

register_prediction(
    "12.matrix",
    {
        "W = [[1, 2], [5, 3]]: first row of W - W^T": (0, -3),
        "second row of W - W^T": (3, 0),
        "numbers above the diagonal of a 16 x 16 matrix": 120,
        "a cell with 32 units and 8 features has how many weights": 1312,
    },
)
register_prediction(
    "12.distance",
    {
        "the simple RNN's gradient at distance 60: vanishes, explodes or stays": "vanishes",
        "the antisymmetric one's: vanishes, explodes or stays": "stays",
        "with gamma = 1: vanishes, explodes or stays": "vanishes",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def numeric_gradient(f, w, step=1e-5):
    """The slope of f, an array -> a number, by each number of w, from central differences: the shape of w."""
    gradient = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        up, down = w.copy(), w.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (f(up) - f(down)) / (2 * step)
    return gradient


def minimal_gated(units):
    """The minimal gated unit as a cell, with parts named "forget_gate" and "candidate"."""
    x_t, h_tm1 = Input((3,), name="x"), Input((units,), name="h_tm1")
    f = Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1)
    f = Activation("sigmoid", name="forget_gate")(f)
    g = Dense(units)(x_t) + Dense(units, use_bias=False)(f * h_tm1)
    g = Activation("tanh", name="candidate")(g)
    h_t = (1 - f) * h_tm1 + f * g
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def independent(units):
    """IndRNN as a cell: h_t = relu(x_t W + u * h_tm1 + b), where u has one number for each unit."""

    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.u = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="u")

        def call(self, h):
            return self.u * h

    x_t, h_tm1 = Input((3,), name="x"), Input((units,), name="h_tm1")
    h_t = ops.relu(Dense(units)(x_t) + Scale()(h_tm1))
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def slow_and_fast(units, context, keep):
    """SCRN as a cell: states h (units) and s (context); its output is h and s side by side, h first."""
    x_t = Input((3,), name="x")
    h_tm1, s_tm1 = Input((units,), name="h_tm1"), Input((context,), name="s_tm1")
    s_t = (1 - keep) * Dense(context, use_bias=False)(x_t) + keep * s_tm1
    inside = Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1) + Dense(units, use_bias=False)(s_t)
    h_t = ops.sigmoid(inside)
    y_t = keras.layers.Concatenate()([h_t, s_t])
    return RNNCellFromModel(keras.Model([x_t, h_tm1, s_tm1], [y_t, h_t, s_t]))


def mended_leak(units, keep):
    """The cell of the bug hunt without its bug; a cell that `from_config` makes of its config is the same."""

    class Leak(RNNCell):
        def __init__(self, output_dim, keep=0.9, **options):
            super().__init__(output_dim, **options)
            self.keep = keep

        def build_model(self, input_shape):
            x_t, h_tm1 = Input(input_shape[1:], name="x"), Input((self.output_dim,), name="h_tm1")
            h_t = self.keep * h_tm1 + (1 - self.keep) * Dense(self.output_dim)(x_t)
            return keras.Model([x_t, h_tm1], [h_t, h_t])

        def get_config(self):
            return {**super().get_config(), "keep": self.keep}

    return Leak(units, keep)


# Plausible wrong answers.


def one_sided(f, w, step=1e-5):
    gradient = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        up = w.copy()
        up[place] += step
        gradient[place] = (f(up) - f(w)) / (2 * step)
    return gradient


def along_the_diagonal(f, w, step=1e-5):
    return np.full_like(w, (f(w + step) - f(w - step)) / (2 * step))


def never_puts_it_back(f, w, step=1e-5):
    gradient, moved = np.zeros_like(w), w.copy()
    for place in np.ndindex(w.shape):
        before = f(moved)
        moved[place] += 1000 * step
        gradient[place] = (f(moved) - before) / (1000 * step)
    return gradient


def _gated(units, mix, seen):
    x_t, h_tm1 = Input((3,)), Input((units,))
    f = Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1)
    f = Activation("sigmoid", name="forget_gate")(f)
    g = Dense(units)(x_t) + Dense(units, use_bias=False)(seen(f, h_tm1))
    g = Activation("tanh", name="candidate")(g)
    h_t = mix(f, h_tm1, g)
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def the_gate_the_other_way(units):
    return _gated(units, lambda f, h, g: f * h + (1 - f) * g, lambda f, h: f * h)


def the_candidate_sees_all(units):
    return _gated(units, lambda f, h, g: (1 - f) * h + f * g, lambda f, h: h)


def adds_without_forgetting(units):
    return _gated(units, lambda f, h, g: h + f * g, lambda f, h: f * h)


def a_full_matrix(units):
    x_t, h_tm1 = Input((3,)), Input((units,))
    h_t = ops.relu(Dense(units)(x_t) + Dense(units, use_bias=False)(h_tm1))
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def squashed(units):
    x_t, h_tm1 = Input((3,)), Input((units,))
    h_t = ops.tanh(Dense(units)(x_t) + 0.9 * h_tm1)
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def a_fixed_number(units):
    x_t, h_tm1 = Input((3,)), Input((units,))
    h_t = ops.relu(Dense(units)(x_t) + 0.9 * h_tm1)
    return RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t]))


def keeps_the_wrong_part(units, context, keep):
    return slow_and_fast(units, context, 1 - keep)


def never_looks_at_the_context(units, context, keep):
    x_t, h_tm1, s_tm1 = Input((3,)), Input((units,)), Input((context,))
    s_t = (1 - keep) * Dense(context, use_bias=False)(x_t) + keep * s_tm1
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units)(h_tm1))
    return RNNCellFromModel(
        keras.Model([x_t, h_tm1, s_tm1], [keras.layers.Concatenate()([h_t, s_t]), h_t, s_t])
    )


def sees_the_old_context(units, context, keep):
    x_t, h_tm1, s_tm1 = Input((3,)), Input((units,)), Input((context,))
    s_t = (1 - keep) * Dense(context, use_bias=False)(x_t) + keep * s_tm1
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units)(s_tm1))
    return RNNCellFromModel(
        keras.Model([x_t, h_tm1, s_tm1], [keras.layers.Concatenate()([h_t, s_t]), h_t, s_t])
    )


def says_only_h(units, context, keep):
    x_t, h_tm1, s_tm1 = Input((3,)), Input((units,)), Input((context,))
    s_t = (1 - keep) * Dense(context, use_bias=False)(x_t) + keep * s_tm1
    h_t = ops.sigmoid(Dense(units)(x_t) + Dense(units)(h_tm1) + Dense(units)(s_t))
    return RNNCellFromModel(keras.Model([x_t, h_tm1, s_tm1], [h_t, h_t, s_t]))


class _Leak(RNNCell):
    def __init__(self, output_dim, keep=0.9, **options):
        super().__init__(output_dim, **options)
        self.keep = keep

    def build_model(self, input_shape):
        x_t, h_tm1 = Input(input_shape[1:]), Input((self.output_dim,))
        h_t = self.keep * h_tm1 + (1 - self.keep) * Dense(self.output_dim)(x_t)
        return keras.Model([x_t, h_tm1], [h_t, h_t])


def still_forgets(units, keep):
    return _Leak(units, keep)


def remembers_a_constant(units, keep):
    class Leak(_Leak):
        def get_config(self):
            return {**super().get_config(), "keep": 0.5}

    return Leak(units, keep)


def ignores_keep(units, keep):
    class Leak(_Leak):
        def get_config(self):
            return {**super().get_config(), "keep": self.keep}

    return Leak(units)


# Checks: properties that every right answer has, on random numbers.


def _draw(*shape, seed=12):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _layer(answer, x):
    # A cell: as a layer that returns every timestep, with random weights.
    is_layer = hasattr(answer, "get_cell")
    expect(not is_layer, "It returns a layer, not a cell; its get_cell() makes a cell of it.")
    expect(hasattr(answer, "get_layer"), f"It returns a {type(answer).__name__}, not a cell.")
    layer = answer.get_layer(return_sequences=True)
    layer(x)
    layer.set_weights([0.5 * _draw(*w.shape, seed=k) for k, w in enumerate(layer.get_weights())])
    return layer


def _expect_shape(y, shape):
    expect(y.shape == shape, f"The output has the shape {y.shape}.")


def _expect_states(layer, count):
    expect(layer.num_states == count, f"The cell has {layer.num_states} states.")


def _expect_sizes(layer, sizes):
    found = [tensor.shape[-1] for tensor in layer.step.inputs[1:]]
    expect(sorted(found) == sizes, f"The states have {found} numbers.")
    return found


def _depends_on(matrix, before, count):
    return bool(np.abs(matrix[before : before + count]).max() > 1e-3)


def check_numeric_gradient(compute):
    """Against slopes known by calculus, for arrays of several shapes; w is left as it was."""
    draw = np.random.default_rng(5)
    for shape in [(3,), (2, 4), (2, 2, 2)]:
        w, a = draw.normal(size=shape), draw.normal(size=shape)
        kept = w.copy()
        found = np.asarray(compute(lambda w, a=a: float((a * w**3).sum() + w.prod()), w))
        expect(found.shape == shape, f"For w of shape {shape} the gradient has the shape {found.shape}.")
        truth = 3 * a * kept**2 + kept.prod() / kept
        expect(
            np.allclose(found, truth, rtol=1e-4, atol=1e-4), f"The slopes are wrong for w of shape {shape}."
        )
        expect(np.array_equal(w, kept), "Afterwards w is not as it was before.")
    bend = float(np.ravel(compute(lambda w: float((w**2).sum()), np.zeros(1), step=0.1))[0])
    expect(
        abs(bend) < 1e-6, "At the bottom of w squared the slope is not 0: the differences are not central."
    )


def check_minimal_gated(make):
    """The three equations, each found from recorded values alone."""
    for units in (4, 5):
        _expect_minimal_gated(make(units), units)


def _expect_minimal_gated(cell, units):
    x = _draw(40, 3, 3)
    layer = _layer(cell, x)
    _expect_states(layer, 1)
    _expect_sizes(layer, [units])
    record = trace(layer, x)
    for name in ("forget_gate", "candidate"):
        known = any(found.rpartition("/")[2] == name for found in record.names)
        expect(known, f"No part is named {name!r}.")
    f, g = (record[name].reshape(-1, units) for name in ("forget_gate", "candidate"))
    states = next(iter(record.states.values()))
    old, new = states[:, :-1].reshape(-1, units), states[:, 1:].reshape(-1, units)
    seen = x.reshape(-1, 3)
    expect(f.min() >= 0 and f.max() <= 1, "The gate is not between 0 and 1.")
    f_in, g_in = np.log(f / (1 - f)), np.arctanh(np.clip(g, -1 + 1e-6, 1 - 1e-6))
    wrong, matrix = best_linear(f_in, seen, old)
    expect(wrong < 1e-2, "The gate is not sigmoid(x W + h U + b).")
    expect(_depends_on(matrix, 0, 3) and _depends_on(matrix, 3, units), "The gate does not see both x and h.")
    expect(_depends_on(matrix, 3 + units, 1), "There is no b in the gate.")
    mixed = np.allclose(new, (1 - f) * old + f * g, atol=1e-4)
    expect(mixed, "The new state is not the mixture of the paper.")
    wrong, matrix = best_linear(g_in, seen, f * old)
    expect(wrong < 2e-2, "The candidate is not tanh(x W + (f * h) U + b).")
    expect(_depends_on(matrix, 0, 3) and _depends_on(matrix, 3, units), "The candidate misses x or f * h.")
    expect(_depends_on(matrix, 3 + units, 1), "There is no b in the candidate.")


def check_independent(make):
    """Never negative; where positive, linear in x and in its own old number, in no other."""
    for units in (4, 6):
        _expect_independent(make(units), units)


def _expect_independent(cell, units):
    x = _draw(400, 1, 3)
    layer = _layer(cell, x)
    _expect_states(layer, 1)
    _expect_sizes(layer, [units])
    h = _draw(400, units, seed=13)
    y, after = (np.asarray(v) for v in layer.step([x[:, 0], h]))
    _expect_shape(y, (400, units))
    expect(np.allclose(y, after), "The output is not the new state.")
    expect(y.min() >= 0 and (y == 0).any(), "The new state is not a relu of something.")
    slopes, offsets = [], []
    for unit in range(units):
        above = y[:, unit] > 1e-4
        wrong, matrix = best_linear(y[above, unit : unit + 1], x[above, 0], h[above])
        expect(wrong < 1e-3, "Where it is positive, the new state is not linear in x and h.")
        own, others = matrix[3 + unit, 0], np.delete(matrix[3 : 3 + units, 0], unit)
        expect(np.abs(others).max() < 1e-3, "A unit sees the old state of another unit.")
        slopes.append(own)
        offsets.append(matrix[-1, 0])
    expect(np.abs(slopes).max() > 1e-3, "The old state makes no difference.")
    expect(np.ptp(slopes) > 1e-3, "All units multiply their old state by the same number.")
    expect(np.abs(offsets).max() > 1e-2, "There is no b.")


def check_slow_and_fast(make):
    """The equations of both states, told apart by their sizes."""
    for units, context, keep in ((5, 2, 0.75), (4, 1, 0.4)):
        _expect_slow_and_fast(make(units, context, keep), units, context, keep)


def _expect_slow_and_fast(cell, units, context, keep):
    x = _draw(80, 1, 3)
    layer = _layer(cell, x)
    _expect_states(layer, 2)
    sizes = _expect_sizes(layer, [context, units])
    given = {size: _draw(80, size, seed=size) for size in sizes}
    y, *after = (np.asarray(v) for v in layer.step([x[:, 0], *(given[size] for size in sizes)]))
    after = dict(zip(sizes, after, strict=True))
    h, s = given[units], given[context]
    wrong, matrix = best_linear((after[context] - keep * s) / (1 - keep), x[:, 0])
    expect(wrong < 1e-3, "What is left of s without the part that is kept is not linear in x.")
    expect(_depends_on(matrix, 0, 3), "The new s does not see x.")
    expect(np.abs(matrix[3]).max() < 1e-3, "The new s has a bias, which the equation has not.")
    bounded = after[units].min() > 0 and after[units].max() < 1
    expect(bounded, "The new h is not between 0 and 1.")
    inside = np.log(after[units] / (1 - after[units]))
    wrong, matrix = best_linear(inside, h, after[context], x[:, 0])
    expect(wrong < 1e-2, "The new h is not a sigmoid of a sum of matrix products.")
    all_seen = _depends_on(matrix, 0, units) and _depends_on(matrix, units, context)
    expect(all_seen, "The new h misses the old h or s.")
    # From the old s the fit is exact as well, but then its matrix is no matrix of the cell.
    P = matrix[units : units + context]
    kernels = [part for w in layer.get_weights() if w.ndim == 2 for part in (w, w.T)]
    rows = [row for kernel in kernels if kernel.shape[1] == units for row in kernel]
    known = all(any(np.abs(own - row).max() < 1e-2 for own in rows) for row in P)
    expect(known, "What h sees is not the new s.")
    expect(_depends_on(matrix, units + context, 3) and _sees_x(matrix, units, context), "The new h misses x.")
    _expect_shape(y, (80, units + context))
    both = np.concatenate([after[units], after[context]], axis=1)
    expect(np.allclose(y, both, atol=1e-5), "The output is not h and s side by side.")


def _sees_x(matrix, units, context):
    return matrix[units + context : units + context + 3].any()


def check_mended_leak(make):
    """The right numbers, and the same ones after a round trip through the config."""
    x = _draw(2, 4, 3)
    for units, keep in ((5, 0.9), (4, 0.25)):
        cell = make(units, keep)
        expect(hasattr(cell, "get_layer"), f"It returns a {type(cell).__name__}, not a cell.")
        again = type(cell).from_config(cell.get_config())
        first, second = _layer(cell, x), again.get_layer(return_sequences=True)
        y = np.asarray(first(x))
        _expect_shape(y, (2, 4, units))
        second(x)
        second.set_weights(first.get_weights())
        h = _draw(2, units, seed=3)
        moved = np.asarray(first.step([x[:, 0], h + 1])[1]) - np.asarray(first.step([x[:, 0], h])[1])
        expect(np.allclose(moved, keep, atol=1e-4), f"With keep = {keep} it keeps another part of the state.")
        _expect_leak(first, x[:, 0], h, keep)
        same = np.allclose(second(x), y, atol=1e-5)
        expect(same, "A cell made of the config gives other numbers with the same weights.")


def _expect_leak(layer, x, h, keep):
    weights = sorted(layer.get_weights(), key=np.ndim)
    right = [w.shape for w in weights] == [h.shape[1:], (x.shape[1], h.shape[1])]
    if right:
        bias, kernel = weights
        truth = keep * h + (1 - keep) * (x @ kernel + bias)
        right = np.allclose(layer.step([x, h])[1], truth, atol=1e-4)
    expect(right, "The new state is not that of the bug hunt.")


register_exercise(
    "12.gradient",
    numeric_gradient,
    check_numeric_gradient,
    hints=[
        "Change one number of w, up and down, and leave the others. Change a copy, not w itself.",
        "np.ndindex(w.shape) goes through all places of an array of any shape: w[place].",
        "The slope is how much f changes, divided by how much w changed between the two.",
    ],
    wrong=[one_sided, along_the_diagonal, never_puts_it_back],
)
register_exercise(
    "12.mgu",
    minimal_gated,
    check_minimal_gated,
    hints=[
        "Two Dense layers for the gate, one of x and one of h; the second without a bias.",
        'Activation("sigmoid", name="forget_gate") gives a part its name.',
        "The candidate sees the old state after the gate: f * h_tm1 goes into its Dense layer.",
        "RNNCellFromModel(keras.Model([x_t, h_tm1], [h_t, h_t])) is the short way to a cell.",
    ],
    wrong=[the_gate_the_other_way, the_candidate_sees_all, adds_without_forgetting],
)
register_exercise(
    "12.indrnn",
    independent,
    check_independent,
    hints=[
        "A layer of your own has one weight a unit, as Antisymmetric has a matrix.",
        "In build: self.add_weight(shape=(units,), ...). In call: multiply, number by number, with *.",
        "ops.relu(z) is z where z is positive, else 0.",
    ],
    wrong=[a_full_matrix, squashed, a_fixed_number],
)
register_exercise(
    "12.scrn",
    slow_and_fast,
    check_slow_and_fast,
    hints=[
        "Three Inputs: x_t, h_tm1, s_tm1. Compute the new s first, then h from it.",
        "Each matrix of the paper is a Dense layer; keep is a fixed number, no weight.",
        "keras.Model([x_t, h_tm1, s_tm1], [y_t, h_t, s_t]): the states in the same order on both sides.",
    ],
    wrong=[keeps_the_wrong_part, never_looks_at_the_context, sees_the_old_context, says_only_h],
)
register_exercise(
    "12.bug",
    mended_leak,
    check_mended_leak,
    hints=[
        "Print cell.get_config(). What would you need to make the same cell again?",
        "from_config calls the class with what get_config returned; what is missing there gets its default.",
        "Extend the config of the parent class: {**super().get_config(), ...}.",
    ],
    wrong=[still_forgets, remembers_a_constant, ignores_keep],
)
