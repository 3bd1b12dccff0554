"""Forecasts of series whose best forecast is known: near it, and far better than the baselines."""

import keras
import numpy as np
import pytest

from rshop.seq2seq import Forecaster


def autoregressive(seed, steps=1600):
    """`x_t = 1.6 x_{t-1} - 0.8 x_{t-2} + noise`, 20 times as large and around 300."""
    rng = np.random.default_rng(seed)
    x = np.zeros(steps)
    for t in range(2, steps):
        x[t] = 1.6 * x[t - 1] - 0.8 * x[t - 2] + rng.normal()
    return 300 + 20 * x


def best(series, origins, horizon):
    """The means of the next values, given all before: the recurrence without noise."""
    forecasts = []
    for origin in origins:
        x = list((series[origin - 2 : origin] - 300) / 20)
        for _ in range(horizon):
            x.append(1.6 * x[-1] - 0.8 * x[-2])
        forecasts.append(300 + 20 * np.array(x[2:]))
    return np.array(forecasts)


@pytest.mark.parametrize("mode", ["closed", "direct"])
@pytest.mark.parametrize("seed", [0])
def test_an_autoregressive_process_is_forecast_nearly_as_well_as_can_be(seed, mode):
    keras.utils.set_random_seed(seed)
    series = autoregressive(seed)
    model = Forecaster(12, 4, mode=mode, window=8)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(series[:1200], epochs=20, batch_size=64, verbose=0)
    origins = range(1200, 1597)
    table = model.backtest(series, origins)
    optimum = np.abs(best(series, origins, 4) - table.truth[0, ..., 0]).mean()
    assert table.overall["model"] < 1.1 * optimum
    assert table.ratio["last"] < 0.8 and table.ratio["seasonal"] < 0.8


def test_a_promotion_that_is_known_ahead_is_used():
    """Sales double on days that only the known input tells of; without it they cannot be foreseen."""
    rng = np.random.default_rng(0)
    promotion = (rng.random(700) < 0.3).astype("float32")
    sales = 50 * (1 + promotion) + rng.normal(size=700)
    errors = {}
    for known, mode in ((0, "closed"), (1, "closed"), (1, "direct")):
        keras.utils.set_random_seed(0)
        model = Forecaster(8, 3, mode=mode, window=4, known_future=known)
        model.compile(keras.optimizers.Adam(0.02))
        beside = promotion[:, None] if known else None
        model.fit(sales[:500], None if beside is None else beside[:500], epochs=20, verbose=0)
        errors[known, mode] = model.backtest(sales, 60, beside).overall["model"]
    assert max(errors[1, "closed"], errors[1, "direct"]) < 3.0 < 15.0 < errors[0, "closed"]
