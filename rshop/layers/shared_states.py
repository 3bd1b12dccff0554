"""Checks for `state_sync`: whether the cells of a stack can share one set of states."""

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.errors import message, shapes


def check_same_count(cells: list):
    """Check that cells that share their states have the same number of them.

    Raises:
        ValueError: two cells differ; the message names them.
    """
    counts = [c.num_states if isinstance(c, RNNCell) else len(keras_cells.state_names(c)) for c in cells]
    for cell, count in zip(cells, counts, strict=True):
        if count != counts[0]:
            raise ValueError(
                message(
                    "Cells that share their states have the same number of them.",
                    received=f"{cells[0].name!r} with {counts[0]} and {cell.name!r} with {count}",
                    expected="cells of one kind",
                    fix="use one kind of cell, or state_sync=False",
                )
            )


def check_same_shapes(owner, states: list, cell, needed: list):
    """Check that the states a cell needs have the shapes of those that another cell owns.

    Raises:
        ValueError: they differ; the message names both cells.
    """
    if [t.shape for t in states] != [t.shape for t in needed]:
        raise ValueError(
            message(
                "Cells that share their states have as many of them, of the same shapes.",
                received=f"{owner.name!r} with {shapes(states)} and {cell.name!r} with {shapes(needed)}",
                expected="as many states of the same shapes",
                fix=_mend(states, needed),
            )
        )


def _mend(states, needed) -> str:
    same = (
        "the same number of units" if len(states) == len(needed) else "the same states: use one kind of cell"
    )
    return f"give the cells {same}, or use state_sync=False"
