"""A prompt: what the step reads as readouts before the first timestep that generates."""

import keras
import numpy as np
from keras import ops

from rshop.errors import message, told
from rshop.generation.feeding import Feeding
from rshop.generation.options import check_token
from rshop.step.step import Step
from rshop.structure import flat, flatten_like, shape_of


def looks_like_tokens(step: Step, prompt) -> bool:
    """Whether a prompt, or a first readout, is of whole numbers where the readout is a vector."""
    readout = flat(step.readouts)[0]
    parts = flat(prompt)
    if len(parts) != 1 or len(flat(step.readouts)) != 1 or len(readout.shape) != 2:
        return False
    return _is_whole(parts[0]) and len(shape_of(parts[0])) <= 2 and readout.shape[-1] != 1


def are_first_tokens(step: Step, value) -> bool:
    """Whether a first readout is a token for each sample, where the readout is a vector."""
    one = len(flat(step.readouts)) == 1 and len(flat(step.readouts)[0].shape) == 2
    shape = shape_of(value)
    return one and _is_whole(value) and len(shape) == 1 and shape[0] != flat(step.readouts)[0].shape[-1]


def batch_of(step: Step, prompt, tokens: bool) -> int | None:
    """The number of samples of a prompt; None for one prompt for all, or none."""
    if prompt is None:
        return None
    rank = 2 if tokens else 1 + len(flat(step.readouts)[0].shape)
    shape = shape_of(flat(prompt)[0])
    return shape[0] if len(shape) == rank else None


def length_of(step: Step, prompt, tokens: bool) -> int:
    """The number of timesteps of a prompt; 0 without one."""
    if prompt is None:
        return 0
    shape = shape_of(flat(prompt)[0])
    rank = 1 if tokens else len(flat(step.readouts)[0].shape)
    return shape[-rank] if len(shape) >= rank else 0


def read_tokens(prompt, batch: int, feeding: Feeding) -> list:
    """The tokens of a prompt, `(batch, time)`, checked.

    Raises:
        TypeError: not whole numbers.
        ValueError: another shape, or a token outside the vocabulary.
    """
    if prompt is None:
        return []
    array = np.asarray(prompt)
    good = (
        len(array.shape) in (1, 2)
        and array.size
        and array.shape[0] in ((batch,), array.shape)[array.ndim == 1]
    )
    if not _is_whole(array) or not good:
        raise (ValueError if _is_whole(array) else TypeError)(
            message(
                "`warm_up` is not made of tokens.",
                received=f"warm_up={told(prompt)}",
                expected=f"whole numbers (time,) or (batch, time) with a batch of {batch}",
                fix="give the numbers of the tokens; tokens=False where the readout is made of numbers",
            )
        )
    for token in (int(array.min()), int(array.max())):
        check_token("warm_up", token, feeding.vocabulary)
    return [np.broadcast_to(array, (batch, array.shape[-1])).astype("int32")]


def read_values(prompt, batch: int, step: Step) -> list:
    """The values of a prompt, one `(batch, time, ...)` for each readout, checked.

    Raises:
        ValueError: another structure or shape.
    """
    if prompt is None:
        return []
    found = []
    for value, like in zip(flatten_like(step.readouts, prompt, "warm_up"), flat(step.readouts), strict=True):
        array, one = np.asarray(value), tuple(like.shape[1:])
        rank = array.ndim - len(one)
        fits = (
            rank in (1, 2)
            and array.size
            and all(a in (b, None) for a, b in zip(one, array.shape[rank:], strict=True))
        )
        if not fits or (rank == 2 and array.shape[0] != batch):
            raise ValueError(
                message(
                    "`warm_up` does not have the shape of the readout.",
                    received=f"warm_up={told(value)}",
                    expected=f"{(batch, 'time', *one)}, or {('time', *one)} for all samples alike",
                    fix="give a value for each timestep; tokens=True where it is made of tokens",
                )
            )
        whole = np.broadcast_to(array, (batch, *array.shape[rank - 1 :]))
        found.append(whole.astype(keras.backend.standardize_dtype(like.dtype)))
    return found


def first_readout(value, batch: int, feeding: Feeding):
    """The first readout as the step reads it: a token, or one for each sample, becomes a one-hot.

    Raises:
        ValueError: a token outside the vocabulary.
    """
    is_token = value is not None and _is_whole(value) and shape_of(value) in ((), (batch,))
    if not is_token:
        return value
    array = np.asarray(value)
    for token in (int(array.min()), int(array.max())):
        check_token("initial_readout", token, feeding.vocabulary)
    return value if feeding.whole else ops.convert_to_numpy(feeding(array))


def room(time: int) -> int:
    """The least of 32, 64, 128, ... timesteps that holds so many.

    Example:
        >>> room(5), room(100)
        (32, 128)
    """
    return max(32, 1 << (time - 1).bit_length())


def padded(array: np.ndarray) -> np.ndarray:
    """A prompt `(batch, time, ...)` padded along time to a `room`, so that few lengths are traced."""
    time = array.shape[1]
    more = room(time) - time
    return np.pad(array, [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)])


def _is_whole(value) -> bool:
    try:
        return np.asarray(value).dtype.kind in "iu"
    except Exception:  # noqa: BLE001  (what somebody passes by mistake may raise anything)
        return False
