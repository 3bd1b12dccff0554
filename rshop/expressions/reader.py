"""Read a step's graph into expressions: one `Function` for the step, for each model in it, and each loop."""

import keras

from rshop.cells.keras_cells import is_keras_cell, state_names
from rshop.cells.weights import Bias, Product
from rshop.errors import given_name
from rshop.expressions.arrays import Arrays
from rshop.expressions.layer_rules import mask_of, rule_of
from rshop.expressions.layer_use import Use
from rshop.expressions.loops import keras_loop, layer_loop
from rshop.expressions.operations import cast, operation_terms, parts
from rshop.expressions.refusals import refused
from rshop.expressions.terms import Function, Term
from rshop.expressions.traced import Traced, mask_arguments
from rshop.step.graph import Graph
from rshop.step.names import free_name, is_numbered, users_name
from rshop.step.node import Node
from rshop.step.recurrent import is_recurrent
from rshop.structure import flat

#: A layer whose call has no more operations than this is written in place, not as a function.
_IN_PLACE = 3


class Reader:
    """Reads graphs into functions, and keeps the arrays that they use.

    Example:
        >>> reader = Reader()
        >>> step = reader.step(rnn.description)
        >>> [term.kind for term in step.outputs[0].of], list(reader.arrays.values)
        (['add'], ['W/kernel', 'W/bias', 'U/kernel'])
    """

    def __init__(self):
        self.arrays = Arrays()
        self._functions: dict[tuple, object] = {}
        self._names: set[str] = set()
        self._kept: list = []

    def step(
        self, step, name: str = "step", *, decode: bool = False, masks: bool = True, path: str = ""
    ) -> Function:
        """The function of a checked `Step`, with the names of its parts.

        Args:
            step: the step.
            name: what the function is called.
            masks: constants, and the input of a decoder, may carry masks.
            decode: the step is a decoder's, whose input may carry a mask, as constants may.
            path: what the names of its weights begin with.
        """
        labels = step_labels(step)
        first, constants = len(flat(step.inputs)), len(flat(step.constants))
        carry = range(0 if decode else first, first + constants)
        carry = carry if masks else ()
        masks = [_mask_shape(t) if i in carry else None for i, t in enumerate(step.graph.inputs)]
        about = "One timestep: the outputs, then the next states"
        made = self.function(self.free(name), step.graph, labels, masks=masks, path=path, about=about)
        parts = {"input": step.inputs, "constant": step.constants, "state": step.states}
        parts["readout"] = step.readouts
        made.roles = [role for role, part in parts.items() for _ in flat(part)]
        made.states = list(step.state_names)
        return made

    def function(
        self, name, graph: Graph, labels: list, *, masks=None, path="", traced=None, about=""
    ) -> Function:
        """The function of a graph.

        Args:
            name: what it is called.
            graph: the graph.
            labels: a name for each of its inputs.
            masks: the shape of the mask that an input may carry, or None, for each.
            path: what the names of its weights begin with.
            traced: where the graph comes from, if from a layer's call.
            about: what it is, in words.
        """
        reads = [
            Term("read", [], {}, tuple(t.shape), t.dtype, label, True)
            for t, label in zip(graph.inputs, labels, strict=True)
        ]
        for read, shape in zip(reads, masks or [None] * len(reads), strict=True):
            if shape is not None:
                read.mask = Term("read", [], {}, shape, "bool", f"{read.name}_mask", True)
        return Function(name, reads, self.within(graph, reads, path, traced), about)

    def within(self, graph: Graph, reads: list[Term], path: str, traced: Traced | None = None) -> list[Term]:
        """The results of a graph, for the terms that it reads."""
        known = {id(t): cast(read, t.dtype) for t, read in zip(graph.inputs, reads, strict=True)}
        for node in graph.nodes:
            _refuse_half(node)
            given = [known[id(t)] for t in node.inputs]
            results = self._node(node, given, path, traced)
            for term, tensor in zip(results, node.outputs, strict=True):
                known[id(tensor)] = _named(term, node, len(results) == 1)
        return [known[id(t)] for t in graph.outputs]

    def results(self, node: Node, given: list[Term]) -> list[Term]:
        """The results of one node of a graph alone, for the terms that it reads."""
        _refuse_half(node)
        return self._node(node, given, "", None)

    def free(self, name: str) -> str:
        """A name that no function has yet, a word."""
        name = free_name(name, self._names)
        self._names.add(name)
        return name

    def once(self, key: tuple, kept, make):
        """What was made for this key, made now if it was not; `kept` lives as long as the key is in use."""
        if key not in self._functions:
            self._kept.append(kept)
            self._functions[key] = make()
        return self._functions[key]

    def _node(self, node, given, path, traced):
        operation, inner_path = node.operation, f"{path}{node.name}"
        if not isinstance(operation, keras.layers.Layer):
            by_id = {id(t): term for t, term in zip(node.inputs, given, strict=True)}
            fixed = lambda value: self._fixed(value, path.rstrip("/"), traced)  # noqa: E731
            return operation_terms(node, lambda t: by_id[id(t)], fixed)
        if node.inner is not None:
            return self._nested(node, given, inner_path)
        given = _autocast(operation, node, given)
        if is_recurrent(operation):
            return layer_loop(self, node, given, inner_path)
        if isinstance(operation, (keras.layers.RNN, keras.layers.Bidirectional)):
            return keras_loop(self, node, given, inner_path)
        rule = rule_of(operation)
        use = Use(self, node, given, inner_path)
        results = rule(use) if rule is not None else None
        results = self._traced(node, given, inner_path) if results is None else results
        mask = mask_of(use)
        return [_masked(term, mask) for term in results]

    def _nested(self, node, given, path):
        graph = node.inner
        labels = cell_labels(node.operation, graph)
        masks = [None if term.mask is None else term.mask.shape for term in given]
        key = (id(node.operation), tuple(m is not None for m in masks))
        base = users_name(node.operation) or node.name.partition("#")[0]
        make = lambda: self.function(  # noqa: E731
            self.free(base), graph, labels, masks=masks, path=f"{path.partition('#')[0]}/", about=_about(node)
        )
        function = self.once(key, node.operation, lambda: with_masks(make()))
        function.states = list(getattr(node.operation, "state_names", []))
        count = len(graph.inputs) - len(function.states)
        function.roles = ["input"] * count + ["state"] * len(function.states)
        term = Term("call", [*given, *_masks(function, given)], {"what": function})
        results = parts(term, node.outputs)
        for result, place in zip(results, function.mask_places, strict=True):
            if place is not None:
                result.mask = Term("part", [term], {"index": place}, result.shape[:2], "bool")
        return results

    def _traced(self, node, given, path):
        carried = {i: term.mask for i, term in enumerate(given) if term.mask is not None}
        used = {id(m) for m in flat(mask_arguments(node.operation, node, carried))}
        masks = [t.mask.shape if id(t.mask) in used and t.mask is not None else None for t in given]
        key = (id(node.operation), tuple(m is not None for m in masks), str(node.args), str(node.kwargs))
        traced = self.once(("trace", *key), node.operation, lambda: Traced(node, masks))
        reads = [*given, *(term.mask for term, m in zip(given, masks, strict=True) if m is not None)]
        if len(traced.graph.nodes) <= _IN_PLACE and len(node.outputs) == 1:
            return self.within(traced.graph, reads, f"{path}/", traced)
        labels = [f"x{i}" if len(given) > 1 else "x" for i in range(len(given))]
        if is_keras_cell(node.operation):
            labels = ["x", *(f"{name}_tm1".replace("/", "_") for name in state_names(node.operation))]
        labels += [f"{labels[i]}_mask" for i in traced.masked]
        make = lambda: self.function(  # noqa: E731
            self.free(node.name.partition("#")[0]),
            traced.graph,
            labels,
            path=f"{path}/",
            traced=traced,
            about=_about(node),
        )
        function = self.once(key, node.operation, make)
        if is_keras_cell(node.operation):
            function.states = state_names(node.operation)
            function.roles = ["input", *["state"] * len(function.states)]
        return parts(Term("call", reads, {"what": function}), node.outputs)

    def _fixed(self, value, path, traced):
        if isinstance(value, keras.Variable):
            return self.arrays.weight(value, path)
        if traced is None or id(value) not in traced.weights:
            return self.arrays.constant(value, path)
        variables, make = traced.weights[id(value)]
        return make(*(self.arrays.weight(variable, path) for variable in variables))


def with_masks(function: Function) -> Function:
    """The function, which also returns the masks that its results carry."""
    function.hand_on_masks()
    return function


def step_labels(step) -> list[str]:
    """A name for everything that a step reads: the user's, or what it is for."""
    taken: set[str] = set()
    labels = []
    states = [t if given_name(t) else None for t in step.states]
    for tensors, names in (
        (flat(step.inputs), _numbered("x", flat(step.inputs))),
        (flat(step.constants), _numbered("constant", flat(step.constants))),
        (
            step.states,
            [f"{n}_tm1" if t is None else t.name for n, t in zip(step.state_names, states, strict=True)],
        ),
        (flat(step.readouts), step.readout_names),
    ):
        for name in names[: len(tensors)]:
            labels.append(free_name(name, taken))
            taken.add(labels[-1])
    return labels


def cell_labels(operation, graph) -> list[str]:
    """A name for each input of a nested model or cell."""
    states = list(getattr(operation, "state_names", []))
    count = len(graph.inputs) - len(states)
    names = _numbered("x", graph.inputs[:count])
    names += [given_name(t) or f"{n}_tm1" for t, n in zip(graph.inputs[count:], states, strict=True)]
    labels = []
    for name in names:
        labels.append(free_name(name, labels))
    return labels


def _about(node):
    return f"The {type(node.operation).__name__} {node.operation.name}"


def _numbered(base, tensors):
    many = len(tensors) > 1
    return [given_name(t) or (f"{base}_{i}" if many else base) for i, t in enumerate(tensors)]


def _named(term, node, alone):
    # A value is called as the user called what computes it. What is only handed on keeps its name.
    of_a_cell = isinstance(node.operation, (Product, Bias))
    given = not is_numbered(node.operation) and not of_a_cell
    if term.is_leaf or (term.name is not None and not given):
        if not given:
            return term
        term = Term("same", [term], {}, term.shape, term.dtype, mask=term.mask)
    elif term.name is not None:
        term = Term("same", [term], {}, term.shape, term.dtype, mask=term.mask)
    base = "z" if of_a_cell else node.name
    name = base if alone else f"{node.name}_{term.how.get('index', 0)}"
    term.name, term.given = name, given and alone
    return term


def _masked(term, mask):
    if term.mask is mask:
        return term
    if term.is_leaf or term.name is not None:
        term = Term("same", [term], {}, term.shape, term.dtype)
    term.mask = mask
    return term


def _masks(function, given):
    place = {id(read.mask): i for i, read in enumerate(function.reads) if read.mask is not None}
    return [given[place[id(mask)]].mask for mask in function.masks]


def _mask_shape(tensor):
    shape = tuple(tensor.shape)
    return shape[:2] if len(shape) >= 2 and not (len(shape) == 2 and "int" not in tensor.dtype) else None


def _autocast(layer, node: Node, given):
    if not layer.autocast:
        return given
    floating = keras.backend.is_float_dtype
    return [cast(t, layer.compute_dtype) if floating(t.dtype) else t for t in given]


def _refuse_half(node):
    if any("16" in str(t.dtype) and "float" in str(t.dtype) for t in [*node.inputs, *node.outputs]):
        raise refused(
            f"a {type(node.operation).__name__}",
            node.name,
            "it computes with 16 bits, and NumPy would round otherwise",
            "make the layer with dtype='float32' and give it these weights",
        )
