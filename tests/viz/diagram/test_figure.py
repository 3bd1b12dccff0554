"""What a drawing function returns: pictures, words, files; what is safe; what is missing."""

import base64
import builtins
import pathlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import keras
import matplotlib
import numpy as np
import pytest

import viz
from rshop import RecurrentModel
from tests.support.drawings import DRAWN
from viz.diagram import run_graphviz
from viz.style import palette
from viz.style.labels import Label, shape_text
from viz.style.text_width import width

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def figure():
    return viz.draw_unrolled(DRAWN["lstm"]())


def words(svg):
    """The text of an SVG picture."""
    return words_of(ElementTree.fromstring(svg))


def words_of(element):
    """The text of a part of an SVG picture."""
    return [text.text for text in element.iter(f"{SVG}text")]


def test_importing_viz_imports_nothing_to_draw_with_nor_to_run():
    code = (
        "import sys, viz; heavy = {'matplotlib', 'anywidget', 'ipywidgets', 'graphviz', 'IPython',"
        " 'keras', 'tensorflow', 'numpy'} & set(sys.modules); assert not heavy, heavy; print('good')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "good\n", done.stderr


def test_a_name_that_viz_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="draw_unroled.*draw_unrolled"):
        viz.draw_unroled  # noqa: B018


def test_every_public_name_of_viz_is_a_function_or_class_and_its_docstring_lists_it():
    assert [name for name in viz.__all__ if not callable(getattr(viz, name))] == []
    assert [name for name in viz.__all__ if f"`{name}`" not in viz.__doc__] == []


def test_the_svg_shows_the_names_and_says_what_it_is(figure):
    root = ElementTree.fromstring(figure.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == figure.alt == "LSTMCell unrolled over 4 timesteps: 20 boxes, 18 arrows"
    assert words(figure.svg).count("LSTMCell") == 4
    assert {"t = 0", "t = 3", "first", "last"} <= {word.split(" h")[0] for word in words(figure.svg)}


@pytest.mark.parametrize("draw", [viz.draw_step, viz.draw_unrolled])
@pytest.mark.parametrize("name", ["lstm", "nested", "sampled_stack"])
def test_nothing_is_drawn_behind_a_picture_and_what_stands_alone_reads_on_white_and_on_dark(draw, name):
    root = ElementTree.fromstring(draw(DRAWN[name]()).svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    loose = [part for part in root.iter() if parents.get(part) is not None and _stands_alone(part, parents)]
    colours = {part.get(key) for part in loose for key in ("fill", "stroke")} - {None, "none", "transparent"}
    # Words without a colour are black, whatever the page is.
    assert [part.text for part in loose if part.tag == f"{SVG}text" and part.get("fill") is None] == []
    assert len(colours) > 2
    for colour in colours:
        for page in ("#ffffff", "#111111", "#0d1117"):
            assert contrast(colour, page) >= 3.0


def _stands_alone(part, parents):
    # Arrows, and words outside of boxes. A frame's tint lets the page through.
    if parents[part].get("class") == "node":
        shapes = [other for other in parents[part] if other.tag in (f"{SVG}path", f"{SVG}ellipse")]
        return part.tag == f"{SVG}text" and not shapes
    return part.tag != f"{SVG}g" and part.get("fill-opacity") is None


def test_the_png_is_a_png_of_twice_the_size(figure):
    assert figure.png[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", figure.png[16:24])
    root = ElementTree.fromstring(figure.svg)
    assert abs(wide - 2 * float(root.get("width")[:-2])) <= 2
    assert abs(high - 2 * float(root.get("height")[:-2])) <= 2


def test_jupyter_gets_svg_and_png_and_words(figure):
    data, metadata = figure._repr_mimebundle_()
    assert data["image/svg+xml"] == figure.svg
    assert base64.b64decode(data["image/png"]) == figure.png
    assert data["text/plain"] == "Figure('LSTMCell unrolled over 4 timesteps', 20 boxes, 18 arrows)"
    root = ElementTree.fromstring(figure.svg)
    size = {name: int(root.get(name)[:-2]) for name in ("width", "height")}
    assert metadata["image/png"] == size
    assert abs(size["width"] - struct.unpack(">I", figure.png[16:20])[0] / 2) <= 1


@pytest.mark.parametrize("form", ["svg", "png", "html", "dot", "txt"])
def test_save_writes_the_form_that_the_name_ends_with(figure, tmp_path, form):
    path = figure.save(tmp_path / f"picture.{form}")
    content = path.read_bytes()
    expected = {"svg": figure.svg, "html": figure.html, "dot": figure.dot, "txt": figure.text}
    assert content == (figure.png if form == "png" else expected[form].encode())


def test_save_says_which_endings_there_are(figure, tmp_path):
    with pytest.raises(ValueError, match=r"Received: .*picture.pdf.*\.svg, \.png.*Fix: figure.save"):
        figure.save(tmp_path / "picture.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_saved_page_asks_for_nothing_and_holds_the_words(figure):
    page = figure.html
    assert page.count("<svg") == 1 and "<script" not in page
    assert "src=" not in page and "<link" not in page
    assert "first h (state)" in page


def test_the_same_model_gives_the_same_bytes_whatever_was_made_before():
    pictures = [viz.draw_unrolled(DRAWN["nested"]()).svg for _ in range(2)]
    steps = [viz.draw_step(DRAWN["nested"]()).svg for _ in range(2)]
    assert pictures[0] == pictures[1] and steps[0] == steps[1]


def test_names_are_text_and_never_code():
    x, h = keras.Input((3,), name="<b>x&y<i>"), keras.Input((3,), name='"><script>alert(1)')
    n = keras.layers.Dense(3, name="\\N \\n {a|b} </svg>".replace("/", "|"))(x) + h
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    for figure in (
        viz.draw_step(rnn),
        viz.draw_unrolled(rnn, fold=False),
        viz.draw_unrolled(rnn, rolled=True, fold=False),
    ):
        root = ElementTree.fromstring(figure.svg)
        assert {element.tag for element in root.iter()} <= {
            SVG + tag for tag in ("svg", "g", "title", "text", "polygon", "path", "ellipse", "tspan")
        }
        seen = words(figure.svg)
        assert "<b>x&y<i>" in seen and "\\N \\n {a|b} <|svg>" in seen
        assert any(word.endswith('"><script>alert(1)') for word in seen)
        assert "<script>alert" not in figure.html


def test_every_line_says_how_wide_it_is_so_that_no_font_makes_it_wider():
    for figure in (viz.draw_step(DRAWN["lstm"]()), viz.draw_unrolled(DRAWN["decoder"]())):
        lines = [e for e in ElementTree.fromstring(figure.svg).iter(f"{SVG}text") if e.text.strip()]
        assert len(lines) > 20
        for line in lines:
            assert line.get("lengthAdjust") == "spacingAndGlyphs"
            expected = width(line.text, float(line.get("font-size")))
            assert float(line.get("textLength")) == pytest.approx(expected, abs=0.01)


def test_letters_are_as_wide_as_adobe_says():
    metrics = pathlib.Path(matplotlib.get_data_path(), "fonts", "pdfcorefonts", "Helvetica.afm")
    rows = re.findall(r"^C (\d+) ; WX (\d+) ;", metrics.read_text("latin-1"), flags=re.MULTILINE)
    # Codes 39 and 96 are the curly quotes there.
    found = {
        chr(int(code)): int(wide) for code, wide in rows if 32 <= int(code) < 127 and code not in ("39", "96")
    }
    assert len(found) == 93
    assert {letter: width(letter, 1000) for letter in found} == found
    assert width("é×÷−…", 1000) == 556 + 3 * 584 + 1000
    assert width("e\u0301", 1000) == 556 and width("日本", 1000) == 2000


def test_a_wide_picture_is_shown_smaller_but_never_too_small_to_read():
    def sizes(figure):
        root = ElementTree.fromstring(figure.svg)
        natural, shown = float(root.get("viewBox").split()[2]), int(root.get("width")[:-2])
        least = int(re.search(r"max-width:max\(100%,(\d+)px\)", root.get("style"))[1])
        assert least == pytest.approx(0.73 * natural, abs=1)
        return natural, shown

    natural, shown = sizes(viz.draw_unrolled(DRAWN["lstm"]()))
    assert natural == pytest.approx(shown, abs=1) and shown < 930
    natural, shown = sizes(viz.draw_unrolled(DRAWN["nested"](), steps=50, focus=(20, 25)))
    assert natural > 1500 and shown == pytest.approx(0.73 * natural, abs=1)


@pytest.mark.parametrize(
    "name", ["単語の埋め込みベクトルの列", "العربية مرحبا", "e\u0301" * 12, "😀😀😀😀😀😀"]
)
def test_letters_of_every_script_have_room_in_their_box(name):
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = keras.layers.Dense(3, name=name)(x) + h
    for figure in (
        viz.draw_step(RecurrentModel(x, n, h, n)),
        viz.draw_unrolled(RecurrentModel(x, n, h, n), fold=False),
    ):
        nodes = [g for g in ElementTree.fromstring(figure.svg).iter(f"{SVG}g") if g.get("class") == "node"]
        node = next(g for g in nodes if name in words_of(g))
        line = next(e for e in node.iter(f"{SVG}text") if e.text == name)
        numbers = re.findall(r"-?[\d.]+", next(node.iter(f"{SVG}path")).get("d"))
        left, right = (limit(map(float, numbers[::2])) for limit in (min, max))
        start = float(line.get("x"))
        assert line.get("text-anchor") == "start"
        assert left + 4 < start and start + float(line.get("textLength")) < right - 4
        assert f"{name} (layer, Dense 3" in figure.text


def test_unicode_names_are_drawn_and_control_characters_are_not():
    x, h = keras.Input((3,), name="単語"), keras.Input((3,), name="h\x00\n\u202eβ")
    n = x + h
    figure = viz.draw_step(RecurrentModel(x, n, h, n))
    assert {"単語", "h β"} <= set(words(figure.svg))
    assert "単語_t (input, 3)" in figure.text


def test_a_long_name_breaks_between_words_and_is_whole_in_the_words():
    x = keras.Input((3,), name="a_name_that_goes_on_" * 3)
    figure = viz.draw_step(RecurrentModel(x, keras.ops.tanh(x)))
    seen = words(figure.svg)
    assert "a_name_that_goes_on_a_" in seen and "name_that_goes_on_a_name_…" in seen
    assert "a_name_that_goes_on_" * 3 in figure.text


def test_without_a_program_the_words_still_show_and_say_what_to_install(figure, monkeypatch):
    monkeypatch.setattr(run_graphviz.shutil, "which", lambda *_, **__: None)
    with pytest.raises(RuntimeError, match="pip install graphviz-pure"):
        figure.svg  # noqa: B018
    data, _ = figure._repr_mimebundle_()
    assert list(data) == ["text/plain"]
    assert "pip install graphviz-pure" in data["text/plain"] and figure.text in data["text/plain"]


def test_without_the_package_graphviz_the_words_still_show(figure, monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "graphviz":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match="pip install graphviz graphviz-pure"):
        figure.dot  # noqa: B018
    assert figure.text in figure._repr_mimebundle_()[0]["text/plain"]


def test_a_system_dot_is_the_fallback(monkeypatch):
    there = {"dot": "somewhere/dot"}
    monkeypatch.setattr(run_graphviz.shutil, "which", lambda name, **_: there.get(name))
    assert run_graphviz.program() == "somewhere/dot"


def test_a_program_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(run_graphviz, "program", lambda: sys.executable)
    with pytest.raises(RuntimeError, match="Graphviz could not draw.*Received: .*ended with"):
        run_graphviz.draw("digraph {}", "svg", placed=False)


def contrast(a, b):
    """The contrast of two colours by the rule of the Web Content Accessibility Guidelines."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted([light(a), light(b)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("role", palette.ROLES)
def test_the_text_of_every_role_can_be_read_on_its_colour(role):
    look = palette.colour(role)
    if role != "group":  # whose tint lets the page through
        assert contrast(look.text, look.fill) >= 4.5
        assert role == "truth" or contrast(palette.QUIET, look.fill) >= 4.5
    assert contrast(look.line, palette.PAPER) >= (2.0 if role == "masked" else 3.0)


def test_what_is_read_on_every_page_is_as_clear_on_white_as_on_dark():
    # No colour has more than 4.35 on both.
    assert min(contrast(palette.EITHER, page) for page in ("#ffffff", "#111111", "#0d1117")) > 4.2


def test_a_tooltip_says_in_full_what_a_box_and_an_arrow_are():
    root = ElementTree.fromstring(viz.draw_step(DRAWN["lstm"]()).svg)
    found = [title.text for title in root.iter(f"{SVG}title")]
    made_of = "kernel Product 40, recurrent_kernel Product 40, +, Bias 10, split"
    assert f"x_t: 5 → W x_t + U h_t-1 + b: {made_of}: 4 × (10)" in found
    assert "forget_gate: sigmoid: 10" in found
    assert not [words for words in found if re.search(r"\bn\d", words)]


def test_symmetric_limits_hold_every_finite_value():
    assert palette.symmetric_limits([0.5, -2.0], [[1.0, np.nan, -np.inf]]) == (-2.0, 2.0)
    assert palette.symmetric_limits(np.zeros((2, 3)), []) == (-1.0, 1.0)


def test_shapes_are_written_without_the_batch():
    assert shape_text((None, 5, 3)) == "5 × 3"
    assert shape_text((None,), "int32") == "scalar int32"
    assert shape_text((2, None)) == "?"


def test_a_wider_label_takes_more_room():
    assert width("mmm", 10) > width("nnn", 10) > width("iii", 10)
    assert Label("x", "0").size(16, 12)[0] > Label("x").size(16, 12)[0]
    assert Label("x", detail="d").size(16, 12)[1] > Label("x").size(16, 12)[1]
