"""Backtests: windows, baselines and errors against NumPy; no forecast knows what comes after its origin."""

import re

import numpy as np
import pytest

from rshop.seq2seq import Forecaster
from rshop.seq2seq.series.baselines import find_period, last, seasonal
from rshop.seq2seq.series.windows import cut, origins_of, training_starts

RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(2, 40, 2)).astype("float32").cumsum(axis=1)
KNOWN = RNG.normal(size=(40, 1)).astype("float32")


@pytest.fixture(scope="module", params=["closed", "direct"])
def model(request):
    made = Forecaster(4, 3, window=5, known_future=1, mode=request.param)
    made.fit(SERIES[:, :25], KNOWN[:25], epochs=1, verbose=0)
    return made


def test_each_forecast_is_that_of_predict_at_its_origin(model):
    table = model.backtest(SERIES, [25, 31, 37], KNOWN, period=4)
    assert table.truth.shape == (2, 3, 3, 2)
    for i, origin in enumerate([25, 31, 37]):
        forecast = model.predict(SERIES[:, :origin], KNOWN[: origin + 3])
        np.testing.assert_allclose(table.forecasts["model"][:, i], forecast, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(table.truth[:, i], SERIES[:, origin : origin + 3])
        again = SERIES[:, [origin - 1]].repeat(3, axis=1)
        np.testing.assert_array_equal(table.forecasts["last"][:, i], again)
        before = SERIES[:, origin - 4 : origin - 1]
        np.testing.assert_array_equal(table.forecasts["seasonal"][:, i], before)


@pytest.mark.parametrize("period", [6, None])
def test_no_forecast_knows_a_value_after_its_origin(model, period):
    origins = [26, 30, 34]
    before = model.backtest(SERIES, origins, KNOWN, period=period)
    for i, origin in enumerate(origins):
        changed = SERIES.copy()
        changed[:, origin:] += 1000.0
        after = model.backtest(changed, origins, KNOWN, period=period)
        assert after.period == before.period
        for name in before.names:
            same = after.forecasts[name][:, : i + 1]
            np.testing.assert_array_equal(same, before.forecasts[name][:, : i + 1])


def test_errors_of_a_table_are_those_of_numpy(model):
    table = model.backtest(SERIES, 4, KNOWN, period=4)
    assert table.origins.tolist() == [[28, 31, 34, 37]] * 2
    for name, forecast in table.forecasts.items():
        wrong = np.abs(forecast.astype("float64") - table.truth)
        np.testing.assert_allclose(table[name], [wrong[:, :, h].mean() for h in range(3)], rtol=1e-6)
        np.testing.assert_allclose(table.overall[name], wrong.mean(), rtol=1e-6)
        unit = np.abs(SERIES[:, 4:28].astype("float64") - SERIES[:, :24]).mean(axis=1)
        scaled = [wrong[s, ..., f].mean() / unit[s, f] for s in range(2) for f in range(2)]
        np.testing.assert_allclose(table.scaled[name], np.mean(scaled), rtol=1e-6)
    ratio = table.overall["model"] / table.overall["last"]
    np.testing.assert_allclose(table.ratio["last"], ratio, rtol=1e-6)


def test_a_table_prints_its_numbers_as_text_and_as_html(model):
    table = model.backtest(SERIES, 4, KNOWN, period=4)
    lines = str(table).splitlines()
    assert lines[0] == "Mean absolute error, 4 origins of 2 series"
    assert lines[1].split() == ["model", "last", "seasonal", "(4)"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3", "all", "scaled"]
    written = [float(number) for number in lines[3].split()[2:]]
    np.testing.assert_allclose(written, [table[name][1] for name in table.names], rtol=1e-3)
    html = table._repr_html_()
    corner, *cells = re.findall(r"<td>([^<]*)</td>", html)
    assert corner == "" and "></th>" not in html, "no heading without words"
    assert cells == [word for line in lines[2:] for word in line.split()[-3:]]
    assert repr(table) == str(table)


def test_a_long_horizon_shows_a_dozen_steps_and_keeps_them_all():
    model = Forecaster(2, 30, window=4)
    model.fit(SERIES, epochs=1, verbose=0)
    table = model.backtest(SERIES, [10], period=2)
    labels = [row[0] for row in table.rows()]
    assert len(labels) == 14 and labels[0] == "1 ahead" and labels[11] == "30 ahead"
    assert table["model"].shape == (30,)


def test_a_series_that_never_changes_has_no_scaled_error():
    model = Forecaster(2, 2, window=3)
    model.fit(np.ones(12), epochs=1, verbose=0)
    table = model.backtest(np.ones(12), 2)
    assert table.period == 1 and np.isnan(table.scaled["model"]) and table.overall["last"] == 0
    assert str(table).splitlines()[-1].split() == ["scaled", "-", "-", "-"]
    assert np.isnan(table.ratio["last"])


def test_series_of_other_lengths_are_tested_at_their_ends(model):
    ragged = [SERIES[0], SERIES[1, :33]]
    table = model.backtest(ragged, 2, KNOWN, period=4)
    assert table.origins.tolist() == [[34, 37], [27, 30]]
    np.testing.assert_array_equal(table.truth[1, 1], SERIES[1, 30:33])


def test_windows_are_slices():
    read, beside, after = cut(list(SERIES), [KNOWN, KNOWN + 1], [[5, 9], [20]], window=4, horizon=2)
    for i, (which, start) in enumerate([(0, 5), (0, 9), (1, 20)]):
        np.testing.assert_array_equal(read[i], SERIES[which, start - 4 : start])
        np.testing.assert_array_equal(beside[i], KNOWN[start - 4 : start + 2] + which)
        np.testing.assert_array_equal(after[i], SERIES[which, start : start + 2])


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_windows_of_training_end_where_validation_begins(stride, validation):
    how = {"window": 5, "horizon": 3, "stride": stride, "validation": validation}
    (training,), (kept,) = training_starts([40], **how)
    end = 30 if validation else 40
    every = [s for s in range(5, 40) if s + 3 <= end]
    assert training == every[::stride]
    assert kept == ([s for s in range(30, 40) if s + 3 <= 40][::stride] if validation else [])


def test_one_number_of_origins_counts_back_from_the_end():
    assert origins_of([40, 30], 2, window=5, horizon=4) == [[32, 36], [22, 26]]
    assert origins_of([40], range(10, 16, 2), window=5, horizon=4) == [[10, 12, 14]]


def test_baselines_repeat_what_was_last():
    read = SERIES[:, :10]
    np.testing.assert_array_equal(last(read, 4), np.stack([read[:, 9]] * 4, axis=1))
    expected = np.stack([read[:, t] for t in (7, 8, 9, 7, 8)], axis=1)
    np.testing.assert_array_equal(seasonal(read, 5, 3), expected)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("period", [4, 7, 12, 24])
def test_the_period_of_a_noisy_season_on_a_trend_is_found(period, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(12 * period)
    season = rng.permutation(np.linspace(-2, 2, period))
    values = 0.05 * t + season[t % period] + 0.1 * rng.normal(size=len(t))
    assert find_period([values[:, None]]) % period == 0


def test_what_has_no_season_has_the_period_one():
    assert find_period([np.arange(50.0)[:, None]]) == 1
    assert find_period([np.random.default_rng(0).normal(size=(3000, 1)).cumsum(axis=0)]) == 1
