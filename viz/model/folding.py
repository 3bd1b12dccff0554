"""`fold=`: the nested models that a drawing closes, as a bool, a depth, or names."""

from collections.abc import Callable
from numbers import Integral

from rshop.errors import message, told
from viz.model import naming


def opener(fold, graph) -> Callable:
    """A function `(node, depth) -> bool` that says which nested models are drawn open.

    Example:
        >>> is_open = opener("encoder", graph)  # every nested model but this one
        >>> is_open = opener(1, graph)  # those of the step itself, not those in them

    Args:
        fold: True closes all nested models, False none; a number those at that depth and deeper; one or
            several names (of the layer, or its kind) those models.
        graph: the step's graph, for the names that there are.

    Raises:
        TypeError: something else.
        ValueError: a name that no nested model has.
    """
    if isinstance(fold, bool):
        return lambda node, depth: not fold
    if isinstance(fold, Integral) and fold >= 0:
        return lambda node, depth: depth < fold
    names = [fold] if isinstance(fold, str) else fold
    if not isinstance(names, (list, tuple, set)) or not all(isinstance(name, str) for name in names):
        raise TypeError(_message(fold, graph))
    if not set(names) <= _names(graph):
        raise ValueError(_message(fold, graph))
    return lambda node, depth: not set(names) & _names_of(node)


def _names_of(node):
    return {node.name, naming.kind(node)}


def _names(graph):
    return set().union(*[_names_of(node) for _, node in graph.every_node() if node.inner is not None])


def _message(fold, graph):
    names = sorted(_names(graph))
    return message(
        "`fold` says which nested models are drawn closed.",
        received=f"fold={told(fold)}",
        expected=f"True, False, a depth >= 0, or names among {names}",
        fix=f"fold={names[0]!r}" if names else "fold=False: there is no nested model",
    )
