"""Activation functions as terms."""

import keras

from rshop.expressions.terms import Term
from rshop.step.graph import Graph

#: Keras's functions of one tensor that are terms of their own.
KNOWN = ("tanh", "sigmoid", "relu", "softmax", "softplus", "softsign", "selu", "silu", "hard_sigmoid")
KNOWN += ("relu6", "log_softmax", "log_sigmoid", "hard_tanh", "hard_silu", "mish")
_EXP = "exponential"


def activated(reader, function, term: Term, path: str) -> Term:
    """An activation of a term.

    Example:
        >>> activated(reader, keras.activations.tanh, z, "").kind
        'tanh'

    Args:
        reader: what reads the operations of a function that is no term of its own.
        function: a function or layer of one tensor, or None.
        term: what it is applied to.
        path: what the names of its weights begin with.
    """
    if function is None or function is keras.activations.linear:
        return term
    name = getattr(function, "__name__", "")
    if getattr(keras.activations, name, None) is function and name in (*KNOWN, _EXP):
        kind, how = ("exp", {}) if name == _EXP else (name, {})
        return Term(kind, [term], how, term.shape, term.dtype)
    x = keras.Input(batch_shape=term.shape, dtype=term.dtype)
    graph = Graph(keras.Model(x, function(x)), of_cell=True)
    return reader.within(graph, [term], f"{path}/")[0]
