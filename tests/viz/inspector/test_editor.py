"""The editor: changes of what timesteps read, in words and with both futures."""

import base64

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support.inspected import layer, linear, normal
from tests.support.inspected_models import MODELS
from viz.inspector.edit_widget import answered
from viz.inspector.page import html_page
from viz.inspector.page.still_image import INVITATION_TO_CHANGE, filmstrip
from viz.inspector.payload.encoding import encoded


def shown(editor, name, role="state", *, mode="inputs kept", run="beside", sample=0, after=False):
    """A value of the changed run as the page reads it, `(frames, units)`; None where the payload has it."""
    found = editor.answer()["runs"][mode]
    if run not in found:
        return None
    places = [(value.name, value.role) for value in editor.payload.values]
    value = editor.payload.values[places.index((name, role))]
    sent = found[run]["values"][str(places.index((name, role)))]
    sent = sent.get("after", sent) if after else sent
    size, data = value.array.shape[2], np.frombuffer(base64.b64decode(found["data"]), "<f4")
    start = sent["start"] + sample * sent["frames"] * size
    return data[start : start + sent["frames"] * size].reshape(-1, size)[sent["lag"] :]


def partings(editor, mode="inputs kept"):
    return editor.answer()["runs"][mode]["beside"]["partings"]


def test_an_edit_of_a_linear_state_fades_by_half_at_each_timestep():
    editor = viz.edit(linear(), normal(1, 6, 2)).change("h", t=2, unit=1, value=8.0)
    both = editor.futures["inputs kept"]
    delta = 8.0 - editor.trace.states["h"][0, 2, 1]
    effect = both.effect("h")[0]
    np.testing.assert_array_equal(effect[:2], 0)
    np.testing.assert_array_equal(effect[:, 0], 0)
    np.testing.assert_allclose(effect[2:, 1], delta * 0.5 ** np.arange(5), rtol=1e-5)


def test_changes_of_several_timesteps_add_up_and_each_is_taken_back_alone():
    editor = viz.edit(linear(), normal(1, 6, 2))
    editor.change("h", t=2, value=1.0).change("x", t=2, unit=1, value=2.0).change("h", t=4, value=3.0)
    both = editor.futures["inputs kept"]
    assert (both.at, both.changed) == (2, ("states h", "inputs"))
    assert [both.edited.states["h"][0, t, 0] for t in (2, 4)] == [1.0, 3.0]
    both = editor.take_back(0).futures["inputs kept"]
    np.testing.assert_array_equal(both.effect("h")[0, :4, 0], 0)
    assert both.edited.states["h"][0, 4, 0] == 3.0 and both.edited.inputs[0, 2, 1] == 2.0
    assert [one["t"] for one in editor.take_back(-1).edits] == [2]
    assert editor.take_back(0).futures == {} and editor.said == ""
    assert repr(editor) == "Editor of linear: 6 timesteps, 0 changes"
    with pytest.raises(ValueError, match=r"no such change to take back\. Received: which=0"):
        editor.take_back(0)


def test_a_second_change_of_a_number_stands_in_place_of_the_first_and_undo_brings_that_back():
    editor = viz.edit(linear(), normal(1, 6, 2)).change("h", t=2, value=1.0).change("h", t=-4, value=5.0)
    assert [one["value"] for one in editor.edits] == [5.0]
    assert [one["value"] for one in editor.undo().edits] == [1.0]
    assert editor.take_back(0).edits == [] and [one["value"] for one in editor.undo().edits] == [1.0]
    assert editor.undo().edits == editor.undo().edits == []


def by_hand(x, h, edits, *, free=False, start=None):
    """The linear step `x + 0.5 h`, with the numbers of `edits[t]` in place of what it would read."""
    before, after, read, given = [], [], [], None
    for t in range(len(x)):
        now = np.array(x[t] if given is None else given)
        state = np.array(h)
        for name, unit, value in edits.get(t, ()):
            (state if name == "h" else now)[unit] = value
        h = now + 0.5 * state
        before, after, read = [*before, state], [*after, h], [*read, now]
        given = h if free and t >= start else None
    return map(np.array, (before, after, read))


@pytest.mark.parametrize("mode", ["inputs kept", "free running"])
def test_the_changed_run_on_the_page_is_the_step_run_by_hand_from_the_changed_numbers_on(mode):
    x = normal(2, 7, 2)
    edits = {1: [("h", 1, 8.0)], 3: [("x", 0, -4.0), ("h", 0, 2.0)], 5: [("x", 1, 1.0)]}
    editor = viz.edit(linear(), x)
    for t, changed in edits.items():
        for name, unit, value in changed:
            editor.change(name, t=t, unit=unit, value=value, sample=1)
    for sample, changes in enumerate(({}, edits)):
        expected = by_hand(x[sample], np.zeros(2), changes, free=mode == "free running", start=1)
        before, after, read = expected
        given = {"mode": mode, "sample": sample}
        np.testing.assert_allclose(shown(editor, "h", **given)[:7], before, rtol=1e-5, atol=1e-5)
        handed = shown(editor, "h", after=True, **given)[1:]
        np.testing.assert_allclose(handed, after, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(shown(editor, "x", "input", **given), read, rtol=1e-5, atol=1e-5)
        outputs = shown(editor, "output", "output", **given)
        np.testing.assert_allclose(outputs[:7], after, rtol=1e-5, atol=1e-5)
        was = shown(editor, "h", run="was", **given)
        original = by_hand(x[sample], np.zeros(2), {}, free=mode == "free running", start=1)
        if was is not None:
            np.testing.assert_allclose(was[:7], next(original), rtol=1e-5, atol=1e-5)
        assert (was is None) == (mode == "inputs kept")  # the run that was recorded kept its inputs


def test_one_change_is_what_intervene_does_for_every_value_and_before_it_nothing_differs():
    rnn, x = layer(), normal(2, 6, 3)
    editor = viz.edit(rnn, x).change("c", t=3, unit=2, value=1.5)
    state = rshop.trace(rnn, x).states["c"][:, 3].copy()
    state[0, 2] = 1.5
    both = viz.intervene(rnn, x, at=3, states={"c": state})
    inner = 0
    for value in editor.payload.values:
        mine = shown(editor, value.name, value.role)
        if value.role == "state":
            np.testing.assert_array_equal(mine, both.edited.states[value.name][0])
            handed = shown(editor, value.name, after=True)
            np.testing.assert_array_equal(handed[:4], both.original.states[value.name][0, :4])
            np.testing.assert_array_equal(handed[4:], both.edited.states[value.name][0, 4:])
        elif value.role == "inner":
            inner += 1
            np.testing.assert_array_equal(mine[:6], both.edited[value.name][0])
            np.testing.assert_array_equal(mine[:3], value.array[0][:3])
    assert inner > 5 and shown(editor, "c", run="was") is None


@pytest.mark.parametrize("model", MODELS)
def test_of_every_model_the_page_is_told_all_values_of_the_changed_run(model):
    rnn, x, options = MODELS[model]()
    editor = viz.edit(rnn, x, **options)
    name = rnn.state_names[0]
    editor.change(name, t=1, value=0.75, role="state")
    state = editor.trace.states[name][:, 1].copy()
    state.reshape(len(state), -1)[0, 0] = 0.75
    both = viz.intervene(rnn, x, at=1, states={name: state})
    compared, apart = 0, 0
    recorded = {path for path, _ in rnn.description.graph.named()}
    for value in editor.payload.values:
        whole = np.prod(value.shape) == value.array.shape[2]  # nothing was cut for size
        if value.role == "inner" and value.name in recorded and whole:
            mine, steps = shown(editor, value.name, "inner"), editor.payload.steps
            after, before = (run[value.name][0] for run in (both.edited, both.original))
            if len(value.shape) == 3:  # of an image the channels of a row stand side by side
                after, before = (images.swapaxes(-1, -2) for images in (after, before))
            np.testing.assert_array_equal(mine[:steps], after.reshape(steps, -1))
            apart += not np.array_equal(after, before)
            compared += 1
    assert compared > 2 and apart
    said = next(value.said for value in editor.payload.values if (value.name, value.role) == (name, "state"))
    assert f", where {said}[" in partings(editor)[0]["text"]  # the name that the page has
    assert editor.answer()["edits"][0]["text"].startswith(f"{said}[")
    guesses = editor.answer()["runs"]["inputs kept"]["beside"].get("guesses", [])
    assert len(guesses) == len(editor.payload.guesses)


def test_the_page_is_told_where_the_runs_part_and_what_is_left_at_the_end():
    editor = viz.edit(linear(), normal(2, 6, 2)).change("h", t=4, unit=1, value=8.0)
    assert partings(editor)[1] == {"t": None, "text": "Nothing was changed in this sample."}
    gap = abs(8.0 - editor.trace.states["h"][0, 4, 1]) / 4
    assert partings(editor)[0] == {
        "t": 4,
        "text": "The runs part at t = 4, where h[1] was changed. "
        f"At the end (t = 5), h is still {gap:.2g} apart.",
    }
    editor.change("h", t=2, unit=1, value=0.0).change("x", t=2, unit=0, value=1.0)
    assert "part at t = 2, where h[1] and x[0] were changed." in partings(editor)[0]["text"]
    same = float(editor.trace.states["h"][1, 3, 0])
    editor.change("h", t=3, value=same, sample=1)
    assert partings(editor)[1]["text"] == "Every changed number is what it was: the two runs are the same."


def test_a_change_that_is_forgotten_says_when():
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h_tm1")
    editor = viz.edit(RecurrentModel(x, x + 0.0 * h, h, x, return_sequences=True), normal(1, 5, 2))
    assert partings(editor.change("x", t=1, value=9.0))[0]["text"].endswith(
        "After t = 1 they are the same again."
    )


def test_changed_weights_are_those_of_both_runs():
    rnn = layer()
    editor = viz.edit(rnn, normal(1, 5, 3)).change("h", t=1, value=1.0)
    assert shown(editor, "h", run="was") is None
    rnn.set_weights([2 * weight for weight in rnn.get_weights()])
    both = editor.change("h", t=1, value=1.5).futures["inputs kept"]
    trace = rshop.trace(rnn, normal(1, 5, 3))
    np.testing.assert_array_equal(both.original.states["h"], trace.states["h"])
    np.testing.assert_array_equal(shown(editor, "h", run="was"), trace.states["h"][0])


def test_top_guesses_are_those_of_the_changed_run():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = keras.layers.Softmax(name="end")(4.0 * h + x)
    rnn = RecurrentModel(x, n, h, x, return_sequences=True)
    editor = viz.edit(rnn, np.zeros((1, 4, 3), "float32"), output_labels=["a", "b", "c"])
    editor.change("h", t=2, unit=1, value=1.0)
    run = editor.answer()["runs"]["inputs kept"]
    (guesses,), data = run["beside"]["guesses"], np.frombuffer(base64.b64decode(run["data"]), "<f4")
    which = data[guesses["which"] : guesses["which"] + 12].reshape(4, 3).astype(int)
    chances = data[guesses["chances"] : guesses["chances"] + 12].reshape(4, 3)
    assert [guesses["texts"][i] for i in which[:, 0]] == ["a", "a", "b", "a"]
    np.testing.assert_allclose(chances[2, 0], np.exp(4) / (np.exp(4) + 2), rtol=1e-5)


def test_a_readout_says_where_it_came_from_in_the_changed_run():
    rnn = RecurrentSequential(return_sequences=True, readout="add")
    rnn.add(SimpleRNNCell(3))
    editor = viz.edit(rnn, normal(1, 5, 3)).change("readout", t=2, value=3.0)
    start, own, changed, kept = 0, 1, 4, 5
    codes = {mode: run["beside"]["sources"] for mode, run in editor.answer()["runs"].items()}
    assert codes["inputs kept"] == [[[start, own, changed, kept, kept]]]
    assert codes["free running"] == [[[start, own, changed, own, own]]]


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
    assert list(answer["runs"]) == ["inputs kept"]
    reason = answer["missing"]["free running"]
    assert reason.startswith("This model cannot run on its own outputs: it has no readout")
    assert not any(word in reason for word in ("Received", "Expected", "Fix"))
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
    "role": ({"role": "output"}, ValueError, "one of 'state', 'input', 'readout'"),
    "another role": ({"role": "input"}, ValueError, "'x' (input)"),
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
    assert [one["t"] for one in editor.change("h", t=3, value=1.0).edits] == [2, 3]
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
    assert shown(editor, "h")[1, 4] == 9.0


ONE = {"role": "state", "name": "h", "unit": 0, "t": 1, "sample": 0, "value": 5.0}


def test_the_widget_answers_each_wish_of_the_page():
    editor = viz.edit(linear(), normal(1, 4, 2))
    widget = editor.widget
    widget.wish = {"ticket": "a-1", "change": ONE}
    assert [one["value"] for one in editor.edits] == [5.0]
    answer = widget.answer
    assert (answer["ticket"], answer["undo"], list(answer["runs"])) == (
        "a-1",
        True,
        ["inputs kept", "free running"],
    )
    assert [one["text"] for one in answer["edits"]] == [editor.said[:-1]]
    widget.wish = {"ticket": "a-2", "change": {**ONE, "t": 2}}
    widget.wish = {"ticket": "a-3", "drop": 0}
    assert [one["t"] for one in editor.edits] == [2] and widget.answer["ticket"] == "a-3"
    widget.wish = {"ticket": "a-4", "undo": True}
    assert [one["t"] for one in editor.edits] == [1, 2]
    editor.undo().undo()
    assert widget.answer == {"edits": [], "runs": {}, "missing": {}, "undo": False}
    widget.close()


def test_a_wish_that_fails_is_answered_in_a_students_words_and_nothing_is_changed():
    editor = viz.edit(linear(), normal(1, 4, 2))
    answered(editor, {"ticket": 1, "change": ONE})
    answer = answered(editor, {"ticket": 2, "change": {**ONE, "value": None}})
    assert answer["error"] == "Nothing was changed. This cannot be the new value. What fits: a finite number."
    assert (answer["ticket"], [one["value"] for one in answer["edits"]]) == (2, [5.0])
    assert "error" not in answered(editor, {"ticket": 3, "undo": True}) and editor.edits == []


def test_whatever_a_layer_raises_is_answered(monkeypatch):
    def broken(*_):
        raise RuntimeError("deep below, at 0x7f")

    editor = viz.edit(linear(), normal(1, 4, 2))
    with monkeypatch.context() as patch:
        patch.setattr("rshop.tracing.replay.Replay.future", broken)
        answer = answered(editor, {"ticket": 1, "change": ONE})
    said = "Nothing was changed: the model does not run with this number (RuntimeError)."
    assert (answer["error"], answer["ticket"], editor.edits) == (said, 1, [])
    assert "error" not in answered(editor, {"ticket": 2, "change": ONE})


def test_the_picture_of_what_was_shown_follows_the_changes(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "viz.inspector.page.html_page.display", lambda *things, **how: shown.append((things, how))
    )
    editor = viz.edit(linear(), normal(1, 4, 2))
    assert editor.picture == filmstrip(editor.payload, INVITATION_TO_CHANGE) != filmstrip(editor.payload)
    editor.change("h", t=1, value=5.0)
    assert shown == []
    editor._ipython_display_()
    (first, how), _ = shown
    assert how["metadata"]["image/png"]["alt"].count("Changed: h[0] at t = 1: ") == 1
    editor.undo()
    (last, again) = shown[-1]
    assert again["update"] and again["display_id"] == how["display_id"]
    assert last[0]["image/png"] == base64.b64encode(editor.picture).decode() != first[0]["image/png"]
    assert editor.widget.still == editor.payload.still_tail
    editor.widget.wish = {"ticket": "a-1", "change": ONE}
    assert shown[-1][0][0] == first[0] and len(shown) == 4
    editor.widget.close()


def test_what_is_dragged_is_shown_and_not_kept():
    editor = viz.edit(linear(), normal(1, 4, 2)).change("x", t=2, value=1.0)
    before = editor.answer()
    answer = answered(editor, {"ticket": 1, "preview": True, "mode": "free running", "change": ONE})
    assert list(answer["runs"]) == ["free running"] and [one["t"] for one in answer["edits"]] == [2, 1]
    assert (
        editor.answer()
        == before
        == {k: v for k, v in answered(editor, {"ticket": 2}).items() if k != "ticket"}
    )
    # What was shown is what comes of the change.
    kept = answered(editor, {"ticket": 3, "change": ONE})
    assert kept["runs"]["free running"] == answer["runs"]["free running"]


def test_a_saved_page_is_told_each_change_as_it_was_and_as_it_is(monkeypatch, tmp_path):
    told = []
    page = html_page.page
    monkeypatch.setattr(
        html_page, "page", lambda payload, picture: told.append(payload) or page(payload, b"")
    )
    editor = viz.edit(layer(), normal(2, 5, 3)).change("h", t=2, value=np.float32(1.5), sample=1)
    editor.change("x", t=0, unit=2, value=-2).save(tmp_path / "two.html")
    was = editor.trace.states["h"][1, 2, 0], editor.trace.inputs[0, 0, 2]
    place = {"role": "state", "name": "h", "unit": 0, "t": 2, "sample": 1}
    assert encoded(told[0])["beside"]["edits"] == [
        {**place, "text": f"h[0] at t = 2: {was[0]:.3g} to 1.5".replace("-", "\u2212")},
        {"role": "input", "name": "x", "unit": 2, "t": 0, "sample": 0}
        | {"text": f"x[2] at t = 0: {was[1]:.3g} to -2".replace("-", "\u2212")},
    ]


def test_a_saved_page_has_both_runs(tmp_path):
    editor = viz.edit(layer(), normal(1, 5, 3))
    plain = viz.inspect(editor._rnn, normal(1, 5, 3)).save(tmp_path / "plain.html").read_text()
    assert editor.save(tmp_path / "nothing.html").read_text() == plain
    editor.change("h", t=2, value=1.0)
    page = editor.save(tmp_path / "changed.html").read_text()
    assert "the run with changes, inputs kept: h[0] at t = 2: " in page  # the words of the still picture
    assert '"edited": true' in page and '"edited"' not in plain
    assert "The runs part at t = 2, where h[0] was changed." in page
    with pytest.raises(ValueError, match="cannot run on its own outputs"):
        editor.save(tmp_path / "free.html", mode="free running")
    with pytest.raises(ValueError, match="no such way to go on"):
        editor.save(tmp_path / "other.html", mode="other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changed.html", "nothing.html", "plain.html"]
