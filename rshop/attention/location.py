"""Attention that also reads where it looked last (Chorowski et al., 2015)."""

import keras
from keras import layers, ops

from rshop.attention.additive import AdditiveAttention
from rshop.checks import check_count


@keras.saving.register_keras_serializable(package="rshop")
class LocationAttention(AdditiveAttention):
    """Additive attention that reads the weights of the previous timestep: its alignment is a state.

    What it computes::

        features = convolution of the last weights, (batch, time, filters)
        scores = v . tanh(query W + memory U + features F + b)
        weights = softmax(scores)
        context = sum over the places of weights * memory

    Example:
        >>> layer, query, memory = LocationAttention(16), np.ones((2, 4)), np.ones((2, 5, 8))
        >>> alignment = layer.first_state(memory)  # zeros: no place was looked at yet
        >>> context, weights, alignment = layer(query, memory, state=alignment)
        >>> context.shape, weights.shape, alignment.shape
        ((2, 8), (2, 5), (2, 5))

    Args:
        units: the number of hidden units.
        filters: the number of filters that read the last weights.
        kernel_size: how many places a filter sees.
        **options: those of `AdditiveAttention`.

    Raises:
        TypeError, ValueError: `units`, `filters` or `kernel_size` is no count.

    Source:
        J. Chorowski et al., Attention-based models for speech recognition, 2015 (arXiv:1506.07503).
    """

    state_name = "alignment"

    def __init__(self, units: int, *, filters: int = 10, kernel_size: int = 31, **options):
        super().__init__(units, **options)
        self.filters = check_count("filters", filters, "number of filters")
        self.kernel_size = check_count("kernel_size", kernel_size, "number of places that a filter sees")

    def make_parts(self, query_size, memory_size):
        """Those of the additive attention, the filters, and `F`."""
        super().make_parts(query_size, memory_size)
        self.convolution = self.part(
            layers.Conv1D,
            self.filters,
            self.kernel_size,
            padding="same",
            use_bias=False,
            name="location",
            shape=(None, None, 1),
        )
        self.features = self.dense(self.units, "location_features", (None, None, self.filters))

    def hidden(self, query, keys, state):
        """What is summed in the hidden layer, `(batch, time, units)`."""
        seen = self.convolution(ops.expand_dims(state, -1))
        return ops.add(super().hidden(query, keys, state), self.features(seen))

    def attend(self, query, memory, *, keys, valid, state):
        """The context `(batch, m)`, the weights `(batch, time)`, and the weights again as the next state."""
        context, weights = super().attend(query, memory, keys=keys, valid=valid, state=state)
        return context, weights, weights

    def first_state(self, memory):
        """An alignment of zeros, `(batch, time)`."""
        return ops.cast(ops.zeros_like(memory[:, :, 0]), self.weights_dtype)

    def state_shape(self, memory_shape):
        """`(batch, time)`."""
        return tuple(memory_shape[:2])

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "filters": self.filters, "kernel_size": self.kernel_size}
