"""Names of a step's parts: of operations, a free one for a new part, the error for one that is used twice."""

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


class GraphNames:
    """The names of a graph's operations, the same after a reload and in the next notebook.

    Keras numbers what has no name through the whole process. A name that a user gave, or can ask a layer for,
    stays; the others are numbered within the graph.

    Args:
        of_cell: as in `Graph`.
    """

    def __init__(self, of_cell):
        self.of_cell = of_cell
        self.known: dict[int, str] = {}
        self.uses: dict[str, int] = {}
        self.numbers: dict[str, int] = {}

    def of(self, operation) -> str:
        """The name of one use of an operation: `dense`, then `dense#2`."""
        name = self.known.get(id(operation)) or self._first(operation)
        self.known[id(operation)] = name
        self.uses[name] = self.uses.get(name, 0) + 1
        return name if self.uses[name] == 1 else f"{name}#{self.uses[name]}"

    def _first(self, operation):
        kind = snake_case(type(operation).__name__)
        if not is_numbered(operation) or (isinstance(operation, keras.layers.Layer) and not self.of_cell):
            return operation.name
        while True:
            number = self.numbers.get(kind, 0)
            self.numbers[kind] = number + 1
            name = f"{kind}_{number}" if number else kind
            if name not in self.uses:
                return name
