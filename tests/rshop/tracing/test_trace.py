"""Law 29: the trace of every named value, and the Stepper that goes one timestep at a time."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import (
    GRUCell,
    LSTMCell,
    RecurrentModel,
    RecurrentSequential,
    RNNCell,
    SimpleRNNCell,
    Stepper,
    trace,
)
from tests.support.cells import (
    accumulator,
    assert_close,
    draws,
    gru_np,
    lstm_np,
    numpy_of,
    randomize,
    run_np,
    sigmoid,
    simple_np,
    simple_step,
)

X = draws(3, 5, 2)
MASK = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 1, 1, 0]], bool)
BUILT_IN = {
    "simple": (SimpleRNNCell, simple_np, 1),
    "gru": (GRUCell, gru_np, 1),
    "lstm": (LSTMCell, lstm_np, 2),
}


def lstm(**options):
    rnn = LSTMCell(4, input_dim=2).get_layer(**{"return_sequences": True, **options})
    rnn(X)
    randomize(rnn)
    return rnn


def stack(**options):
    """LSTM "low", Dense "between", GRU "high"."""
    rnn = RecurrentSequential(**{"return_sequences": True, **options})
    for layer in (
        LSTMCell(4, input_dim=2, name="low"),
        layers.Dense(3, name="between"),
        GRUCell(2, name="high"),
    ):
        rnn.add(layer)
    rnn(X)
    randomize(rnn)
    return rnn


def check_lstm(recorded, prefix="", valid=None):
    """`c_t = f c + i g` and `h = o tanh(c)`, row by row."""
    i, f, g, o, c, h = (
        recorded[prefix + name]
        for name in ("input_gate", "forget_gate", "candidate", "output_gate", "c", "h")
    )
    valid = np.ones(i.shape[:2], bool) if valid is None else valid
    before = recorded.states[prefix + "c"][:, :-1]
    assert (i.shape, before.shape) == (c.shape, c.shape)
    for gate in (i, f, o):
        assert np.all((gate[valid] > 0) & (gate[valid] < 1))
    assert_close(c[valid], (f * before + i * g)[valid], 1e-6)
    assert_close(h[valid], (o * np.tanh(c))[valid], 1e-6)
    return h, c


def test_trace_of_an_lstm_names_its_gates():
    """Law 29: gates within (0, 1), c row by row, h the output; the gates themselves from the
    equations.
    """
    rnn = lstm()
    recorded = trace(rnn, X)
    h, c = check_lstm(recorded)
    assert_close(h, rnn(X), 1e-6)
    assert_close(recorded.outputs, rnn(X), 1e-6)
    W, U, b = rnn.get_weights()
    before = recorded.states["h"][:, :-1]
    z = X @ W + before @ U + b
    expected = [
        sigmoid(z[..., :4]),
        sigmoid(z[..., 4:8]),
        np.tanh(z[..., 8:12]),
        sigmoid(z[..., 12:]),
    ]
    for name, value in zip(("input_gate", "forget_gate", "candidate", "output_gate"), expected, strict=True):
        assert_close(recorded[name], value, 1e-5)
        assert name in recorded.names
    assert_close(recorded.states["h"][:, 1:], h, 1e-6)
    assert_close(recorded.states["c"][:, 1:], c, 1e-6)
    assert_close(recorded.states["h"][:, 0], np.zeros((3, 4)), 0)
    assert isinstance(recorded["forget_gate"], np.ndarray) and isinstance(recorded.outputs, np.ndarray)
    assert isinstance(recorded.states["c"], np.ndarray)


def test_trace_of_a_gru_names_its_gates():
    """Law 29: `h = z h + (1 - z) candidate` row by row."""
    rnn = GRUCell(4, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    W, U, b = randomize(rnn)
    recorded = trace(rnn, X)
    z, r, g, h = (recorded[name] for name in ("update_gate", "reset_gate", "candidate", "h"))
    before = recorded.states["h"][:, :-1]
    for gate in (z, r):
        assert np.all((gate > 0) & (gate < 1))
    assert_close(h, z * before + (1 - z) * g, 1e-6)
    a, inner = X @ W + b[0], before @ U + b[1]
    assert_close(z, sigmoid((a + inner)[..., :4]), 1e-5)
    assert_close(r, sigmoid((a + inner)[..., 4:8]), 1e-5)
    assert_close(g, np.tanh(a[..., 8:] + r * inner[..., 8:]), 1e-5)
    assert_close(h, rnn(X), 1e-6)


def test_trace_of_a_simple_rnn():
    """Law 29: `h`, from given states on."""
    rnn = SimpleRNNCell(4, input_dim=2).get_layer()
    rnn(X)
    weights = randomize(rnn)
    h0 = draws(3, 4, seed=4)
    recorded = trace(rnn, X, initial_state=h0)
    expected, _ = run_np(simple_np, X, [h0], weights)
    assert_close(recorded["h"], expected, 1e-6)
    assert_close(recorded.states["h"], np.concatenate([h0[:, None], expected], axis=1), 1e-6)
    assert_close(recorded.outputs[:, -1], rnn(X, initial_state=h0), 1e-6)


def test_trace_of_a_stack_joins_names_with_slashes():
    """Law 29: `<cell>/<part>`, an unambiguous suffix is enough, an ambiguous one is refused."""
    rnn = stack()
    recorded = trace(rnn, X)
    h, _ = check_lstm(recorded, "low/")
    assert_close(recorded["forget_gate"], recorded["low/forget_gate"], 0)
    assert_close(recorded["update_gate"], recorded["high/update_gate"], 0)
    D, d = rnn.get_weights()[3:5]
    assert_close(recorded["between"], h @ D + d, 1e-5)
    assert_close(recorded["high/h"], rnn(X), 1e-6)
    assert_close(recorded.states["c"], recorded.states["low/c"], 0)
    for ambiguous in ("h", "candidate", "no such name"):
        with pytest.raises((KeyError, ValueError)) as error:
            recorded[ambiguous]
        assert ambiguous in str(error.value)


def test_trace_of_nested_models_goes_all_the_way_down():
    """Law 29: two levels; the values are those of the flat stack with the same weights."""
    inner = RecurrentSequential(name="inner")
    for layer in (LSTMCell(4, input_dim=2, name="low"), layers.Dense(3, name="between")):
        inner.add(layer)
    outer = RecurrentSequential(return_sequences=True, name="outer")
    outer.add(inner.get_cell())
    outer.add(GRUCell(2, name="high"))
    outer(X)
    flat = stack()
    outer.set_weights(flat.get_weights())
    deep, plain = trace(outer, X), trace(flat, X)
    for name in (
        "forget_gate",
        "input_gate",
        "low/h",
        "low/c",
        "low/candidate",
        "between",
        "high/h",
        "reset_gate",
    ):
        assert_close(deep[name], plain[name], 1e-6)
    (full,) = [name for name in deep.names if name.endswith("low/forget_gate")]
    assert full.count("/") >= 2
    assert_close(deep[full], plain["low/forget_gate"], 1e-6)
    for name in ("low/h", "low/c", "high/h"):
        assert_close(deep.states[name], plain.states[name], 1e-6)


class OddCell(RNNCell):
    """A cell nobody made before, with names nobody would give."""

    def build_model(self, input_shape):
        x, s = (
            keras.Input(batch_shape=input_shape),
            keras.Input((self.output_dim,), name="Gedaechtnis-7_tm1"),
        )
        squeeze = layers.Dense(self.output_dim, activation="sigmoid", name="what is kept?")(
            layers.Concatenate(name="x.and.s")([x, s])
        )
        kept = layers.Multiply(name="2-kept")([squeeze, s])
        after = layers.Add(name="s'")([kept, layers.Dense(self.output_dim, name="Écriture")(x)])
        return keras.Model([x, s], [ops.sin(after), after])


def test_trace_of_a_made_up_cell_with_odd_names():
    """Law 29: every name as it was given; values from NumPy."""
    rnn = OddCell(3).get_layer(return_sequences=True)
    rnn(X)
    K, W, b = (draws(*shape, seed=n, scale=0.5) for n, shape in enumerate([(5, 3), (2, 3), (3,)]))
    k, by_shape = b, {w.shape: w for w in (K, W, b)}
    rnn.set_weights([by_shape[w.shape] for w in rnn.get_weights()])
    recorded = trace(rnn, X)
    s, kept_is, states = np.zeros((3, 3)), [], [np.zeros((3, 3))]
    for t in range(5):
        kept_is.append(sigmoid(np.concatenate([X[:, t], s], axis=-1) @ K + k))
        s = kept_is[-1] * s + X[:, t] @ W + b
        states.append(s)
    assert_close(recorded["what is kept?"], np.stack(kept_is, axis=1), 1e-5)
    assert_close(recorded["2-kept"], np.stack(kept_is, axis=1) * np.stack(states[:-1], axis=1), 1e-5)
    assert_close(recorded["Écriture"], X @ W + b, 1e-5)
    assert_close(recorded["s'"], np.stack(states[1:], axis=1), 1e-5)
    assert_close(recorded["x.and.s"], np.concatenate([X, np.stack(states[:-1], axis=1)], axis=-1), 1e-5)
    assert_close(recorded.states["Gedaechtnis-7"], np.stack(states, axis=1), 1e-5)
    assert_close(recorded.outputs, np.sin(np.stack(states[1:], axis=1)), 1e-5)
    assert {"what is kept?", "2-kept", "Écriture", "s'", "x.and.s"} <= set(recorded.names)


def test_trace_names_repeated_calls_and_several_outputs():
    """Law 29: `dense`, `dense#2`; `name[0]`, `name[1]`."""
    x, h = keras.Input((4,)), keras.Input((2,))
    left, right = ops.split(x, 2, axis=-1)
    shared = layers.Dense(2, use_bias=False, name="shared")
    n = shared(left) + shared(right) * h
    rnn = RecurrentModel(x, n, initial_states=h, final_states=n, return_sequences=True)
    (W,) = randomize(shared)
    data = draws(2, 3, 4)
    recorded = trace(rnn, data)
    assert_close(recorded["shared"], data[..., :2] @ W, 1e-6)
    assert_close(recorded["shared#2"], data[..., 2:] @ W, 1e-6)
    (first,) = [name for name in recorded.names if name.endswith("[0]")]
    assert_close(recorded[first], data[..., :2], 0)
    assert_close(recorded[first.replace("[0]", "[1]")], data[..., 2:], 0)


@pytest.mark.parametrize("case", ["lstm", "stack", "readout"])
def test_trace_equals_running_the_step_by_hand(case):
    """Law 29: `rnn.step`, a Keras model of one timestep, called in a loop in Python with all its
    layers as outputs.
    """
    if case == "readout":
        options, (of_x, of_h) = simple_step(2, 2, readout=True)
        rnn = RecurrentModel(**options, return_sequences=True)
        randomize(of_x), randomize(of_h, seed=4)
    else:
        rnn = lstm() if case == "lstm" else stack()
    recorded = trace(rnn, X)
    step = rnn.step
    named = [
        layer
        for layer in step.layers
        if layer.name in recorded.names and not isinstance(layer, layers.InputLayer)
    ]
    single = [layer for layer in named if not isinstance(layer.output, (list, tuple, dict))]
    spy = keras.Model(step.inputs, [*step.outputs, *(layer.output for layer in single)])
    states = [np.zeros((3, *recorded.states[name].shape[2:]), "float32") for name in rnn.state_names]
    y = np.zeros((3, 2), "float32")
    for t in range(5):
        fed = [X[:, t], *states, *([y] if case == "readout" else [])]
        y, *rest = numpy_of(spy(fed))
        states = rest[: rnn.num_states]
        assert_close(recorded.outputs[:, t], y, 1e-6)
        for name, state in zip(rnn.state_names, states, strict=True):
            assert_close(recorded.states[name][:, t + 1], state, 1e-6)
        for layer, value in zip(single, rest[rnn.num_states :], strict=True):
            assert_close(recorded[layer.name][:, t], value, 1e-6, layer.name)
    if case == "readout":
        assert {"of_x", "of_h", "fed", "z", "h_t"} <= {layer.name for layer in single}


def test_trace_works_on_a_loaded_model(tmp_path):
    """Law 29: the same names and numbers after a round trip."""
    rnn = stack(name="net")
    x = keras.Input((None, 2))
    keras.Model(x, rnn(x)).save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras").get_layer("net")
    before, after = trace(rnn, X), trace(loaded, X)
    assert list(before.names) == list(after.names)
    check_lstm(after, "low/")
    for name in before.names:
        assert_close(after[name], before[name], 1e-6, name)
    assert_close(after.outputs, rnn(X), 1e-6)


@pytest.mark.parametrize("zero", [False, True])
def test_trace_under_a_mask(zero):
    """Law 29: states stay over masked timesteps; the equations hold at valid ones; outputs and mask
    as the layer's.
    """
    rnn = lstm(zero_output_for_mask=zero)
    recorded = trace(rnn, X, mask=MASK)
    check_lstm(recorded, valid=MASK)
    for state in (recorded.states["h"], recorded.states["c"]):
        assert_close(state[:, 1:][~MASK], state[:, :-1][~MASK], 0)
    np.testing.assert_array_equal(np.asarray(recorded.mask), MASK)
    assert_close(recorded.outputs, rnn(X, mask=MASK), 1e-6)
    for row in range(3):
        short, states = run_np(
            lstm_np, X[row : row + 1, MASK[row]], [np.zeros((1, 4))] * 2, rnn.get_weights()
        )
        assert_close(recorded.outputs[row, MASK[row]], short[0], 1e-5)
        assert_close(recorded.states["c"][row, -1], states[1][0], 1e-5)


def test_trace_shows_the_readout_that_each_timestep_saw():
    """Law 29: the start first, then the outputs; in training under forcing the truth of the
    timestep before.
    """
    options, (of_x, of_h) = simple_step(2, 2, readout=True)
    rnn = RecurrentModel(**options, teacher_force=True)
    randomize(of_x), randomize(of_h, seed=4)
    r0, truth = draws(3, 2, seed=5), draws(3, 5, 2, seed=6)
    free = trace(rnn, X, initial_readout=r0)
    assert_close(free.readout, np.concatenate([r0[:, None], free.outputs[:, :-1]], axis=1), 1e-6)
    assert_close(free["fed"], X + free.readout, 1e-6)
    forced = trace(rnn, X, initial_readout=r0, ground_truth=truth, training=True)
    assert_close(forced.readout, np.concatenate([r0[:, None], truth[:, :-1]], axis=1), 1e-6)
    assert_close(forced["fed"], X + forced.readout, 1e-6)


def test_trace_of_decode_constants_and_backwards():
    """Law 29: the other ways to call a layer; `y = h = h + x c`."""
    x, h, c = keras.Input((2,), name="x"), keras.Input((2,), name="h"), keras.Input((2,), name="c")
    scaled = layers.Multiply(name="scaled")([x, c])
    n = layers.Add(name="n")([h, scaled])
    step = dict(input=x, output=n, initial_states=h, final_states=n, constants=c)
    constant = draws(3, 2, seed=2)
    backwards = trace(RecurrentModel(**step, go_backwards=True), X, constants=constant)
    assert_close(backwards["scaled"], X[:, ::-1] * constant[:, None], 1e-6)
    assert_close(backwards["n"], np.cumsum(X[:, ::-1] * constant[:, None], axis=1), 1e-5)
    decode = RecurrentModel(**step, decode=True, output_length=4)
    for length, call in ((4, {}), (6, {"output_length": 6})):
        recorded = trace(decode, X[:, 0], constants=constant, **call)
        assert_close(recorded["n"], np.arange(1, length + 1)[:, None] * (X[:, 0] * constant)[:, None], 1e-5)
        assert recorded.states["h"].shape == (3, length + 1, 2)


def test_trace_of_several_outputs_keeps_their_structure():
    """Law 29."""
    x, h = keras.Input((2,)), keras.Input((2,), name="h")
    n = h + x
    rnn = RecurrentModel(x, {"twice": n * 2.0, "top": ops.max(n, axis=-1)}, initial_states=h, final_states=n)
    recorded = trace(rnn, X)
    total = np.cumsum(X, axis=1)
    assert_close(recorded.outputs["twice"], 2 * total, 1e-5)
    assert_close(recorded.outputs["top"], total.max(axis=-1), 1e-5)


def test_trace_in_training_is_training():
    """Law 29: dropout is on with `training=True` only; the trace shows what was dropped."""
    x, h = keras.Input((32,)), keras.Input((32,))
    kept = layers.Dropout(0.5, name="kept")(x)
    n = h + kept
    rnn = RecurrentModel(x, n, initial_states=h, final_states=n)
    ones = np.ones((1, 4, 32), "float32")
    assert_close(trace(rnn, ones)["kept"], ones, 0)
    recorded = trace(rnn, ones, training=True)
    assert set(np.unique(recorded["kept"])) == {0.0, 2.0}
    assert_close(recorded.outputs, np.cumsum(recorded["kept"], axis=1), 1e-6)


def test_trace_does_not_depend_on_return_sequences_unroll_or_a_build():
    """Law 29: always all timesteps, on a layer that never saw data; its own answers stay."""
    rnn = LSTMCell(4, input_dim=2).get_layer()
    recorded = trace(rnn, X)
    assert recorded.outputs.shape == (3, 5, 4)
    assert_close(recorded.outputs[:, -1], rnn(X), 1e-6)
    unrolled = LSTMCell(4, input_dim=2).get_layer(unroll=True)
    unrolled(X)
    unrolled.set_weights(rnn.get_weights())
    again = trace(unrolled, X)
    for name in ("forget_gate", "c", "h"):
        assert_close(again[name], recorded[name], 1e-6)
    assert rnn(X).shape == (3, 4)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_stepper_equals_the_layer_step_by_step(kind):
    """Law 29: outputs and states against the NumPy equations, timestep by timestep."""
    Cell, equation, n = BUILT_IN[kind]
    rnn = Cell(4, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    weights = randomize(rnn)
    stepper = Stepper(rnn, batch_size=3)
    whole, states = numpy_of(rnn(X)), [np.zeros((3, 4))] * n
    for t in range(5):
        assert stepper.t == t
        y = stepper.step(X[:, t])
        assert isinstance(y, np.ndarray)
        assert_close(y, whole[:, t], 1e-6)
        expected, states = run_np(equation, X[:, t : t + 1], states, weights)
        assert_close(y, expected[:, 0], 1e-5)
        for name, state in zip(rnn.state_names, states, strict=True):
            assert isinstance(stepper.states[name], np.ndarray)
            assert_close(stepper.states[name], state, 1e-5)
    assert list(stepper.states) == list(rnn.state_names)


def test_stepper_goes_back_as_often_as_it_went_forward():
    """Law 29: states and t return, and the same input gives the same output again."""
    rnn = lstm()
    stepper = Stepper(rnn, batch_size=3)
    ys, states = [], []
    for t in range(4):
        states.append({name: np.array(value) for name, value in stepper.states.items()})
        ys.append(stepper.step(X[:, t]))
    for t in (3, 2, 1, 0):
        stepper.back()
        assert stepper.t == t
        for name, value in states[t].items():
            assert_close(stepper.states[name], value, 0)
    for t in range(4):
        assert_close(stepper.step(X[:, t]), ys[t], 0)
    stepper.back()
    other = stepper.step(X[:, 4])
    assert not np.allclose(other, ys[3])
    stepper.back()
    assert_close(stepper.step(X[:, 3]), ys[3], 0)


def test_stepper_reset_starts_again_from_its_initial_state():
    """Law 29: zeros, or the given state; batch size 1 when none is said."""
    for h0 in (None, draws(1, 2, seed=3)):
        stepper = Stepper(accumulator(2), initial_state=h0)
        start = np.zeros((1, 2)) if h0 is None else h0
        for _ in range(2):
            assert_close(stepper.states["h"], start, 0)
            assert_close(stepper.step(X[:1, 0]), start + X[:1, 0], 1e-6)
            assert_close(stepper.step(X[:1, 1]), start + X[:1, 0] + X[:1, 1], 1e-6)
            stepper.reset()
            assert stepper.t == 0


def test_stepper_starts_from_the_layers_state_initializer():
    """Law 29: ones; a list of several states by name."""
    stepper = Stepper(accumulator(2, state_initializer="ones"), batch_size=2)
    assert_close(stepper.step(X[:2, 0]), 1 + X[:2, 0], 1e-6)
    rnn = stack()
    given = {
        "low/h": draws(3, 4, seed=1),
        "low/c": draws(3, 4, seed=2),
        "high/h": draws(3, 2, seed=3),
    }
    stepper = Stepper(rnn, batch_size=3, initial_state=given)
    whole = rnn(X, initial_state=given)
    for t in range(5):
        assert_close(stepper.step(X[:, t]), whole[:, t], 1e-6)


def test_stepper_states_are_writable_by_name():
    """Law 29: the next output follows from what was written; nested names, suffixes."""
    stepper = Stepper(accumulator(2), batch_size=3)
    stepper.step(X[:, 0])
    new = draws(3, 2, seed=9)
    stepper.states["h"] = new
    assert_close(stepper.states["h"], new, 0)
    assert_close(stepper.step(X[:, 1]), new + X[:, 1], 1e-6)
    rnn = stack()
    stepper = Stepper(rnn, batch_size=3)
    assert list(stepper.states) == ["low/h", "low/c", "high/h"]
    h, c, g = draws(3, 4, seed=1), draws(3, 4, seed=2), draws(3, 2, seed=3)
    stepper.states["low/h"], stepper.states["c"], stepper.states["high/h"] = h, c, g
    assert_close(stepper.states["low/c"], c, 0)
    assert_close(stepper.step(X[:, 0]), rnn(X[:, :1], initial_state=[h, c, g])[:, 0], 1e-6)


def test_stepper_of_nested_models_uses_nested_names():
    """Law 29: two levels; equal to the layer."""
    inner = RecurrentSequential(name="inner")
    inner.add(LSTMCell(4, name="low"))
    outer = RecurrentSequential(return_sequences=True)
    outer.add(inner.get_cell())
    outer.add(GRUCell(2, name="high"))
    whole = outer(X)
    stepper = Stepper(outer, batch_size=3)
    for t in range(5):
        assert_close(stepper.step(X[:, t]), whole[:, t], 1e-6)
    assert list(stepper.states) == list(outer.state_names)
    names = [name.rsplit("/", 2)[-2:] for name in stepper.states]
    assert names == [["low", "h"], ["low", "c"], ["high", "h"]]
    assert_close(stepper.states["high/h"], whole[:, -1], 1e-6)


def test_stepper_feeds_the_readout_and_lets_it_be_written():
    """Law 29: free running from a given readout; a written readout is what the next timestep sees;
    back restores it.
    """
    options, (of_x, of_h) = simple_step(2, 2, readout=True)
    rnn = RecurrentModel(**options, return_sequences=True, teacher_force=True)
    W, b = randomize(of_x)
    (U,) = randomize(of_h, seed=4)
    r0 = draws(3, 2, seed=5)
    stepper = Stepper(rnn, batch_size=3, initial_readout=r0)
    assert_close(stepper.readout, r0, 0)
    whole = numpy_of(rnn(X, initial_readout=r0))
    for t in range(3):
        assert_close(stepper.step(X[:, t]), whole[:, t], 1e-6)
        assert_close(stepper.readout, whole[:, t], 1e-6)
    truth = draws(3, 2, seed=6)
    stepper.readout = truth
    assert_close(stepper.step(X[:, 3]), np.tanh((X[:, 3] + truth) @ W + b + whole[:, 2] @ U), 1e-5)
    stepper.back()
    stepper.back()
    assert_close(stepper.readout, whole[:, 1], 1e-6)
    assert_close(stepper.step(X[:, 2]), whole[:, 2], 1e-6)
    stepper.reset()
    assert_close(stepper.readout, r0, 0)
    assert_close(stepper.step(X[:, 0]), whole[:, 0], 1e-6)


def test_stepper_of_a_readout_without_states():
    """Law 29: `y = x + 2 r`; x = 1, 2, 3 -> 1, 4, 11."""
    x, r = keras.Input((1,)), keras.Input((1,))
    stepper = Stepper(RecurrentModel(x, x + 2.0 * r, readout_input=r))
    assert list(stepper.states) == []
    ys = [stepper.step(np.array([[v]], "float32")).item() for v in (1, 2, 3)]
    assert ys == [1, 4, 11]


def test_stepper_decodes_a_fixed_vector_and_holds_constants():
    """Law 29: decode: `y = 10 c + r` -> 10, 20, 30; constants are given once."""
    c, r = keras.Input((1,)), keras.Input((1,))
    decode = RecurrentModel(c, 10.0 * c + r, readout_input=r, decode=True, output_length=3)
    stepper = Stepper(decode)
    one = np.ones((1, 1), "float32")
    ys = [stepper.step(one).item() for _ in range(3)]
    assert ys == [10, 20, 30] == numpy_of(decode(one))[0, :, 0].tolist()
    x, h, k = keras.Input((2,)), keras.Input((2,), name="h"), keras.Input((2,))
    n = h + x * k
    rnn = RecurrentModel(x, n, initial_states=h, final_states=n, constants=k, return_sequences=True)
    constant = draws(3, 2, seed=3)
    stepper, whole = Stepper(rnn, batch_size=3, constants=constant), rnn(X, constants=constant)
    for t in range(5):
        assert_close(stepper.step(X[:, t]), whole[:, t], 1e-6)
    assert_close(whole, np.cumsum(X * constant[:, None], axis=1), 1e-5)


def test_stepper_and_layer_do_not_disturb_each_other():
    """Law 29: a stepper of a stateful layer has states of its own."""
    rnn = accumulator(1, stateful=True)
    ones = np.ones((1, 3, 1), "float32")
    assert rnn(ones).numpy().item() == 3
    stepper = Stepper(rnn)
    stepper.step(ones[:, 0]), stepper.step(ones[:, 0])
    assert rnn(ones).numpy().item() == 6


def test_a_trace_of_a_backward_run_is_in_the_order_of_processing():
    """Law 29: inputs, mask and outputs side by side: `h = h + x` over 1, 2, -, read from the end."""
    x, h = keras.Input((1,)), keras.Input((1,), name="h")
    rnn = RecurrentModel(x, h + x, h, h + x, go_backwards=True, return_sequences=True)
    record = trace(rnn, np.array([[[1.0], [2.0], [9.0]]]), mask=np.array([[True, True, False]]))
    np.testing.assert_array_equal(np.ravel(record.inputs), [9, 2, 1])
    np.testing.assert_array_equal(record.mask, [[False, True, True]])
    np.testing.assert_array_equal(np.ravel(record.outputs), [0, 2, 3])


def test_a_stepper_takes_numbers_as_one_writes_them():
    """The accumulator of the docstring: 2, then 3, then from 10 on."""
    x, h = keras.Input((1,)), keras.Input((1,), name="h")
    stepper = Stepper(RecurrentModel(x, h + x, h, h + x))
    assert stepper.step([[2.0]]) == [[2.0]] and stepper.step([[3.0]]) == [[5.0]]
    stepper.states["h"] = [[10.0]]
    assert stepper.step([[1.0]]) == [[11.0]]
    stepper.back()
    assert stepper.states["h"] == [[10.0]]


def test_a_trace_reads_the_input_in_the_dtype_of_the_step():
    """A layer in float64 around a step of float32, and whole numbers as input: as the layer itself."""
    x, h = keras.Input((2,), dtype="float32"), keras.Input((2,), name="h", dtype="float32")
    rnn = RecurrentModel(x, h + x / 2.0, h, h + x / 2.0, return_sequences=True, dtype="float64")
    for given in (X, np.arange(12).reshape(1, 6, 2)):
        recorded = trace(rnn, given)
        assert_close(recorded.outputs, rnn(given), 0)
        assert_close(recorded.outputs, np.cumsum(given / 2, axis=1), 1e-5)
        assert recorded.inputs.dtype == "float32"


def test_a_trace_leaves_losses_statistics_and_seeds_as_they_are():
    x, h = keras.Input((2,)), keras.Input((2,), name="h")
    n = h + layers.Dropout(0.5)(layers.BatchNormalization()(layers.Dense(2, activity_regularizer="l2")(x)))
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    rnn(X, training=True)
    before, losses = [numpy_of(v) for v in rnn.variables], [numpy_of(loss) for loss in rnn.losses]
    first, second = (trace(rnn, X, training=True) for _ in range(2))
    assert_close(first.outputs, second.outputs, 0)
    assert [numpy_of(loss) for loss in rnn.losses] == losses and len(losses) == 1
    for variable, value in zip(rnn.variables, before, strict=True):
        assert_close(variable, value, 0)
    rnn(X, training=True)
    assert any(np.any(numpy_of(v) != old) for v, old in zip(rnn.variables, before, strict=True))


def test_a_trace_in_training_draws_the_same_first_states_until_a_call_uses_them_up():
    start = keras.initializers.RandomNormal(seed=1)
    rnn = GRUCell(3, input_dim=2).get_layer(state_initializer=start)
    x = np.ones((4, 5, 2), "float32")
    first, again = (trace(rnn, x, training=True).states["h"][:, 0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    rnn(x, training=True)
    assert not np.array_equal(first, trace(rnn, x, training=True).states["h"][:, 0])
