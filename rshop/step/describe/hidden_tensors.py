"""Tensors that a function inside a step reads from its closure, which Keras's graph does not see."""

import functools
import inspect

import keras

from rshop.errors import given_name, message
from rshop.step.graph import Graph
from rshop.structure import flat


def check_nothing_hidden(graph: Graph):
    """Refuse an operation such as `ops.cond` whose functions capture tensors of the step.

    Example:
        >>> check_nothing_hidden(Graph(keras.Model([x, h], ops.cond(p, lambda: x + h, lambda: x))))
        ValueError: `ops.cond` runs a function that reads a tensor of the step, ...

    Raises:
        ValueError: names the operation and the tensor.
    """
    for _, node in graph.every_node():
        # Some operations receive their functions in the call, others in the constructor.
        made_with = (
            [] if isinstance(node.operation, keras.layers.Layer) else list(vars(node.operation).values())
        )
        for function in filter(callable, flat([node.args, node.kwargs, made_with])):
            for tensor in _read_from_around(function):
                raise ValueError(_hidden(node, tensor))


def _read_from_around(function) -> list:
    while isinstance(function, functools.partial):
        held = [t for t in flat([function.args, function.keywords]) if isinstance(t, keras.KerasTensor)]
        if held:
            return held
        function = function.func
    try:
        around = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        return []  # not written in Python
    values = flat([*around.nonlocals.values(), *around.globals.values()])
    return [value for value in values if isinstance(value, keras.KerasTensor)]


def _hidden(node, tensor):
    kind = {"ForiLoop": "fori_loop", "WhileLoop": "while_loop", "VectorizedMap": "vectorized_map"}.get(
        type(node.operation).__name__, type(node.operation).__name__.lower()
    )
    name = given_name(tensor)
    label = f"{name!r} of shape {tuple(tensor.shape)}" if name else f"one of shape {tuple(tensor.shape)}"
    where = "keras.ops.where(condition, a, b) in place of cond" if kind == "cond" else "pass it as an operand"
    return message(
        f"`ops.{kind}` runs a function that reads a tensor of the step which it is not called with: Keras's "
        "graph does not see that.",
        received=f"a function that reads the tensor {label} from around it",
        expected="functions that read what they are called with",
        fix=f"{where}, or write the operation in the call of a layer of your own",
    )
