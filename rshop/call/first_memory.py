"""The memory before the first timestep of a call: states, readouts, truths and held outputs."""

from keras import ops

from rshop.step.start_values import start_value
from rshop.structure import flat, shape_of


def own_states(layer, given, *, batch, training: bool | None) -> list:
    """The states that a call starts from if nothing is carried over: what was given, else initial.

    Args:
        layer, given, batch: as in `first_memory`.
        training: whether random initial states are drawn anew.
    """
    # A stateful layer knows its batch, and has to be checked against that of the call.
    own, step = batch if layer.carried is None else layer.carried.batch, layer.description
    return [
        first(own, training, _length_of(step, given, name))
        if value is None
        else start_value(value, first.shape, first.dtype, batch)
        for name, value, first in zip(step.state_names, given.states, layer.first_states, strict=True)
    ]


def first_memory(layer, given, own: list, *, batch, forced: bool, hold_outputs: bool) -> dict:
    """The memory before the first timestep: what was given, else carried over, else initial.

    Example:
        >>> first_memory(rnn, arguments, [h0], batch=2, forced=False, hold_outputs=False)
        {'states': [<tensor (2, 10)>], 'readouts': [], 'truths': [], 'held': []}

    Args:
        layer: a built `RecurrentLayer`.
        given: its checked `Arguments`.
        own: the `own_states` of the call.
        batch: the number of samples, an int or a scalar tensor.
        forced: whether the ground truth is fed.
        hold_outputs: whether the last valid output is kept.

    Returns:
        A dict of flat lists of tensors `(batch, ...)`, see `Timestep`.
    """
    step = layer.description
    carried = layer.carried.values(own) if layer.carried is not None else None
    states = [
        carried["states"][i] if carried and value is None else own[i] for i, value in enumerate(given.states)
    ]
    memory = {"states": states, "readouts": [], "truths": [], "held": []}
    for i, (value, like) in enumerate(zip(given.readouts, flat(step.readouts), strict=True)):
        for part in ("readouts", "truths") if forced else ("readouts",):
            if value is None and carried:
                memory[part].append(carried[part][i])
            else:
                first = 0 if value is None else value
                memory[part].append(start_value(first, like.shape[1:], like.dtype, batch))
    if hold_outputs:
        memory["held"] = _zero_outputs(layer, given, memory, batch)
    return memory


def first_parts(layer, given, memory) -> list[list]:
    """The inputs, constants, states and readouts that the step reads first; a truth is left out."""
    now = given.inputs if layer.decode else [x[:, 0] for x in given.inputs]
    return [now, given.constants, memory["states"], memory["readouts"]]


def has_unknown_sizes(tensors: list) -> bool:
    """Whether one of these tensors has a size, other than its batch, that is not known."""
    return any(None in tensor.shape[1:] for tensor in tensors)


def _length_of(step, given, state):
    # The size of a state that the step does not know, where a constant has it.
    if state not in step.lengths:
        return None
    constant = given.constants[step.constant_names.index(step.lengths[state])]
    return shape_of(constant)[1] or ops.shape(constant)[1]


def _zero_outputs(layer, given, memory, batch):
    likes = flat(layer.description.outputs)
    if not has_unknown_sizes(likes):
        return [start_value(0, t.shape[1:], t.dtype, batch) for t in likes]
    # The sizes that the step does not know are found by running it once.
    parts = first_parts(layer, given, memory)
    outputs, _ = layer.description(*parts, training=False, masks=given.step_masks)
    return [ops.zeros_like(y) for y in outputs]
