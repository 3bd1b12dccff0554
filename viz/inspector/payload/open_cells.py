"""Opens what a trace does not look into: Keras's own cells, and recurrent layers within a step.

What happens inside is computed again, by our cell of the same weights, or timestep by timestep.
"""

import numpy as np
from keras import ops

from rshop.cells.wrappers.rewritten import has_ours
from rshop.step.graph import Graph
from viz.model.inner_timesteps import timesteps_of
from viz.model.keras_cells import inside_of

#: How far our cell may be from the recorded outputs, as a part of the largest: further, and it stays shut.
CLOSE = 1e-3


def open_cells(graph: Graph, starts: list, record) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph of a traced step in which Keras's LSTM, GRU and simple cells and recurrent layers are open.

    What gives other numbers when it is computed again stays shut, as a cell in training with dropout.

    Example:
        >>> graph, values = open_cells(step.graph, [x, h, c], rshop.trace(rnn, x))
        >>> values["lstm_cell/input_gate"].shape
        (2, 7, 4)

    Args:
        graph: of the step.
        starts: what its inputs were, arrays `(batch, time, ...)`; a constant has one timestep.
        record: the trace of the run, with the weights that the cells had.

    Returns:
        The graph, and for each name within what was opened its values `(batch, time, ...)`.
    """
    inside, values = {}, {}

    def visit(at):
        if at.node.inner is not None:
            at.inside()
        outputs = [record[name] for name in at.node.labels(at.name)]
        weights = record.cell_weights.get(at.name)
        opened = timesteps_of(at.node) if weights is None else inside_of(at.node, weights)
        if opened is not None:
            operation, inner = opened
            results, found = _run(inner, at.given, outputs[0].shape[:2])
            if all(map(_close, results, outputs)):
                known = dict(zip([name for name, _ in inner.named()], found, strict=True))
                inner, further = open_cells(inner, at.given, _Computed(inner, known))
                inside[at.node] = operation, inner
                values.update({f"{at.name}/{name}": value for name, value in {**known, **further}.items()})
        return outputs

    graph.walk(visit, starts)
    return graph.opened(inside) if inside else graph, values


class _Computed(dict):
    # The values in what was opened, as a trace has them, and the weights of the cells of Keras in it.

    def __init__(self, graph, values):
        super().__init__(values)
        cells = ((name, node.operation) for name, node in graph.every_node())
        self.cell_weights = {name: cell.get_weights() for name, cell in cells if has_ours(cell)}


def _run(graph, given, size):
    # All timesteps at once: a cell has no other memory than what it is given.
    rows = [
        np.broadcast_to(a, (*size, *a.shape[2:])).reshape(-1, *a.shape[2:]) for a in map(np.asarray, given)
    ]
    results, values = graph.run([ops.convert_to_tensor(a) for a in rows], training=False)
    return [[_of_time(value, size) for value in part] for part in (results, values)]


def _of_time(value, size):
    array = ops.convert_to_numpy(value)
    return array.reshape(*size, *array.shape[1:])


def _close(found, recorded):
    found, recorded = np.asarray(found, "float64"), np.asarray(recorded, "float64")
    finite = recorded[np.isfinite(recorded)]
    largest = np.abs(finite).max() if finite.size else 0.0
    return np.allclose(found, recorded, rtol=CLOSE, atol=CLOSE * largest, equal_nan=True)
