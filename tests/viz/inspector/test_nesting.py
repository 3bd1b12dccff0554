"""The diagrams of real models with their boxes open: nothing overlaps, and every arrow ends at its boxes."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from tests.support.drawings import DRAWN
from tests.support.node import NEEDS_NODE, node
from tests.support.payloads import normal, record

CHECK = Path(__file__).resolve().parents[2] / "support" / "nesting.mjs"


def stack(*cells, **options):
    rnn = RecurrentSequential(return_sequences=True, **options)
    for cell in cells:
        rnn.add(cell)
    return rnn


def deep():
    inner = stack(GRUCell(4), LSTMCell(4)).get_cell()
    return stack(keras.layers.Dense(4), stack(inner, GRUCell(3)).get_cell(), LSTMCell(3)), normal(1, 3, 5)


def box_of(view, role, *, after=False):
    return [box["name"] for box in view["boxes"] if box["role"] == role and box["after"] == after]


@NEEDS_NODE
@pytest.mark.parametrize("name", ["lstm", "two_speeds", "sampled_stack", "synced_stack", "nested", "deep"])
def test_opened_to_any_depth_nothing_overlaps_and_every_arrow_ends_at_its_boxes(name, tmp_path):
    rnn, x = deep() if name == "deep" else (DRAWN[name](), None)
    x = np.ones((1, 3, *rnn.description.inputs.shape[1:])) if x is None else x
    path = tmp_path / "views.json"
    path.write_text(json.dumps(record(rnn, x)["views"]))
    done = node(CHECK, path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["wrong"] == [] and said["tried"] >= 2
    assert said["depth"] >= {"deep": 4, "nested": 3, "sampled_stack": 2, "two_speeds": 0}.get(name, 1)


def test_an_opened_lstm_shows_gates_c_and_h_and_its_states_before_and_after():
    payload = record(stack(LSTMCell(3), LSTMCell(3)), normal(1, 2, 4))
    step = payload["views"][0]
    for cell, reads in (("lstm 1", "x"), ("lstm 2", "lstm 1")):
        box = next(box for box in step["boxes"] if box["name"] == cell)
        view = payload["views"][box["inside"]]
        assert (view["title"], view["kind"]) == (cell, "LSTMCell 3")
        assert box_of(view, "input") == [reads]
        assert box_of(view, "state") == box_of(view, "state", after=True) == ["h", "c"]
        assert box_of(view, "output") == ["output"]
        assert {"input gate", "forget gate", "output gate", "candidate", "c", "h"} <= set(
            box_of(view, "layer")
        )


def test_the_states_in_an_opened_cell_are_those_of_the_step():
    payload = record(stack(LSTMCell(3), LSTMCell(3)), normal(1, 2, 4))
    after = {(v["said"], v["role"]): v["next"] for v in payload["values"]}
    view = payload["views"][2]
    for box in view["boxes"]:
        if box["role"] == "state":
            (place,) = box["values"]
            state = f"lstm 2/{box['name']}"
            said = payload["values"][place]["said"]
            assert place == after[state, "state"] if box["after"] else said == state


def test_an_affine_box_holds_products_sums_and_biases_that_nothing_else_reads():
    payload = record(LSTMCell(3, input_dim=4).get_layer(), normal(1, 2, 4))
    box = next(box for box in payload["views"][0]["boxes"] if box["name"] == "W x + U h + b")
    view = payload["views"][box["inside"]]
    assert [b["name"] for b in view["boxes"] if b["role"] in ("layer", "operation")] == [
        "kernel",
        "recurrent_kernel",
        "+",
        "Bias 3",
        "split",
    ]
    gates = ["input gate", "forget gate", "candidate", "output gate"]
    assert box_of(view, "output") == gates
    assert view["ends"] == 4


def test_what_something_else_reads_stays_a_box_of_its_own():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    product = keras.layers.Dense(3, name="W")(x)
    n = keras.ops.tanh(product + keras.layers.Dense(3, name="U")(h))
    payload = record(RecurrentModel(x, n + product, h, n), normal(1, 2, 3))
    assert {"W", "U", "+"} <= {box["name"] for box in payload["views"][0]["boxes"]}
    assert len(payload["views"]) == 1


def test_each_edge_says_which_output_is_read_as_which_input():
    step = record(stack(LSTMCell(3), LSTMCell(3)), normal(1, 2, 4))["views"][0]
    at = {(box["name"], box["role"], box["after"]): i for i, box in enumerate(step["boxes"])}
    first, second = at["lstm 1", "cell", False], at["lstm 2", "cell", False]
    ports = {(edge["from"], edge["to"]): edge["ports"] for edge in step["edges"]}
    assert ports[first, second] == [[0, 0]]
    assert ports[at["lstm 2/c", "state", False], second] == [[0, 2]]
    assert ports[second, at["lstm 2/c", "state", True]] == [[2, 0]]
