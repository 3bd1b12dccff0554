"""The equations of the inspector: one is claimed only where it gives the recorded numbers."""

import base64

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support.inspected_models import MODELS
from tests.support.payloads import law, layer, normal, numbers, record


def evaluate(payload, name, t, unit):
    """The element of a value, worked out from the elements that its law reads."""
    data = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    value = next(v for v in payload["values"] if (v["name"], v["role"]) == (name, "inner"))
    found = value["law"]

    def read(part, element):
        if "n" in part:
            return part["n"]
        other = payload["values"][part["v"]]
        return numbers(payload, other["name"], other["role"])[t][element]

    parts = [read(part, unit) for part in found["of"]] if found["law"] not in ("linear", "take") else []
    if found["law"] == "linear":
        rows, columns = found["shape"]
        matrix = data[found["matrix"] : found["matrix"] + rows * columns].reshape(rows, columns)
        bias = data[found["bias"] + unit] if "bias" in found else 0
        return sum(matrix[i, unit] * read(found["of"][0], i) for i in range(rows)) + bias
    return {
        "sum": lambda: sum(parts),
        "product": lambda: np.prod(parts),
        "difference": lambda: parts[0] - parts[1],
        "take": lambda: read(found["of"][0], unit + found["start"]),
        "same": lambda: parts[0],
        "shift": lambda: parts[0] + data[found["bias"] + unit],
        "function": lambda: {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[found["function"]](
            parts[0]
        ),
    }[found["law"]]()


@pytest.mark.parametrize("kind", [SimpleRNNCell, GRUCell, LSTMCell, rshop.basic_cells.LSTMCell])
def test_every_law_of_a_cell_gives_the_recorded_numbers(kind):
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(kind(4))
    rnn(normal(1, 6, 3))
    for weight in rnn.trainable_weights:
        weight.assign(normal(*weight.shape, seed=3))
    payload = record(rnn, normal(1, 6, 3))
    inner = [v for v in payload["values"] if v["role"] == "inner"]
    assert {v["law"]["law"] for v in inner} <= {
        "sum",
        "product",
        "difference",
        "take",
        "same",
        "shift",
        "function",
        "linear",
    }
    for value in inner:
        for t, unit in ((1, 0), (4, value["columns"] - 1)):
            expected = numbers(payload, value["name"], "inner")[t][unit]
            assert evaluate(payload, value["name"], t, unit) == pytest.approx(expected, abs=1e-4), value[
                "name"
            ]


def test_a_law_that_does_not_give_the_numbers_is_not_claimed():
    @keras.saving.register_keras_serializable(package="test_viz_record")
    class Add(keras.layers.Layer):
        def call(self, parts):
            return parts[0] + 2 * parts[1]

    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = Add(name="n")([x, h])
    payload = record(RecurrentModel(x, n, h, n), normal(1, 4, 3))
    assert law(payload, "n")["law"] == "unknown"


def test_a_gate_is_what_a_sigmoid_or_softmax_gave():
    payload = record(layer(), normal(1, 4, 3))
    assert {v["name"] for v in payload["values"] if v["gate"]} == {"input_gate", "forget_gate", "output_gate"}


def test_an_embedding_is_a_row_of_its_table():
    x, i = keras.Input((3,), name="x"), keras.Input((), dtype="int32", name="i")
    y = keras.layers.Dense(5)(x + keras.layers.Embedding(5, 3, name="embedding")(i))
    payload = record(RecurrentModel(x, y, readout_input=i, return_sequences=True), normal(1, 4, 3))
    assert law(payload, "embedding")["law"] == "lookup"


def form(payload, name):
    found = law(payload, name)
    read = [f"<{payload['values'][part['v']]['name']}>" for part in found["of"]]
    pieces = [{"weight": piece} if isinstance(piece, str) else piece for piece in found["form"]]
    return "".join(read[piece["of"]] if "of" in piece else piece["weight"] for piece in pieces)


def test_what_fits_no_law_is_written_as_in_the_equations_of_the_step():
    rnn, x, options = MODELS["images"]()
    payload = record(rnn, x, **options)
    assert form(payload, "from_image") == "conv(W, <x>) + b"
    assert form(payload, "from_state") == "conv(W, <h>) + b"
    text = str(viz.equations(rnn))
    assert "from_image_t = conv(W_from_image, x_t) + b_from_image" in text

    rnn, x, options = MODELS["attention"]()
    payload = record(rnn, x, **options)
    assert form(payload, "context") == "<attention> <memory>"
    assert "context_t = alpha_t memory" in str(viz.equations(rnn))


def test_a_run_over_a_time_of_its_own_that_is_too_long_to_open_is_a_function():
    x, h = keras.Input((12, 5), name="x"), keras.Input((6,), name="h_tm1")
    inner = LSTMCell(6, input_dim=5, name="inner").get_layer(name="reader")
    n = inner(x) + h
    payload = record(RecurrentModel(x, n, h, n, return_sequences=True), normal(1, 4, 12, 5))
    assert form(payload, "reader") == "run_reader(<x>)"


def test_a_product_of_a_whole_sequence_is_written_with_its_matrix():
    memory, h = keras.Input((4, 3), name="memory"), keras.Input((5,), name="h_tm1")
    keys = keras.layers.Dense(5, name="keys")(memory)
    n = h + keras.ops.max(keras.layers.Dense(5, "tanh", use_bias=False, name="seen")(keys), 1)
    rnn = RecurrentModel(memory, n, h, n, decode=True, output_length=3, return_sequences=True)
    payload = record(rnn, normal(1, 4, 3))
    assert form(payload, "keys") == "W <memory> + b"
    assert form(payload, "seen") == "tanh(W <keys>)"


def test_a_layer_of_which_no_expression_is_known_has_no_form():
    class Odd(keras.layers.Layer):
        def call(self, x):
            return keras.ops.fft((x, x))[0]

    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    n = Odd(name="n")(x) + h
    assert "form" not in law(record(RecurrentModel(x, n, h, n), normal(1, 4, 4)), "n")
