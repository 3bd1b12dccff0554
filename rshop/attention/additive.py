"""Attention by a small network of query and memory (Bahdanau et al., 2015)."""

import keras
from keras import layers, ops

from rshop.attention.base import AttentionLayer
from rshop.checks import check_count, check_switch


@keras.saving.register_keras_serializable(package="rshop")
class AdditiveAttention(AttentionLayer):
    """Attention by a hidden layer that reads the query and one place of the memory.

    What it computes::

        scores = v . tanh(query W + memory U + b)
        weights = softmax(scores)
        context = sum over the places of weights * memory

    Example:
        >>> context, weights = AdditiveAttention(16)(np.ones((2, 4)), np.ones((2, 5, 8)))
        >>> context.shape, weights.shape
        ((2, 8), (2, 5))

    Args:
        units: the number of hidden units.
        use_bias: whether there is a `b`.
        kernel_initializer, kernel_regularizer: for `W` `(q, units)`, `U` `(m, units)` and `v`, as in Keras.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        TypeError, ValueError: `units` is no number of units.

    Source:
        D. Bahdanau et al., Neural machine translation by jointly learning to align and translate, 2015
        (arXiv:1409.0473).
    """

    def __init__(
        self,
        units: int,
        *,
        use_bias: bool = True,
        kernel_initializer: "str | keras.Initializer" = "glorot_uniform",
        kernel_regularizer: "str | keras.Regularizer | None" = None,
        **layer_kwargs,
    ):
        super().__init__(**layer_kwargs)
        check_switch("use_bias", use_bias)
        self.units, self.use_bias = check_count("units", units, "number of hidden units"), use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def make_parts(self, query_size, memory_size):
        """`W` with `b`, `U` and `v`."""
        self.query = self.dense(self.units, "query", (None, query_size), use_bias=self.use_bias)
        self.keys = self.dense(self.units, "keys", (None, None, memory_size))
        self.energies = self.dense(1, "energies", (None, None, self.units))

    def dense(self, units: int, name: str, shape: tuple, use_bias: bool = False) -> layers.Layer:
        """A built `Dense` layer with the initializer and regularizer of this one."""
        # One initializer draws the same numbers for every weight of a shape: each weight gets its own copy.
        copied = keras.initializers.serialize(self.kernel_initializer)
        return self.part(
            layers.Dense,
            units,
            use_bias=use_bias,
            kernel_initializer=keras.initializers.get(copied),
            kernel_regularizer=self.kernel_regularizer,
            name=name,
            shape=shape,
        )

    def keys_of(self, memory):
        """`memory U`, `(batch, time, units)`."""
        return self.keys(memory)

    def hidden(self, query, keys, state):
        """What is summed in the hidden layer, `(batch, time, units)`."""
        return ops.add(keys, ops.expand_dims(self.query(query), 1))

    def attend(self, query, memory, *, keys, valid, state):
        """The context `(batch, m)` and the weights `(batch, time)`."""
        energies = self.energies(ops.tanh(self.hidden(query, keys, state)))
        weights = self.weights_of(ops.squeeze(energies, -1), valid)
        return self.context_of(weights, memory), weights

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
