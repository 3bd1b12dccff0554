"""Law 23: the built-in cells are Keras' own, option by option, and the readable ones follow their
equations.
"""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import constraints, initializers, layers, regularizers

import rshop
from rshop import RecurrentModel, RecurrentSequential, basic_cells
from tests.support.cells import (
    assert_close,
    draws,
    gru_np,
    lstm_np,
    numpy_of,
    randomize,
    run_np,
    sigmoid,
    simple_np,
)

UNITS, WIDTH, LONG = 4, 3, 50
X50 = draws(2, LONG, WIDTH, seed=1)
X6 = draws(3, 6, WIDTH, seed=2)

#: kind -> (cell of this project, Keras' cell, Keras' layer, equation in NumPy, options)
CELLS = {
    "simple": (rshop.SimpleRNNCell, layers.SimpleRNNCell, layers.SimpleRNN, simple_np, {}),
    "gru": (rshop.GRUCell, layers.GRUCell, layers.GRU, gru_np, {}),
    "gru before": (rshop.GRUCell, layers.GRUCell, layers.GRU, gru_np, {"reset_after": False}),
    "lstm": (rshop.LSTMCell, layers.LSTMCell, layers.LSTM, lstm_np, {}),
}
BUILT_IN = pytest.mark.parametrize("kind", CELLS)
N_STATES = {"simple": 1, "gru": 1, "gru before": 1, "lstm": 2}


def pair(kind, x=X6, seed=0, scale=0.5, layer_options=None, **options):
    """This project's layer and Keras', built on x, with the same random weights."""
    Cell, _, Layer, _, fixed = CELLS[kind]
    layer_options = {"return_sequences": True, **(layer_options or {})}
    mine = Cell(UNITS, **fixed, **options).get_layer(**layer_options)
    theirs = Layer(UNITS, **fixed, **options, **layer_options)
    mine(x[:, :1]), theirs(x[:, :1])
    mine.set_weights(randomize(theirs, seed=seed, scale=scale))
    return mine, theirs


def in_graph(layer, x):
    """The output of one traced call, as in `predict`: fifty timesteps take a third of the time."""
    return numpy_of(tf.function(layer)(tf.constant(x)))


def assert_all_close(mine, theirs, tolerance=1e-6):
    for one, other in zip(keras.tree.flatten(mine), keras.tree.flatten(theirs), strict=True):
        assert_close(one, other, tolerance)


@pytest.mark.parametrize("seed", [0, 10, 20])
@pytest.mark.parametrize("scale", [0.3, 0.6], ids=["small", "usual"])
@BUILT_IN
def test_fifty_timesteps_equal_the_keras_layer_and_the_equations(kind, scale, seed):
    """Law 23: to 1e-6, against Keras and against the equations in float64; no state grows a last bit."""
    mine, theirs = pair(kind, X50, scale=scale, seed=seed)
    starts = [np.zeros((2, UNITS))] * N_STATES[kind]
    exact, _ = run_np(CELLS[kind][3], X50, starts, theirs.get_weights())
    y = in_graph(mine, X50)
    assert_close(y, in_graph(theirs, X50), 1e-6)
    assert_close(y, exact, 1e-6)


def rounded(values, parts):
    """The nearest multiples of 1 / parts, a power of two: sums of their products have no last bit to lose."""
    return (np.round(np.asarray(values, "float64") * parts) / parts).astype("float32")


def chaotic_weights(kind, scale, seed):
    """Weights of this size in multiples of 1/64, so that no machine's order of adding shows.

    What a GRU's reset gate multiplies stays small: the gate is known to 6e-8, and 50 times that is 3e-6.
    """
    W, U, b = pair(kind, scale=scale, seed=seed)[1].get_weights()
    if kind.startswith("gru"):
        U[:, 2 * UNITS :] /= scale
        b[..., 2 * UNITS :] /= scale
    return [rounded(w, 64) for w in (W, U, b)]


def every_timestep(kind, weights):
    """The 50 timesteps of X50 as a batch: inputs `(100, 1, 3)`, and the states before each.

    The states are those of the equations, rounded; so both layers start each timestep from equal states.
    """
    x = rounded(X50, 64)
    states, before = [np.zeros((2, UNITS))] * N_STATES[kind], []
    for t in range(LONG):
        before.append(states)
        _, last = run_np(CELLS[kind][3], x[:, t : t + 1], states, weights)
        states = [rounded(state, 64) for state in last]
    starts = [np.concatenate(each).astype("float32") for each in zip(*before, strict=True)]
    return np.concatenate(np.moveaxis(x, 1, 0))[:, None], starts


def one_timestep(layer, x, starts):
    """Output and states after the one timestep of each sample, from these states."""
    call = tf.function(lambda x, *starts: layer(x, initial_state=list(starts)))
    return numpy_of(call(tf.constant(x), *map(tf.constant, starts)))


def built_for_timesteps(kind, weights):
    """This project's layer and Keras', with these weights; both return their states."""
    here, there = {"return_states": True}, {"return_state": True}
    Cell, _, Layer, _, fixed = CELLS[kind]
    mine, theirs = Cell(UNITS, **fixed).get_layer(**here), Layer(UNITS, **fixed, **there)
    for layer in (mine, theirs):
        layer(X50[:, :1])
        layer.set_weights(weights)
    return mine, theirs


@pytest.mark.parametrize("seed", [0, 10, 20])
@pytest.mark.parametrize("scale", [1.0, 20.0], ids=["large", "saturated"])
@BUILT_IN
def test_each_timestep_from_equal_states_equals_keras_and_the_equations(kind, scale, seed):
    """Law 23: large weights are chaotic, a last bit grows from timestep to timestep: each one alone, to
    1e-6, outputs and states.
    """
    weights = chaotic_weights(kind, scale, seed)
    x, starts = every_timestep(kind, weights)
    mine, theirs = built_for_timesteps(kind, weights)
    exact, states = run_np(CELLS[kind][3], x, starts, weights)
    found = one_timestep(mine, x, starts)
    assert_all_close(found, one_timestep(theirs, x, starts))
    assert_all_close(found, [exact[:, -1], *states])
    if scale == 20.0:
        y = found[0]
        assert ((np.abs(y) < 0.01) | (np.abs(y) > 0.7)).mean() > 0.7


@pytest.mark.parametrize("kind", ["gru", "gru before", "lstm"])
def test_a_timestep_shows_a_wrong_gate(kind):
    """Law 23: the comparison above sees two gates exchanged, and one weight in a hundred more."""
    weights = chaotic_weights(kind, 20.0, 0)
    x, starts = every_timestep(kind, weights)
    right = one_timestep(built_for_timesteps(kind, weights)[0], x, starts)
    gates = np.arange(weights[0].shape[-1]).reshape(-1, UNITS)
    exchanged = [w[..., gates[[1, 0, *range(2, len(gates))]].ravel()] for w in weights]
    for wrong in (exchanged, [weights[0] * np.float32(1.01), *weights[1:]]):
        found = one_timestep(built_for_timesteps(kind, wrong)[0], x, starts)
        assert np.abs(found[0] - right[0]).max() > 1e-2


def test_the_state_c_is_not_squashed():
    """Law 23: gates held open, candidate 1: c counts the timesteps and h = tanh(c)."""
    rnn = rshop.LSTMCell(1, input_dim=1).get_layer(return_sequences=True, return_states=True)
    x = np.zeros((1, 5, 1), "float32")
    rnn(x)
    rnn.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), np.array([50.0, 50.0, 50.0, 50.0])])
    y, h, c = rnn(x)
    assert_close(c, [[5.0]], 1e-6)
    assert_close(y[0, :, 0], np.tanh([1, 2, 3, 4, 5]), 1e-6)


@BUILT_IN
def test_weights_copy_both_ways_as_they_are(kind):
    """Law 23: `get_weights()` of Keras' cell and of its layer into this project's, and back."""
    Cell, KerasCell, Layer, _, fixed = CELLS[kind]
    x, state = X6[:, 0], np.zeros((3, UNITS), "float32")
    mine, theirs = Cell(UNITS, **fixed), KerasCell(UNITS, **fixed)
    states = [state] * N_STATES[kind]
    mine([x, *states]), theirs(x, states)
    assert [w.shape for w in mine.get_weights()] == [w.shape for w in theirs.get_weights()]
    layer, keras_layer = mine.get_layer(), Layer(UNITS, **fixed)
    layer(X6), keras_layer(X6)
    randomize(theirs)
    for given, taken in ((theirs, mine), (mine, keras_layer), (keras_layer, layer)):
        taken.set_weights(given.get_weights())
        for one, other in zip(given.get_weights(), taken.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    randomize(layer, seed=9)
    for one, other in zip(layer.get_weights(), mine.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    theirs.set_weights(mine.get_weights())
    assert_all_close(mine([x, *states]), theirs(x, states))


@BUILT_IN
def test_a_cell_is_called_with_a_flat_list(kind):
    """Law 23: `cell([x, *states]) -> [y, *next_states]` equals `keras_cell(x, states)`, arrays and
    symbols alike.
    """
    Cell, KerasCell, _, _, fixed = CELLS[kind]
    mine, theirs = Cell(UNITS, **fixed), KerasCell(UNITS, **fixed)
    x, states = X6[:, 1], [draws(3, UNITS, seed=5 + k) for k in range(N_STATES[kind])]
    expected = theirs(x, states)
    symbols = [keras.Input((WIDTH,)), *(keras.Input((UNITS,)) for _ in states)]
    outputs = mine(symbols)
    assert isinstance(outputs, list) and [tuple(o.shape) for o in outputs] == [(None, UNITS)] * (
        1 + len(states)
    )
    mine.set_weights(theirs.get_weights())
    assert_all_close(mine([x, *states]), expected)
    assert_all_close(keras.Model(symbols, outputs)([x, *states]), expected)
    assert mine.num_states == len(states)


COMMON = {
    "activation relu": {"activation": "relu"},
    "activation linear": {"activation": "linear"},
    "activation None": {"activation": None},
    "activation softsign": {"activation": "softsign"},
    "activation function": {"activation": keras.activations.elu},
    "use_bias": {"use_bias": False},
    "seed and dtype": {"seed": 3, "dtype": "float32"},
}
GATED = {
    "recurrent_activation hard_sigmoid": {"recurrent_activation": "hard_sigmoid"},
    "recurrent_activation tanh": {"recurrent_activation": "tanh"},
    "recurrent_activation None": {"recurrent_activation": None},
    "recurrent_activation function": {"recurrent_activation": keras.activations.softsign},
    "implementation 1": {"implementation": 1},
    "implementation 2": {"implementation": 2},
}
OPTIONS = [
    *((kind, name, option) for kind in CELLS for name, option in COMMON.items()),
    *((kind, name, option) for kind in CELLS if kind != "simple" for name, option in GATED.items()),
    ("lstm", "unit_forget_bias", {"unit_forget_bias": False}),
    ("gru", "reset_after", {"reset_after": True}),
    ("gru before", "no bias at all", {"use_bias": False, "activation": "relu"}),
]


@pytest.mark.parametrize(
    ("kind", "option"), [(k, o) for k, _, o in OPTIONS], ids=[f"{k}-{n}" for k, n, _ in OPTIONS]
)
def test_options_give_the_numbers_of_keras_over_fifty_timesteps(kind, option):
    """Law 23: small weights, so that an unbounded activation stays in range."""
    fixed = {k: v for k, v in CELLS[kind][4].items() if k not in option}
    Cell, _, Layer, _, _ = CELLS[kind]
    mine = Cell(UNITS, **fixed, **option).get_layer(return_sequences=True)
    theirs = Layer(
        UNITS,
        **fixed,
        **{k: v for k, v in option.items() if k != "implementation"},
        return_sequences=True,
    )
    mine(X50[:, :1]), theirs(X50[:, :1])
    mine.set_weights(randomize(theirs, scale=0.2))
    expected = in_graph(theirs, X50)
    assert np.isfinite(expected).all() and np.abs(expected).max() < 100
    assert_close(in_graph(mine, X50), expected, 1e-6)


@pytest.mark.parametrize("start", ["defaults", "seeded", "by name"])
@pytest.mark.parametrize(
    ("kind", "more"),
    [*((kind, {}) for kind in CELLS), ("lstm", {"unit_forget_bias": False})],
    ids=[*CELLS, "lstm without unit_forget_bias"],
)
def test_initializers_give_the_weights_of_keras(kind, more, start):
    """Law 23: the same seeds, the same weights, no copying; the forget gate's bias of one too."""
    Cell, KerasCell, _, _, fixed = CELLS[kind]

    def options():
        return {
            "defaults": {
                "kernel_initializer": initializers.GlorotUniform(5),
                "recurrent_initializer": initializers.Orthogonal(seed=6),
            },
            "seeded": {
                "kernel_initializer": initializers.RandomNormal(seed=1),
                "recurrent_initializer": initializers.Orthogonal(gain=0.5, seed=2),
                "bias_initializer": initializers.RandomUniform(seed=3),
            },
            "by name": {
                "kernel_initializer": "ones",
                "recurrent_initializer": "zeros",
                "bias_initializer": "ones",
            },
        }[start]

    mine, theirs = (
        Cell(UNITS, **fixed, **more, **options()),
        KerasCell(UNITS, **fixed, **more, **options()),
    )
    mine.get_layer()(X6), theirs.build((None, WIDTH))
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        assert_close(one, other, 1e-7)


REGULARIZERS = {
    "kernel": {"kernel_regularizer": "l2"},
    "recurrent": {"recurrent_regularizer": regularizers.L1(0.3)},
    "bias": {"bias_regularizer": regularizers.L2(0.2)},
    "all": {
        "kernel_regularizer": regularizers.L1L2(0.1, 0.2),
        "recurrent_regularizer": regularizers.OrthogonalRegularizer(0.4),
        "bias_regularizer": "l1",
    },
}


@pytest.mark.parametrize("which", REGULARIZERS)
@BUILT_IN
def test_regularizers_give_the_losses_of_keras(kind, which):
    """Law 23: Keras' sum, and the sum written out for the recurrent kernel."""
    option = REGULARIZERS[which]
    mine, theirs = pair(kind, **option)
    mine(X6), theirs(X6)
    assert_close(np.float32(sum(mine.losses)), np.float32(sum(theirs.losses)), 1e-6)
    if which == "recurrent":
        assert_close(
            np.float32(sum(mine.losses)),
            np.float32(0.3 * np.abs(theirs.get_weights()[1]).sum()),
            1e-5,
        )
    assert len(mine.losses) == len(option)


def trained(layer, steps=2):
    """The weights after some steps of plain SGD on a fixed task."""
    x = keras.Input((6, WIDTH))
    model = keras.Model(x, layer(x))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    for _ in range(steps):
        model.train_on_batch(X6, draws(3, 6, UNITS, seed=8))
    return layer.get_weights()


@BUILT_IN
def test_constraints_and_gradients_train_as_keras_does(kind):
    """Law 23: constraints on all three weights, two SGD steps of size 1 from the same weights."""
    mine, theirs = pair(
        kind,
        kernel_constraint=constraints.MaxNorm(0.4),
        recurrent_constraint=constraints.UnitNorm(),
        bias_constraint="non_neg",
    )
    W, U, b = trained(mine)
    assert_all_close([W, U, b], trained(theirs), 1e-5)
    assert np.linalg.norm(W, axis=0).max() <= 0.4 + 1e-6 and b.min() >= 0
    assert_close(np.linalg.norm(U, axis=0), np.ones(U.shape[1]), 1e-5)


@pytest.mark.parametrize(
    "option",
    [{"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.3, "recurrent_dropout": 0.4}],
    ids=str,
)
@BUILT_IN
def test_dropout_is_off_in_inference_and_on_in_training(kind, option):
    """Law 23: inference equals Keras; training is something else, fresh at each call."""
    mine, theirs = pair(kind, X6, **option)
    plain = numpy_of(theirs(X6, training=False))
    assert_close(mine(X6), plain, 1e-6)
    assert_close(mine(X6, training=False), plain, 1e-6)
    first, second = (numpy_of(mine(X6, training=True)) for _ in range(2))
    assert not np.allclose(first, plain) and not np.allclose(first, second)
    assert_close(mine(X6), plain, 1e-6)


@BUILT_IN
def test_the_same_seed_drops_the_same(kind):
    """Law 23: `seed=` is Keras' option: equal seeds, equal training outputs; other seeds, others."""
    Cell, _, _, _, fixed = CELLS[kind]

    def numbers(seed):
        rnn = Cell(UNITS, **fixed, dropout=0.5, recurrent_dropout=0.5, seed=seed).get_layer()
        rnn(X6)
        randomize(rnn)
        return np.stack([numpy_of(rnn(X6[:, :2], training=True)) for _ in range(2)])

    assert_close(numbers(3), numbers(3), 0)
    assert not np.allclose(numbers(3), numbers(4))


def test_dropout_of_the_input_drops_and_scales():
    """Law 23: one timestep, W = 1, x = 1, no squashing: every unit is the same multiple of 1 / (1 -
    rate).
    """
    rnn = rshop.SimpleRNNCell(2, activation=None, dropout=0.5, kernel_initializer="ones").get_layer()
    y = numpy_of(rnn(np.ones((400, 1, 3), "float32"), training=True))
    assert_close(y[:, 0], y[:, 1], 0)
    assert set(np.unique(y)) == {0.0, 2.0, 4.0, 6.0}
    assert abs(y.mean() - 3.0) < 0.3


@BUILT_IN
def test_float64_gives_the_numbers_of_keras(kind):
    """Law 23: `dtype="float64"` all the way through, to 1e-12."""
    Cell, _, Layer, _, fixed = CELLS[kind]
    mine = Cell(UNITS, **fixed, dtype="float64").get_layer(return_sequences=True, dtype="float64")
    theirs = Layer(UNITS, **fixed, return_sequences=True, dtype="float64")
    x = X6.astype("float64")
    mine(x), theirs(x)
    mine.set_weights(randomize(theirs))
    y = mine(x)
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    assert_close(y, theirs(x), 1e-12)


@BUILT_IN
def test_mixed_bfloat16_gives_the_numbers_of_keras(kind):
    """Law 23: weights float32, output bfloat16, within its two or three digits."""
    Cell, _, Layer, _, fixed = CELLS[kind]
    mine = Cell(UNITS, **fixed, dtype="mixed_bfloat16").get_layer(
        return_sequences=True, dtype="mixed_bfloat16"
    )
    theirs = Layer(UNITS, **fixed, return_sequences=True, dtype="mixed_bfloat16")
    mine(X6), theirs(X6)
    mine.set_weights(randomize(theirs))
    y = mine(X6)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert {w.dtype for w in mine.weights if "seed" not in w.name} == {"float32"}
    assert_close(keras.ops.cast(y, "float32"), keras.ops.cast(theirs(X6), "float32"), 0.03)


BASIC = {
    "basic simple": basic_cells.SimpleRNNCell,
    "basic gru": basic_cells.GRUCell,
    "basic lstm": basic_cells.LSTMCell,
}
EVERY_CELL = {**{kind: partial(row[0], **row[4]) for kind, row in CELLS.items()}, **BASIC}
EVERY = pytest.mark.parametrize("kind", EVERY_CELL)


def layer_of(kind, **options):
    rnn = EVERY_CELL[kind](UNITS).get_layer(**{"return_sequences": True, **options})
    rnn(X6)
    randomize(rnn)
    return rnn


def by_hand(cell, x, width=UNITS):
    """Outputs `(batch, time, units)` of a loop in Python over `cell([x_t, *states])`, and the final
    states.
    """
    states = [np.zeros((len(x), width), "float32") for _ in range(cell.num_states)]
    ys = []
    for t in range(x.shape[1]):
        y, *states = cell([x[:, t], *states])
        ys.append(numpy_of(y))
    return np.stack(ys, axis=1), states


@EVERY
def test_a_layer_is_a_loop_over_its_cell(kind):
    """Law 23: forward, backward, unrolled and from given states."""
    cell = EVERY_CELL[kind](UNITS)
    rnn = cell.get_layer(return_sequences=True, return_states=True)
    rnn(X6)
    randomize(rnn)
    y, *states = rnn(X6)
    expected, last = by_hand(cell, X6)
    assert_close(y, expected, 1e-6)
    assert_all_close(states, last)
    assert_close(cell.get_layer(unroll=True)(X6), expected[:, -1], 1e-6)
    backward = cell.get_layer(return_sequences=True, go_backwards=True)(X6)
    assert_close(backward, by_hand(cell, X6[:, ::-1])[0], 1e-6)


@EVERY
def test_saved_cell_predicts_the_same(kind, tmp_path):
    """Law 23: `.keras` round trip in this process, with no custom objects."""
    x = keras.Input((None, WIDTH))
    rnn = EVERY_CELL[kind](UNITS).get_layer(return_sequences=True)
    model = keras.Model(x, rnn(x))
    randomize(model)
    model.save(tmp_path / "cell.keras")
    loaded = keras.models.load_model(tmp_path / "cell.keras")
    np.testing.assert_array_equal(numpy_of(loaded(X6)), numpy_of(model(X6)))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 1, 1]], bool)


@EVERY
def test_masked_timesteps_are_as_if_not_there(kind):
    """Law 23: valid outputs equal the run over the compacted sequence; the rest repeat the last;
    states stay.
    """
    rnn = layer_of(kind, return_states=True)
    y, *states = numpy_of(rnn(X6, mask=MASK))
    for row in range(3):
        short, *after = numpy_of(rnn(X6[row : row + 1, MASK[row]]))
        seen = np.cumsum(MASK[row]) - 1
        expected = np.where(seen[:, None] >= 0, short[0][np.maximum(seen, 0)], 0)
        assert_close(y[row], expected, 1e-6)
        for mine, alone in zip(states, after, strict=True):
            assert_close(mine[row], alone[0], 1e-6)


@BUILT_IN
def test_mask_from_a_masking_layer_gives_the_numbers_of_keras(kind):
    """Law 23: `Masking` before it, sequences, last output and states."""
    for sequences in (False, True):
        mine, theirs = pair(kind, layer_options={"return_sequences": sequences, "return_state": True})
        x = keras.Input((None, WIDTH))
        masked = layers.Masking()(x)
        model = keras.Model(x, [mine(masked), theirs(masked)])
        assert_all_close(*model(X6 * MASK[:, :, None]))


@EVERY
def test_jit_compile_gives_the_same_numbers(kind):
    """Law 23: XLA around the whole model against eager, in `predict` and in a step of training."""
    results = []
    for jit in (False, True):
        rnn = layer_of(kind)
        x = keras.Input((6, WIDTH))
        model = keras.Model(x, rnn(x))
        model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit, run_eagerly=not jit)
        y = model.predict_on_batch(X6)
        model.train_on_batch(X6, draws(3, 6, UNITS, seed=8))
        results.append([y, *model.get_weights()])
    assert_all_close(*results, 1e-5)


@EVERY
def test_nested_cell_equals_the_cell(kind):
    """Law 23: alone, in a stack inside a stack, and in a functional step."""
    cell = EVERY_CELL[kind](UNITS)
    rnn = cell.get_layer(return_sequences=True)
    rnn(X6)
    randomize(rnn)
    expected = by_hand(cell, X6)[0]
    inner = RecurrentSequential()
    inner.add(cell)
    outer = RecurrentSequential(return_sequences=True)
    outer.add(inner.get_cell())
    assert_close(outer(X6), expected, 1e-6)
    x, states = keras.Input((WIDTH,)), [keras.Input((UNITS,)) for _ in range(cell.num_states)]
    y, *after = cell([x, *states])
    step = RecurrentModel(x, y, initial_states=states, final_states=after, return_sequences=True)
    assert_close(step(X6), expected, 1e-6)
    assert_close(rnn.get_cell().get_layer(return_sequences=True)(X6), expected, 1e-6)


def gradients(run, x, variables):
    readings = draws(3, 6, UNITS, seed=12)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(run(x) * readings)
    return [numpy_of(g) for g in tape.gradient(total, [x, *(v.value for v in variables)])]


@BUILT_IN
def test_gradients_are_those_of_keras(kind):
    """Law 23: of the input and of every weight, loop and unrolled."""
    for unroll in (False, True):
        mine, theirs = pair(kind, layer_options={"unroll": unroll})
        assert_all_close(
            gradients(mine, X6, mine.trainable_variables),
            gradients(theirs, X6, theirs.trainable_variables),
            1e-5,
        )


@EVERY
def test_gradients_are_those_of_a_loop_in_python(kind):
    """Law 23: the same cell, called timestep by timestep under the tape."""
    cell = EVERY_CELL[kind](UNITS)
    rnn = cell.get_layer(return_sequences=True)
    rnn(X6)
    randomize(rnn)

    def loop(x):
        states, ys = [tf.zeros((3, UNITS))] * cell.num_states, []
        for t in range(6):
            y, *states = cell([x[:, t], *states])
            ys.append(y)
        return tf.stack(ys, axis=1)

    assert_all_close(
        gradients(rnn, X6, rnn.trainable_variables),
        gradients(loop, X6, rnn.trainable_variables),
        1e-5,
    )


def filled(name, units=UNITS):
    """A basic cell in a layer whose kernels are equal gate by gate: W for the input, U for the
    state, b.
    """
    cell = BASIC[name](units)
    rnn = cell.get_layer(return_sequences=True, return_states=True)
    rnn(X6)
    W, U, b = (
        draws(WIDTH, units, scale=0.7),
        draws(units, units, seed=1, scale=0.7),
        draws(units, seed=2),
    )
    by_shape = {(WIDTH, units): W, (units, units): U, (units,): b}
    rnn.set_weights([by_shape[w.shape] for w in rnn.get_weights()])
    return rnn, cell, [np.asarray(w, "float64") for w in (W, U, b)]


def check_equations(name, equation, n_states, units=UNITS):
    rnn, cell, weights = filled(name, units)
    y, *states = rnn(X6)
    expected, last = run_np(equation, X6, [np.zeros((3, units))] * n_states, weights)
    assert cell.num_states == n_states
    assert_close(y, expected, 1e-5)
    for mine, numpy in zip(states, last, strict=True):
        assert_close(mine, numpy, 1e-5)


@pytest.mark.parametrize("units", [4, 7])
def test_basic_simple_cell_follows_its_equation(units):
    """Law 23: h = tanh(W x + U h + b)."""
    check_equations("basic simple", simple_np, 1, units)


@pytest.mark.parametrize("units", [4, 7])
def test_basic_lstm_cell_follows_its_equations(units):
    """Law 23: i, f, o = sigmoid(..), g = tanh(..), c = f c + i g, h = o tanh(c); the original
    squashed c and left o bare.
    """

    def equation(x_t, states, weights):
        (h, c), (W, U, b) = states, weights
        z = x_t @ W + h @ U + b
        c = sigmoid(z) * c + sigmoid(z) * np.tanh(z)
        h = sigmoid(z) * np.tanh(c)
        return h, [h, c]

    check_equations("basic lstm", equation, 2, units)


def dense_layers(cell):
    """Every Dense layer of a cell by name."""
    return {layer.name: layer for layer in cell.model.layers if isinstance(layer, layers.Dense)}


@pytest.mark.parametrize("name", BASIC)
def test_basic_cells_are_plain_dense_layers_with_nothing_hidden(name):
    """Law 23: every weight belongs to a Dense layer of the step; 1, 3 and 4 blocks of them."""
    rnn, cell, _ = filled(name)
    of_dense = [w for layer in dense_layers(cell).values() for w in layer.weights]
    assert {id(w) for w in of_dense} == {id(w) for w in rnn.weights}
    blocks = {"basic simple": 1, "basic gru": 3, "basic lstm": 4}[name]
    assert sum(np.prod(w.shape) for w in rnn.weights) == blocks * (WIDTH * UNITS + UNITS * UNITS + UNITS)


@pytest.mark.parametrize("units", [4, 7])
def test_basic_gru_cell_follows_its_equations(units):
    """Law 23: z, r = sigmoid(..), g = tanh(W x + U (r h) + b), h = z h + (1 - z) g (Cho et al., 2014);
    the original mixed the wrong way round and only ran with ten units.
    """

    def equation(x_t, states, weights):
        (h,), (W, U, b) = states, weights
        gate = sigmoid(x_t @ W + h @ U + b)
        h = gate * h + (1 - gate) * np.tanh(x_t @ W + (gate * h) @ U + b)
        return h, [h]

    check_equations("basic gru", equation, 1, units)
