"""Properties that the checks of several lessons look for."""

import numpy as np

from .outcome import expect


def expect_layer(layer):
    """End the check with `differs` unless this is a recurrent layer of rshop.

    Example:
        >>> expect_layer(rshop.LSTMCell(3).get_layer())
    """
    expect(hasattr(layer, "get_cell"), f"It returns a {type(layer).__name__}, not a layer of rshop.")


def best_linear(target, *seen):
    """The best linear function of what was seen (and 1): how wrong it is at most, and its matrix.

    Example:
        >>> wrong, matrix = best_linear(3 * x + 1, x)  # x of shape (60, 1)
        >>> wrong < 1e-9, matrix.ravel()
        (True, array([3., 1.]))

    Args:
        target: `(samples, numbers)`.
        *seen: arrays `(samples, ...)`, side by side in the rows of the matrix; the last row is that of 1.
    """
    A = np.concatenate([*seen, np.ones((len(target), 1))], axis=1).astype("float64")
    matrix, *_ = np.linalg.lstsq(A, target.astype("float64"))
    return np.abs(A @ matrix - target).max(), matrix
