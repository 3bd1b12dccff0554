"""The second run of `inspect(..., beside=)`: a call, a layer or a trace, traced and its values by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

import rshop
from rshop.errors import message, told
from rshop.step.start_values import check_call
from rshop.structure import flat
from rshop.tracing.call_request import read_request
from viz.inspector.call_checks import check_not_empty
from viz.inspector.payload import run_values
from viz.inspector.payload.readout_sources import mask_of
from viz.inspector.payload.run_values import Recorded, Value


@dataclass(frozen=True, eq=False)
class SecondRun:
    """A run to be shown beside another one.

    Attributes:
        said: what it is, in words.
        values: its values.
        spoken: whether they are found by what a person calls them, as those of another layer are, whose
            names Keras numbers differently; else by their names in the trace.
        mask: which timesteps count, booleans `(batch, time)`, or None.
    """

    said: str
    values: list[Value]
    spoken: bool
    mask: np.ndarray | None

    def key(self, value) -> tuple[str, str]:
        """By what a value of the first run is found in this one."""
        return value.role, value.said if self.spoken else value.name


def read_second_run(beside, rnn, x, call: dict) -> SecondRun:
    """The run that `beside` stands for.

    Example:
        >>> read_second_run({"training": False}, rnn, x, {"training": True, "ground_truth": y}).said
        'the same call with training=False'

    Args:
        beside: a `Trace`; a layer or model; arguments of a call in a dict; or a second `x`.
        rnn, x, call: what the first run is made of, as the user gave it.

    Raises:
        TypeError: nothing of the kind.
        ValueError: what `rshop.trace` raises.
    """
    if isinstance(beside, rshop.Trace):
        rnn = read_request(rnn, x, call)[0]
        return SecondRun("a recorded trace", _of_trace(rnn, beside), False, mask_of(beside))
    if isinstance(beside, keras.layers.Layer):
        return _run(beside, x, call, said=f"another layer, {beside.name}")
    if isinstance(beside, Mapping):
        other = {**call, **beside}
        changed = ", ".join(_told(name, value) for name, value in beside.items()) or "nothing changed"
        return _run(rnn, other.pop("x", x), other, own=("x",), said=f"the same call with {changed}")
    _check_input(beside)
    return _run(rnn, beside, call, said="the same layer on another x")


def _told(name, value) -> str:
    # `training=False`, and of tensors which one it is.
    return f"{name}={value}" if isinstance(value, bool | int | float | None) else f"another {name}"


def check_like(trace, second: SecondRun):
    """Check that both runs have as many samples and timesteps.

    Raises:
        ValueError: they do not.
    """
    own = run_values.flatten(trace.outputs)[0].shape[:2]
    other = next((value.array.shape[:2] for value in second.values if value.role == "output"), own)
    if own == other:
        return
    raise ValueError(
        message(
            "The two runs cannot be stepped through on one clock.",
            received=f"(samples, timesteps) {tuple(map(int, own))} and beside it {tuple(map(int, other))}",
            expected="as many samples and timesteps in both",
            fix="give beside a run of the same size, such as another x of the same shape",
        )
    )


def _check_input(beside):
    try:
        check_call({"beside": beside}, optional=False, symbolic=False, arrays=True)
    except TypeError as error:
        raise TypeError(
            message(
                "This is no second run.",
                received=f"beside={told(beside)}",
                expected="another x, a dict of arguments of a call, a layer or model, or an rshop.Trace",
                fix='beside={"training": False} to run the same layer in another way',
            )
        ) from error


def _run(rnn, x, call, said, own=()):
    rnn, x, call = read_request(rnn, x, call, own=own)
    check_not_empty(x)
    trace = rshop.trace(rnn, x, **call)
    values = run_values.collect(rnn, trace, call.get("constants")).every
    return SecondRun(said, values, True, mask_of(trace))


def _of_trace(rnn, trace):
    # A trace does not say of which layer it is: what stands in the same places bears the same names.
    if _fits(rnn, trace):
        return run_values.collect(rnn, trace).every
    step, found = rnn.description, Recorded()
    once = "constant" if rnn.decode else "input"
    for name, array in _parts(step.inputs, trace.inputs, "input"):
        found.add(None, name, once, np.asarray(array)[:, None] if rnn.decode else array)
    for name, array in _parts(step.constants, trace.constants, "constant"):
        found.add(None, name, "constant", np.asarray(array)[:, None])
    for name, array in trace.states.items():
        found.add(None, name, "state", array)
    for name, array in _parts(step.readouts, trace.readout, "readout"):
        found.add(None, name, "readout", array)
    for name in trace.names:
        found.add(None, name, "inner", trace[name])
    outputs = run_values.flatten(trace.outputs)
    same = len(run_values.flatten(step.outputs)) == len(outputs)
    structure = step.outputs if same else [None] * len(outputs)
    for name, array in _parts(structure, outputs, "output"):
        found.add(None, name, "output", array)
    return found.every


def _fits(rnn, trace):
    # Whether the trace has each value of this step, in its shape: then it is read as a run of this layer.
    step = rnn.description
    named = step.graph.named()
    if [name for name, _ in named] != trace.names or step.state_names != list(trace.states):
        return False
    parts = [
        ([tensor for _, tensor in named], [trace[name] for name in trace.names], 2),
        (step.states, list(trace.states.values()), 2),
        (step.inputs, trace.inputs, 1 if rnn.decode else 2),
        (step.constants, trace.constants, 1),
        (step.readouts, trace.readout, 2),
        (step.outputs, trace.outputs, 2),
    ]
    return all(_are_like(flat(tensors), flat(arrays), axes) for tensors, arrays, axes in parts)


def _are_like(tensors, arrays, axes):
    # Without the axes of samples and timesteps; None fits every size.
    if len(tensors) != len(arrays):
        return False
    pairs = [(t.shape[1:], np.shape(array)[axes:]) for t, array in zip(tensors, arrays, strict=True)]
    return all(len(a) == len(b) and all(x in (None, y) for x, y in zip(a, b, strict=True)) for a, b in pairs)


def _parts(structure, arrays, role):
    if structure is None or arrays is None:
        return []
    same = len(run_values.flatten(structure)) == len(run_values.flatten(arrays))
    return run_values.named_parts(structure, arrays, role) if same else []
