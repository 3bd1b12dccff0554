"""Build the inspector's payload: trace a run, find its equations, and cut it to size."""

from dataclasses import replace

import numpy as np

import rshop
from rshop.tracing.call_request import read_request
from viz.inspector.call_checks import INSPECTOR, check_not_empty, check_size
from viz.inspector.payload import readout_sources, run_values, size_limit
from viz.inspector.payload.beside import beside as side_by_side
from viz.inspector.payload.beside import pair
from viz.inspector.payload.boxes import step_views
from viz.inspector.payload.equations import Operand, is_gate, opens
from viz.inspector.payload.find_equations import find_equations
from viz.inspector.payload.payload import Payload, ShownValue
from viz.inspector.payload.second_run import check_like, read_second_run
from viz.inspector.payload.senders import Senders
from viz.inspector.payload.words import guesses_beside, read_words
from viz.model.read_model import read_model
from viz.plots.series import check_sample
from viz.style.labels import told_apart

#: The approximate limit of the numbers in a page, in megabytes of text.
MEGABYTES = 1.0
#: Matrices are sent along for the worked numbers while they have at most this many numbers together.
WEIGHTS = 60_000
#: Equations of nodes without a name of their own that are written into the equation that reads them.
INLINE = ("sum", "difference", "product", "quotient", "mean", "max", "min", "power", "function", "shift")
# The most letters of a name in a narrow column.
_LETTERS = 26


def record(
    rnn, x, *, labels=None, output_labels=None, sample=0, megabytes=MEGABYTES, beside=None, **call
) -> Payload:
    """Everything that the inspector shows of a run.

    Example:
        >>> payload = record(rnn, np.ones((2, 7, 3)))
        >>> payload.steps, payload.samples, [value.name for value in payload.values][:3]
        (7, [0, 1], ['x', 'h', 'c'])

    Args, Raises: as for `viz.inspect`.
    """
    given = (rnn, x, call)
    rnn, x, call = read_request(rnn, x, call, own=(*INSPECTOR, "beside"))
    check_not_empty(x)
    trace = rshop.trace(rnn, x, **call)
    second = None if beside is None else read_second_run(beside, *given)
    shown = {"labels": labels, "output_labels": output_labels, "sample": sample, "megabytes": megabytes}
    return payload_of(rnn, trace, call, second=second, **shown)


def payload_of(
    rnn, trace, call=None, *, labels=None, output_labels=None, sample=0, megabytes=MEGABYTES, second=None
) -> Payload:
    """The payload of a run that was traced already, with a `SecondRun` beside it or none; see `record`."""
    call = call or {}
    outputs = run_values.flatten(trace.outputs)[0]
    batch, steps = outputs.shape[:2]
    check_sample(sample, batch)
    check_size(megabytes)
    if second is not None:
        check_like(trace, second)
    run = run_values.collect(rnn, trace, call.get("constants"))
    mask = readout_sources.mask_of(trace)
    find_equations(run.graph, run, sample, None if mask is None else mask[sample])
    size = {"batch": batch, "steps": steps, "backwards": rnn.go_backwards}
    words = read_words(run, labels, output_labels, **size)
    others, alone = ({}, []) if second is None else pair(run.every, second)
    theirs = guesses_beside(words.guesses, run.every, others)
    sizes = [size_limit.trim_units(value) for value in run.every]
    room = int(megabytes * 1e6 * 3 / 4 / 4) // (1 if second is None else 2)
    kept = size_limit.choose(run.every, steps=steps, batch=batch, sample=sample, room=room)
    trimmed = {run.every[i].said: sizes[i] for i in kept.values if sizes[i]}
    choice = _Choice(run.every, kept, _fed_by_gates(rnn, run))
    origins = readout_sources.readout_sources(rnn, trace, call.get("ground_truth"), call.get("training"))
    values = [choice.shown(place) for place in kept.values]
    shown_mask = None if mask is None else mask[kept.samples, : kept.steps]
    if second is not None:
        others = {choice.places[place]: other for place, other in others.items() if place in choice.places}
        second = side_by_side(values, second, others, notes=alone, kept=kept, mask=shown_mask)
        second.guesses.extend(_kept_guesses(one, choice.places, kept) for one in theirs)
    return Payload(
        title=read_model(rnn).title,
        steps=kept.steps,
        all_steps=int(steps),
        samples=kept.samples,
        first=kept.samples.index(sample),
        backwards=bool(rnn.go_backwards),
        notes=size_limit.say_trimmed(trimmed) + kept.notes,
        labels=[words.steps[s][: kept.steps] for s in kept.samples] if words.steps else None,
        mask=shown_mask,
        sources=[codes[kept.samples, : kept.steps] for codes in origins],
        values=values,
        views=step_views.views(run, choice.places),
        unit_words=_kept_words(words.units, choice.places, kept.samples),
        guesses=[_kept_guesses(guesses, choice.places, kept) for guesses in words.guesses],
        beside=second,
    )


def _kept_words(units, places, samples):
    shown = {places[place]: rows for place, rows in units.items() if place in places}
    most = size_limit.VECTOR
    return {place: [rows[s][:most] for s in samples] for place, rows in shown.items()}


def _kept_guesses(guesses, places, kept):
    every = {name: getattr(guesses, name) for name in ("which", "chances", "others", "of_first")}
    cut = {
        name: numbers[kept.samples, : kept.steps] for name, numbers in every.items() if numbers is not None
    }
    return replace(guesses, place=places[guesses.place], **cut)


class _Choice:
    # The values that are kept, and their places in the payload.
    def __init__(self, every, kept, gates):
        self.every, self.kept, self.gates = every, kept, gates
        self.said = [value.said for value in every]
        self.places = {place: i for i, place in enumerate(kept.values)}
        self.senders, self.spent = Senders(), 0

    def shown(self, place) -> ShownValue:
        value = self.every[place]
        state = value.role == "state"
        count = 1 if value.role == "constant" else self.kept.steps + state
        frames = np.ascontiguousarray(value.array[self.kept.samples, :count])
        sent_by, lag = self.senders.of(self.places[place], frames, state)
        own = {
            "array": frames,
            "next": self.places.get(value.next),
            "equation": self._equation(value.equation),
        }
        return ShownValue(
            **{**vars(value), **own},
            short=told_apart(value.said, self.said, lambda text: len(text) <= _LETTERS),
            gate=place in self.gates or is_gate(place, self.every),
            opens=opens(place, self.every),
            inline=value.unnamed and value.equation.kind in INLINE,
            sent_by=sent_by,
            lag=lag,
        )

    def _equation(self, equation):
        valid = None if equation.valid is None else self._operand(equation.valid)
        sent = replace(equation, of=[self._operand(operand) for operand in equation.of], valid=valid)
        if sent.matrix is None:
            return sent
        self.spent += sent.matrix.size
        whole = sent.of[0].place is not None and len(sent.matrix) <= size_limit.VECTOR
        if self.spent <= WEIGHTS and whole:
            return sent
        return replace(sent, kind="unknown", matrix=None, bias=None, letter="", too_large=True)

    def _operand(self, operand):
        if operand.place is None:
            return operand
        place = self.places.get(operand.place)
        return Operand(name=self.said[operand.place]) if place is None else Operand(place)


def _fed_by_gates(rnn, run) -> set[int]:
    """The readouts that hold probabilities: fed by an output that does, and nothing else was ever fed."""
    step, found = rnn.description, set()
    outputs, readouts = run.roles("output"), run.roles("readout")
    for place, (source, greedy) in zip(readouts, step.wiring, strict=True):
        numbers = run.every[place].array
        inside = bool(np.all((numbers >= 0) & (numbers <= 1)))
        if inside and not greedy and is_gate(run.every[outputs[source]].next, run.every):
            found.add(place)
    return found
