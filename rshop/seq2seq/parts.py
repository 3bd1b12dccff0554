"""Cells from one prototype, and a layer of any cell."""

import copy

import keras

from rshop.cells.base import RNNCell
from rshop.cells.wrappers import any_cell
from rshop.errors import message, told
from rshop.layers.sequential import RecurrentSequential


def prototype(cell, units: int, owner: str = "EncoderDecoder") -> dict:
    """The config of a cell, of which every cell of a model is made.

    Args:
        cell: a class or function that makes a cell of a number of units, a cell, or such a config.
        units: the number of units.
        owner: the class of the model, for an error.

    Raises:
        TypeError: it makes no cell.
    """
    if isinstance(cell, dict):
        return cell
    if isinstance(cell, keras.layers.Layer):
        made = cell
    elif callable(cell):
        made = cell(units)
    else:
        raise TypeError(
            message(
                "`cell` makes the cells of the model.",
                received=f"cell={told(cell)}",
                expected="a class of cells such as LSTMCell, or a function of the number of units",
                fix="cell=GRUCell, or cell=lambda units: ResidualCell(GRUCell(units))",
            )
        )
    return keras.saving.serialize_keras_object(any_cell.checked_cell(made, owner))


def cell_from(config: dict, name: str):
    """A new cell from a prototype, with a name of its own."""
    config = copy.deepcopy(config)
    config.get("config", {}).pop("name", None)
    config.pop("build_config", None)
    cell = keras.saving.deserialize_keras_object(config)
    cell.name = name
    return cell


def layer_of(cell, **options) -> keras.layers.Layer:
    """A layer that runs a cell, ours or Keras's, over sequences."""
    if isinstance(cell, RNNCell):
        return cell.get_layer(**options)
    rnn = RecurrentSequential(**options)
    rnn.add(cell)
    return rnn
