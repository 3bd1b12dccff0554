"""Names of a step's parts: a free name for a new part, and the error for a name that is used twice."""

import re

import keras

from rshop.errors import given_name, is_made_up, message


def free_name(base: str, taken) -> str:
    """The base name, numbered if it is already taken.

    Example:
        >>> free_name("x", {"x", "x_1"})
        'x_2'
    """
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def is_numbered(operation) -> bool:
    """Whether an operation's name is one that Keras generates: its class name, with or without a number.

    Example:
        >>> is_numbered(keras.layers.Dense(3)), is_numbered(keras.layers.Dense(3, name="W"))
        (True, False)
    """
    return re.fullmatch(rf"{snake_case(type(operation).__name__)}(_\d+)?", operation.name) is not None


def users_name(operation) -> str | None:
    """The name that a user gave to a layer or operation, or to the model or cell that it is made of.

    Example:
        >>> users_name(keras.layers.Dense(3)), users_name(LSTMCell(3, name="slow").get_layer())
        (None, 'slow')
    """
    if is_numbered(operation):
        operation = made_of(operation)
    return None if operation is None or is_numbered(operation) else operation.name


def made_of(operation):
    """The model or cell that a cell or layer of this project is made of; None for everything else.

    Example:
        >>> made_of(LSTMCell(3).get_layer())
        <LSTMCell name=lstm_cell, built=False>
    """
    return operation.made_of() if hasattr(operation, "made_of") else None


def snake_case(name: str) -> str:
    """A class name in snake case, as Keras writes it: `LSTMCell` gives `lstm_cell`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def name_used_twice(error: ValueError) -> str | None:
    """The duplicate name in Keras's error about a model with two layers of one name, else None."""
    found = re.search(r'The name "(.+)" is used \d+ times', str(error))
    return found[1] if found else None


def two_of_one_name(name: str, starts: list, ends: list) -> str:
    """The error message for a step with two parts of the same name.

    Args:
        name: the duplicate name.
        starts, ends: the Inputs and the results of the step.
    """
    unnamed = is_made_up(name)
    inputs = [t for t in starts if t.name == name or (unnamed and given_name(t) is None)]
    inputs = [f"a keras.Input of shape {tuple(t.shape)}" for t in inputs]
    parts = [*inputs, *_operations_called(name, starts, ends)]
    return message(
        f"Two parts of the step are called {name!r}. Keras numbers what has no name, anew after "
        "keras.backend.clear_session(); what was loaded or made before keeps its name.",
        received=" and ".join(parts) if len(parts) > 1 else f"two parts called {name!r}",
        expected="a name of its own for each part",
        fix=f"make the parts in one go, or give one of them a name: name='{name}_of_mine'",
    )


def _operations_called(name, starts, ends):
    # The whole step cannot be a model, but the part that leads to a single result often can.
    found = {}
    for end in ends:
        try:
            operations = keras.Model(starts, end).operations
        except ValueError:
            continue
        found |= {id(o): o for o in operations if o.name == name and not _is_input(o)}
    return [f"a {type(operation).__name__}" for operation in found.values()]


def _is_input(operation):
    return isinstance(operation, keras.layers.InputLayer)
