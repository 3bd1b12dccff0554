"""Keras's own cells are open in the inspector: compared with NumPy inside, and shut where they differ."""

import json

import keras
import numpy as np
import pytest
from keras import Input, layers

import rshop
from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from viz.inspector.payload import run_values
from viz.inspector.payload.build_payload import record as payload_of
from viz.inspector.payload.encoding import encoded

UNITS, STEPS = 4, 6
X = np.random.default_rng(0).normal(size=(2, STEPS, 3)).astype("float32")


def stack(*cells, **options):
    keras.utils.set_random_seed(2)
    rnn = RecurrentSequential(return_sequences=True, **options)
    for cell in cells:
        rnn.add(cell)
    rnn(X[:1])
    rnn.set_weights([np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(rnn.get_weights())])
    return rnn


def values_of(rnn, x=X, **call):
    return {
        v.name: v for v in run_values.collect(rnn, rshop.trace(rnn, x, **call)).every if v.role == "inner"
    }


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gates_of(cell, x, h):
    """The four gates of a timestep in NumPy, and the next states are left to the caller."""
    kernel, recurrent, bias = (w.astype("float64") for w in cell.get_weights())
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    return {
        "input_gate": sigmoid(i),
        "forget_gate": sigmoid(f),
        "candidate": np.tanh(g),
        "output_gate": sigmoid(o),
    }


def test_the_gates_of_keras_lstm_are_those_of_numpy():
    cell = layers.LSTMCell(UNITS, name="mine")
    rnn = stack(cell)
    found, trace = values_of(rnn), rshop.trace(rnn, X)
    assert not any("gate" in name for name in trace.names), "the trace keeps its names"
    h = np.zeros((2, UNITS))
    c = np.zeros((2, UNITS))
    for t in range(STEPS):
        gates = gates_of(cell, X[:, t], h)
        for name, expected in gates.items():
            np.testing.assert_allclose(found[f"mine/{name}"].array[:, t], expected, atol=1e-5)
        c = gates["forget_gate"] * c + gates["input_gate"] * gates["candidate"]
        h = gates["output_gate"] * np.tanh(c)
    np.testing.assert_allclose(found["mine[0]"].array[:, -1], h, atol=1e-5)


def boxes(rnn, x=X, **call):
    payload = payload_of(rnn, x, **call)
    json.dumps(encoded(payload), allow_nan=False)
    return [
        (box.role, box.inside) for box in payload.views[0].boxes if box.role in ("cell", "layer")
    ], payload


@pytest.mark.parametrize(
    "make", [layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell], ids=lambda c: c.__name__
)
def test_every_cell_of_keras_opens_and_has_equations_for_all_that_is_in_it(make):
    found, payload = boxes(stack(make(UNITS)))
    assert found == [("cell", 1)]
    inner = [v for v in payload.values if v.role == "inner"]
    assert len(inner) > 4 and {v.equation.kind for v in inner} & {"linear", "affine", "function"}
    assert not [v.name for v in inner if v.equation.kind == "unknown"]


def test_cells_of_keras_and_ours_stand_side_by_side():
    assert boxes(stack(layers.LSTMCell(UNITS), LSTMCell(UNITS)))[0] == [("cell", 1), ("cell", 2)]


def test_a_cell_in_a_nested_model_and_one_that_is_used_twice_open():
    cell = layers.SimpleRNNCell(3, name="twice")
    x, h = Input((3,)), Input((3,), name="h")
    first, _ = cell(x, [h])
    inside = keras.Model([x, h], first, name="nest")
    y = inside([x, h])
    z, _ = cell(y, [h])
    rnn = RecurrentModel(x, z, h, z, return_sequences=True)
    found = values_of(rnn)
    weights = cell.get_weights()
    trace = rshop.trace(rnn, X)
    before = trace.states["h"][:, :-1]
    expected = np.tanh(X @ weights[0] + before @ weights[1] + weights[2])
    names = [name for name in found if name.endswith("/h") or name.split("/")[-1].startswith("twice")]
    assert any(name.startswith("nest/twice") for name in names)
    assert any(np.allclose(found[name].array, expected, atol=1e-5) for name in found if "nest/twice/" in name)
    assert any(name.startswith("twice") and "/" in name for name in found)


def test_at_masked_timesteps_nothing_shuts_the_cell():
    mask = np.array([[1, 1, 0, 1, 1, 0], [1, 0, 1, 1, 1, 1]], bool)
    x = np.where(mask[..., None], X, np.nan).astype("float32")
    rnn = stack(layers.LSTMCell(UNITS, name="mine"))
    found = values_of(rnn, x, mask=mask)["mine/input_gate"].array
    free = values_of(rnn, np.nan_to_num(x), mask=mask)["mine/input_gate"].array
    np.testing.assert_allclose(found[mask], free[mask], atol=1e-6)
    assert np.isfinite(found).all()


def test_a_cell_whose_dropout_is_on_stays_shut():
    rnn = stack(layers.LSTMCell(UNITS, dropout=0.5, name="mine"))
    assert "mine/input_gate" in values_of(rnn)
    assert "mine/input_gate" not in values_of(rnn, training=True)
    assert boxes(rnn, training=True)[0] == [("layer", None)]


def test_in_mixed_precision_it_opens_too():
    rnn = stack(layers.GRUCell(UNITS, dtype="mixed_float16"), dtype="mixed_float16")
    assert boxes(rnn)[0] == [("cell", 1)]


def test_other_weights_show_at_the_next_call_and_beside_the_first():
    rnn = stack(layers.LSTMCell(UNITS, name="mine"))
    first = values_of(rnn)["mine/input_gate"].array
    rnn.set_weights([2 * w for w in rnn.get_weights()])
    assert np.abs(values_of(rnn)["mine/input_gate"].array - first).max() > 0.05
    payload = payload_of(rnn, X, beside=X + 1)
    assert payload.beside is not None and any("input gate" in v.said for v in payload.values)
    payload = payload_of(rnn, X, beside=rshop.trace(rnn, X + 1))
    assert any("input gate" in v.said for v in payload.values)


def test_a_trace_from_before_training_shows_the_gates_of_then():
    cell = layers.LSTMCell(UNITS, name="mine")
    rnn = stack(cell)
    then = rshop.trace(rnn, X)
    zero = np.zeros((2, UNITS))
    expected = gates_of(cell, X[:, 0], zero)
    rnn.set_weights([2 * w for w in rnn.get_weights()])
    payload = payload_of(rnn, X, beside=then)
    place = next(i for i, v in enumerate(payload.values) if v.name == "mine/forget_gate")
    now, shown = gates_of(cell, X[:, 0], zero), payload.beside
    np.testing.assert_allclose(payload.values[place].array[:, 0], now["forget_gate"], atol=1e-5)
    np.testing.assert_allclose(shown.values[place][:, 0], expected["forget_gate"], atol=1e-5)
    assert np.abs(expected["forget_gate"] - now["forget_gate"]).max() > 0.01


def test_a_trace_of_a_layer_of_another_size_shows_what_it_has():
    rnn = stack(layers.LSTMCell(UNITS, name="mine"), layers.Dense(2, name="more"))
    other = stack(layers.LSTMCell(UNITS, name="mine"))
    payload = payload_of(rnn, X, beside=rshop.trace(other, X))
    names = {payload.values[place].name for place in payload.beside.values}
    assert "mine[0]" in names and "mine/input_gate" not in names


OTHERS = {
    "without a bias": (layers.LSTMCell, layers.LSTMCell, {"use_bias": False}),
    "another cell": (layers.GRUCell, layers.SimpleRNNCell, {}),
    "another bias": (layers.GRUCell, layers.GRUCell, {"reset_after": False}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_trace_of_a_cell_with_other_weights_than_these_stays_shut(name):
    now, then, options = OTHERS[name]
    trace = rshop.trace(stack(then(UNITS, name="mine", **options)), X)
    payload = payload_of(stack(now(UNITS, name="mine")), X, beside=trace)
    names = {payload.values[place].name for place in payload.beside.values}
    assert "mine[0]" in names and "mine/candidate" not in names


def test_a_trace_keeps_the_weights_of_cells_that_open_once():
    rnn = stack(layers.LSTMCell(UNITS, name="mine"), LSTMCell(UNITS), layers.Dense(2))
    kept = rshop.trace(rnn, X).cell_weights
    assert list(kept) == ["mine"]
    for weight, variable in zip(kept["mine"], rnn.cells[0].weights, strict=True):
        np.testing.assert_array_equal(weight, variable)
