"""Shapes of a call compared with those of the step, and with one another."""

from dataclasses import replace

from keras import ops

from rshop.backend import checked_size
from rshop.errors import describe, given_name, message
from rshop.step.step import Step
from rshop.structure import agree, flat, shape_of


def check_inputs(step: Step, given: list[tuple], decode: bool):
    """Compare the shapes that arrive with those that the step was written for.

    Example:
        >>> check_inputs(step, [(2, 7, 3)], decode=False)

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
                    fix=_input_fix(shape, expected, decode),
                )
            )


def _input_fix(shape, expected, decode):
    if decode and len(shape) == len(expected) + 1:
        return "a decoder takes one vector, seen at each timestep: leave out the time axis"
    if not decode and len(shape) == len(expected) - 1:
        return "add the time axis, x[:, None] for one timestep"
    return "reshape x, or write the step with a keras.Input of the size that arrives"


def common_length(inputs: list) -> int | None:
    """The number of timesteps of all inputs, None where only the running graph knows it.

    Raises:
        ValueError: they differ, or there is no timestep.
    """
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


def common_batch(inputs: list) -> int | None:
    """The number of samples of all inputs, None where only the running graph knows it.

    Raises:
        ValueError: they differ.
    """
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


def check_truths(step: Step, truths: list, *, batch: int | None, length):
    """Refuse a ground truth that is not one readout for each timestep.

    Raises:
        ValueError: names both shapes.
    """
    known = length if isinstance(length, int) else None
    for given, tensor in zip(truths, flat(step.readouts), strict=True):
        expected = (batch, known, *tuple(tensor.shape)[1:])
        if not agree(shape_of(given), expected):
            raise ValueError(
                message(
                    "`ground_truth` is not one readout for each timestep.",
                    received=f"ground_truth of shape {shape_of(given)}",
                    expected=f"(batch, time, ...) = {expected}",
                    fix="give the target of each timestep, unshifted: the layer feeds it one step late",
                )
            )


def check_constants(step: Step, constants: list, batch: int | None, likes: list | None = None):
    """Refuse constants of another shape than the step's.

    Args:
        step: the checked step.
        constants: the given ones, flat.
        batch: the number of samples, where it is known.
        likes: the Keras tensors of the step that they are for; by default all of its constants.

    Raises:
        ValueError: names the constant and both shapes.
    """
    for given, tensor in zip(constants, likes or flat(step.constants), strict=True):
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


def check_constant_masks(constants: list, masks: list):
    """Refuse a mask that does not have one boolean for each place of its constant.

    Raises:
        ValueError: names both shapes.
    """
    for constant, mask in zip(constants, masks, strict=True):
        if mask is not None and not agree(shape_of(mask), shape_of(constant)[:2]):
            raise ValueError(
                message(
                    "The mask of a constant has one boolean for each of its places.",
                    received=f"constants_mask of shape {shape_of(mask)}",
                    expected=f"(batch, time) = {shape_of(constant)[:2]}",
                    fix="make the mask from the same sequences as the constant",
                )
            )


def flat_masks(values: list, masks) -> list:
    """One mask `(batch, time)`, or None, for each value; a single mask is for all of them.

    Example:
        >>> flat_masks([x, z], mask)
        [mask, mask]

    Raises:
        ValueError: another number of masks, or one of another rank.
    """
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


def check_masks(masks: list, *, batch: int | None, length):
    """Refuse masks that do not have one boolean for each timestep of each sample.

    Raises:
        ValueError: names both shapes.
    """
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


def check_unroll(layer, given):
    """Refuse to unroll over a number of timesteps that is not known.

    Args:
        layer: a `RecurrentLayer`.
        given: its checked `Arguments`.

    Raises:
        ValueError: the layer has `unroll=True`, and the number is not known.
    """
    if layer.unroll and not isinstance(given.length, int):
        raise ValueError(
            message(
                "Unrolling lays out one copy of the step for each timestep, so it needs to know how "
                "many there are.",
                received=f"x of shape {shape_of(given.inputs[0])}, whose time is not known",
                expected="a fixed number of timesteps",
                fix="give the time in keras.Input((timesteps, ...)), or use unroll=False",
            )
        )


def checked_while_running(layer, given, first: dict, *, length, batch) -> tuple:
    """The first memory and the arguments, with checks of the sizes that only the running graph knows.

    Everything that runs later waits for these checks.

    Args:
        layer: a `RecurrentLayer`.
        given: its `Arguments`.
        first: the memory before the first timestep.
        length, batch: ints or scalar tensors.

    Raises:
        ValueError: as the graph runs, of a sequence, a constant or a batch of another size.
    """
    tensors = {name: getattr(given, name) for name in ("inputs", "constants", "truths")}
    values = {"first": first, **tensors, "mask": [] if given.mask is None else [given.mask]}
    if layer.carried is not None:
        wrong = layer.carried.wrong_batch("a batch of another size")
        values = checked_size(values, batch, layer.carried.batch, wrong)
    for what, x in _over_time(given, layer.decode):
        if not (isinstance(shape_of(x)[1], int) and isinstance(length, int)):
            values = checked_size(values, ops.shape(x)[1], length, _wrong_length(what))
    for x in given.constants:
        if isinstance(shape_of(x)[0], int) and not isinstance(batch, int):
            values = checked_size(values, shape_of(x)[0], batch, _wrong_batch(shape_of(x)))
    first, mask = values.pop("first"), values.pop("mask")
    return first, replace(given, **values, mask=mask[0] if mask else None)


def _over_time(given, decode):
    # The sequences beside the first input.
    inputs = [] if decode else [("an input", x) for x in given.inputs[1:]]
    truths = [("ground_truth", x) for x in given.truths]
    return inputs + truths + ([] if given.mask is None else [("the mask", given.mask)])


def _wrong_length(what):
    return message(
        "The sequences of a call have different numbers of timesteps.",
        received=f"{what} with another number than x, or than output_length",
        expected="one value for each timestep",
        fix="cut or pad the sequences to the same length",
    )


def _wrong_batch(shape):
    return message(
        "The constants of the call have another batch than x.",
        received=f"a constant of shape {shape}",
        expected="one for each sample of x",
        fix="repeat it for each sample: np.repeat(constant, batch, axis=0)",
    )
