"""Feeding the last output back: which output feeds which readout, and how a readout is merged."""

from collections.abc import Callable

import keras
from keras import layers, ops

from rshop.errors import describe, message, told
from rshop.step.names import free_name
from rshop.structure import agree, flat

#: The modes that merge an output as large as the input.
ADDING = ("add", "mul", "avg", "max")
MODES = (*ADDING, "concat", "readout_only")
_OLD_NAMES = {"multiply": "mul", "average": "avg", "maximum": "max", "concatenate": "concat"}
_MERGES = {
    "add": layers.Add,
    "mul": layers.Multiply,
    "avg": layers.Average,
    "max": layers.Maximum,
    "concat": layers.Concatenate,
}


def split_fed(readouts) -> tuple:
    """The readouts without the Nones, and the places of the outputs that feed them where some were None.

    Example:
        >>> split_fed([r, None])  # of two outputs the first is fed back
        (r, [0])
        >>> split_fed([r, s])
        ([r, s], None)
    """
    if isinstance(readouts, dict):
        return {key: r for key, r in readouts.items() if r is not None} or None, None
    if not isinstance(readouts, (list, tuple)) or all(r is not None for r in readouts):
        return readouts, None
    places = [i for i, readout in enumerate(readouts) if readout is not None]
    fed = [readouts[i] for i in places]
    return (None, None) if not fed else (fed[0] if len(fed) == 1 else fed, places)


def feeds(outputs, readouts, places: list[int] | None = None) -> list[tuple[int, bool]]:
    """For each readout, the place of the output that feeds it, and whether its argmax is taken.

    One readout is fed by the first output, a list by the outputs in order, a dict by its keys;
    `places` says which outputs where not every one is fed back.
    A readout of whole numbers without the output's last axis takes the argmax: the likeliest token.

    Example:
        >>> feeds(outputs=keras.Input((5,)), readouts=keras.Input((5,)))
        [(0, False)]
        >>> feeds(keras.Input((5,)), keras.Input((), dtype="int32"))  # greedy token ids
        [(0, True)]

    Raises:
        ValueError: a readout without an output of its shape.
    """
    if readouts is None:
        return []
    every = flat(outputs)
    if isinstance(readouts, dict):
        chosen = [_by_key(outputs, key) for key in sorted(readouts)]
    elif places is not None:
        chosen = [every[i] for i in places if i < len(every)]
    else:
        chosen = every[: len(flat(readouts))]
    if len(chosen) < len(flat(readouts)):
        raise ValueError(
            message(
                "`readout_input` has more readouts than the step has outputs.",
                received=f"{len(flat(readouts))} readouts",
                expected=f"at most {len(every)}",
                fix="return an output for each readout",
            )
        )
    places = {id(t): i for i, t in enumerate(every)}
    return [
        (places[id(output)], _takes_argmax(output, readout))
        for output, readout in zip(chosen, flat(readouts), strict=True)
    ]


def feed_back(wiring: list[tuple[int, bool]], outputs: list, dtypes: list) -> list:
    """The readouts of the next timestep, from the outputs of this one.

    Example:
        >>> feed_back([(0, True)], [[[0.1, 0.9]]], ["int32"])  # [[1]]: the likeliest of two
    """
    values = [ops.argmax(outputs[place], axis=-1) if greedy else outputs[place] for place, greedy in wiring]
    return [ops.cast(value, dtype) for value, dtype in zip(values, dtypes, strict=True)]


def check_mode(mode):
    """The checked merge mode, old spellings translated: `True` and `"multiply"` give `"add"` and `"mul"`.

    Raises:
        ValueError: a str that is no mode.
        TypeError: neither a str, a bool, a layer nor a callable.
    """
    if mode is None or mode is False:
        return False
    if mode is True:
        return "add"
    if isinstance(mode, str):
        mode = _OLD_NAMES.get(mode, mode)
        if mode in MODES:
            return mode
        raise ValueError(_mode_message(mode))
    if isinstance(mode, Callable) and not isinstance(mode, type):
        return mode
    raise TypeError(_mode_message(mode))


def merged_shape(mode, shape: tuple, readout: tuple | None) -> tuple:
    """The shape of the input merged with the readout; a readout of shape None is not known yet.

    Example:
        >>> merged_shape("concat", (None, 3), (None, 2)), merged_shape("concat", (None, 3), None)
        ((None, 5), (None, None))
    """
    unknown = (*shape[:-1], None) if len(shape) > 1 else (None, None)
    if isinstance(mode, layers.Layer):
        try:
            return tuple(mode.compute_output_shape([shape, readout or unknown]))
        except (NotImplementedError, TypeError, ValueError, AttributeError, IndexError):
            return unknown
    if readout is None or callable(mode):
        return unknown
    if mode == "readout_only":
        return readout
    return (*shape[:-1], shape[-1] + readout[-1]) if mode == "concat" else shape


def merge(mode, x, readout, taken=()):
    """The input merged with the readout, as the first cell reads it: a Keras tensor `(batch, ...)`.

    Example:
        >>> merge("concat", keras.Input((3,)), keras.Input((2,))).shape
        (None, 5)

    Args:
        mode: one of `MODES`, or a layer or callable of `[input, readout]`.
        x, readout: Keras tensors `(batch, ...)`.
        taken: names that other parts of the step already have.

    Raises:
        ValueError: shapes that the mode cannot merge.
    """
    if mode == "readout_only":
        return readout
    if isinstance(mode, layers.Layer):
        return mode([x, readout])
    if callable(mode):
        return _merged_by(mode, [x, readout], free_name("readout_merge", taken))
    same = x.shape == readout.shape
    if mode == "concat":
        same = agree(x.shape[:-1], readout.shape[:-1])
    if not same:
        raise ValueError(
            message(
                f"readout={mode!r} cannot merge the output with the input.",
                received=f"input of shape {tuple(x.shape)}, output of shape {tuple(readout.shape)}",
                expected="the same shape" if mode != "concat" else "shapes equal but for the last axis",
                fix="end with a layer as large as the input (Dense), or use readout='concat'",
            )
        )
    kind = _MERGES[mode]
    return kind(name=free_name(kind.__name__.lower(), taken))([x, readout])


def _merged_by(function, tensors, name):
    # The operations of a function go into a nested model, where their names cannot clash with the step's.
    inputs = [keras.Input(t.shape[1:], dtype=t.dtype) for t in tensors]
    return keras.Model(inputs, function(inputs), name=name)(tensors)


def _by_key(outputs, key):
    if not isinstance(outputs, dict) or key not in outputs:
        keys = list(outputs) if isinstance(outputs, dict) else "which are no dict"
        raise ValueError(
            message(
                f"The readout {key!r} has no output to feed it.",
                received=f"readout_input={{{key!r}: ...}}",
                expected=f"a key of the outputs, {keys}",
                fix="make `output` a dict with this key",
            )
        )
    return outputs[key]


def _takes_argmax(output, readout) -> bool:
    whole = not keras.backend.is_float_dtype(readout.dtype)
    floating = keras.backend.is_float_dtype(output.dtype)
    if whole and floating and agree(output.shape[:-1], readout.shape):
        return True
    if not agree(output.shape, readout.shape) or whole == floating:
        raise ValueError(
            message(
                f"The {describe('readout_input', readout)} cannot be fed by its output.",
                received=f"output of shape {tuple(output.shape)} and dtype {output.dtype}, "
                f"readout_input of shape {tuple(readout.shape)} and dtype {readout.dtype}",
                expected="the same shape and kind of number (or whole numbers without the last "
                "axis, which take the argmax)",
                fix="make the Input of the readout as large as the output",
            )
        )
    return False


def _mode_message(mode):
    return message(
        "This is no way to merge a readout.",
        received=f"readout={told(mode)}",
        expected=f"True, one of {', '.join(map(repr, MODES))}, or a layer of [input, readout]",
        fix="readout='add'",
    )
