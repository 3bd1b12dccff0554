"""Checks for a recurrent layer of this project: alone, inside a `Bidirectional`, or inside a model."""

import keras

from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer


def is_both_ways(layer) -> bool:
    """Whether this is a `keras.layers.Bidirectional`, a wrapper around two recurrent layers."""
    return isinstance(layer, keras.layers.Bidirectional)


def is_recurrent(layer) -> bool:
    """Whether this is a recurrent layer of rshop, or a `Bidirectional` around one."""
    return isinstance(layer.forward_layer if is_both_ways(layer) else layer, RecurrentLayer)


def check_layer(
    layer,
    problem: str = "This is no recurrent layer of rshop.",
    *,
    fix: str = "give the recurrent layer itself, or a Keras model that contains it",
    cells: bool = False,
):
    """Refuse anything that is not a single recurrent layer of rshop.

    Example:
        >>> check_layer(rnn)
        >>> check_layer("rnn", "Only recurrent layers of rshop can be traced.")
        TypeError: Only recurrent layers of rshop can be traced. Received: 'rnn'. ...

    Args:
        problem, fix: these parts of the message.
        cells: accept a cell of rshop too.

    Raises:
        TypeError: something else.
        ValueError: a `Bidirectional`, which has no step of its own but two.
    """
    if is_both_ways(layer):
        raise ValueError(
            message(
                "A Bidirectional is two recurrent layers, each with a step and a run of its own.",
                received=repr(layer),
                expected="one of the two",
                fix="give layer.forward_layer or layer.backward_layer (viz.draw_unrolled draws both)",
            )
        )
    if not isinstance(layer, RecurrentLayer) and not (cells and hasattr(type(layer), "step_model")):
        raise TypeError(
            message(
                problem,
                received=told_layer(layer),
                expected=f"a RecurrentModel, a RecurrentSequential{', a cell' * cells} or cell.get_layer()",
                fix=fix,
            )
        )


def only_layer(rnn):
    """The only recurrent layer of a Keras model; a model without one, or anything else, is returned as it is.

    A `keras.layers.Bidirectional` around a layer of rshop counts as one layer, and is returned.

    Example:
        >>> model = keras.Sequential([keras.Input((7, 3)), rnn, keras.layers.Dense(2)])
        >>> only_layer(model) is rnn
        True

    Raises:
        ValueError: a model with several recurrent layers; names them.
    """
    if not isinstance(rnn, keras.Model):
        return rnn
    found = recurrent_layers(rnn)
    if not found:
        return rnn
    if len(found) == 1:
        return found[0][1]
    listed = ", ".join(f"{layer.name!r} ({type(layer).__name__}), {way}" for way, layer in found)
    raise ValueError(
        message(
            f"The model {rnn.name!r} has {len(found)} recurrent layers of rshop.",
            received=f"a model with {listed}",
            expected="a recurrent layer, or a model that has exactly one",
            fix=f"give one of them: {found[0][0]}",
        )
    )


def recurrent_layers(model: keras.Model, prefix: str = "model") -> list[tuple]:
    """The recurrent layers of a model and of the models in it, each once, with how each is reached.

    Example:
        >>> recurrent_layers(keras.Sequential([keras.Input((7, 3)), rnn]))
        [("model.get_layer('reader')", <RecurrentModel name=reader>)]
    """
    found: dict[int, tuple] = {}
    for layer in model.layers:
        way = f"{prefix}.get_layer({layer.name!r})"
        if is_recurrent(layer):
            found[id(layer)] = way, layer
        elif isinstance(layer, keras.Model):
            found |= {id(one): (inner, one) for inner, one in recurrent_layers(layer, way)}
        elif isinstance(layer, keras.layers.Wrapper) and is_recurrent(layer.layer):
            found[id(layer.layer)] = f"{way}.layer", layer.layer
    return list(found.values())


def told_layer(value) -> str:
    """A value that is not a recurrent layer, as a message shows it; a model with its layers.

    Example:
        >>> told_layer(keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(2)]))
        "the model 'sequential', which has no recurrent layer of rshop: 'lstm' (LSTM)"
    """
    if not isinstance(value, keras.Model) or recurrent_layers(value):
        return told(value)
    layers = [f"{layer.name!r} ({type(layer).__name__})" for layer in value.layers]
    listed = ", ".join([*layers[:8], *(["..."] if len(layers) > 8 else [])])
    return f"the model {value.name!r}, which has no recurrent layer of rshop: {listed or 'no layer at all'}"
