"""`edit`: change a state, an input or the readout of one timestep, and see both futures."""

from functools import cache

import rshop
from rshop.errors import taken_apart
from rshop.tracing.call_request import read_request
from rshop.tracing.intervene import MODES, intervene
from viz.inspector.call_checks import INSPECTOR, check_not_empty
from viz.inspector.edits import as_arguments, checked, in_words
from viz.inspector.page import html_page
from viz.inspector.payload import run_values
from viz.inspector.payload.build_payload import MEGABYTES, payload_of
from viz.inspector.payload.encoding import as_base64, encoded


def edit(rnn, x, *, labels=None, output_labels=None, sample=0, megabytes=MEGABYTES, **call):
    """The inspector with a row to change what a timestep reads; needs a running kernel.

    Each change is answered with two futures beside the original run: in one every later timestep reads
    the input and readout that it read then; in the other the model runs on its own outputs.
    Where no kernel runs, a picture of the original run is shown.

    Example:
        >>> editor = viz.edit(rnn, np.ones((1, 7, 3)))
        >>> editor.change("h", t=2, unit=0, value=5.0).said
        'h[0] at t = 2: 0.119 to 5.'

    Args:
        rnn, x, labels, output_labels, sample, megabytes, **call: as in `inspect`.

    Returns:
        An `Editor`: shows itself in a notebook; `.change(...)`, `.undo()`, `.futures`.

    Raises:
        TypeError, ValueError: as `inspect`.
    """
    shown = {"labels": labels, "output_labels": output_labels, "sample": sample, "megabytes": megabytes}
    return Editor(rnn, x, call, **shown)


class Editor:
    """A run that can be changed. `edit` makes one.

    Attributes:
        edits: the changes, oldest first. Those that count are the last ones of one timestep.
        futures: for each mode an `Intervention`, or the reason why the model cannot run on its own outputs;
            empty before a change.
        said: the last change in words.
        widget: the anywidget, made when it is first shown.
    """

    def __init__(self, rnn, x, call, **shown):
        rnn, x, call = read_request(rnn, x, call, own=INSPECTOR)
        self._rnn, self._x, self._call = rnn, x, call
        check_not_empty(x)
        self.trace = rshop.trace(rnn, x, **call)
        self.payload, self.picture = html_page.with_picture(payload_of(rnn, self.trace, call, **shown))
        self.edits, self.futures, self.said, self._widget = [], {}, "", None

    def change(self, name: str, *, t: int, value: float, unit: int = 0, sample: int = 0) -> "Editor":
        """Change one unit of a state, an input or the readout that timestep `t` reads.

        Args:
            name: of a state, an input or the readout; an unambiguous ending is enough.
            t: the timestep, counted from the end where it is negative.
            value: the new number.
            unit: which number, as the inspector counts them: row after row, of an image the channels of
                a row side by side.
            sample: of the batch.

        Raises:
            TypeError: the value is no number.
            ValueError: no such name, timestep, unit or sample; a number that the value cannot be. The
                changes before this one stay.
        """
        one = {"name": name, "unit": unit, "t": t, "sample": sample, "value": value}
        return self._set([*self.edits, one])

    def undo(self) -> "Editor":
        """Take the last change back."""
        return self._set(self.edits[:-1])

    def _set(self, edits):
        # Nothing is kept before all of it has succeeded: a change that fails leaves no trace.
        edits, futures, said = [checked(self._rnn, self.trace, one) for one in edits], {}, ""
        if edits:
            counting = _last_experiment(edits)
            said = "; ".join(in_words(self._rnn, self.trace, one) for one in counting) + "."
            futures = {mode: self._future(mode, counting) for mode in MODES}
        self.edits, self.futures, self.said = edits, futures, said
        if self._widget is not None:
            self._widget.edits, self._widget.answer = edits, self.answer()
        return self

    def _from_browser(self, edits):
        if edits == self.edits:
            return
        try:
            self._set(edits)
        except (TypeError, ValueError) as error:
            self._widget.edits = self.edits
            self._widget.answer = {**self.answer(), "said": _to_a_student(error)}

    def _future(self, mode, edits):
        call = {key: value for key, value in self._call.items() if key != "training"}
        changed = as_arguments(self._rnn, self.trace, edits)
        try:
            return intervene(self._rnn, self._x, at=edits[0]["t"], mode=mode, **changed, **call)
        except ValueError as error:
            if mode == MODES[0]:
                raise
            return str(error)  # not every model can run on its own outputs

    def answer(self) -> dict:
        """The answer to the browser: the change in words, and the futures of all states and outputs."""
        good = {mode: f for mode, f in self.futures.items() if not isinstance(f, str)}
        bad = [f"No {mode}: {taken_apart(f)[0]}" for mode, f in self.futures.items() if isinstance(f, str)]
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
        found = run_values.collect(self._rnn, run, self._call.get("constants"))
        every = {(value.role, value.name): value for value in found.every}
        sent = {}
        for i, shown in enumerate(self.payload.values):
            if shown.role in ("state", "output"):
                value = every[shown.role, shown.name]
                frames = value.array[sample].reshape(-1, value.rows, value.columns)
                sent[i] = as_base64(frames[: self.payload.steps + 1, : shown.rows, : shown.columns])
        return sent

    @property
    def widget(self):
        """The anywidget that talks to the browser."""
        if self._widget is None:
            given = {"payload": encoded(self.payload), "edits": self.edits, "answer": self.answer()}
            self._widget = _widget_class()(sheet=html_page.style(), **given)
            self._widget.observe(lambda change: self._from_browser(change["new"]), names="edits")
        return self._widget

    def __repr__(self):
        steps, count = self.payload.all_steps, len(self.edits)
        changes = f"{count} change{'' if count == 1 else 's'}"
        return f"Editor of {self.payload.title}: {steps} timesteps, {changes}"

    def _ipython_display_(self):
        html_page.show_picture(self.payload, self.picture)
        html_page.display(self.widget)


def _to_a_student(error):
    # Which argument of which call to mend is for who writes Python.
    problem, expected = taken_apart(str(error))
    return f"Nothing was changed. {problem}" + (f" What fits: {expected}." if expected else "")


def _last_experiment(edits):
    # One intervention changes one timestep of one sample: the one that was touched last.
    last = (edits[-1]["t"], edits[-1]["sample"])
    return [one for one in edits if (one["t"], one["sample"]) == last]


@cache
def _widget_class():
    import anywidget
    import traitlets

    class EditWidget(anywidget.AnyWidget):
        """The browser's side of an `Editor`."""

        _esm = html_page.script()
        payload = traitlets.Dict().tag(sync=True)
        sheet = traitlets.Unicode().tag(sync=True)
        edit = traitlets.Bool(True).tag(sync=True)
        edits = traitlets.List().tag(sync=True)
        answer = traitlets.Dict().tag(sync=True)

    return EditWidget
