"""The output shape of a stack, found without building, copying or saving any of its parts."""

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.errors import message
from rshop.structure import is_shape


def output_shape(parts: list, shape: tuple) -> tuple | None:
    """The output shape `(batch, ...)` of the last part, or None where no part determines it.

    Example:
        >>> output_shape([keras.layers.Dense(4), GRUCell(6)], (None, None))
        (None, 6)

    Args:
        parts: cells and layers, in order.
        shape: that of the input; sizes that are not known yet are None.
    """
    for part in parts:
        shape = _part_shape(part, shape)
    return shape


def readout_shape(parts: list, merged, shape: tuple, mode) -> tuple:
    """The shape of the readout of a stack, whose input depends on the readout in turn.

    Example:
        >>> readout_shape([keras.layers.Dense(4)], lambda x, r: (None, None), (None, 3), "concat")
        (None, 4)

    Args:
        parts: the cells and layers of the stack.
        merged: `merged(shape, readout)` is the shape of the input merged with the readout, whose
            shape is None as long as it is not known.
        shape: of the input of the stack.
        mode: the readout mode, for the messages.

    Raises:
        ValueError: the last part does not say what size it returns, or no size fits.
    """
    found = output_shape(parts, merged(shape, None))
    if is_known(found):
        return found
    # The size depends on that of the input: found first without the readout, then with it.
    found = output_shape(parts, shape)
    if not is_known(found):
        raise ValueError(_unknown(parts[-1], mode))
    again = output_shape(parts, merged(shape, found))
    if again != found:
        raise ValueError(
            message(
                "The output has the size of the input, and the readout makes the input larger: no size fits.",
                received=f"readout={mode!r}, and layers that make {found} of {shape} and {again} with it",
                expected="a last layer that returns one size",
                fix="put a Dense on top, or use readout='add'",
            )
        )
    return found


def is_known(shape: tuple | None) -> bool:
    """Whether the number of features is known: not for `(None, None)`."""
    return shape is not None and (len(shape) < 2 or shape[-1] is not None)


def _part_shape(part, shape):
    if isinstance(part, RNNCell):
        return part.output_shape(shape)
    if keras_cells.is_keras_cell(part):
        return keras_cells.output_shape(part, shape)
    if shape is None:
        return None
    # Where a size is not known, or the layer does not say, the next part may determine its own.
    unknown = (*shape[:-1], None)
    try:
        found = part.compute_output_shape(shape)
    except (NotImplementedError, TypeError, ValueError, AttributeError, IndexError):
        return unknown
    return tuple(found) if is_shape(found) else unknown


def _unknown(last, mode):
    kind = type(last).__name__
    return message(
        f"The readout is as large as what {kind} {last.name!r} returns, which is not known before it runs.",
        received=f"readout={mode!r} with a {kind} that does not say the shape of its output",
        expected="a last cell or layer that does",
        fix="write compute_output_shape(self, input_shape) in its class, give a cell its output_dim, or put "
        "a Dense on top",
    )
