"""The still picture of a run: every value once, its scale, and what is left out."""

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import rshop
import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from tests.support.closeness import apart
from tests.support.inspected import layer, linear, normal
from viz.inspector.changed_run import with_both
from viz.inspector.page.still_choice import strips
from viz.inspector.page.still_image import INVITATION, INVITATION_TO_CHANGE, describe, still
from viz.inspector.payload.build_payload import record


def test_the_picture_has_no_grid_whatever_the_settings_say():
    rnn, x = layer(), normal(1, 3, 3)
    plain = viz.inspect(rnn, x).picture
    with matplotlib.rc_context({"axes.grid": True, "grid.color": "red"}):
        assert viz.inspect(rnn, x).picture == plain


def test_the_still_picture_shows_no_value_twice():
    x, h = keras.Input((3,), name="x"), keras.Input((5,), name="h")
    n = keras.ops.tanh(keras.layers.Dense(5)(x) + h)
    y = keras.layers.Dense(4, activation="sigmoid")(n)
    rnn = RecurrentModel(x, y, h, n, return_sequences=True, name="drawer")
    assert describe(record(rnn, normal(1, 4, 3))) == (
        "drawer, sample 0: h, output, x over 4 timesteps, as heat maps"
    )


def test_the_still_picture_shows_a_gate_that_is_not_the_output():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    gate = keras.layers.Activation("sigmoid", name="gate")(x)
    rnn = RecurrentModel(x, gate * h, h, gate * h, return_sequences=True)
    assert ": h = output, gate, x over" in describe(record(rnn, normal(1, 4, 3)))


def note_of(figure):
    """The note below, without the sentence that says how to get the live one."""
    text = figure._supxlabel.get_text().replace("\n", " ")
    assert text.endswith(INVITATION)
    return text.removesuffix(INVITATION).strip()


def letters_of(figure):
    """Every text that is seen: what it says, its size in points, and the pixels that it covers."""
    FigureCanvasAgg(figure).draw()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                tick.label1.set_visible(tick.label1.get_visible() and low <= tick.get_loc() <= high)
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text()]
    return [(text.get_text(), text.get_fontsize(), text.get_window_extent()) for text in texts]


@pytest.mark.parametrize("size", [10, 16, 22])
@pytest.mark.parametrize("name", ["h", "an_inner_recurrent_model"])
def test_letters_of_the_still_picture_follow_the_settings_and_none_lies_on_another(name, size):
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(LSTMCell(4, name=name))
    rnn(normal(1, 40, 3))
    with matplotlib.rc_context({"font.size": size}):
        figure = still(record(rnn, 1e4 * normal(1, 40, 3)))
        found = letters_of(figure)
    assert len(figure.axes) == 12 and min(points for _, points, _ in found) == 0.875 * size
    assert {"timestep", "0", "0.5", "1"} <= {text for text, _, _ in found}
    boxes = [box for _, _, box in found]
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
    assert all(figure.bbox.containsx(x) for box in boxes for x in (box.x0, box.x1))
    assert all(figure.bbox.containsy(y) for box in boxes for y in (box.y0, box.y1))


def test_the_still_picture_keeps_the_end_of_a_long_name():
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(LSTMCell(4, name="an_inner_recurrent_model"))
    rnn(normal(1, 2, 3))
    names = {ax.get_ylabel() for ax in still(record(rnn, normal(1, 2, 3))).axes} - {""}
    assert names == {"…/h\n= output", "…/c", "…/input gate", "…/forget gate", "…/output gate", "x"}


def many_states(count, units=2):
    """A cell of several states, each the sum of itself and the input; its output is a sum of its own."""
    x, states = keras.Input((units,), name="x"), [keras.Input((units,), name=f"s{i}") for i in range(count)]
    after = [x + 0.5 * s for s in states]
    return RecurrentModel(x, x * 2.0, states, after, return_sequences=True, name="many")


def test_the_still_picture_shows_every_state_before_anything_else():
    assert describe(record(many_states(3), normal(1, 4, 2))).endswith(
        ": s0, s1, s2, output, x over 4 timesteps, as heat maps"
    )


def test_the_still_picture_says_what_it_leaves_out():
    payload = record(many_states(9), normal(1, 4, 2))
    assert describe(payload).endswith("s6, s7 over 4 timesteps, as heat maps; not shown: s8, output, x")
    assert note_of(still(payload)) == "not shown: s8, output, x"


def test_the_still_picture_counts_what_is_no_number_and_shows_which():
    x = normal(1, 4, 2)
    x[0, 1, 0], x[0, 2, 1] = np.nan, np.inf
    figure = still(record(linear(), x))
    assert note_of(figure) == "4 NaN: magenta; 3 infinite: cyan"  # h is h = output
    colours = figure.axes[1].images[0].get_array()  # the input
    seen = [matplotlib.colors.to_hex(colours[unit, t]) for unit, t in ((0, 1), (1, 2))]
    assert seen == ["#ff00e5", "#00e5ff"]


def test_the_still_picture_hatches_the_timesteps_that_do_not_count():
    mask = np.array([[True, False, True, False]])
    figure = still(record(linear(), normal(1, 4, 2), mask=mask))
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert [patch.get_x() + 0.5 for patch in hatched] == [1, 3]
    assert note_of(figure) == "hatched: masked"
    assert note_of(still(record(linear(), normal(1, 4, 2)))) == ""


def test_a_run_of_one_timestep_has_one_tick():
    figure = still(record(linear(), normal(1, 1, 2)))
    ax = next(ax for ax in figure.axes if ax.get_xlabel() == "timestep")
    assert [t for t in ax.get_xticks() if -0.5 <= t <= 0.5] == [0]


def test_the_still_picture_writes_out_letters_that_its_font_has_not():
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="猫")
    figure = still(record(RecurrentModel(x, x + h, h, x - h, return_sequences=True), normal(1, 2, 2)))
    assert figure.axes[0].get_ylabel() == r"\u732b"


def test_names_that_begin_and_end_alike_read_different_in_the_still_picture():
    long = "the_extraordinarily_long_name_of_a_layer_that_somebody_wrote_down_in_full"
    x, h = keras.Input((2,), name=f"input_{long}"), keras.Input((2,), name=f"state_{long}")
    figure = still(record(RecurrentModel(x, x * h, h, x + h, return_sequences=True), normal(1, 2, 2)))
    names = [ax.get_ylabel() for ax in figure.axes if ax.get_ylabel()]
    assert names == ["state_the_\nextraordinarily_…", "output", "input_the_\nextraordinarily_…"]


def test_the_labels_stand_at_their_timesteps_upright_where_they_are_long():
    words = ["a", "cat", "<b>sat"]
    ticks = still(record(linear(), normal(1, 3, 2), labels=words)).axes[1].get_xticklabels()
    assert [(tick.get_text(), tick.get_rotation()) for tick in ticks] == [(word, 0) for word in words]
    long = [f"word number {i}" for i in range(30)]
    figure = still(record(linear(), normal(1, 30, 2), labels=long))
    assert {tick.get_rotation() for tick in figure.axes[1].get_xticklabels()} == {90}
    boxes = [box for _, _, box in letters_of(figure)]
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
    assert all(figure.bbox.containsy(y) for box in boxes for y in (box.y0, box.y1))


def test_few_numbers_are_written_into_their_cells_and_many_are_not():
    x = normal(1, 5, 2)
    figure = still(record(linear(), x))
    written = [text.get_text() for text in figure.axes[1].texts]
    assert written == [f"{number:.2g}".replace("-", "\u2212") for number in x[0].T.ravel()]
    assert still(record(linear(), normal(1, 17, 2))).axes[1].texts[:] == []


# Two runs


def by_name(payload):
    """The tables of the strips, those of one value together: `{"h": [own, beside, difference]}`."""
    found, last = {}, None
    for strip in strips(payload)[0]:
        last = last if strip.below else " = ".join(strip.names)
        found.setdefault(last, []).append(strip)
    return found


def test_of_two_runs_each_value_has_both_and_the_difference_on_scales_that_compare():
    rnn, x = linear(), normal(2, 5, 2)
    other = x.copy()
    other[1, 3] += 2
    found = by_name(record(rnn, x, beside=other, sample=1))
    states = [rshop.trace(rnn, given).states["h"][1, 1:].T for given in (x, other)]
    own, second, gap = found["h = output"]
    for strip, table in ((own, states[0]), (second, states[1]), (gap, states[0] - states[1])):
        assert apart(strip.table, table) < 1e-6
    assert own.limits == second.limits == (-abs(np.array(states)).max(), abs(np.array(states)).max())
    assert gap.limits == (-2, 2) and (gap.table[:, :3] == 0).all()
    assert [strip.names for strip in found["x"]] == [["x"], ["beside"], ["difference"]]


def counting():
    """Token ids are read and added up."""
    ids, h = keras.Input((), dtype="int32", name="ids"), keras.Input((2,), name="h")
    n = h + keras.ops.expand_dims(keras.ops.cast(ids, "float32"), -1)
    return RecurrentModel(ids, n, h, n, return_sequences=True)


def test_of_token_ids_two_runs_say_whether_they_are_equal_and_subtract_nothing():
    x = np.array([[3, 12345, 7, 7]])
    payload = record(counting(), x, beside=np.array([[3, 12345, 9, 2]]))
    found = by_name(payload)
    own, second, compared = found["ids"]
    assert compared.names == ["equal or not"] and compared.table.tolist() == [[0, 0, 1, 1]]
    assert [strip.names for strip in found["h = output"]] == [["h", "output"], ["beside"], ["difference"]]
    figure = still(payload)
    cells = {ax.get_ylabel(): [text.get_text() for text in ax.texts] for ax in figure.axes}
    assert cells["ids"] == ["3", "12345", "7", "7"] and cells["equal or not"] == ["=", "=", "≠", "≠"]
    assert set(cells) >= {"ids", "equal or not", "h\n= output", "difference"}
    scales = [[tick.get_text() for tick in ax.get_yticklabels()] for ax in figure.axes]
    assert ["equal", "differs"] in scales and ["2", "12345"] in scales
    boxes = [box for _, _, box in letters_of(figure)]
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
    assert "and the “difference”, or of whole numbers whether they are “equal or not”. " in describe(payload)


def test_where_token_ids_part_nothing_says_by_how_much():
    ids, h = keras.Input((), dtype="int32", name="ids"), keras.Input((2,), name="h")
    rnn = RecurrentModel(ids, ids + 1, h, 0.5 * h, return_sequences=True)
    payload = record(rnn, np.array([[3, 5, 7]]), beside=np.array([[3, 5, 9]]))
    assert note_of(still(payload)).endswith(
        "The runs part at timestep 2: output differs; before it they are the same."
    )


def test_what_is_the_same_in_both_runs_is_one_strip():
    payload = record(linear(), normal(1, 4, 2), beside={"initial_state": normal(1, 2)})
    assert list(by_name(payload)) == ["h = output", "x = beside"]
    assert len(still(payload).axes) == 2 * (3 + 1)  # each with its scale


def test_the_picture_of_two_runs_names_them_and_says_where_they_part():
    x = normal(1, 4, 2)
    other = x.copy()
    other[0, 2] += 1
    payload = record(linear(), x, beside=other)
    said = (
        "Below each value: “beside”, the same layer on another x, and the “difference”. "
        "The runs part at timestep 2: h differs by 1; before it they are the same."
    )
    assert note_of(still(payload)) == said
    assert describe(payload).endswith(f": h = output, x over 4 timesteps, as heat maps. {said}")
    labels = [ax.get_ylabel() for ax in still(payload).axes if ax.get_ylabel()]
    assert labels == ["h\n= output", "beside", "difference", "x", "beside", "difference"]


def test_a_picture_of_two_runs_is_one_strip_higher_than_the_highest_of_one_run():
    rnn, x = layer(), normal(1, 9, 3)
    alone, both = still(record(many_states(9), normal(1, 9, 2))), still(record(rnn, x, beside=2 * x))
    assert (len(alone.axes), len(both.axes)) == (2 * 8, 2 * 9)
    assert both.get_figheight() < 1.12 * alone.get_figheight()
    boxes = [box for _, _, box in letters_of(both)]
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
    assert describe(record(rnn, x, beside=2 * x)).count("not shown: input gate, forget gate") == 1


def test_the_picture_of_an_editor_has_the_run_as_it_was_and_as_changed():
    editor = viz.edit(linear(), normal(1, 5, 2)).change("h", t=2, value=8.0)
    payload = with_both(editor.payload, *editor._changed["inputs kept"])
    was, changed, gap = by_name(payload)["h = output"]
    both = editor.futures["inputs kept"]
    assert apart(was.table, both.original.outputs[0].T) == 0
    assert apart(changed.table, both.edited.outputs[0].T) == 0  # what each timestep hands on
    fade = np.array([0, 0, 0.5, 0.25, 0.125])  # of the change, by half at each timestep
    step = 8 - both.original.states["h"][0, 2, 0]
    assert apart(gap.table, [fade * step, 0 * fade]) < 1e-6
    note = still(payload, INVITATION_TO_CHANGE)._supxlabel.get_text().replace("\n", " ")
    said = "Below each value: “changed”, the run with changes, inputs kept, and the “difference”. "
    assert note.startswith(said)
    assert " The runs part at t = 2, where h[0] was changed. " in note
