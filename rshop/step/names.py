"""Names of a step's parts: free ones for what this project adds, and the message about one used twice."""

import re

import keras

from rshop.errors import given_name, is_made_up, message


def free_name(base: str, taken) -> str:
    """The name, with a number where it is taken.

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
    """Whether an operation has a name such as Keras makes up: its class, with a number or without.

    Example:
        >>> is_numbered(keras.layers.Dense(3)), is_numbered(keras.layers.Dense(3, name="W"))
        (True, False)
    """
    return re.fullmatch(rf"{snake_case(type(operation).__name__)}(_\d+)?", operation.name) is not None


def snake_case(name: str) -> str:
    """The name of a class as Keras writes it: `LSTMCell` gives `lstm_cell`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def name_used_twice(error: ValueError) -> str | None:
    """The name that two parts have, from Keras's refusal to make a model of them; else None."""
    found = re.search(r'The name "(.+)" is used \d+ times', str(error))
    return found[1] if found else None


def two_of_one_name(name: str, starts: list, ends: list) -> str:
    """What is said of a step two of whose parts have one name.

    Args:
        name: that name.
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
    # The whole step cannot be a model. What leads to one of its results alone often can.
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
