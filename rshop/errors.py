"""One form for every message: the problem, what was received, what was expected, and the fix."""

import re

# Types whose repr already shows the type.
_PLAIN = ("bool", "int", "float", "complex", "str", "bytes", "NoneType", "list", "tuple", "dict")
_UNNAMED = re.compile(r"^(keras_tensor|input_layer)(_\d+)?$")


def message(problem: str, *, received: object, expected: object, fix: str) -> str:
    """The text of an error that a newcomer can act on.

    Example:
        >>> message("No length.", received=None, expected="a whole number", fix="output_length=6")
        'No length. Received: None. Expected: a whole number. Fix: output_length=6.'
    """
    return f"{problem} Received: {received}. Expected: {expected}. Fix: {fix}."


def taken_apart(text: str) -> tuple[str, str]:
    """The problem and what was expected, of a text that `message` made; of any other the whole, and "".

    Example:
        >>> taken_apart(message("No length.", received=None, expected="a whole number", fix="length=6"))
        ('No length.', 'a whole number')
    """
    problem, _, rest = text.partition(" Received: ")
    return problem, rest.partition(". Expected: ")[2].partition(". Fix: ")[0]


def told(value) -> str:
    """A received value in a few words: an array by its type and shape, anything else by its repr.

    Example:
        >>> told(np.ones((2, 3))), told("zeros")
        ('an ndarray of shape (2, 3) and dtype float64', "'zeros'")
    """
    kind = type(value).__name__
    found = _tried(lambda: _array_told(value, kind))
    if found:
        return found
    written = _tried(lambda: " ".join(repr(value).split()))
    written = "something that cannot be written" if written is None else written
    written = f"{written[:80]}{'...' if len(written) > 80 else ''}"
    return written if kind in _PLAIN else f"{written} of type {kind}"


def _array_told(value, kind):
    if not len(value.shape):
        return None
    article = "an" if kind[0] in "aeiouE" or kind == "ndarray" else "a"
    return f"{article} {kind} of shape {tuple(value.shape)} and dtype {value.dtype}"


def _tried(ask):
    # What somebody passes by mistake may raise anything; it has no words then.
    try:
        return ask()
    except Exception:  # noqa: BLE001
        return None


def check_name(what: str, name) -> str:
    """A name, checked to be a string.

    Raises:
        TypeError: it is not.
    """
    if isinstance(name, str):
        return name
    raise TypeError(
        message(
            f"The name of a {what} is a text.",
            received=told(name),
            expected="a str",
            fix=f"write the name of the {what} in quotes",
        )
    )


def given_name(tensor) -> str | None:
    """The name that the user gave to a Keras tensor, or None where Keras made one up."""
    name = getattr(tensor, "name", None)
    return None if name is None or is_made_up(name) else name


def is_made_up(name: str) -> bool:
    """Whether Keras made up this name for an Input or a tensor that had none: `input_layer_3`."""
    return _UNNAMED.match(name) is not None


def describe(role: str, tensor, position: int | None = None) -> str:
    """A tensor as a message names it: its role, its name (or its position) and its shape.

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
