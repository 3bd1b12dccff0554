"""When two numbers count as the same."""

import numpy as np

from viz.plots import parting

ONE = np.array([1.0, 1.0, np.nan, np.nan, np.inf, np.inf, np.inf])
OTHER = np.array([1.000001, 1.1, np.nan, 1.0, np.inf, -np.inf, 1.0])


def test_what_is_nearer_than_the_tolerance_or_odd_alike_is_near():
    assert parting.near(ONE, OTHER).tolist() == [True, False, True, False, True, False, False]
    assert parting.near(ONE, OTHER, 0.2).tolist() == [True, True, True, False, True, False, False]


def test_what_is_odd_alike_is_not_apart():
    found = parting.difference(ONE, OTHER)
    np.testing.assert_allclose(found, [-1e-6, -0.1, 0, np.nan, 0, np.inf, np.inf], rtol=1e-6)
