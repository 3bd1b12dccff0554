"""`gates`: the fraction that is closed and open, for whatever cell."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import RecurrentModel, trace
from tests.support.cells import assert_close, draws
from tests.support.traces import X, made
from viz.plots.gates import saturation
from viz.style.plot_axes import note_of


def bands(ax):
    """For each band from above: the fractions of closed and of open."""
    found = []
    for closed, _, opened in zip(*[iter(ax.patches)] * 3, strict=True):
        low, high = closed.get_data(), opened.get_data()
        found.append(((low.values - low.baseline) / 0.8, (high.values - high.baseline) / 0.8))
    return found[::-1]


def test_saturation_is_the_fraction_under_and_over(record):
    ax = viz.gates(record, ["input_gate", "forget_gate"])
    for name, (closed, opened) in zip(("input_gate", "forget_gate"), bands(ax), strict=True):
        gate = record[name]
        assert_close(closed, (gate < 0.1).mean(axis=(0, 2)), 1e-6)
        assert_close(opened, (gate > 0.9).mean(axis=(0, 2)), 1e-6)
        assert closed.any() or opened.any()


def test_gates_are_found_whatever_the_cell(record):
    gates = ["input gate", "forget gate", "output gate"]
    names = [label.get_text() for label in viz.gates(record).get_yticklabels()]
    assert sorted(names) == sorted(gates)
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    leak = layers.Dense(3, activation="sigmoid", name="leak")(x)
    n = leak * h + (1.0 - leak) * ops.tanh(layers.Dense(3)(x))
    mine = trace(RecurrentModel(x, n, h, n), X)
    assert "leak" in [label.get_text() for label in viz.gates(mine).get_yticklabels()]


def test_masked_timesteps_are_no_saturation():
    values = np.array([[[0.0, 0.0], [1.0, 1.0]], [[1.0, 0.5], [0.5, 0.5]]])
    mask = np.array([[True, False], [True, False]])
    closed, opened = saturation(values, mask)
    assert (closed[0], opened[0]) == (0.5, 0.25)
    assert np.isnan(closed[1]) and np.isnan(opened[1])
    assert viz.gates(made(values, mask=mask), "v")
    assert viz.gates(made(values, mask=~mask & False), "v")


def names_of(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_gate_that_is_stuck_is_drawn_and_named_in_the_note():
    """Two that are stuck open, one that is stuck shut, one that moves; and token ids that never change."""
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    moving = layers.Dense(3, activation="sigmoid", name="moving")(x)
    ends = {"open_1": 1000.0, "open_2": 1000.0, "shut": -1000.0}
    ends = [layers.Activation("sigmoid", name=name)(x * 0 + end) for name, end in ends.items()]
    n = moving * h + ends[0] * ops.tanh(x) + ends[1] * h + ends[2] * h
    ax = viz.gates(trace(RecurrentModel(x, n, h, n), draws(2, 5, 3)))
    found = dict(zip(names_of(ax), bands(ax)[::-1], strict=True))
    assert {"moving", "open 1", "open 2", "shut"} <= set(found)
    assert_close([found["open 1"][1], found["open 2"][1], found["shut"][0]], np.ones((3, 5)), 1e-9)
    assert "never changing: " in note_of(ax) and "open 2" in note_of(ax) and "moving" not in note_of(ax)
    with pytest.raises(ValueError, match="there is no gate to draw"):
        tokens = made(X)
        tokens._values._arrays.update(v=np.ones((3, 7), "int32"))
        viz.gates(tokens)


def test_one_gate_of_one_unit_at_one_timestep_is_drawn():
    ax = viz.gates(made([[[0.95]]]))
    assert names_of(ax) == ["v"] and bands(ax)[0][1].tolist() == pytest.approx([1.0])
    assert note_of(ax) == "all 0.95"
    with pytest.raises(ValueError, match="there is no gate to draw"):
        viz.gates(made([[[0.0]]]))  # as the zeros of a first state leave behind


def test_long_names_of_gates_stay_apart_and_leave_room():
    long = "the_extraordinarily_long_name_of_a_layer_that_a_careful_student_wrote_down_in_full"
    two = made(np.abs(X) / 10, f"input_{long}_1")
    two._values._arrays[f"input_{long}_2"] = np.abs(X) / 20
    ax = viz.gates(two)
    assert len(set(names_of(ax))) == 2 and all("…" in name and len(name) < 30 for name in names_of(ax))
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    seen = [*ax.get_yticklabels(), ax.xaxis.label, ax.get_legend(), ax._left_title]
    for box in [one.get_window_extent() for one in seen]:
        assert box.x0 >= whole.x0 and box.x1 <= whole.x1 and box.y0 >= whole.y0 and box.y1 <= whole.y1


def test_names_of_gates_are_checked(record):
    with pytest.raises(ValueError, match=r"no gate to draw among these names. Received: names=\[\]"):
        viz.gates(record, [])
    with pytest.raises(TypeError, match="no gate to draw among these names. Received: names=5"):
        viz.gates(record, 5)


def test_nan_in_a_gate_is_marked():
    values = np.full((1, 3, 2), 0.95)
    values[0, 1, 0] = np.nan
    ax = viz.gates(made(values), "v")
    ((_, opened),) = bands(ax)
    assert_close(opened, [1.0, 0.5, 1.0], 1e-6)
    assert ax.collections[0].get_offsets()[:, 0].tolist() == [1]


def test_what_is_no_gate_is_one_clear_error(record):
    with pytest.raises(ValueError, match="'c' is no gate: it leaves 0 to 1. Received: range -"):
        viz.gates(record, "c")
    with pytest.raises(ValueError, match="there is no gate to draw"):
        viz.gates(made(draws(1, 4, 3)))
