"""`edit`: change what timesteps read, and see the run part in two."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np

import rshop
from rshop.errors import message, taken_apart, told
from rshop.files import checked_path, write
from rshop.tracing.call_request import read_request
from rshop.tracing.intervene import Intervention
from rshop.tracing.replay import MODES, Replay
from viz.inspector import edits as changes
from viz.inspector.call_checks import INSPECTOR, check_not_empty
from viz.inspector.changed_run import Shown, both_runs, with_both
from viz.inspector.edit_widget import widget_of
from viz.inspector.page import html_page
from viz.inspector.page.still_image import INVITATION_TO_CHANGE
from viz.inspector.payload.build_payload import MEGABYTES, payload_of
from viz.inspector.payload.encoding import encoded, encoded_runs


def edit(rnn, x, *, labels=None, output_labels=None, sample=0, megabytes=MEGABYTES, **call):
    """The inspector with numbers that can be changed: the run as it was and as changed, side by side.

    In a notebook the tab "Change" has a line of what each timestep reads, of which a point is dragged, or
    its number typed. A cell of a heat map, a strip or a picture is dragged alike, up and down; a double
    click, or F2, types it. What a timestep hands on is what the next one reads. From the changed timestep on
    the page shows both runs and their difference, and where they part; a switch shows the changed run in the
    diagram, the equations and the table. Several changes count together, and each can be taken back alone.
    After them, later timesteps read the inputs and readouts that they read before ("inputs kept"), or the
    model reads its own outputs ("free running").

    The page needs a running kernel. Without one, as in an exported notebook, a picture of the run is shown
    that says so; `.save` writes both runs as a page that needs none.

    Example:
        >>> editor = viz.edit(rnn, np.ones((1, 7, 3)))
        >>> editor.change("h", t=2, unit=0, value=5.0).said
        'h[0] at t = 2: 0.119 to 5.'
        >>> editor.futures["inputs kept"].effect("h").shape  # changed less as it was
        (1, 8, 4)
        >>> editor.undo()
        Editor of LSTMCell: 7 timesteps, 0 changes

    Args:
        rnn, x, labels, output_labels, sample, megabytes, **call: as in `inspect`.

    Returns:
        An `Editor`: shows itself in a notebook; `.change(...)`, `.undo()`, `.take_back(...)`, `.futures`,
        `.save("changed.html")`.

    Raises:
        TypeError, ValueError: as `inspect`.
    """
    shown = {"labels": labels, "output_labels": output_labels, "sample": sample, "megabytes": megabytes}
    return Editor(rnn, x, call, **shown)


class Editor:
    """A run that can be changed. `edit` makes one.

    Attributes:
        edits: the changes that count, oldest first, one for each number that is changed.
        futures: for each mode an `Intervention`, whose `at` is the first changed timestep, or the reason why
            the model cannot run on its own outputs; empty before a change. Dropout is off in both runs.
        said: the changes in words.
        widget: the anywidget, made when it is first shown.
        hears: whether a wish of the page is being answered: then the picture waits until it is.
    """

    def __init__(self, rnn, x, call, **shown):
        rnn, x, call = read_request(rnn, x, call, own=INSPECTOR)
        self._rnn, self._x, self._call, self._options = rnn, x, call, shown
        check_not_empty(x)
        self.trace = rshop.trace(rnn, x, **call)
        self.payload, self.picture = html_page.with_picture(
            payload_of(rnn, self.trace, call, **shown), INVITATION_TO_CHANGE
        )
        self._shown = Shown(rnn, self.payload, call)
        self.edits, self.futures, self.said, self._widget = [], {}, "", None
        self._earlier, self._runs, self._changed, self._replay, self._weights = [], {}, {}, None, None
        self._picture_id, self.hears = None, False

    def change(
        self, name: str, *, t: int, value: float, unit: int = 0, sample: int = 0, role: str | None = None
    ) -> "Editor":
        """Change one unit of a state, an input or the readout that timestep `t` reads.

        Changes add up; a second one of the same number stands in place of the first.

        Args:
            name: of a state, an input or the readout; an unambiguous ending is enough.
            t: the timestep, counted from the end where it is negative.
            value: the new number.
            unit: which number, as the inspector counts them: row after row, of an image the channels of
                a row side by side.
            sample: of the batch.
            role: `"state"`, `"input"` or `"readout"`, where several have the name; None for any.

        Raises:
            TypeError: the value is no number.
            ValueError: no such name, role, timestep, unit or sample; a number that the value cannot be. The
                changes before this one stay.
        """
        one = {"name": name, "unit": unit, "t": t, "sample": sample, "value": value, "role": role}
        return self._set(self._with(one), [*self._earlier, self.edits])

    def undo(self) -> "Editor":
        """Take the last step back, a change or one that was taken back; nothing where there was none."""
        *earlier, edits = self._earlier or [[]]
        return self._set(edits, earlier)

    def take_back(self, which: int) -> "Editor":
        """Take one change back; the others stay.

        Args:
            which: its place in `edits`, counted from the end where it is negative.

        Raises:
            ValueError: no such change.
        """
        count = len(self.edits)
        whole = isinstance(which, (int, np.integer)) and not isinstance(which, bool)
        if not whole or not -count <= which < count:
            raise ValueError(
                message(
                    "There is no such change to take back.",
                    received=f"which={told(which)}",
                    expected=f"a place among the {count} in `edits`, from 0 on"
                    if count
                    else "no call: there is none",
                    fix="which=-1 for the last one" if count else "change something first",
                )
            )
        others = [one for place, one in enumerate(self.edits) if place != which % count]
        return self._set(others, [*self._earlier, self.edits])

    def save(self, path, *, mode: str = MODES[0]) -> Path:
        """Write a page with both runs that opens in any browser, without a kernel or a network; its path.

        Its switch shows the run as it was or as changed, as that of the live page does; below it stand the
        changes, each a button that goes there.

        Args:
            path: ends with .html or .htm.
            mode: how the runs go on after the changes, `"inputs kept"` or `"free running"`.

        Raises:
            TypeError: no path.
            ValueError: another ending; a mode that there is not, or that the model cannot run in.
            OSError: it cannot be written there; a file that stood there is still the old one.
        """
        path = checked_path(path, ("html", "htm"), "editor")
        self._recorded().wiring(mode)
        if not self.edits:
            return write(path, html_page.page(*html_page.with_picture(self.payload)))
        both, edited = self._future(mode, self.edits)
        call = {**self._call, "training": self._call.get("ground_truth") is not None}
        payload = payload_of(self._rnn, both.original, call, **self._options)
        changed, _ = both_runs(Shown(self._rnn, payload, call), both, edited, self.edits)
        changed = replace(changed, edits=[changes.to_show(one) for one in self._listed(self.edits)])
        payload, picture = html_page.with_picture(replace(payload, beside=changed))
        return write(path, html_page.page(payload, picture))

    def _preview(self, one: dict, mode: str) -> dict:
        """The answer to a page in which a number is being dragged: as `answer`, and nothing is kept."""
        edits = self._with(one)
        futures, changed = self._run(edits, (mode,))
        runs = {mode: encoded_runs(self.payload, *both) for mode, both in changed.items()}
        return self._answer(edits, futures, runs)

    def _with(self, one):
        one = changes.checked(self._rnn, self.trace, one)
        return [*(edit for edit in self.edits if not changes.same_place(edit, one)), one]

    def _set(self, edits, earlier):
        # Nothing is kept before all of it has succeeded: a change that fails leaves no trace.
        futures, changed = self._run(edits, MODES) if edits else ({}, {})
        runs = {mode: encoded_runs(self.payload, *both) for mode, both in changed.items()}
        words = [changes.in_words(self._rnn, self.trace, one) for one in edits]
        self.said = "; ".join(words) + "." if words else ""
        self.edits, self.futures, self._earlier = edits, futures, earlier
        self._runs, self._changed = runs, changed
        if self._widget is not None:
            self._widget.answer = self.answer()
        if not self.hears:
            self._show_last_state(update=True)
        return self

    def _run(self, edits, modes):
        futures, changed = {}, {}
        for mode in modes:
            try:
                futures[mode], edited = self._future(mode, edits)
            except ValueError as error:
                if mode == MODES[0]:
                    raise
                futures[mode] = str(error)  # not every model can run on its own outputs
                continue
            changed[mode] = both_runs(self._shown, futures[mode], edited, edits)
        return futures, changed

    def _future(self, mode, edits):
        # Both runs, and the record of the changed one.
        replay, at = self._recorded(), min(one["t"] for one in edits)
        original = replay.original(at, mode)
        edited = replay.future(at, mode, changes.as_change(self._rnn, self.trace, edits))
        both = [rshop.Trace(**run.arrays()) for run in (original, edited)]
        return Intervention(*both, at, mode, changes.names(edits)), edited

    def _recorded(self):
        # The run is recorded once, and again where the weights were changed since.
        weights = [np.array(weight) for weight in self._rnn.weights]
        if self._weights is None or not all(map(np.array_equal, weights, self._weights)):
            call = {key: value for key, value in self._call.items() if key != "training"}
            self._replay, self._weights = Replay(self._rnn, self._x, **call), weights
        return self._replay

    def answer(self) -> dict:
        """What the page is told: the changes in words, and both runs of each mode."""
        return self._answer(self.edits, self.futures, self._runs)

    def _answer(self, edits, futures, runs):
        bad = {mode: taken_apart(f)[0] for mode, f in futures.items() if isinstance(f, str)}
        return {"edits": self._listed(edits), "runs": runs, "missing": bad, "undo": bool(self._earlier)}

    def _listed(self, edits):
        # With what the page writes of each.
        said = {(value.role, value.name): value.said for value in self.payload.values}
        words = [changes.in_words(self._rnn, self.trace, one).removeprefix(one["name"]) for one in edits]
        texts = [said[one["role"], one["name"]] + text for one, text in zip(edits, words, strict=True)]
        return [{**one, "text": text} for one, text in zip(edits, texts, strict=True)]

    @property
    def widget(self):
        """The anywidget that talks to the browser."""
        if self._widget is None:
            self._widget = widget_of(self, encoded(self.payload))
        return self._widget

    def __repr__(self):
        steps, count = self.payload.all_steps, len(self.edits)
        changed = f"{count} change{'' if count == 1 else 's'}"
        return f"Editor of {self.payload.title}: {steps} timesteps, {changed}"

    def _ipython_display_(self):
        self._picture_id = f"picture-{uuid4().hex}"
        self._show_last_state(update=False)
        html_page.display(self.widget)

    def _show_last_state(self, **how):
        """Show the changed run in the still picture: it is what a page without a kernel has of the editor."""
        if self._picture_id is None:
            return
        payload, picture, said = self.payload, self.picture, INVITATION_TO_CHANGE
        if self.edits:
            said = f"Changed: {self.said} {said}"
            payload = with_both(self.payload, *self._changed[MODES[0]])
            payload, picture = html_page.with_picture(payload, said)
        html_page.show_picture(payload, picture, said, display_id=self._picture_id, **how)
        if self._widget is not None:
            self._widget.still = payload.still_tail
