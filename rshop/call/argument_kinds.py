"""The kinds of the arguments of a call (tensors, numbers, a length), checked before Keras reads them."""

from rshop.checks import check_length, check_training
from rshop.errors import message, told
from rshop.step.start_values import check_call
from rshop.structure import flat, layout

# The arguments of a call after x, in order.
_NUMBERS = ("initial_state", "initial_readout", "ground_truth", "constants", "mask")
_ARGUMENTS = (*_NUMBERS, "training", "output_length")


def check_given(x, args: tuple, kwargs: dict, decode: bool):
    """Refuse arguments of the wrong kind.

    Example:
        >>> check_given(np.ones((2, 7, 3)), (), {"training": True}, decode=False)

    Args:
        x: the first argument.
        args, kwargs: all other arguments, as they were given.
        decode: whether the layer is a decoder.

    Raises:
        TypeError: names the argument.
        ValueError: an impossible number of timesteps.
    """
    check_arrays(x)
    given = {**dict(zip(_ARGUMENTS, args, strict=False)), **kwargs}
    check_training(given.get("training"))
    call_length(given.get("output_length"), None, decode)
    numbers = (*_NUMBERS, "constants_mask")
    check_call({"x": x, **{name: given[name] for name in numbers if name in given}})


def check_arrays(x):
    """Refuse an `x` that is not made of tensors or arrays.

    Raises:
        TypeError: says what was given.
    """
    for part in flat(x) or [x]:
        if not _has_shape(part):
            raise TypeError(
                message(
                    "`x` is not made of tensors or arrays.",
                    received=f"x={told(part)} in {layout(x)}",
                    expected="a tensor or array (batch, time, ...) for each input of the step",
                    fix="pass np.array(x)",
                )
            )
        if _is_ragged(part):
            raise TypeError(
                message(
                    "Ragged tensors have no timesteps in common, and a loop over time needs them.",
                    received=f"x={told(part)}",
                    expected="a tensor (batch, time, ...), padded, with a mask",
                    fix="rnn(x.to_tensor(), mask=tf.sequence_mask(x.row_lengths()))",
                )
            )


def _is_ragged(part) -> bool:
    return type(part).__name__ == "RaggedTensor" or getattr(part, "ragged", False) is True


def _has_shape(part) -> bool:
    try:
        return part.shape is not None
    except Exception:  # noqa: BLE001  (what somebody passes by mistake may raise anything)
        return False


def call_length(given, default: int | None, decode: bool):
    """The number of timesteps that a call of a decoder asks for, by default that of the layer.

    Raises:
        TypeError, ValueError: not a whole number, or the layer is not a decoder.
    """
    if given is None:
        return default
    if not decode:
        raise ValueError(
            message(
                "Only a decoder takes a length: this layer has a timestep for each input.",
                received=f"output_length={given}",
                expected="a layer with decode=True",
                fix="make the layer with decode=True, or leave output_length out",
            )
        )
    return check_length(given)
