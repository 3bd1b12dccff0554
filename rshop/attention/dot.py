"""Attention by a dot product, as it is or with a matrix in between (Luong et al., 2015)."""

import keras
from keras import layers, ops

from rshop.attention.base import AttentionLayer
from rshop.attention.checks import check_same_features
from rshop.checks import check_switch


class ProductAttention(AttentionLayer):
    """Attention whose scores are the dot products of the query and the keys `(batch, time, q)`."""

    def attend(self, query, memory, *, keys, valid, state):
        """The context `(batch, m)` and the weights `(batch, time)`."""
        dot = layers.Dot(axes=(2, 1), name="scores", dtype=self.dtype_policy)
        scores = self.scaled(dot([keys, query]), query)
        weights = self.weights_of(scores, valid)
        return self.context_of(weights, memory), weights

    def scaled(self, scores, query):
        """The scores as the softmax reads them."""
        return scores


@keras.saving.register_keras_serializable(package="rshop")
class DotAttention(ProductAttention):
    """Attention without weights: the score of a place is its dot product with the query.

    What it computes::

        weights = softmax(memory . query)
        context = sum over the places of weights * memory

    Example:
        >>> memory = np.array([[[1.0, 0.0], [0.0, 1.0]]])
        >>> context, weights = DotAttention()(np.array([[100.0, 0.0]]), memory)
        >>> weights, context
        ([[1., 0.]], [[1., 0.]])

    Args:
        scale: divide the scores by the root of the number of features (Vaswani et al., 2017), which keeps the
            softmax soft where there are many.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: a query that has not as many features as the memory; see `AttentionLayer`.

    Source:
        M.-T. Luong et al., Effective approaches to attention-based neural machine translation, 2015
        (arXiv:1508.04025), `dot`; the scale: A. Vaswani et al., Attention is all you need, 2017.
    """

    def __init__(self, scale: bool = False, **layer_kwargs):
        super().__init__(**layer_kwargs)
        check_switch("scale", scale)
        self.scale = scale

    def check_sizes(self, query_shape, memory_shape):
        """The shapes, and the sizes: they have to agree."""
        super().check_sizes(query_shape, memory_shape)
        check_same_features(self.name, query_shape[-1], memory_shape[-1])

    def scaled(self, scores, query):
        """The scores, divided by the root of the number of features with `scale`."""
        return ops.multiply(scores, query.shape[-1] ** -0.5) if self.scale else scores

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="rshop")
class GeneralAttention(ProductAttention):
    """Attention with a matrix between query and memory, whose sizes may differ.

    What it computes::

        weights = softmax((memory W) . query)
        context = sum over the places of weights * memory

    Example:
        >>> context, weights = GeneralAttention()(np.ones((2, 4)), np.ones((2, 5, 8)))
        >>> context.shape, weights.shape
        ((2, 8), (2, 5))

    Args:
        kernel_initializer, kernel_regularizer: for `W` `(m, q)`, as in Keras.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Source:
        M.-T. Luong et al., Effective approaches to attention-based neural machine translation, 2015
        (arXiv:1508.04025), `general`.
    """

    def __init__(
        self,
        *,
        kernel_initializer: "str | keras.Initializer" = "glorot_uniform",
        kernel_regularizer: "str | keras.Regularizer | None" = None,
        **layer_kwargs,
    ):
        super().__init__(**layer_kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def make_parts(self, query_size, memory_size):
        """The matrix `W` `(m, q)`."""
        self.keys = self.part(
            layers.Dense,
            query_size,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            name="keys",
            shape=(None, None, memory_size),
        )

    def keys_of(self, memory):
        """`memory W`, `(batch, time, q)`."""
        return self.keys(memory)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
