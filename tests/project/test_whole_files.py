"""A file that `viz` and the tools write is there whole, or it is what it was before."""

import gc
import importlib
import os
import resource
import stat
import sys
import warnings
from pathlib import Path
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
from PIL import Image

import rshop
import viz
from rshop import LSTMCell
from viz.diagram.scene import Box, Scene
from viz.style import atomic_write
from viz.style.labels import Label

ROOT = Path(__file__).resolve().parents[2]
HALF = b"\xff".decode("utf8", "surrogateescape")
# What is no text in a file -> how it is written in a page.
ODD = {
    "\x00": r"\x00",
    "\x1b": r"\x1b",
    "\x85": r"\x85",
    "\ud800": r"\ud800",
    HALF: r"\udcff",
    "\ufffe": r"\ufffe",
    "\U0010ffff": r"\U0010ffff",
    "a\udc80b": r"a\udc80b",
    "<&\x07>": r"&lt;&amp;\x07&gt;",
    "\u202eword": "\u202eword",
}


@pytest.fixture(scope="module")
def rnn():
    return LSTMCell(4, input_dim=3, name="cell").get_layer(return_sequences=True)


@pytest.fixture(scope="module")
def saved(rnn):
    """Everything of viz that has a `save`, and the endings that it takes."""
    x = np.ones((1, 3, 3))
    return {
        "figure": (viz.draw_step(rnn), ("svg", "png", "html", "dot", "txt")),
        "inspector": (viz.inspect(rnn, x), ("html", "htm")),
        "editor": (viz.edit(rnn, x).change("h", t=1, value=2.0), ("html", "htm")),
        "animation": (viz.animate(rshop.trace(rnn, x), "h"), ("gif", "html")),
        "source": (rshop.to_numpy(rnn), ("py",)),
    }


SAVES = [("figure", ending) for ending in ("svg", "png", "html", "dot", "txt")]
SAVES += [("inspector", "html"), ("inspector", "htm"), ("editor", "html"), ("editor", "htm")]
SAVES += [("animation", "gif"), ("animation", "html"), ("source", "py")]
every_save = pytest.mark.parametrize("what, ending", SAVES)


def test_every_object_with_a_save_is_looked_at_here(saved):
    """A `save` that is not in the table above would not be tested."""
    found = set()
    for path in [*(ROOT / "viz").rglob("*.py"), *(ROOT / "rshop").rglob("*.py")]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        for thing in vars(module).values():
            ours = isinstance(thing, type) and thing.__module__.startswith(("viz.", "rshop."))
            if ours and hasattr(thing, "save") and not issubclass(thing, keras.Model):
                found.add(thing)
    assert found == {type(thing) for thing, _ in saved.values()}
    assert {(what, ending) for what, (_, endings) in saved.items() for ending in endings} == set(SAVES)


class SmallDisk:
    """Within it no file grows beyond some bytes: a write fails as on a full disk."""

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.most, self.before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


@every_save
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(saved, tmp_path, what, ending):
    path = tmp_path / f"old.{ending}"
    path.write_bytes(b"what was there")
    with SmallDisk(100), pytest.raises(OSError, match="(?s)Received: .*Expected: .*Fix: ") as caught:
        saved[what][0].save(path)
    text = str(caught.value)
    assert str(path) in text and "File too large" in text
    del caught
    with warnings.catch_warnings():  # matplotlib leaves a folder of its own to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == [path.name]


@every_save
def test_an_interrupt_leaves_the_old_file_and_nothing_beside_it(saved, tmp_path, monkeypatch, what, ending):
    path = tmp_path / f"old.{ending}"
    path.write_bytes(b"what was there")

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        saved[what][0].save(path)
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == [path.name]


def test_an_animation_that_stops_halfway_leaves_the_old_file(saved, tmp_path):
    movie, count = saved["animation"][0], []
    path = tmp_path / "old.gif"
    path.write_bytes(b"what was there")
    show = movie.show

    def stop(t):
        count.append(t)
        if len(count) == 3:
            raise RuntimeError("no more")
        return show(t)

    movie.show = stop
    try:
        with pytest.raises(RuntimeError, match="no more"):
            movie.save(path)
    finally:
        movie.show = show
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == [path.name]


@every_save
def test_a_save_replaces_the_old_file_by_the_whole_new_one(saved, tmp_path, what, ending):
    first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    second.write_bytes(b"what was there" * 100_000)
    second.chmod(0o640)
    assert saved[what][0].save(first) == first and saved[what][0].save(str(second)) == second
    assert first.stat().st_size > 100 and abs(first.stat().st_size - second.stat().st_size) < 200
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    assert stat.S_IMODE(first.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
    assert stat.S_IMODE(second.stat().st_mode) == 0o640
    beside = {"first.npz", "second.npz"} if what == "source" else set()
    assert set(os.listdir(tmp_path)) == {first.name, second.name, ordinary.name} | beside


def test_a_folder_that_is_not_there_is_named(saved, tmp_path):
    for what, (thing, endings) in saved.items():
        path = tmp_path / "nowhere" / f"{what}.{endings[0]}"
        with pytest.raises(FileNotFoundError, match="nowhere.*Expected: .*Fix: "):
            thing.save(path)
    assert os.listdir(tmp_path) == []


def test_a_folder_of_the_files_name_is_no_file(saved, tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(IsADirectoryError, match="page.html.*Expected: "):
        saved["inspector"][0].save(tmp_path / "page.html")
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_link_stays_a_link(saved, tmp_path):
    (tmp_path / "far").mkdir()
    link, far = tmp_path / "near.svg", tmp_path / "far" / "real.svg"
    link.symlink_to(far)
    for _ in range(2):
        saved["figure"][0].save(link)
        assert link.is_symlink() and far.read_bytes() == saved["figure"][0].svg.encode()
    assert os.listdir(tmp_path / "far") == ["real.svg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everything")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path):
    path = tmp_path / "kept.txt"
    path.write_text("mine")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        atomic_write.write(path, "yours")
    assert path.read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_device_is_written_to_and_says_that_it_is_full():
    with pytest.raises(OSError, match="No space left.*Received: /dev/full.*Fix: "):
        atomic_write.write("/dev/full", "x" * 10)
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


# Odd code points -----------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_an_odd_label_is_written_and_seen_in_the_page(rnn, tmp_path, odd):
    """A label with half a character was fatal, and had already emptied the file."""
    page = viz.inspect(rnn, np.ones((1, 3, 3)), labels=["a", "b", odd])
    text = page.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"<td>{ODD[odd]}</td>" in text
    assert not set(text) & set("".join(map(chr, [*range(9), *range(14, 32), *range(127, 160)])))


def test_an_odd_title_is_written_in_every_form(tmp_path):
    """Each name that Keras takes is drawn; SVG has to be XML."""
    boxes = [Box("n0", Label(odd, detail=odd, shape=odd), "input") for odd in ODD]
    for n, box in enumerate(boxes):
        box.id = f"n{n}"
    scene = Scene("".join(ODD), boxes, notes=["".join(ODD)])
    figure = viz.Figure(scene)
    for ending in ("svg", "png", "html", "dot", "txt"):
        path = figure.save(tmp_path / f"odd.{ending}")
        if ending == "png":
            with Image.open(path) as picture:
                assert min(picture.size) > 100
            continue
        text = path.read_text(encoding="utf-8")
        assert not set(text) & set("".join(map(chr, [*range(9), *range(14, 32), *range(127, 160)])))
        assert "\\udcff" in text or "&#92;udcff" in text
    ElementTree.fromstring(figure.svg)
    assert "\\ud800" in figure.text and "\\x00" in figure.alt


def test_an_odd_name_is_written_in_an_animation(tmp_path, saved):
    movie = saved["animation"][0]
    name, movie.name = movie.name, HALF + "\x00<"
    try:
        text = movie.save(tmp_path / "odd.html").read_text(encoding="utf-8")
    finally:
        movie.name = name
    assert "<title>\\udcff\\x00&lt;</title>" in text


def test_odd_names_of_a_model_are_drawn(tmp_path):
    x, h = keras.Input((3,), name="x" + HALF), keras.Input((3,), name="h\x07")
    n = x + h
    rnn = rshop.RecurrentModel(x, n, h, n)
    for figure in (viz.draw_step(rnn), viz.draw_unrolled(rnn)):
        assert "x\\udcff" in figure.save(tmp_path / "odd.svg").read_text(encoding="utf-8")
    page = viz.inspect(rnn, np.ones((1, 3, 3))).save(tmp_path / "odd.html")
    assert "h\\x07" in page.read_text(encoding="utf-8")


# What the tools write ------------------------------------------------------------------------------


def test_no_tool_writes_a_file_in_another_way():
    """`write_text` cuts the old file before the new one is there."""
    ways = (".write_text(", ".write_bytes(", "nbformat.write(", "savefig(", ".unlink(", "json.dump(")
    found = []
    for folder in ("tools", "notebooks/course", "viz", "benchmarks", "rshop"):
        for path in sorted((ROOT / folder).rglob("*.py"), key=lambda path: path.name):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [(path.name, line.strip()) for line in lines if any(way in line for way in ways)]
    assert found == [
        ("site_examples.py", 'plt.gcf().savefig(out, format="png", dpi=110, bbox_inches="tight")'),
        ("animate.py", 'unfinished.write_text(_page(self.name, self._repr_html_()), encoding="utf-8")'),
        ("animate.py", 'self.figure.savefig(drawn, format="png", dpi=self.figure.dpi)'),
        (
            "still_image.py",
            'still(payload, invitation).savefig(out, format="png", metadata={"Software": None})',
        ),
        ("plot.py", "figure.savefig(unfinished, dpi=120)"),
        ("files.py", "unfinished.write_bytes(data)"),
        ("files.py", "unfinished.unlink(missing_ok=True)"),
        ("source.py", 'text.write_text(self.text, encoding="utf-8")'),
    ]


@pytest.mark.parametrize("tool", ["write_map", "link_lessons", "make_student"])
def test_a_tool_on_a_full_disk_leaves_the_old_file(tool, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    module = importlib.import_module(tool)
    old = tmp_path / "00_win_first.ipynb"
    text = (ROOT / "notebooks" / old.name).read_text(encoding="utf-8")
    before = module.emptied(text) if tool == "make_student" else text
    if tool == "write_map":
        old, before = tmp_path / "README.md", (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
        monkeypatch.setattr(module, "README", old)
    old.write_text(before, encoding="utf-8")

    def run():
        if tool == "write_map":
            module.main()
        elif tool == "make_student":
            module.main(["--into", str(tmp_path)])
        else:
            monkeypatch.setattr(module, "FOLDER", tmp_path)
            first = module.lessons()[0].first
            module.write_first_cell(old.name, first, "another")

    with SmallDisk(1000), pytest.raises(OSError, match="too large"):
        run()
    assert old.read_text(encoding="utf-8") == before
    assert os.listdir(tmp_path) == [old.name]


def test_writing_needs_no_keras():
    """The tools that write text are quick."""
    code = "import sys, viz.style.atomic_write; sys.exit('keras' in sys.modules)"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0
