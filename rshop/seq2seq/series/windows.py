"""Windows cut out of series: what is read, and the values that come after it."""

import numpy as np

from rshop.errors import message, told


def cut(series: list, known: list | None, starts: list, *, window: int, horizon: int) -> tuple:
    """The windows that end where forecasts start: the values read, the known inputs, the values to come.

    Example:
        >>> read, known, after = cut([np.arange(9.0)[:, None]], None, [[4, 6]], window=3, horizon=2)
        >>> read[..., 0].tolist(), after[..., 0].tolist(), known.shape
        ([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], [[4.0, 5.0], [6.0, 7.0]], (2, 5, 0))

    Args:
        series: arrays `(time, features)`.
        known: likewise, of the known inputs, or None.
        starts: for each series the timesteps that a forecast begins at.
        window: the number of values that are read.
        horizon: the number of values that come; where the series ends earlier there are fewer.

    Returns:
        Arrays `(windows, window, features)`, `(windows, window + horizon, known inputs)`,
        `(windows, horizon, features)`, the windows of the first series first.
    """
    known = known or [np.zeros((len(one) + horizon, 0), "float32") for one in series]
    places = [(i, start) for i, its in enumerate(starts) for start in its]
    read = np.stack([series[i][start - window : start] for i, start in places])
    beside = np.stack([known[i][start - window : start + horizon] for i, start in places])
    return read, beside, np.stack([series[i][start : start + horizon] for i, start in places])


def training_starts(lengths: list, *, window: int, horizon: int, stride: int, validation: float) -> tuple:
    """Where the windows of training start to forecast, and those of validation.

    The last part of each series is kept for validation: no value that is forecast there is seen in training.

    Example:
        >>> training_starts([10], window=2, horizon=2, stride=1, validation=0.4)
        ([[2, 3, 4]], [[6, 7, 8]])

    Args:
        lengths: of the series.
        window, horizon: as in `cut`.
        stride: the number of timesteps from a window to the next.
        validation: the share of the timesteps of each series that is kept.
    """
    training, kept = [], []
    for length in lengths:
        end = length - int(round(length * validation))
        training.append(list(range(window, end - horizon + 1, stride)))
        kept.append(list(range(max(end, window), length - horizon + 1, stride)) if validation else [])
    return training, kept


def origins_of(lengths: list, origins, *, window: int, horizon: int) -> list[list[int]]:
    """Where the forecasts of a backtest start, for each series.

    Example:
        >>> origins_of([20], 3, window=4, horizon=2)
        [[14, 16, 18]]

    Args:
        lengths: of the series.
        origins: the numbers of values that are known at each forecast; or one number of forecasts, a
            horizon apart, of which the last ends with the series.
        window, horizon: as in `cut`.

    Raises:
        TypeError: no whole numbers.
        ValueError: an origin with too little before or behind it, or none.
    """
    if isinstance(origins, (int, np.integer)) and not isinstance(origins, bool) and origins > 0:
        made = [[length - horizon * i for i in range(int(origins), 0, -1)] for length in lengths]
    else:
        array = np.asarray(origins) if not isinstance(origins, (str, bool, type(None))) else np.zeros(0, "O")
        if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
            number = isinstance(origins, (int, np.integer)) and not isinstance(origins, bool)
            raise (ValueError if number else TypeError)(_no_origins(origins))
        made = [[int(origin) for origin in array]] * len(lengths)
    for length, its in zip(lengths, made, strict=True):
        outside = [origin for origin in its if not window <= origin <= length - horizon]
        if outside:
            raise ValueError(
                message(
                    "A forecast of the backtest cannot be made or not be compared.",
                    received=f"an origin after {outside[0]} values, in a series of {length}",
                    expected=f"from {window} values, the window, to {length - horizon}: {horizon} follow",
                    fix="fewer origins, or a longer series",
                )
            )
    return made


def _no_origins(origins):
    return message(
        "`origins` are the numbers of values that are known at each forecast.",
        received=f"origins={told(origins)}",
        expected="a list of whole numbers, or one number of forecasts, a horizon apart",
        fix="origins=10, or origins=range(100, 200, 12)",
    )
