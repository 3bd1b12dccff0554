"""Lower a step to a flat list of instructions: products, biases, sums, contractions, and calls of layers."""

import keras
import numpy as np
from keras import ops

from rshop.cells.weights import Bias, Product
from rshop.fast.plan import known_operations
from rshop.fast.plan.contractions import letters_of
from rshop.fast.plan.effects import changed_by, run_changing
from rshop.fast.plan.instructions import Instruction, Lowered, Weight
from rshop.fast.plan.known_operations import is_dropout, is_known
from rshop.fast.plan.sample_by_sample import by_sample
from rshop.step.graph import Graph
from rshop.step.of_sequence import OncePerSequence, WeightsOfSequence
from rshop.step.recurrent import is_recurrent
from rshop.structure import flat


def lower(graph: Graph, training) -> Lowered | None:
    """The instructions of a step; None if an operation, or the size of what is dropped out, is not known.

    Example:
        >>> lowered = lower(step.graph, training=True)  # h = tanh(Dense(x) + Dense(h_tm1))
        >>> [i.kind for i in lowered.instructions]
        ['product', 'bias', 'product', 'sum', 'call']
    """
    effects = _effects(graph, training)
    if None in effects.values():
        return None
    lowered = _lowered(graph, training, effects)
    return None if lowered is None or lowered.is_torn else lowered


def _lowered(graph, training, effects):
    lowering = _Lowering(training, effects)
    lowering.result.inputs = [lowering.new(t) for t in graph.inputs]
    lowering.graph(graph, lowering.result.inputs, "")
    lowering.result.inputs += [*lowering.result.once, *lowering.result.drawn, *lowering.result.changed]
    if any(None in lowering.result.likes[number].shape[1:] for number in lowering.result.drawn):
        return None
    lowering.result.outputs = [lowering.number(t) for t in graph.outputs]
    lowering.result.after_change = [lowering.number(v) for v in lowering.result.changed.values()]
    return lowering.result


def unknown(graph: Graph, training) -> list[str]:
    """The names of the operations that are in no list: whether they may run in the fast loop is to be found.

    Example:
        >>> unknown(step.graph, training=True)
        ['batch_normalization']
    """
    return [o.name for o in graph.operations() if not _is_listed(o, training)]


def refused(graph: Graph, training) -> list[str]:
    """The names of the operations that keep a step in the plain loop.

    Example:
        >>> refused(step.graph, training=True)
        ['gaussian_noise']
    """
    effects = _effects(graph, training)
    kept = [node for node, changed in effects.items() if changed is None]
    if not kept and (lowered := _lowered(graph, training, effects)) is not None and lowered.is_torn:
        kept = [node for node, changed in effects.items() if changed]
    return list(dict.fromkeys(node.operation.name for node in kept))


def _is_listed(operation, training) -> bool:
    shows_parts = known_operations.shows_parts(operation)
    return shows_parts or is_known(operation, training) or is_dropout(operation, training)


def _effects(graph, training) -> dict:
    # For each node that no list knows the variables that it changes, or None.
    nodes = [node for _, node in graph.every_node() if not _is_listed(node.operation, training)]
    return {node: changed_by(node, training) for node in nodes}


class _Lowering:
    def __init__(self, training, effects: dict):
        self.training, self.effects = training, effects
        self.result = Lowered()
        self.numbers: dict[int, int] = {}
        self.weights: dict[tuple, int] = {}

    def new(self, like) -> int:
        # A step that was written for a batch of one size runs on parts of that batch too.
        is_fixed = isinstance(like, keras.Variable) or not like.shape
        shape = like.shape if is_fixed else (None, *like.shape[1:])
        self.result.likes.append(keras.KerasTensor(shape, like.dtype))
        self.numbers[id(like)] = len(self.result.likes) - 1
        return len(self.result.likes) - 1

    def number(self, tensor) -> int:
        return self.numbers[id(tensor)]

    def graph(self, graph, numbers, prefix):
        for tensor, number in zip(graph.inputs, numbers, strict=True):
            self.numbers[id(tensor)] = number
        for node in graph.nodes:
            name = prefix + node.name
            if node.inner is not None:
                given = [self.cast_like(name, self.number(t), t, i) for t, i in _pairs(node)]
                self.graph(node.inner, given, f"{name}/")
                for outer, inside in zip(node.outputs, node.inner.outputs, strict=True):
                    self.numbers[id(outer)] = self.cast_like(name, self.number(inside), inside, outer)
            else:
                self.node(name, node)

    def cast_like(self, name, number, given, like) -> int:
        # A model of another precision casts its inputs.
        if given.dtype == like.dtype:
            return number
        like = keras.KerasTensor(given.shape, like.dtype)
        return self.add(name, [number], like, lambda v, w, training: [ops.cast(v[0], like.dtype)])

    def add(self, node, reads, like, run, **about) -> int:
        number = self.new(like)
        self.result.instructions.append(Instruction(node, reads, [number], run, per_sample=True, **about))
        return number

    def node(self, name, node):
        operation = node.operation
        if isinstance(operation, OncePerSequence):
            self.result.once.append(self.new(node.outputs[0]))
            return
        if isinstance(operation, WeightsOfSequence):
            last = self.number(node.inputs[0])
        elif is_dropout(operation, self.training):
            last = self.dropout(name, operation, node.inputs[0], node.outputs[0])
        elif known_operations.is_dense(operation) and len(node.inputs) == 1:
            last = self.dense(name, node)
        elif type(operation) is Product:
            where = {**dict(zip(("start", "stop"), node.args[1:], strict=False)), **node.kwargs}
            weight = self.weight(operation.kernel, operation, **where)
            last = self.product(name, self.cast(name, node.inputs[0], operation), weight, node.outputs[0])
        elif type(operation) is Bias:
            where = {**dict(zip(("row",), node.args[1:], strict=False)), **node.kwargs}
            weight = self.weight(operation.value, operation, **where)
            last = self.bias(name, self.cast(name, node.inputs[0], operation), weight, node.outputs[0])
        elif node in self.effects:
            self.closed(name, node, self.effects[node])
            return
        else:
            self.call(name, node)
            return
        self.numbers[id(node.outputs[0])] = last

    def dropout(self, name, layer, x, y):
        mask = self.new(_copy(y))
        self.result.drawn[mask] = layer
        reads = [self.cast(name, x, layer), mask]
        return self.add(name, reads, _copy(y), lambda v, w, training: [v[0] * v[1]])

    def dense(self, name, node):
        layer, x, y = node.operation, node.inputs[0], node.outputs[0]
        like = keras.KerasTensor(y.shape, layer.compute_dtype)
        last = self.cast(name, x, layer)
        last = self.product(name, last, self.weight(layer.kernel, layer), like)
        if layer.use_bias:
            last = self.bias(name, last, self.weight(layer.bias, layer), like)
        if layer.activation is not None and layer.activation is not keras.activations.linear:
            activation = layer.activation
            last = self.add(name, [last], _copy(y), lambda v, w, training: [activation(v[0])])
            if node in self.effects:  # a function of one's own, which may mix the samples
                self.result.instructions[-1].per_sample = self.result.by_sample = self.result.lasting = False
        return last

    def product(self, name, x, weight, like):
        return self.add(name, [x], _copy(like), _multiply(weight), kind="product", weight=weight)

    def bias(self, name, z, weight, like):
        return self.add(name, [z], _copy(like), _shift(weight), kind="bias", weight=weight)

    def cast(self, name, tensor, layer) -> int:
        like = keras.KerasTensor(tensor.shape, layer.compute_dtype)
        return self.cast_like(name, self.number(tensor), tensor, like)

    def weight(self, variable, layer, **where) -> int:
        weight = Weight(variable, layer.compute_dtype, **where)
        key = (id(variable), weight.dtype, weight.start, weight.stop, weight.row)
        if key not in self.weights:
            self.weights[key] = len(self.result.weights)
            self.result.weights.append(weight)
        return self.weights[key]

    def call(self, name, node):
        operation = node.operation
        tensors, kind = node.inputs, "call"
        variables = tuple(node.weights)
        constants = _constants(node)
        if known_operations.is_sum(operation) and _are_alike([*tensors, *node.outputs]) and not constants:
            kind = "sum"
        letters = letters_of(operation, tensors)
        if letters is not None:
            kind = "contraction"
        self.result.by_sample &= self.is_by_sample(operation, tensors, constants, letters)
        reads = [self.number(t) for t in tensors]
        writes = [self.new(t) for t in node.outputs]
        rank = min((len(t.shape) for t in tensors), default=0)
        per_sample = known_operations.is_per_sample(operation, constants, rank) and _spread_alike(tensors)
        self.result.instructions.append(
            Instruction(name, reads, writes, _call(node), kind, None, per_sample, variables, letters)
        )

    def closed(self, name, node, changed):
        # An operation that no list knows. What it changes it reads and writes, as the step does its states.
        before = [self.held(variable) for variable in changed]
        fixed = {id(variable) for variable in changed}
        variables = tuple(v for v in node.weights if id(v) not in fixed)
        reads = [*(self.number(t) for t in node.inputs), *before]
        writes = [self.new(like) for like in [*node.outputs, *changed]]
        run = _run_changing(node, changed)
        self.result.instructions.append(Instruction(name, reads, writes, run, variables=variables))
        self.result.by_sample, self.result.closed = False, True
        # What a layer of one's own depends on is not known.
        self.result.lasting &= bool(changed)

    def held(self, variable) -> int:
        # The number of what a variable holds now.
        if id(variable) not in self.numbers:
            self.result.changed[self.new(variable)] = variable
        return self.number(variable)

    def is_by_sample(self, operation, tensors, constants, letters) -> bool:
        if is_recurrent(operation):
            numbers = not any(getattr(c, "shape", ()) for c in constants)
            return numbers and lower(operation.description.graph, self.training).by_sample
        return by_sample(operation, tensors, constants, letters)


def _multiply(weight):
    return lambda v, w, training: [ops.matmul(v[0], w[weight])]


def _shift(weight):
    return lambda v, w, training: [ops.add(v[0], w[weight])]


def _call(node):
    return lambda values, weights, training: node.call(values, training)


def _run_changing(node, changed):
    inputs = len(node.inputs)

    def run(values, weights, training):
        if not changed:
            return node.call(values, training)
        results, after = run_changing(node, values[:inputs], changed, values[inputs:], training)
        return [*results, *after]

    return run


def _constants(node) -> list:
    # The arguments of an operation that are no tensors, and the arrays that it holds. A list of numbers
    # counts as the array that it becomes.
    given = [a for a in flat([node.args, node.kwargs]) if not isinstance(a, keras.KerasTensor)]
    if isinstance(node.operation, keras.layers.Layer):
        return given
    held = [*vars(node.operation).values()]
    lists = [part for part in [*node.args, *node.kwargs.values(), *held] if _is_table(part)]
    return given + [np.asarray(part) for part in lists] + [p for p in held if hasattr(p, "shape")]


def _is_table(part) -> bool:
    # A list of lists of numbers may hold something for each sample.
    rows = isinstance(part, (list, tuple)) and any(isinstance(row, (list, tuple)) for row in part)
    return rows and all(isinstance(number, (int, float)) for number in flat(part))


def _pairs(node):
    return zip(node.inputs, node.inner.inputs, strict=True)


def _copy(like):
    return keras.KerasTensor(like.shape, like.dtype)


def _are_alike(tensors) -> bool:
    return len({(tuple(t.shape), t.dtype) for t in tensors}) == 1


def _spread_alike(tensors) -> bool:
    return len({len(t.shape) for t in tensors}) == 1
