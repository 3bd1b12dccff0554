"""Attention by soft windows that only move on (Graves, 2013)."""

import math

import keras
from keras import layers, ops

from rshop.attention.base import AttentionLayer
from rshop.attention.masking import MaskedSoftmax
from rshop.checks import check_count, check_switch

# Of the powers of e: with the highest `beta * (kappa - u)^2` is below 3e38, and e^-10000 is 0 in any dtype.
_LOWEST, _HIGHEST = -1e4, 20.0
_LARGEST_HALF = 65504


@keras.saving.register_keras_serializable(package="rshop")
class WindowAttention(AttentionLayer):
    """Attention by a few bell curves over the places of the memory, whose centres never go back.

    The query says how high (`alpha`), how narrow (`beta`) and how much further on each curve is; the centres
    `kappa` are the state. What stands in the memory is not compared with anything::

        alpha, beta, delta = exp(query W + b)
        kappa_t = kappa_tm1 + delta
        window(u) = sum over the curves of alpha exp(-beta (kappa_t - u)^2)        for place u = 1, 2, ...
        weights = window / sum over the places of window

    Padding counts as no place: the first valid one is 1. A power of e above 20 counts as 20, so that nothing
    is infinite in a million timesteps; in `float16` without `normalize` the one of `alpha` counts as what
    16 bits hold, log(65504 / components).

    Example:
        >>> layer, query, memory = WindowAttention(3), np.ones((2, 4)), np.ones((2, 5, 8))
        >>> kappa = layer.first_state(memory)  # zeros: in front of the first place
        >>> context, weights, kappa = layer(query, memory, state=kappa)
        >>> context.shape, weights.shape, kappa.shape
        ((2, 8), (2, 5), (2, 3))

    Args:
        components: the number of curves.
        normalize: divide the weights by their sum, so that they sum to one; the paper does not.
        kernel_initializer, bias_initializer: for `W` `(q, 3 components)` and `b`, the parts of alpha, beta
            and delta in this order.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        TypeError, ValueError: `components` is no count.

    Source:
        A. Graves, Generating sequences with recurrent neural networks, 2013 (arXiv:1308.0850), section 5.1.
    """

    state_name = "kappa"

    def __init__(
        self,
        components: int = 10,
        *,
        normalize: bool = True,
        kernel_initializer: "str | keras.Initializer" = "glorot_uniform",
        bias_initializer: "str | keras.Initializer" = "zeros",
        **layer_kwargs,
    ):
        super().__init__(**layer_kwargs)
        check_switch("normalize", normalize)
        self.components = check_count("components", components, "number of curves")
        self.normalize = normalize
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def make_weights_of(self):
        """The layer that makes weights of the logarithm of the window."""
        return MaskedSoftmax(self.normalize, name="attention", dtype=self.weights_dtype)

    def make_parts(self, query_size, memory_size):
        """`W` and `b`."""
        self.curves = self.part(
            layers.Dense,
            3 * self.components,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            name="curves",
            shape=(None, query_size),
        )

    def attend(self, query, memory, *, keys, valid, state):
        """The context `(batch, m)`, the weights `(batch, time)` and the centres `(batch, components)`."""
        powers = ops.clip(ops.cast(self.curves(query), self.weights_dtype), _LOWEST, _HIGHEST)
        log_alpha, log_beta, log_delta = ops.split(powers, 3, axis=-1)
        if not self.normalize and self.compute_dtype == "float16":
            log_alpha = ops.minimum(log_alpha, math.log(_LARGEST_HALF / self.components))
        kappa = layers.Add(name="kappa", dtype=self.weights_dtype)([state, ops.exp(log_delta)])
        distance = ops.subtract(ops.expand_dims(kappa, -1), ops.expand_dims(self._places(memory, valid), 1))
        falls = ops.multiply(ops.expand_dims(ops.exp(log_beta), -1), ops.square(distance))
        # The logarithm of the window: far from every curve the window itself would be 0, and its sum too.
        scores = ops.logsumexp(ops.subtract(ops.expand_dims(log_alpha, -1), falls), axis=1)
        weights = self.weights_of(scores, valid)
        return self.context_of(weights, memory), weights, kappa

    def first_state(self, memory):
        """Centres at 0, in front of the first place: `(batch, components)`."""
        one = ops.cast(ops.zeros_like(memory[:, 0, :1]), self.weights_dtype)
        return ops.repeat(one, self.components, axis=-1)

    def state_shape(self, memory_shape):
        """`(batch, components)`."""
        return (memory_shape[0], self.components)

    def _places(self, memory, valid):
        ones = ops.ones_like(memory[:, :, 0]) if valid is None else valid
        return ops.cumsum(ops.cast(ones, self.weights_dtype), axis=1)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "components": self.components,
            "normalize": self.normalize,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
