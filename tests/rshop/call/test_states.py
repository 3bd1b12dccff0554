"""Laws 16 to 20: where states come from, how they are returned, shared and shaped."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
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
    stack_np,
)


def two_states(**options):
    """`n = h + x`, `m = c / 2 + n`, `y = n - 10 m`, states named h and c."""
    x, h, c = (
        keras.Input((2,), name="x"),
        keras.Input((2,), name="h_tm1"),
        keras.Input((2,), name="c"),
    )
    n = h + x
    m = 0.5 * c + n
    options = {"return_sequences": True, "return_states": True, **options}
    return RecurrentModel(x, n - 10.0 * m, initial_states=[h, c], final_states=[n, m], **options)


def two_np(x_t, states, _):
    n = states[0] + x_t
    m = 0.5 * states[1] + n
    return n - 10.0 * m, [n, m]


def three_states(**options):
    """Outputs its three states side by side: x of zeros shows the initial states."""
    x = keras.Input((1,), name="x")
    states = [keras.Input((width,), name=name) for width, name in ((2, "a"), (3, "b"), (4, "c"))]
    after = [s + x for s in states]
    return RecurrentModel(
        x, layers.Concatenate()(after), initial_states=states, final_states=after, **options
    )


def initial_of(rnn, batch=3, width=4, **call):
    """The initial state of an accumulator: its output after one timestep of zeros."""
    return numpy_of(rnn(np.zeros((batch, 1, width), "float32"), **call))


X, H, C = draws(3, 4, 2), draws(3, 2, seed=1), draws(3, 2, seed=2)

FORMS = {
    "list": ([H, C], [H, C]),
    "tuple": ((H, C), [H, C]),
    "dict": ({"h": H, "c": C}, [H, C]),
    "dict in another order": ({"c": C, "h": H}, [H, C]),
    "constants": ([H[0], C[1]], [np.tile(H[0], (3, 1)), np.tile(C[1], (3, 1))]),
    "dict of constants": ({"c": C[1], "h": H[0]}, [np.tile(H[0], (3, 1)), np.tile(C[1], (3, 1))]),
    "constant beside a batch": ([H, C[1]], [H, np.tile(C[1], (3, 1))]),
    "tensors": ([tf.constant(H), tf.constant(C)], [H, C]),
}


@pytest.mark.parametrize("form", FORMS)
def test_initial_state_takes_list_tuple_dict_and_broadcast_constants(form):
    """Law 16."""
    given, states = FORMS[form]
    y, h, c = two_states()(X, initial_state=given)
    expected, (h_T, c_T) = run_np(two_np, X, states)
    assert_close(y, expected, 1e-5)
    assert_close(h, h_T, 1e-5)
    assert_close(c, c_T, 1e-5)


@pytest.mark.parametrize("given", [H, [H], (H,), {"h": H}], ids=["tensor", "list", "tuple", "dict"])
def test_initial_state_of_one_state_needs_no_list(given):
    """Law 16: y_t = h0 + x_1 + .. + x_t."""
    assert_close(
        accumulator(2, return_sequences=True)(X, initial_state=given),
        H[:, None] + np.cumsum(X, axis=1),
        1e-5,
    )


@pytest.mark.parametrize("unroll", [False, True])
def test_initial_state_from_an_input_a_dense_layer_and_a_constant(unroll):
    """Law 16: symbolic values, for any batch size."""
    x, h_in, e_in = keras.Input((4, 2)), keras.Input((2,)), keras.Input((3,))
    encoder = layers.Dense(2)
    rnn = two_states(unroll=unroll)
    model = keras.Model(
        [x, h_in, e_in],
        [rnn(x, initial_state=[h_in, encoder(e_in)])[0], rnn(x, initial_state=[C[1], h_in])[0]],
    )
    W, b = randomize(encoder, seed=5)
    for batch in (3, 2):
        e = draws(batch, 3, seed=6)
        encoded, constant = model([X[:batch], H[:batch], e])
        assert_close(encoded, run_np(two_np, X[:batch], [H[:batch], e @ W + b])[0], 1e-5)
        assert_close(constant, run_np(two_np, X[:batch], [np.tile(C[1], (batch, 1)), H[:batch]])[0], 1e-5)


def test_initial_state_by_cell_name_or_unambiguous_suffix():
    """Law 16: states of a stack are named `<cell>/<state>`."""
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(LSTMCell(4, input_dim=2, name="low"))
    rnn.add(GRUCell(3, name="high"))
    rnn(X)
    assert list(rnn.state_names) == ["low/h", "low/c", "high/h"]
    h, c, g = draws(3, 4, seed=1), draws(3, 4, seed=2), draws(3, 3, seed=3)
    in_order = rnn(X, initial_state=[h, c, g])
    assert_close(rnn(X, initial_state={"high/h": g, "c": c, "low/h": h}), in_order, 1e-7)
    weights = rnn.get_weights()
    step = stack_np([(lstm_np, weights[:3], 2), (gru_np, weights[3:], 1)])
    assert_close(in_order, run_np(step, X, [h, c, g])[0], 1e-5)


def test_gradient_reaches_the_initial_state():
    """Law 16: an encoder can be trained through `initial_state=`; against central differences."""
    step, _ = simple_step(4, 2)
    rnn = RecurrentModel(**step)
    h0, readings = draws(3, 4, seed=1), draws(3, 4, seed=2)
    rnn(X)
    U_W = [np.asarray(w, "float64") for w in rnn.get_weights()]
    W, b, U = (next(w for w in U_W if w.shape == shape) for shape in ((2, 4), (4,), (4, 4)))

    def loss(h):
        return np.sum(run_np(simple_np, X, [h], [W, U, b])[0][:, -1] * readings)

    h = tf.constant(h0)
    with tf.GradientTape() as tape:
        tape.watch(h)
        total = tf.reduce_sum(rnn(X, initial_state=h) * readings)
    assert_close(total, np.float32(loss(h0)), 1e-5)
    assert_close(tape.gradient(total, h), numeric_gradient(loss, h0), 1e-4)


INITIALIZERS = {
    "zeros": lambda: "zeros",
    "ones": lambda: "ones",
    "constant": lambda: keras.initializers.Constant(2.5),
    "RandomNormal": lambda: keras.initializers.RandomNormal(stddev=1.0, seed=1),
    "RandomUniform": lambda: keras.initializers.RandomUniform(-2, 3, seed=2),
    "TruncatedNormal": lambda: keras.initializers.TruncatedNormal(stddev=1.0, seed=3),
    "GlorotUniform": lambda: keras.initializers.GlorotUniform(seed=4),
    "HeNormal": lambda: keras.initializers.HeNormal(seed=5),
    "Orthogonal": lambda: keras.initializers.Orthogonal(seed=6),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_state_initializer_is_drawn_once_for_inference(name):
    """Law 17: Keras' own draw of shape (1, 4), the same for each sample and at each call."""
    rnn = accumulator(4, state_initializer=INITIALIZERS[name]())
    drawn = numpy_of(keras.initializers.get(INITIALIZERS[name]())((1, 4)))
    for batch in (3, 2, 3):
        assert_close(initial_of(rnn, batch), np.repeat(drawn, batch, axis=0), 1e-7)


RANDOM_NAMES = [
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "glorot_uniform",
    "orthogonal",
    "he_normal",
]


@pytest.mark.parametrize("name", RANDOM_NAMES)
def test_state_initializer_by_name_is_the_same_at_every_inference_call(name):
    """Law 17: also after a training call, in `predict` and with an unknown batch size."""
    rnn = accumulator(4, state_initializer=name)
    first = initial_of(rnn, 3)
    assert np.all(first[0] != 0) and np.all(np.abs(first) < 3)
    assert_close(first, np.repeat(first[:1], 3, axis=0), 0)
    initial_of(rnn, 3, training=True)
    assert_close(initial_of(rnn, 5), np.repeat(first[:1], 5, axis=0), 0)
    if name == "glorot_uniform":
        x = keras.Input((None, 4))
        model = keras.Model(x, rnn(x))
        for batch, time in ((2, 1), (5, 3)):
            assert_close(
                model.predict(np.zeros((batch, time, 4)), verbose=0),
                np.repeat(first[:1], batch, axis=0),
                0,
            )


SPREADS = {
    "random_normal": 0.05,
    "random_uniform": 0.1 / 12**0.5,
    "truncated_normal": 0.05 * 0.8796,
}


@pytest.mark.parametrize("name", SPREADS)
def test_state_initializer_draws_anew_for_each_sample_in_training(name):
    """Law 17: standard deviations of Keras' defaults; truncated at two deviations."""
    rnn = accumulator(4, state_initializer=name)
    before = initial_of(rnn)
    first, second = (initial_of(rnn, 1000, training=True) for _ in range(2))
    assert len(np.unique(first, axis=0)) == 1000
    assert not np.any(np.all(first == second, axis=1))
    for drawn in (first, second):
        assert abs(drawn.mean()) < 0.003
        assert abs(drawn.std() / SPREADS[name] - 1) < 0.05
        assert (
            np.abs(drawn).max()
            <= {"random_normal": 0.5, "random_uniform": 0.05, "truncated_normal": 0.1}[name] + 1e-6
        )
    assert_close(initial_of(rnn), before, 0)


@pytest.mark.parametrize("name", ["glorot_uniform", "orthogonal"])
def test_other_random_initializers_draw_once_for_each_training_call(name):
    """Law 17."""
    rnn = accumulator(4, state_initializer=name)
    first, second = (initial_of(rnn, 3, training=True) for _ in range(2))
    for drawn in (first, second):
        assert_close(drawn, np.repeat(drawn[:1], 3, axis=0), 0)
    assert not np.allclose(first, second)


def test_training_draws_are_fresh_in_a_compiled_graph_too():
    """Law 17: no draw is baked in when the call is traced once and run twice."""
    rnn = accumulator(4, state_initializer="random_normal")
    run = tf.function(lambda x: rnn(x, training=True))
    x = tf.zeros((3, 1, 4))
    first, second = run(x).numpy(), run(x).numpy()
    assert len(np.unique(np.concatenate([first, second]), axis=0)) == 6


@pytest.mark.parametrize("name", ["random_normal", "glorot_uniform", "orthogonal"])
def test_same_seed_gives_the_same_states(name):
    """Law 17: training and inference draws."""

    def numbers(seed):
        keras.utils.set_random_seed(seed)
        rnn = accumulator(4, state_initializer=name)
        return np.stack([initial_of(rnn), *(initial_of(rnn, training=True) for _ in range(2))])

    assert_close(numbers(3), numbers(3), 0)
    assert not np.allclose(numbers(3), numbers(4))


def test_same_seed_of_the_initializer_gives_the_same_training_draws():
    """Law 17."""

    def numbers():
        keras.utils.set_random_seed(0)
        rnn = accumulator(4, state_initializer=keras.initializers.RandomNormal(seed=11))
        return np.stack([initial_of(rnn, training=True) for _ in range(2)])

    first, second = numbers(), numbers()
    assert_close(first, second, 0)
    assert not np.allclose(first[0], first[1])


COMBINATIONS = {
    "one for all": ("ones", [1, 1, 1]),
    "one object for all": (keras.initializers.Constant(3.0), [3, 3, 3]),
    "list": (["ones", "zeros", keras.initializers.Constant(3.0)], [1, 0, 3]),
    "tuple": (("ones", "zeros", keras.initializers.Constant(3.0)), [1, 0, 3]),
    "the rest zeros": (["ones"], [1, 0, 0]),
    "dict": ({"c": keras.initializers.Constant(3.0), "a": "ones"}, [1, 0, 3]),
    "none": (None, [0, 0, 0]),
}


@pytest.mark.parametrize("form", COMBINATIONS)
@pytest.mark.parametrize("training", [False, True])
def test_state_initializer_one_for_all_a_list_or_a_dict(form, training):
    """Law 17."""
    given, values = COMBINATIONS[form]
    y = three_states(state_initializer=given)(np.zeros((2, 1, 1), "float32"), training=training)
    assert_close(y, np.tile(np.repeat(np.array(values, "float32"), [2, 3, 4]), (2, 1)), 0)


def test_state_initializer_leaves_the_callers_list_alone():
    """Law 17."""
    given_list, given_dict = ["ones"], {"b": "ones"}
    for given in (given_list, given_dict):
        three_states(state_initializer=given)(np.zeros((2, 1, 1), "float32"))
    rnn = RecurrentSequential(state_initializer=given_list)
    rnn.add(LSTMCell(3, input_dim=2))
    rnn(X)
    assert given_list == ["ones"] and given_dict == {"b": "ones"}


def test_initial_state_of_a_call_wins_over_the_initializer():
    """Law 17."""
    rnn = accumulator(2, state_initializer="ones", return_sequences=True)
    assert_close(rnn(X, initial_state=H), H[:, None] + np.cumsum(X, axis=1), 1e-5)
    assert_close(rnn(X), 1 + np.cumsum(X, axis=1), 1e-5)


def test_learned_state_is_a_weight_and_takes_one_exact_sgd_step():
    """Law 17: y = h0 + sum of x; the gradient of the mean square is written out."""
    rnn = accumulator(2, state_initializer="learned")
    x = keras.Input((4, 2))
    model = keras.Model(x, rnn(x))
    assert [w.shape for w in rnn.trainable_weights] == [(2,)]
    assert_close(rnn.get_weights()[0], np.zeros(2), 0)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    target = draws(3, 2, seed=9)
    model.fit(X, target, epochs=1, batch_size=3, verbose=0)
    gradient = 2 * (X.sum(axis=1) - target).sum(axis=0) / target.size
    assert_close(rnn.get_weights()[0], -0.1 * gradient, 1e-6)
    assert_close(rnn(X), X.sum(axis=1) - 0.1 * gradient, 1e-5)


def test_learned_state_beside_other_initializers():
    """Law 17: one state learned, one drawn, one zero."""
    rnn = three_states(state_initializer={"b": "learned", "c": "ones"})
    rnn(np.zeros((2, 1, 1), "float32"))
    assert [w.shape for w in rnn.trainable_weights] == [(3,)]
    rnn.set_weights([np.array([5.0, 6.0, 7.0])])
    for training in (False, True):
        y = rnn(np.zeros((2, 1, 1), "float32"), training=training)
        assert_close(y, np.tile(np.array([0, 0, 5, 6, 7, 1, 1, 1, 1], "float32"), (2, 1)), 0)


def with_readout(x, W, b, U):
    """h = tanh((x + h) W + b + h U): the readout is the last h."""
    return run_np(
        lambda x_t, s, w: simple_np(x_t + s[0], s, w),
        x,
        [np.zeros((len(x), U.shape[0]))],
        [W, U, b],
    )


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("spelling", ["return_states", "return_state"])
def test_return_states_leaves_the_readout_out(sequences, spelling):
    """Law 18: `[y, h]`, and `num_states` is 1."""
    step, (of_x, of_h) = simple_step(3, 3, readout=True)
    rnn = RecurrentModel(**step, return_sequences=sequences, **{spelling: True})
    W, b = randomize(of_x)
    (U,) = randomize(of_h, seed=3)
    x = draws(2, 4, 3)
    returned = rnn(x)
    assert isinstance(returned, list) and len(returned) == 2 and rnn.num_states == 1
    y, (h,) = with_readout(x, W, b, U)
    assert_close(returned[0], y if sequences else y[:, -1], 1e-6)
    assert_close(returned[1], h, 1e-6)


def test_return_states_when_the_model_is_called_as_a_layer():
    """Law 18: a model inside a model keeps outputs and states apart."""
    step, (of_x, of_h) = simple_step(3, 3, readout=True)
    inner_x = keras.Input((None, 3))
    inner = keras.Model(inner_x, RecurrentModel(**step, return_sequences=True, return_states=True)(inner_x))
    outer_x = keras.Input((4, 3))
    y, h = inner(outer_x)
    outer = keras.Model(outer_x, [layers.Rescaling(2.0)(y), layers.Rescaling(3.0)(h)])
    W, b = randomize(of_x)
    (U,) = randomize(of_h, seed=3)
    x = draws(2, 4, 3)
    expected, (last,) = with_readout(x, W, b, U)
    for result in (outer(x), outer.predict(x, verbose=0)):
        assert_close(result[0], 2 * expected, 1e-5)
        assert_close(result[1], 3 * last, 1e-5)


def test_return_states_of_a_stack_are_kerass_states():
    """Law 18: against `keras.layers.LSTM(return_state=True)`, h and c in this order."""
    rnn = RecurrentSequential(return_states=True)
    rnn.add(LSTMCell(4, input_dim=2))
    theirs = layers.LSTM(4, return_state=True)
    expected = theirs(X)
    rnn(X)
    rnn.set_weights(theirs.get_weights())
    for mine, keras_ in zip(rnn(X), theirs(X), strict=True):
        assert_close(mine, keras_, 1e-6)
    assert len(expected) == 3


def test_state_sync_counts_one_set_of_states():
    """Law 19: 2 for four LSTM cells."""
    rnn = RecurrentSequential(state_sync=True)
    rnn.add(LSTMCell(10, input_dim=5))
    for _ in range(3):
        rnn.add(LSTMCell(10))
    assert rnn.num_states == 2
    assert list(rnn.state_names) == ["h", "c"]
    assert rnn(draws(2, 3, 5)).shape == (2, 10)


def test_without_state_sync_every_cell_counts():
    """Law 19: 3 for GRU, Dense and LSTM."""
    rnn = RecurrentSequential()
    for layer in (GRUCell(10, input_dim=5), layers.Dense(5), LSTMCell(10)):
        rnn.add(layer)
    assert rnn.num_states == 3


@pytest.mark.parametrize("kind", ["simple", "gru", "lstm"])
def test_state_sync_passes_the_states_from_cell_to_cell(kind):
    """Law 19: cell k + 1 reads in the same timestep what cell k wrote; NumPy loop; a Dense layer
    between has no part in it.
    """
    Cell, step = {
        "simple": (SimpleRNNCell, simple_np),
        "gru": (GRUCell, gru_np),
        "lstm": (LSTMCell, lstm_np),
    }[kind]
    cells, between = [Cell(3, input_dim=2), Cell(3), Cell(3)], layers.Dense(2)
    rnn = RecurrentSequential(state_sync=True, return_sequences=True, return_states=True)
    for layer in (cells[0], between, *cells[1:]):
        rnn.add(layer)
    states = [draws(3, 3, seed=k) for k in range(2 if kind == "lstm" else 1)]
    rnn(X)
    randomize(rnn)
    weights, (D, d) = [cell.get_weights() for cell in cells], between.get_weights()

    def synced(x_t, s, _):
        y, s = step(x_t, s, [np.asarray(w, "float64") for w in weights[0]])
        y = y @ D + d
        for w in weights[1:]:
            y, s = step(y, s, [np.asarray(a, "float64") for a in w])
        return y, s

    expected, last = run_np(synced, X, states)
    y, *after = rnn(X, initial_state=states)
    assert_close(y, expected, 1e-5)
    for mine, numpy in zip(after, last, strict=True):
        assert_close(mine, numpy, 1e-5)


@pytest.mark.parametrize(
    "second",
    [lambda: GRUCell(4, name="second_one"), lambda: LSTMCell(5, name="second_one")],
    ids=["kind", "size"],
)
def test_state_sync_of_mixed_cells_names_both(second):
    """Law 19: other number of states, other size."""
    with pytest.raises((ValueError, TypeError)) as error:
        rnn = RecurrentSequential(state_sync=True)
        rnn.add(LSTMCell(4, input_dim=2, name="first_one"))
        rnn.add(second())
        rnn(X)
    assert "first_one" in str(error.value) and "second_one" in str(error.value)
    assert "Received" in str(error.value)


def conv_np(image, kernel, bias=0.0):
    """`Conv2D(padding="same")` with an odd kernel: (batch, rows, columns, channels)."""
    k = kernel.shape[0] // 2
    padded = np.pad(image, [(0, 0), (k, k), (k, k), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], axis=(1, 2))
    return np.einsum("bijckl,klcd->bijd", windows, kernel) + bias


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("readout", [False, True])
def test_convolutional_step_on_images(readout, unroll):
    """Law 20: states and readout of rank 4 with the batch; convolution written in NumPy."""
    x, h = keras.Input((4, 5, 2), name="x"), keras.Input((4, 5, 3), name="h")
    r = keras.Input((4, 5, 2), name="r")
    of_x, of_h, out = (layers.Conv2D(n, 3, padding="same") for n in (3, 3, 2))
    n = layers.Activation("tanh")(of_x(x + r if readout else x) + of_h(h))
    y = out(n)
    more = {"readout_input": r} if readout else {}
    rnn = RecurrentModel(
        x,
        y,
        initial_states=h,
        final_states=n,
        return_sequences=True,
        return_states=True,
        unroll=unroll,
        **more,
    )
    (Wx, bx), (Wh, bh), (Wy, by) = (
        randomize(layer, seed=10 * k, scale=0.3) for k, layer in enumerate((of_x, of_h, out))
    )

    def step(x_t, states, _):
        s, last = states
        s = np.tanh(conv_np(x_t + last if readout else x_t, Wx, bx) + conv_np(s, Wh, bh))
        y_t = conv_np(s, Wy, by)
        return y_t, [s, y_t]

    images, h0, r0 = draws(2, 3, 4, 5, 2), draws(2, 4, 5, 3, seed=1), draws(2, 4, 5, 2, seed=2)
    call = {"initial_readout": r0} if readout else {}
    got_y, got_h = rnn(images, initial_state=h0, **call)
    expected, (last, _) = run_np(step, images, [h0, r0])
    assert_close(got_y, expected, 1e-5)
    assert_close(got_h, last, 1e-5)


def test_convolutional_step_is_kerass_conv_lstm():
    """Law 20: a ConvLSTM written as a step, against `keras.layers.ConvLSTM2D` with the same
    weights.
    """
    theirs = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True, recurrent_activation="sigmoid")
    images = draws(2, 3, 4, 5, 2)
    theirs(images)
    K, U, b = randomize(theirs, scale=0.3)
    x, h, c = keras.Input((4, 5, 2)), keras.Input((4, 5, 3)), keras.Input((4, 5, 3))
    of_x, of_h = (
        layers.Conv2D(12, 3, padding="same"),
        layers.Conv2D(12, 3, padding="same", use_bias=False),
    )
    i, f, g, o = keras.ops.split(of_x(x) + of_h(h), 4, axis=-1)
    c_t = keras.ops.sigmoid(f) * c + keras.ops.sigmoid(i) * keras.ops.tanh(g)
    h_t = keras.ops.sigmoid(o) * keras.ops.tanh(c_t)
    rnn = RecurrentModel(x, h_t, initial_states=[h, c], final_states=[h_t, c_t], return_sequences=True)
    of_x.set_weights([K, b])
    of_h.set_weights([U])
    assert_close(rnn(images), theirs(images), 1e-5)


def test_states_without_features():
    """Law 20: a counter of shape () beside a vector, and sequences of numbers."""
    x, count, total = (
        keras.Input((), name="x"),
        keras.Input((), name="count"),
        keras.Input((2,), name="total"),
    )
    n, s = count + 1.0, total + keras.ops.expand_dims(x, -1)
    rnn = RecurrentModel(
        x,
        n * x,
        initial_states=[count, total],
        final_states=[n, s],
        return_sequences=True,
        return_states=True,
    )
    values = draws(3, 4)
    y, n_T, s_T = rnn(values)
    assert_close(y, values * np.arange(1, 5), 1e-5)
    assert_close(n_T, np.full(3, 4.0), 0)
    assert_close(s_T, np.repeat(values.sum(axis=1)[:, None], 2, axis=1), 1e-5)
