"""Laws 21, 22 and 24 to 28: what a step may be made of."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, RNNCellFromModel, SimpleRNNCell
from tests.support.cells import (
    accumulator,
    assert_close,
    draws,
    gru_np,
    lstm_np,
    numeric_gradient,
    numpy_of,
    randomize,
    run_np,
    simple_np,
    simple_step,
    softmax,
    stack_np,
)

X = draws(3, 4, 2)


A, B = draws(2, 4, 3, seed=1), draws(2, 4, 1, seed=2)
H0 = draws(2, 3, seed=3)


def two_by_two(kind, **options):
    """Inputs a (3) and b (1): `n = h + a b`; outputs `n - a` (3) and `max n` (rank 0 after the
    batch).
    """
    a, b, h = keras.Input((3,), name="a"), keras.Input((1,), name="b"), keras.Input((3,), name="h")
    n = h + a * b
    rest, top = n - a, ops.max(n, axis=-1)
    inputs, outputs = (
        ([a, b], [rest, top]) if kind == "list" else ({"b": b, "a": a}, {"top": top, "rest": rest})
    )
    return RecurrentModel(inputs, outputs, initial_states=h, final_states=n, **options)


def two_by_two_np():
    n = H0[:, None] + np.cumsum(A * B, axis=1)
    return n - A, n.max(axis=-1), n[:, -1]


@pytest.mark.parametrize("functional", [False, True], ids=["arrays", "functional"])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("kind", ["list", "dict"])
def test_several_inputs_and_outputs_keep_their_structure(kind, sequences, functional):
    """Law 21: lists stay lists, dicts stay dicts, whatever their order and ranks."""
    rnn = two_by_two(kind, return_sequences=sequences, return_states=True)
    run = lambda a, b: rnn([a, b] if kind == "list" else {"a": a, "b": b}, initial_state=H0)  # noqa: E731
    if functional:
        a, b = keras.Input((None, 3)), keras.Input((None, 1))
        model = keras.Model([a, b], run(a, b))
        y, h = model([A, B])
    else:
        y, h = run(A, B)
    rest, top, last = two_by_two_np()
    if not sequences:
        rest, top = rest[:, -1], top[:, -1]
    assert isinstance(y, list if kind == "list" else dict)
    got_rest, got_top = y if kind == "list" else (y["rest"], y["top"])
    assert_close(got_rest, rest, 1e-5)
    assert_close(got_top, top, 1e-5)
    assert_close(h, last, 1e-5)


def attention(constant_kind="tensor"):
    """A memory seen whole: `a = softmax(memory h) memory`, `n = tanh(h + a + x)`."""
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    memory, scale = keras.Input((5, 3), name="memory"), keras.Input((1,), name="scale")
    weights = ops.softmax(ops.einsum("bmd,bd->bm", memory, h), axis=-1)
    n = ops.tanh(h + ops.einsum("bm,bmd->bd", weights, memory) + x)
    constants = memory
    if constant_kind != "tensor":
        n = n * scale
        constants = [memory, scale] if constant_kind == "list" else {"scale": scale, "memory": memory}
    return RecurrentModel(
        x,
        [n, weights],
        initial_states=h,
        final_states=n,
        constants=constants,
        return_sequences=True,
    )


@pytest.mark.parametrize("functional", [False, True], ids=["arrays", "functional"])
@pytest.mark.parametrize("kind", ["tensor", "list", "dict"])
def test_constants_are_seen_whole_at_every_timestep(kind, functional):
    """Law 21: an attention memory and a scale; NumPy loop."""
    memory, scale = draws(2, 5, 3, seed=4), draws(2, 1, seed=5)
    rnn = attention(kind)
    given = {
        "tensor": lambda m, s: m,
        "list": lambda m, s: [m, s],
        "dict": lambda m, s: {"memory": m, "scale": s},
    }[kind]
    if functional:
        x, m, s = keras.Input((None, 3)), keras.Input((5, 3)), keras.Input((1,))
        symbols, arrays = ([x, m], [A, memory]) if kind == "tensor" else ([x, m, s], [A, memory, scale])
        y, weights = keras.Model(symbols, rnn(x, constants=given(m, s)))(arrays)
    else:
        y, weights = rnn(A, constants=given(memory, scale))
    h, ys, ws = np.zeros((2, 3)), [], []
    for t in range(4):
        w = softmax(np.einsum("bmd,bd->bm", memory, h))
        h = np.tanh(h + np.einsum("bm,bmd->bd", w, memory) + A[:, t]) * (1 if kind == "tensor" else scale)
        ys.append(h)
        ws.append(w)
    assert_close(y, np.stack(ys, axis=1), 1e-5)
    assert_close(weights, np.stack(ws, axis=1), 1e-5)


@pytest.mark.parametrize("shape", [(), (3,)], ids=["one id", "three ids"])
def test_integer_inputs_are_embedded_inside_the_step(shape):
    """Law 21: sums of rows of the table, and an integer output."""
    ids, h = keras.Input(shape, dtype="int32", name="ids"), keras.Input((4,), name="h")
    embedding = layers.Embedding(7, 4)
    vectors = embedding(ids)
    n = h + (ops.sum(vectors, axis=1) if shape else vectors)
    rnn = RecurrentModel(
        ids, [n, ops.argmax(n, axis=-1)], initial_states=h, final_states=n, return_sequences=True
    )
    tokens = np.random.default_rng(0).integers(0, 7, (2, 5, *shape)).astype("int32")
    rnn(tokens)
    (table,) = randomize(embedding)
    y, best = rnn(tokens)
    rows = table[tokens].sum(axis=2) if shape else table[tokens]
    assert_close(y, np.cumsum(rows, axis=1), 1e-5)
    assert "int" in keras.backend.standardize_dtype(best.dtype)
    np.testing.assert_array_equal(numpy_of(best), np.cumsum(rows, axis=1).argmax(axis=-1))


@pytest.mark.parametrize("unroll", [False, True])
def test_readout_without_states(unroll):
    """Law 22: `y = x + 2 r`, no states; x = 1, 2, 3 -> 1, 4, 11, and from r = 1 -> 3, 8, 19."""
    x, r = keras.Input((1,)), keras.Input((1,))
    rnn = RecurrentModel(x, x + 2.0 * r, readout_input=r, return_sequences=True, unroll=unroll)
    values = np.array([[[1.0], [2.0], [3.0]]], "float32")
    assert_close(rnn(values)[0, :, 0], [1, 4, 11])
    assert_close(rnn(values, initial_readout=np.ones((1, 1), "float32"))[0, :, 0], [3, 8, 19])
    assert rnn.num_states == 0 and list(rnn.state_names) == []
    symbolic = keras.Input((3, 1))
    assert_close(keras.Model(symbolic, rnn(symbolic))(values)[0, :, 0], [1, 4, 11])


@pytest.mark.parametrize("sequences", [False, True])
def test_neither_states_nor_readout_is_time_distributed(sequences):
    """Law 22: against `keras.layers.TimeDistributed`."""
    dense = layers.Dense(3, activation="tanh")
    x = keras.Input((2,))
    rnn = RecurrentModel(x, dense(x), return_sequences=sequences)
    randomize(dense)
    expected = layers.TimeDistributed(dense)(X)
    assert_close(rnn(X), expected if sequences else expected[:, -1], 1e-6)
    stack = RecurrentSequential(return_sequences=sequences)
    stack.add(dense)
    assert_close(stack(X), expected if sequences else expected[:, -1], 1e-6)


KERAS_CELLS = {
    "SimpleRNNCell": lambda: layers.SimpleRNNCell(4),
    "GRUCell": lambda: layers.GRUCell(4),
    "GRUCell before": lambda: layers.GRUCell(4, reset_after=False),
    "LSTMCell": lambda: layers.LSTMCell(4),
    "StackedRNNCells": lambda: layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(4)]),
}


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_keras_cells_work_in_add(name):
    """Law 24: against `keras.layers.RNN` over the very same cell, Dense after it."""
    cell, dense = KERAS_CELLS[name](), layers.Dense(2)
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(cell)
    rnn.add(dense)
    rnn(X)
    randomize(rnn)
    theirs = layers.RNN(cell, return_sequences=True)
    assert_close(rnn(X), dense(theirs(X)), 1e-6)
    assert rnn.num_states == len(keras.tree.flatten(cell.state_size))


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_keras_cells_work_in_a_functional_step(name):
    """Law 24: `y, states = cell(x, states)` as Keras writes it."""
    cell = KERAS_CELLS[name]()
    x = keras.Input((2,))
    states = keras.tree.map_structure(lambda n: keras.Input((n,)), cell.state_size)
    y, after = cell(x, states if isinstance(states, (list, tuple)) else [states])
    rnn = RecurrentModel(
        x,
        y,
        initial_states=keras.tree.flatten(states),
        final_states=keras.tree.flatten(after),
        return_sequences=True,
        return_states=True,
    )
    randomize(cell)
    theirs = layers.RNN(cell, return_sequences=True, return_state=True)
    for mine, keras_ in zip(rnn(X), keras.tree.flatten(theirs(X)), strict=True):
        assert_close(mine, keras_, 1e-6)


KERAS_LAYERS = {"SimpleRNN": layers.SimpleRNN, "GRU": layers.GRU, "LSTM": layers.LSTM}


@pytest.mark.parametrize("name", [*KERAS_LAYERS, "RNN"])
def test_keras_recurrent_layer_stands_for_its_cell(name):
    """Law 24: `add(GRU(4))`; against the same Keras layer with the same weights, over all
    timesteps.
    """
    make = KERAS_LAYERS.get(name, lambda units, **more: layers.RNN(layers.LSTMCell(units), **more))
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(SimpleRNNCell(3, input_dim=2))
    rnn.add(make(4))
    rnn(X)
    randomize(rnn)
    weights = rnn.get_weights()
    below, theirs = layers.SimpleRNN(3, return_sequences=True), make(4, return_sequences=True)
    theirs(below(X))
    below.set_weights(weights[:3])
    theirs.set_weights(weights[3:])
    assert_close(rnn(X), theirs(below(X)), 1e-6)


@pytest.mark.parametrize(
    "option",
    [
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "unroll",
        "zero_output_for_mask",
    ],
)
@pytest.mark.parametrize("name", KERAS_LAYERS)
def test_keras_recurrent_layer_with_options_of_its_own_is_an_error(name, option):
    """Law 24: the message names the option and the layer."""
    layer = KERAS_LAYERS[name](4, name="stranger", **{option: True})
    with pytest.raises((ValueError, TypeError), match=option) as error:
        rnn = RecurrentSequential()
        rnn.add(layer)
        rnn(X)
    for part in ("stranger", "Received", "Expected", "Fix"):
        assert part in str(error.value)


def two_cells(**options):
    rnn = RecurrentSequential(return_sequences=True, **options)
    rnn.add(SimpleRNNCell(3))
    rnn.add(LSTMCell(4))
    return rnn


def test_get_cell_before_build():
    """Law 25: no input size known at `get_cell()`; the nested stack equals the NumPy loop over its
    three cells.
    """
    cell = two_cells().get_cell()
    assert isinstance(cell, RNNCellFromModel)
    outer = RecurrentSequential(return_sequences=True, return_states=True)
    outer.add(cell)
    outer.add(GRUCell(2))
    y, *states = outer(X)
    assert outer.num_states == 4 and len(states) == 4
    weights = randomize(outer)
    step = stack_np([(simple_np, weights[:3], 1), (lstm_np, weights[3:6], 2), (gru_np, weights[6:], 1)])
    starts = [draws(3, n, seed=n) for n in (3, 4, 4, 2)]
    y, *states = outer(X, initial_state=starts)
    expected, last = run_np(step, X, starts)
    assert_close(y, expected, 1e-5)
    for mine, numpy in zip(states, last, strict=True):
        assert_close(mine, numpy, 1e-5)


def test_two_levels_of_nesting_equal_the_flat_stack():
    """Law 25: ((Simple, LSTM), GRU), Simple = Simple, LSTM, GRU, Simple with the same weights."""
    middle = RecurrentSequential()
    middle.add(two_cells().get_cell())
    middle.add(GRUCell(2))
    outer = RecurrentSequential(return_sequences=True)
    outer.add(middle.get_cell())
    outer.add(SimpleRNNCell(5))
    flat = RecurrentSequential(return_sequences=True)
    for cell in (SimpleRNNCell(3), LSTMCell(4), GRUCell(2), SimpleRNNCell(5)):
        flat.add(cell)
    outer(X), flat(X)
    flat.set_weights(randomize(outer))
    assert outer.num_states == flat.num_states == 5
    assert_close(outer(X), flat(X), 1e-6)
    w = flat.get_weights()
    step = stack_np([(simple_np, w[:3], 1), (lstm_np, w[3:6], 2), (gru_np, w[6:9], 1), (simple_np, w[9:], 1)])
    assert_close(outer(X), run_np(step, X, [np.zeros((3, n)) for n in (3, 4, 4, 2, 5)])[0], 1e-5)


def test_a_recurrent_layer_itself_can_be_added():
    """Law 25: `add(rnn)`, `add(rnn.get_cell())` and `add(RNNCellFromModel(rnn))` are one thing."""
    inner = two_cells()
    results = []
    for added in (
        inner.get_cell(),
        RNNCellFromModel(inner),
        RNNCellFromModel(inner).get_layer(return_sequences=True).get_cell(),
    ):
        outer = RecurrentSequential(return_sequences=True)
        outer.add(added)
        results.append(outer(X))
    inner_result = inner(X)
    for result in results:
        assert_close(result, inner_result, 1e-6)


def test_nested_cell_shares_the_weights_of_its_layer():
    """Law 25: before and after build, in both directions, and a weight is counted once."""
    inner = two_cells()
    outer = RecurrentSequential(return_sequences=True)
    outer.add(inner.get_cell())
    outer(X), inner(X)
    assert len(outer.get_weights()) == len(inner.get_weights()) == 6
    randomize(inner)
    for one, other in zip(inner.get_weights(), outer.get_weights(), strict=True):
        assert_close(one, other, 0)
    assert_close(outer(X), inner(X), 1e-7)
    outer.set_weights([2 * w for w in outer.get_weights()])
    w = outer.get_weights()
    expected = run_np(
        stack_np([(simple_np, w[:3], 1), (lstm_np, w[3:], 2)]),
        X,
        [np.zeros((3, n)) for n in (3, 4, 4)],
    )[0]
    assert_close(inner(X), expected, 1e-5)


def test_nested_model_with_readout_keeps_its_own_readout():
    """Law 25: the inner `y = tanh((x + y) W + b + h U)` feeds itself; the outer cell reads y."""
    step, (of_x, of_h) = simple_step(2, 2, readout=True)
    outer = RecurrentSequential(return_sequences=True)
    outer.add(RecurrentModel(**step).get_cell())
    top = SimpleRNNCell(3)
    outer.add(top)
    outer(X)
    W, b = randomize(of_x)
    (U,) = randomize(of_h, seed=4)
    upper = [np.asarray(w, "float64") for w in randomize(top, seed=8)]

    def both(x_t, states, _):
        y, _ = simple_np(x_t + states[0], states[:1], [W, U, b])
        z, (g,) = simple_np(y, states[1:], upper)
        return z, [y, g]

    assert_close(outer(X), run_np(both, X, [np.zeros((3, 2)), np.zeros((3, 3))])[0], 1e-5)


def test_cell_from_a_keras_model():
    """Law 25: `RNNCellFromModel(keras.Model([x, h], [y, h]))` as in the original's tests."""
    x, h = keras.Input((2,)), keras.Input((3,))
    of_x, of_h = layers.Dense(3), layers.Dense(3, use_bias=False)
    n = layers.Activation("tanh")(layers.add([of_x(x), of_h(h)]))
    cell = RNNCellFromModel(keras.Model([x, h], [n * 2.0, n]))
    assert cell.num_states == 1
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(cell)
    rnn(X)
    W, b = randomize(of_x)
    (U,) = randomize(of_h, seed=5)
    expected, _ = run_np(simple_np, X, [np.zeros((3, 3))], [W, U, b])
    assert_close(rnn(X), 2 * expected, 1e-5)
    y, after = cell([X[:, 0], np.zeros((3, 3), "float32")])
    assert_close(y, 2 * expected[:, 0], 1e-5)
    assert_close(after, expected[:, 0], 1e-5)


def words_and_letters(inner, **options):
    """Each outer timestep reads a sub-sequence with a whole inner RNN that starts from the outer
    state.
    """
    letters, h = keras.Input((5, 2), name="letters"), keras.Input((3,), name="h")
    n = inner(letters, initial_state=h)
    return RecurrentModel(letters, n, initial_states=h, final_states=n, **options)


def inner_layers():
    return {"rshop": SimpleRNNCell(3, input_dim=2).get_layer(), "keras": layers.SimpleRNN(3)}


@pytest.mark.parametrize("kind", ["rshop", "keras"])
def test_an_rnn_inside_a_step(kind):
    """Law 26: an inner loop over 5 letters at each of 4 timesteps; NumPy loops, gradient against
    central differences.
    """
    inner = inner_layers()[kind]
    rnn = words_and_letters(inner, return_sequences=True)
    x, readings = draws(2, 4, 5, 2), draws(2, 4, 3, seed=7)
    rnn(x)
    weights = randomize(rnn)

    def outputs(kernel):
        return run_np(
            lambda x_t, s, w: simple_np_over(x_t, s, [kernel, *w[1:]]),
            x,
            [np.zeros((2, 3))],
            weights,
        )[0]

    def simple_np_over(x_t, states, w):
        _, states = run_np(simple_np, x_t, states, w)
        return states[0], states

    with tf.GradientTape() as tape:
        y = rnn(x)
        total = tf.reduce_sum(y * readings)
    assert_close(y, outputs(np.asarray(weights[0], "float64")), 1e-5)
    gradient = tape.gradient(total, rnn.trainable_variables[0].value)
    assert_close(gradient, numeric_gradient(lambda k: np.sum(outputs(k) * readings), weights[0]), 1e-3)


@pytest.mark.parametrize("kind", ["rshop", "keras"])
def test_an_rnn_inside_a_step_trains(kind):
    """Law 26: `fit` brings the loss of a reachable target down by half."""
    x = keras.Input((4, 5, 2))
    model = keras.Model(x, words_and_letters(inner_layers()[kind])(x))
    data = draws(8, 4, 5, 2)
    target = np.tanh(data.sum(axis=(1, 2)) @ draws(2, 3, seed=1, scale=0.1))
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit(data, target, epochs=15, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def dropout_model(unroll=False):
    """`y = dropout(x)` with a state that sums what passed."""
    x, h = keras.Input((64,)), keras.Input((64,))
    kept = layers.Dropout(0.5)(x)
    return RecurrentModel(
        x,
        kept,
        initial_states=h,
        final_states=h + kept,
        return_sequences=True,
        return_states=True,
        unroll=unroll,
    )


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_dropout_draws_a_new_mask_at_each_timestep(unroll, compiled):
    """Law 27: ones become 0 or 2; no two timesteps, samples or calls agree; inference is the
    identity.
    """
    rnn = dropout_model(unroll)
    run = tf.function(rnn) if compiled else rnn
    ones = np.ones((2, 5, 64), "float32")
    masks = []
    for _ in range(2):
        y, total = numpy_of(run(ones, training=True))
        assert set(np.unique(y)) == {0.0, 2.0} and 0.3 < (y == 0).mean() < 0.7
        assert_close(total, y.sum(axis=1), 1e-6)
        masks.append(y.reshape(10, 64))
    assert len(np.unique(np.concatenate(masks), axis=0)) == 20
    y, total = run(ones, training=False)
    assert_close(y, ones, 0)
    assert_close(total, 5 * ones[:, 0], 0)


def keras_dropout_step(cell):
    x, h, c = keras.Input((2,)), keras.Input((4,)), keras.Input((4,))
    y, after = cell(x, [h, c])
    return RecurrentModel(x, y, initial_states=[h, c], final_states=after, return_sequences=True)


def added(cell):
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(cell)
    return rnn


@pytest.mark.parametrize("place", [keras_dropout_step, added], ids=["functional", "add"])
@pytest.mark.parametrize("Cell", [layers.LSTMCell, LSTMCell], ids=["keras", "rshop"])
def test_cell_with_dropout_inside_a_step(Cell, place):
    """Law 27: off in inference (Keras' LSTM with the same weights), on and fresh in training, and
    `fit` runs between.
    """
    cell = Cell(4, dropout=0.5, recurrent_dropout=0.5)
    if Cell is LSTMCell and place is keras_dropout_step:
        x, h, c = keras.Input((2,)), keras.Input((4,)), keras.Input((4,))
        y, *after = cell([x, h, c])
        rnn = RecurrentModel(x, y, initial_states=[h, c], final_states=after, return_sequences=True)
    else:
        rnn = place(cell)
    rnn(X)
    theirs = layers.LSTM(4, return_sequences=True)
    theirs(X)

    def check():
        theirs.set_weights(rnn.get_weights())
        plain = theirs(X)
        assert_close(rnn(X), plain, 1e-6)
        first, second = (numpy_of(rnn(X, training=True)) for _ in range(2))
        assert not np.allclose(first, second) and not np.allclose(first, numpy_of(plain))
        assert_close(rnn(X, training=False), plain, 1e-6)

    check()
    x = keras.Input((None, 2))
    model = keras.Model(x, rnn(x))
    model.compile("sgd", "mse")
    before = rnn.get_weights()
    model.fit(X, draws(3, 4, 4), epochs=2, batch_size=3, verbose=0)
    assert not np.allclose(before[0], rnn.get_weights()[0])
    check()


@pytest.mark.parametrize("way", ["eager", "fit", "unroll"])
def test_batch_normalization_in_a_step_updates_its_statistics(way):
    """Law 27: the moving mean and variance after T updates, one a timestep, as a NumPy loop;
    inference leaves them.
    """
    x, h = keras.Input((2,)), keras.Input((2,))
    norm = layers.BatchNormalization(momentum=0.9)
    y = norm(x)
    rnn = RecurrentModel(
        x, y, initial_states=h, final_states=h + y, return_sequences=True, unroll=way == "unroll"
    )
    data = draws(6, 4, 2, seed=3) * 2 + 1
    mean, variance = np.zeros(2), np.ones(2)
    expected = []
    for t in range(4):
        now, spread = data[:, t].mean(axis=0), data[:, t].var(axis=0)
        expected.append((data[:, t] - now) / np.sqrt(spread + norm.epsilon))
        mean, variance = 0.9 * mean + 0.1 * now, 0.9 * variance + 0.1 * spread
    if way == "fit":
        symbolic = keras.Input((4, 2))
        model = keras.Model(symbolic, rnn(symbolic))
        model.compile(keras.optimizers.SGD(0.0), "mse")
        model.fit(data, np.zeros_like(data), batch_size=6, verbose=0)
    else:
        assert_close(rnn(data, training=True), np.stack(expected, axis=1), 1e-4)
    assert_close(norm.moving_mean, mean, 1e-5)
    assert_close(norm.moving_variance, variance, 1e-5)
    assert_close(rnn(data), (data - mean) / np.sqrt(variance + norm.epsilon), 1e-5)
    assert_close(norm.moving_mean, mean, 1e-5)


def l2_step(**options):
    """A Dense layer with a 2 x 2 kernel of ones under l2(1.): its loss is 4."""
    x, h = keras.Input((2,)), keras.Input((2,))
    n = (
        layers.Dense(
            2,
            kernel_initializer="ones",
            kernel_regularizer=keras.regularizers.L2(1.0),
            use_bias=False,
        )(x)
        + h
    )
    return RecurrentModel(x, n, initial_states=h, final_states=n, **options)


@pytest.mark.parametrize("T", [1, 3, 7])
@pytest.mark.parametrize("unroll", [False, True])
def test_regularization_is_counted_once_whatever_the_time(T, unroll):
    """Law 28: 4.0 from a direct call, and as the whole loss of a model that meets its target."""
    rnn = l2_step(unroll=unroll)
    data = np.ones((2, T, 2), "float32")
    rnn(data, training=True)
    assert_close(sum(rnn.losses), np.float32(4.0), 0)
    if T == 3:
        x = keras.Input((T, 2))
        model = keras.Model(x, rnn(x))
        model.compile("sgd", "mse")
        assert_close(
            np.float32(model.evaluate(data, np.full((2, 2), 2.0 * T), verbose=0)),
            np.float32(4.0),
            1e-6,
        )
        assert_close(sum(model.losses), np.float32(4.0), 0)


def test_regularization_of_nested_and_added_layers_is_counted_once():
    """Law 28: 4.0 inside a nested stack; 4.0 + 2.0 with a cell of a 2 x 1 kernel of ones."""
    outer = RecurrentSequential()
    outer.add(l2_step().get_cell())
    outer(X)
    assert_close(sum(outer.losses), np.float32(4.0), 0)
    outer = RecurrentSequential()
    outer.add(l2_step().get_cell())
    outer.add(SimpleRNNCell(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1.0)))
    outer(X)
    assert_close(sum(outer.losses), np.float32(6.0), 0)


def test_regularization_does_not_touch_the_numbers():
    """Law 28: the same step without it gives the same outputs."""
    data = draws(2, 3, 2)
    expected = np.cumsum(data.sum(axis=-1, keepdims=True), axis=1)[:, -1] * np.ones(2, "float32")
    assert_close(l2_step()(data), expected, 1e-5)
    assert_close(accumulator(2)(data), data.sum(axis=1), 1e-5)
