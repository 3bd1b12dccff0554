"""The arguments of one call, checked and flattened. Only shapes are read, so that symbolic tensors meet
the same checks as arrays."""

from dataclasses import dataclass

from keras import ops

from rshop.call import shape_checks
from rshop.errors import describe, message
from rshop.step.constants import full_mask
from rshop.step.masks import combine
from rshop.step.start_values import check_start, read_states
from rshop.step.step import Step
from rshop.structure import flat, flatten_like, shape_of


@dataclass
class Arguments:
    """The arguments of one call, each a flat list.

    Attributes:
        inputs, constants: the tensors.
        states, readouts: the given first values, None where none was given.
        truths: the ground truth for each readout, or nothing.
        step_masks: a Keras mask (or None) for each tensor that the step reads, or None where there is none.
        mask: the mask over time `(batch, time)`, or None.
        batch, length: ints, or None where only the running graph knows them.
    """

    inputs: list
    constants: list
    states: list
    readouts: list
    truths: list
    step_masks: list | None
    mask: object
    batch: int | None
    length: object


def read(
    step: Step,
    x,
    *,
    decode: bool,
    output_length,
    initial_state=None,
    initial_readout=None,
    ground_truth=None,
    constants=None,
    mask=None,
    constants_mask=None,
) -> Arguments:
    """Check the arguments of a call against the step.

    Example:
        >>> read(step, keras.KerasTensor((2, 7, 3)), decode=False, output_length=None).length
        7

    Args:
        step: the checked step.
        decode, output_length: as in the options of the layer.
        x, ...: as in a call of the layer.

    Raises:
        ValueError: a structure, length, shape or name that does not fit the step.
    """
    inputs = flatten_like(step.inputs, x, "x")
    shape_checks.check_inputs(step, [shape_of(t) for t in inputs], decode)
    batch, length = shape_of(inputs[0])[0], output_length
    if not decode:
        length = shape_checks.common_length(inputs)
        batch = shape_checks.common_batch(inputs)
    given_constants, constant_masks = _read_constants(step, constants, constants_mask, batch)
    masks = shape_checks.flat_masks(inputs, mask)
    if not decode:
        shape_checks.check_masks(masks, batch=batch, length=length)
    states = read_first_states(step, initial_state, batch)
    readouts = read_first_readouts(step, initial_readout, batch)
    truths = _read_truths(step, ground_truth, batch, length)
    return Arguments(
        inputs=inputs,
        constants=given_constants,
        states=states,
        readouts=readouts,
        truths=truths,
        step_masks=_for_step(step, (masks if decode else [None] * len(inputs)) + constant_masks),
        mask=None if decode else combine(masks),
        batch=batch,
        length=length,
    )


def read_first_states(step: Step, value, batch: int | None) -> list:
    """A first value for each state from a tensor, a list or a dict by name; None where none is given.

    Example:
        >>> read_first_states(step, {"c": 0.5}, batch=2)  # of the states h and c
        [None, 0.5]

    Raises:
        ValueError: another number of values, a name of no state, or a shape that does not fit.
    """
    values = read_states(step, value)
    for name, given, tensor in zip(step.state_names, values, step.states, strict=True):
        if given is not None:
            check_start(f"state {name!r}", given, tensor, batch)
    return values


def read_first_readouts(step: Step, value, batch: int | None) -> list:
    """A first value for each readout, None where none is given.

    Raises:
        ValueError: another structure than the readouts have, or a shape that does not fit.
    """
    tensors = flat(step.readouts)
    if value is None:
        return [None] * len(tensors)
    values = flatten_like(step.readouts, step.fed(value), "initial_readout")
    for given, tensor, name in zip(values, tensors, step.readout_names, strict=True):
        if given is not None:
            check_start(f"readout {name!r}", given, tensor, batch)
    return values


def _read_truths(step, value, batch, length):
    if value is None:
        return []
    truths = flatten_like(step.readouts, step.fed(value), "ground_truth")
    shape_checks.check_truths(step, truths, batch=batch, length=length)
    return truths


def _read_constants(step, value, masks, batch):
    # The constants of the step, and the Keras mask of each: none where the step reads the mask itself.
    if (value is None) != (step.constants is None):
        wanted = flat(step.given_constants)
        raise ValueError(
            message(
                "The constants of the call are not those of the step.",
                received="no constants" if value is None else "constants",
                expected=", ".join(describe("constant", t) for t in wanted) or "none",
                fix="call the layer with constants=..."
                if wanted
                else "write the step with constants=, or call the layer without",
            )
        )
    complete = len(flat(value)) == len(flat(step.constants))
    values = flatten_like(step.constants if complete else step.given_constants, value, "constants")
    masks = shape_checks.flat_masks(values, masks)
    shape_checks.check_constant_masks(values, masks)
    if not complete:
        values, masks = _with_masks(step, values, masks, batch)
    shape_checks.check_constants(step, values, batch)
    return values, masks


def _with_masks(step, given, masks, batch):
    wanted, places = flat(step.constants), step.mask_places
    others = [i for i in range(len(wanted)) if i not in places]
    shape_checks.check_constants(step, given, batch, [wanted[i] for i in others])
    values, found = dict(zip(others, given, strict=True)), dict(zip(others, masks, strict=True))
    for place, of in places.items():
        mask, found[of], found[place] = found[of], None, None
        values[place] = full_mask(values[of]) if mask is None else ops.cast(mask, "bool")
        if mask is not None:
            values[of] = ops.copy(
                values[of]
            )  # without the mask that it may carry: the step reads that itself
    return [values[i] for i in range(len(wanted))], [found[i] for i in range(len(wanted))]


def _for_step(step, masks):
    if all(mask is None for mask in masks):
        return None
    return masks + [None] * (len(step.model.inputs) - len(masks))
