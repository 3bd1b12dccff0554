"""A traced run as one compact payload for the inspector: numbers in base64, cut for size and saying so."""

import base64

import numpy as np

import rshop
from rshop.tracing.call_request import read_request
from viz.inspector.call_checks import INSPECTOR, check_not_empty, check_size, read_labels
from viz.inspector.payload import equations, readout_sources, run_values, size_limit, step_views
from viz.model.read_model import read_model
from viz.plots.series import check_sample
from viz.style.labels import told_apart

#: About how large the numbers in a page may become, in megabytes of text.
MEGABYTES = 1.0
#: Matrices are sent along for the worked numbers while they have at most this many numbers together.
WEIGHTS = 60_000
#: Laws of nodes without a name of their own that are written into the equation that reads them.
INLINE = ("sum", "difference", "product", "quotient", "mean", "max", "min", "power", "function", "shift")
# The most letters of a name in a narrow column.
_LETTERS = 26


def record(rnn, x, *, labels=None, sample=0, megabytes=MEGABYTES, **call) -> dict:
    """Everything that the inspector shows of a run, as JSON values.

    Example:
        >>> payload = record(rnn, np.ones((2, 7, 3)))
        >>> payload["steps"], payload["samples"], [v["name"] for v in payload["values"]][:3]
        (7, [0, 1], ['x', 'h', 'c'])

    Args:
        rnn: a recurrent layer, or a Keras model that has exactly one.
        x: what it is called with, `(batch, time, ...)`.
        labels: a token for each timestep: a list of `time` strings or numbers, or one such list for each
            sample.
        sample: the sample that is shown first, and kept whatever is cut.
        megabytes: about how large the numbers may become.
        **call: the other arguments of `rshop.trace`.

    Raises:
        TypeError, ValueError: as `rshop.trace`; an argument that it does not have; labels that do not
            fit; no such sample; no size.
    """
    rnn, x, call = read_request(rnn, x, call, own=INSPECTOR)
    check_not_empty(x)
    return payload_of(rnn, rshop.trace(rnn, x, **call), labels, sample, megabytes, call)


def payload_of(rnn, trace, labels=None, sample=0, megabytes=MEGABYTES, call=None) -> dict:
    """The payload of a run that was traced already; see `record`."""
    call = call or {}
    outputs = run_values.flatten(trace.outputs)[0]
    batch, steps = outputs.shape[:2]
    check_sample(sample, batch)
    check_size(megabytes)
    labels = read_labels(labels, batch, steps, rnn.go_backwards)
    every = run_values.collect(rnn, trace, call.get("constants"))
    mask = readout_sources.mask_of(trace)
    equations.find_laws(rnn.description.graph, every, sample, None if mask is None else mask[sample])
    sizes = [size_limit.trim_units(value) for value in every.every]
    kept = size_limit.choose(every.every, steps, batch, sample, int(megabytes * 1e6 * 3 / 4 / 4))
    trimmed = {every.every[i].name: sizes[i] for i in kept.values if sizes[i]}
    pack = _Pack(every, kept, _fed_by_gates(rnn, every))
    described = [pack.describe(i) for i in kept.values]
    origins = readout_sources.readout_sources(rnn, trace, call.get("ground_truth"), call.get("training"))
    return {
        "title": read_model(rnn).title,
        "steps": kept.steps,
        "allSteps": int(steps),
        "samples": kept.samples,
        "first": kept.samples.index(sample),
        "backwards": bool(rnn.go_backwards),
        "notes": size_limit.say_trimmed(trimmed) + kept.notes,
        "labels": [labels[s][: kept.steps] for s in kept.samples] if labels else None,
        "mask": None if mask is None else _rows(mask, kept),
        "sources": [_rows(codes, kept) for codes in origins],
        "sourceNames": list(readout_sources.SOURCES),
        "values": described,
        "views": step_views.views(rnn, every, {place: i for i, place in enumerate(kept.values)}),
        "data": pack.text(),
    }


class _Pack:
    # Numbers one after another, as float32. What is equal to something there already is not sent again.
    def __init__(self, every, kept, gates):
        self.every, self.kept, self.gates = every, kept, gates
        self.names = [value.name for value in every.every]
        self.places = {place: i for i, place in enumerate(kept.values)}
        self.chunks, self.length, self.known, self.spent = [], 0, {}, 0

    def describe(self, place):
        value = self.every.every[place]
        extra = 1 if value.role == "state" else 0
        count = 1 if value.role == "constant" else self.kept.steps + extra
        frames = value.array[self.kept.samples, :count]
        start, size, lag = self._put(np.ascontiguousarray(frames), state=bool(extra))
        return {
            "name": value.name,
            "short": told_apart(value.name, self.names, lambda text: len(text) <= _LETTERS),
            "role": value.role,
            "shape": list(value.shape),
            "rows": value.rows,
            "columns": value.columns,
            "start": start,
            "frames": size,
            "lag": lag,
            "fixed": value.role == "constant",
            "whole": value.whole,
            "gate": place in self.gates or equations.is_gate(value, self.every.every),
            "opens": equations.opens(value, self.every.every),
            "auto": value.unnamed and value.law["law"] in INLINE,
            "unnamed": value.unnamed,
            "next": self.places.get(value.next),
            "law": self._law(value.law),
        }

    def _put(self, frames, state=False):
        key = (frames.shape, frames.tobytes())
        if key not in self.known:
            self.known[key] = (self._append(frames), frames.shape[1], 0)
            if state:  # what the step computes as its next state is the state, one timestep later
                start = self.known[key][0]
                after = frames[:, 1:]
                self.known.setdefault((after.shape, after.tobytes()), (start, frames.shape[1], 1))
        return self.known[key]

    def _append(self, array):
        start = self.length
        self.chunks.append(np.ascontiguousarray(array, "<f4").tobytes())
        self.length += array.size
        return start

    def _law(self, law):
        sent = {key: law[key] for key in ("law", "function", "start", "sizes") if key in law}
        parts = law.get("of", [])
        sent["of"] = [self._part(part) for part in parts]
        matrix, bias = law.get("matrix"), law.get("bias")
        if matrix is not None:
            self.spent += matrix.size
            whole = parts[0]["v"] in self.places and matrix.shape[0] <= size_limit.VECTOR
            if self.spent > WEIGHTS or not whole:
                return {**sent, "law": "unknown"} | {"linear": True}
            sent["matrix"], sent["shape"] = self._append(matrix), list(matrix.shape)
        if bias is not None:
            sent["bias"] = self._append(bias)
        return sent

    def _part(self, part):
        if "n" in part:
            return part
        place = part["v"]
        return {"v": self.places[place]} if place in self.places else {"name": self.every.every[place].name}

    def text(self):
        return base64.b64encode(b"".join(self.chunks)).decode("ascii")


def _rows(codes, kept):
    return [[int(code) for code in codes[s, : kept.steps]] for s in kept.samples]


def _fed_by_gates(rnn, every) -> set[int]:
    """The readouts that hold probabilities: fed by an output that does, and nothing else was ever fed."""
    step, found = rnn.description, set()
    outputs, readouts = every.roles("output"), every.roles("readout")
    for place, (source, greedy) in zip(readouts, step.wiring, strict=True):
        numbers = every.every[place].array
        inside = bool(np.all((numbers >= 0) & (numbers <= 1)))
        fed = every.every[every.every[outputs[source]].next]
        if inside and not greedy and equations.is_gate(fed, every.every):
            found.add(place)
    return found
