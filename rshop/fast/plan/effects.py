"""What an operation that no list knows does beside its results: it changes weights of its own, or more."""

import inspect

import keras
from keras import ops

from rshop.backend import is_pure
from rshop.fast.plan.known_operations import is_known, shows_parts
from rshop.step.node import Node


def changed_by(node: Node, training: bool | None) -> list | None:
    """The variables of a layer that it changes as it runs; None if it may do anything else.

    Such as drawing random numbers, adding a loss, calling NumPy, or what XLA does not compile. It is found by
    tracing the operation once. Batch normalisation alone may change variables, its statistics: what another
    layer does with those that it changes is not known.

    Example:
        >>> changed_by(node, training=True)  # of a BatchNormalization
        [<Variable moving_mean>, <Variable moving_variance>]
        >>> changed_by(node, training=False)
        []

    Args:
        node: a use of any layer or operation.
        training: handed to a layer that asks for it.
    """
    if _makes_masks(node.operation) or _hides_training(node):
        return None
    own = node.variables
    changed, strange = [], []

    def run(*tensors):
        values, weights = tensors[: len(node.inputs)], tensors[len(node.inputs) :]
        with keras.StatelessScope(list(zip(own, weights, strict=True)), collect_losses=True) as scope:
            results = node.call(values, training)
        after = [scope.get_current_value(variable) for variable in own]
        changed.extend(v for v, a, b in zip(own, after, weights, strict=True) if a is not b)
        strange.extend([*scope.losses, *(scope.state_mapping.keys() - {id(v) for v in own})])
        return [ops.convert_to_tensor(value) for value in [*results, *after]]

    likes = [keras.KerasTensor((None, *t.shape[1:]) if t.shape else (), t.dtype) for t in node.inputs]
    try:
        pure = is_pure(run, [*likes, *own])
    except Exception:  # noqa: BLE001  (what a layer of one's own raises here it raises in the plain loop, too)
        return None
    may_change = type(node.operation) is keras.layers.BatchNormalization
    return changed if pure and not strange and (may_change or not changed) else None


def run_changing(node: Node, values: list, changed: list, before: list, training: bool | None) -> tuple:
    """The outputs of a node, and the values that the variables it changes have afterwards.

    No gradient passes from one timestep to the next through them, as none passes through an assignment.

    Args:
        node: a use of a layer.
        values: a tensor in place of each of its inputs.
        changed: what `changed_by` found.
        before: their values, tensors.
        training: handed to a layer that asks for it.
    """
    fixed = {id(v) for v in changed}
    pairs = [(v, ops.convert_to_tensor(v)) for v in node.variables if id(v) not in fixed]
    pairs += [(v, ops.stop_gradient(value)) for v, value in zip(changed, before, strict=True)]
    with _Assignments(pairs) as scope:
        results = node.call(values, training)
    return results, [scope.get_current_value(variable) for variable in changed]


class _Assignments(keras.StatelessScope):
    # As with variables, no gradient passes through an assignment.
    def add_update(self, update):
        variable, value = update
        super().add_update((variable, ops.stop_gradient(value)))


def _hides_training(node) -> bool:
    # Keras tells the layers within a layer whether it is training, if that does not say it itself; but in the
    # backward pass no call is going on that could tell.
    layer = node.operation
    if not isinstance(layer, keras.layers.Layer) or node.takes_training:
        return False
    asking = [one for one in _layers_within(layer) if "training" in inspect.signature(one.call).parameters]
    return not all(shows_parts(one) or is_known(one, training=True) for one in asking)


def _layers_within(layer) -> list:
    found, waiting = {}, [layer]
    while waiting:
        values = vars(waiting.pop()).values()
        every = [one for value in values for one in keras.tree.flatten(value)]
        for one in every:
            if isinstance(one, keras.layers.Layer) and id(one) not in found:
                found[id(one)] = one
                waiting.append(one)
    return list(found.values())


def _makes_masks(operation) -> bool:
    # A mask of its outputs would be lost between the instructions.
    of_all = keras.layers.Layer.compute_mask
    return isinstance(operation, keras.layers.Layer) and type(operation).compute_mask is not of_all
