"""Checks of what an attention is called with."""

from rshop.errors import message
from rshop.structure import agree, shape_of


def check_shapes(layer: str, query: tuple, memory: tuple):
    """That a query is `(batch, q)` and a memory `(batch, time, m)`, with sizes that are known.

    Raises:
        ValueError: names both shapes.
    """
    if len(query) != 2 or query[-1] is None:
        raise ValueError(
            message(
                f"The query of {layer!r} is one vector for each sample.",
                received=f"query of shape {query}",
                expected="(batch, features), with the number of features known",
                fix="give the query of one timestep, query[:, t]",
            )
        )
    if len(memory) != 3 or memory[-1] is None:
        raise ValueError(
            message(
                f"The memory of {layer!r} has one vector for each place.",
                received=f"memory of shape {memory}",
                expected="(batch, time, features), with the number of features known",
                fix="give the outputs of an encoder with return_sequences=True"
                if len(memory) < 3
                else "flatten the memory to three axes, of a number of features that is known",
            )
        )
    if not agree(query[:1], memory[:1]):
        raise ValueError(
            message(
                f"The query and the memory of {layer!r} have different numbers of samples.",
                received=f"query of shape {query}, memory of shape {memory}",
                expected="the same size on axis 0",
                fix="give each query a memory of its own",
            )
        )


def check_same_features(layer: str, query: int, memory: int):
    """That a dot product can be taken of a query and a place of the memory.

    Raises:
        ValueError: they have different numbers of features.
    """
    if query != memory:
        raise ValueError(
            message(
                f"{layer!r} takes the dot product of the query and each place of the memory.",
                received=f"a query of {query} and a memory of {memory} features",
                expected="as many features in both",
                fix="GeneralAttention() has a matrix between them",
            )
        )


def check_mask(layer: str, mask, memory: tuple):
    """That a mask has one boolean for each place of the memory.

    Raises:
        ValueError: names both shapes.
    """
    if mask is not None and not agree(shape_of(mask), memory[:2]):
        raise ValueError(
            message(
                f"The mask of {layer!r} has one boolean for each place of the memory.",
                received=f"mask of shape {shape_of(mask)} for a memory of shape {memory}",
                expected=f"(batch, time) = {memory[:2]}",
                fix="make the mask from the same sequences as the memory",
            )
        )


def check_state(layer: str, state, name: str | None, shape: tuple | None):
    """That a state is given to an attention that has one, and in its shape.

    Raises:
        ValueError: it is not.
    """
    if state is None:
        return
    if name is None:
        raise ValueError(
            message(
                f"The attention {layer!r} hands nothing from timestep to timestep.",
                received=f"state of shape {shape_of(state)}",
                expected="no state",
                fix="leave state out, or use LocationAttention or WindowAttention",
            )
        )
    if not agree(shape_of(state), shape):
        raise ValueError(
            message(
                f"The state of {layer!r} is its {name}.",
                received=f"state of shape {shape_of(state)}",
                expected=f"shape {shape}",
                fix="give the state that the last call returned, or first_state(memory)",
            )
        )
