"""Values of a trace by name, ready to draw: checked, as floats, with their first timestep."""

from dataclasses import dataclass

import numpy as np

from rshop import Trace
from rshop.checks import check_sample
from rshop.errors import check_name, message, told
from viz.model.spoken_names import spoken_paths


@dataclass(frozen=True, eq=False)
class Series:
    """One named value over time.

    Attributes:
        name: its name in full, as the trace has it.
        said: the same as pictures say it.
        values: floats `(batch, time, ...)`.
        first: the timestep of the first of them; -1 where that is the state before timestep 0.
        mask: booleans `(batch, time)`, true where the timestep counts, or None.
    """

    name: str
    values: np.ndarray
    first: int = 0
    mask: np.ndarray | None = None
    said: str = ""

    @property
    def times(self) -> np.ndarray:
        """The timestep of each value: `[-1, 0, 1]` for the states of two timesteps."""
        return np.arange(self.values.shape[1]) + self.first

    def units(self, sample: int) -> np.ndarray:
        """The values of one sample as `(time, units)`, images and matrices laid out flat.

        Raises:
            ValueError: there is no such sample.
        """
        values = self.values[check_sample(sample, len(self.values))]
        return values.reshape(len(values), -1)

    def shape_text(self) -> str:
        """The shape of the units in words, empty for a plain vector: `4 x 4 x 2, laid out flat`."""
        shape = self.values.shape[2:]
        return "" if len(shape) < 2 else " x ".join(map(str, shape)) + ", laid out flat"


def series(trace: Trace, name: str, *, states_first: bool = False) -> Series:
    """The values of this name: an inner value, else a state, `outputs`, `inputs` or `readout`.

    Example:
        >>> series(trace(rnn, np.ones((2, 7, 3))), "forget_gate").values.shape
        (2, 7, 4)

    Args:
        trace: what `rshop.trace` returned.
        name: a name in full, or an ending after `/` that fits only one.
        states_first: look among the states before the inner values: `(batch, time + 1, ...)`, the start
            first. As in `heatmap`, `trajectory` and `animate`, which show it.

    Raises:
        TypeError: not a trace.
        ValueError: no such name, several, or nothing to draw in it.
    """
    check_trace(trace)
    check_name("value", name)
    values = {full: (trace[full], 0) for full in trace.names}
    states = {full: (trace.states[full], -1) for full in trace.states}
    rooms = [*([states, values] if states_first else [values, states]), _ends(trace)]
    # A name in full is meant, whatever else ends with it.
    for room in [room for room in rooms if name in room] or rooms:
        fits = [name] if name in room else [full for full in room if full.endswith(f"/{name}")]
        if len(fits) == 1:
            array, first = room[fits[0]]
            said = spoken_paths(list(room))[fits[0]]
            return Series(fits[0], _floats(fits[0], array), first, trace.mask, said)
        if fits:
            break
    raise ValueError(
        message(
            f"{len(fits) or 'No'} values of this trace are called {name!r}.",
            received=repr(name),
            expected=f"one of {fits or [*values, *states, *_ends(trace)]}",
            fix="use one of these names in full",
        )
    )


def check_trace(trace):
    """Raise a `TypeError` that says what a trace is, unless this is one."""
    if not isinstance(trace, Trace):
        raise TypeError(
            message(
                "This is no trace.",
                received=told(trace),
                expected="what rshop.trace(rnn, x) returns",
                fix="record = rshop.trace(rnn, x), and draw the record",
            )
        )


def parts(name: str, structure) -> dict[str, np.ndarray]:
    """The arrays of a structure by name: `outputs`, or `outputs/0`, `outputs/1`, or `outputs/<key>`."""
    if structure is None:
        return {}
    if isinstance(structure, dict):
        return {f"{name}/{key}": structure[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return {f"{name}/{place}": array for place, array in enumerate(structure)}
    return {name: structure}


def _ends(trace):
    steps = trace.steps
    found = {}
    for name in ("outputs", "inputs", "readout"):
        arrays = parts(name, getattr(trace, name))
        # The input of a decoder has no time axis of its own.
        found.update({n: (a, 0) for n, a in arrays.items() if np.ndim(a) > 1 and a.shape[1] == steps})
    return found


def _floats(name, array):
    array = np.asarray(array).astype("float64")
    if 0 in array.shape:
        raise ValueError(
            message(
                f"There is nothing to draw in {name!r}.",
                received=f"values of shape {array.shape}",
                expected="at least one sample, one timestep and one unit: (batch, time, ...)",
                fix="trace a call with at least one timestep",
            )
        )
    return array
