"""The recurrent layer inside a Keras model, with the arguments that it is called with there."""

import inspect

import keras
import numpy as np

from rshop.call.argument_kinds import check_arrays
from rshop.errors import message
from rshop.layers.base import RecurrentLayer
from rshop.step.graph import Graph
from rshop.step.masks import attach
from rshop.structure import flat, tree
from rshop.tracing.check_layer import only_layer, recurrent_layers


def called_within(rnn, x, call: dict) -> tuple:
    """The only recurrent layer of a model, and the arguments that reach it when the model is called on `x`.

    Example:
        >>> model = keras.Sequential([Embedding(9, 3, mask_zero=True), rnn])
        >>> layer, inner, call = called_within(model, np.array([[4, 2, 0]]), {})
        >>> layer is rnn, inner.shape, call["mask"]
        (True, (1, 3, 3), array([[True, True, False]]))

    Args:
        rnn: a Keras model with one recurrent layer; for anything else all three arguments are returned.
        x: the input of the model.
        call: arguments of the layer's call, which replace those that come from the model.

    Raises:
        TypeError, ValueError: as `only_layer`; a model that is not a graph of layers, or that calls the
            layer more than once.
    """
    if not isinstance(rnn, keras.Model):
        return rnn, x, call
    layer = only_layer(rnn)
    if not isinstance(layer, RecurrentLayer):
        return layer, x, call  # a Bidirectional, which every caller refuses
    check_arrays(x)
    if not rnn.built:
        rnn(x)
    given = _call_in(rnn, layer, _in_order(rnn, x), call.get("training"))
    x = given.pop("x")
    return layer, x, {**given, **{name: value for name, value in call.items() if value is not None}}


def _in_order(model, x) -> list:
    if not isinstance(x, dict):
        return [np.asarray(part) if isinstance(part, (list, float, int)) else part for part in flat(x)]
    names = [tensor.name for tensor in model.inputs]
    if set(names) <= set(x):
        return [x[name] for name in names]
    raise ValueError(
        message(
            f"`x` does not name the inputs of the model {model.name!r}.",
            received=f"a dict of {', '.join(map(repr, x))}",
            expected=f"a dict of {', '.join(map(repr, names))}",
            fix="give each input of the model by its name",
        )
    )


def _call_in(model, layer, values, training) -> dict:
    """The arguments that the layer is called with, by name, as tensors."""
    try:
        graph = Graph(model)
    except (AttributeError, ValueError) as error:
        raise ValueError(_closed(model, layer)) from error
    places = [node for node in graph.nodes if node.operation is layer or _holds(node.operation, layer)]
    if len(places) != 1:
        raise ValueError(_closed(model, layer, len(places)))
    (node,) = places
    if len(values) != len(graph.inputs):
        raise ValueError(
            message(
                f"The model {model.name!r} is called with another number of inputs.",
                received=f"{len(values)} arrays",
                expected=f"{len(graph.inputs)}: {', '.join(tensor.name for tensor in graph.inputs)}",
                fix="give x as model.predict takes it",
            )
        )
    # The part of the model before the layer runs as a model of its own.
    found = flat(keras.Model(graph.inputs, node.inputs)(values, training=bool(training)))
    if node.operation is not layer:
        return _call_in(node.operation, layer, found, training)
    arrived = iter(found)
    args, kwargs = tree.map_structure(
        lambda part: next(arrived) if isinstance(part, keras.KerasTensor) else part, (node.args, node.kwargs)
    )
    names = list(inspect.signature(layer.call).parameters)
    return _by_name({**dict(zip(names, args, strict=False)), **kwargs})


def _by_name(given):
    # As `trace` takes them: masks of the inputs are one argument, masks of constants stay on the tensors.
    given = {name: value for name, value in given.items() if value is not None and name != "training"}
    masks = given.pop("x_mask", None)
    if masks is not None and any(mask is not None for mask in flat(masks)):
        given.setdefault("mask", masks)
    masks = flat(given.pop("constants_mask", None))
    if masks:
        kept = attach(masks, flat(given["constants"]))
        given["constants"] = tree.pack_sequence_as(given["constants"], kept)
    return given


def _holds(operation, layer):
    return isinstance(operation, keras.Model) and any(one is layer for _, one in recurrent_layers(operation))


def _closed(model, layer, times=None):
    calls = "is called in a way that the model does not show" if not times else f"is called {times} times"
    return message(
        f"What reaches the layer {layer.name!r} in the model {model.name!r} is not known: it {calls}.",
        received=f"a {type(model).__name__}",
        expected="a keras.Sequential or a functional keras.Model that calls the layer once",
        fix=f"give the layer itself, model.get_layer({layer.name!r}), with its own input as x",
    )
