"""The payload as JSON values for the browser; their keys are known here alone, numbers are base64."""

import base64

import numpy as np

from viz.formulas.of_node import Read, Weight
from viz.inspector.payload.beside import Beside
from viz.inspector.payload.payload import Payload
from viz.inspector.payload.readout_sources import SOURCES
from viz.inspector.payload.senders import Senders
from viz.style.encodable_text import visible


def encoded(payload: Payload) -> dict:
    """A payload as JSON values, as `js/run.js` reads them.

    Example:
        >>> encoded(record(rnn, np.ones((2, 7, 3))))["allSteps"]
        7
    """
    block, starts, values = _Block(), [], []
    for place, value in enumerate(payload.values):
        sender = payload.values[value.sent_by]
        starts.append(block.append(value.array) if value.sent_by == place else starts[value.sent_by])
        values.append(_value(value, starts[place], sender.array.shape[1], block))
    still = {"colours": payload.colours, "stillTail": payload.still_tail}
    return {
        "title": visible(payload.title),
        "steps": payload.steps,
        "allSteps": payload.all_steps,
        "samples": payload.samples,
        "first": payload.first,
        "backwards": payload.backwards,
        "notes": payload.notes,
        "labels": payload.labels,
        "mask": None if payload.mask is None else payload.mask.astype(int).tolist(),
        "sources": [codes.tolist() for codes in payload.sources],
        "sourceNames": list(SOURCES),
        "values": values,
        "views": [_view(view) for view in payload.views],
        "words": _words(payload.unit_words),
        "guesses": [_guesses(guesses, block) for guesses in payload.guesses],
        **_beside(payload, block),
        "data": block.text(),
        **({} if payload.still_tail is None else still),
    }


def encoded_runs(payload: Payload, changed: Beside, was: Beside | None = None) -> dict:
    """A run with changes as JSON values, for a page that has the payload already.

    Example:
        >>> sorted(encoded_runs(payload, changed))
        ['beside', 'data']

    Args:
        payload: the run that the page has.
        changed: the run with changes.
        was: the run without them, where it is not the payload's.
    """
    block = _Block()
    runs = {"beside": changed} if was is None else {"beside": changed, "was": was}
    told = {name: _other_run(payload.values, run, block) for name, run in runs.items()}
    return {**told, "data": block.text()}


def _beside(payload, block) -> dict:
    # Nothing where there is no second run.
    second = payload.beside
    return {} if second is None else {"beside": _other_run(payload.values, second, block)}


def _other_run(values, run, block) -> dict:
    # Where the numbers of another run begin, for each value that it has too.
    senders, parts, sent = Senders(), {}, {}

    def place_of(key, frames, state):
        parts[key] = frames
        sent_by, lag = senders.of(key, frames, state)
        if sent_by == key:
            starts[key] = block.append(frames)
        return {"start": starts[sent_by], "frames": parts[sent_by].shape[1], "lag": lag}

    starts = {}
    for place, frames in run.values.items():
        handed = run.handed.get(place)
        state = values[place].role == "state" and handed is None
        sent[str(place)] = place_of(place, frames, state)
        if handed is not None:
            sent[str(place)]["after"] = place_of(f"{place} handed", handed, state=True)
    more = {
        "guesses": [_guesses(guesses, block) for guesses in run.guesses],
        "sources": [codes.tolist() for codes in run.sources],
        "unlike": run.unlike,
        "edited": run.edited,
        "edits": [{**one, "text": visible(one["text"])} for one in run.edits],
    }
    return {
        "said": visible(run.said),
        "notes": [visible(note) for note in run.notes],
        "partings": [{"t": parting.t, "text": visible(parting.text)} for parting in run.partings],
        "values": sent,
        **{key: part for key, part in more.items() if part},
    }


def as_base64(numbers: np.ndarray) -> str:
    """Numbers as float32, the lowest byte first, in base64."""
    return base64.b64encode(np.ascontiguousarray(numbers, "<f4").tobytes()).decode("ascii")


class _Block:
    # All numbers, one array after another.
    def __init__(self):
        self.arrays, self.length = [], 0

    def append(self, array) -> int:
        start = self.length
        self.arrays.append(array.ravel())
        self.length += array.size
        return start

    def text(self):
        return as_base64(np.concatenate([np.zeros(0, "<f4"), *self.arrays]))


def _value(value, start, frames, block):
    return {
        "name": value.name,
        "said": value.said,
        "short": value.short,
        "role": value.role,
        "shape": list(value.shape),
        "rows": value.rows,
        "columns": value.columns,
        "start": start,
        "frames": frames,
        "lag": value.lag,
        "fixed": value.fixed,
        "whole": value.whole,
        "gate": value.gate,
        "opens": value.opens,
        "auto": value.inline,
        "unnamed": value.unnamed,
        "next": value.next,
        "law": _equation(value.equation, block),
    }


def _words(units):
    # Lists that are equal are sent once: of all samples, and of all values that repeat an output.
    lists, sent = [], {}
    for place, rows in units.items():
        sent[str(place)] = []
        for row in rows:
            if row not in lists:
                lists.append(row)
            sent[str(place)].append(lists.index(row))
    return {"lists": lists, "values": sent}


def _guesses(guesses, block):
    beside = {"others": guesses.others, "ofFirst": guesses.of_first}
    return {
        "value": guesses.place,
        "texts": guesses.texts,
        "count": guesses.which.shape[-1],
        "which": block.append(guesses.which.astype("float32")),
        "chances": block.append(guesses.chances),
        "softmax": guesses.softmax,
        **{key: block.append(chances) for key, chances in beside.items() if chances is not None},
    }


def _equation(equation, block):
    given = {"function": equation.function, "start": equation.start, "sizes": equation.sizes}
    given["letter"] = equation.letter or None
    given["valid"] = None if equation.valid is None else _operand(equation.valid)
    sent = {"law": equation.kind, **{key: part for key, part in given.items() if part is not None}}
    sent["of"] = [_operand(operand) for operand in equation.of]
    if equation.matrix is not None:
        sent["matrix"], sent["shape"] = block.append(equation.matrix), list(equation.matrix.shape)
    if equation.bias is not None:
        sent["bias"] = block.append(equation.bias)
    if equation.form is not None:
        sent["form"] = [_piece(piece) for piece in equation.form]
    return {**sent, "linear": True} if equation.too_large else sent


def _piece(piece):
    if isinstance(piece, Weight):
        return {"weight": piece.letter}
    return {"of": piece.place} if isinstance(piece, Read) else visible(piece)


def _operand(operand):
    parts = {"v": operand.place, "n": operand.number, "name": operand.name}
    return {key: part for key, part in parts.items() if part is not None}


def _view(view):
    boxes = []
    for box, (x, y) in zip(view.boxes, view.drawing.middles, strict=True):
        width, height = box.size
        left = {"x": round(x - width / 2, 1), "y": round(y - height / 2, 1), "w": width, "h": height}
        text = {"name": visible(box.name), "short": box.short}
        text |= {"detail": visible(box.detail), "shape": box.shape, "role": box.role, "sign": box.sign}
        boxes.append({**left, **text, "values": box.values, "inside": box.inside, "after": box.after})
    edges = [
        {
            "from": source,
            "to": target,
            "ports": list(map(list, ports)),
            "curve": [n for point in curve for n in point],
        }
        for ((source, target), ports), curve in zip(view.edges.items(), view.drawing.curves, strict=True)
    ]
    return {
        "title": visible(view.title),
        "kind": visible(view.kind),
        "width": view.drawing.width,
        "height": view.drawing.height,
        "ends": view.ends,
        "boxes": boxes,
        "edges": edges,
    }
