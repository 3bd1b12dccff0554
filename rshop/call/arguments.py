"""What a call of a recurrent layer receives, checked and flattened. Works on shapes alone, so that
symbolic tensors meet the same checks as arrays."""

from dataclasses import dataclass

from rshop.errors import describe, given_name, message
from rshop.step.masks import combine
from rshop.step.start_values import check_start, read_states
from rshop.step.step import Step
from rshop.structure import agree, flat, flatten_like, shape_of


@dataclass
class Arguments:
    """The arguments of one call, each a flat list.

    Attributes:
        inputs, constants: the tensors.
        states, readouts: the given first values, None where none was given.
        truths: the ground truth for each readout, or nothing.
        step_masks: masks for the step's own inputs and constants, None where there is none.
        mask: the mask over time `(batch, time)`, or None.
        batch, length: ints, or None where only the running graph knows them.
    """

    inputs: list
    constants: list
    states: list
    readouts: list
    truths: list
    step_masks: list
    mask: object
    batch: int | None
    length: object


def read(
    step: Step,
    decode: bool,
    output_length,
    x,
    initial_state=None,
    initial_readout=None,
    ground_truth=None,
    constants=None,
    mask=None,
    constants_mask=None,
) -> Arguments:
    """Check the arguments of a call against the step.

    Example:
        >>> read(step, False, None, keras.KerasTensor((2, 7, 3))).length
        7

    Raises:
        ValueError: a structure, length, shape or name that does not fit the step.
    """
    inputs = flatten_like(step.inputs, x, "x")
    check_inputs(step, [shape_of(t) for t in inputs], decode)
    batch, length = shape_of(inputs[0])[0], output_length
    if not decode:
        length = _common_length(inputs)
        batch = _common_batch(inputs)
    given_constants = _read_constants(step, constants, batch)
    masks = _flat_masks(inputs, mask)
    if not decode:
        _check_masks(masks, batch, length)
    constant_masks = _flat_masks(given_constants, constants_mask)
    return Arguments(
        inputs=inputs,
        constants=given_constants,
        states=_read_states(step, initial_state, batch),
        readouts=_read_readouts(step, initial_readout, batch),
        truths=_read_truths(step, ground_truth, batch, length),
        step_masks=(masks if decode else [None] * len(inputs)) + constant_masks,
        mask=None if decode else combine(masks),
        batch=batch,
        length=length,
    )


def timed(given: Arguments, decode: bool) -> list[tuple]:
    """What comes with one value for each timestep, `(what it is, tensor)`, beside the first input."""
    inputs = [] if decode else [("an input", x) for x in given.inputs[1:]]
    truths = [("ground_truth", x) for x in given.truths]
    return inputs + truths + ([] if given.mask is None else [("the mask", given.mask)])


def wrong_length(what: str) -> str:
    """What is said of a sequence that turns out longer or shorter than the timesteps of the call."""
    return message(
        "The sequences of a call have different numbers of timesteps.",
        received=f"{what} with another number than x, or than output_length",
        expected="one value for each timestep",
        fix="cut or pad the sequences to the same length",
    )


def wrong_batch(shape: tuple) -> str:
    """What is said of a constant whose batch turns out not to be that of x."""
    return message(
        "The constants of the call have another batch than x.",
        received=f"a constant of shape {shape}",
        expected="one for each sample of x",
        fix="repeat it for each sample: np.repeat(constant, batch, axis=0)",
    )


def check_inputs(step: Step, given: list[tuple], decode: bool):
    """Compare the shapes that arrive with those that the step was written for.

    Raises:
        ValueError: names the input, its shape, and what was expected.
    """
    for i, (tensor, shape) in enumerate(zip(flat(step.inputs), given, strict=True)):
        expected = tuple(tensor.shape)
        if not decode:
            expected = (expected[0], None, *expected[1:])
        if not agree(shape, expected):
            label = f"{given_name(tensor)!r}" if given_name(tensor) else f"{i}"
            axes = "(batch, ...)" if decode else "(batch, time, ...)"
            raise ValueError(
                message(
                    f"Input {label} does not fit the step.",
                    received=f"x of shape {shape}",
                    expected=f"{axes} = {expected}",
                    fix=_shape_fix(shape, expected, decode),
                )
            )


def _shape_fix(shape, expected, decode):
    if decode and len(shape) == len(expected) + 1:
        return "a decoder takes one vector, seen at each timestep: leave out the time axis"
    if not decode and len(shape) == len(expected) - 1:
        return "add the time axis, x[:, None] for one timestep"
    return "reshape x, or write the step with a keras.Input of the size that arrives"


def _read_states(step, value, batch):
    values = read_states(step, value)
    for name, given, tensor in zip(step.state_names, values, step.states, strict=True):
        if given is not None:
            check_start(f"state {name!r}", given, tensor, batch)
    return values


def _read_readouts(step, value, batch):
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
    values = flatten_like(step.readouts, step.fed(value), "ground_truth")
    for given, tensor in zip(values, flat(step.readouts), strict=True):
        shape = shape_of(given)
        known = length if isinstance(length, int) else None
        expected = (batch, known, *tuple(tensor.shape)[1:])
        if not agree(shape, expected):
            raise ValueError(
                message(
                    "`ground_truth` is not one readout for each timestep.",
                    received=f"ground_truth of shape {shape}",
                    expected=f"(batch, time, ...) = {expected}",
                    fix="give the target of each timestep, unshifted: the layer feeds it one step late",
                )
            )
    return values


def _read_constants(step, value, batch):
    if value is None and step.constants is not None or value is not None and step.constants is None:
        wanted = flat(step.constants)
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
    values = flatten_like(step.constants, value, "constants")
    for given, tensor in zip(values, flat(step.constants), strict=True):
        expected = (batch, *tuple(tensor.shape)[1:])
        if not agree(shape_of(given), expected):
            raise ValueError(
                message(
                    f"The {describe('constant', tensor)} was called with another shape.",
                    received=f"shape {shape_of(given)}",
                    expected=f"shape {expected}",
                    fix="constants are seen whole at each timestep: they have no time axis of their own",
                )
            )
    return values


def _common_length(inputs):
    lengths = {shape_of(t)[1] for t in inputs} - {None}
    if len(lengths) > 1:
        raise ValueError(
            message(
                "The inputs have different numbers of timesteps.",
                received=f"shapes {[shape_of(t) for t in inputs]}",
                expected="the same size on axis 1",
                fix="pad the shorter ones, or pass what has no time as constants",
            )
        )
    if lengths == {0}:
        raise ValueError(
            message(
                "There is no timestep to run.",
                received=f"x of shape {shape_of(inputs[0])}",
                expected="at least one timestep on axis 1",
                fix="leave empty sequences out of the batch",
            )
        )
    return lengths.pop() if lengths else None


def _common_batch(inputs):
    sizes = {shape_of(t)[0] for t in inputs} - {None}
    if len(sizes) > 1:
        raise ValueError(
            message(
                "The inputs have different numbers of samples.",
                received=f"shapes {[shape_of(t) for t in inputs]}",
                expected="the same size on axis 0",
                fix="give each input the same batch; what all samples share goes into constants=",
            )
        )
    return sizes.pop() if sizes else None


def _check_masks(masks, batch, length):
    known = length if isinstance(length, int) else None
    for mask in masks:
        if mask is not None and not agree(shape_of(mask), (batch, known)):
            raise ValueError(
                message(
                    "The mask is not one boolean for each timestep of x.",
                    received=f"mask of shape {shape_of(mask)}",
                    expected=f"(batch, time) = {(batch, known)}",
                    fix="make the mask from the same sequences as x",
                )
            )


def _flat_masks(values, masks):
    masks = flat(masks)
    if len(masks) not in (0, 1, len(values)):
        raise ValueError(
            message(
                "The masks are not those of the inputs.",
                received=f"{len(masks)} masks",
                expected=f"one mask of shape (batch, time), or {len(values)}",
                fix="give one mask for all inputs, or one (or None) for each",
            )
        )
    for mask in masks:
        if mask is not None and len(shape_of(mask)) != 2:
            raise ValueError(
                message(
                    "A mask has one boolean for each timestep.",
                    received=f"mask of shape {shape_of(mask)}",
                    expected="(batch, time)",
                    fix="reduce the mask to two axes",
                )
            )
    if len(masks) == 1 and len(values) > 1:
        return masks * len(values)
    return masks or [None] * len(values)
