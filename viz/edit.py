"""`edit`: change a state, an input or the readout of one timestep in the notebook, and see both futures."""

import base64
from functools import cache

import numpy as np

import rshop

from . import html, recorded
from .intervene import MODES, intervene
from .record import MEGABYTES, payload_of
from .wrapped import refuse_both_ways


def edit(rnn, x, *, labels=None, sample=0, megabytes=MEGABYTES, **call):
    """The inspector with a row to change what a timestep reads; needs a running kernel.

    Each change is answered with two futures beside the original run: in one every later timestep reads
    the input and readout that it read then; in the other the model runs on its own outputs.
    Where no kernel runs, a picture of the original run is shown.

    Example:
        >>> editor = viz.edit(rnn, np.ones((1, 7, 3)))
        >>> editor.change("h", t=2, unit=0, value=5.0).said
        'h[0] at t = 2: 0.119 to 5.'

    Args:
        rnn, x, labels, sample, megabytes, **call: as in `inspect`.

    Returns:
        An `Editor`: shows itself in a notebook; `.change(...)`, `.undo()`, `.futures`.

    Raises:
        TypeError, ValueError: as `inspect`.
    """
    return Editor(rnn, x, labels, sample, megabytes, call)


class Editor:
    """A run that can be changed. `edit` makes one.

    Attributes:
        edits: the changes, oldest first. Those that count are the last ones of one timestep.
        futures: for each mode an `Intervention`, or what it says why there is none; empty before a change.
        said: the last change in words.
        widget: the anywidget, made when it is first shown.
    """

    def __init__(self, rnn, x, labels, sample, megabytes, call):
        self._rnn, self._x, self._call = rnn, x, call
        refuse_both_ways(rnn)
        self.trace = rshop.trace(rnn, x, **call)
        payload = payload_of(rnn, self.trace, labels, sample, megabytes, call)
        self.payload, self.picture = html.with_picture(payload)
        self.edits, self.futures, self.said, self._widget = [], {}, "", None

    def change(self, name: str, *, t: int, value: float, unit: int = 0, sample: int = 0) -> "Editor":
        """Change one unit of a state, an input or the readout that timestep `t` reads."""
        role = next((v["role"] for v in self.payload["values"] if v["name"] == name), "state")
        one = {"role": role, "name": name, "unit": unit, "t": t, "sample": sample, "value": value}
        return self._set([*self.edits, one])

    def undo(self) -> "Editor":
        """Take the last change back."""
        return self._set(self.edits[:-1])

    def _set(self, edits):
        self.edits = list(edits)
        self.futures, self.said = {}, ""
        if self.edits:
            counting = _last_experiment(self.edits)
            self.said = "; ".join(map(self._words, counting)) + "."
            self.futures = {mode: self._future(mode, counting) for mode in MODES}
        if self._widget is not None:
            self._widget.answer = self.answer()
        return self

    def _future(self, mode, edits):
        call = {key: value for key, value in self._call.items() if key != "training"}
        try:
            changed = _changed(self._rnn, self.trace, edits)
            return intervene(self._rnn, self._x, at=edits[0]["t"], mode=mode, **changed, **call)
        except (TypeError, ValueError) as error:
            return str(error)

    def _words(self, one):
        before = _read(self.trace, self._rnn, one)
        return f"{one['name']}[{one['unit']}] at t = {one['t']}: {before:.3g} to {one['value']:.3g}"

    def answer(self) -> dict:
        """What the browser is told: the change in words, and the futures of all states and outputs."""
        good = {mode: f for mode, f in self.futures.items() if not isinstance(f, str)}
        bad = [f"{mode}: {f}" for mode, f in self.futures.items() if isinstance(f, str)]
        sample = self.edits[-1]["sample"] if self.edits else 0
        futures = [
            {
                "mode": mode,
                "before": self._values(both.original, sample),
                "after": self._values(both.edited, sample),
            }
            for mode, both in good.items()
        ]
        return {"said": " ".join([self.said, *bad]), "futures": futures}

    def _values(self, run, sample):
        every = {
            (v.role, v.name): v for v in recorded.collect(self._rnn, run, self._call.get("constants")).every
        }
        sent = {}
        for i, shown in enumerate(self.payload["values"]):
            if shown["role"] in ("state", "output"):
                value = every[shown["role"], shown["name"]]
                frames = value.array[sample].reshape(-1, value.rows, value.columns)
                frames = frames[: self.payload["steps"] + 1, : shown["rows"], : shown["columns"]]
                sent[i] = base64.b64encode(np.ascontiguousarray(frames, "<f4").tobytes()).decode("ascii")
        return sent

    @property
    def widget(self):
        """The anywidget that talks to the browser."""
        if self._widget is None:
            self._widget = _widget_class()(payload=self.payload, sheet=html.style(), answer=self.answer())
            self._widget.observe(lambda change: self._set(change["new"]), names="edits")
        return self._widget

    def __repr__(self):
        steps, count = self.payload["allSteps"], len(self.edits)
        changes = f"{count} change{'' if count == 1 else 's'}"
        return f"Editor of {self.payload['title']}: {steps} timesteps, {changes}"

    def _ipython_display_(self):
        html.show_picture(self.payload, self.picture)
        html.display(self.widget)


def _last_experiment(edits):
    # One intervention changes one timestep of one sample: the one that was touched last.
    last = (edits[-1]["t"], edits[-1]["sample"])
    return [one for one in edits if (one["t"], one["sample"]) == last]


def _read(trace, rnn, one):
    value = _arrays(trace, rnn, one)[one["sample"], one["t"]]
    return float(np.asarray(value).reshape(-1)[one["unit"]])


def _arrays(trace, rnn, one):
    step = rnn.description
    if one["role"] == "state":
        return trace.states[one["name"]]
    part = (
        (step.inputs, trace.inputs, "input")
        if one["role"] == "input"
        else (step.readouts, trace.readout, "readout")
    )
    return dict(recorded.named_parts(*part))[one["name"]]


def _changed(rnn, trace, edits):
    # The arguments of `intervene`: for each role the whole value of the timestep, changed.
    changed = {}
    for one in edits:
        key = (one["role"], one["name"])
        if key not in changed:
            changed[key] = np.array(_arrays(trace, rnn, one)[:, one["t"]])
        row = changed[key][one["sample"]].reshape(-1)
        row[one["unit"]] = one["value"]
        changed[key][one["sample"]] = row.reshape(changed[key].shape[1:])
    states = {name: value for (role, name), value in changed.items() if role == "state"}
    given = {"states": states} if states else {}
    for role, argument, structure in (
        ("input", "inputs", rnn.description.inputs),
        ("readout", "readout", rnn.description.readouts),
    ):
        mine = {name: value for (kind, name), value in changed.items() if kind == role}
        if mine:
            given[argument] = _whole(structure, role, mine, trace, rnn, edits[0]["t"])
    return given


def _whole(structure, role, mine, trace, rnn, t):
    names = [name for name, _ in recorded.named_parts(structure, structure, role)]
    values = [mine.get(n, _arrays(trace, rnn, {"role": role, "name": n})[:, t]) for n in names]
    return recorded.keras.tree.pack_sequence_as(structure, values)


@cache
def _widget_class():
    import anywidget
    import traitlets

    class EditWidget(anywidget.AnyWidget):
        """The browser's side of an `Editor`."""

        _esm = html.script()
        payload = traitlets.Dict().tag(sync=True)
        sheet = traitlets.Unicode().tag(sync=True)
        edit = traitlets.Bool(True).tag(sync=True)
        edits = traitlets.List().tag(sync=True)
        answer = traitlets.Dict().tag(sync=True)

    return EditWidget
