"""The `call` of a layer, run once on symbolic tensors: the operations that it consists of.

So most layers of Keras, and a user's own layers too, need no rule: what they do is read off.
"""

import inspect

import keras
import numpy as np
from keras import ops

from rshop.expressions.refusals import refused
from rshop.expressions.weight_forms import RUNS, marks, recognised
from rshop.step.graph import Graph
from rshop.step.node import Node
from rshop.structure import flat, tree


class Traced:
    """A layer's call as a graph, and what the fixed tensors in it are.

    Example:
        >>> traced = Traced(node)  # of a Dense layer with relu
        >>> [inner.name for inner in traced.graph.nodes]
        ['matmul', 'add', 're_lu']

    Attributes:
        graph: of the call; its inputs are those of the node, then the masks.
        weights: identity of a tensor in the graph -> `(variables, make)`: the tensor is computed from these
            variables alone, often it is one of them, and `make` gives its term from theirs.

    Args:
        node: a use of the layer in a step.
        masks: a Keras mask shape, or None, for each tensor that the node reads.

    Raises:
        ValueError: the call draws random numbers, or consists of more than operations of Keras.
    """

    def __init__(self, node: Node, masks: list | None = None):
        self.node, self.layer = node, node.operation
        self.masked = [i for i, mask in enumerate(masks or []) if mask is not None]
        self._shapes = masks or []
        self._refuse_draws()
        self.graph = self._run()
        self.weights: dict[int, tuple] = {}
        self._find_weights()

    def _run(self) -> Graph:
        leaves = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in self.node.inputs]
        masks = {i: keras.Input(batch_shape=self._shapes[i], dtype="bool") for i in self.masked}
        try:
            results = self._call(leaves, masks)
            return Graph(keras.Model([*leaves, *masks.values()], flat(results)), of_cell=True)
        except Exception as error:
            reason = str(error).partition("\n")[0].partition(". ")[0]
            why = f"its call is more than operations of Keras on its tensors ({reason})"
            raise self._refusal(why) from error

    def _call(self, leaves, masks):
        # Keras's arguments that are no tensors, such as `training`, are kept as they are.
        given = iter(leaves)
        args, kwargs = tree.map_structure(
            lambda a: next(given) if isinstance(a, keras.KerasTensor) else a,
            (self.node.args, self.node.kwargs),
        )
        known = inspect.signature(self.layer.call).parameters
        if "training" in known:
            place = list(known).index("training")
            args = args[:place]
            kwargs = {**kwargs, "training": False}
        return self.layer.call(*args, **{**kwargs, **mask_arguments(self.layer, self.node, masks)})

    def _find_weights(self):
        # What is made of variables reaches an operation as a tensor: its numbers tell of which, and how.
        fixed = _fixed(self.graph)
        if not fixed:
            return
        weights = [w for w in self.layer.weights if keras.backend.is_float_dtype(w.dtype)]
        now, again = ([_numbers(tensor) for tensor in run] for run in (fixed, _fixed(self._run())))
        if len(now) != len(again) or not all(map(np.array_equal, now, again)):
            raise self._refusal("it draws random numbers")
        known = [marks(weights, run) for run in range(RUNS)]
        runs = [now, *(self._fixed_with(weights, numbers) for numbers in known)]
        if any(len(run) != len(now) for run in runs):
            return  # with other weights the layer takes another way
        known.insert(0, [_numbers(weight) for weight in weights])
        for tensor, *results in zip(fixed, *runs, strict=True):
            way = recognised(results, known)
            if way is not None:
                self.weights[id(tensor)] = [weights[place] for place in way.places], way.make

    def _fixed_with(self, weights, numbers) -> list:
        pairs = [(w, ops.convert_to_tensor(n)) for w, n in zip(weights, numbers, strict=True)]
        try:
            with keras.StatelessScope(state_mapping=pairs):
                return [_numbers(tensor) for tensor in _fixed(self._run())]
        except ValueError:  # it accepts no such weights
            return []

    def _refuse_draws(self):
        weights = {id(w) for w in self.layer.weights}
        if any(id(v) not in weights for v in self.layer.variables) and not _is_from_keras(self.layer):
            raise self._refusal("it keeps the state of a random generator, and may draw at each call")

    def _refusal(self, why):
        return refused(
            f"a {type(self.layer).__name__}",
            self.node.name,
            why,
            "write it with keras.ops alone (a weight to the right of a tensor: x * self.scale), as a "
            "keras.Model, or as part of the step itself",
        )


def mask_arguments(layer, node: Node, masks: dict) -> dict:
    """The arguments of a layer's call that hand it the masks of its inputs, as Keras passes them.

    Example:
        >>> mask_arguments(keras.layers.GlobalAveragePooling1D(), node, {0: mask})
        {'mask': mask}

    Args:
        masks: place of an input of the node -> its mask.
    """
    if not masks:
        return {}
    known = inspect.signature(layer.call).parameters
    places = iter(range(len(node.inputs)))
    args, kwargs = tree.map_structure(
        lambda a: next(places) if isinstance(a, keras.KerasTensor) else None, (node.args, node.kwargs)
    )
    given = {k: v for k, v in {**dict(zip(known, args, strict=False)), **kwargs}.items() if flat(v) != []}
    given = {k: v for k, v in given.items() if any(place is not None for place in flat(v))}
    found = {}
    for name, part in given.items():
        mask = tree.map_structure(lambda i: masks.get(i), part)
        argument = "mask" if len(given) == 1 else f"{name}_mask"
        if argument in known and any(m is not None for m in flat(mask)):
            found[argument] = mask
    return found


def _is_from_keras(layer) -> bool:
    return type(layer).__module__.split(".")[0] == "keras"


def _fixed(graph) -> list:
    # The tensors in a graph that are neither symbolic nor variables.
    parts = [a for _, node in graph.every_node() for a in flat([node.args, node.kwargs])]
    return [a for a in parts if ops.is_tensor(a) and not isinstance(a, (keras.KerasTensor, keras.Variable))]


def _numbers(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))
