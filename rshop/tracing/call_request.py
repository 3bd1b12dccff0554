"""What a run is called with, of a layer or of a whole model, checked before anything runs."""

import difflib
import inspect as signatures

from rshop.call.argument_kinds import check_given
from rshop.checks import check_training
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.step.start_values import check_call as check_values
from rshop.structure import shape_of, tree
from rshop.tracing.check_layer import check_layer
from rshop.tracing.layer_in_model import called_within

_FOUND = ("self", "x", "x_mask", "constants_mask")
_CALL = [name for name in signatures.signature(RecurrentLayer.call).parameters if name not in _FOUND]


def read_request(rnn, x, call: dict, *, own: tuple = (), training: bool = True, **words) -> tuple:
    """The recurrent layer, built, what it is called with, and the other arguments of that call.

    Of a Keras model that has exactly one recurrent layer it is that layer, with what reaches it there.

    Example:
        >>> rnn, x, call = read_request(model, x, {"mask": None})

    Args:
        rnn: a recurrent layer, or a Keras model.
        x: what it is called with.
        call: arguments of `rshop.trace`.
        own: the names of the function's own arguments, which the message lists too.
        training: whether `training` may be among the arguments of the call.
        **words: parts of the message about what is no recurrent layer (see `check_layer`).

    Raises:
        TypeError: an argument that there is not; no recurrent layer.
        ValueError: a `Bidirectional`; a model that has no recurrent layer, or several.
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
        rnn.build(tree.map_structure(shape_of, x))
    return rnn, x, call
