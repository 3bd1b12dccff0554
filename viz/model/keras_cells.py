"""Keras's own cells, opened: our cell shows what happens inside."""

import numpy as np

from rshop.cells.wrappers.rewritten import has_ours, ours_to_look_at
from rshop.step.graph import Graph


def inside_of(node, weights: list | None = None) -> tuple | None:
    """Our cell in place of Keras's, and its graph; None for everything else.

    Example:
        >>> cell, graph = inside_of(node)  # a use of keras.layers.LSTMCell
        >>> [name for name, _ in graph.named()][-1]
        'h'

    Args:
        node: a node of a step's graph.
        weights: arrays in the order of the cell's weights, to run it; None to draw it. Those of a cell of
            other sizes open nothing.
    """
    cell = node.operation
    if not has_ours(cell) or not cell.built:
        return None
    if weights is not None and [np.shape(w) for w in weights] != [tuple(w.shape) for w in cell.weights]:
        return None
    ours = ours_to_look_at(cell, weights)
    return ours, Graph(ours.step_model, of_cell=True)


def with_open_cells(graph: Graph) -> Graph:
    """The graph in which Keras's LSTM, GRU and simple RNN cells can be walked into, to be drawn.

    Example:
        >>> with_open_cells(rnn.description.graph).named()[0][0]
        'lstm_cell/projections'
    """
    inside = {node: inside_of(node) for _, node in graph.every_node()}
    return graph.opened({node: found for node, found in inside.items() if found is not None})
