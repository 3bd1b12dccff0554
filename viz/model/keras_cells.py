"""Keras's own cells, opened: our cell of the same weights shows what happens inside."""

from rshop.cells.wrappers.rewritten import ours_for
from rshop.step.graph import Graph


def inside_of(node, weights: list | None = None) -> tuple | None:
    """Our cell in place of Keras's, and its graph; None for everything else.

    Example:
        >>> cell, graph = inside_of(node)  # a use of keras.layers.LSTMCell
        >>> [name for name, _ in graph.named()][-1]
        'h'

    Args:
        node: a node of a step's graph.
        weights: arrays in the order of the cell's weights, where it had others than now.
    """
    ours = ours_for(node.operation, weights)
    if ours is node.operation or not ours.built:
        return None
    return ours, Graph(ours.step_model, of_cell=True)


def with_open_cells(graph: Graph) -> Graph:
    """The graph in which Keras's LSTM, GRU and simple RNN cells can be walked into.

    Example:
        >>> with_open_cells(rnn.description.graph).named()[0][0]
        'lstm_cell/projections'
    """
    inside = {node: inside_of(node) for _, node in graph.every_node()}
    return graph.opened({node: found for node, found in inside.items() if found is not None})
