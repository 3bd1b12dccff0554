"""A step's graph, read through public Keras: its operations in order, one walk over them that enters nested
models, and with it what depends on what, every name, and a run that shows every inner value."""

from collections.abc import Callable
from copy import copy as shallow_copy
from dataclasses import replace
from functools import cache, cached_property

import keras

from rshop.step.node import Node, Visit
from rshop.step.node_names import NodeNames
from rshop.step.of_sequence import OncePerSequence
from rshop.structure import cast_like, flat


class Graph:
    """The operations of a Keras model in an order in which they can run.

    Example:
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(2, name="dense")(x))
        >>> graph = Graph(model)
        >>> [node.name for node in graph.nodes]
        ['dense']
        >>> graph.reach()[graph.outputs[0]]  # the inputs that the first output depends on
        frozenset({0})

    Args:
        model: a functional `keras.Model` or a built `keras.Sequential`.
        of_cell: the model was built by a cell, anew in each process: names that Keras made up for
            its layers are numbered within the graph, as those of operations always are.
    """

    def __init__(self, model: keras.Model, of_cell: bool = False):
        self.nodes: list[Node] = []
        names = NodeNames(of_cell)

        def visit(operation, *args, **kwargs):
            outputs = operation(*args, **kwargs)
            inner = _inner_model(operation)
            is_cell = hasattr(operation, "step_model")
            inner = Graph(inner, of_cell=is_cell) if inner is not None else None
            name = names.of(operation)
            self.nodes.append(Node(name, operation, args, kwargs, flat(outputs), inner))
            return outputs

        # Cloning with the same layers is the public way to walk a functional graph in order.
        copy = keras.models.clone_model(
            keras.Model(model.inputs, model.outputs, name=model.name),
            clone_function=lambda layer: layer,
            call_function=visit,
        )
        self.inputs = list(copy.inputs)
        self.outputs = list(copy.outputs)

    def walk(self, visit: Callable, starts: list, *, prefix: str = "", depth: int = 0) -> list:
        """Carry something along the arrows of the graph, from the inputs through every node to the outputs.

        Example:
            >>> def longest(at):  # how many operations lie before each output
            ...     return [1 + max(at.given)] * len(at.node.outputs)
            >>> Graph(keras.Model(x, ops.tanh(x + x))).walk(longest, [0])
            [2]

        Args:
            visit: called with a `Visit` for each node in running order; returns what each of the node's
                outputs carries. A nested model is entered where it calls `at.inside()`.
            starts: what each input carries.
            prefix, depth: of a nested graph, what the names in it begin with, and how deep it lies.

        Returns:
            What each output carries.
        """
        # Keras tensors compare element by element: they are known by identity.
        carried = {id(t): start for t, start in zip(self.inputs, starts, strict=True)}
        for node in self.nodes:
            given = [carried[id(t)] for t in node.inputs]
            ends = visit(Visit(prefix + node.name, node, given, depth, visit))
            carried.update({id(t): end for t, end in zip(node.outputs, ends, strict=True)})
        return [carried[id(t)] for t in self.outputs]

    def every_node(self) -> list[tuple[str, Node]]:
        """`(name, node)` of every node in running order, a nested model before the nodes in it.

        Example:
            >>> [name for name, _ in Graph(stack).every_node()]
            ['lstm_cell', 'lstm_cell/projections', ..., 'lstm_cell/h', 'dense']
        """
        return list(self._every_node)

    @cached_property
    def _every_node(self):
        found = []

        def note(at):
            found.append((at.name, at.node))
            if at.node.inner is not None:
                at.inside()
            return at.node.outputs

        self.walk(note, self.inputs)
        return found

    def reach(self) -> "_ByTensor":
        """For each Keras tensor by identity, the places of the inputs that it depends on."""
        starts = [frozenset([i]) for i in range(len(self.inputs))]
        known = _ByTensor()
        known.note(self.inputs, starts)

        def follow(at):
            if at.node.inner is not None:
                ends = at.inside()
            else:
                ends = [frozenset().union(*at.given)] * len(at.node.outputs)
            known.note(at.node.outputs, ends)
            return ends

        self.walk(follow, starts)
        return known

    def opened(self, inside: dict) -> "Graph":
        """The same graph, with the same tensors, in which some nodes that were shut can be walked into.

        Example:
            >>> graph.opened({node: (cell, Graph(cell.step_model, of_cell=True))})

        Args:
            inside: for a node, the operation to be seen in its place, and the graph of what happens inside.
        """
        made = shallow_copy(self)
        for known in ("_every_node", "_operations"):
            made.__dict__.pop(known, None)
        made.nodes = [_opened(node, inside) for node in self.nodes]
        return made

    def operations(self) -> list:
        """Every operation, those of nested models included, each once."""
        return list(self._operations)

    @cached_property
    def _operations(self):
        return {id(node.operation): node.operation for _, node in self.every_node()}.values()

    def named(self) -> list:
        """`(name, Keras tensor)` of every value, nested names joined by `/`, in running order.

        Example:
            >>> [name for name, _ in Graph(lstm_cell.model).named()]
            ['projections', ..., 'forget_gate', ..., 'h']
        """
        found = []

        def note(at):
            if at.node.inner is not None:
                at.inside()
            found.extend(zip(at.node.labels(at.name), at.node.outputs, strict=True))
            return at.node.outputs

        self.walk(note, self.inputs)
        return found

    def run(self, inputs: list, training: bool | None = None, known: dict | None = None) -> tuple[list, list]:
        """Run the graph on tensors.

        Args:
            inputs: one tensor for each input.
            training: handed to the layers that ask for it.
            known: the outputs of nodes by name, which are not computed again (see `once` and `known`).

        Returns:
            The outputs, and every value in the order of `named()`.
        """
        seen, known = [], known or {}

        def compute(at):
            if at.node.inner is not None:
                outputs = at.inside(cast_like(at.given, at.node.inner.inputs))
                outputs = cast_like(outputs, at.node.outputs)
            elif at.name in known:
                outputs = known[at.name]
            else:
                outputs = at.node.call(at.given, training)
            seen.extend(outputs)
            return outputs

        return self.walk(compute, cast_like(inputs, self.inputs)), seen

    def once(self, inputs: list, training: bool | None = None) -> dict[str, list]:
        """The outputs, by name, of the layers that compute theirs once for a sequence, at its first timestep.

        Nothing else runs but what these depend on, and that without training.

        Args:
            inputs: one tensor for each input, as the first timestep reads them.
            training: handed to these layers.
        """
        found = {}

        def promise(at):
            if at.node.inner is not None:
                return at.inside()
            is_once = isinstance(at.node.operation, OncePerSequence)
            results = cache(lambda: at.node.call([get() for get in at.given], training if is_once else False))
            if is_once:
                found[at.name] = results
            return [lambda i=i: results()[i] for i in range(len(at.node.outputs))]

        self.walk(promise, [lambda x=x: x for x in cast_like(inputs, self.inputs)])
        return {name: results() for name, results in found.items()}

    def known(self, inputs: list, accepts: Callable, training: bool | None = None) -> dict[str, list]:
        """The outputs, by name, of every node that reads known inputs alone.

        Example:
            >>> graph.known([None, memory, None], accepts)  # of the inputs x, memory and h
            {'keys': [<tensor (2, 5, 8)>]}

        Args:
            inputs: one tensor for each input, None where it is not known.
            accepts: `accepts(operation)` says whether it may be computed beforehand.
            training: handed to the layers that ask for it.
        """
        found = {}

        def compute(at):
            if at.node.inner is not None:
                return at.inside(cast_like(at.given, at.node.inner.inputs))
            ready = at.given and all(value is not None for value in at.given)
            if not ready or not accepts(at.node.operation):
                return [None] * len(at.node.outputs)
            found[at.name] = at.node.call(at.given, training)
            return found[at.name]

        self.walk(compute, cast_like(inputs, self.inputs))
        return found


def _opened(node, inside):
    if node in inside:
        operation, inner = inside[node]
        return replace(node, operation=operation, inner=inner)
    return node if node.inner is None else replace(node, inner=node.inner.opened(inside))


class _ByTensor:
    # Keras tensors compare element by element; they are looked up by identity.
    def __init__(self):
        self.known = {}

    def note(self, tensors, values):
        self.known.update({id(t): value for t, value in zip(tensors, values, strict=True)})

    def __getitem__(self, tensor):
        return self.known[id(tensor)]


def _inner_model(operation):
    # A cell of this project shows its Keras model as `step_model`; functional models show their
    # `operations`, models written as a class do not and stay closed.
    model = getattr(operation, "step_model", operation)
    readable = hasattr(model, "operations") or isinstance(model, keras.Sequential)
    return model if isinstance(model, keras.Model) and readable else None
