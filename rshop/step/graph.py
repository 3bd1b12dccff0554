"""A step's graph, read through public Keras: its operations in order, their dependencies, and a run that
returns every inner value."""

import inspect
from dataclasses import dataclass

import keras

from rshop.step.names import is_numbered, snake_case
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

    @property
    def inputs(self) -> list:
        """A flat list of the Keras tensors that this node reads: two for `a + b`."""
        return [t for t in flat([self.args, self.kwargs]) if isinstance(t, keras.KerasTensor)]

    @property
    def takes_training(self) -> bool:
        """Whether the operation has a `training` argument."""
        return "training" in inspect.signature(self.operation.call).parameters

    def labels(self) -> list[str]:
        """One name for each output: `["lstm"]`, or `["lstm[0]", "lstm[1]"]` for several."""
        if len(self.outputs) == 1:
            return [self.name]
        return [f"{self.name}[{i}]" for i in range(len(self.outputs))]


class Graph:
    """The operations of a Keras model, in an order in which they can run.

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
        of_cell: the model was built by a cell, anew in each process: the names that Keras generated for
            its layers are numbered within the graph, as the names of operations always are.
    """

    def __init__(self, model: keras.Model, of_cell: bool = False):
        self.nodes: list[Node] = []
        names = _Names(of_cell)

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

    def reach(self) -> dict:
        """For each Keras tensor, looked up by identity, the places of the inputs that it depends on."""
        known = {_Key(t): frozenset([i]) for i, t in enumerate(self.inputs)}
        for node in self.nodes:
            sources = [known[_Key(t)] for t in node.inputs]
            if node.inner is None:
                joint = frozenset().union(*sources)
                known.update({_Key(t): joint for t in node.outputs})
                continue
            within = node.inner.reach()
            for tensor, inside in zip(node.outputs, node.inner.outputs, strict=True):
                known[_Key(tensor)] = frozenset().union(*(sources[i] for i in within[inside]))
        return _ByTensor(known)

    def operations(self) -> list:
        """Every operation once, including those of nested models."""
        found: dict[int, keras.Operation] = {}
        for node in self.nodes:
            found[id(node.operation)] = node.operation
            for operation in node.inner.operations() if node.inner else []:
                found[id(operation)] = operation
        return list(found.values())

    def named(self, prefix: str = "") -> list:
        """`(name, Keras tensor)` of every value, in the order of a run; nested names are joined by `/`.

        Example:
            >>> [name for name, _ in Graph(lstm_cell.model).named()]
            ['projections', ..., 'forget_gate', ..., 'h']
        """
        found = []
        for node in self.nodes:
            if node.inner is not None:
                found += node.inner.named(f"{prefix}{node.name}/")
            found += [(prefix + label, t) for label, t in zip(node.labels(), node.outputs, strict=True)]
        return found

    def run(self, inputs: list, training: bool | None = None) -> tuple[list, list]:
        """Run the graph on tensors.

        Args:
            inputs: one tensor for each input.
            training: handed to the layers that ask for it.

        Returns:
            The outputs, and every value in the order of `named()`.
        """
        values = {_Key(t): v for t, v in zip(self.inputs, inputs, strict=True)}
        seen = []
        for node in self.nodes:
            args, kwargs = tree.map_structure(
                lambda a: values[_Key(a)] if isinstance(a, keras.KerasTensor) else a,
                (node.args, node.kwargs),
            )
            if node.inner is None:
                if training is not None and node.takes_training:
                    kwargs = {**kwargs, "training": training}
                outputs = flat(node.operation(*args, **kwargs))
            else:
                given = [values[_Key(t)] for t in node.inputs]
                outputs, within = node.inner.run(given, training)
                seen += within
            values.update({_Key(t): v for t, v in zip(node.outputs, outputs, strict=True)})
            seen += outputs
        return [values[_Key(t)] for t in self.outputs], seen


class _Names:
    # Keras numbers unnamed layers and operations throughout the process. A name that a user gave, or can
    # read from a layer, stays. The others are numbered within the graph, so that they are the same after
    # a reload and in the next notebook.
    def __init__(self, of_cell):
        self.of_cell = of_cell
        self.known: dict[int, str] = {}
        self.uses: dict[str, int] = {}
        self.numbers: dict[str, int] = {}

    def of(self, operation) -> str:
        name = self.known.get(id(operation)) or self._first(operation)
        self.known[id(operation)] = name
        self.uses[name] = self.uses.get(name, 0) + 1
        return name if self.uses[name] == 1 else f"{name}#{self.uses[name]}"

    def _first(self, operation):
        kind = snake_case(type(operation).__name__)
        if not is_numbered(operation) or (isinstance(operation, keras.layers.Layer) and not self.of_cell):
            return operation.name
        while True:
            number = self.numbers.get(kind, 0)
            self.numbers[kind] = number + 1
            name = f"{kind}_{number}" if number else kind
            if name not in self.uses:
                return name


class _Key:
    # Keras tensors compare element by element; a dictionary needs them by identity.
    def __init__(self, tensor):
        self.tensor = tensor

    def __hash__(self):
        return id(self.tensor)

    def __eq__(self, other):
        return self.tensor is other.tensor


class _ByTensor:
    def __init__(self, known):
        self._known = known

    def __getitem__(self, tensor):
        return self._known[_Key(tensor)]


def _inner_model(operation):
    # A cell of this project has its Keras model in `step_model`. Functional models list their `operations`;
    # subclassed models do not, and count as one operation.
    model = getattr(operation, "step_model", operation)
    readable = hasattr(model, "operations") or isinstance(model, keras.Sequential)
    return model if isinstance(model, keras.Model) and readable else None
