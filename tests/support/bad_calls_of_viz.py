"""The public callables of `viz` with a valid call each, and what their arguments accept."""

import atexit
import shutil
import tempfile
from pathlib import Path

import numpy as np

import rshop
import viz
from tests.support.bad_calls import CALL, ODD, TRAINING, M, Target, X, odd
from tests.support.bad_values import COUNT, FLAG, FLAG_OR_NONE, NOTHING, NUMBERS
from tests.support.generation import token_model

_INDEX = {"zero", "one"}
_TIMESTEP = {"zero", "one", "minus one"}
_AX = {"None"}
_RUN = {"rnn": NOTHING, "x": NOTHING, **CALL}
_LABELS = {"None", "generator"}
_NUMBER = {"zero", "one", "minus one", "fraction", "negative"}


def drawings(p):
    """Drawings of a step."""
    rnn = lambda: {"rnn": p["lstm"]}  # noqa: E731
    fold = {*FLAG, "zero", "one", "huge", "empty list", "empty tuple"}
    yield Target("equations", viz.equations, rnn, {"rnn": NOTHING})
    yield Target(
        "draw_step", viz.draw_step, rnn, {"rnn": NOTHING, "fold": fold, "schedule": FLAG, "expand": FLAG}
    )
    kinds = {
        "rnn": NOTHING,
        "steps": COUNT | {"huge"},
        "focus": {"None", "zero", "one"},
        "rolled": FLAG,
        "fold": fold,
        "mask": {"None"},
        "training": FLAG_OR_NONE,
        "expand": FLAG,
    }
    yield Target("draw_unrolled", viz.draw_unrolled, rnn, kinds)
    beams = {"strategy": "beam", "beam_width": 2}
    found = rshop.generate(token_model(seed=3)[0], 3, **beams, initial_state=np.eye(2, 6, dtype="float32"))
    kinds = {"generated": NOTHING, "sample": _INDEX, "labels": _LABELS, "steps": COUNT}
    yield Target("beam_tree", viz.beam_tree, lambda: {"generated": found}, kinds)
    yield Target("Figure", viz.Figure, lambda: {"scene": p["figure"].scene}, {"scene": NOTHING})


def runs(p):
    """The inspector and the editor."""
    valid = lambda: {"rnn": p["whole"], "x": X, "constants": M}  # noqa: E731
    kinds = {**_RUN, **TRAINING, "labels": _LABELS, "sample": _INDEX}
    kinds["output_labels"] = {"None"}
    kinds["megabytes"] = {"one", "fraction", "huge"}
    beside = {**kinds, "beside": {"None", "empty dict"}}
    yield Target("inspect", viz.inspect, valid, beside, extra={**ODD, "beside": odd(X)})
    yield Target("edit", viz.edit, valid, kinds, extra=ODD)


def changes(p):
    """What is changed in a run."""
    editor = p["editor"]

    def change(**given):
        before = editor.said
        try:
            editor.change(**given)
            return editor.futures["inputs kept"].edited.states["h"]
        finally:
            if editor.said != before:
                editor.undo()

    valid = lambda: {"name": "h", "t": 1, "value": 1.0}  # noqa: E731
    kinds = {"name": NOTHING, "t": _TIMESTEP, "value": _NUMBER | {"huge"}, "unit": _INDEX, "sample": _INDEX}
    kinds["role"] = {"None"}
    state = lambda: [editor.said, len(editor.edits), *editor.futures]  # noqa: E731
    yield Target("Editor.change", change, valid, kinds, state=state)

    def take_back(which):
        before = editor.said
        try:
            return editor.take_back(which).said
        finally:
            if editor.said != before:
                editor.undo()

    yield Target(
        "Editor.take_back", take_back, lambda: {"which": 0}, {"which": {"zero", "minus one"}}, state=state
    )
    valid = lambda: {"rnn": p["whole"], "x": X, "constants": M, "at": 1}  # noqa: E731
    kinds = {
        **_RUN,
        "at": _TIMESTEP,
        "states": CALL["initial_state"],
        "inputs": NUMBERS | {"None"},
        "readout": NUMBERS | {"None", "list of None"},
        "mode": NOTHING,
    }
    yield Target("intervene", viz.intervene, valid, kinds, extra=ODD)
    yield Target("Intervention.effect", p["both"].effect, lambda: {"name": "h"}, {"name": NOTHING})


def measures(p):
    """What is computed from a run."""
    valid = lambda: {"rnn": p["whole"], "x": X, "constants": M, "ax": False}  # noqa: E731
    kinds = {
        **_RUN,
        "of": {"None"},
        "state": {"None"},
        "loss": {"None"},
        "truncate": {"None", "one", "huge"},
        "label": {"None", "text", "empty text"},
        "ax": _AX,
    }
    yield Target("gradient_flow", viz.gradient_flow, valid, kinds, extra=ODD)
    draw = {"ax": _AX, "label": kinds["label"]}
    yield Target("GradientFlow.draw", lambda **given: p["flow"].draw(**given).matrix, dict, draw)
    kinds = {
        **_RUN,
        "t": _TIMESTEP,
        "method": {"None"},
        "loss": {"None"},
        "sample": _INDEX,
        "labels": _LABELS,
        "ax": _AX,
    }
    yield Target("input_influence", viz.input_influence, valid, kinds, extra=ODD)
    rnn = lambda: {"rnn": p["lstm"], "ax": False}  # noqa: E731
    yield Target("eigenvalues", viz.eigenvalues, rnn, {"rnn": NOTHING, "ax": _AX})


def pictures(p):
    """Plots of a trace."""
    valid = lambda: {"trace": p["record"], "name": "gate"}  # noqa: E731
    base = {"trace": NOTHING, "name": NOTHING, "sample": _INDEX, "ax": _AX}
    yield Target("heatmap", viz.heatmap, valid, {**base, "limits": {"None"}})
    yield Target("trajectory", viz.trajectory, valid, {**base, "sample": {"None", *_INDEX}})
    names = {"None"}
    yield Target(
        "gates", viz.gates, lambda: {"trace": p["record"]}, {"trace": NOTHING, "names": names, "ax": _AX}
    )
    kinds = {**base, "head": {"None", "zero"}, "memory": _LABELS, "outputs": _LABELS}
    yield Target("attention_map", viz.attention_map, valid, kinds)
    valid_pair = lambda: {"trace_a": p["record"], "trace_b": p["record"], "name": "h", "ax": False}  # noqa: E731
    kinds = {"trace_a": NOTHING, "trace_b": NOTHING, "name": NOTHING, "sample": _INDEX, "ax": _AX}
    kinds |= {"tolerance": {"zero", "one", "fraction", "huge", "infinity"}}
    yield Target("compare", viz.compare, valid_pair, {**kinds, "labels": {"list of texts"}})
    kinds = {**base, "kind": {"None"}, "fps": {"one", "fraction", "huge"}}
    yield Target("animate", viz.animate, valid, kinds)


def files(p):
    """What is saved."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    state = lambda: [len(list(folder.iterdir()))]  # noqa: E731
    made = {"figure": "svg", "inspector": "html", "editor": "html", "movie": "gif", "source": "py"}
    for what, ending in made.items():
        extra = {
            "no folder": lambda ending=ending: folder / "nowhere" / f"a.{ending}",
            "a folder": lambda: folder,
            "no ending": lambda: folder / "a",
            "another ending": lambda: str(folder / "a.keras"),
            "a name too long": lambda ending=ending: folder / f"{'a' * 300}.{ending}",
            "a zero byte": lambda ending=ending: f"{folder}/a\x00b.{ending}",
        }
        valid = lambda what=what, ending=ending: {"path": folder / f"{what}.{ending}"}  # noqa: E731
        name = f"{type(p[what]).__name__}.save"
        kinds = {"path": NOTHING, **({"mode": NOTHING} if what == "editor" else {})}
        yield Target(name, p[what].save, valid, kinds, extra={"path": extra}, state=state)


GROUPS = (drawings, runs, changes, measures, pictures, files)
