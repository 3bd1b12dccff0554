"""Training on pairs of sequences: the target is read too, and padding counts nowhere."""

import keras
from keras import ops

from rshop.seq2seq.compiled import CompiledAgain
from rshop.seq2seq.pairs.shifted import with_targets, with_validation
from rshop.training.measures import Perplexity, SequenceAccuracy


class TrainedOnPairs(CompiledAgain):
    """A Keras model of `[source, target]` whose `fit` takes a source and a target.

    A subclass has `target_tokens` (None for vectors) and `pad_token`.
    """

    target_tokens: int | None = None
    pad_token: int = 0

    def compile(self, optimizer="adam", loss=None, *, metrics=None, weighted_metrics=None, **options):
        """As in `keras.Model`, with a loss and metrics where none are given.

        For tokens they are the cross entropy of the logits, and `token_accuracy`, `sequence_accuracy` and
        `perplexity`; for vectors the mean squared error. Padding is left out of every loss and metric.

        Args:
            optimizer, loss, **options: as in `keras.Model.compile`.
            metrics, weighted_metrics: metrics, in one list or two: padding has no weight in any of them.
        """
        if loss is None:
            loss = keras.losses.MeanSquaredError()
            if self.target_tokens:
                loss = keras.losses.SparseCategoricalCrossentropy(
                    from_logits=True, reduction="mean_with_sample_weight"
                )
        given = [*(metrics or []), *(weighted_metrics or [])]
        if metrics is None and weighted_metrics is None and self.target_tokens:
            accuracy = keras.metrics.SparseCategoricalAccuracy(name="token_accuracy")
            given = [accuracy, SequenceAccuracy(), Perplexity()]
        super().compile(optimizer, loss, weighted_metrics=given or None, **options)

    def fit(self, source=None, target=None, *, validation_data=None, **options):
        """As in `keras.Model`: `fit(source, target)` of arrays, or `fit(dataset)` of pairs.

        Args:
            source, target: arrays, unshifted; or a dataset of `(source, target)` as the first.
            validation_data: `(source, target)`, or a dataset likewise.
            **options: those of `keras.Model.fit`.
        """
        x, y = with_targets(source, target)
        return super().fit(x, y, validation_data=with_validation(validation_data), **options)

    def evaluate(self, source=None, target=None, **options):
        """As in `keras.Model`: loss and metrics, with the true last token known at each timestep."""
        if "x" in options:  # `fit` evaluates its validation data, of which it made pairs
            return super().evaluate(**options)
        x, y = with_targets(source, target)
        return super().evaluate(x, y, **options)

    def train_on_batch(self, source, target=None, *args, **options):
        """As in `keras.Model`, for one batch."""
        x, y = with_targets(source, target)
        return super().train_on_batch(x, y, *args, **options)

    def test_on_batch(self, source, target=None, *args, **options):
        """As in `keras.Model`, for one batch."""
        x, y = with_targets(source, target)
        return super().test_on_batch(x, y, *args, **options)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As in `keras.Model`; padding of the target has no weight."""
        weight = self._weights(y, sample_weight)
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """As in `keras.Model`; padding of the target has no weight."""
        return super().compute_metrics(x, y, y_pred, self._weights(y, sample_weight))

    def _weights(self, target, given):
        if not self.target_tokens:
            return given
        valid = ops.cast(ops.not_equal(ops.cast(target, "int32"), self.pad_token), "float32")
        if given is None:
            return valid
        given = ops.cast(given, "float32")
        return valid * (given[:, None] if len(given.shape) == 1 else given)
