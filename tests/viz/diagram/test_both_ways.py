"""`keras.layers.Bidirectional`: both directions in one picture; elsewhere one clear error."""

import keras
import numpy as np
import pytest
from keras import layers

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from tests.support.drawings import overlapping, run_through
from tests.support.models import MODELS

X = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")


def wrapped(*cells, merge_mode="concat", return_sequences=True, **options):
    rnn = RecurrentSequential(return_sequences=return_sequences)
    for cell in cells or (LSTMCell(3),):
        rnn.add(cell)
    layer = layers.Bidirectional(rnn, merge_mode=merge_mode, **options)
    layer(X)
    return layer


def outputs_of(scene):
    return [box.id for box in scene.boxes if box.role == "output"]


def touched(layer, steps=4):
    """`[s][t]`: whether output `t` changes with input `s`, in numbers."""
    base = np.asarray(layer(X[:, :steps]))
    found = []
    for s in range(steps):
        x = X[:, :steps].copy()
        x[:, s] += 1.0
        found.append(np.abs(np.asarray(layer(x)) - base).reshape(-1, base.shape[-1]).max(-1) > 1e-6)
    return np.array(found)


def test_inputs_reach_outputs_in_the_picture_where_they_do_in_the_numbers():
    layer = wrapped()
    scene = viz.draw_unrolled(layer, steps=4).scene
    drawn = [[out in scene.reached_from([f"c{s}_in"]) for out in outputs_of(scene)] for s in range(4)]
    assert (np.array(drawn) == touched(layer)).all() and np.all(drawn)


def test_each_direction_alone_sees_the_past_or_the_future():
    scene = viz.draw_unrolled(wrapped(merge_mode=None), steps=3).scene
    for s in range(3):
        reached = scene.reached_from([f"c{s}_in"])
        for t in range(3):
            assert (f"c{t}_out0" in reached) == (s <= t)
            assert (f"c{t}_out1" in reached) == (s >= t)


def test_forward_states_go_to_the_right_and_backward_states_to_the_left():
    scene = viz.draw_unrolled(wrapped(), steps=4).scene
    order = {"forward": ["0", "1", "2", "3"], "backward": ["3", "2", "1", "0"]}
    columns = {box.id: box.column for box in scene.boxes}
    for number in range(4):
        edges = [edge for edge in scene.edges if edge.state == number]
        times = order["forward" if number < 2 else "backward"]
        assert [(columns[e.source], columns[e.target]) for e in edges] == list(
            zip([None, *times], [*times, None], strict=True)
        )
        for edge in edges:
            assert (edge.route[-1][0] > edge.route[0][0]) == (number < 2)


@pytest.mark.parametrize("mode, sign", [("concat", "concat"), ("sum", "+"), ("mul", "×"), ("ave", "avg")])
def test_the_way_of_merging_is_written(mode, sign):
    scene = viz.draw_unrolled(wrapped(merge_mode=mode), steps=2).scene
    assert [box.label.title for box in scene.boxes if box.role == "operation"] == [sign, sign]


def test_where_the_last_output_is_returned_each_direction_gives_its_own_last_one():
    layer = wrapped(return_sequences=False)
    assert touched(layer).shape == (4, 1) and touched(layer).all()
    scene = viz.draw_unrolled(layer, steps=4).scene
    (merge,) = [box for box in scene.boxes if box.role == "operation"]
    assert [e.source for e in scene.edges if e.target == merge.id] == ["c3_forward", "c0_backward"]
    assert outputs_of(scene) == ["c3_out0"]
    assert scene.notes == ["Each direction returns the output of its last timestep."]


def test_the_boxes_say_what_the_layers_are_made_of():
    text = viz.draw_unrolled(wrapped(GRUCell(4), layers.Dense(2)), steps=2).text
    assert "forward (cell, GRUCell 4, Dense 2) <- x_0, first h" in text
    assert "backward (cell, GRUCell 4, Dense 2) <- x_0, h_1 of backward at t = 1" in text
    cell = layers.Bidirectional(LSTMCell(4, input_dim=5).get_layer(return_sequences=True), name="both")
    cell(X)
    figure = viz.draw_unrolled(cell)
    assert figure.alt.startswith("both unrolled over 4 timesteps")
    assert "forward (cell, LSTMCell) <- x_0" in figure.text


def test_two_layers_of_different_kinds_are_drawn():
    forward = LSTMCell(3, input_dim=5).get_layer(return_sequences=True)
    backward = GRUCell(3, input_dim=5).get_layer(return_sequences=True, go_backwards=True)
    layer = layers.Bidirectional(forward, backward_layer=backward)
    layer(X)
    text = viz.draw_unrolled(layer, steps=2).text
    assert "forward (cell, LSTMCell)" in text and "backward (cell, GRUCell)" in text


OPTIONS = [{}, {"steps": 1}, {"steps": 200}, {"steps": 50, "focus": (20, 23)}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_no_box_lies_on_another_and_no_arrow_runs_through_one(options, merge_mode, return_sequences):
    layer = wrapped(merge_mode=merge_mode, return_sequences=return_sequences)
    figure = viz.draw_unrolled(layer, **options)
    assert figure.svg.startswith("<svg") and figure.scene.placed
    assert overlapping(figure.scene) == [] and run_through(figure.scene) == []


def test_the_picture_does_not_grow_with_time():
    layer = wrapped()
    few, many = (viz.draw_unrolled(layer, steps=steps) for steps in (50, 5000))
    assert len(few.scene.boxes) == len(many.scene.boxes) and abs(len(few.svg) - len(many.svg)) < 10


def test_the_bidirectional_model_of_the_engine_is_drawn():
    (layer,) = [one for one in MODELS["bidirectional"]().layers if isinstance(one, layers.Bidirectional)]
    assert viz.draw_unrolled(layer).svg
    assert repr(viz.draw_unrolled(layer.forward_layer)).startswith("Figure('RecurrentSequential unrolled")


ONE_LAYER = {
    "draw_step": viz.draw_step,
    "inspect": lambda layer: viz.inspect(layer, X),
    "edit": lambda layer: viz.edit(layer, X),
    "intervene": lambda layer: viz.intervene(layer, X, at=1),
    "gradient_flow": lambda layer: viz.gradient_flow(layer, X),
    "input_influence": lambda layer: viz.input_influence(layer, X),
    "eigenvalues": viz.eigenvalues,
}


@pytest.mark.parametrize("name", ONE_LAYER)
def test_what_needs_one_layer_says_which_to_give(name):
    words = r"Received: <Bidirectional name=.*Fix: give layer.forward_layer or layer.backward_layer"
    with pytest.raises(ValueError, match=words):
        ONE_LAYER[name](wrapped())


@pytest.mark.parametrize(
    "option", [{"rolled": True}, {"fold": False}, {"fold": 1}, {"mask": [1, 1, 1, 0]}, {"training": True}]
)
def test_an_option_that_is_not_drawn_is_one_clear_error(option):
    (name,) = option
    with pytest.raises(
        ValueError, match=f"drawn without `{name}`. Received: {name}=.*Fix: viz.draw_unrolled"
    ):
        viz.draw_unrolled(wrapped(), **option)


def test_a_layer_with_more_than_a_sequence_is_one_clear_error():
    a, b, h = keras.Input((5,), name="a"), keras.Input((5,), name="b"), keras.Input((5,), name="h")
    n = a + b + h
    rnn = RecurrentModel([a, b], n, h, n, return_sequences=True)
    layer = layers.Bidirectional(rnn)
    with pytest.raises(
        ValueError, match="Received: 'bidirectional.*': inputs a, b. .*Fix: viz.draw_unrolled"
    ):
        viz.draw_unrolled(layer)


def test_a_bidirectional_of_another_library_cannot_be_drawn():
    layer = layers.Bidirectional(layers.LSTM(3))
    layer(X)
    with pytest.raises(TypeError, match="Only recurrent layers and cells of rshop can be drawn"):
        viz.draw_unrolled(layer)
