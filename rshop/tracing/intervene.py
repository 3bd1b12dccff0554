"""`intervene`: change what one timestep reads, and compare the two futures."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from rshop.errors import message, shapes, told
from rshop.step.readout import feed_back, feeds
from rshop.step.start_values import check_call as check_values
from rshop.step.start_values import start_value
from rshop.structure import flat, flatten_like, tree
from rshop.tracing.call_request import read_request
from rshop.tracing.recording import Recording, join
from rshop.tracing.trace import Trace
from rshop.tracing.walk import Walk, check_timestep

_OWN = ("at", "states", "inputs", "readout", "mode")
MODES = ("inputs kept", "free running")


@dataclass(frozen=True, eq=False)
class Intervention:
    """Two runs that are the same before timestep `at`.

    Example:
        >>> viz.intervene(rnn, x, at=3, states={"h": 0.0})
        Intervention at timestep 3 of 7, inputs kept: states h

    Attributes:
        original, edited: a `Trace` each. `edited.states[name][:, at]` is the state as changed.
        at: the timestep that read something else.
        mode: what the timesteps after it read.
        changed: the names of what was changed.
    """

    original: Trace
    edited: Trace
    at: int
    mode: str
    changed: tuple[str, ...]

    def effect(self, name: str) -> np.ndarray:
        """Edited minus original: a state `(batch, time + 1, ...)`, another value `(batch, time, ...)`.

        Raises:
            ValueError: no state or value of this name.
        """
        source = "states" if name in self.original.states else None
        before, after = ((getattr(t, source) if source else t)[name] for t in (self.original, self.edited))
        return after - before

    def __repr__(self):
        what = ", ".join(self.changed) or "nothing changed"
        return f"Intervention at timestep {self.at} of {self.original.steps}, {self.mode}: {what}"


def intervene(
    rnn, x, *, at: int, states=None, inputs=None, readout=None, mode="inputs kept", **call
) -> Intervention:
    """Change a state, the input or the readout of timestep `at`, and run both futures.

    Nothing is kept: the layer, its weights and what it carries stay as they are. An edit of nothing
    gives two runs equal to the last bit, and timesteps before `at` are the same in both.

    With `mode="inputs kept"` every later timestep reads the input and the readout that it read in the
    original run, so that the states alone carry the change. With `mode="free running"` both runs feed
    their own outputs from timestep `at` on: as readout, or, in a model without one, as the next
    input (a token is the likeliest one).

    Example:
        A linear RNN `h = 0.5 h + x` whose state before timestep 1 is raised by 8::

            >>> both = viz.intervene(rnn, np.ones((1, 4, 1)), at=1, states={"h": 9.0})
            >>> both.original.states["h"][0, :, 0], both.edited.states["h"][0, :, 0]
            (array([0., 1., 1.5, 1.75, 1.875]), array([0., 9., 5.5, 3.75, 2.875]))

    Args:
        rnn: any recurrent layer of rshop, or a Keras model that has exactly one: then `x` is what the
            model is called with, and the layer reads what reaches it there.
        x: what the layer is called with, `(batch, time, ...)`.
        at: the timestep, from 0; negative counts from the end. With `go_backwards` in the order of
            processing.
        states: a dict by name of the states that timestep `at` starts from, each a number,
            `(units,)` or `(batch, units)`; or a list of all.
        inputs: the input of timestep `at` alone, `(batch, ...)`, in the structure of the step's.
        readout: what timestep `at` reads as readout, likewise.
        mode: `"inputs kept"` or `"free running"`.
        **call: as in `rshop.trace`. A `ground_truth` is fed as readout. Dropout is off.

    Returns:
        An `Intervention`: `.original` and `.edited` traces, `.effect(name)`.

    Raises:
        TypeError: not a recurrent layer.
        ValueError: no such timestep, name or mode, a value of another shape, or a model that cannot
            run on its own outputs.
    """
    rnn, x, call = read_request(rnn, x, call, own=_OWN, training=False)
    check_values({"states": states, "readout": readout}, symbolic=False)
    if inputs is not None:
        check_values({"inputs": inputs}, optional=False, symbolic=False)
    walk = Walk(rnn, x, record=True, **call)
    at = check_timestep(at, walk.steps)
    wiring = _check_mode(walk, mode)
    past, memory = Recording(walk), walk.first
    for t in range(at):
        memory = past.step(memory, t, walk.inputs(t))
    kept, last = Recording(walk), memory
    for t in range(at, walk.steps):
        last = kept.step(last, t, walk.inputs(t))
    edit = _Edit(walk, x, states, inputs, readout, call)
    wiring = wiring if mode == "free running" else None
    # The recorded run is the original one, unless it read something else than its own outputs.
    as_recorded = wiring is None or (not wiring and call.get("ground_truth") is None)
    futures = [
        kept if as_recorded else _future(walk, memory, at, kept, wiring, None),
        _future(walk, memory, at, kept, wiring, edit),
    ]
    original, edited = (join(walk, past, future) for future in futures)
    return Intervention(original, edited, at, mode, edit.names)


class _Edit:
    # The values that timestep `at` reads in place of its own, None where it keeps its own.
    def __init__(self, walk, x, states, inputs, readout, call):
        length = {"output_length": walk.steps} if walk.rnn.decode else {"output_length": None}
        fixed = {"constants": call.get("constants")}
        given = walk.rnn.read_call(
            tree.map_structure(np.asarray, x),
            **length,
            **fixed,
            initial_state=states,
            initial_readout=readout,
        )
        self.states = _starts(given.states, walk.step.states, walk.batch)
        self.readouts = _starts(given.readouts, flat(walk.step.readouts), walk.batch)
        self.inputs = None if inputs is None else _inputs(walk, inputs)
        named = zip(walk.states, self.states, strict=True)
        names = [f"states {name}" for name, value in named if value is not None]
        names += ["inputs"] if inputs is not None else []
        self.names = (*names, *(["readout"] if readout is not None else []))


def _future(walk, memory, at, kept, wiring, edit):
    future, own = Recording(walk), None
    for t in range(at, walk.steps):
        inputs = walk.inputs(t)
        if t == at or wiring is None:
            memory = _reading(memory, kept.readouts(t - at))
        elif wiring:
            inputs = feed_back(wiring, own, [tensor.dtype for tensor in flat(walk.step.inputs)])
        if t == at and edit is not None:
            memory = {
                **memory,
                "states": _over(memory["states"], edit.states),
                "readouts": _over(memory["readouts"], edit.readouts),
            }
            inputs = inputs if edit.inputs is None else edit.inputs
        memory = future.step(memory, t, inputs, forced=False)
        own = future.outputs()
    return future


def _reading(memory, readouts):
    # Whatever was fed, own output or truth, is now simply what is read.
    return {**memory, "readouts": list(readouts), "truths": []}


def _over(values, replacements):
    return [v if r is None else r for v, r in zip(values, replacements, strict=True)]


def _starts(values, likes, batch):
    return [
        None if v is None else start_value(v, like.shape[1:], like.dtype, batch)
        for v, like in zip(values, likes, strict=True)
    ]


def _inputs(walk, inputs):
    own = walk.inputs(0)
    given = flatten_like(walk.step.inputs, inputs, "inputs")
    return [_spread(value, like) for value, like in zip(given, own, strict=True)]


def _spread(value, like):
    try:
        value = np.broadcast_to(np.asarray(value), tuple(like.shape))
    except ValueError as error:
        raise ValueError(
            message(
                "The new input does not fit the timestep.",
                received=f"inputs of shape {np.shape(value)}",
                expected=f"{tuple(like.shape)}, or {tuple(like.shape)[1:]} for all samples alike",
                fix="give the input of one timestep: no time axis",
            )
        ) from error
    return ops.cast(ops.convert_to_tensor(value), like.dtype)


def _check_mode(walk, mode):
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError(
            message(
                "There is no such way to go on.",
                received=f"mode={told(mode)}",
                expected=f"one of {MODES}",
                fix=f"mode={MODES[0]!r}",
            )
        )
    if mode == MODES[0] or walk.readouts:
        return []
    try:
        # A decoder sees the same input at every timestep.
        wiring = [] if walk.rnn.decode else feeds(walk.step.outputs, walk.step.inputs)
    except ValueError:
        wiring = []
    if wiring:
        return wiring
    raise ValueError(
        message(
            "This model cannot run on its own outputs: it has no readout, and no output fits as input.",
            received=f"inputs of shape {shapes(flat(walk.step.inputs))}, "
            f"outputs of shape {shapes(flat(walk.step.outputs))}"
            + (", the inputs fixed by decode=True" if walk.rnn.decode else ""),
            expected="a readout, or outputs of the shape of the inputs",
            fix=f"mode={MODES[0]!r}, or give the step a readout_input",
        )
    )
