"""What every test of a gradient has: its figures are closed."""

import pytest


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")
