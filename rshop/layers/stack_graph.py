"""The graph of one timestep of a stack: its cells chained, their states, and the readout merged in front."""

from dataclasses import dataclass, field

import keras

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.errors import message
from rshop.layers.shared_states import check_same_count, check_same_shapes
from rshop.layers.stack_constants import StackConstants
from rshop.step.names import free_name
from rshop.step.readout import merge


@dataclass
class Chain:
    """The tensors of a stack's timestep: the output, the states as Inputs, the next states.

    Example:
        >>> x = keras.Input((4,))
        >>> chain([LSTMCell(10), keras.layers.Dense(5)], x, {x.name}).y.shape
        (None, 5)
    """

    y: keras.KerasTensor
    states: list = field(default_factory=list)
    next_states: list = field(default_factory=list)
    #: The Input of the readout; None without one.
    readout: keras.KerasTensor | None = None
    constants: StackConstants | None = None


def chain(
    cells: list, x: keras.KerasTensor, taken: set[str], *, state_sync: bool = False, constant_shapes=()
) -> Chain:
    """The cells and layers called one after the other, the first on `x` `(batch, ...)`.

    Args:
        cells: the cells and layers of the stack.
        x: what the first of them reads.
        taken: names that no new Input may have.
        state_sync: the cells share one set of states.
        constant_shapes: of the constants that the layer is called with.
    """
    made, owner, taken = Chain(x, constants=StackConstants(constant_shapes, taken)), None, set(taken)
    for cell in cells:
        if not is_cell(cell):
            made.y = cell(made.y)
            continue
        constants = made.constants.of(cell, tuple(made.y.shape))
        taken |= made.constants.taken
        needed = _state_inputs(cell, made.y, taken)
        if state_sync and owner is not None:
            check_same_shapes(owner, made.states, cell, needed)
            made.y, made.next_states = _call(cell, [made.y, *constants], made.next_states)
            continue
        owner = cell
        made.constants.note_lengths(cell, first_state=len(made.states))
        made.y, after = _call(cell, [made.y, *constants], needed)
        made.states, made.next_states = made.states + needed, made.next_states + after
    if made.constants.lengths:
        made.constants.name_states(stack_state_names(cells, state_sync=state_sync))
    return made


@dataclass
class Fed:
    """How a stack reads its own last output.

    Args:
        mode: how it is merged with the input.
        activation: applied to it before that.
        shape, dtype: of the readout, `(batch, ...)`.
    """

    mode: object
    activation: object
    shape: tuple
    dtype: str


def chain_with_readout(cells: list, x, taken: set[str], *, fed: Fed, **how) -> Chain:
    """The same with a readout, which is merged with `x` in front of the first cell."""
    readout = keras.Input(fed.shape[1:], dtype=fed.dtype, name=free_name("readout", taken))
    taken, seen = {*taken, readout.name}, readout
    if isinstance(fed.activation, keras.layers.Layer):
        seen = fed.activation(readout)
    elif fed.activation is not keras.activations.linear:
        name = free_name("activation", taken)
        taken, seen = {*taken, name}, keras.layers.Activation(fed.activation, name=name)(readout)
    made = chain(cells, merge(fed.mode, x, seen, taken), taken, **how)
    made.readout = readout
    return made


def is_cell(part) -> bool:
    """Whether a part of a stack has states: a cell of this project, or one in Keras's form."""
    return isinstance(part, RNNCell) or keras_cells.is_keras_cell(part)


def stack_state_names(parts: list, *, state_sync: bool) -> list[str]:
    """`<cell>/<state>` for each state of a stack; with `state_sync` the states that its cells share.

    Example:
        >>> stack_state_names([SimpleRNNCell(4, name="a"), LSTMCell(4, name="b")], state_sync=False)
        ['a/h', 'b/h', 'b/c']
    """
    names, uses, cells = [], {}, [part for part in parts if is_cell(part)]
    if state_sync:
        check_same_count(cells)
    for cell in cells[:1] if state_sync else cells:
        own = cell.state_names if isinstance(cell, RNNCell) else keras_cells.state_names(cell)
        uses[cell.name] = uses.get(cell.name, 0) + 1
        again = f"#{uses[cell.name]}" if uses[cell.name] > 1 else ""
        names += own if state_sync else [f"{cell.name}{again}/{name}" for name in own]
    return names


def _call(cell, given, states):
    if isinstance(cell, RNNCell):
        y, *after = cell([*given, *states])
        return y, after
    return keras_cells.call(cell, *given, states)


def _state_inputs(cell, x, taken):
    if not isinstance(cell, RNNCell):
        return [_state_input(shape, x.dtype, taken) for shape in keras_cells.state_shapes(cell)]
    if not cell.built:
        cell.build(tuple(x.shape))
    inputs, outputs = (len(part) - cell.num_states for part in (cell.model.inputs, cell.model.outputs))
    inputs -= len(cell.constant_names)
    if inputs != 1 or outputs != 1:
        raise ValueError(
            message(
                f"The cell {cell.name!r} cannot stand in a stack, which hands on one tensor.",
                received=f"a cell with {inputs} inputs and {outputs} outputs",
                expected="one input and one output",
                fix="use the cell in a step of its own, with RecurrentModel",
            )
        )
    first = len(cell.model.inputs) - cell.num_states
    return [_state_input(t.shape, t.dtype, taken) for t in cell.model.inputs[first:]]


def _state_input(shape, dtype, taken):
    # A name such as Keras makes up, which is not the user's (see `errors.given_name`).
    name = free_name("input_layer", taken)
    taken.add(name)
    return keras.Input(shape[1:], dtype=dtype, name=name)
