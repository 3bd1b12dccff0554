"""Layers from cells, and cells from layers: both classes register here, so neither imports the other."""

import inspect
from collections.abc import Callable

from rshop.signatures import parameters

_makers: dict[str, Callable] = {}


def converts(to: str, method: Callable) -> Callable:
    """A decorator that registers a class as what `convert` makes.

    Example:
        >>> @converts("layer", RNNCell.get_layer)
        ... class CellLayer(RecurrentLayer): ...

    Args:
        to: `"layer"` for a layer made from a cell, `"cell"` for a cell made from a layer.
        method: the public method that converts; its signature is made to show the options of the class.
    """

    def enter(maker):
        _makers[to] = maker
        self, *_ = inspect.signature(method).parameters.values()
        _, *options = parameters(maker)
        method.__signature__ = inspect.Signature([self, *options], return_annotation=maker)
        return maker

    return enter


def convert(to: str, thing, **options):
    """A layer that runs a cell, or a cell with the step of a layer.

    Example:
        >>> convert("layer", LSTMCell(10), return_sequences=True)
        <CellLayer name=cell_layer, built=False>

    Args:
        to: `"layer"` or `"cell"`.
        thing: the cell or the layer to convert.
        **options: those of the result.
    """
    return _makers[to](thing, **options)
