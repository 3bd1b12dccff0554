"""Losses and metrics over the real timesteps alone, where padding is known from the target."""

import keras
from keras import ops

from rshop.checks import check_number
from rshop.errors import message, told


@keras.saving.register_keras_serializable(package="rshop")
class MaskedLoss(keras.losses.Loss):
    """The mean of a loss over the timesteps that are not padding.

    Keras leaves padding out by itself where the outputs carry a mask, as those of our layers do after an
    `Embedding(mask_zero=True)` or a `Masking` layer. This is for where they carry none: the target says what
    is padding. A timestep whose target is vectors is padding where each number of it is the pad value.

    Example:
        >>> loss = MaskedLoss("mse", pad_value=-1)
        >>> float(loss([[[3.0], [-1.0]]], [[[1.0], [100.0]]]))  # the second timestep counts nowhere
        4.0
        >>> model.compile("adam", MaskedLoss(keras.losses.SparseCategoricalCrossentropy(from_logits=True)))

    Args:
        loss: any Keras loss with one value for each timestep: a name, an object, or a function of
            `(y_true, y_pred)`.
        pad_value: what the target is at padding.
        name: the name of the loss.
        dtype: as in any Keras loss.

    Raises:
        TypeError: no loss, or a pad value that is no number.
    """

    def __init__(self, loss, pad_value: float = 0, *, name: str = "masked_loss", dtype=None):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype=dtype)
        self.loss = _read(loss, keras.losses.get, "loss")
        self.pad_value = check_number("pad_value", pad_value, "value of padding")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The mean over real timesteps, weighted by `sample_weight` where it is given."""
        weight = real_timesteps(y_true, y_pred, self.pad_value)
        return super().__call__(y_true, y_pred, combined(weight, sample_weight))

    def call(self, y_true, y_pred):
        """The value of the loss at each timestep, `(batch, time)`."""
        function = self.loss.call if isinstance(self.loss, keras.losses.Loss) else self.loss
        return function(y_true, y_pred)

    def get_config(self):
        """The loss and the pad value as plain JSON values."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "pad_value": self.pad_value, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config):
        """The loss with these options."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable(package="rshop")
class MaskedMetric(keras.metrics.Metric):
    """A metric over the timesteps that are not padding, as `MaskedLoss`.

    Example:
        >>> metric = MaskedMetric("sparse_categorical_accuracy")
        >>> metric.update_state([[2, 1, 0]], np.eye(3)[[[2, 2, 0]]])  # 0 is padding
        >>> float(metric.result())
        0.5

    Args:
        metric: any Keras metric that takes sample weights: a name or an object. A function counts as the mean
            of its values.
        pad_value: what the target is at padding.
        name: the name of the metric; that of the inner one where it is None.
        dtype: as in any Keras metric.

    Raises:
        TypeError: no metric, or a pad value that is no number.
    """

    def __init__(self, metric, pad_value: float = 0, *, name: str | None = None, dtype=None):
        found = _read(metric, keras.metrics.get, "metric")
        if not isinstance(found, keras.metrics.Metric):
            found = keras.metrics.MeanMetricWrapper(found, name=getattr(found, "__name__", "metric"))
        super().__init__(name=name or found.name, dtype=dtype)
        self.metric = found
        self.pad_value = check_number("pad_value", pad_value, "value of padding")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch of targets and outputs."""
        weight = real_timesteps(y_true, y_pred, self.pad_value)
        self.metric.update_state(y_true, y_pred, combined(weight, sample_weight))

    def result(self):
        """The value so far."""
        return self.metric.result()

    def reset_state(self):
        """Forget all batches."""
        self.metric.reset_state()

    @property
    def variables(self):
        """Those of the inner metric."""
        return self.metric.variables

    def get_config(self):
        """The metric and the pad value as plain JSON values."""
        metric = keras.saving.serialize_keras_object(self.metric)
        return {"metric": metric, "pad_value": self.pad_value, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config):
        """The metric with these options."""
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})


def real_timesteps(y_true, y_pred, pad_value):
    """1 at real timesteps and 0 at padding, with an entry for each value of a loss.

    Example:
        >>> real_timesteps([[4, 0]], np.zeros((1, 2, 7)), 0)
        [[1., 0.]]

    Args:
        y_true: the target, `(batch, time)`, or `(batch, time, features)`.
        y_pred: the outputs `(batch, time, features)`.
        pad_value: what the target is at padding.
    """
    y_true = ops.convert_to_tensor(y_true)
    real = ops.not_equal(y_true, ops.cast(pad_value, y_true.dtype))
    if len(real.shape) == len(y_pred.shape) or (len(real.shape) > 1 and real.shape[-1] == 1):
        real = ops.any(real, axis=-1)
    return ops.cast(real, "float32")


def combined(weight, given):
    """A weight of timesteps together with given weights of samples or timesteps.

    Example:
        >>> combined([[1.0, 0.0]], [0.5])
        [[0.5, 0.]]
    """
    if given is None:
        return weight
    given = ops.cast(given, "float32")
    missing = len(weight.shape) - len(given.shape)
    return weight * ops.reshape(given, (*ops.shape(given), *[1] * missing))


def _read(value, get, what):
    try:
        found = get(value)
    except (ValueError, TypeError):
        found = None
    if found is None or not callable(found):
        raise TypeError(
            message(
                f"There is no such {what} in Keras.",
                received=f"{what}={told(value)}",
                expected=f"the name of a Keras {what}, an object, or a function of (y_true, y_pred)",
                fix=f"{what}='mse'",
            )
        )
    return found
