"""`Forecaster`: the next values of a series, several steps ahead, by cells of any kind."""

import copy
from collections.abc import Callable

import keras
from keras import ops

from rshop.cells import GRUCell
from rshop.checks import check_count
from rshop.configs import reading
from rshop.seq2seq.parts import prototype
from rshop.seq2seq.reader import build_layers
from rshop.seq2seq.series.checks import check_mode, not_fitted, other_horizon, wrong_inputs
from rshop.seq2seq.series.scaling import SeriesScaling
from rshop.seq2seq.series.series import as_known, as_series, check_features, check_long_enough
from rshop.seq2seq.series.steps import make_closed, make_direct
from rshop.seq2seq.series.training import TrainedOnSeries
from rshop.seq2seq.series.windows import cut
from rshop.step import teacher_forcing
from rshop.structure import flat, flat_shapes, shape_of


@keras.saving.register_keras_serializable(package="rshop")
class Forecaster(TrainedOnSeries):
    """A model that forecasts series: it reads a window of values and returns those that come next.

    `fit(series)` is all: it measures the scale of the series, cuts windows out of them, and trains. The
    scale is a part of the model and saved with it; `predict` takes and returns values as they are.

    Example:
        >>> model = Forecaster(32, horizon=12)
        >>> model.fit(co2, epochs=30)  # (time,), (time, features), (batch, time, features), or a list
        >>> model.predict(co2).shape
        (1, 12, 1)
        >>> print(model.backtest(co2, origins=10))  # beside the last value, and the last period

        With what is known of the future, a calendar or prices, `(time, 3)` in training::

            >>> model = Forecaster(32, horizon=12, known_future=3)
            >>> model.fit(sales, calendar, epochs=30)
            >>> model.predict(sales, calendar_with_12_more_rows).shape
            (1, 12, 1)

    By `mode`:

    - `"closed"`: one step ahead at a time, each forecast read as the next value (a closed loop). Any
      horizon can be predicted; in training the true values are read (teacher forcing).
    - `"direct"`: all steps ahead at once, by one matrix from the last output of the cells, and from the
      known inputs of the horizon.

    Args:
        units: the number of units of each cell.
        horizon: the number of steps ahead.
        cell: a class of cells, ours or Keras's, or a function that makes one of the number of units.
        mode: `"closed"` or `"direct"`.
        known_future: the number of inputs of a timestep that are known ahead; `known=` has them.
        scale: True: each feature by its mean and standard deviation over all series of the first `fit`.
            `"window"`: each series and feature by those of the window that is read, which suits series with
            a trend, and several of different sizes. False: not at all. Known inputs are scaled by the
            first rule, or not at all.
        depth: the number of cells, one on the other.
        window: the number of values that are read before a forecast; by default two horizons, at least 16.
        teacher_force: how a closed loop learns: True, False (it reads its own forecasts in training too), a
            probability or anything else that `RecurrentModel` takes.
        **model_kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: the values read `(batch, time, features)`, or `[values, known]`, the known inputs
            `(batch, time + horizon, known_future)`. In training `[values, known, target]`.
        training: whether dropout is on, and the target is read as `teacher_force` says.
        mask: booleans `(batch, time)`: the values that are there; the last one of each series has to be.

    Raises:
        TypeError, ValueError: an option of the wrong kind, or that is none of its choices.

    Source:
        S. Ben Taieb et al., A review and comparison of strategies for multi-step ahead time series
        forecasting, 2012 (arXiv:1108.3259): recursive and multiple output.
    """

    def __init__(
        self,
        units: int,
        horizon: int,
        *,
        cell: "type | Callable" = GRUCell,
        mode: str = "closed",
        known_future: int = 0,
        scale: "bool | str" = True,
        depth: int = 1,
        window: int | None = None,
        teacher_force: "bool | float | keras.Variable | Callable" = True,
        **model_kwargs,
    ):
        super().__init__(**model_kwargs)
        # Values of a series in half precision would lose their last digits before they are scaled.
        self.autocast = False
        self.supports_masking = True
        self.units = check_count("units", units, "number of units of each cell")
        self.horizon = check_count("horizon", horizon, "number of steps ahead")
        self.mode = check_mode(mode)
        self.known_future = check_count("known_future", known_future, "number of inputs known ahead", least=0)
        self.depth = check_count("depth", depth, "number of cells")
        window = max(16, 2 * self.horizon) if window is None else window
        self.window = check_count("window", window, "number of values read before a forecast", least=2)
        self.teacher_force = teacher_forcing.check(teacher_force, has_readout=True)
        self.scale = scale
        self.scaling = SeriesScaling(scale, name="scaling")
        self.known_scaling = SeriesScaling(bool(scale), name="known_scaling")
        self._prototype = prototype(cell, self.units, "Forecaster")
        self.features = self.reader = self.decoder = self.head = None

    def build(self, input_shape):
        """Make the parts, for the number of features that a call tells."""
        if self.reader is not None:
            return
        given = flat_shapes(input_shape)
        if any(len(shape) != 3 for shape in given):
            raise ValueError(wrong_inputs(given, "features", self.known_future))
        self.features = given[0][-1]
        if not self.scaling.built:
            self.scaling.build((None, None, self.features))
        self.known_scaling.build((None, None, self.known_future))
        sizes = {"depth": self.depth, "features": self.features, "known": self.known_future}
        if self.mode == "closed":
            parts = make_closed(self._prototype, teacher_force=self.teacher_force, **sizes)
            self.reader, self.decoder = parts
            build_layers(self.reader, self.decoder)
            return
        self.reader = make_direct(self._prototype, **sizes)
        build_layers(self.reader)
        self.head = keras.layers.Dense(self.horizon * self.features, name="head")
        (read,) = flat(self.reader.description.outputs)
        self.head.build((None, read.shape[-1] + self.horizon * self.known_future))

    def call(self, inputs, training=None, mask=None):
        """The forecasts `(batch, horizon, features)`, in the units of the series."""
        given = [ops.cast(x, "float32") for x in (inputs if isinstance(inputs, (list, tuple)) else [inputs])]
        read, known, target = self._named(given)
        # For several inputs Keras hands on a list of masks, of which none may be there.
        carried = [m for m in flat(mask) if m is not None] if mask is not None else []
        mask = ops.cast(carried[0], "bool") if carried else None
        center, size = self.scaling(read, mask=mask)
        x = (read - center) / size
        if mask is not None:
            x = ops.where(mask[:, :, None], x, 0.0)
        if self.known_future:
            middle, width = self.known_scaling(known)
            known = (known - middle) / width
        if self.mode == "direct":
            return self._direct(x, known, mask, training) * size + center
        target = None if target is None else (target - center) / size
        if not training or not teacher_forcing.is_on(self.teacher_force):
            target = None
        forced = target is not None and self.teacher_force is True
        run = self._forced if forced else self._closed
        return run(x, known, target, mask, training) * size + center

    def compute_mask(self, inputs, previous_mask=None):
        """None: every step ahead is there."""

    def _named(self, given):
        features = self.features
        fits = len(given) > 1 if self.known_future else True
        fits = fits and len(given) <= 3 and all(len(x.shape) == 3 for x in given)
        widths = (features, self.known_future, features)
        if not fits or any(x.shape[-1] != n for x, n in zip(given, widths, strict=False)):
            raise ValueError(wrong_inputs([shape_of(x) for x in given], features, self.known_future))
        read, known, target = [*given, None, None][:3]
        if known is None:
            known = ops.zeros((ops.shape(read)[0], _length(read) + self.horizon, 0))
        return read, known, target

    def _closed(self, x, known, target, mask, training):
        n = _length(x)
        before = None if mask is None else mask[:, :-1]
        _, *states = self._read(x[:, :-1], known[:, 1:n], before, training)
        start = {"initial_state": states, "initial_readout": x[:, -1], "training": training}
        if target is not None:
            start["ground_truth"] = target
        if self.known_future:
            y = self.decoder(known[:, n:], **start)
        else:
            y = self.decoder(ops.zeros_like(x[:, 0, :1]), output_length=_length(known) - n, **start)
        return ops.cast(y, "float32")

    def _forced(self, x, known, target, mask, training):
        n, ahead = _length(x), _length(target)
        if mask is not None:
            mask = ops.concatenate([mask, ops.ones_like(target[:, 1:, 0], "bool")], axis=1)
        late = ops.concatenate([x, target[:, :-1]], axis=1)
        y = self._read(late, known[:, 1 : n + ahead], mask, training)[0]
        return ops.cast(y[:, n - 1 :], "float32")

    def _direct(self, x, known, mask, training):
        n = _length(x)
        h = self._read(x, known[:, :n], mask, training)
        if self.known_future:
            ahead = ops.reshape(known[:, n:], (-1, self.horizon * self.known_future))
            h = ops.concatenate([h, ops.cast(ahead, h.dtype)], axis=-1)
        y = ops.reshape(self.head(h), (-1, self.horizon, self.features))
        return ops.cast(y, "float32")

    def _read(self, x, known, mask, training):
        return self.reader([x, known] if self.known_future else x, mask=mask, training=training)

    def predict(self, series, known=None, *, horizon=None, batch_size=None, verbose=0):
        """The values that come after each series, `(batch, horizon, features)`, in its units.

        Only the last `window` values of a series are read.

        Args:
            series: as in `fit`; each of `window` timesteps or more.
            known: the known inputs `(time + horizon, known_future)`, one for all series or one for each.
            horizon: another number of steps ahead, in a closed loop.
            batch_size, verbose: as in `keras.Model.predict`.

        Raises:
            TypeError, ValueError: no numbers, missing values, too short, too few known inputs, or a model
                that was never fitted.
        """
        if self.reader is None:
            raise ValueError(not_fitted())
        if horizon is not None:
            check_count("horizon", horizon, "number of steps ahead")
            if self.mode == "direct" and horizon != self.horizon:
                raise ValueError(other_horizon(horizon, self.horizon))
        ahead = horizon or self.horizon
        series = as_series(series)
        check_features(series[0].shape[1], self.features)
        check_long_enough(series, self.window, "the window that is read")
        known = as_known(known, series, self.known_future, ahead=ahead)
        ends = [[len(one)] for one in series]
        read, beside, _ = cut(series, known, ends, window=self.window, horizon=ahead)
        return self._predicted(read, beside, batch_size=batch_size, verbose=verbose)

    def _predicted(self, read, beside, **options):
        return keras.Model.predict(self, [read, beside], **options)

    def get_config(self):
        """The options as plain JSON values."""
        names = ("units", "horizon", "mode", "known_future", "scale", "depth", "window")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "cell": copy.deepcopy(self._prototype),
            "teacher_force": teacher_forcing.serialize(self.teacher_force),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described; the config is left as it is."""
        known = keras.saving.custom_object_scope(custom_objects or {})
        with reading(config, cls.__name__, "units", "horizon", "cell"), known:
            return cls(**copy.deepcopy(config))


def _length(x):
    return ops.shape(x)[1] if shape_of(x)[1] is None else shape_of(x)[1]
