"""`draw_unrolled`: true about what depends on what, aligned, and no larger for more timesteps."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel
from rshop.attention import AdditiveAttention
from rshop.backend import gradients
from rshop.cells import AttentionCell
from tests.support.drawings import DRAWN, overlapping, run_through, stack, strangers
from tests.support.goldens import assert_golden
from tests.support.models import MODELS
from tests.support.steps_at_random import SIZE, random_rnn
from tests.viz.diagram.test_step import recurrent_layers
from viz.diagram.over_time.shown_timesteps import shown, written

T = 4


def scene_of(name, **options):
    return viz.draw_unrolled(DRAWN[name](), **options).scene


def titles(scene, column):
    return [box.label.title for box in scene.boxes if box.column == column and box.role != "time"]


# Goldens


@pytest.mark.parametrize("name", DRAWN)
def test_the_dot_text_of_an_unrolled_drawing_is_as_it_was(name):
    assert_golden(f"{name}_unrolled", viz.draw_unrolled(DRAWN[name](), steps=3).dot)


@pytest.mark.parametrize("name", ["lstm", "decoder", "forced_stack", "several"])
def test_the_dot_text_of_a_long_drawing_is_as_it_was(name):
    assert_golden(f"{name}_long", viz.draw_unrolled(DRAWN[name](), steps=50).dot)


@pytest.mark.parametrize("name", ["lstm", "decoder", "sampled_stack"])
def test_the_dot_text_of_a_rolled_drawing_is_as_it_was(name):
    assert_golden(f"{name}_rolled", viz.draw_unrolled(DRAWN[name](), rolled=True).dot)


# True: a path where there is a gradient, and only there


def dependence(graph, seed, **call):
    """`[output, t, input, s]`: whether the gradient of output t by input s is other than zero."""
    rnn, inputs, outputs, constants, readouts = graph
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.normal(size=(1, *shape)).astype("float32")

    points = [ops.convert_to_tensor(draw(SIZE)) for _ in range(inputs * T)]
    weights = rng.normal(size=SIZE).astype("float32")
    # States of zero would hide what they are multiplied with.
    if rnn.num_states:
        call["initial_state"] = [draw(SIZE) for _ in range(rnn.num_states)]
    if readouts:
        call["initial_readout"] = draw(SIZE)
    if constants:
        call["constants"] = [draw(SIZE)] * constants

    def scalars(points):
        x = [ops.stack(points[i * T : (i + 1) * T], axis=1) for i in range(inputs)]
        return [ops.sum(y[:, t] * weights) for y in rnn(x, **call) for t in range(T)]

    sizes = [[np.abs(g).max() for g in row] for row in gradients(scalars, points)]
    return np.reshape(sizes, (outputs, T, inputs, T)) > 0


def paths(figure, inputs, outputs):
    """`[output, t, input, s]`: whether the drawing leads from input s to output t."""
    found = np.zeros((outputs, T, inputs, T), bool)
    for i in range(inputs):
        for s in range(T):
            reached = figure.scene.reached_from([f"c{s}_in{i}"])
            for o in range(outputs):
                found[o, :, i, s] = [f"c{t}_out{o}" in reached for t in range(T)]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_path_leads_from_input_to_output_exactly_where_the_gradient_is_not_zero(seed):
    graph = random_rnn(seed, teacher_force=True)
    expected = dependence(graph, seed)
    for options in ({}, {"fold": False}, {"fold": False, "expand": True}):
        figure = viz.draw_unrolled(graph[0], steps=T, training=False, **options)
        np.testing.assert_array_equal(paths(figure, *graph[1:3]), expected)


@pytest.mark.parametrize("seed", range(0, 20, 3))
def test_under_a_mask_paths_and_gradients_agree_too(seed):
    graph = random_rnn(seed)
    mask = [True, False, True, True]
    expected = dependence(graph, seed, mask=np.array([mask]))
    figure = viz.draw_unrolled(graph[0], steps=T, mask=mask)
    np.testing.assert_array_equal(paths(figure, *graph[1:3]), expected)


@pytest.mark.parametrize("seed", [1, 4, 5, 7, 12])
def test_with_the_truth_in_place_of_the_readout_paths_and_gradients_agree_too(seed):
    graph = random_rnn(seed, teacher_force=True)
    truth = {"ground_truth": np.ones((1, T, SIZE), "float32")} if graph[4] else {}
    expected = dependence(graph, seed, training=True, **truth)
    np.testing.assert_array_equal(paths(viz.draw_unrolled(graph[0]), *graph[1:3]), expected)


def test_the_random_graphs_hold_what_they_are_for():
    graphs = [random_rnn(seed, teacher_force=True) for seed in range(20)]
    expected = [dependence(graph, seed) for seed, graph in enumerate(graphs)]
    past = [e[:, t, :, s].any() for e in expected for t in range(T) for s in range(t)]
    assert any(past) and not all(past)
    assert {graph[0].num_states for graph in graphs} == {0, 1, 2, 3}
    assert {graph[4] for graph in graphs} == {0, 1} == {graph[3] for graph in graphs}
    assert any(viz.draw_unrolled(graph[0], fold=False).scene.groups for graph in graphs)


# Opened: as one timestep is drawn


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("expand", [False, True])
def test_an_open_column_has_the_boxes_of_one_timestep(name, expand):
    """What is affine is one box, as often as in `draw_step`; the letters' times are the columns'."""
    rnn = DRAWN[name]()

    def inner(scene, column):
        roles = ("layer", "operation", "gate", "cell")
        found = [box for box in scene.boxes if box.role in roles and box.column == column]
        return sorted(re.sub(r"_t(-1)?\b", "", box.label.title) for box in found)

    step = viz.draw_step(rnn, expand=expand).scene
    unrolled = viz.draw_unrolled(rnn, steps=3, fold=False, expand=expand).scene
    assert inner(unrolled, "1") == inner(step, step.boxes[0].column) != []


@pytest.mark.parametrize("options", [{}, {"rolled": True}, {"fold": "auto"}])
def test_blocks_are_not_expanded(options):
    with pytest.raises(ValueError, match="fold=False, expand=True"):
        scene_of("lstm", expand=True, **options)


# States


def crossings(scene, state):
    """The columns between which a state is carried, from left to right."""
    edges = [edge for edge in scene.edges if edge.state == state]
    columns = {box.id: box.column for box in scene.boxes}
    return [(columns[edge.source], columns[edge.target]) for edge in edges]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("fold", ["auto", False])
def test_each_state_crosses_each_boundary_by_one_arrow(name, fold):
    for rnn in recurrent_layers(MODELS[name]()):
        scene = viz.draw_unrolled(rnn, steps=3, fold=fold).scene
        for k in range(rnn.num_states):
            assert crossings(scene, k) == [(None, "0"), ("0", "1"), ("1", "2"), ("2", None)]
        assert {edge.state for edge in scene.edges} - {None} == set(range(rnn.num_states))


def test_the_states_of_synced_cells_go_up_within_a_timestep_and_down_to_the_next():
    scene = scene_of("synced_stack", steps=2)
    lower, upper = [box.id for box in scene.boxes if box.role == "cell" and box.column == "0"]
    up = [e for e in scene.edges if (e.source, e.target, e.role) == (lower, upper, "state")]
    on = [e for e in scene.edges if e.state is not None and e.source == upper]
    assert len(up) == 2 == len(on)
    assert {edge.target for edge in on} == {lower.replace("c0", "c1")}


# Few boxes


def test_an_lstm_is_one_box_and_a_stack_is_one_a_cell():
    assert titles(scene_of("lstm"), "1") == ["x", "LSTMCell", "y"]
    assert titles(scene_of("forced_stack"), "1") == [
        "x",
        "y",
        "+",
        "LSTMCell 5",
        "LSTMCell 5",
        "y",
        "truth",
    ]
    assert titles(scene_of("simple_rnn"), "1") == ["x", "RecurrentModel", "y"]


def test_a_cell_whose_states_do_not_hear_of_each_other_stays_apart():
    x, a, b = keras.Input((3,)), keras.Input((3,), name="a"), keras.Input((3,), name="b")
    n, m = ops.tanh(x + a), 0.5 * b
    rnn = RecurrentModel(x, n + m, [a, b], [n, m])
    scene = viz.draw_unrolled(rnn, steps=2).scene
    assert "c0_out0" in scene.reached_from(["c0_in0"])
    assert len([box for box in scene.boxes if box.column == "0" and box.role not in ("input", "output")]) > 1
    first = {edge.state: edge.target for edge in scene.edges if edge.source.startswith("first")}
    assert "last_s1" not in scene.reached_from([first[0]])
    assert "last_s0" not in scene.reached_from([first[1]])


def test_nested_models_are_frames_in_every_column():
    scene = scene_of("nested", steps=3)
    assert [(group.label.title, group.column) for group in scene.groups] == [
        ("nested model", column) for column in "012"
    ]
    assert len([box for box in scene.boxes if box.group == "c1_g0"]) == 2


# What is read: readout, truth, constants, decoders, masks


def edges_between(scene, role, column):
    ids = {box.id: box for box in scene.boxes}
    return [
        (ids[e.source].label.name, ids[e.target].label.name)
        for e in scene.edges
        if e.role == role and ids[e.target].column == column and ids[e.source].column != column
    ]


def test_a_readout_is_a_dashed_arrow_from_the_output_to_the_next_column():
    figure = viz.draw_unrolled(DRAWN["decoder"](), steps=3)
    assert edges_between(figure.scene, "readout", "0") == []
    assert edges_between(figure.scene, "readout", "1") == [("y_0", "y_0")]
    assert edges_between(figure.scene, "readout", "2") == [("y_1", "y_1")]
    line = next(line for line in figure.dot.splitlines() if "c0_out0 -> c1_" in line)
    assert "style=dashed" in line


def test_the_truth_of_the_previous_timestep_enters_in_place_of_the_readout():
    rnn = DRAWN["forced_stack"]()
    scene = viz.draw_unrolled(rnn, steps=3).scene
    into = {e.target: scene.box(e.source).label.name for e in scene.edges if e.role == "truth"}
    assert into == {"c1_in5": "truth_0", "c2_in5": "truth_1"}
    assert edges_between(scene, "readout", "1") == []
    free = viz.draw_unrolled(rnn, steps=3, training=False).scene
    assert not [box for box in free.boxes if box.role == "truth"]
    assert edges_between(free, "readout", "1") == [("y_0", "y_0")]


def test_scheduled_sampling_shows_both_and_the_probability():
    scene = scene_of("sampled_stack", steps=2)
    assert edges_between(scene, "readout", "1") == [("y_0", "y_0")]
    assert [box.label.plain for box in scene.boxes if box.role == "truth"] == ["truth_0: with p = 0.5"]


def test_constants_and_the_input_of_a_decoder_are_one_box_with_an_arrow_to_each_column():
    scene = scene_of("decoder", steps=4)
    assert scene.box("bar").label.title == "sentence, memory"
    arrows = [(edge.role, scene.box(edge.target).column) for edge in scene.edges if edge.source == "bar"]
    assert arrows == [(role, column) for role in ("input", "constant") for column in "0123"]


def test_an_attention_is_called_so_and_its_memory_and_mask_run_through_nothing():
    rnn = AttentionCell(GRUCell(5), AdditiveAttention(4)).get_layer(return_sequences=True)
    rnn(np.ones((2, 4, 3)), constants=np.ones((2, 6, 8)), constants_mask=np.ones((2, 6), bool))
    for options in ({"steps": 3}, {"rolled": True}):
        scene = viz.draw_unrolled(rnn, **options).scene
        assert run_through(scene) == overlapping(scene) == []
        assert scene.box("bar").label.title == "memory, memory_mask"
        assert "attention" in {box.label.title for box in scene.boxes}


@pytest.mark.parametrize("options", [{"steps": 3}, {"steps": 50}, {"rolled": True}], ids=str)
def test_a_constant_that_nothing_reads_has_no_arrow(options):
    rnn = stack(GRUCell(4), readout="readout_only", decode=True, output_length=3, features=4)
    figure = viz.draw_unrolled(rnn, training=False, **options)
    bar = figure.scene.box("bar")
    assert (bar.label.title, bar.role) == ("x", "input")
    assert [edge for edge in figure.scene.edges if edge.source == bar.id] == []
    assert "x (input)" in figure.text.splitlines() and "·" not in figure.text


def test_a_block_of_several_names_whole_ones_and_no_size_of_what_it_does_not_name():
    x, h = keras.Input((4,), name="x"), keras.Input((6,), name="h")
    asked = layers.Dense(4, name="question")(h)
    found = layers.Dense(4, "softmax", name="importances")(layers.Dense(4, name="resemblances")(asked * x))
    n = GRUCell(6)([layers.Concatenate()([x, found]), h])[1]
    figure = viz.draw_unrolled(RecurrentModel(x, n, h, n), steps=2)
    names = "question, resemblances, importances"
    assert f"{names} (cell)" in figure.text
    assert "question, resemblances, …" in figure.svg


def test_a_masked_timestep_lets_states_pass_and_holds_the_output():
    rnn = DRAWN["sampled_stack"]()
    scene = viz.draw_unrolled(rnn, steps=4, mask=[1, 1, 0, 1], training=False).scene
    assert not [box for box in scene.boxes if box.column == "2" and box.role in ("cell", "layer", "input")]
    assert [e.target for e in scene.edges if e.source == "c2_in0"] == []
    assert [(e.source, e.target) for e in scene.edges if e.role == "held"] == [("c1_out0", "c2_out0")]
    assert edges_between(scene, "readout", "3") == [("y_1", "y_1")]
    assert crossings(scene, 0) == [(None, "0"), ("0", "1"), ("1", "2"), ("2", "3"), ("3", None)]


def test_a_masked_output_is_zero_where_the_layer_says_so_or_nothing_came_before():
    rnn = LSTMCell(2, input_dim=3).get_layer(return_sequences=True, zero_output_for_mask=True)
    assert viz.draw_unrolled(rnn, mask=[1, 0, 1, 1]).scene.box("c1_out0").label.detail == "0"
    rnn = LSTMCell(2, input_dim=3).get_layer(return_sequences=True)
    assert viz.draw_unrolled(rnn, mask=[0, 1, 1, 1]).scene.box("c0_out0").label.detail == "0"
    assert viz.draw_unrolled(rnn, mask=[1, 0, 1, 1]).scene.box("c1_out0").label.detail == "held"


def test_going_backwards_the_first_timestep_reads_the_last_input():
    rnn = stack(GRUCell(3), features=3, go_backwards=True)
    names = [viz.draw_unrolled(rnn, steps=3).scene.box(f"c{n}_in0").label.name for n in range(3)]
    assert names == ["x_2", "x_1", "x_0"]
    long = viz.draw_unrolled(rnn, steps=9).scene
    assert [long.box(f"c{n}_in0").label.name for n in (0, 1, 3)] == ["x_T-1", "x_T-2", "x_0"]


# Time: bounded, focused, rolled


def without_T(text):
    # The number itself, and how wide the line is that it stands in.
    return re.sub(r'( textLength="[\d.]+"[^>]*>)?T = \d+|over \d+ timesteps', "", text)


@pytest.mark.parametrize("name", DRAWN)
def test_from_six_timesteps_on_a_drawing_is_the_same_but_for_the_number(name):
    figures = [viz.draw_unrolled(DRAWN[name](), steps=steps) for steps in (6, 50, 1000)]
    ids = [[box.id for box in figure.scene.boxes] for figure in figures]
    assert ids[0] == ids[1] == ids[2]
    assert len({without_T(figure.dot) for figure in figures}) == 1
    assert len({without_T(figure.svg) for figure in figures}) == 1
    assert len({without_T(figure.text) for figure in figures}) == 1
    assert [f"T = {n}" in figure.svg for n, figure in zip((6, 50, 1000), figures, strict=True)] == [True] * 3


def test_up_to_five_timesteps_each_has_a_column():
    for steps in range(1, 6):
        assert scene_of("lstm", steps=steps).columns == [str(t) for t in range(steps)]
    assert scene_of("lstm", steps=6).columns == ["0", "1", "…2", "T-1"]


def test_the_timesteps_shown_are_the_first_the_last_and_the_focus():
    assert shown(50, 7) == [0, None, 7, None, 49]
    assert shown(50, (1, 3)) == [0, 1, 2, 3, None, 49] == shown(50, range(1, 4))
    assert shown(50, 49) == [0, None, 49]
    assert shown(3, 1) == [0, 1, 2]
    assert [written(t, 50) for t in (0, 48, 49)] == ["0", "48", "T-1"]
    assert written(49, 50, back=1) == "T-2" and written(3, 4, back=1) == "2"


def test_the_truth_at_the_last_of_many_timesteps_is_that_of_the_one_before():
    scene = scene_of("forced_stack", steps=50)
    assert [box.label.name for box in scene.boxes if box.role == "truth"] == ["truth_0", "truth_T-2"]


@pytest.mark.parametrize("focus", [50, -1, (5, 3), (0, 30), "x", [], True, (1.5, 2)])
def test_a_focus_outside_the_drawing_is_an_error(focus):
    with pytest.raises(
        (ValueError, TypeError), match=f"Received: focus={re.escape(repr(focus))} with steps=50"
    ):
        scene_of("lstm", steps=50, focus=focus)


@pytest.mark.parametrize("steps", [0, -3, 2.0, "4", True, None])
def test_a_number_of_timesteps_below_one_or_none_at_all_is_an_error(steps):
    with pytest.raises((ValueError, TypeError), match=f"at least 1. Received: steps={steps!r}.*Fix: steps=4"):
        scene_of("lstm", steps=steps)


@pytest.mark.parametrize("mask", [[1], "abcd", 5, [1, 2, 0, 1]])
def test_a_mask_that_does_not_fit_is_an_error(mask):
    with pytest.raises(ValueError, match=f"Received: mask={re.escape(repr(mask))} with steps=4"):
        scene_of("lstm", mask=mask)


def test_one_timestep_has_no_boundary_within():
    scene = scene_of("lstm", steps=1)
    assert crossings(scene, 0) == crossings(scene, 1) == [(None, "0"), ("0", None)]


@pytest.mark.parametrize("name", DRAWN)
def test_a_rolled_drawing_has_one_delay_for_each_state_and_free_readout(name):
    rnn = DRAWN[name]()
    scene = viz.draw_unrolled(rnn, rolled=True, training=False).scene
    delays = [box for box in scene.boxes if box.id.startswith("delay_")]
    assert [box.role for box in delays].count("state") == rnn.num_states
    assert [box.role for box in delays].count("readout") == len(rnn.description.readout_names)
    for box in delays:
        assert [
            len([e for e in scene.edges if getattr(e, end) == box.id]) for end in ("source", "target")
        ] == [1, 1]
        assert box.label.below == "t-1"


# The picture


@pytest.mark.parametrize("name", [*DRAWN, *MODELS])
@pytest.mark.parametrize(
    "options", [{}, {"fold": False}, {"rolled": True}, {"steps": 9, "mask": [1, 0] + [1] * 7}], ids=str
)
def test_no_box_lies_on_another_and_no_arrow_runs_through_one(name, options):
    rnns = [DRAWN[name]()] if name in DRAWN else recurrent_layers(MODELS[name]())
    for rnn in rnns:
        scene = viz.draw_unrolled(rnn, **options).scene
        assert scene.placed
        assert overlapping(scene) == []
        assert run_through(scene) == []
        assert strangers(scene) == []


@pytest.mark.parametrize("name", DRAWN)
def test_columns_are_aligned_from_left_to_right(name):
    scene = scene_of(name, steps=4)
    columns = [
        {
            box.id.split("_", 1)[1]: box.at
            for box in scene.boxes
            if box.column == str(t) and box.role != "truth"
        }
        for t in range(4)
    ]
    pitch = {columns[1][id][0] - columns[0][id][0] for id in columns[0]}
    for before, after in zip(columns, columns[1:], strict=False):
        assert before.keys() == after.keys()
        for id in before:
            assert before[id][1] == after[id][1]
            assert after[id][0] - before[id][0] == pytest.approx(max(pitch))
    assert max(pitch) > 0


def test_inputs_lie_below_outputs_above_and_depth_goes_up():
    scene = scene_of("nested", steps=2)
    heights = [scene.box(f"c0_{id}").at[1] for id in ("t", "in0")]
    heights += [box.at[1] for box in scene.boxes if box.column == "0" and box.role in ("layer", "cell")]
    heights.append(scene.box("c0_out0").at[1])
    assert heights == sorted(heights)


def test_the_words_say_for_each_box_what_it_reads():
    assert viz.draw_unrolled(DRAWN["lstm"](), steps=2).text.splitlines() == [
        "LSTMCell unrolled over 2 timesteps",
        "first h (state)",
        "first c (state)",
        "t = 0",
        "  x_0 (input)",
        "  LSTMCell (cell, 10) <- x_0, first h, first c",
        "  y_0 (output) <- LSTMCell",
        "t = 1",
        "  x_1 (input)",
        "  LSTMCell (cell, 10) <- x_1, h_0 of LSTMCell at t = 0, c_0 of LSTMCell at t = 0",
        "  y_1 (output) <- LSTMCell",
        "last h (state) <- LSTMCell at t = 1",
        "last c (state) <- LSTMCell at t = 1",
    ]


def test_an_image_shaped_state_and_a_large_one_are_drawn():
    x, h = keras.Input((8, 8, 1), name="x"), keras.Input((8, 8, 2), name="h")
    n = layers.Conv2D(2, 3, padding="same")(layers.Concatenate()([x, h]))
    assert "8 × 8 × 2" in viz.draw_unrolled(RecurrentModel(x, n, h, n)).text
    assert (
        "4096"
        in viz.draw_unrolled(LSTMCell(4096, input_dim=1, recurrent_initializer="zeros").get_layer()).text
    )


@pytest.mark.parametrize("option", ["rolled", "training"])
def test_a_word_is_no_switch(option):
    with pytest.raises(TypeError, match=f"`{option}` is on or off. Received: {option}='yes'"):
        viz.draw_unrolled(DRAWN["lstm"](), **{option: "yes"})


@pytest.mark.parametrize(("option", "value"), [("focus", 3), ("mask", [True] * 4)])
def test_a_rolled_drawing_says_what_it_cannot_show(option, value):
    with pytest.raises(ValueError, match=f"no `{option}`. Received: rolled=True with {option}="):
        viz.draw_unrolled(DRAWN["lstm"](), rolled=True, **{option: value})


@pytest.mark.parametrize("name", ["forced_stack", "sampled_stack", "decoder"])
def test_with_the_truth_and_without_it_every_column_stands_in_the_same_place(name):
    rnn = DRAWN[name]()
    taught, free = (viz.draw_unrolled(rnn, steps=3, training=training).scene for training in (True, False))
    places = [{box.id: box.at for box in scene.boxes if box.column} for scene in (taught, free)]
    shared = places[0].keys() & places[1].keys()
    assert len(shared) > 9
    assert [places[0][id][0] for id in shared] == [places[1][id][0] for id in shared]
