"""A layer from a cell, a cell from a layer: each class enters itself here, and neither imports the other."""

from collections.abc import Callable

_makers: dict[str, Callable] = {}


def converts(to: str) -> Callable:
    """A decorator: the class is what `convert` makes of a thing for this purpose.

    Example:
        >>> @converts("layer")
        ... class CellLayer(RecurrentLayer): ...

    Args:
        to: `"layer"` for a layer made of a cell, `"cell"` for a cell made of a layer.
    """

    def enter(maker):
        _makers[to] = maker
        return maker

    return enter


def convert(to: str, thing, **options):
    """A layer that runs a cell, or a cell that has the step of a layer.

    Example:
        >>> convert("layer", LSTMCell(10), return_sequences=True)
        <CellLayer name=cell_layer, built=False>

    Args:
        to: `"layer"` or `"cell"`.
        thing: the cell, or the layer.
        **options: of what is made.
    """
    return _makers[to](thing, **options)
