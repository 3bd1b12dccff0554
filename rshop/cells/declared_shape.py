"""The shape of `x` that a cell is made with, given under any of four names."""

from rshop.checks import check_count
from rshop.errors import message, told
from rshop.structure import agree, is_shape

_EXAMPLES = {"input_shape": "(5,)", "batch_input_shape": "(None, 5)", "batch_shape": "(None, 5)"}


def declared_shape(*, input_dim=None, **shapes) -> tuple | None:
    """The shape `(batch, ...)` of `x` from the arguments of a cell, or None where none was given.

    Example:
        >>> declared_shape(input_dim=5, batch_input_shape=(20, None))
        (20, 5)

    Args:
        input_dim: the number of features.
        **shapes: `input_shape` without the batch, `batch_input_shape` or `batch_shape` with it.

    Raises:
        TypeError: not a number, or not a shape.
        ValueError: two of them contradict each other.
    """
    given = {}
    if input_dim is not None:
        given["input_dim"] = (None, check_count("input_dim", input_dim, "number of features of x"))
    for name, shape in shapes.items():
        if shape is not None:
            _check_shape(name, shape)
            given[name] = (None, *shape) if name == "input_shape" else tuple(shape)
    if not given:
        return None
    first, *others = given.values()
    for other in others:
        if not agree(first, other):
            raise ValueError(
                message(
                    "The shape of x is given twice, and differently.",
                    received=", ".join(f"{name} for x of shape {shape}" for name, shape in given.items()),
                    expected="one shape",
                    fix=f"leave out {next(iter(given))}",
                )
            )
        first = tuple(a if b is None else b for a, b in zip(first, other, strict=True))
    return first


def _check_shape(name, shape):
    if not is_shape(shape) or (name != "input_shape" and not shape):
        raise TypeError(
            message(
                f"`{name}` is the shape of x.",
                received=f"{name}={told(shape)}",
                expected="a tuple of whole numbers and None",
                fix=f"{name}={_EXAMPLES[name]}",
            )
        )
