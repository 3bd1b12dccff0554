"""A recurrent layer within a step, opened: its own timesteps, laid out one after the other."""

import keras
from keras import ops

from rshop.cells.wrappers.rewritten import has_ours, ours_to_look_at
from rshop.step.graph import Graph
from rshop.step.recurrent import is_recurrent

#: A longer sequence stays shut: its drawing would be too tall to read.
MOST = 8


class AtTimestep(keras.layers.Layer):
    """One timestep of a sequence `(batch, time, ...)`: `(batch, ...)`."""

    def __init__(self, timestep: int, **options):
        super().__init__(**options)
        self.timestep = timestep

    def call(self, x):
        """Read the timestep."""
        return x[:, self.timestep]


class Zeros(keras.layers.Layer):
    """Zeros for each sample of a batch, the state before the first timestep."""

    def __init__(self, shape: tuple, **options):
        super().__init__(**options)
        self.shape = shape

    def call(self, x):
        """The zeros, for as many samples as `x` has."""
        return ops.zeros((ops.shape(x)[0], *self.shape), self.compute_dtype)


def timesteps_of(node) -> tuple | None:
    """The layer, and the graph of its timesteps; None for a layer of another kind or a long sequence.

    What an open layer cannot show, such as a mask or a first state of its own, is not in the graph: compare
    what it gives.

    Example:
        >>> layer, graph = timesteps_of(node)  # a use of LSTMCell(6).get_layer() on 4 timesteps
        >>> [name for name, _ in graph.named() if name.count("/") == 0][:2]
        ['first h', 'first c']

    Args:
        node: a node of a step's graph.
    """
    cells = _cells(node)
    if cells is None:
        return None
    given = keras.Input(batch_shape=node.inputs[0].shape, dtype=node.inputs[0].dtype, name="x")
    first = zip(cells[0].state_names, cells[0].step_model.inputs[1:], strict=True)
    states = [Zeros(h.shape[1:], name=f"first {name.replace('/', ' ')}")(given) for name, h in first]
    outputs = []
    for t, cell in enumerate(cells):
        y, *states = cell([AtTimestep(t, name=f"x[{t}]")(given), *states])
        outputs.append(y)
    ends = ops.stack(outputs, axis=1) if node.operation.return_sequences else outputs[-1]
    return node.operation, Graph(keras.Model(given, ends), of_cell=True)


def too_many(node) -> int | None:
    """How many timesteps a recurrent layer within a step has, where that keeps it shut; None for all else.

    Example:
        >>> too_many(node)  # a use of LSTMCell(6).get_layer() on 12 timesteps
        12
    """
    steps = _steps(node)
    return steps if steps is not None and steps > MOST else None


def _steps(node):
    layer, inputs = node.operation, node.inputs
    kind = is_recurrent(layer) or type(layer) in (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
    if not kind or not layer.built or len(inputs) != 1 or len(node.outputs) != 1 or len(inputs[0].shape) < 2:
        return None
    return inputs[0].shape[1]


def _cells(node):
    # For each timestep the layer's cell, under a name that says which timestep it is; None stays shut.
    layer, inputs, steps = node.operation, node.inputs, _steps(node)
    if steps is None or steps > MOST:
        return None
    names = [f"timestep {t}" for t in range(steps)]
    if not is_recurrent(layer):
        cell = layer.cell
        return [ours_to_look_at(cell, cell.get_weights(), name) for name in names] if has_ours(cell) else None
    try:
        cells = [layer.get_cell(name=name) for name in names]
    except ValueError:  # It has options that a cell would lose.
        return None
    reads, *_ = cells[0].step_model.inputs
    # A decoder reads the same at all timesteps; a constant is no input of a node that has one.
    is_sequence = not layer.decode and len(reads.shape) == len(inputs[0].shape) - 1
    return cells if is_sequence and not cells[0].constant_names else None
