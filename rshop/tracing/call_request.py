"""A request to run a layer, or a model that contains one: checked before anything runs."""

import difflib
import inspect as signatures

from rshop.call.argument_kinds import check_given
from rshop.checks import check_training
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.step.start_values import check_call as check_values
from rshop.structure import shapes_of
from rshop.tracing.check_layer import check_layer
from rshop.tracing.layer_in_model import called_within

_FOUND = ("self", "x", "x_mask")
_CALL = [name for name in signatures.signature(RecurrentLayer.call).parameters if name not in _FOUND]


def read_request(rnn, x, call: dict, *, own: tuple = (), training: bool = True, **words) -> tuple:
    """The built recurrent layer, its input, and the other arguments of its call.

    For a Keras model with exactly one recurrent layer these are that layer and the arguments that reach it.

    Example:
        >>> rnn, x, call = read_request(model, x, {"mask": None})

    Args:
        rnn: a recurrent layer, or a Keras model.
        x: the input of the layer or model.
        call: arguments of `rshop.trace`.
        own: the names of the caller's own arguments, which the message lists too.
        training: whether `training` may be among the arguments of the call.
        **words: parts of the message where `rnn` is not a recurrent layer (see `check_layer`).

    Raises:
        TypeError: an unknown argument, or `rnn` is not a recurrent layer.
        ValueError: a `Bidirectional`, or a model with no recurrent layer or several.
    """
    known = [*own, *(name for name in _CALL if training or name != "training")]
    strange = [name for name in call if name not in known]
    if strange:
        near = difflib.get_close_matches(strange[0], known, 1)
        raise TypeError(
            message(
                "A run is not called with this argument.",
                received=f"{strange[0]}={told(call[strange[0]])}",
                expected=", ".join(known),
                fix=f"{near[0]}=..." if near else f"leave {strange[0]} out",
            )
        )
    check_training(call.get("training"))
    numbers = {name: value for name, value in call.items() if name not in ("training", "output_length")}
    check_values({"x": x, **numbers}, symbolic=False)
    rnn, x, call = called_within(rnn, x, call)
    check_layer(rnn, **words)
    check_given(x, (), call, rnn.decode)
    if not rnn.built:
        rnn.build(shapes_of(x), shapes_of(call.get("constants")))
    return rnn, x, call
