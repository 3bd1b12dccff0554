"""The constants of a step: which of them is the mask of another, and what is filled in for it."""

from keras import ops

from rshop.errors import message
from rshop.structure import shape_of


def mask_places(names: list[str]) -> dict[int, int]:
    """The place of each mask, with the place of the constant that it belongs to: told by their names.

    Example:
        >>> mask_places(["memory", "label", "memory_mask"])
        {2: 0}
    """
    return {
        place: names.index(name.removesuffix("_mask"))
        for place, name in enumerate(names)
        if name.endswith("_mask") and name.removesuffix("_mask") in names
    }


def without_masks(names: list[str]) -> list[str]:
    """The names of the constants that a call gives.

    Example:
        >>> without_masks(["memory", "label", "memory_mask"])
        ['memory', 'label']
    """
    masks = mask_places(names)
    return [name for place, name in enumerate(names) if place not in masks]


def full_mask(constant):
    """Booleans `(batch, time)`, all true, for a constant `(batch, time, ...)`.

    Example:
        >>> full_mask(np.zeros((1, 3, 8)))
        [[True, True, True]]
    """
    while len(shape_of(constant)) > 2:
        constant = constant[..., 0]
    return ops.ones_like(constant, dtype="bool")


def missing(cell: str, names: list[str], count: int) -> str:
    """The message for a layer that is called without the constants that a cell reads."""
    wanted = without_masks(names)
    return message(
        f"The cell {cell!r} reads {', '.join(map(repr, wanted))}, which the layer is called with as "
        "constants.",
        received=f"{count} constants" if count else "no constants",
        expected=f"{len(wanted)} for this cell",
        fix=f"rnn(x, constants={wanted[0] if len(wanted) == 1 else '[' + ', '.join(wanted) + ']'})",
    )
