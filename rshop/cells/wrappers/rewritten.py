"""A cell's graph built once more with some of its operations changed; layers and weights are the same."""

from collections.abc import Callable

import keras

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.cells.gru import GRUCell
from rshop.cells.lstm import LSTMCell
from rshop.cells.simple_rnn import SimpleRNNCell
from rshop.cells.wrappers.any_cell import returned_state
from rshop.cells.wrappers.attention_cell import AttentionCell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.errors import message, told
from rshop.step.constants import mask_places
from rshop.step.graph import Graph
from rshop.step.names import is_numbered, snake_case
from rshop.step.node import Node
from rshop.structure import flat

_OURS = {cell.keras_class: cell for cell in (SimpleRNNCell, GRUCell, LSTMCell)}
_AROUND = (CellWrapper, AttentionCell)
_INITIALIZERS = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
# Options with which building a cell draws nothing.
_QUIET = {**dict.fromkeys(_INITIALIZERS, "zeros"), "unit_forget_bias": False, "seed": 0}


def has_ours(cell) -> bool:
    """Whether a cell is Keras's LSTM, GRU or simple RNN cell itself, for which there is one of ours."""
    return type(cell) in _OURS


def ours_for(cell):
    """The cell; if it is Keras's LSTM, GRU or simple RNN cell, or wraps one, a copy with ours for it.

    The copy has the same options, and a copy of the weights if the cell was built.

    Example:
        >>> ours_for(keras.layers.GRUCell(4))
        <GRUCell name=gru_cell, built=False>
        >>> ours_for(ResidualCell(keras.layers.GRUCell(4))).cell
        <GRUCell name=gru_cell, built=False>
    """
    ours = _made_of_ours(cell)
    if ours is None:
        return cell
    if cell.built:
        ours.build(_shapes_of(cell))
        ours.set_weights(cell.get_weights())
    return ours


def _made_of_ours(cell):
    # Not built yet; None where there is no cell of Keras's to replace.
    if has_ours(cell):
        return _OURS[type(cell)].from_config(cell.get_config())
    inner = _made_of_ours(cell.cell) if isinstance(cell, _AROUND) else None
    if inner is None:
        return None
    return type(cell).from_config({**cell.get_config(), "cell": keras.saving.serialize_keras_object(inner)})


def _shapes_of(cell) -> list[tuple]:
    # What a built cell was built for: its inputs and the constants that a call gives.
    if has_ours(cell):
        return [(None, cell.kernel.shape[0])]
    first = cell.num_inputs - len(cell.constant_names)
    masks = {first + place for place in mask_places(cell.constant_names)}
    inputs = cell.model.inputs[: cell.num_inputs]
    return [tuple(t.shape) for place, t in enumerate(inputs) if place not in masks]


def ours_to_look_at(cell, weights: list | None, name: str | None = None) -> RNNCell:
    """Our cell in place of a built one of Keras's, to be drawn or run, not trained; nothing random is drawn.

    Example:
        >>> ours_to_look_at(keras_cell, weights=None)  # with weights of 0

    Args:
        cell: a cell that `has_ours`.
        weights: arrays in the order of the cell's weights, or None for zeros.
        name: of our cell, in place of the cell's own.
    """
    config = cell.get_config()
    config |= {option: value for option, value in _QUIET.items() if option in config}
    config["name"] = name or config["name"]
    ours = _OURS[type(cell)].from_config(config)
    ours.build(_shapes_of(cell))
    if weights is not None:
        ours.set_weights(weights)
    return ours


def visible_cell(cell, wrapper: str) -> RNNCell:
    """The same, for a wrapper that has to see into the cell.

    Raises:
        TypeError: another cell in Keras's form.
        ValueError: the cell reads constants, such as a memory.
    """
    ours = inmost = ours_for(cell)
    while isinstance(inmost, _AROUND):
        inmost = inmost.cell
    if not isinstance(inmost, RNNCell):
        raise TypeError(_closed(inmost, wrapper))
    if inmost.built:
        for _, node in Graph(inmost.model, of_cell=True).every_node():
            check_open(node, wrapper)
    if ours.constant_names:
        raise ValueError(
            message(
                f"{wrapper} changes every product of a cell, and would change those with constants too.",
                received=f"the cell {cell.name!r}, which reads {', '.join(map(repr, ours.constant_names))}",
                expected="a cell that reads its input and its states alone",
                fix=f"wrap the cell inside: AttentionCell({wrapper}(LSTMCell(10), ...), DotAttention())",
            )
        )
    return ours


def run_rewritten(cell: RNNCell, graph: Graph, change: Callable, given: list) -> tuple:
    """The output and the next states of a cell in which `change` has called each operation.

    Args:
        cell: a built cell.
        graph, change: as in `rewritten`.
        given: its inputs and states as Keras tensors.
    """
    name = snake_case(type(cell).__name__) if is_numbered(cell) else cell.name
    model = rewritten(graph, change, name)
    y, *after = model(given)
    place = returned_state(model)
    return (y if place is None else after[place]), after


def rewritten(graph: Graph, change: Callable, name: str) -> keras.Model:
    """A model of the graph in which `change` has called each operation; nested graphs stay nested.

    Example:
        >>> def twice(graph, node, given):
        ...     return [2 * y for y in node.call(given)]
        >>> rewritten(Graph(cell.model), twice, "doubled")

    Args:
        graph: that of a built cell.
        change: `change(graph, node, given) -> outputs`, on Keras tensors.
        name: of the model.
    """
    inputs = [keras.Input(batch_shape=t.shape, dtype=t.dtype, name=t.name) for t in graph.inputs]
    values = {id(t): value for t, value in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        given = [values[id(t)] for t in node.inputs]
        if node.inner is not None:
            inner = rewritten(node.inner, change, node.name.replace("#", "_"))
            outputs = flat(inner(given))
        else:
            outputs = change(graph, node, given)
        values.update({id(t): value for t, value in zip(node.outputs, outputs, strict=True)})
    return keras.Model(inputs, [values[id(t)] for t in graph.outputs], name=name)


def check_open(node: Node, wrapper: str):
    """Refuse a node that is a cell in Keras's form: what happens inside it cannot be changed.

    Raises:
        TypeError: it is one.
    """
    if keras_cells.is_keras_cell(node.operation):
        raise TypeError(_closed(node.operation, wrapper))


def _closed(cell, wrapper):
    return message(
        f"{wrapper} changes the inside of a cell, and the inside of this one cannot be seen.",
        received=told(cell),
        expected="a cell of rshop, or Keras's LSTMCell, GRUCell or SimpleRNNCell, alone or in wrappers",
        fix=f"{wrapper}(LSTMCell(10)), or RNNCellFromModel with the timestep as a model",
    )
