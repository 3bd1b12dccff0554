"""A run with changes, as the page shows it beside the run as it was: cut alike, and where the two part."""

from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from rshop.tracing.intervene import Intervention
from rshop.tracing.recorder import Recorder
from rshop.tracing.replay import MODES
from rshop.tracing.trace import Trace
from viz.inspector.edits import what
from viz.inspector.payload import run_values, size_limit
from viz.inspector.payload.beside import Beside, Parting
from viz.inspector.payload.readout_sources import CHANGED, KEPT, OWN, readout_sources
from viz.inspector.payload.words import Guesses, guesses_of
from viz.plots import parting


@dataclass(frozen=True, eq=False)
class Shown:
    """What the page knows of an editor's run.

    Attributes:
        rnn: the recurrent layer.
        payload: the run as it was recorded first.
        call: what the layer was called with beside its input.
    """

    rnn: object
    payload: object
    call: dict

    def values(self, trace: Trace) -> dict[int, run_values.Value]:
        """The values of another run of the same layer by their place in the payload, not cut yet."""
        found = run_values.collect(self.rnn, trace, self.call.get("constants"))
        every = {(value.role, value.name): value for value in found.every}
        return {place: every[value.role, value.name] for place, value in enumerate(self.payload.values)}

    def of(self, values: dict, guesses: list, sources: list) -> Beside:
        """Another run of the same layer, cut as the payload is."""
        cut = {place: self._cut(value, self.payload.values[place]) for place, value in values.items()}
        kept = [codes[self.payload.samples, : self.payload.steps] for codes in sources]
        return Beside("", cut, [], [], guesses=guesses, sources=kept)

    def guesses(self, values: dict, first: dict | None = None) -> list[Guesses]:
        """The likeliest classes of a run whose values are not cut yet, and of `first` beside them."""
        found = []
        for one in self.payload.guesses:
            numbers = [
                None if run is None else run[one.place].array[self.payload.samples, : self.payload.steps]
                for run in (values, first)
            ]
            found.append(guesses_of(numbers[0], one.place, one.names, first=numbers[1]))
        return found

    def sources(self, trace: Trace) -> list[np.ndarray]:
        """Where the readouts of a run without dropout came from: a given truth is always fed."""
        truth = self.call.get("ground_truth")
        return readout_sources(self.rnn, trace, truth, training=truth is not None)

    def is_same(self, other: Beside) -> bool:
        """Whether a run has the numbers that the payload has."""
        values = self.payload.values
        return all(
            np.array_equal(values[place].array, a, equal_nan=True) for place, a in other.values.items()
        )

    def handed(self, recorder: Recorder, names) -> dict[int, np.ndarray]:
        """What the timesteps handed on of these states, by place, cut as the payload is."""
        order, found = self.rnn.description.state_names, {}
        for place, value in enumerate(self.payload.values):
            if value.role == "state" and value.name in names:
                i = order.index(value.name)
                frames = [recorder.records[0].before[i], *(record.after[i] for record in recorder.records)]
                array = np.stack([np.asarray(frame) for frame in frames], axis=1)
                added = run_values.Recorded()
                added.add(None, value.name, "state", array)
                found[place] = self._cut(added.every[0], value)
        return found

    def _cut(self, value, shown):
        size_limit.trim_units(value)
        return np.ascontiguousarray(value.array[self.payload.samples, : shown.array.shape[1]])


def both_runs(shown: Shown, both: Intervention, edited: Recorder, edits: list[dict]) -> tuple:
    """The changed run, and the run without the changes where that is not the payload's own, else None.

    Args:
        shown: what the page knows.
        both: both runs.
        edited: the changed one, recorded.
        edits: the checked changes.

    Returns:
        Two `Beside`. Of the changed run `partings` say for each sample where it leaves the other one.
    """
    sources = shown.sources(both.original)
    before, after = shown.values(both.original), shown.values(both.edited)
    guesses = shown.guesses(before), shown.guesses(after, before)
    was = shown.of(before, guesses[0], sources)
    changed = shown.of(after, guesses[1], _sources(shown, sources, both, edits))
    changed = replace(changed, said=f"the run with changes, {both.mode}", edited=True)
    states = {one["name"] for one in edits if one["role"] == "state"}
    changed.handed.update(shown.handed(edited, states))
    changed.partings.extend(
        _parting(shown, was, changed, edits, i) for i in range(len(shown.payload.samples))
    )
    return changed, None if shown.is_same(was) else was


def with_both(payload, changed: Beside, was: Beside | None):
    """The payload with the changed run beside the one without the changes: for a picture.

    Args:
        payload: what the page knows.
        changed, was: what `both_runs` returned.
    """
    values = [copy(value) for value in payload.values]
    for place, value in enumerate(values):
        value.array = value.array if was is None else was.values[place]
    return replace(payload, values=values, beside=changed)


def _sources(shown, was, both, edits):
    # Where inputs are kept, what was the model's own output is that of the run as it was.
    kept = both.mode == MODES[0]
    codes = [own.copy() for own in (was if kept else shown.sources(both.edited))]
    for one in edits if kept else ():
        for own in codes:
            later = own[one["sample"], one["t"] + 1 :]
            later[later == OWN] = KEPT
    if shown.rnn.description.readouts is not None:
        parts = run_values.named_parts(shown.rnn.description.readouts, both.edited.readout, "readout")
        names = [name for name, _ in parts]
        for one in (one for one in edits if one["role"] == "readout"):
            codes[names.index(one["name"])][one["sample"], one["t"]] = CHANGED
    return codes


def _parting(shown, was, changed, edits, i) -> Parting:
    sample, steps = shown.payload.samples[i], shown.payload.steps
    mine = [one for one in edits if one["sample"] == sample]
    if not mine:
        return Parting(None, "Nothing was changed in this sample." if edits else "")
    t = min(one["t"] for one in mine)
    values = {(value.role, value.name): value for value in shown.payload.values}
    first = [(values[one["role"], one["name"]], one) for one in mine if one["t"] == t]
    names = [what({**one, "name": value.said}, value.shape) for value, one in first]
    names = list(dict.fromkeys(names))
    said = f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} changed"
    if t >= steps:
        return Parting(None, f"{said} at t = {t}, after the timesteps that are shown.")
    if all(np.array_equal(was.values[p][i], a[i], equal_nan=True) for p, a in changed.values.items()):
        return Parting(None, "Every changed number is what it was: the two runs are the same.")
    return Parting(t, f"The runs part at t = {t}, where {said}. {_end(shown, was, changed, i)}")


def _end(shown, was, changed, i) -> str:
    # What is left of the change in what the model carries and hands out.
    gaps = {}
    for place, value in enumerate(shown.payload.values):
        if value.role in ("state", "output"):
            first, second = was.values[place][i], changed.handed.get(place, changed.values[place])[i]
            gap = np.abs(parting.difference(first, second))
            same = parting.near(first, second).all(axis=1)
            gaps[place] = np.where(same, 0.0, np.nan_to_num(gap.max(axis=1), nan=np.inf))
    last = shown.payload.steps - 1
    ends = {place: gap[-1] for place, gap in gaps.items()}
    if any(ends.values()):
        place = max(ends, key=ends.get)
        return (
            f"At the end (t = {last}), {shown.payload.values[place].said} is still {ends[place]:.2g} apart."
        )
    parted = [t for gap in gaps.values() for t in np.flatnonzero(gap) - (len(gap) - 1 - last)]
    if not parted:
        return "What the model carries and hands out stays the same."
    return f"After t = {max(parted)} they are the same again."
