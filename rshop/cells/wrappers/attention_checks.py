"""Checks of what an `AttentionCell` is made of."""

import inspect

import keras

from rshop import attention as attentions
from rshop.attention.base import AttentionLayer
from rshop.cells.wrappers import any_cell
from rshop.errors import message, told


def check_attention(attention) -> AttentionLayer:
    """The attention, if it is one of this project.

    Raises:
        TypeError: it is not.
    """
    if isinstance(attention, AttentionLayer):
        return attention
    fix = "AttentionCell(cell, DotAttention())"
    if inspect.isclass(attention) and issubclass(attention, AttentionLayer):
        fix = f"AttentionCell(cell, {attention.__name__}(...))"
    elif isinstance(attention, keras.layers.Layer) and hasattr(attentions, type(attention).__name__):
        fix = f"rshop.attention.{type(attention).__name__}, which has the same weights at each timestep"
    raise TypeError(
        message(
            "An AttentionCell looks with an attention of rshop, and this is none.",
            received=told(attention),
            expected=f"one of {', '.join(attentions.__all__)}",
            fix=fix,
        )
    )


def check_choice(name: str, value, choices: tuple) -> str:
    """An option that is one of a few words.

    Raises:
        ValueError, TypeError: it is none of them.
    """
    if isinstance(value, str) and value in choices:
        return value
    raise (ValueError if isinstance(value, str) else TypeError)(
        message(
            f"`{name}` of an AttentionCell is none of its choices.",
            received=f"{name}={told(value)}",
            expected=", ".join(map(repr, choices)),
            fix=f"{name}={choices[0]!r}",
        )
    )


def check_one_input(wrapper: str, cell):
    """The cell, if it reads one tensor beside its constants and its states, to put the context beside.

    Raises:
        ValueError: it reads more.
    """
    count = any_cell.count_inputs(cell) - len(any_cell.constant_names(cell))
    if count != 1:
        raise ValueError(
            message(
                f"{wrapper} wraps a cell of one input, and {cell.name!r} has {count}.",
                received=told(cell),
                expected="a cell that reads x, constants if any, and its states",
                fix=f"turn the two around where one is a ResetCell: ResetCell({wrapper}(cell, attention))",
            )
        )
    return cell


def check_query(cell, shape: tuple | None) -> int:
    """The number of features of the state that asks.

    Args:
        cell: the `AttentionCell`.
        shape: of the state `(batch, ...)`, None where there is none, or where it is not known.

    Raises:
        ValueError: there is no such state, or it is no vector.
    """
    if shape is not None and len(shape) == 2 and shape[-1] is not None:
        return shape[-1]
    raise ValueError(
        message(
            f"The cell {cell.cell.name!r} has no state that an attention could ask with.",
            received="a cell without states, or of a size that is not known yet"
            if shape is None
            else f"a state of shape {shape}",
            expected="a state that is a vector, (batch, units)",
            fix="give the cell input_dim, or wrap a cell with such a state: AttentionCell(GRUCell(10), ...)",
        )
    )


def check_vector(cell: str, shape: tuple):
    """That `x` is a vector, with which the context is concatenated.

    Raises:
        ValueError: it is not.
    """
    if len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            message(
                f"The cell {cell!r} puts the context beside x.",
                received=f"x of shape {shape}",
                expected="(batch, features) at each timestep, with the number of features known",
                fix="flatten x, embed it, or use feed='output'",
            )
        )
