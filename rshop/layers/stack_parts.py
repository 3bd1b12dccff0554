"""The parts of a stack: which cells and layers may be added, and under which names."""

import inspect

import keras

from rshop.cells import keras_cells
from rshop.errors import message
from rshop.layers.base import RecurrentLayer
from rshop.step.names import free_name, is_numbered


def stackable(part) -> keras.layers.Layer:
    """The cell or layer that a stack holds for what is added to it.

    Example:
        >>> stackable(keras.layers.GRU(8))
        <GRUCell name=gru_cell>

    Raises:
        TypeError: it is neither a cell nor a layer.
        ValueError: a recurrent layer with options that a cell would lose.
    """
    if isinstance(part, RecurrentLayer):
        return part.get_cell()
    if isinstance(part, keras.layers.RNN):
        return keras_cells.cell_of(part)
    if not isinstance(part, keras.layers.Layer):
        kind = "a class" if inspect.isclass(part) else f"of type {type(part).__name__}"
        raise TypeError(
            message(
                "Only cells and layers can be stacked.",
                received=f"{part!r}, {kind}",
                expected="an RNNCell, a Keras cell or a Keras layer",
                fix=f"add({part.__name__}(...))" if inspect.isclass(part) else "add(Dense(5))",
            )
        )
    return part


def check_name(stack: str, part, others: list):
    """Check that a part has a name of its own; one that Keras made up gets a new number where it is taken.

    Keras calls the cell of each `keras.layers.LSTM` `lstm_cell`, counts anew after `clear_session()`, and
    a loaded layer keeps the name that it was saved with.

    Raises:
        ValueError: another part has the name, and it is the user's.
    """
    taken = {other.name for other in others if other is not part}
    if part.name not in taken:
        return
    if is_numbered(part):
        part.name = free_name(part.name, taken)
        return
    raise ValueError(
        message(
            f"The stack {stack!r} has another part of this name.",
            received=f"a second {part.name!r}",
            expected="a name of its own for each part",
            fix=f"{type(part).__name__}(..., name='another_name')",
        )
    )
