"""Masks: a masked timestep changes nothing, so state, output and readout stay as they were."""

import keras
from keras import ops

from rshop.structure import flat


def combine(masks):
    """One mask of shape (batch, time) for several inputs: true where all of them are true.

    Example:
        >>> combine([[[True, True, False]], None])  # [[True, True, False]]
        >>> combine([None, None])  # None
    """
    given = [ops.cast(mask, "bool") for mask in flat(masks) if mask is not None]
    if not given:
        return None
    joint = given[0]
    for mask in given[1:]:
        joint = ops.logical_and(joint, mask)
    return joint


def hold(mask, after: list, before: list) -> list:
    """Each new value where the timestep is valid, and the old one where it is masked.

    Example:
        >>> hold([True, False], [[[1.0], [1.0]]], [[[0.0], [7.0]]])
        [[[1.0], [7.0]]]

    Args:
        mask: booleans of shape (batch,), true where the timestep is valid.
        after: new values, each (batch, ...).
        before: old values of the same shapes.
    """
    return [ops.where(_over(mask, new), new, old) for new, old in zip(after, before, strict=True)]


def blank(mask, values: list) -> list:
    """Each value where the timestep is valid, and 0 where it is masked."""
    return hold(mask, values, [ops.zeros_like(value) for value in values])


def silence(mask, x):
    """The input `(batch, time, ...)` with 0 at masked timesteps.

    Masked inputs change no result, but a NaN among them would reach the gradients.

    Example:
        >>> silence([[True, False]], [[[1.0], [nan]]])
        [[[1.0], [0.0]]]
    """
    wide = ops.reshape(mask, (*ops.shape(mask), *(1,) * (len(x.shape) - 2)))
    return ops.where(wide, x, ops.cast(0, x.dtype))


def attach(masks: list, tensors: list) -> list:
    """The tensors with Keras masks attached, where layers find them; None leaves a tensor without a mask.

    Example:
        >>> memory, state = attach([mask, None], [memory, state])
    """
    return [t if m is None else MaskedTensor(m)(t) for t, m in zip(tensors, masks, strict=True)]


def _over(mask, value):
    # (batch,) -> (batch, 1, ..., 1), so that it spreads over states of any rank.
    return ops.reshape(mask, (-1,) + (1,) * (len(value.shape) - 1))


class MaskedTensor(keras.layers.Layer):
    """The public way to put a mask on a tensor.

    Its name has no underscore in front, with which no name may begin at the root of a graph.
    """

    def __init__(self, mask):
        super().__init__(autocast=False)
        self.supports_masking = True
        self.mask = mask

    def call(self, x):
        return ops.add(x, ops.zeros_like(x))

    def compute_mask(self, inputs, previous_mask=None):
        return self.mask
