"""Every value of a run by name: what the step reads, computes, carries and returns."""

import math
from collections import ChainMap
from dataclasses import dataclass, field

import keras
import numpy as np

from rshop.errors import given_name
from rshop.step.graph import Graph
from viz.inspector.payload.equations import Equation, Operand
from viz.inspector.payload.open_cells import open_cells
from viz.model import naming
from viz.model.spoken_names import Spoken, in_words
from viz.style.encodable_text import visible

flatten = keras.tree.flatten


@dataclass(eq=False)
class Value:
    """One named value over the run.

    Attributes:
        name: as the trace names it; for a state, the state's name.
        said: the same as pictures say it: `lstm 1/input gate` for `lstm_cell_3/input_gate`.
        role: `input`, `constant`, `state`, `readout`, `inner` or `output`.
        shape: of one sample at one timestep.
        array: `(batch, frames, rows * columns)`, float32. A state has one frame more than there are
            timesteps (the first one is the initial state), a constant has one frame.
        rows, columns: how one frame is laid out as a picture; a vector is one row.
        whole: whether these are whole numbers (token ids).
        equation: how it is computed.
        unnamed: whether it comes from a layer or operation that the user gave no name.
        next: for a state, the place of the value that becomes the next one; for an output, of the value
            that is handed out.
    """

    name: str
    role: str
    shape: tuple
    array: np.ndarray
    rows: int = 1
    columns: int = 1
    whole: bool = False
    equation: Equation = field(default_factory=lambda: Equation("given"))
    unnamed: bool = False
    next: int | None = None
    said: str = ""


@dataclass(eq=False)
class Recorded:
    """All values of a run, and which Keras tensor of the step is which.

    Attributes:
        every: the values.
        places: a tensor by identity -> the place of its value.
        graph: of the step, with Keras's own cells open where they can be.

    Example:
        >>> recorded = collect(rnn, rshop.trace(rnn, x))
        >>> [v.name for v in recorded.every if v.role == "state"]
        ['h', 'c']
    """

    every: list[Value] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    kept_tensors: list = field(default_factory=list)
    graph: Graph | None = None

    def add(self, tensor, name, role, array) -> int:
        """Take in one value; `tensor` is the Keras tensor that stands for it in the step, or None."""
        self.every.append(_value(name, role, np.asarray(array)))
        self.point(tensor, len(self.every) - 1)
        return len(self.every) - 1

    def point(self, tensor, place: int):
        """Let a Keras tensor stand for the value at this place."""
        if tensor is not None:
            self.places[id(tensor)] = place
            self.kept_tensors.append(tensor)  # an id is only unique while its object lives

    def of(self, tensor) -> int:
        """The place of the value that a Keras tensor of the step stands for."""
        return self.places[id(tensor)]

    def roles(self, *roles) -> list[int]:
        """The places of the values of these roles."""
        return [i for i, value in enumerate(self.every) if value.role in roles]


def collect(rnn, record, constants=None) -> Recorded:
    """Every value of a traced run, in the order of the step.

    Example:
        >>> [v.name for v in collect(rnn, rshop.trace(rnn, x)).every][:4]
        ['x', 'h', 'c', 'kernel']

    Args:
        rnn: the recurrent layer.
        record: its `rshop.Trace`.
        constants: what the layer was called with, where the trace does not hold it.
    """
    step, found = rnn.description, Recorded()
    constants = constants if record.constants is None else record.constants
    starts, read = iter(step.graph.inputs), []
    for name, array in named_parts(step.inputs, record.inputs, "input"):
        array = np.asarray(array)[:, None] if rnn.decode else array
        found.add(next(starts), name, "constant" if rnn.decode else "input", array)
        read.append(array if rnn.decode or record.mask is None else _blank(array, record.mask))
    for name, array in named_parts(step.constants, constants, "constant"):
        read.append(np.asarray(array)[:, None])
        found.add(next(starts), name, "constant", read[-1])
    for name in step.state_names:
        found.add(next(starts), name, "state", record.states[name])
        read.append(record.states[name][:, :-1])
    for name, array in named_parts(step.readouts, record.readout, "readout"):
        found.add(next(starts), name, "readout", array)
        read.append(array)
    found.graph, opened = open_cells(step.graph, read, record)
    ends = iter(_collect_inner(found.graph, ChainMap(opened, record), found))
    for name, array in named_parts(step.outputs, record.outputs, "output"):
        value = found.every[found.add(None, name, "output", array)]
        value.next = next(ends)
        # At a masked timestep the layer returns something else than the step.
        if record.mask is None:
            value.equation = Equation("same", [Operand(value.next)])
    for place, end in zip(found.roles("state"), ends, strict=True):
        found.every[place].next = end
    _say_names(found.graph, found)
    return found


def _blank(array, mask):
    # As the step reads it: 0 at masked timesteps.
    seen = np.reshape(mask, (*mask.shape[:2], *[1] * (np.ndim(array) - 2)))
    return np.where(seen, array, np.zeros_like(array))


def _say_names(graph, found):
    spoken = Spoken(graph)
    for value in found.every:
        say = {"inner": spoken.value, "state": spoken.state}.get(value.role, str)
        value.said = visible(say(value.name))
    taken = {(value.role, value.said) for value in found.every}
    for value in found.every:
        words = in_words(value.said)
        value.said = value.said if (value.role, words) in taken else words


def named_parts(structure, arrays, role) -> list[tuple]:
    """`(name, array)` of each part of an input or output: its key, its Input's name, or its role.

    Example:
        >>> named_parts(keras.Input((3,), name="x"), array, "input")
        [('x', array)]
    """
    if structure is None:
        return []
    tensors, arrays = flatten(structure), flatten(arrays)
    if isinstance(structure, dict):
        names = sorted(structure)
    else:
        names = [role if len(tensors) == 1 else f"{role} {i}" for i in range(len(tensors))]
        if role != "output":
            names = [given_name(t) or name for t, name in zip(tensors, names, strict=True)]
    return list(zip(names, arrays, strict=True))


def _collect_inner(graph, record, found):
    def take(at):
        if at.node.inner is not None:
            for tensor, place in zip(at.node.inner.inputs, at.given, strict=True):
                found.point(tensor, place)
            at.inside()
        unnamed, places = naming.given(at.node.operation) is None, []
        for name, tensor in zip(at.node.labels(at.name), at.node.outputs, strict=True):
            places.append(found.add(tensor, name, "inner", record[name]))
            found.every[places[-1]].unnamed = unnamed
        return places

    return graph.walk(take, [found.of(t) for t in graph.inputs])


def _value(name, role, array):
    shape = array.shape[2:]
    whole = np.issubdtype(array.dtype, np.integer)
    with np.errstate(over="ignore"):  # a number that float32 cannot hold becomes infinite, and is marked
        array = array.astype("float32")
    if len(shape) == 3:  # channels side by side: (height, channels, width)
        array = array.transpose(0, 1, 2, 4, 3)
    # A column of numbers, as the scores of an attention, is shown as a vector.
    picture = len(shape) > 1 and math.prod(shape[1:]) > 1
    rows = shape[0] if picture else 1
    columns = math.prod(shape[1:] if picture else shape)
    array = array.reshape(*array.shape[:2], rows * columns)
    return Value(str(name), role, tuple(shape), array, rows, columns, bool(whole))
