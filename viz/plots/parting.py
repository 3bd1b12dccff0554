"""When two runs count as the same: the rule of `compare` and of an inspector with a run beside it."""

import numpy as np

#: Numbers that are nearer than this are the same.
TOLERANCE = 1e-5


def difference(first, second) -> np.ndarray:
    """The first minus the second; 0 where both are the same, NaN and infinity included.

    Example:
        >>> difference(np.array([1.0, np.nan, np.inf]), np.array([0.5, np.nan, np.inf])).tolist()
        [0.5, 0.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        return np.where(_same(first, second), 0.0, first - second)


def near(first, second, tolerance=TOLERANCE) -> np.ndarray:
    """Whether numbers are the same up to `tolerance`; NaN is the same as NaN.

    Example:
        >>> near(np.array([1.0, 1.0, np.nan]), np.array([1.000001, 1.1, np.nan])).tolist()
        [True, False, True]
    """
    with np.errstate(invalid="ignore"):
        return _same(first, second) | (np.abs(first - second) <= tolerance)


def _same(a, b):
    return (a == b) | (np.isnan(a) & np.isnan(b))
