"""Keras's own cells (`LSTMCell`, `StackedRNNCells`, a user's) and layers (`LSTM`) as parts of a stack."""

import keras

from rshop.errors import message
from rshop.structure import flat, flat_shapes, tree

_OPTIONS = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
)
_STATE_NAMES = {keras.layers.LSTMCell: ["h", "c"]}
_RETURN_THEIR_STATE = (keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell)


def is_keras_cell(layer) -> bool:
    """Whether a layer is a cell in Keras's form: `cell(x, states) -> y, next_states`."""
    return isinstance(layer, keras.layers.Layer) and hasattr(layer, "state_size")


def cell_of(layer: keras.layers.RNN):
    """The cell of a Keras recurrent layer, which the stack runs in place of the layer.

    Example:
        >>> cell_of(keras.layers.GRU(8))
        <GRUCell name=gru_cell>

    Raises:
        ValueError: the layer has options that a cell would lose.
    """
    changed = [name for name in _OPTIONS if getattr(layer, name, False)]
    if changed:
        raise ValueError(
            message(
                f"{type(layer).__name__} {layer.name!r} stands for its cell here, and a cell has no "
                f"{', '.join(changed)}.",
                received=", ".join(f"{name}={getattr(layer, name)!r}" for name in changed),
                expected="these options at their defaults",
                fix=f"give {changed[0]}= to the RecurrentSequential, or add the layer's cell",
            )
        )
    return layer.cell


def state_shapes(cell) -> list[tuple]:
    """The shapes of a Keras cell's states, `(batch, ...)`, flat: two for an LSTM."""
    if hasattr(cell, "get_initial_state"):
        return [(None, *s.shape[1:]) for s in flat(cell.get_initial_state(batch_size=1))]
    sizes = flat(cell.state_size) if not isinstance(cell.state_size, int) else [cell.state_size]
    return [(None, size) for size in sizes]


def output_shape(cell, input_shape) -> tuple | None:
    """The shape of a Keras cell's output, without building it; None where the cell does not say.

    Example:
        >>> output_shape(keras.layers.LSTMCell(4), (None, None))
        (None, 4)
    """
    size = getattr(cell, "output_size", None)
    if size is not None:
        return (None, *flat(size))
    try:
        return flat_shapes(cell.compute_output_shape(input_shape))[0]
    except (NotImplementedError, TypeError, ValueError):
        return None


def state_names(cell) -> list[str]:
    """Names for a Keras cell's states: `h`, `c` for an LSTM, `0/h` ... in a stack of cells."""
    if isinstance(cell, keras.layers.StackedRNNCells):
        return [f"{i}/{name}" for i, c in enumerate(cell.cells) for name in state_names(c)]
    count = len(state_shapes(cell))
    return _STATE_NAMES.get(type(cell)) or (["h"] if count == 1 else [f"state_{i}" for i in range(count)])


def call(cell, x, states: list) -> tuple:
    """Call a Keras cell on flat states; returns its output and its next states, flat."""
    several = isinstance(cell.state_size, (list, tuple))
    y, after = cell(x, tree.pack_sequence_as(cell.state_size, states) if several else states)
    return y, flat(after)


def output_state(cell) -> int | None:
    """The place of the state that a Keras cell returns as its output, None where that is not known.

    Example:
        >>> output_state(keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.GRUCell(4)]))
        2
    """
    if isinstance(cell, keras.layers.StackedRNNCells):
        last = output_state(cell.cells[-1])
        before = sum(len(state_shapes(part)) for part in cell.cells[:-1])
        return None if last is None else before + last
    return 0 if type(cell) in _RETURN_THEIR_STATE else None
