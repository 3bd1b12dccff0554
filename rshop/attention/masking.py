"""Layers that keep padding out: of the memory, of the weights, of the context."""

import keras
from keras import layers, ops

from rshop.checks import check_switch

# Below any score, of far windows too, and finite in 32 bits: where all is padding, a softmax of it is no NaN.
_NEVER = -1e38


@keras.saving.register_keras_serializable(package="rshop")
class MaskedSoftmax(layers.Layer):
    """Scores as weights that sum to one, exactly 0 on padding, and all 0 where there is nothing else.

    Example:
        >>> MaskedSoftmax()(np.zeros((1, 3)), np.array([[True, True, False]]))
        [[0.5, 0.5, 0.]]

    Args:
        normalize: divide by the sum, as a softmax does; without it the weights are `exp(scores)`.
    """

    def __init__(self, normalize: bool = True, **layer_kwargs):
        super().__init__(**layer_kwargs)
        check_switch("normalize", normalize)
        self.supports_masking = True
        self.normalize = normalize

    def build(self, input_shape):
        """There is nothing to make."""

    def call(self, scores, valid=None):
        """`scores` `(batch, ..., time)`; `valid` booleans `(batch, time)`, None where all places are."""
        if valid is None:
            return ops.softmax(scores, axis=-1) if self.normalize else ops.exp(scores)
        valid = _spread(valid, len(scores.shape), front=True)
        scores = ops.where(valid, scores, ops.cast(_NEVER, scores.dtype))
        weights = ops.softmax(scores, axis=-1) if self.normalize else ops.exp(scores)
        return ops.where(valid, weights, ops.cast(0, weights.dtype))

    def compute_output_spec(self, scores, valid=None):
        """The symbolic result."""
        return keras.KerasTensor(scores.shape, dtype=self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        """None: weights have no padding."""
        return None

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "normalize": self.normalize}


@keras.saving.register_keras_serializable(package="rshop")
class Blank(layers.Layer):
    """A memory with 0 on padding: what stood there, a NaN too, reaches neither results nor gradients.

    Example:
        >>> Blank()(np.array([[[5.0], [7.0]]]), np.array([[True, False]]))
        [[[5.], [0.]]]

    Args:
        whole: blank a value `(batch, ...)` of samples where every place is padding.
    """

    def __init__(self, whole: bool = False, **layer_kwargs):
        super().__init__(**layer_kwargs)
        check_switch("whole", whole)
        self.supports_masking = True
        self.whole = whole

    def build(self, input_shape):
        """There is nothing to make."""

    def call(self, x, valid):
        """`x` `(batch, time, ...)`, or `(batch, ...)` with `whole`; `valid` booleans `(batch, time)`."""
        valid = ops.any(ops.cast(valid, "bool"), axis=1) if self.whole else valid
        return ops.where(_spread(valid, len(x.shape)), x, ops.cast(0, x.dtype))

    def compute_output_spec(self, x, valid):
        """The symbolic result."""
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        """None: what padding there was is blank."""
        return None

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "whole": self.whole}


def _spread(valid, rank, front=False):
    # (batch, time) -> (batch, time, 1, ...), or with `front` (batch, 1, ..., time).
    valid = ops.cast(valid, "bool")
    while len(valid.shape) < rank:
        valid = ops.expand_dims(valid, 1 if front else -1)
    return valid
