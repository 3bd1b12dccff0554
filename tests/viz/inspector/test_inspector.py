"""The inspector and the editor as Python objects: their text, their page, their edits. No browser."""

import base64
import html.parser
import json
import re
import subprocess
import sys

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import rshop
import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from viz.inspector.page import html_page as viz_html
from viz.inspector.page.numbers_table import table
from viz.inspector.page.still_image import describe, still
from viz.inspector.payload.payload import record

NASTY = '</script><img src=x onerror="steal()"> --> & ünïcode'


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def layer(units=4, features=3, **options):
    return LSTMCell(units, input_dim=features).get_layer(return_sequences=True, **options)


def linear(name="linear"):
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h_tm1")
    n = x + 0.5 * h
    return RecurrentModel(x, n, h, n, return_sequences=True, name=name)


class Reader(html.parser.HTMLParser):
    """Every tag with its attributes, the text, and the comments of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.comments, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_data(self, data):
        self.words.append(data)


# Text


def test_an_inspector_says_in_words_what_it_holds():
    assert (
        repr(viz.inspect(layer(name="lstm"), normal(2, 7, 3))) == "Inspector of lstm: 7 timesteps, 2 samples"
    )
    cut = repr(viz.inspect(layer(name="lstm"), normal(40, 7, 3)))
    assert cut == "Inspector of lstm: 7 timesteps, 16 samples; cut for size: samples 0 to 15 of 40 samples"


def test_a_layer_of_another_library_is_refused():
    with pytest.raises(TypeError, match=r"Received: <LSTM.*Fix:"):
        viz.inspect(keras.layers.LSTM(3), normal(1, 2, 3))


def test_a_model_that_was_never_called_is_built():
    rnn = RecurrentSequential(name="new")
    rnn.add(LSTMCell(3))
    assert repr(viz.inspect(rnn, normal(1, 1, 3))) == "Inspector of new: 1 timesteps, 1 sample"


def test_inspecting_twice_gives_the_same_bytes():
    rnn, x = layer(), normal(1, 4, 3)
    assert viz.inspect(rnn, x)._repr_html_() == viz.inspect(rnn, x)._repr_html_()


def test_the_title_is_the_one_of_the_diagrams():
    for rnn, title in ((layer(), "LSTMCell"), (layer(name="reader"), "reader"), (linear(), "linear")):
        inspector = viz.inspect(rnn, np.ones((1, 2, rnn.description.inputs.shape[-1])))
        assert repr(inspector) == f"Inspector of {title}: 2 timesteps, 1 sample"
        assert viz.draw_step(rnn).scene.title == f"One timestep of {title}"


@pytest.mark.parametrize("path", ["run.png", "run", "run.html.txt"])
def test_an_inspector_is_saved_as_a_page_alone(path, tmp_path):
    with pytest.raises(
        ValueError, match=r"Received: .*Expected: \.html, \.htm\. Fix: inspector\.save\(.*\.html"
    ):
        viz.inspect(linear(), normal(1, 2, 2)).save(tmp_path / path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_no_path():
    for thing in (viz.inspect(linear(), normal(1, 2, 2)), viz.draw_step(linear())):
        with pytest.raises(TypeError, match=r"Received: path=None.*Fix: \w+\.save"):
            thing.save(None)


# The page


def test_the_page_holds_all_it_needs(tmp_path):
    path = viz.inspect(layer(), normal(1, 4, 3)).save(tmp_path / "lesson.html")
    text = path.read_text(encoding="utf-8")
    page = Reader(text)
    addresses = [a.get("src") or a.get("href") for _, a in page.tags if "src" in a or "href" in a]
    assert addresses and all(address.startswith("data:") for address in addresses)
    outside = set(re.findall(r"https?://[^\"'\\ )]+", text)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()


def test_the_comment_holds_the_run_the_script_and_the_style():
    inspector = viz.inspect(layer(), normal(1, 4, 3))
    (comment,) = Reader(inspector._repr_html_()).comments
    parts = json.loads(comment)
    assert parts["payload"] == inspector.payload
    assert "return { default: { render } };" in parts["script"] and ".rv-root" in parts["sheet"]


def test_names_and_labels_cannot_leave_their_place(tmp_path):
    x, h = keras.Input((2,), name="x"), keras.Input((2,), name="h")
    n = keras.layers.Add(name="<b>n")([x, h])
    rnn = RecurrentModel(x, n, h, n, return_sequences=True, name="<i>rnn")
    page = Reader(
        viz.inspect(rnn, normal(1, 2, 2), labels=[NASTY, "b"]).save(tmp_path / "p.html").read_text("utf-8")
    )
    kinds = {tag for tag, _ in page.tags}
    assert kinds.isdisjoint({"b", "i"}) and sum(tag == "script" for tag, _ in page.tags) == 1
    assert sum(tag == "img" for tag, _ in page.tags) == 1
    assert NASTY in page.words
    assert json.loads(page.comments[0])["payload"]["labels"] == [[NASTY, "b"]]


def test_the_table_holds_the_numbers():
    rnn, x = linear(), normal(1, 3, 2)
    text = table(viz.inspect(rnn, x, labels=["a", "b", "c"]).payload)
    rows = [re.findall(r"<t[dh]>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]
    assert rows[0] == ["t", "label", "h[0]", "h[1]", "output[0]", "output[1]"]
    h = rshop.trace(rnn, x).states["h"][0]
    assert rows[3][:4] == ["2", "c", f"{h[3, 0]:.4g}", f"{h[3, 1]:.4g}"]


def test_the_still_picture_is_a_png_with_words():
    inspector = viz.inspect(layer(name="lstm"), normal(1, 4, 3))
    assert inspector.picture.startswith(b"\x89PNG")
    image = next(attrs for tag, attrs in Reader(inspector._repr_html_()).tags if tag == "img")
    assert image["alt"].startswith("lstm, sample 0: h = output, c, input_gate")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_run_that_explodes_is_shown(value, tmp_path):
    x = np.ones((1, 4, 2))
    x[0, 1] = value
    assert viz.inspect(linear(), x).save(tmp_path / "p.html").stat().st_size > 10_000


def test_classes_are_prefixed_no_id_is_given_and_nothing_is_fetched():
    names = set(
        re.findall(r"\.([a-zA-Z_][\w-]*)", re.sub(r"/\*.*?\*/|\d*\.\d+", "", viz_html.style(), flags=re.S))
    )
    assert {name for name in names if not name.startswith("rv-")} == {"vscode-dark"}
    forbidden = r"[{,(]\s*id:|\.id\s*=|innerHTML|[\"']canvas|fetch\(|XMLHttp|WebSocket|import[ (]"
    assert not re.search(forbidden, viz_html.script())


def test_200_steps_of_64_units_stay_small():
    inspector = viz.inspect(layer(64, 16), normal(1, 200, 16))
    assert len(viz_html.page(inspector.payload, inspector.picture).encode()) < 1.5e6
    assert ": 200 timesteps, 1 sample" in repr(inspector)


def test_naming_the_inspector_imports_nothing_to_draw_with():
    code = (
        "import sys, rshop; before = set(sys.modules); import viz; viz.inspect; viz.edit;"
        "new = set(sys.modules) - before;"
        "assert not {'matplotlib', 'ipywidgets', 'anywidget', 'graphviz', 'IPython'} & new, new"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=viz.__path__[0] + "/..")


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
    assert names == {"…/h\n= output", "…/c", "…/input_gate", "…/forget_gate", "…/output_gate", "x"}


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
    assert still(payload)._supxlabel.get_text() == "not shown: s8, output, x"


def test_the_still_picture_counts_what_is_no_number_and_shows_which():
    x = normal(1, 4, 2)
    x[0, 1, 0], x[0, 2, 1] = np.nan, np.inf
    figure = still(record(linear(), x))
    assert figure._supxlabel.get_text() == "4 NaN: magenta; 3 infinite: cyan"  # h is h = output
    colours = figure.axes[1].images[0].get_array()  # the input
    seen = [matplotlib.colors.to_hex(colours[unit, t]) for unit, t in ((0, 1), (1, 2))]
    assert seen == ["#ff00e5", "#00e5ff"]


def test_the_still_picture_hatches_the_timesteps_that_do_not_count():
    mask = np.array([[True, False, True, False]])
    figure = still(record(linear(), normal(1, 4, 2), mask=mask))
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert [patch.get_x() + 0.5 for patch in hatched] == [1, 3]
    assert figure._supxlabel.get_text() == "hatched: masked"
    assert still(record(linear(), normal(1, 4, 2)))._supxlabel is None


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


# The editor


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
    assert "free running: This model cannot run on its own outputs" in answer["said"]


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
    shown = editor.payload["values"][1]
    sent = np.frombuffer(base64.b64decode(editor.answer()["futures"][0]["after"][1]), "<f4")
    assert shown["name"] == "h" and sent.reshape(4, 12)[1, 4] == 9.0


def test_a_change_from_the_browser_that_fails_is_answered_and_forgotten():
    editor = viz.edit(linear(), normal(1, 4, 2))
    one = {"role": "state", "name": "h", "unit": 0, "t": 1, "sample": 0, "value": 5.0}
    editor.widget.edits = [one]
    editor.widget.edits = [one, {**one, "value": None}]
    assert editor.widget.edits == editor.edits == [one]
    assert editor.widget.answer["said"].startswith("This cannot be the new value. Received: value=None")
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
