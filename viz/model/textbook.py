"""One timestep as a textbook draws it: affine boxes, and round gates and operations with their signs."""

from collections.abc import Callable
from dataclasses import replace

from keras import layers

from viz.model import naming
from viz.model.affine import join_affine
from viz.model.flow import Flow, Part
from viz.style.labels import Label

# What a student knows by its sign; `tanh`, `softmax`, `max` and others are signs already.
_SIGNS = {
    "sigmoid": "σ",
    "relu": "ReLU",
    "sqrt": "√",
    "sum": "Σ",
    "prod": "∏",
    "square": "( )²",
    "absolute": "| |",
    "abs": "| |",
    "matmul": "·",
    "dot": "·",
}
_ROUND = {
    "sigmoid",
    "tanh",
    "relu",
    "softmax",
    "hard_sigmoid",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
}
_ARITHMETIC = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)


def as_textbook(flow: Flow, names: dict, ends: list[str], *, affine: bool, apart: Callable) -> Flow:
    """The flow with the labels and roles of a textbook's figure.

    Example:
        >>> flow = as_textbook(flow, names, ["y", "h"], affine=True, apart=lambda a, b: False)
        >>> [part.label.title for part in flow.parts]  # h = sigmoid(x W + h U + b)
        ['W x_t + U h_t-1 + b', 'σ']

    Args:
        flow: one timestep, every part a box of its own.
        names: the labels of what it reads, by id.
        ends: the names of what it returns: an operation that has the same name need not say it.
        affine: whether affine maps become one box.
        apart: which two parts must not become one box.
    """
    if affine:
        flow = join_affine(flow, names, apart)
    said = set(zip(flow.outputs, ends, strict=True))
    flow.parts = [_look(part, said) if part.words is None else part for part in flow.parts]
    return flow


def sign_of(node) -> str | None:
    """The sign of an operation without weights, None for a layer: `σ`, `×`, `1 −`.

    Example:
        >>> sign_of(node)  # of keras.layers.Activation("sigmoid")
        'σ'
    """
    if naming.sign(node.operation) is None:
        return None
    what = naming.kind(node)
    return _SIGNS.get(what, what)


def _look(part: Part, said: set) -> Part:
    node = part.nodes[0]
    sign = sign_of(node)
    if part.role == "cell" or sign is None:
        return replace(part, words=part.label)
    given = naming.given(node.operation)
    if naming.sign(node.operation) in _ROUND:
        role = "gate"
    elif given is None or isinstance(node.operation, _ARITHMETIC):
        role = "operation"
    else:
        return replace(part, words=part.label)
    # A shape is written where it is new.
    kept = any(t.shape == node.outputs[0].shape for t in node.inputs)
    name = "" if given is None or (part.id, given) in said else given.replace("_", " ")
    label = Label(sign, detail=name, shape="" if kept else part.label.shape)
    return replace(part, label=label, role=role, words=part.label)
