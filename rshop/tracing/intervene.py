"""`intervene`: change what one timestep reads, and compare the two futures."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from rshop.call.arguments import read_first_readouts, read_first_states
from rshop.checks import check_timestep
from rshop.errors import check_name, message
from rshop.step.start_values import check_call as check_values
from rshop.step.start_values import start_value
from rshop.structure import flat, flatten_like
from rshop.tracing.call_request import read_request
from rshop.tracing.replay import Replay
from rshop.tracing.trace import Trace

_OWN = ("at", "states", "inputs", "readout", "mode")


@dataclass(frozen=True, eq=False)
class Intervention:
    """Two runs that differ from timestep `at` on.

    Example:
        >>> viz.intervene(rnn, x, at=3, states={"h": 0.0})
        Intervention at timestep 3 of 7, inputs kept: states h

    Attributes:
        original, edited: a `Trace` each. `edited.states[name][:, at]` is the state as changed.
        at: the timestep that was changed.
        mode: whether later timesteps kept their inputs or ran freely.
        changed: the names of the values that were changed.
    """

    original: Trace
    edited: Trace
    at: int
    mode: str
    changed: tuple[str, ...]

    def effect(self, name: str) -> np.ndarray:
        """The difference edited - original: of a state `(batch, time + 1, ...)`, else `(batch, time, ...)`.

        Args:
            name: a state, or an inner value; an unambiguous ending is enough.

        Raises:
            TypeError: the name is no text.
            ValueError: no state or value of this name.
        """
        check_name("value", name)
        of_state = name in self.original.states
        before, after = (run.states if of_state else run for run in (self.original, self.edited))
        return after[name] - before[name]

    def __repr__(self):
        what = ", ".join(self.changed) or "nothing changed"
        return f"Intervention at timestep {self.at} of {self.original.steps}, {self.mode}: {what}"


def intervene(
    rnn, x, *, at: int, states=None, inputs=None, readout=None, mode="inputs kept", **call
) -> Intervention:
    """Change a state, the input or the readout of timestep `at`, and run with and without the change.

    The layer, its weights and its carried states stay as they are. Without a change the two runs are equal
    to the last bit, and timesteps before `at` are always the same in both.

    With `mode="inputs kept"` every later timestep reads the input and the readout that it read in the
    original run, so that only the states carry the change. With `mode="free running"` both runs feed
    back their own outputs from timestep `at` on: as readout, or, in a model without one, as the next
    input (of a distribution over tokens the likeliest token).

    Example:
        A linear RNN `h = 0.5 h + x` whose state before timestep 1 is raised by 8::

            >>> both = viz.intervene(rnn, np.ones((1, 4, 1)), at=1, states={"h": 9.0})
            >>> both.original.states["h"][0, :, 0], both.edited.states["h"][0, :, 0]
            (array([0., 1., 1.5, 1.75, 1.875]), array([0., 9., 5.5, 3.75, 2.875]))

    Args:
        rnn: any recurrent layer of rshop, or a Keras model that has exactly one: then `x` is the input of
            the model, and the layer reads what reaches it there.
        x: the input of the layer, `(batch, time, ...)`.
        at: the timestep, from 0; negative counts from the end. With `go_backwards` in the order of
            processing.
        states: a dict by name of the states that timestep `at` starts from, each a number,
            `(units,)` or `(batch, units)`; or a list of all.
        inputs: the input of timestep `at` alone, `(batch, ...)`, in the structure of the step's.
        readout: the readout that timestep `at` reads, likewise.
        mode: `"inputs kept"` or `"free running"`.
        **call: as in `rshop.trace`. A `ground_truth` is fed as readout. Dropout is off.

    Returns:
        An `Intervention`: `.original` and `.edited` traces, `.effect(name)`.

    Raises:
        TypeError: not a recurrent layer.
        ValueError: no such timestep, name or mode, a value of the wrong shape, or a model that cannot
            run on its own outputs.
    """
    rnn, x, call = read_request(rnn, x, call, own=_OWN, training=False)
    check_values({"states": states, "readout": readout}, symbolic=False)
    if inputs is not None:
        check_values({"inputs": inputs}, optional=False, symbolic=False)
    replay = Replay(rnn, x, **call)
    timesteps = replay.timesteps
    at = check_timestep(at, timesteps.steps)
    replay.wiring(mode)
    edit = _Edit(timesteps, states=states, inputs=inputs, readout=readout)
    futures = [replay.original(at, mode), replay.future(at, mode, edit.at(at))]
    original, edited = (Trace(**future.arrays()) for future in futures)
    return Intervention(original, edited, at, mode, edit.names)


class _Edit:
    # The values that timestep `at` reads instead of its own, None where it keeps its own.
    def __init__(self, timesteps, *, states, inputs, readout):
        step, batch = timesteps.step, timesteps.batch
        first_states = read_first_states(step, states, batch)
        first_readouts = read_first_readouts(step, readout, batch)
        self.states = _starts(first_states, step.states, batch)
        self.readouts = _starts(first_readouts, flat(step.readouts), batch)
        self.inputs = None if inputs is None else _inputs(timesteps, inputs)
        named = zip(step.state_names, self.states, strict=True)
        names = [f"states {name}" for name, value in named if value is not None]
        names += ["inputs"] if inputs is not None else []
        self.names = (*names, *(["readout"] if readout is not None else []))

    def at(self, at):
        """What changes timestep `at` of a `Replay`, and no other."""

        def change(t, states, readouts, inputs):
            if t != at:
                return states, readouts, inputs
            read = inputs if self.inputs is None else self.inputs
            return _over(states, self.states), _over(readouts, self.readouts), read

        return change


def _over(values, replacements):
    return [v if r is None else r for v, r in zip(values, replacements, strict=True)]


def _starts(values, likes, batch):
    return [
        None if v is None else start_value(v, like.shape[1:], like.dtype, batch)
        for v, like in zip(values, likes, strict=True)
    ]


def _inputs(timesteps, inputs):
    own = timesteps.inputs(0)
    given = flatten_like(timesteps.step.inputs, inputs, "inputs")
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
