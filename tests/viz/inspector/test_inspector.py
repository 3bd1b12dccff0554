"""The inspector and the editor as Python objects: their text, their page, their edits. No browser."""

import html.parser
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from tests.support.inspected import layer, linear, normal
from viz.inspector.page import html_page as viz_html
from viz.inspector.page.numbers_table import table
from viz.inspector.payload.encoding import encoded

NASTY = '</script><img src=x onerror="steal()"> --> & ünïcode'


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
    assert parts["payload"] == encoded(inspector.payload)
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
    assert image["alt"].startswith("lstm, sample 0: h = output, c, input gate")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_run_that_explodes_is_shown(value, tmp_path):
    x = np.ones((1, 4, 2))
    x[0, 1] = value
    assert viz.inspect(linear(), x).save(tmp_path / "p.html").stat().st_size > 10_000


def test_classes_are_prefixed_no_id_is_given_and_nothing_is_fetched():
    names = set(
        re.findall(r"\.([a-zA-Z_][\w-]*)", re.sub(r"/\*.*?\*/|\d*\.\d+", "", viz_html.style(), flags=re.S))
    )
    assert {name for name in names if not name.startswith("rv-")} == {"vscode-dark", "vscode-light"}
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
