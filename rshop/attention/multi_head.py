"""Attention with several heads, for one query (Vaswani et al., 2017)."""

import keras
from keras import layers, ops

from rshop.attention.base import AttentionLayer
from rshop.attention.masking import Blank
from rshop.checks import check_count, check_switch


@keras.saving.register_keras_serializable(package="rshop")
class MultiHeadAttention(AttentionLayer):
    """Several looks at once, each with projections of its own, brought together by a last one.

    For each head::

        weights = softmax((query Q + b_q) . (memory K + b_k) / sqrt(key_dim))
        seen = sum over the places of weights * (memory V + b_v)
        context = [seen of all heads] O + b_o

    It computes what `keras.layers.MultiHeadAttention` does for a query of one timestep. A memory that is all
    padding gives a context of 0, whatever `b_o` is.

    Example:
        >>> context, weights = MultiHeadAttention(2, 8)(np.ones((3, 4)), np.ones((3, 5, 6)))
        >>> context.shape, weights.shape
        ((3, 4), (3, 2, 5))

    Args:
        num_heads: the number of heads.
        key_dim: the size of query and key in each head.
        value_dim: the size of what each head sees; by default `key_dim`.
        units: the number of features of the context; by default those of the query.
        use_bias: whether there are biases.
        kernel_initializer: for the four matrices, as in Keras.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        TypeError, ValueError: a number that is no count.

    Source:
        A. Vaswani et al., Attention is all you need, 2017 (arXiv:1706.03762).
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        *,
        value_dim: int | None = None,
        units: int | None = None,
        use_bias: bool = True,
        kernel_initializer: "str | keras.Initializer" = "glorot_uniform",
        **layer_kwargs,
    ):
        super().__init__(**layer_kwargs)
        check_switch("use_bias", use_bias)
        self.num_heads = check_count("num_heads", num_heads, "number of heads")
        self.key_dim = check_count("key_dim", key_dim, "size of query and key in each head")
        self.value_dim = check_count(
            "value_dim", key_dim if value_dim is None else value_dim, "size of the value in each head"
        )
        self.units = None if units is None else check_count("units", units, "size of the context")
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def make_parts(self, query_size, memory_size):
        """The four projections."""
        keys, values = self.num_heads * self.key_dim, self.num_heads * self.value_dim
        self.query = self._dense(keys, "query", (None, query_size))
        self.keys = self._dense(keys, "keys", (None, None, memory_size))
        self.values = self._dense(values, "values", (None, None, memory_size))
        self.output_projection = self._dense(self.context_size(query_size, 0), "projection", (None, values))
        self.blank_context = Blank(whole=True, name="context", dtype=self.dtype_policy)

    def context_size(self, query_size, memory_size):
        """`units`, by default the size of the query."""
        return self.units or query_size

    def keys_of(self, memory):
        """Keys and values, each `(batch, time, num_heads, size)`."""
        keys, values = self.keys(memory), self.values(memory)
        return [self._heads((-1,), self.key_dim)(keys), self._heads((-1,), self.value_dim)(values)]

    def attend(self, query, memory, *, keys, valid, state):
        """The context `(batch, units)` and the weights `(batch, num_heads, time)`."""
        keys, values = keys
        query = self._heads((), self.key_dim)(self.query(query))
        query = ops.multiply(query, self.key_dim**-0.5)
        weights = self.weights_of(ops.einsum("bhk,bmhk->bhm", query, keys), valid)
        seen = ops.einsum("bhm,bmhv->bhv", self.narrow(weights), values)
        seen = layers.Reshape((self.num_heads * self.value_dim,), dtype=self.dtype_policy)(seen)
        context = self.output_projection(seen)
        return (context if valid is None else self.blank_context(context, valid)), weights

    def _heads(self, before, size):
        return layers.Reshape((*before, self.num_heads, size), dtype=self.dtype_policy)

    def _dense(self, units, name, shape):
        # One initializer draws the same numbers for every weight of a shape: each weight gets its own copy.
        copied = keras.initializers.serialize(self.kernel_initializer)
        own = {"use_bias": self.use_bias, "kernel_initializer": keras.initializers.get(copied)}
        return self.part(layers.Dense, units, name=name, shape=shape, **own)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
