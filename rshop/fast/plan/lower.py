"""A step as a flat list of simple works: products with a weight, biases, sums, contractions, and calls."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

from rshop.cells.weights import Bias, Product
from rshop.fast.plan import known_operations
from rshop.fast.plan.contractions import letters_of
from rshop.fast.plan.sample_by_sample import by_sample
from rshop.step.graph import Graph
from rshop.step.recurrent import is_recurrent
from rshop.structure import flat, tree


@dataclass(eq=False)
class Work:
    """One thing to do in a step, on numbered values.

    Attributes:
        node: the name of the graph's node that it belongs to, `/`-joined through nesting.
        reads, writes: the numbers of the values.
        run: `run(values, weights, training) -> outputs`, lists in the order of `reads` and `writes`.
        kind: `"product"`, `"bias"`, `"sum"`, `"contraction"` or `"call"`.
        weight: of a product or a bias, which `Weight`.
        per_sample: time may be folded into its batch.
        variables: the weights of a Keras layer that is called as it is.
        letters: of a contraction (see `contractions.letters_of`).
    """

    node: str
    reads: list[int]
    writes: list[int]
    run: Callable
    kind: str = "call"
    weight: int | None = None
    per_sample: bool = False
    variables: tuple = ()
    letters: tuple[str, str, str] | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether a weight takes part, so that its place matters."""
        return self.weight is not None or bool(self.variables)


@dataclass(frozen=True)
class Weight:
    """A weight as a product or a bias sees it: cast, and of a shared kernel some columns or a row."""

    variable: keras.Variable
    dtype: str
    start: int | None = None
    stop: int | None = None
    row: int | None = None

    def value(self):
        """The tensor, differentiable with respect to the variable."""
        value = ops.cast(ops.convert_to_tensor(self.variable), self.dtype)
        if self.row is not None:
            value = value[self.row]
        if self.start is not None or self.stop is not None:
            value = value[:, self.start : self.stop]
        return value


@dataclass
class Lowered:
    """A step in works.

    Attributes:
        works: in an order in which they can run.
        inputs, outputs: the numbers of the step's inputs and outputs.
        weights: what products and biases multiply and add.
        likes: for each number a Keras tensor of its shape and dtype.
        by_sample: whether each sample is treated by itself, so that the batch may be cut into parts.
    """

    works: list[Work] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    likes: list = field(default_factory=list)
    by_sample: bool = True


def lower(graph: Graph, training) -> Lowered | None:
    """The works of a step, or None when the rules do not know all of its operations.

    Example:
        >>> lowered = lower(step.graph, training=True)  # h = tanh(Dense(x) + Dense(h_tm1))
        >>> [work.kind for work in lowered.works]
        ['product', 'bias', 'product', 'sum', 'call']
    """
    if unknown(graph, training):
        return None
    lowering = _Lowering(training)
    lowering.result.inputs = [lowering.new(t) for t in graph.inputs]
    lowering.graph(graph, lowering.result.inputs, "")
    lowering.result.outputs = [lowering.number(t) for t in graph.outputs]
    return lowering.result


def unknown(graph: Graph, training) -> list[str]:
    """The names of the operations that the rules do not know: with one of them the plain loop runs.

    Example:
        >>> unknown(step.graph, training=True)
        ['dropout']
    """
    operations = [o for o in graph.operations() if not known_operations.shows_parts(o)]
    return [o.name for o in operations if not known_operations.is_known(o, training)]


class _Lowering:
    def __init__(self, training):
        self.training = training
        self.result = Lowered()
        self.numbers: dict[int, int] = {}
        self.weights: dict[tuple, int] = {}

    def new(self, like) -> int:
        # A step that was written for one batch runs on parts of that batch as well.
        shape = (None, *like.shape[1:]) if like.shape else ()
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
                given = [self.alike(name, self.number(t), t, i) for t, i in _pairs(node)]
                self.graph(node.inner, given, f"{name}/")
                for outer, inside in zip(node.outputs, node.inner.outputs, strict=True):
                    self.numbers[id(outer)] = self.alike(name, self.number(inside), inside, outer)
            else:
                self.node(name, node)

    def alike(self, name, number, given, wanted) -> int:
        # A model of another precision casts what it is called with.
        if given.dtype == wanted.dtype:
            return number
        like = keras.KerasTensor(given.shape, wanted.dtype)
        return self.add(name, [number], like, lambda v, w, training: [ops.cast(v[0], like.dtype)])

    def add(self, node, reads, like, run, **about) -> int:
        number = self.new(like)
        about.setdefault("per_sample", True)
        self.result.works.append(Work(node, reads, [number], run, **about))
        return number

    def node(self, name, node):
        operation = node.operation
        if known_operations.is_dense(operation) and len(node.inputs) == 1:
            last = self.dense(name, operation, node.inputs[0], node.outputs[0])
        elif type(operation) is Product:
            where = {**dict(zip(("start", "stop"), node.args[1:], strict=False)), **node.kwargs}
            weight = self.weight(operation.kernel, operation, **where)
            last = self.product(name, self.cast(name, node.inputs[0], operation), weight, node.outputs[0])
        elif type(operation) is Bias:
            where = {**dict(zip(("row",), node.args[1:], strict=False)), **node.kwargs}
            weight = self.weight(operation.value, operation, **where)
            last = self.bias(name, self.cast(name, node.inputs[0], operation), weight, node.outputs[0])
        else:
            self.call(name, node)
            return
        self.numbers[id(node.outputs[0])] = last

    def dense(self, name, layer, x, y):
        like = keras.KerasTensor(y.shape, layer.compute_dtype)
        last = self.cast(name, x, layer)
        last = self.product(name, last, self.weight(layer.kernel, layer), like)
        if layer.use_bias:
            last = self.bias(name, last, self.weight(layer.bias, layer), like)
        if layer.activation is not None and layer.activation is not keras.activations.linear:
            activation = layer.activation
            last = self.add(name, [last], _copy(y), lambda v, w, training: [activation(v[0])])
        return last

    def product(self, name, x, weight, like):
        return self.add(name, [x], _copy(like), _multiply(weight), kind="product", weight=weight)

    def bias(self, name, z, weight, like):
        return self.add(name, [z], _copy(like), _shift(weight), kind="bias", weight=weight)

    def cast(self, name, tensor, layer) -> int:
        wanted = keras.KerasTensor(tensor.shape, layer.compute_dtype)
        return self.alike(name, self.number(tensor), tensor, wanted)

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
        variables = tuple(operation.weights) if isinstance(operation, keras.layers.Layer) else ()
        constants = _constants(node)
        if known_operations.is_sum(operation) and _are_alike([*tensors, *node.outputs]) and not constants:
            kind = "sum"
        letters = letters_of(operation, tensors)
        if letters is not None:
            kind = "contraction"
        self.result.by_sample &= self.is_by_sample(operation, tensors, constants, letters)
        # Keras's tensors are found by their place: the same one may be read twice.
        reads = [self.number(t) for t in tensors]
        writes = [self.new(t) for t in node.outputs]
        rank = min((len(t.shape) for t in tensors), default=0)
        per_sample = known_operations.is_per_sample(operation, constants, rank) and _spread_alike(tensors)
        self.result.works.append(
            Work(name, reads, writes, _call(node), kind, None, per_sample, variables, letters)
        )

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
    takes_training = node.takes_training

    def run(values, weights, training):
        given = iter(values)
        args, kwargs = tree.map_structure(
            lambda a: next(given) if isinstance(a, keras.KerasTensor) else a, (node.args, node.kwargs)
        )
        if takes_training and training is not None:
            kwargs = {**kwargs, "training": training}
        return flat(node.operation(*args, **kwargs))

    return run


def _constants(node) -> list:
    # What an operation is called with beside tensors, and the arrays that it was made with. A list of
    # numbers counts as the array that it becomes.
    given = [a for a in flat([node.args, node.kwargs]) if not isinstance(a, keras.KerasTensor)]
    if isinstance(node.operation, keras.layers.Layer):
        return given
    made_with = [*vars(node.operation).values()]
    lists = [part for part in [*node.args, *node.kwargs.values(), *made_with] if _is_table(part)]
    return given + [np.asarray(part) for part in lists] + [p for p in made_with if hasattr(p, "shape")]


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
