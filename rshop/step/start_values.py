"""First values of states and readouts: numbers, one sample for all, or one value for each sample."""

from numbers import Integral

import keras
import numpy as np
from keras import ops

from rshop.errors import message, told
from rshop.step.step import Step
from rshop.structure import agree, find, flat, shape_of

_NUMBERS = ("float", "bfloat", "int", "uint", "bool")


def start_value(value, shape: tuple, dtype, batch):
    """A given first value as `(batch, *shape)`: a number or a single sample is broadcast over the batch.

    Example:
        >>> start_value([1.0, 2.0], (2,), "float32", batch=3).shape
        (3, 2)

    Raises:
        ValueError: a number, where the shape has unknown sizes.
    """
    value = ops.cast(ops.convert_to_tensor(value), dtype)
    rank = len(value.shape)
    if rank == len(shape) + 1 and (value.shape[0] != 1 or (isinstance(batch, int) and batch == 1)):
        return value
    if None in shape and rank < len(shape):
        raise ValueError(
            message(
                "A number can be spread over the batch only where every other size is known.",
                received=f"a first value of shape {tuple(value.shape)} for (batch, ...) = {(None, *shape)}",
                expected="an array that has these sizes",
                fix="give the sizes in keras.Input(...), or pass an array as initial_state= or "
                "initial_readout=",
            )
        )
    size = tuple(ops.shape(value)[rank - len(shape) :]) if None in shape else shape
    return ops.broadcast_to(value, (batch, *size))


def read_states(step: Step, value, what: str = "initial_state") -> list:
    """One value for each state from a tensor, a list or a dict by name; None where not given.

    Raises:
        ValueError: a wrong number of values, or a name of no state.
    """
    names = step.state_names
    if value is None:
        return [None] * len(names)
    if isinstance(value, dict):
        values = [None] * len(names)
        for name, given in value.items():
            values[find(name, names, "state")] = given
        return values
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(values) != len(names):
        raise ValueError(
            message(
                f"`{what}` does not have one value for each state.",
                received=f"{len(values)} values",
                expected=f"{len(names)}, for the states {names}",
                fix=f"give a list of {len(names)}, or a dict by state name",
            )
        )
    return values


def check_start(label: str, value, tensor, batch):
    """Compare a first value with the Input of its state or readout.

    Raises:
        ValueError: a shape that cannot be broadcast to `(batch, ...)`.
    """
    check_numbers(label, value)
    shape, expected = shape_of(value), (batch, *tuple(tensor.shape)[1:])
    whole = len(shape) == len(expected) and shape[0] == 1 and agree(shape[1:], expected[1:])
    if shape == () or agree(shape, expected) or agree(shape, expected[1:]) or whole:
        return
    raise ValueError(
        message(
            f"The first value of {label} has the wrong shape.",
            received=f"shape {shape}",
            expected=f"{expected}, or {expected[1:]} for all samples alike",
            fix=f"give {label} a value of its own shape",
        )
    )


def check_numbers(label: str, value, array: bool = False):
    """Refuse a value that is neither a number nor an array of numbers.

    Raises:
        TypeError: a string, an object, complex numbers, a list of lists of different lengths.
    """
    if not _holds_numbers(value) or (array and getattr(value, "shape", None) is None):
        raise TypeError(
            message(
                f"The value of {label} is not made of numbers.",
                received=told(value),
                expected=f"{'' if array else 'a number, '}an array or a tensor of real numbers",
                fix=f"give {label} an array; initializers go into state_initializer=",
            )
        )


def check_call(given: dict, *, optional: bool = True, symbolic: bool = True, arrays: bool = False):
    """Refuse call arguments that are not made of numbers, before Keras or a loop meets them.

    Example:
        >>> check_call({"x": np.ones((2, 7, 3)), "mask": None})

    Args:
        given: the arguments of a call by name: each None, a tensor, or a list, tuple or dict of tensors.
        optional: whether a part may be None.
        symbolic: whether a part may be a Keras tensor, which has no values yet.
        arrays: whether a part must be an array or a tensor, not a Python number.

    Raises:
        TypeError: names the argument.
    """
    for name, value in given.items():
        try:
            parts = flat(value)
        except (TypeError, ValueError):  # a dict whose keys have no order, for one
            parts = [value]
        for part in parts:
            if part is not None or not optional:
                check_numbers(f"`{name}`", part, arrays)
            if isinstance(part, keras.KerasTensor) and not symbolic:
                raise TypeError(
                    message(
                        f"`{name}` has no values: it is a Keras tensor, which only says what will come.",
                        received=told(part),
                        expected="an array or a tensor with values",
                        fix=f"give {name} the numbers of a call, such as np.ones((2, 7, 3))",
                    )
                )


def _holds_numbers(value) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "biuf" or value.dtype.name.startswith(_NUMBERS)
    try:
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if shape is None or dtype is None:
            return np.asarray(value).dtype.kind in "biuf"
        sizes = all(size is None or isinstance(size, Integral) for size in shape)
        return sizes and keras.backend.standardize_dtype(dtype).startswith(_NUMBERS)
    except Exception:  # noqa: BLE001  (what somebody passes by mistake may raise anything)
        return False
