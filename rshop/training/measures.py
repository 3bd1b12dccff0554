"""What an encoder and decoder for tokens is measured by, padding left out through the sample weights."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rshop")
class Perplexity(keras.metrics.Mean):
    """The exponent of the mean cross entropy of a token, in nats: as many tokens as a guess was between.

    Example:
        >>> metric = Perplexity()
        >>> metric.update_state([[1, 2]], np.zeros((1, 2, 4)))
        >>> float(metric.result())
        4.0

    Args:
        name: the name of the metric.
        **options: `dtype`.
    """

    def __init__(self, name: str = "perplexity", **options):
        super().__init__(name=name, **options)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in tokens `(batch, time)` and logits `(batch, time, tokens)`."""
        loss = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        super().update_state(loss, sample_weight)

    def result(self):
        """The perplexity so far."""
        return ops.exp(super().result())


@keras.saving.register_keras_serializable(package="rshop")
class SequenceAccuracy(keras.metrics.Mean):
    """The share of sequences in which every token is right.

    Example:
        >>> metric = SequenceAccuracy()
        >>> metric.update_state([[1, 0], [1, 1]], np.eye(2)[[[1, 0], [1, 0]]])
        >>> float(metric.result())
        0.5

    Args:
        name: the name of the metric.
        **options: `dtype`.
    """

    def __init__(self, name: str = "sequence_accuracy", **options):
        super().__init__(name=name, **options)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in tokens `(batch, time)` and logits; tokens of weight 0 count as right."""
        right = ops.equal(ops.cast(y_true, "int32"), ops.cast(ops.argmax(y_pred, axis=-1), "int32"))
        if sample_weight is None:
            super().update_state(ops.all(right, axis=-1))
            return
        weight = ops.convert_to_tensor(sample_weight)
        right = ops.all(ops.logical_or(right, ops.equal(weight, 0)), axis=-1)
        super().update_state(right, ops.max(weight, axis=-1))
