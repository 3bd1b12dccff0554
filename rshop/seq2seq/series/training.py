"""Training on windows of series, and forecasts from many origins beside the baselines."""

import numpy as np

from rshop.checks import check_count, check_rate
from rshop.seq2seq.compiled import CompiledAgain
from rshop.seq2seq.series import baselines
from rshop.seq2seq.series.backtest import Backtest, change_over
from rshop.seq2seq.series.checks import no_windows, not_fitted
from rshop.seq2seq.series.series import as_known, as_series, check_features, check_long_enough
from rshop.seq2seq.series.windows import cut, origins_of, training_starts


class TrainedOnSeries(CompiledAgain):
    """A Keras model of `[values, known inputs, target]` whose `fit` takes series.

    A subclass has `features`, `horizon`, `window`, `known_future`, `scaling` and `known_scaling`.
    """

    def compile(self, optimizer="adam", loss="mean_squared_error", *, metrics=None, **options):
        """As in `keras.Model`, with defaults; `fit` compiles a model that is not.

        The loss is of scaled values, so that each feature counts alike; metrics are in the units of the
        series.

        Args:
            optimizer, loss, metrics, **options: as in `keras.Model.compile`.
        """
        super().compile(optimizer, loss, metrics=metrics, **options)

    def fit(self, series, known=None, *, stride=1, validation_split=0.0, validation_data=None, **options):
        """Train on every window of the series; returns Keras's `History`.

        The first `fit` measures the scale of the series, which later ones keep; `model.scaling.measure`
        takes that of others.

        Args:
            series: `(time,)`, `(time, features)` or `(batch, time, features)`; or a list of arrays of the
                first two kinds, of any lengths.
            known: the known inputs `(time, known_future)`, one for all series or one for each.
            stride: the number of timesteps from one window to the next.
            validation_split: the share of each series, at its end, that is kept for validation: no value
                that is forecast there is trained on.
            validation_data: series, or with known inputs `(series, known)`.
            **options: those of `keras.Model.fit`: `epochs`, `batch_size`, `verbose`, `callbacks`, ...

        Raises:
            TypeError, ValueError: no numbers, missing values, or a series shorter than a window and a
                horizon.
        """
        check_count("stride", stride, "number of timesteps from one window to the next")
        check_rate("validation_split", validation_split, "share of each series that is kept")
        series, known = self._data(series, known)
        lengths = [len(one) for one in series]
        how = {"window": self.window, "horizon": self.horizon}
        training, kept = training_starts(lengths, stride=stride, validation=validation_split, **how)
        if not any(training) or (validation_split and not any(kept)):
            raise ValueError(no_windows(validation_split))
        if validation_data is not None:
            pair = validation_data if self.known_future else (validation_data, None)
            validation_data = self._all_windows(*self._data(*pair))
        elif validation_split:
            validation_data = self._windows(series, known, kept)
        self._prepare(series, known, training)
        x, y = self._windows(series, known, training)
        return super().fit(x, y, validation_data=validation_data, **options)

    def evaluate(self, series=None, known=None, **options):
        """As in `keras.Model`: loss and metrics of the forecasts from every window of the series.

        Args:
            series, known: as in `fit`.
            **options: those of `keras.Model.evaluate`.
        """
        if "x" in options:  # `fit` evaluates its validation data, of which it made windows
            return super().evaluate(**options)
        x, y = self._all_windows(*self._data(series, known))
        return super().evaluate(x, y, **options)

    def backtest(self, series, origins, known=None, *, period=None, batch_size=None) -> Backtest:
        """The errors of forecasts from many origins, beside those of the baselines `last` and `seasonal`.

        Each forecast reads what lies before its origin and nothing else. The model stays as it is: fit it
        on what lies before the first origin.

        Args:
            series: as in `fit`.
            origins: the numbers of values known at each forecast; or one number of forecasts, a horizon
                apart, of which the last ends with the series.
            known: as in `fit`.
            period: of the baseline `seasonal`, a number of timesteps; by default `find_period` of what lies
                before the first origin.
            batch_size: as in `keras.Model.predict`.

        Returns:
            A `Backtest`, which prints as a table.

        Raises:
            TypeError, ValueError: as in `fit`, or an origin with too little before or behind it.
        """
        if self.features is None:
            raise ValueError(not_fitted())
        series, known = self._data(series, known)
        how = {"window": self.window, "horizon": self.horizon}
        starts = origins_of([len(one) for one in series], origins, **how)
        before = [one[: min(its)] for one, its in zip(series, starts, strict=True)]
        if period is None:
            period = baselines.find_period(before)
        period = check_count("period", period, "number of timesteps after which the series repeats")
        check_long_enough(before, period + 1, f"one more than the period, {period}, before the first origin")
        read, beside, truth = cut(series, known, starts, **how)
        past = cut(series, None, starts, window=period, horizon=self.horizon)[0]
        forecasts = {
            "model": self._predicted(read, beside, batch_size=batch_size, verbose=0),
            "last": baselines.last(read, self.horizon),
            "seasonal": baselines.seasonal(past, self.horizon, period),
        }
        shape = (len(series), len(starts[0]), *truth.shape[1:])
        forecasts = {name: one.reshape(shape) for name, one in forecasts.items()}
        unit = change_over(period, series, starts)
        return Backtest(forecasts, truth.reshape(shape), np.array(starts), period, unit)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As in `keras.Model`, of scaled values."""
        center, size = self.scaling(x[0])
        y, y_pred = (y - center) / size, (y_pred - center) / size
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def _data(self, series, known):
        series = as_series(series)
        check_features(series[0].shape[1], self.features)
        check_long_enough(series, self.window + self.horizon, "a window and a horizon")
        return series, as_known(known, series, self.known_future, ahead=0)

    def _all_windows(self, series, known):
        how = {"window": self.window, "horizon": self.horizon, "stride": 1, "validation": 0.0}
        return self._windows(series, known, training_starts([len(one) for one in series], **how)[0])

    def _windows(self, series, known, starts):
        read, beside, after = cut(series, known, starts, window=self.window, horizon=self.horizon)
        return [read, beside, after], after

    def _prepare(self, series, known, starts):
        # The scale is that of the timesteps that are trained on.
        ends = [its[-1] + self.horizon if its else 0 for its in starts]
        if self.features is None:
            shape = (None, self.window, series[0].shape[1])
            self.build([shape, (None, self.window + self.horizon, self.known_future)])
        if not self.scaling.measured:
            self.scaling.measure([one[:end] for one, end in zip(series, ends, strict=True)])
            if self.known_future:
                self.known_scaling.measure([one[:end] for one, end in zip(known, ends, strict=True)])
        if not self.compiled:
            self.compile()
