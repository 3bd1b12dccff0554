"""What the inspector is told: every number of the run, laws that give the numbers, and what was cut."""

import json

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support import inspected_models, models
from tests.support.payloads import accumulator, layer, normal, numbers, record
from tests.viz.diagram.test_step import recurrent_layers
from viz.inspector.payload import readout_sources, run_values, size_limit
from viz.inspector.payload.boxes import box_layout
from viz.style.labels import told_apart

# The numbers


def test_the_payload_holds_the_numbers_of_the_trace():
    rnn, x = layer(), normal(2, 5, 3)
    payload, trace = record(rnn, x), rshop.trace(rnn, x)
    for sample in (0, 1):
        np.testing.assert_array_equal(numbers(payload, "x", "input", sample), x[sample])
        for name in ("h", "c"):
            np.testing.assert_array_equal(numbers(payload, name, "state", sample), trace.states[name][sample])
        for name in ("forget_gate", "candidate", "h"):
            np.testing.assert_array_equal(numbers(payload, name, "inner", sample)[:5], trace[name][sample])
        np.testing.assert_array_equal(numbers(payload, "output", "output", sample)[:5], trace.outputs[sample])


def test_the_input_of_one_timestep_is_no_constant():
    payload, x = record(accumulator(), normal(2, 1, 3)), normal(2, 1, 3)
    value = next(v for v in payload["values"] if v["name"] == "x")
    assert (value["fixed"], value["frames"]) == (False, 1)
    np.testing.assert_array_equal(numbers(payload, "x", "input", 1), x[1])


def test_gates_open_and_what_shares_out_or_is_handed_out_does_not():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    gate = keras.layers.Activation("sigmoid", name="gate")(x)
    shares = keras.layers.Softmax(name="shares")(x)
    end = keras.layers.Dense(1, "sigmoid", name="end")(h)
    rnn = RecurrentModel(x, {"end": end, "sum": shares + h}, h, gate * h, return_sequences=True)
    for mask in (None, np.array([[True, True, False, True]])):
        payload = record(rnn, normal(1, 4, 3), mask=mask)
        found = {v["name"]: (v["gate"], v["opens"]) for v in payload["values"] if v["role"] == "inner"}
        assert (found["gate"], found["shares"], found["end"]) == ((True, True), (True, False), (True, False))


def test_a_readout_of_probabilities_has_their_colours():
    x, r = keras.Input((3,), name="x"), keras.Input((3,), name="r")
    rnn = RecurrentModel(x, keras.layers.Dense(3, "softmax")(x + r), readout_input=r, return_sequences=True)
    for start, gate in ((None, True), (np.full((1, 3), 2.0), False)):
        payload = record(rnn, normal(1, 4, 3), initial_readout=start)
        assert next(v["gate"] for v in payload["values"] if v["role"] == "readout") is gate


LONG = "decoder_layer_two_{}_gate_that_is_dense"


def test_long_names_read_different_from_each_other():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    gates = [keras.layers.Dense(3, "sigmoid", name=LONG.format(name))(x) for name in ("update", "reset")]
    payload = record(RecurrentModel(x, h, h, gates[0] * h + gates[1], return_sequences=True), normal(1, 2, 3))
    shorts = {v["name"]: v["short"] for v in payload["values"]}
    assert [shorts[LONG.format(name)] for name in ("update", "reset")] == [
        "decoder_layer_two_update_…",
        "decoder_layer_two_reset_g…",
    ]
    boxes = {box["name"]: box["short"] for box in payload["views"][0]["boxes"]}
    assert "update" in boxes[LONG.format("update")] and "reset" in boxes[LONG.format("reset")]


def test_a_gate_is_said_in_words_wherever_the_inspector_shows_it_and_keeps_its_key():
    rnn = RecurrentSequential(return_sequences=True, name="stack")
    for _ in range(2):
        rnn.add(GRUCell(2))
    payload = record(rnn, normal(1, 2, 3))
    said = {v["name"]: v["said"] for v in payload["values"] if v["name"].endswith("_gate")}
    cells = [cell.name for cell in rnn.cells]
    assert said == {
        f"{name}/{gate}_gate": f"gru {i}/{gate} gate"
        for i, name in enumerate(cells, 1)
        for gate in ("update", "reset")
    }
    texts = [v[key] for v in payload["values"] for key in ("said", "short")]
    texts += [box[key] for view in payload["views"] for box in view["boxes"] for key in ("name", "short")]
    assert texts and not [text for text in texts if "_gate" in text]


def test_two_names_that_would_read_the_same_in_words_stay_as_they_are():
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h")
    gates = [keras.layers.Dense(2, "sigmoid", name=name)(x) for name in ("in_gate", "in gate", "out_gate")]
    rnn = RecurrentModel(x, h, h, gates[0] * h + gates[1] * gates[2], return_sequences=True)
    said = {v["name"]: v["said"] for v in record(rnn, normal(1, 2, 2))["values"] if "gate" in v["name"]}
    assert said == {"in_gate": "in_gate", "in gate": "in gate", "out_gate": "out gate"}


def test_of_a_name_that_is_cut_what_differs_stays():
    names = ["a_long_beginning_of_red_and_a_long_end", "a_long_beginning_of_blue_and_a_long_end"]
    shortened = [told_apart(name, names, lambda text: len(text) <= 12) for name in names]
    assert shortened == ["…of_red_and…", "…of_blue_an…"]
    paths = ["outer_model/fast/reset_gate", "outer_model/slow/reset_gate"]
    assert [told_apart(name, paths, lambda text: len(text) <= 18) for name in paths] == [
        "…/fast/reset_gate",
        "…/slow/reset_gate",
    ]
    assert told_apart("short", names, lambda text: len(text) <= 12) == "short"


def test_the_outputs_of_a_nested_model_read_different():
    inner = RecurrentSequential(name="inner")
    inner.add(GRUCell(2, name="fast"))
    inner.add(GRUCell(2, name="slow"))
    outer = RecurrentSequential(return_sequences=True)
    outer.add(inner.get_cell())
    outer.add(LSTMCell(2, name="top"))
    for view in record(outer, normal(1, 2, 3))["views"]:
        shorts = [box["short"] for box in view["boxes"] if box["role"] == "output"]
        assert len(set(shorts)) == len(shorts) > 0


def test_what_repeats_another_value_is_sent_once():
    payload = record(layer(), normal(2, 5, 3))
    starts = {(v["name"], v["role"]): (v["start"], v["lag"]) for v in payload["values"]}
    start = starts["h", "state"][0]
    assert starts["h", "inner"] == starts["output", "output"] == (start, 1)


def test_the_payload_is_plain_json():
    payload = record(layer(), normal(1, 3, 3))
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload


def test_nan_and_infinity_are_sent_as_they_are():
    x = normal(1, 5, 3)
    x[0, 1], x[0, 3] = np.nan, np.inf
    seen = numbers(record(accumulator(), x), "x", "input")
    np.testing.assert_array_equal(seen, x[0])


def test_an_image_shows_its_channels_side_by_side():
    x = normal(1, 2, 4, 5, 2)
    a, h = keras.Input((4, 5, 2), name="x"), keras.Input((4, 5, 2), name="h")
    n = a + h
    payload = record(RecurrentModel(a, n, h, n), x)
    value = payload["values"][0]
    assert (value["rows"], value["columns"]) == (4, 10)
    picture = numbers(payload, "x", "input")[1].reshape(4, 10)
    np.testing.assert_array_equal(picture[:, :5], x[0, 1, :, :, 0])
    np.testing.assert_array_equal(picture[:, 5:], x[0, 1, :, :, 1])


def test_a_run_backwards_is_told_in_the_order_of_processing():
    x = normal(1, 4, 3)
    payload = record(accumulator(go_backwards=True), x, labels=list("abcd"))
    np.testing.assert_array_equal(numbers(payload, "x", "input"), x[0, ::-1])
    assert payload["labels"] == [list("dcba")]


def test_labels_are_one_list_for_all_or_one_for_each_sample():
    x = normal(2, 3, 3)
    assert record(layer(), x, labels=["a", "b", "c"])["labels"] == [["a", "b", "c"]] * 2
    assert record(layer(), x, labels=[list("abc"), list("def")])["labels"] == [list("abc"), list("def")]
    with pytest.raises(ValueError, match=r"lengths \[2, 2\].*a list of 3 strings"):
        record(layer(), x, labels=["a", "b"])


def test_a_constant_has_one_frame():
    model, _ = models.example("constants_beside_the_sequence")
    rnn = next(part for part in model.layers if hasattr(part, "description"))
    memory = normal(2, 5, 3)
    payload = record(rnn, normal(2, 4, 3), constants=memory)
    np.testing.assert_array_equal(numbers(payload, "memory", "constant", 1)[0], memory[1].ravel())


# Where readouts came from, and masks


def readout_model(**options):
    x, r = keras.Input((1,), name="x"), keras.Input((1,), name="r")
    return RecurrentModel(x, x + r, readout_input=r, return_sequences=True, **options)


def test_a_readout_starts_and_then_is_the_own_output():
    payload = record(readout_model(), normal(1, 4, 1))
    assert [payload["sourceNames"][code] for code in payload["sources"][0][0]] == ["start"] + 3 * [
        "own output"
    ]


def test_a_forced_readout_is_the_truth():
    payload = record(
        readout_model(teacher_force=True),
        normal(1, 4, 1),
        ground_truth=normal(1, 4, 1, seed=1),
        training=True,
    )
    assert [payload["sourceNames"][code] for code in payload["sources"][0][0]] == ["start"] + 3 * ["truth"]


def test_scheduled_sampling_shows_each_draw():
    rnn, truth = readout_model(teacher_force=0.5, seed=2), normal(1, 40, 1, seed=1)
    call = {"ground_truth": truth, "training": True}
    trace = rshop.trace(rnn, normal(1, 40, 1), **call)
    codes = readout_sources.readout_sources(rnn, trace, **call)[0][0]
    forced = np.isclose(trace.readout[0, 1:, 0], truth[0, :-1, 0])
    np.testing.assert_array_equal(codes[1:] == readout_sources.TRUTH, forced)
    assert 5 < forced.sum() < 35


def test_after_masked_timesteps_the_readout_is_that_of_the_last_one_that_counted():
    mask = np.array([[False, True, False, True, True]])
    assert readout_sources.last_valid(mask).tolist() == [[-1, -1, 1, 1, 3]]
    payload = record(readout_model(), normal(1, 5, 1), mask=mask)
    assert payload["mask"] == [[0, 1, 0, 1, 1]]
    assert payload["sources"][0][0] == [
        readout_sources.START,
        readout_sources.START,
        *3 * [readout_sources.OWN],
    ]


# What is cut


def test_200_steps_of_64_units_fit():
    payload = record(layer(units=64, features=16), normal(1, 200, 16))
    assert (payload["steps"], payload["samples"]) == (200, [0])
    assert len(json.dumps(payload)) < 1.2e6
    names = {v["name"] for v in payload["values"]}
    assert {"h", "c", "forget_gate", "input_gate", "output_gate", "candidate"} <= names


def test_a_wide_state_is_cut_and_says_so():
    payload = record(layer(SimpleRNNCell, units=4096), normal(1, 3, 3))
    assert [v["columns"] for v in payload["values"] if v["role"] == "state"] == [size_limit.VECTOR]
    assert payload["notes"][0].startswith("the first 128 of 4,096 units of h, kernel, bias and")


def test_a_long_run_is_cut_to_its_first_timesteps_and_says_so():
    payload = record(layer(SimpleRNNCell, units=8), normal(1, 500, 3), megabytes=0.02)
    assert payload["steps"] < 500 == payload["allSteps"]
    assert f"the first {payload['steps']} of 500 timesteps" in payload["notes"]
    assert len(payload["data"]) < 0.04e6


def test_a_large_batch_keeps_the_chosen_sample_and_says_so():
    x = normal(40, 3, 3)
    payload = record(layer(), x, sample=30)
    assert payload["samples"][payload["first"]] == 30
    np.testing.assert_array_equal(numbers(payload, "x", "input", payload["first"]), x[30])
    assert any("of 40 samples" in note for note in payload["notes"])


@pytest.mark.parametrize("sample", [2, -1, "0", True])
def test_a_sample_that_is_not_there_is_named(sample):
    with pytest.raises(ValueError, match="from 0 to 1"):
        record(layer(), normal(2, 3, 3), sample=sample)


@pytest.mark.parametrize("labels", [[3, 1, 2], np.array([3, 1, 2]), [[3, 1, 2], [3, 1, 2]]])
def test_token_ids_are_labels(labels):
    assert record(layer(), normal(2, 3, 3), labels=labels)["labels"] == [["3", "1", "2"]] * 2


def test_what_is_no_list_of_labels_is_one_clear_line():
    with pytest.raises(TypeError, match="Received: labels=5. Expected: a list of 3 strings or numbers"):
        record(layer(), normal(2, 3, 3), labels=5)


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ("1", TypeError),
        (None, TypeError),
        (True, TypeError),
        (float("nan"), ValueError),
        (-1, ValueError),
        (0, ValueError),
    ],
)
def test_a_size_is_a_number_above_0(size, error):
    with pytest.raises(error, match=f"Received: megabytes={size!r}. Expected: a number above 0"):
        record(layer(), normal(1, 3, 3), megabytes=size)


def test_an_argument_that_there_is_not_is_answered_with_those_that_there_are():
    for name, fix in (
        ("foo", "leave foo out"),
        ("inital_state", "initial_state=..."),
        ("labls", "labels=..."),
    ):
        for picture in (record, viz.edit):
            with pytest.raises(
                TypeError, match=f"Received: {name}=3. Expected: labels, .*constants_mask. Fix: {fix}"
            ):
                picture(layer(), normal(1, 3, 3), **{name: 3})


@pytest.mark.parametrize("shape", [(2, 0, 3), (0, 2, 3)])
def test_a_run_of_nothing_is_one_clear_line(shape):
    with pytest.raises(ValueError, match="nothing to show.*Fix: give x of shape"):
        record(layer(), np.zeros(shape))


# Diagrams


def test_every_value_of_the_step_is_in_a_diagram():
    rnn = RecurrentSequential(return_sequences=True, readout=True)
    rnn.add(GRUCell(3))
    rnn.add(keras.layers.Dense(3))
    payload = record(rnn, normal(1, 4, 3))
    shown = {v for view in payload["views"] for box in view["boxes"] for v in box["values"]}
    assert shown == set(range(len(payload["values"])))
    opened = [box["inside"] for box in payload["views"][0]["boxes"] if box["inside"] is not None]
    assert [payload["views"][i]["title"] for i in opened] == ["gru"]


def test_boxes_do_not_overlap_and_edges_lead_upwards():
    view = record(layer(), normal(1, 4, 3))["views"][0]
    spans = [(b["x"], b["x"] + b["w"], b["y"], b["y"] + b["h"]) for b in view["boxes"]]
    for i, (left, right, top, bottom) in enumerate(spans):
        assert left >= 0 and right <= view["width"] and top >= 0 and bottom <= view["height"]
        for other in spans[i + 1 :]:
            assert left >= other[1] or other[0] >= right or top >= other[3] or other[2] >= bottom


def test_without_a_layout_program_the_boxes_stand_in_rows(monkeypatch):
    def missing():
        raise RuntimeError("no program")

    monkeypatch.setattr(box_layout.run_graphviz, "program", missing)
    boxes = [((100, 40), "min"), ((100, 40), ""), ((100, 40), "max")]
    (drawing,) = box_layout.arrange([(boxes, {(0, 1): False, (1, 2): False})])
    heights = [y for _, y in drawing.middles]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == 3
    assert [(curve[0], curve[-1]) for curve in drawing.curves] == [
        ((56.0, 127.0), (56.0, 107.0)),
        ((56.0, 67.0), (56.0, 47.0)),
    ]


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_of_the_tests_can_be_recorded(name):
    model, _ = models.example(name)
    found = list(recurrent_layers(model))
    assert found
    for rnn in found:
        assert_recorded(rnn)


def assert_recorded(rnn):
    step, rng = rnn.description, np.random.default_rng(0)

    def values(tensor, *time):
        shape = (2, *time, *tensor.shape[1:])
        return rng.integers(0, 3, shape) if "int" in tensor.dtype else rng.normal(size=shape)

    time = () if rnn.decode else (4,)
    call = {}
    if step.constants is not None:
        call["constants"] = keras.tree.map_structure(values, step.constants)
    x = keras.tree.map_structure(lambda t: values(t, *time), step.inputs)
    payload = record(rnn, x, **call)
    found = run_values.collect(rnn, rshop.trace(rnn, x, **call), call.get("constants"))
    assert [v["name"] for v in payload["values"]] == [v.name for v in found.every]
    json.dumps(payload, allow_nan=False)


def test_an_axis_of_one_unit_has_no_box_and_a_column_of_numbers_is_a_vector():
    rnn, x, options = inspected_models.attending_cell()
    payload = record(rnn, x, constants=options["constants"])
    boxes, edges = payload["views"][0]["boxes"], payload["views"][0]["edges"]
    names = [box["name"] for box in boxes]
    assert "energies" in names and not {"squeeze", "expand_dims"} & {box["sign"] for box in boxes}
    ends = {(names[edge["from"]], names[edge["to"]]) for edge in edges}
    assert ("energies", "attention") in ends and ("query", "+") in {(a, b) for a, b in ends}
    energies = next(value for value in payload["values"] if value["name"] == "energies")
    assert (energies["rows"], energies["columns"]) == (1, 7)
    trace = rshop.trace(rnn, x, constants=options["constants"])
    np.testing.assert_array_equal(numbers(payload, "energies", "inner")[:6], trace["energies"][0, ..., 0])
