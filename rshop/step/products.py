"""The products of a step with weights, and what enters them."""

import keras

from rshop.step.graph import Graph
from rshop.step.of_sequence import WeightsOfSequence, replaced


def kernels(operation) -> list:
    """The weights that a layer multiplies by: those of two axes or more which are no bias.

    Example:
        >>> [w.name for w in kernels(dense)], kernels(keras.layers.Activation("tanh"))
        (['kernel'], [])
    """
    if not isinstance(operation, keras.layers.Layer):
        return []
    return [w for w in operation.weights if len(w.shape) > 1 and "bias" not in w.path.split("/")[-2:]]


def recurrent_kernels(operation) -> list:
    """The same for a layer that reads a state; of a cell in Keras's form those that it calls recurrent."""
    found = kernels(operation)
    return [w for w in found if "recurrent" in w.name] if hasattr(operation, "state_size") else found


def entering(graph: Graph) -> dict[int, list[frozenset[int]]]:
    """For the id of each node that multiplies by a weight, what enters by each tensor that it reads.

    That are the places of the inputs of the graph which get there without another product on the way.

    Example:
        >>> list(entering(Graph(lstm_cell.model)).values())  # x, h_tm1, c_tm1
        [[frozenset({0})], [frozenset({1})]]
    """
    found = {}

    def follow(at):
        if at.node.inner is not None:
            return at.inside()
        if kernels(at.node.operation):
            found[id(at.node)] = at.given
            return [frozenset()] * len(at.node.outputs)
        return [frozenset().union(*at.given)] * len(at.node.outputs)

    graph.walk(follow, [frozenset([i]) for i in range(len(graph.inputs))])
    return found


def changed_weights(graph: Graph, variables: list, training: bool | None) -> list[tuple]:
    """Pairs of a weight and the tensor in its place, as the `WeightsOfSequence` layers of a step say.

    Args:
        graph: that of the step.
        variables: all variables of the step's layers.
        training: as in the call of the layer.
    """
    pairs = {}
    for layer, weights in changing(graph):
        # Weights that another layer has changed are changed once more.
        with replaced(list(pairs.values()), variables):
            values = layer.changed(weights, training) or []
        pairs.update({id(w): (w, value) for w, value in zip(weights, values, strict=False)})
    return list(pairs.values())


def changing(graph: Graph) -> list[tuple]:
    """Each `WeightsOfSequence` layer of a step with the kernels that multiply what has passed it."""
    found = {}

    def follow(at):
        operation = at.node.operation
        if at.node.inner is not None:
            return at.inside()
        reached = {id(layer): layer for marks in at.given for layer in marks}
        if isinstance(operation, WeightsOfSequence):
            found.setdefault(id(operation), (operation, {}))
            reached[id(operation)] = operation
        elif kernels(operation):
            for key in reached:
                found[key][1].update({id(w): w for w in recurrent_kernels(operation)})
            reached = {}
        return [tuple(reached.values())] * len(at.node.outputs)

    graph.walk(follow, [()] * len(graph.inputs))
    return [(layer, list(weights.values())) for layer, weights in found.values()]
