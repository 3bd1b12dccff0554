"""Any cell, ours or in Keras's form, behind one set of functions: what a wrapper asks of its cell."""

import inspect

import keras

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.errors import message, shapes, told
from rshop.step.graph import Graph


def checked_cell(cell, wrapper: str):
    """The cell, if it is one: of this project or in Keras's form.

    Raises:
        TypeError: it is neither.
    """
    over_time = isinstance(cell, keras.layers.RNN)
    if isinstance(cell, RNNCell) or (keras_cells.is_keras_cell(cell) and not over_time):
        return cell
    fix = f"{wrapper}(LSTMCell(10))"
    if hasattr(cell, "get_cell"):
        fix = f"{wrapper}(layer.get_cell())"
    elif over_time:
        fix = f"{wrapper}(layer.cell)"
    elif inspect.isclass(cell):
        fix = f"{wrapper}({cell.__name__}(...))"
    raise TypeError(
        message(
            f"{wrapper} wraps a cell, and this is none.",
            received=told(cell),
            expected="an RNNCell, or a cell of Keras such as keras.layers.GRUCell(10)",
            fix=fix,
        )
    )


def state_names(cell) -> list[str]:
    """The names of its states: `['h', 'c']` for an LSTM."""
    return list(cell.state_names) if isinstance(cell, RNNCell) else keras_cells.state_names(cell)


def count_inputs(cell) -> int:
    """How many tensors it reads beside its states, constants included."""
    return cell.num_inputs if isinstance(cell, RNNCell) else 1


def constant_names(cell) -> list[str]:
    """The names of its constants, masks included: `['memory', 'memory_mask']` for an attention."""
    return list(cell.constant_names) if isinstance(cell, RNNCell) else []


def constant_inputs(cell) -> list[keras.KerasTensor]:
    """An Input for each constant of a built cell, of its shape and dtype, under its name.

    Example:
        >>> [tensor.name for tensor in constant_inputs(attention_cell)]
        ['memory', 'memory_mask']
    """
    names = constant_names(cell)
    likes = cell.constant_inputs if names else []
    return [
        keras.Input(like.shape[1:], dtype=like.dtype, name=name)
        for name, like in zip(names, likes, strict=True)
    ]


def output_shape(cell, shapes: list[tuple]) -> tuple | None:
    """The shape of its output for inputs of these shapes, None where it does not say."""
    if isinstance(cell, RNNCell):
        return cell.output_shape(shapes[0] if len(shapes) == 1 else shapes)
    return keras_cells.output_shape(cell, shapes[0])


def x_dtype(cell, place: int, shapes: list[tuple]) -> str:
    """The dtype in which a cell reads one of its inputs; a cell of ours is built to know it."""
    if not isinstance(cell, RNNCell):
        return cell.compute_dtype
    if not cell.built:
        cell.build(shapes[0] if len(shapes) == 1 else shapes)
    return cell.model.inputs[place].dtype


def state_inputs(cell) -> list[keras.KerasTensor]:
    """An Input for each state of a built cell, of its shape and dtype.

    Example:
        >>> [tensor.name for tensor in state_inputs(LSTMCell(4, input_dim=3))]
        ['h_tm1', 'c_tm1']
    """
    names = [f"{name}_tm1".replace("/", "_") for name in state_names(cell)]
    if isinstance(cell, RNNCell):
        likes = cell.model.inputs[cell.num_inputs :]
        needed = [(tuple(like.shape), like.dtype) for like in likes]
    else:
        needed = [(shape, cell.compute_dtype) for shape in keras_cells.state_shapes(cell)]
    return [
        keras.Input(batch_shape=shape, dtype=dtype, name=name)
        for name, (shape, dtype) in zip(names, needed, strict=True)
    ]


def output_spec(cell) -> keras.KerasTensor:
    """The output of a built cell as a Keras tensor, for its shape and dtype."""
    if isinstance(cell, RNNCell):
        return cell.model.outputs[0]
    return keras.KerasTensor(keras_cells.output_shape(cell, None), dtype=cell.compute_dtype)


def call(cell, xs: list, states: list) -> tuple:
    """Its output and its next states; the output is one of these very tensors if the cell returns a state.

    Raises:
        ValueError: the cell has several outputs.
    """
    if isinstance(cell, RNNCell):
        results = cell([*xs, *states])
        y, after = results[: len(results) - len(states)], results[len(results) - len(states) :]
    else:
        y, after = keras_cells.call(cell, xs[0], states)
        y = [y]
    if len(y) != 1:
        raise ValueError(
            message(
                f"The cell {cell.name!r} cannot be wrapped: it does not have one output.",
                received=f"{len(y)} outputs ({shapes(y)})",
                expected="one output",
                fix="wrap the cell before a second output is taken from it",
            )
        )
    place = output_state(cell)
    return (y[0] if place is None else after[place]), after


def output_state(cell) -> int | None:
    """The place of the state that the cell returns as its output; None if the output is no state.

    Example:
        >>> output_state(LSTMCell(4, input_dim=3)), output_state(ResidualCell(GRUCell(3, input_dim=3)))
        (0, None)
    """
    return returned_state(cell.model) if isinstance(cell, RNNCell) else keras_cells.output_state(cell)


def returned_state(model: keras.Model) -> int | None:
    """The same for the model `[x, *states] -> [y, *next_states]` of a cell; nested models are looked into."""

    def mark(at):
        if at.node.inner is not None:
            return at.inside()
        marks = [object() for _ in at.node.outputs]
        place = keras_cells.output_state(at.node.operation)
        if place is not None:
            marks[0] = marks[1 + place]
        return marks

    graph = Graph(model)
    y, *after = graph.walk(mark, [object() for _ in graph.inputs])
    return next((i for i, state in enumerate(after) if state is y), None)
