"""The editor: a change of one timestep, in words and with both futures."""

import base64

import keras
import numpy as np
import pytest

import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support.inspected import layer, linear, normal


def test_an_edit_of_a_linear_state_fades_by_half_at_each_timestep():
    editor = viz.edit(linear(), normal(1, 6, 2)).change("h", t=2, unit=1, value=8.0)
    both = editor.futures["inputs kept"]
    delta = 8.0 - editor.trace.states["h"][0, 2, 1]
    effect = both.effect("h")[0]
    np.testing.assert_array_equal(effect[:2], 0)
    np.testing.assert_array_equal(effect[:, 0], 0)
    np.testing.assert_allclose(effect[2:, 1], delta * 0.5 ** np.arange(5), rtol=1e-5)


def test_changes_of_one_timestep_add_up_and_another_timestep_begins_anew():
    editor = viz.edit(linear(), normal(1, 6, 2))
    editor.change("h", t=2, value=1.0).change("x", t=2, unit=1, value=2.0)
    assert editor.futures["inputs kept"].changed == ("states h", "inputs")
    editor.change("h", t=4, value=1.0)
    assert editor.futures["inputs kept"].at == 4
    assert editor.undo().futures["inputs kept"].at == 2
    assert editor.undo().undo().futures == {} and editor.said == ""
    assert repr(editor) == "Editor of linear: 6 timesteps, 0 changes"


def test_only_the_chosen_sample_is_changed():
    editor = viz.edit(linear(), normal(2, 4, 2)).change("x", t=1, value=9.0, sample=1)
    effect = editor.futures["inputs kept"].effect("h")
    np.testing.assert_array_equal(effect[0], 0)
    assert abs(effect[1, 2, 0]) > 1


def test_a_readout_can_be_changed():
    rnn = RecurrentSequential(return_sequences=True, readout="add")
    rnn.add(SimpleRNNCell(3))
    editor = viz.edit(rnn, normal(1, 4, 3)).change("readout", t=2, value=3.0)
    assert editor.futures["free running"].changed == ("readout",)
    assert editor.said.startswith("readout[0] at t = 2: ") and editor.said.endswith(" to 3.")


def test_a_model_that_cannot_run_freely_says_so_beside_the_other_future():
    editor = viz.edit(layer(), normal(1, 4, 3)).change("h", t=1, value=1.0)
    answer = editor.answer()
    assert [future["mode"] for future in answer["futures"]] == ["inputs kept"]
    assert "No free running: This model cannot run on its own outputs" in answer["said"]
    assert not any(word in answer["said"] for word in ("Received", "Expected", "Fix"))
    assert "Received: " in editor.futures["free running"]


BAD = {
    "name": ({"name": "nope"}, ValueError, "'h' (state), 'x' (input)"),
    "a late timestep": ({"t": 99}, ValueError, "received: timestep 99"),
    "a word for a timestep": ({"t": "1"}, ValueError, "timestep '1'"),
    "unit": ({"unit": 9}, ValueError, "from 0 to 1"),
    "a unit before the first": ({"unit": -1}, ValueError, "unit=-1"),
    "sample": ({"sample": 9}, ValueError, "sample=9"),
    "no number": ({"value": float("nan")}, ValueError, "value=nan"),
    "a word for a value": ({"value": "a"}, TypeError, "value='a'"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_change_that_fails_leaves_no_trace(what):
    wrong, error, words = BAD[what]
    editor = viz.edit(linear(), normal(1, 6, 2)).change("h", t=2, value=1.0)
    before = (editor.edits, editor.said, repr(editor))
    with pytest.raises(error) as caught:
        editor.change(**{"name": "h", "t": 1, "value": 2.0, **wrong})
    assert words.lower() in str(caught.value).lower() and "Fix: " in str(caught.value)
    assert (editor.edits, editor.said, repr(editor)) == before
    assert editor.change("h", t=3, value=1.0).futures["inputs kept"].at == 3
    assert repr(editor.undo().undo()) == "Editor of linear: 6 timesteps, 0 changes"


def test_a_timestep_is_counted_from_the_end_where_it_is_negative():
    editor = viz.edit(linear(), normal(1, 6, 2)).change("h", t=-1, value=1.0)
    assert editor.futures["inputs kept"].at == 5 and editor.said.startswith("h[0] at t = 5: ")


def test_a_constant_cannot_be_changed():
    x, h, k = keras.Input((2,), name="x"), keras.Input((2,), name="h"), keras.Input((2,), name="k")
    rnn = RecurrentModel(x, x + h * k, h, x + h * k, constants=k, return_sequences=True)
    editor = viz.edit(rnn, normal(1, 4, 2), constants=np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"called 'k'.*Expected: one of 'h' \(state\), 'x' \(input\)"):
        editor.change("k", t=1, value=1.0)


def test_the_end_of_a_name_is_enough_where_it_is_the_only_one():
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(LSTMCell(2, name="low"))
    rnn.add(LSTMCell(2, name="high"))
    editor = viz.edit(rnn, normal(1, 4, 2)).change("low/c", t=1, value=1.0).change("high/h", t=1, value=1.0)
    assert editor.futures["inputs kept"].changed == ("states low/c", "states high/h")
    with pytest.raises(
        ValueError, match=r"Several values .* end with 'c'.*one of 'low/c' \(state\), 'high/c'"
    ):
        editor.change("c", t=1, value=1.0)


def test_the_input_of_a_run_of_one_timestep_can_be_changed():
    editor = viz.edit(linear(), normal(1, 1, 2)).change("x", t=0, unit=1, value=7.0)
    assert editor.futures["inputs kept"].effect("h")[0, 1, 1] == pytest.approx(
        7.0 - editor.trace.inputs[0, 0, 1]
    )


def test_a_token_is_a_whole_number():
    i, h = keras.Input((), dtype="int32", name="i"), keras.Input((3,), name="h")
    n = keras.layers.Embedding(5, 3)(i) + h
    editor = viz.edit(RecurrentModel(i, n, h, n, return_sequences=True), np.array([[1, 2, 3]]))
    assert editor.change("i", t=1, value=4).said == "i at t = 1: 2 to 4."
    with pytest.raises(ValueError, match=r"Received: value=1\.5\. Expected: a whole number"):
        editor.change("i", t=1, value=1.5)


def test_a_unit_of_an_image_is_the_one_that_is_seen():
    """Channels are shown side by side: unit 4 of (2, 3, 2) is row 0, channel 1, column 1."""
    x, h = keras.Input((2, 3, 2), name="x"), keras.Input((2, 3, 2), name="h")
    editor = viz.edit(RecurrentModel(x, x + h, h, x + h, return_sequences=True), normal(1, 3, 2, 3, 2))
    editor.change("h", t=1, unit=4, value=9.0)
    changed = np.argwhere(editor.futures["inputs kept"].effect("h")[0, 1])
    assert changed.tolist() == [[0, 1, 1]] and editor.said.startswith("h[0, 1, 1] at t = 1: ")
    shown = editor.payload.values[1]
    sent = np.frombuffer(base64.b64decode(editor.answer()["futures"][0]["after"][1]), "<f4")
    assert shown.name == "h" and sent.reshape(4, 12)[1, 4] == 9.0


def test_a_change_from_the_browser_that_fails_is_answered_and_forgotten():
    editor = viz.edit(linear(), normal(1, 4, 2))
    one = {"role": "state", "name": "h", "unit": 0, "t": 1, "sample": 0, "value": 5.0}
    editor.widget.edits = [one]
    editor.widget.edits = [one, {**one, "value": None}]
    assert editor.widget.edits == editor.edits == [one]
    assert editor.widget.answer["said"] == (
        "Nothing was changed. This cannot be the new value. What fits: a finite number."
    )
    editor.change("h", t=2, value=1.0)
    assert [edit["t"] for edit in editor.widget.edits] == [1, 2]
    editor.widget.close()


def test_the_widget_answers_a_change_of_its_trait():
    editor = viz.edit(linear(), normal(1, 4, 2))
    one = {"role": "state", "name": "h", "unit": 0, "t": 1, "sample": 0, "value": 5.0}
    editor.widget.edits = [one]
    assert editor.edits == [one]
    assert [future["mode"] for future in editor.widget.answer["futures"]] == ["inputs kept", "free running"]
    editor.widget.edits = []
    assert editor.widget.answer == {"said": "", "futures": []}
    editor.widget.close()
