"""A step's graph, read through public Keras: its operations in order, one walk over them that enters nested
models, and with it what depends on what, every name, and a run that shows every inner value."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import keras
from keras import ops

from rshop.step.names import GraphNames
from rshop.step.of_sequence import OncePerSequence
from rshop.structure import flat, tree


@dataclass(frozen=True, eq=False)
class Node:
    """One use of a layer or operation in a step: `h = tanh(z)`.

    Attributes:
        name: the operation's name, `dense#2` for the second use of a shared layer.
        operation: the Keras layer or operation.
        args, kwargs: what it is called with, Keras tensors in place.
        outputs: its Keras tensors, flat.
        inner: the `Graph` of a nested model or cell, or None.
    """

    name: str
    operation: keras.Operation
    args: tuple
    kwargs: dict
    outputs: list
    inner: "Graph | None"

    @cached_property
    def inputs(self) -> list:
        """The Keras tensors that this node reads, flat: two for `a + b`."""
        return [t for t in flat([self.args, self.kwargs]) if isinstance(t, keras.KerasTensor)]

    @cached_property
    def takes_training(self) -> bool:
        """Whether the operation asks if it is training."""
        return "training" in inspect.signature(self.operation.call).parameters

    def labels(self, name: str) -> list[str]:
        """A name for each output: `["lstm"]`, or `["lstm[0]", "lstm[1]"]` for several.

        Args:
            name: the node's own name, or the whole name that a walk gave it.
        """
        return [name] if len(self.outputs) == 1 else [f"{name}[{i}]" for i in range(len(self.outputs))]

    def call(self, values: list, training: bool | None = None) -> list:
        """Run the operation: its outputs, flat.

        Args:
            values: a tensor in place of each of `inputs`.
            training: handed to an operation that asks for it.
        """
        # By their place, not by identity: the same Keras tensor may be read twice.
        given = iter(values)
        args, kwargs = tree.map_structure(
            lambda a: next(given) if isinstance(a, keras.KerasTensor) else a, (self.args, self.kwargs)
        )
        if training is not None and self.takes_training:
            kwargs = {**kwargs, "training": training}
        return flat(self.operation(*args, **kwargs))


@dataclass(eq=False)
class Visit:
    """One node on a walk through a graph, see `Graph.walk`.

    Attributes:
        name: the node's name, `/`-joined through nesting.
        node: the `Node`.
        given: what each Keras tensor that it reads carries.
        depth: how many nested models lie around it, 0 in the step itself.
        visit: the function that is called for every node.
    """

    name: str
    node: Node
    given: list
    depth: int
    visit: Callable

    def inside(self, given: list | None = None) -> list:
        """Walk through the node's inner graph: what its outputs carry.

        Args:
            given: what the inner graph's inputs carry; by default what the node's own inputs do.
        """
        given = self.given if given is None else given
        return self.node.inner.walk(self.visit, given, prefix=f"{self.name}/", depth=self.depth + 1)


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
        names = GraphNames(of_cell)

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

    def run(self, inputs: list, training: bool | None = None, once: list | None = None) -> tuple[list, list]:
        """Run the graph on tensors.

        Args:
            inputs: one tensor for each input.
            training: handed to the layers that ask for it.
            once: the results of the layers that compute theirs once for a sequence; None computes them.

        Returns:
            The outputs, and every value in the order of `named()`.
        """
        seen, known = [], None if once is None else iter(once)

        def compute(at):
            if at.node.inner is not None:
                inside = at.inside(_cast(at.given, at.node.inner.inputs))
                outputs = _cast(inside, at.node.outputs)
            elif known is not None and isinstance(at.node.operation, OncePerSequence):
                outputs = [next(known)]
            else:
                outputs = at.node.call(at.given, training)
            seen.extend(outputs)
            return outputs

        return self.walk(compute, _cast(inputs, self.inputs)), seen

    def once(self, inputs: list, training: bool | None = None) -> list:
        """What the layers that compute their result once for a sequence compute at its first timestep.

        Args:
            inputs: one tensor for each input, as the first timestep reads them.
            training: handed to these layers; nothing else runs but what they depend on, without training.
        """
        found = []

        def promise(at):
            if at.node.inner is not None:
                return at.inside()
            is_once = isinstance(at.node.operation, OncePerSequence)
            results = cache(lambda: at.node.call([get() for get in at.given], training if is_once else False))
            if is_once:
                found.append(results)
            return [lambda i=i: results()[i] for i in range(len(at.node.outputs))]

        self.walk(promise, [lambda x=x: x for x in _cast(inputs, self.inputs)])
        return [results()[0] for results in found]


def _cast(values, likes):
    # As a Keras model does with what it is called with: a step of another precision casts its inputs.
    return [
        v if keras.backend.standardize_dtype(v.dtype) == like.dtype else ops.cast(v, like.dtype)
        for v, like in zip(values, likes, strict=True)
    ]


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
