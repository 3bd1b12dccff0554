"""The names of layers and operations in pictures: by their kind, not by Keras's running number."""

import re
from numbers import Number

import keras

from rshop.cells.base import RNNCell
from rshop.step.names import made_of, snake_case
from rshop.step.recurrent import is_recurrent
from viz.style.labels import Label, shape_text

# The signs of operations.
_SIGNS = {
    "Add": "+",
    "Subtract": "−",
    "Multiply": "×",
    "Divide": "÷",
    "TrueDivide": "÷",
    "FloorDivide": "//",
    "Mod": "mod",
    "Power": "^",
    "Maximum": "max",
    "Minimum": "min",
    "Average": "avg",
    "Concatenate": "concat",
    "Negative": "−",
    "GetItem": "slice",
    "Greater": ">",
    "Less": "<",
    "Equal": "=",
}
_SIZES = ("units", "filters", "output_dim", "rate")


def sign(operation) -> str | None:
    """The sign or lower-case name of an operation without weights: `+`, `tanh`; None for a layer.

    Example:
        >>> sign(keras.layers.Add()), sign(keras.layers.Activation("tanh")), sign(keras.layers.Dense(2))
        ('+', 'tanh', None)
    """
    kind = type(operation).__name__
    if kind in _SIGNS:
        return _SIGNS[kind]
    if isinstance(operation, keras.layers.Activation):
        return _function_name(operation.activation)
    if isinstance(operation, keras.layers.Layer):
        return None
    return snake_case(kind)


def cell_of(operation) -> RNNCell | None:
    """The cell that a layer from `get_layer` runs over time, None for every other layer and operation."""
    cell = getattr(operation, "cell", None)
    return cell if is_recurrent(operation) and isinstance(cell, RNNCell) else None


def class_name(operation) -> str:
    """The class of a layer, or a plainer name where the class says little."""
    name = type(cell_of(operation) or operation).__name__
    return {"RNNCellFromModel": "nested model", "Functional": "nested model"}.get(name, name)


def kind(node) -> str:
    """The kind of a node, with its size or its fixed number: `Dense 10 tanh`, `× 0.5`, `1 −`.

    Args:
        node: a `rshop.step.graph.Node`.
    """
    symbol = sign(node.operation)
    if symbol is not None:
        return _with_number(symbol, node)
    operation = cell_of(node.operation) or node.operation
    found = (getattr(operation, name, None) for name in _SIZES)
    sizes = [f"{value:g}" for value in found if isinstance(value, Number)]
    function = getattr(operation, "activation", None) if node.inner is None else None
    active = [_function_name(function)] if callable(function) and not _is_cell(operation) else []
    return " ".join([class_name(operation), *sizes[:1], *[a for a in active if a != "linear"]])


def given(operation) -> str | None:
    """The name that the user gave to a layer or operation, None where Keras made it up."""
    automatic = re.escape(snake_case(type(operation).__name__))
    keras_own = r"functional|sequential|model|step|rnn_cell_from_model"
    # `Bidirectional` adds a prefix to the name of either layer.
    if re.fullmatch(rf"((forward|backward)_)?({automatic}|{keras_own})(_\d+)?", operation.name):
        return None
    return operation.name


def known_as(operation) -> str | None:
    """As `given`; of a cell or layer without a name the one of the model or cell that it is made of.

    Example:
        >>> known_as(RNNCellFromModel(keras.Model([x, h], [y, n], name="inner")))
        'inner'
    """
    source = made_of(operation)
    return given(operation) or (None if source is None else given(source))


def label(node) -> Label:
    """The label of a node: its name or kind, its kind, and the shape of what it returns.

    Example:
        >>> label(node).plain  # Dense(10, name="W") of a vector
        'W: Dense 10: 10'
    """
    name = known_as(node.operation)
    shapes = list(dict.fromkeys(shape_text(t.shape, t.dtype) for t in node.outputs))
    shape = ", ".join(shapes[:3]) + (", …" if len(shapes) > 3 else "")
    count = f"{len(node.outputs)} × ({shape})" if len(node.outputs) > 1 == len(shapes) else shape
    what = kind(node)
    return Label(name or what, detail=what if name and name != what else "", shape=count)


def state_names(node) -> list[str]:
    """The names of the states of a cell, a nested model or a cell of Keras; none for another layer.

    Example:
        >>> state_names(node)  # of an LSTM cell
        ['h', 'c']

    Args:
        node: a `rshop.step.graph.Node`.
    """
    names = getattr(node.operation, "state_names", None)
    if names is not None and hasattr(node.operation, "step_model"):
        return list(names)
    if hasattr(node.operation, "state_size") and isinstance(node.operation, keras.layers.Layer):
        return ["h", "c"][: len(node.outputs) - 1] if len(node.outputs) <= 3 else []
    return []


def _is_cell(operation):
    return hasattr(operation, "state_size") or hasattr(operation, "state_names")


def _with_number(symbol, node):
    args = [*node.args, *node.kwargs.values()]
    numbers = [a for a in args if isinstance(a, Number) and not isinstance(a, bool)]
    if len(node.inputs) != 1 or len(args) != 2 or len(numbers) != 1:
        return symbol
    commutes = symbol in ("+", "×", "max", "min")
    first = isinstance(args[0], Number) and not commutes
    return f"{numbers[0]:g} {symbol}" if first else f"{symbol} {numbers[0]:g}"


def _function_name(function):
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    return str(name or type(function).__name__).strip("<>")
