"""`describe_step`: the checked description of a timestep, from the Keras tensors that a user wrote."""

import keras

from rshop.errors import message, shapes
from rshop.step.describe.checks import (
    check_distinct,
    check_names,
    check_tensors,
    names_of_states,
    pair_states,
)
from rshop.step.describe.hidden_tensors import check_nothing_hidden
from rshop.step.describe.unread import unread_parts
from rshop.step.graph import Graph
from rshop.step.names import name_used_twice, two_of_one_name
from rshop.step.readout import feeds, split_fed
from rshop.step.step import Step
from rshop.structure import flat


def describe_step(
    inputs,
    outputs,
    *,
    states=None,
    next_states=None,
    readouts=None,
    constants=None,
    state_names=None,
    lengths=None,
    unused_inputs=False,
    of_cell=False,
) -> Step:
    """The checked description of a timestep, from its Keras tensors.

    Example:
        >>> describe_step(x, y, states=[h], next_states=[n]).state_names
        ['h']

    Args:
        inputs, outputs, readouts, constants: one Keras tensor, or a list or dict of them.
        states, next_states: as many Keras tensors each; a dict also names the states.
        state_names: names for the states where their Inputs have none.
        lengths: for a state whose size is not known, the name of the constant that is as long.
        unused_inputs: accept inputs that reach no output (where a readout replaces the input).
        of_cell: the tensors come from a cell's `build_model` (see `Graph`).

    Raises:
        TypeError: an argument that is not made of Keras tensors.
        ValueError: a state and next state that do not fit, a name used twice, or a tensor that reaches no
            output.
    """
    readouts, fed_from = split_fed(readouts)
    parts = {"input": inputs, "output": outputs, "readout_input": readouts, "constants": constants}
    for what, value in parts.items():
        check_tensors(what, value, optional=what in ("readout_input", "constants"))
    names, states, next_states = pair_states(states, next_states)
    names = state_names or names or names_of_states(states)
    starts = [*flat(inputs), *flat(constants), *states, *flat(readouts)]
    check_distinct(starts)
    model = _model(starts, [*flat(outputs), *next_states])
    graph = Graph(model, of_cell)
    check_nothing_hidden(graph)
    step = Step(
        inputs,
        outputs,
        constants,
        readouts,
        states,
        next_states,
        list(names),
        model,
        graph,
        fed_from,
        dict(lengths or {}),
    )
    check_names(step.state_names)
    unread = unread_parts(step, unused_inputs)
    try:
        feeds(step.outputs, step.readouts, fed_from)
    except ValueError as error:
        # Both faults are reported, so that mending the first does not just reveal the second.
        raise ValueError(" ".join([str(error), *unread.get("readout_input", [])])) from None
    for faults in unread.values():
        raise ValueError(faults[0])
    return step


def _model(starts, ends):
    try:
        return keras.Model(starts, ends, name="step")
    except ValueError as error:
        name = name_used_twice(error)
        if name is not None:
            raise ValueError(two_of_one_name(name, starts, ends)) from None
        raise ValueError(
            message(
                f"The step is not a graph from its inputs to its outputs ({error}).",
                received=f"inputs of shapes {shapes(starts)}, outputs of shapes {shapes(ends)}",
                expected="outputs and final states computed from the given Inputs alone",
                fix="pass every keras.Input that the step uses, as input, initial_states, "
                "readout_input or constants",
            )
        ) from error
