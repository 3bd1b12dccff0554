"""Recurrent layers within a step are open in the inspector, timestep by timestep: compared with NumPy."""

import json

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import rshop
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from rshop.attention import AdditiveAttention
from rshop.cells import AttentionCell
from tests.viz.inspector.test_open_cells import gates_of
from viz.inspector.payload import run_values
from viz.inspector.payload.build_payload import record as payload_of
from viz.inspector.payload.encoding import encoded

UNITS, INNER = 4, 3
X = np.random.default_rng(0).normal(size=(2, 5, INNER, 6)).astype("float32")


def around(inner, steps=INNER):
    """A step in which the inner layer reads a sequence at each timestep."""
    keras.utils.set_random_seed(3)
    x, h = Input((steps, 6), name="x"), Input((UNITS,), name="h_tm1")
    y = inner(x)
    n = ops.tanh((y if len(y.shape) == 2 else ops.mean(y, axis=1)) + 0.5 * h)
    return RecurrentModel(x, n, h, n, return_sequences=True, name="outer")


def inside(rnn, x=X, **call):
    record = rshop.trace(rnn, x, **call)
    return {v.name: v.array for v in run_values.collect(rnn, record).every if v.role == "inner"}, record


def stack():
    rnn = RecurrentSequential(name="inner")
    rnn.add(GRUCell(5, input_dim=6))
    rnn.add(LSTMCell(UNITS))
    return rnn


@pytest.mark.parametrize(
    "make",
    [
        lambda: LSTMCell(UNITS, input_dim=6, name="inner").get_layer(name="layer"),
        lambda: LSTMCell(UNITS, input_dim=6, name="inner").get_layer(name="layer", return_sequences=True),
        lambda: layers.LSTM(UNITS, name="layer"),
        lambda: layers.LSTM(UNITS, name="layer", return_sequences=True),
    ],
    ids=["ours", "ours, sequences", "Keras's", "Keras's, sequences"],
)
def test_the_gates_at_each_timestep_of_an_inner_lstm_are_those_of_numpy(make):
    layer = make()
    found, record = inside(around(layer))
    assert not any("timestep" in name for name in record.names), "the trace keeps its names"
    for outer in range(X.shape[1]):
        h = c = np.zeros((2, UNITS))
        for t in range(INNER):
            gates = gates_of(layer, X[:, outer, t].astype("float64"), h)
            for name, expected in gates.items():
                np.testing.assert_allclose(found[f"layer/timestep {t}/{name}"][:, outer], expected, atol=1e-5)
            c = gates["forget_gate"] * c + gates["input_gate"] * gates["candidate"]
            h = gates["output_gate"] * np.tanh(c)
            np.testing.assert_allclose(found[f"layer/timestep {t}[0]"][:, outer], h, atol=1e-5)


@pytest.mark.parametrize("make", [stack, lambda: layers.GRU(UNITS), lambda: layers.SimpleRNN(UNITS)])
def test_an_inner_layer_opens_to_any_depth_and_has_equations_for_all_that_is_in_it(make):
    payload = payload_of(around(make()), X)
    json.dumps(encoded(payload), allow_nan=False)
    opened = next(box for box in payload.views[0].boxes if box.role == "cell")
    view = payload.views[opened.inside]
    timesteps = [box for box in view.boxes if box.role == "cell"]
    assert [box.name for box in timesteps] == [f"timestep {t}" for t in range(INNER)]
    assert all(box.inside is not None for box in timesteps)
    if make is stack:
        boxes = payload.views[timesteps[0].inside].boxes
        assert [box.name for box in boxes if box.role == "cell"] == ["gru", "lstm"]
    unknown = [v.name for v in payload.values if v.role == "inner" and v.equation.kind == "unknown"]
    assert all("first" in name or "x[" in name for name in unknown)


def test_keras_cells_and_layers_within_an_inner_layer_open_too():
    rnn = RecurrentSequential(name="inner")
    rnn.add(layers.LSTMCell(UNITS, name="deep"))
    found, _ = inside(around(rnn))
    h = np.zeros((2, UNITS))
    gates = gates_of(rnn.cells[0], X[:, 1, 0].astype("float64"), h)
    for name, expected in gates.items():
        np.testing.assert_allclose(found[f"inner/timestep 0/deep/{name}"][:, 1], expected, atol=1e-5)
    x, h = Input((2, 6)), Input((UNITS,))
    n = ops.tanh(layers.SimpleRNN(UNITS, name="deepest")(x) + h)
    rows = Input((INNER, 2, 6), name="x")
    y = RecurrentModel(x, n, h, n, name="inner")(rows)
    out = Input((UNITS,), name="h_tm1")
    rnn = RecurrentModel(rows, y + out, out, y + out)
    found, _ = inside(rnn, np.ones((1, 4, INNER, 2, 6), "float32"))
    last = found["inner/timestep 1/deepest/timestep 1[0]"]
    np.testing.assert_allclose(last, found["inner/timestep 1/deepest"], atol=1e-6)


def test_tokens_are_a_sequence_too_and_what_an_inner_decoder_reads_is_none():
    token, h = Input((), dtype="int32"), Input((UNITS,))
    n = ops.tanh(layers.Embedding(9, UNITS)(token) + h)
    words, out = Input((INNER,), dtype="int32", name="words"), Input((UNITS,), name="h_tm1")
    y = RecurrentModel(token, n, h, n, name="inner")(words)
    rnn = RecurrentModel(words, y + out, out, y + out)
    tokens = np.random.default_rng(0).integers(0, 9, size=(1, 4, INNER))
    found, _ = inside(rnn, tokens)
    np.testing.assert_array_equal(found["inner/x[1]"][0, :, 0], tokens[0, :, 1])

    memory, h = Input((INNER, 6)), Input((UNITS,))
    n = ops.tanh(layers.Dense(UNITS)(ops.mean(memory, axis=1)) + h)
    decoder = RecurrentModel(memory, n, h, n, decode=True, output_length=3)
    assert not any("timestep" in name for name in inside(around(decoder))[0])


def test_the_boxes_say_what_is_multiplied_and_the_layer_has_the_name_of_its_cell():
    payload = payload_of(around(LSTMCell(UNITS, input_dim=6, name="inner").get_layer()), X)
    opened = next(box for box in payload.views[0].boxes if box.role == "cell")
    assert (opened.name, opened.detail) == ("inner", "LSTMCell 4")
    timestep = next(box for box in payload.views[opened.inside].boxes if box.role == "cell")
    assert "W x + U h + b" in [box.name for box in payload.views[timestep.inside].boxes]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(UNITS, go_backwards=True),
        lambda: LSTMCell(UNITS, input_dim=6).get_layer(go_backwards=True),
        lambda: layers.LSTM(UNITS, return_state=True, name="three"),
    ],
    ids=["Keras's backwards", "ours backwards", "three outputs"],
)
def test_what_its_timesteps_would_not_show_stays_shut(make):
    layer = make()
    first = (lambda x: layer(x)[0]) if layer.return_state else layer
    assert not any("timestep" in name for name in inside(around(first))[0])


def test_a_long_inner_sequence_stays_shut():
    x = np.ones((1, 2, 9, 6), "float32")
    assert not any("timestep" in name for name in inside(around(layers.GRU(UNITS), steps=9), x)[0])
    assert any("timestep 7" in name for name in inside(around(layers.GRU(UNITS), steps=8), x[:, :, :8])[0])


def test_boxes_say_the_sizes_of_the_run_where_the_step_leaves_them_open():
    rnn = AttentionCell(GRUCell(4), AdditiveAttention(7)).get_layer(return_sequences=True)
    memory, mask = np.ones((1, 5, 3), "float32"), np.ones((1, 5), bool)
    payload = payload_of(rnn, np.ones((1, 2, 6), "float32"), constants=memory, constants_mask=mask)
    shapes = {box.name: box.shape for box in payload.views[0].boxes}
    assert (shapes["attention"], shapes["keys"], shapes["energies"]) == ("5", "5 × 7", "5 × 1")


@pytest.mark.parametrize(
    "make", [lambda: LSTMCell(UNITS, input_dim=6).get_layer(), lambda: layers.LSTM(UNITS)]
)
@pytest.mark.parametrize(("steps", "is_open"), [(8, True), (9, False)])
def test_a_layer_with_too_many_timesteps_stays_shut_and_says_why(make, steps, is_open):
    x = np.ones((1, 2, steps, 6), "float32")
    boxes = payload_of(around(make(), steps), x).views[0].boxes
    (box,) = [box for box in boxes if "LSTM" in box.detail or "lstm" in box.name]
    assert (box.inside is not None) == is_open
    assert ("shut: 9 timesteps (up to 8 open)" in box.detail) == (not is_open)
