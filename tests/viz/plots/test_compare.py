"""`compare`: two runs with the same colours, and where they part."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import viz
from rshop import GRUCell, trace
from tests.support.cells import assert_close, draws
from tests.support.traces import X, made, odd_values, title


def pair():
    first, second = draws(1, 6, 3), draws(1, 6, 3)
    second[0, 4:] *= -2.0
    return made(first), made(second)


def test_compared_runs_share_symmetric_limits_and_show_where_they_part():
    a, b = pair()
    result = viz.compare(a, b, "v", labels=("forced", "free"))
    largest = np.abs(np.stack([a["v"], b["v"]])).max()
    top, middle, bottom = result.axes
    for ax, one in ((top, a), (middle, b)):
        assert_close(ax.images[0].get_array(), one["v"][0].T, 0)
        assert_close(ax.images[0].get_clim(), [-largest, largest], 1e-6)
    assert_close(bottom.images[0].get_array(), (a["v"] - b["v"])[0].T.astype("float64"), 1e-6)
    assert result.first_divergence == 4
    assert all(ax.lines[0].get_xdata()[0] == 3.5 for ax in result.axes)
    assert [title(ax) for ax in result.axes] == ["v of sample 0: forced", "free", "forced − free"]
    # One colour bar for the two runs, and one for the difference.
    assert len(top.figure.axes) == 5
    assert repr(result).startswith("Comparison of v: first differ at timestep 4, by at most ")


def test_equal_runs_never_part_and_equal_nan_is_equal():
    values = odd_values()
    result = viz.compare(made(values), made(values), "v")
    assert result.first_divergence is None and not result.difference.any()
    assert repr(result) == "Comparison of v: the same at every timestep"
    bar = result.axes[2].images[0].colorbar
    assert bar.get_ticks().tolist() == [0.0]
    assert not any(ax.lines for ax in result.axes)
    other = np.nan_to_num(values, nan=0.0)
    assert viz.compare(made(values), made(other), "v").first_divergence == 1
    assert viz.compare(made(values), made(values + 1e-3), "v", tolerance=0.1).first_divergence is None


def test_what_is_nan_or_infinite_in_one_run_only_is_said_in_words():
    values = draws(1, 6, 3)
    nan, both, inf = values.copy(), values.copy(), values.copy()
    nan[0, 4:] = np.nan
    assert repr(viz.compare(made(values), made(nan), "v")) == (
        "Comparison of v: first differ at timestep 4, NaN in one run only from timestep 4"
    )
    both[0, 2, 1] += 0.5
    both[0, 4:] = np.nan
    assert viz.compare(made(values), made(both), "v", ax=False).text() == (
        "first differ at timestep 2, by at most 0.5, NaN in one run only from timestep 4"
    )
    inf[0, 3, 0], values[0, 3, 0] = np.inf, -np.inf
    assert viz.compare(made(values), made(inf), "v", ax=False).text() == (
        "first differ at timestep 3, infinitely far apart from timestep 3"
    )
    start = np.zeros((1, 7, 3))
    other = start.copy()
    other[0, 0] = np.nan
    pair = [made(draws(1, 6, 3), states={"s": s}) for s in (start, other)]
    assert viz.compare(*pair, "s", ax=False).text() == (
        "first differ at the start, NaN in one run only from the start"
    )


def test_labels_and_tolerance_are_checked():
    for labels in (("a",), "ab", 3, ("a", "b", "c")):
        with pytest.raises(ValueError, match="Two runs have two labels. Received: labels="):
            viz.compare(*pair(), "v", labels=labels)
    for tolerance in ("a", -1, None, float("nan"), True):
        with pytest.raises(ValueError, match="This is no tolerance. Received: tolerance="):
            viz.compare(*pair(), "v", tolerance=tolerance)
    assert plt.get_fignums() == []


def test_gates_are_compared_from_zero_to_one_and_cells_with_each_other(record):
    gru = GRUCell(4, input_dim=2).get_layer(return_sequences=True)
    result = viz.compare(record, trace(gru, X), "h")
    assert result.difference.shape == (4, 7) and result.first_divergence == 0
    same = viz.compare(record, record, "forget_gate")
    assert same.limits == (0.0, 1.0) and same.axes[0].images[0].get_cmap().name == "viridis"


def test_runs_of_other_sizes_are_one_clear_error():
    with pytest.raises(ValueError, match=r"number by number. Received: 'v' of .* \(3, 6\) and \(3, 5\)"):
        viz.compare(made(draws(1, 6, 3)), made(draws(1, 5, 3)), "v")
    with pytest.raises(ValueError, match="Received: 1 axes. Expected: ax=None, or 3 axes"):
        viz.compare(*pair(), "v", ax=plt.subplots()[1])
