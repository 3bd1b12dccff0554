"""One form for every message: the problem, what was received, what was expected, and the fix."""

import re

_UNNAMED = re.compile(r"^(keras_tensor|input_layer)(_\d+)?$")


def message(problem: str, *, received: object, expected: object, fix: str) -> str:
    """The text of an error that a newcomer can act on.

    Example:
        >>> message("No length.", received=None, expected="a whole number", fix="output_length=6")
        'No length. Received: None. Expected: a whole number. Fix: output_length=6.'
    """
    return f"{problem} Received: {received}. Expected: {expected}. Fix: {fix}."


def given_name(tensor) -> str | None:
    """The name that the user gave to a Keras tensor, or None where Keras made one up."""
    name = getattr(tensor, "name", None)
    return None if name is None or is_made_up(name) else name


def is_made_up(name: str) -> bool:
    """Whether Keras gave this name to an Input or a tensor that had none: `input_layer_3`."""
    return _UNNAMED.match(name) is not None


def describe(role: str, tensor, position: int | None = None) -> str:
    """A tensor in the user's words: its role, then its name (or its place) and shape.

    Example:
        >>> describe("state", keras.Input((3,), name="h"))
        "state 'h' of shape (None, 3)"
    """
    name = given_name(tensor)
    label = f" {name!r}" if name else "" if position is None else f" {position}"
    return f"{role}{label} of shape {tuple(tensor.shape)}"


def shapes(tensors) -> str:
    """The shapes of several tensors, in a row: `(None, 3), (None, 5)`."""
    return ", ".join(str(tuple(t.shape)) for t in tensors) or "none"
