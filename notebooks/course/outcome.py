"""The three outcomes of a check."""

import enum
import importlib


class Outcome(enum.Enum):
    """What a check finds. None of them stops a notebook, and none shows the answer."""

    NOT_ATTEMPTED = "not attempted"
    MATCHES = "matches"
    DIFFERS = "differs"


class NotAttemptedError(Exception):
    """Raised within a check when there is nothing to check yet."""


class DiffersError(Exception):
    """Raised within a check; its message says which property does not hold, not the answer."""


def expect(holds, what: str):
    """Go on if `holds`, else end the check with `differs` and these words.

    Example:
        >>> expect(y.shape == (2, 7, 1), f"the output has the shape {y.shape}.")
    """
    if not holds:
        raise DiffersError(what)


def kind_of(value) -> str:
    """What a value is, for a message.

    Example:
        >>> kind_of("8, 4"), kind_of(3), kind_of((8, 4))
        ("the text '8, 4'", 'an int', 'a tuple')
    """
    if isinstance(value, str):
        return f"the text {value!r}"
    name = type(value).__name__.replace("ndarray", "NumPy array")
    return f"a{'n' * (name[0] in 'aeiouAEIO')} {name}"


def find(registered: dict, name: str, kind: str):
    """The entry of this name, such as '01.sum', after `lesson_01.py` was imported."""
    lesson = name.partition(".")[0]
    if not any(known.startswith(f"{lesson}.") for known in registered):
        try:
            importlib.import_module(f"{__package__}.lesson_{lesson}")
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.lesson_{lesson}":
                raise
    if name not in registered:
        known = sorted(known for known in registered if known.startswith(f"{lesson}."))
        raise ValueError(
            f"There is no {kind} of this name. Received: {name!r}. "
            f"Expected: one of {known}. Fix: copy the name from the lesson's text."
        )
    return registered[name]
