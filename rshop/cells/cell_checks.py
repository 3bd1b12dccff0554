"""Checks of a cell: the model that `build_model` returns, and the tensors that the cell is called with."""

import keras

from rshop.errors import describe, message, shapes
from rshop.step.describe.checks import check_pair
from rshop.structure import agree, shape_of


def check_model(kind: str, model, constants: int = 0):
    """That a cell's model is `[x, *states] -> [y, *next_states]`, each next state like its state.

    Args:
        kind: the name of the cell's class, for the messages.
        model: what its `build_model` returned.
        constants: how many constants it reads, between `x` and the states.

    Raises:
        TypeError: no Keras model.
        ValueError: inputs and outputs that do not pair.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            message(
                f"build_model of {kind} does not return a Keras model.",
                received=f"{model!r} of type {type(model).__name__}",
                expected="keras.Model([x, *states], [y, *next_states])",
                fix="return keras.Model(...) at the end of build_model",
            )
        )
    if len(model.inputs) - constants != len(model.outputs):
        raise ValueError(
            message(
                f"build_model of {kind} does not pair its states.",
                received=f"{len(model.inputs)} inputs ({shapes(model.inputs)}) and "
                f"{len(model.outputs)} outputs ({shapes(model.outputs)})",
                expected=f"[x, *{constants} constants, *states] and [y, *next_states]"
                if constants
                else "[x, *states] and [y, *next_states], of equal length",
                fix="return one next state for each state",
            )
        )
    pairs = zip(model.inputs[1 + constants :], model.outputs[1:], strict=True)
    for i, (before, after) in enumerate(pairs):
        check_pair(f"{describe('state', before, i)} in build_model of {kind}", before, after)


def check_tensors(cell: str, given: list, inputs: list, state_names: list[str], constants: list[str]):
    """That a cell was called with its inputs, then its states, of one batch and of their shapes.

    Args:
        cell: its name, for the messages.
        given: what it was called with, flat.
        inputs: the Inputs of its model, the states last.
        state_names: the names of the states.
        constants: those of the constants.

    Raises:
        ValueError: another number of tensors, other shapes, or different batches.
    """
    count = len(inputs) - len(state_names)
    if len(given) != len(inputs):
        raise ValueError(
            message(
                f"The cell {cell!r} is called with a list of its input and its states.",
                received=f"{len(given)} tensors ({shapes(given)})",
                expected=f"{len(inputs)}: {count - len(constants)} input, "
                f"then {f'the constants {constants} and ' if constants else ''}the states {state_names}",
                fix=f"cell([x, {', '.join([*constants, *state_names])}])",
            )
        )
    batches = {shape_of(part)[0] for part in given if shape_of(part)} - {None, 1}
    if len(batches) > 1:
        raise ValueError(
            message(
                f"The input and the states of the cell {cell!r} have different batches.",
                received=shapes(given),
                expected="the same number of samples in each",
                fix="give each sample its own states",
            )
        )
    for name, value, like in zip(state_names, given[count:], inputs[count:], strict=True):
        if not agree(shape_of(value), like.shape):
            raise ValueError(
                message(
                    f"The state {name!r} of the cell {cell!r} has another shape.",
                    received=f"shape {shape_of(value)}",
                    expected=f"shape {tuple(like.shape)}",
                    fix=f"give {name!r} the size of the cell",
                )
            )
    for value, like in zip(given[:count], inputs[:count], strict=True):
        check_input(cell, shape_of(value), tuple(like.shape))


def check_input(cell: str, shape: tuple, expected: tuple):
    """That `x` of this shape `(batch, ...)` is what the cell was made for.

    Raises:
        ValueError: it is not.
    """
    if not agree(expected, shape):
        raise ValueError(
            message(
                f"The cell {cell!r} was made for another input.",
                received=f"x of shape {shape}",
                expected=f"(batch, ...) = {expected}",
                fix="give input_dim the size of x, or make another cell for it",
            )
        )
