"""The names of layers and values in pictures: what a person says, while keys of traces stay."""

import keras
import numpy as np

import rshop
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from viz.model.spoken_names import Spoken, in_words, spoken_paths


def stack(*cells):
    rnn = RecurrentSequential(return_sequences=True)
    for cell in cells:
        rnn.add(cell)
    return rnn


def spoken_states(rnn):
    step = rnn.description
    spoken = Spoken(step.graph)
    return [spoken.state(name) for name in step.state_names]


def test_cells_of_one_kind_are_counted_within_their_stack():
    LSTMCell(2)  # moves Keras's own number on
    rnn = stack(LSTMCell(2), GRUCell(2), LSTMCell(2))
    trace = rshop.trace(rnn, np.ones((1, 2, 3)))
    spoken = Spoken(rnn.description.graph)
    assert spoken_states(rnn) == ["lstm 1/h", "lstm 1/c", "gru/h", "lstm 2/h", "lstm 2/c"]
    cells = [cell.name for cell in rnn.cells]
    said = {spoken.value(f"{cell}/{part}") for cell in cells for part in ("h", "candidate")}
    assert said == {f"{cell}/{part}" for cell in ("lstm 1", "gru", "lstm 2") for part in ("h", "candidate")}
    assert f"{cells[2]}/forget_gate" in trace  # the key of the trace is Keras's name


def test_every_value_of_a_trace_has_a_name_of_its_own():
    inner = stack(GRUCell(2), GRUCell(2))
    rnn = stack(keras.layers.Dense(2), inner.get_cell(), LSTMCell(2))
    trace = rshop.trace(rnn, np.ones((1, 2, 3)))
    spoken = Spoken(rnn.description.graph)
    said = [spoken.value(name) for name in trace.names]
    assert len(set(said)) == len(said)
    assert "nested model/gru 2/update_gate" in said and "nested model, next gru 2/h" in said
    assert not [name for name in said if "_cell" in name]


def test_states_of_nested_models_are_called_like_the_cells_that_hold_them():
    inner = stack(GRUCell(2), GRUCell(2, name="slow"))
    rnn = stack(inner.get_cell(), LSTMCell(2))
    rshop.trace(rnn, np.ones((1, 2, 3)))
    assert spoken_states(rnn) == ["nested model/gru/h", "nested model/slow/h", "lstm/h", "lstm/c"]


def test_a_nested_model_is_called_as_the_user_called_it():
    inner = RecurrentSequential(name="room")
    inner.add(GRUCell(2))
    rnn = stack(inner.get_cell(), LSTMCell(2))
    rshop.trace(rnn, np.ones((1, 2, 2)))
    assert spoken_states(rnn) == ["room/gru/h", "lstm/h", "lstm/c"]
    twice = stack(inner.get_cell(), inner.get_cell())
    rshop.trace(twice, np.ones((1, 2, 2)))
    assert spoken_states(twice) == ["room 1/gru/h", "room 2/gru/h"]


def test_given_names_stay_and_no_word_is_used_twice():
    rnn = stack(LSTMCell(2, name="lstm 1"), LSTMCell(2), LSTMCell(2))
    rshop.trace(rnn, np.ones((1, 2, 3)))
    assert spoken_states(rnn)[::2] == ["lstm 1/h", "lstm 2/h", "lstm 3/h"]


def test_a_layer_that_is_used_twice_keeps_its_word():
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h")
    dense = keras.layers.Dense(2)
    n = dense(dense(x)) + keras.layers.Dense(2)(h)
    rnn = RecurrentModel(x, n, h, n)
    spoken = Spoken(rnn.description.graph)
    assert [spoken.value(name) for name, _ in rnn.description.graph.named()] == [
        "dense 1",
        "dense 1#2",
        "dense 2",
        "add",
    ]


def test_names_of_a_trace_alone_are_said_like_those_of_its_graph():
    inner = stack(GRUCell(2), GRUCell(2))
    rnn = stack(inner.get_cell(), LSTMCell(2), LSTMCell(2), GRUCell(2, name="top"))
    trace = rshop.trace(rnn, np.ones((1, 2, 3)))
    assert list(spoken_paths(list(trace.states)).values()) == spoken_states(rnn)
    spoken, said = Spoken(rnn.description.graph), spoken_paths(trace.names)
    deep = [name for name in trace.names if name.endswith(("gate", "/h", "/c", "candidate"))]
    assert len(deep) > 20 and [said[name] for name in deep] == [spoken.value(name) for name in deep]


def test_a_gate_is_said_in_words_and_no_other_name_is_changed():
    gates = [
        "input_gate",
        "lstm 2/forget_gate",
        "inner/update_gate#2",
        "my_gate[0]",
        "a_gate/h_tm1",
        "lstm/squashed_c",
    ]
    assert [in_words(name) for name in gates] == [
        "input gate",
        "lstm 2/forget gate",
        "inner/update gate#2",
        "my gate[0]",
        "a gate/h_tm1",
        "lstm/squashed c",
    ]
    others = [
        "h_tm1",
        "squashed_by_c",
        "gate",
        "gate_of_x",
        "layer_2_gate_that_is_long",
        "next_word",
        "lstm 1/h",
    ]
    assert [in_words(name) for name in others] == others


def test_pictures_of_a_trace_say_lstm_1_where_its_key_has_another_number():
    import viz

    rnn = stack(LSTMCell(2), LSTMCell(2))
    trace = rshop.trace(rnn, np.ones((1, 3, 3)))
    key = f"{rnn.cells[1].name}/forget_gate"
    assert "lstm 2/forget_gate" in viz.heatmap(trace, key).get_title("left")
    labels = [label.get_text() for label in viz.gates(trace).get_yticklabels()]
    assert "lstm 1/input gate" in labels and "lstm 2/output gate" in labels
    assert "lstm 1/h" in repr(
        viz.gradient_flow(rnn, np.ones((1, 3, 3)), state=f"{rnn.cells[0].name}/h", ax=False)
    )
