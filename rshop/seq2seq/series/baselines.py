"""Forecasts that a model has to beat: the last value again, and the last period again."""

import numpy as np


def last(read: np.ndarray, horizon: int) -> np.ndarray:
    """The last value, again and again.

    Example:
        >>> last(np.array([[[1.0], [5.0]]]), 3)[0, :, 0].tolist()
        [5.0, 5.0, 5.0]

    Args:
        read: `(batch, time, features)`.
        horizon: the number of steps ahead.
    """
    return np.repeat(read[:, -1:], horizon, axis=1)


def seasonal(read: np.ndarray, horizon: int, period: int) -> np.ndarray:
    """The values of the last period, again and again.

    Example:
        >>> seasonal(np.array([[[1.0], [5.0], [7.0]]]), 3, period=2)[0, :, 0].tolist()
        [5.0, 7.0, 5.0]

    Args:
        read: `(batch, time, features)`, of `period` timesteps or more.
        horizon: the number of steps ahead.
        period: the number of timesteps after which the series repeats.
    """
    return read[:, read.shape[1] - period + np.arange(horizon) % period]


def find_period(series: list) -> int:
    """The number of timesteps after which series repeat: where their changes are most like themselves.

    It is the lag of the largest autocorrelation of the differences, after the first that is negative, and 1
    where no lag has one of 0.2 or more. Lags up to a third of the shortest series are tried.

    Example:
        >>> find_period([np.sin(np.arange(60)[:, None] * 2 * np.pi / 12)])
        12

    Args:
        series: arrays `(time, features)`.
    """
    longest = min(len(one) for one in series) // 3
    if longest < 2:
        return 1
    like = np.mean([_autocorrelation(column, longest) for one in series for column in one.T], axis=0)
    negative = np.flatnonzero(like < 0)
    if not len(negative):
        return 1
    lag = negative[0] + int(np.argmax(like[negative[0] :]))
    return lag if like[lag] >= 0.2 else 1


def _autocorrelation(values, longest):
    # Differences have no trend. Each lag has the mean of its own pairs, else long lags would seem weaker.
    changes = np.diff(values.astype("float64"))
    changes -= changes.mean()
    power = np.mean(changes**2)
    if not power > 0:
        return np.zeros(longest + 1)
    pairs = [np.mean(changes[lag:] * changes[: len(changes) - lag]) for lag in range(longest + 1)]
    return np.array(pairs) / power
