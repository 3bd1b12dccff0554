"""`draw_step`: every layer and operation once, true to the step's own graph."""

import random
import re
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
from keras import layers, ops

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell, basic_cells
from tests.support.drawings import DRAWN, points_on, stack
from tests.support.goldens import assert_golden
from tests.support.laid_out import LaidOut, arrows_over_boxes, crossings, laid_out
from tests.support.models import MODELS
from tests.support.steps_at_random import random_rnn
from viz.model.folding import opener


def recurrent_layers(model):
    """The layers of this project in a Keras model, those inside `Bidirectional` too."""
    for layer in model.layers:
        inner = [layer, getattr(layer, "forward_layer", None), getattr(layer, "backward_layer", None)]
        yield from (one for one in inner if hasattr(type(one), "description"))


def inside(scene):
    return [box for box in scene.boxes if not box.id.startswith(("in", "out", "next"))]


@pytest.mark.parametrize("name", DRAWN)
def test_the_dot_text_of_a_step_is_as_it_was(name):
    assert_golden(f"{name}_step", viz.draw_step(DRAWN[name]()).dot)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_engine_can_be_drawn(name):
    for rnn in recurrent_layers(MODELS[name]()):
        for fold in (False, True):
            figure = viz.draw_step(rnn, fold=fold)
            assert figure.svg.startswith("<svg")
            ends = rnn.description
            count = len(ends.model.inputs) + len(ends.model.outputs)
            assert len(figure.scene.boxes) - len(inside(figure.scene)) == count


@pytest.mark.parametrize("seed", range(12))
def test_the_boxes_are_the_values_of_the_trace(seed):
    rnn = random_rnn(seed)[0]
    step = rnn.description
    drawn = [value for box in inside(viz.draw_step(rnn).scene) for value in box.values]
    opened = {name for name, _ in step.graph.named() if any(other.startswith(f"{name}/") for other in drawn)}
    several = {name.split("[")[0] for name, _ in step.graph.named()}
    named = [name for name, _ in step.graph.named()]
    frames = {name for name in named if any(n.startswith(name.split("[")[0] + "/") for n in named)}
    assert sorted(drawn) == sorted(set(named) - frames)
    assert opened <= several


@pytest.mark.parametrize("seed", range(12))
def test_a_path_leads_to_an_end_exactly_where_the_graph_says_so(seed):
    rnn = random_rnn(seed)[0]
    step = rnn.description
    scene = viz.draw_step(rnn).scene
    reach = step.graph.reach()
    count = len(keras.tree.flatten(step.outputs))
    for i in range(len(step.graph.inputs)):
        reached = scene.reached_from([f"in{i}"])
        for k, tensor in enumerate(step.graph.outputs):
            end = f"out{k}" if k < count else f"next{k - count}"
            assert (end in reached) == (i in reach[tensor])


#: The most arrows that cross in a cell as it is drawn by hand.
BY_HAND = {
    SimpleRNNCell: 0,
    LSTMCell: 0,
    GRUCell: 2,
    basic_cells.SimpleRNNCell: 0,
    basic_cells.GRUCell: 2,
    # Each of four boxes reads x and h.
    basic_cells.LSTMCell: 6,
}


@pytest.mark.parametrize("cell", BY_HAND, ids=lambda cell: f"{cell.__module__}.{cell.__name__}")
def test_a_cell_has_as_few_crossings_as_a_drawing_by_hand(cell):
    picture = laid_out(viz.draw_step(cell(4, input_dim=3)))
    assert len(picture.arrows) > 3
    assert len(crossings(picture)) <= BY_HAND[cell]


def test_crossings_are_counted():
    def straight(*points):
        return np.linspace(*np.array(points, float), 19)

    boxes = dict(zip("abcd", [(0, 0, 0, 0), (9, 9, 9, 9), (0, 9, 0, 9), (9, 0, 9, 0)], strict=True))
    cross = [("a", "b", straight((0, 0), (9, 9))), ("c", "d", straight((0, 9), (9, 0)))]
    aside = [("a", "c", straight((0, 0), (0, 9))), ("b", "d", straight((9, 9), (9, 0)))]
    assert crossings(LaidOut(boxes, cross)) == [(("a", "b"), ("c", "d"))]
    assert crossings(LaidOut(boxes, aside)) == []
    assert arrows_over_boxes(LaidOut({**boxes, "e": (4, 4, 5, 5)}, cross)) == [
        ("a", "b", "e"),
        ("c", "d", "e"),
    ]


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("expand", [False, True])
def test_no_arrow_runs_through_a_box(name, expand):
    assert arrows_over_boxes(laid_out(viz.draw_step(DRAWN[name](), expand=expand))) == []


@pytest.mark.parametrize("cell", [LSTMCell(4, input_dim=3), basic_cells.LSTMCell(4, input_dim=3)], ids=repr)
def test_c_runs_straight_through_an_lstm(cell):
    figure = viz.draw_step(cell)
    line = [box for box in figure.scene.boxes if box.line]
    assert [box.label.name for box in line] == ["c_t-1", "×", "+", "c_t"]
    left, _, right, _ = np.array([laid_out(figure).boxes[box.id] for box in line]).T
    assert np.ptp((left + right) / 2) < 1


def test_an_affine_box_is_written_as_a_formula_and_its_gates_as_signs():
    text = viz.draw_step(DRAWN["lstm"]()).text.splitlines()
    made_of = "kernel Product 40, recurrent_kernel Product 40, +, Bias 10, split"
    assert f"W x_t + U h_t-1 + b (layer, {made_of}, 4 × (10)) <- x_t, h_t-1" in text
    assert {box.label.title for box in inside(viz.draw_step(DRAWN["lstm"]()).scene)} == {
        "W x_t + U h_t-1 + b", "σ", "tanh", "×", "+",
    }  # fmt: skip


def formulas(rnn, **options):
    return {box.label.name for box in inside(viz.draw_step(rnn, **options).scene) if box.label.formula}


def test_each_box_has_the_letters_of_its_gate():
    assert formulas(basic_cells.GRUCell(4, input_dim=3)) == {
        "W_z x_t + U_z h_t-1 + b_z",
        "W_r x_t + U_r h_t-1 + b_r",
        "W_n x_t + U_n (r × h_t-1) + b_n",
    }
    assert formulas(LSTMCell(4, input_dim=3, use_bias=False)) == {"W x_t + U h_t-1"}
    assert formulas(LSTMCell(4, input_dim=3, dropout=0.2)) == {"W x_t + U h_t-1 + b"}


def test_names_of_the_user_stay_in_a_formula():
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    n = ops.tanh(layers.Dense(4, name="seen")(x) + layers.Dense(4, name="R", use_bias=False)(h))
    assert formulas(RecurrentModel(x, n, h, n)) == {"seen(x_t) + R h_t-1"}


def test_what_something_else_reads_stays_a_box_of_its_own():
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    seen = layers.Dense(4)(x)
    n = ops.tanh(seen + layers.Dense(4, use_bias=False)(h))
    scene = viz.draw_step(RecurrentModel(x, n + seen, h, n)).scene
    assert [box.label.title for box in inside(scene)].count("+") == 2
    assert not [box for box in scene.boxes if box.label.formula]


def test_states_of_a_stack_bear_the_number_of_their_cell():
    for draw in (viz.draw_step, viz.draw_unrolled):
        for name in DRAWN:
            boxes = [box for box in draw(DRAWN[name]()).scene.boxes if box.role == "state"]
            named = [(box.column, box.label.name) for box in boxes if box.label.name]
            assert len(set(named)) == len(named)
    text = viz.draw_step(DRAWN["forced_stack"]()).text
    assert all(f"{state}_t-1 (state, 5)" in text for state in ("h¹", "c¹", "h²", "c²"))


def test_names_kinds_and_shapes_are_written():
    text = viz.draw_step(DRAWN["lstm"](), expand=True).text
    assert "forget_gate (gate, sigmoid, 10) <- split" in text
    assert "recurrent_kernel (layer, Product 40, 40) <- h_t-1" in text
    assert "x_t (input, 5)" in text and "c_t-1 (state, 10)" in text
    assert "h_t (state, 10) <- h" in text and "y_t (output, 10) <- h" in text


def test_operations_are_written_as_signs_with_their_numbers():
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    n = ops.tanh(0.5 * x + (1.0 - h)) * h - ops.maximum(x / 2.0, 0.0)
    kinds = {box.label.title for box in inside(viz.draw_step(RecurrentModel(x, n, h, n)).scene)}
    assert kinds == {"× 0.5", "1 −", "+", "tanh", "×", "−", "÷ 2", "max 0"}


def test_no_running_number_of_keras_is_shown():
    for _ in range(3):
        rnn = DRAWN["two_speeds"]()
    titles = [box.label.title for box in viz.draw_step(rnn).scene.boxes]
    assert not [title for title in titles if "_1" in title or "_2" in title or "multiply" in title]


def test_a_shared_layer_is_drawn_at_each_of_its_uses():
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    dense = layers.Dense(3, name="shared")
    n = dense(x) + dense(h)
    boxes = inside(viz.draw_step(RecurrentModel(x, n, h, n), expand=True).scene)
    assert [box.values for box in boxes if box.label.title == "shared"] == [("shared",), ("shared#2",)]


def test_a_readout_is_dashed_and_says_what_it_reads():
    figure = viz.draw_step(DRAWN["decoder"]())
    readout = next(box for box in figure.scene.boxes if box.role == "readout")
    assert (readout.label.name, readout.label.detail) == ("y_t-1", "as word")
    lines = [line for line in figure.dot.splitlines() if line.startswith(f"\t{readout.id} ")]
    assert len(lines) == 2 and all("dashed" in line for line in lines)


def test_a_greedy_readout_says_argmax():
    x, i = keras.Input((3,)), keras.Input((), dtype="int32", name="i")
    rnn = RecurrentModel(x, layers.Dense(5)(x + layers.Embedding(5, 3)(i)), readout_input=i)
    assert "y_t-1 (readout, argmax, as i, scalar int32)" in viz.draw_step(rnn).text


def test_constants_and_the_fixed_input_of_a_decoder_have_no_time():
    text = viz.draw_step(DRAWN["decoder"]()).text
    assert "sentence (input, 3)" in text and "memory (constant, 7 × 4)" in text


def test_nested_models_are_frames_within_frames():
    groups = viz.draw_step(DRAWN["nested"]()).scene.groups
    assert [(g.label.title, g.parent) for g in groups] == [
        ("nested model", None),
        ("GRUCell 4", "g0"),
        ("GRUCell 4", "g0"),
        ("LSTMCell 3", None),
    ]


def inner_stack():
    inner = RecurrentSequential(name="inner")
    inner.add(rshop.SimpleRNNCell(4, name="low"))
    inner.add(rshop.SimpleRNNCell(4, name="high"))
    return stack(inner.get_cell(name="inner"), rshop.SimpleRNNCell(3, name="top"), features=5)


def svg_parts(svg, kind):
    """The parts of this class of an SVG picture."""
    return [g for g in ElementTree.fromstring(svg).iter() if g.get("class") == kind]


def numbers_in(part, tag, key):
    """The points `(x, y)` in this attribute of the elements with this tag within a part."""
    for element in part.iter():
        if element.tag.endswith(tag):
            numbers = list(map(float, re.findall(r"-?[\d.]+", element.get(key))))
            yield list(zip(numbers[::2], numbers[1::2], strict=True))


def title_rooms(svg):
    """Text, and left, top, right and bottom of the lines in each frame."""
    for frame in svg_parts(svg, "cluster"):
        for line in (element for element in frame.iter() if element.tag.endswith("text")):
            x, y, size = (float(line.get(key)) for key in ("x", "y", "font-size"))
            yield line.text, (x, y - 0.8 * size, x + float(line.get("textLength")), y + 0.2 * size)


def within(points, room):
    left, top, right, bottom = room
    return [(x, y) for x, y in points if left < x < right and top < y < bottom]


FRAMED = {name: DRAWN[name] for name in ("nested", "synced_stack", "forced_stack")} | {"inner": inner_stack}


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize("draw", [viz.draw_step, viz.draw_unrolled])
def test_no_box_and_no_arrow_lies_on_the_title_of_a_frame(draw, name):
    rnn = FRAMED[name]()
    options = [{"fold": ["low", "high", "top"]}, {}] if name == "inner" and draw is viz.draw_step else [{}]
    for figure in [draw(rnn, **option) for option in options]:
        rooms = list(title_rooms(figure.svg))
        assert len(rooms) == len(figure.scene.groups)
        curves = [route for g in svg_parts(figure.svg, "edge") for route in numbers_in(g, "path", "d")]
        boxes = [route for g in svg_parts(figure.svg, "node") for route in numbers_in(g, "path", "d")]
        for _, room in rooms:
            for curve in curves:
                assert within(points_on(curve, 60), room) == []
            for corners in boxes:
                xs, ys = zip(*corners, strict=True)
                beside = room[2] < min(xs) or max(xs) < room[0]
                assert beside or room[3] < min(ys) or max(ys) < room[1]


@pytest.mark.parametrize("draw", [viz.draw_step, viz.draw_unrolled])
def test_a_frame_has_its_title_alone_and_the_words_say_that_it_is_a_nested_model(draw):
    figure = draw(inner_stack())
    assert "inner" in [text for text, _ in title_rooms(figure.svg)]
    assert ">nested model<" not in figure.svg and "[inner: nested model]" in figure.text


@pytest.mark.parametrize(
    ("fold", "frames"),
    [
        (False, ["nested model", "GRUCell 4", "GRUCell 4", "LSTMCell 3"]),
        (True, []),
        (0, []),
        (1, ["nested model", "LSTMCell 3"]),
        (2, ["nested model", "GRUCell 4", "GRUCell 4", "LSTMCell 3"]),
        ("GRUCell 4", ["nested model", "LSTMCell 3"]),
        (["GRUCell 4", "LSTMCell 3"], ["nested model"]),
    ],
)
def test_fold_closes_models_by_all_none_depth_or_name(fold, frames):
    scene = viz.draw_step(DRAWN["nested"](), fold=fold).scene
    assert [group.label.title for group in scene.groups] == frames


def test_a_folded_model_keeps_the_name_of_the_user():
    rnn = RecurrentSequential()
    rnn.add(LSTMCell(3, name="encoder", input_dim=2))
    rnn.describe()
    assert "encoder (cell, LSTMCell 3" in viz.draw_step(rnn, fold="encoder").text


@pytest.mark.parametrize(
    ("fold", "error"), [("decoder", ValueError), (-1, TypeError), (1.5, TypeError), (None, TypeError)]
)
def test_a_fold_that_names_nothing_is_an_error_that_names_what_there_is(fold, error):
    with pytest.raises(error, match=f"Received: fold={fold!r}.*GRUCell 4"):
        viz.draw_step(DRAWN["nested"](), fold=fold)


def test_the_opener_asks_for_names_that_there_are():
    graph = stack(GRUCell(2), features=2).description.graph
    node = next(node for node in graph.nodes if node.inner is not None)
    assert opener(False, graph)(node, 0) and not opener(node.name, graph)(node, 0)


def test_a_built_cell_can_be_drawn_as_it_is():
    cell, layer = LSTMCell(4, input_dim=3), LSTMCell(4, input_dim=3).get_layer()
    assert viz.draw_step(cell).dot == viz.draw_step(layer).dot


@pytest.mark.parametrize("draw", [viz.draw_step, viz.draw_unrolled])
def test_a_model_that_was_never_called_says_so(draw):
    rnn = RecurrentSequential()
    rnn.add(rshop.LSTMCell(3))
    with pytest.raises(ValueError, match="does not know the shape of its input yet.*Fix: call the layer"):
        draw(rnn)
    rnn(np.zeros((1, 2, 5), "float32"))
    assert draw(rnn).svg


@pytest.mark.parametrize("draw", [viz.draw_step, viz.draw_unrolled])
@pytest.mark.parametrize("what", [None, "lstm", layers.LSTM(3), keras.Sequential()])
def test_only_recurrent_layers_of_this_project_are_drawn(draw, what):
    with pytest.raises(TypeError, match="Only recurrent layers and cells of rshop can be drawn. Received: "):
        draw(what)


@pytest.mark.parametrize("value", ["yes", 1, None])
@pytest.mark.parametrize("option", ["schedule", "expand"])
def test_the_schedule_and_the_single_operations_are_on_or_off(option, value):
    with pytest.raises(TypeError, match=f"`{option}` is on or off. Received: {option}="):
        viz.draw_step(DRAWN["lstm"](), **{option: value})


@pytest.mark.parametrize("fold", [False, True, 1, "mine"])
@pytest.mark.parametrize("expand", [False, True])
def test_cells_of_keras_are_drawn_as_ours_are(fold, expand):
    def drawn(room):
        rnn = RecurrentSequential(name="pair")
        rnn.add(room.LSTMCell(4, name="mine"))
        rnn.add(room.GRUCell(3, name="other"))
        rnn(np.zeros((1, 2, 5), "float32"))
        return [
            viz.draw_step(rnn, fold=fold, expand=expand),
            viz.draw_unrolled(rnn, fold=fold, expand=expand),
        ]

    for theirs, ours in zip(drawn(keras.layers), drawn(rshop), strict=True):
        assert (theirs.dot, theirs.text) == (ours.dot, ours.text)


def test_a_schedule_has_keras_cells_as_they_run():
    rnn = RecurrentSequential()
    rnn.add(keras.layers.LSTMCell(4, name="mine"))
    rnn(np.zeros((1, 2, 5), "float32"))
    assert [box.label.title for box in inside(viz.draw_step(rnn, schedule=True).scene)] == ["mine"]


@pytest.mark.parametrize("name", DRAWN)
def test_every_arrow_of_a_step_leads_up(name):
    picture = laid_out(viz.draw_step(DRAWN[name]()))
    for source, target, _ in picture.arrows:
        assert sum(picture.boxes[source][1::2]) <= sum(picture.boxes[target][1::2]) + 1, (source, target)


def test_a_drawing_draws_no_random_number():
    rnn = RecurrentSequential()
    rnn.add(keras.layers.LSTMCell(4, dropout=0.5, name="mine"))
    rnn(np.zeros((1, 2, 5), "float32"))
    state = random.getstate()
    viz.draw_step(rnn)
    viz.draw_unrolled(rnn, fold=False)
    assert random.getstate() == state


def test_a_cell_of_keras_is_closed_by_name_in_a_schedule_too():
    rnn = RecurrentSequential()
    rnn.add(keras.layers.LSTMCell(4, name="mine"))
    rnn(np.zeros((1, 2, 5), "float32"))
    drawn = [viz.draw_step(rnn, fold=fold, schedule=True).dot for fold in ("mine", False)]
    assert drawn[0] == drawn[1]
