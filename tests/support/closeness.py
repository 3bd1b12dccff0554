"""How far two runs of the same network lie apart, in a measure that other processors hold too."""

import numpy as np


def apart(got, expected) -> float:
    """The largest difference of two arrays, in units of the largest expected value (of 1 if that is smaller).

    One float32 operation errs by 6e-8 of its value, a sum by that of its largest term, and each processor
    chooses the order of a sum: where values reach 150, two processors differ by 4e-5 without a fault.

    Example:
        >>> apart([200.0, 1.001], [200.0, 1.0])
        5e-06

    Args:
        got: numbers of any shape.
        expected: numbers of the same shape.
    """
    got, expected = np.asarray(got, "float64"), np.asarray(expected, "float64")
    assert got.shape == expected.shape, f"shape {got.shape}, expected {expected.shape}"
    size = max(1.0, float(np.abs(expected).max(initial=0)))
    return float(np.abs(got - expected).max(initial=0)) / size
