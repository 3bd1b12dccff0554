"""One use of a layer or operation in a step's graph, and one visit to it on a walk."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import keras

from rshop.step.recurrent import is_recurrent
from rshop.structure import flat, tree


@dataclass(frozen=True, eq=False)
class Node:
    """One use of a layer or operation in a step: `h = tanh(z)`.

    Attributes:
        name: the operation's name, `dense#2` for the second use of a shared layer.
        operation: the Keras layer or operation.
        args, kwargs: what it is called with, Keras tensors in place.
        outputs: its Keras tensors, flat.
        inner: the `rshop.step.graph.Graph` of a nested model or cell, or None.
    """

    name: str
    operation: keras.Operation
    args: tuple
    kwargs: dict
    outputs: list
    inner: object

    @cached_property
    def inputs(self) -> list:
        """The Keras tensors that this node reads, flat: two for `a + b`."""
        return [t for t in flat([self.args, self.kwargs]) if isinstance(t, keras.KerasTensor)]

    @property
    def variables(self) -> list:
        """All Keras variables that it may read, each once: a layer's, and those in `h * scale`."""
        operation = self.operation
        held = [] if isinstance(operation, keras.layers.Layer) else list(vars(operation).values())
        given = [a for a in [*flat([self.args, self.kwargs]), *held] if isinstance(a, keras.Variable)]
        inside = operation.description.variables if is_recurrent(operation) and operation.is_described else []
        every = [*getattr(operation, "variables", []), *given, *inside]
        return list({id(variable): variable for variable in every}.values())

    @property
    def weights(self) -> list:
        """Its `variables` without the states of seeds."""
        own = {id(v) for v in getattr(self.operation, "weights", [])}
        seeds = {id(v) for v in getattr(self.operation, "variables", [])} - own
        return [v for v in self.variables if id(v) not in seeds]

    @cached_property
    def takes_training(self) -> bool:
        """Whether the operation asks if it is training."""
        return "training" in inspect.signature(self.operation.call).parameters

    def labels(self, name: str) -> list[str]:
        """A name for each output: `["lstm"]`, or `["lstm[0]", "lstm[1]"]` for several.

        An operation with `value_names` names them itself: `["look/context", "look/attention"]`.

        Args:
            name: the node's own name, or the whole name that a walk gave it.
        """
        count, named = len(self.outputs), getattr(self.operation, "value_names", ())
        if count == 1:
            return [name]
        return [f"{name}/{named[i]}" if i < len(named) else f"{name}[{i}]" for i in range(count)]

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
