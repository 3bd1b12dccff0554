"""`SeriesScaling`: numbers of any unit as numbers near 0 and of size 1, and back, as a part of a model."""

import keras
import numpy as np
from keras import ops

from rshop.errors import message, told

SCALES = (True, False, "window")


def check_scale(scale):
    """That `scale` is one of its three choices.

    Raises:
        TypeError, ValueError: it is not.
    """
    if isinstance(scale, bool) or (isinstance(scale, str) and scale in SCALES):
        return scale
    raise (ValueError if isinstance(scale, str) else TypeError)(
        message(
            "`scale` says what the values of a series are scaled by.",
            received=f"scale={told(scale)}",
            expected="True (each feature of all series), 'window' (each series as it is read) or False",
            fix="scale=True",
        )
    )


@keras.saving.register_keras_serializable(package="rshop")
class SeriesScaling(keras.layers.Layer):
    """The mean and the standard deviation that each feature of a series is scaled by.

    Example:
        >>> scaling = SeriesScaling()
        >>> scaling.measure([np.array([[1.0], [3.0]])])  # one series, two timesteps, one feature
        >>> center, size = scaling(np.ones((4, 7, 1)))
        >>> float(center[0, 0, 0]), float(size[0, 0, 0])
        (2.0, 1.0)

    A feature that does not change has the size 1, so that nothing is divided by zero. All is computed in
    float32, whatever the precision of the model around it.

    Args:
        scale: True (measured once, and saved with the weights), `"window"` (measured for each series of a
            call, over the timesteps that it reads), or False (mean 0, size 1).
        **layer_kwargs: `name`, `trainable`.

    Call arguments:
        x: `(batch, time, features)`.
        mask: booleans `(batch, time)`: the timesteps that are there.

    Raises:
        TypeError, ValueError: a `scale` that is none of the three.
    """

    def __init__(self, scale: "bool | str" = True, **layer_kwargs):
        super().__init__(**{**layer_kwargs, "dtype": "float32"})
        self.scale = check_scale(scale)
        self.supports_masking = True

    def build(self, input_shape):
        """Make the weights: a mean of 0 and a size of 1 until `measure`."""
        shape = (input_shape[-1],)
        self.center = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="center")
        self.size = self.add_weight(shape=shape, initializer="ones", trainable=False, name="size")
        self.known = self.add_weight(shape=(), initializer="zeros", trainable=False, name="measured")

    @property
    def measured(self) -> bool:
        """Whether the mean and the size are those of data."""
        return bool(ops.convert_to_numpy(self.known))

    def measure(self, series: list):
        """Take the mean and the standard deviation of each feature, over all timesteps of all series.

        Args:
            series: arrays `(time, features)`; with another scale than True nothing is measured.
        """
        values = np.concatenate([np.asarray(one, "float64") for one in series])
        if not self.built:
            self.build(values.shape)
            self.built = True
        self.known.assign(1.0)
        if self.scale is not True:
            return
        changes = np.ptp(values.astype("float32"), axis=0) > 0
        self.center.assign(values.mean(axis=0))
        self.size.assign(np.where(changes, values.std(axis=0), 1.0))

    def call(self, x, mask=None):
        """The mean and the size, each `(1, 1, features)`, or `(batch, 1, features)` for `"window"`."""
        if self.scale != "window":
            return self.center[None, None], self.size[None, None]
        x = ops.cast(x, "float32")
        there = ops.ones_like(x) if mask is None else ops.cast(mask, "float32")[:, :, None] * ops.ones_like(x)
        count = ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0)
        x = ops.where(there > 0, x, 0.0)
        center = ops.sum(x, axis=1, keepdims=True) / count
        apart = ops.where(there > 0, x - center, 0.0)
        size = ops.sqrt(ops.sum(apart**2, axis=1, keepdims=True) / count)
        # Rounding of the mean leaves a size just above 0 for values that are all equal.
        low = ops.min(ops.where(there > 0, x, np.inf), axis=1, keepdims=True)
        high = ops.max(ops.where(there > 0, x, -np.inf), axis=1, keepdims=True)
        return center, ops.where(high > low, size, 1.0)

    def compute_mask(self, x, previous_mask):
        """None for both: they have no time."""
        return None, None

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "scale": self.scale}
