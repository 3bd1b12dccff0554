"""Plots of a trace: what is on the axes are the numbers of the trace, and nothing is hidden."""

import subprocess
import sys

import keras
import matplotlib
import numpy as np
import pytest
from keras import layers, ops
from matplotlib import pyplot as plt
from PIL import Image

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, Trace, trace
from tests.support.cells import accumulator, assert_close, draws, randomize
from viz.plots.gates import saturation
from viz.plots.label_place import beside
from viz.plots.projection import Projection
from viz.style.plot_axes import note_of, printable

matplotlib.use("Agg")

X = draws(3, 7, 2)


@pytest.fixture(autouse=True)
def drawn_and_closed():
    """Whatever was drawn can be rendered, without a warning."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


@pytest.fixture(scope="module")
def record():
    keras.utils.set_random_seed(0)
    rnn = LSTMCell(4, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    randomize(rnn, scale=1.5)
    return trace(rnn, X)


def made(values, name="v", mask=None, states=None):
    """A trace of one value `(batch, time, ...)`."""
    values = np.asarray(values, "float32")
    return Trace({name: values}, inputs=None, outputs=values, states=states or {}, readout=None, mask=mask)


def title(ax):
    return ax.get_title(loc="left")


def odd_values():
    values = draws(1, 5, 3)
    values[0, 1, 0], values[0, 2, 1], values[0, 3, 2], values[0, 4, 0] = np.nan, np.inf, -np.inf, 7.0
    return values


# heatmap ------------------------------------------------------------------------------------------


def test_a_heatmap_shows_every_unit_at_every_timestep(record):
    ax = viz.heatmap(record, "candidate", sample=1)
    (image,) = ax.images
    assert_close(image.get_array(), record["candidate"][1].T, 0)
    assert image.get_extent() == [-0.5, 6.5, 3.5, -0.5]
    assert title(ax) == "candidate, sample 1" and note_of(ax).startswith("range ")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("timestep", "unit")


def test_signed_values_are_centred_on_zero_and_gates_go_from_zero_to_one(record):
    image = viz.heatmap(record, "c").images[0]
    largest = np.abs(record["c"][0]).max()
    assert image.get_cmap().name == "RdBu_r"
    assert_close(image.get_clim(), [-largest, largest], 1e-6)
    image = viz.heatmap(record, "forget_gate").images[0]
    assert image.get_cmap().name == "viridis" and image.get_clim() == (0.0, 1.0)
    image = viz.heatmap(made(np.zeros((1, 2, 2))), "v").images[0]
    assert image.get_cmap().name == "RdBu_r" and image.get_clim() == (-1.0, 1.0)


def test_a_state_begins_with_its_start(record):
    ax = viz.heatmap(made(X, states={"s": draws(3, 8, 2)}), "s")
    assert ax.images[0].get_array().shape == (2, 8)
    assert ax.images[0].get_extent()[:2] == [-1.5, 6.5]
    ax.figure.canvas.draw()
    assert ax.get_xticklabels()[0].get_text() == "start"


def test_a_state_begins_with_its_start_although_an_inner_value_has_its_name(record):
    ax = viz.heatmap(record, "c", sample=1)
    assert "c" in record.names and record["c"].shape == (3, 7, 4)
    assert_close(ax.images[0].get_array(), record.states["c"][1].T, 0)
    assert ax.images[0].get_extent() == [-1.5, 6.5, 3.5, -0.5]
    assert viz.compare(record, record, "c", ax=False).difference.shape == (4, 7)


def test_a_name_in_full_is_meant_whatever_else_ends_with_it():
    named = made(X, "low/h", states={"h": draws(3, 8, 2)})
    named._values._arrays["high/h"] = X
    assert viz.heatmap(named, "h").images[0].get_array().shape == (2, 8)
    assert viz.attention_map(named, "h").images[0].get_array().shape == (8, 2)


def test_nan_infinity_and_clipped_values_are_marked_and_counted():
    ax = viz.heatmap(made(odd_values()), "v", limits=(-3, 3))
    marks = [tuple(points.get_offsets()[0]) for points in ax.collections]
    assert marks == [(1, 0), (2, 1), (3, 2), (4, 0)]
    note = note_of(ax)
    for words in (" to 7", "1 NaN (x)", "1 +infinity (▲)", "1 -infinity (▼)", "1 clipped (○)"):
        assert words in note
    assert ax.images[0].get_clim() == (-3.0, 3.0)
    assert ax.images[0].get_array().mask.sum() == 3


def test_without_limits_nothing_is_clipped():
    ax = viz.heatmap(made(odd_values()), "v")
    assert ax.images[0].get_clim() == (-7.0, 7.0) and "clipped" not in note_of(ax)
    ax = viz.heatmap(made(np.full((1, 2, 2), np.nan)), "v")
    assert note_of(ax) == "no finite value, 4 NaN (x)"


def test_masked_timesteps_are_hatched():
    mask = np.array([[1, 1, 1, 1, 1, 1, 0]] * 3, bool)
    ax = viz.heatmap(made(X, mask=mask), "v")
    (patch,) = ax.patches
    assert (patch.get_x(), patch.get_width(), patch.get_hatch()) == (5.5, 1.0, "////")
    assert note_of(ax).endswith("hatched: masked")


def test_thousands_of_units_share_cells_and_the_farthest_from_zero_shows():
    values = draws(1, 5, 4096)
    values[0, 2, 4000] = -50.0
    values[0, 3, 17] = np.nan
    ax = viz.heatmap(made(values), "v")
    shown = ax.images[0].get_array()
    groups = values[0].reshape(5, 512, 8)
    assert shown.shape == (512, 5) and shown.min() == -50.0
    assert_close(np.abs(shown[:, 0]), np.abs(groups[0]).max(axis=-1), 0)
    assert shown.mask.sum() == 1 and shown.mask[2, 3]
    assert "8 units share a cell, the one farthest from 0 shows" in note_of(ax)
    assert ax.get_ylim() == (4095.5, -0.5)


def test_images_are_laid_out_flat_and_numbers_have_one_row():
    values = draws(1, 3, 4, 2, 2)
    ax = viz.heatmap(made(values), "v")
    assert_close(ax.images[0].get_array(), values[0].reshape(3, 16).T, 0)
    assert "4 x 2 x 2, laid out flat" in ax.get_ylabel()
    ax = viz.heatmap(made(draws(1, 3)), "v")
    assert ax.images[0].get_array().shape == (1, 3)


def test_one_timestep_and_one_unit_are_drawn():
    ax = viz.heatmap(made([[[0.25]]]), "v")
    assert ax.images[0].get_array().tolist() == [[0.25]]


def test_names_are_written_as_they_are():
    for name in ("猫", "$x_1$", "<script>alert(1)</script>", "_hidden", "a/b"):
        assert title(viz.heatmap(made(X, name), name)) == printable(f"{name}, sample 0")
    assert printable("猫$x$é") == "\\u732b\\$x\\$é"


def test_a_long_name_stands_in_the_title_and_short_at_the_colour_bar():
    name = "gate_the_extraordinarily_long_name_of_a_layer_that_a_careful_student_wrote_down_in_full"
    ax = viz.heatmap(made(X, name), name)
    ax.figure.canvas.draw()
    assert title(ax).replace("\n", "").startswith(name[:60])
    label = ax.figure.axes[1].yaxis.label
    assert label.get_text().startswith("gate_the") and label.get_text().endswith("…")
    box, whole = label.get_window_extent(), ax.figure.bbox
    assert box.y0 >= whole.y0 and box.y1 <= whole.y1
    assert viz.heatmap(made(X, "v"), "v").figure.axes[1].get_ylabel() == "v"


def test_a_plot_goes_on_the_axes_that_are_given(record):
    figure, (left, right) = plt.subplots(1, 2)
    assert viz.heatmap(record, "c", ax=left) is left
    assert viz.gates(record, ax=right) is right
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("draw", [viz.heatmap, viz.trajectory, viz.gates, viz.attention_map, viz.animate])
def test_what_is_not_there_is_one_clear_error(draw, record):
    with pytest.raises(ValueError, match="No values of this trace are called 'q'.*Expected: one of.*'c'"):
        draw(record, "q")
    with pytest.raises(TypeError, match="This is no trace. Received: .*Fix: record = rshop.trace"):
        draw(accumulator(2), "h")
    with pytest.raises(ValueError, match=r"nothing to draw in 'v'. Received: values of shape \(1, 0, 3\)"):
        draw(made(np.zeros((1, 0, 3))), "v")


def test_samples_and_limits_are_checked(record):
    for sample in (3, -1, 1.5, True):
        with pytest.raises(ValueError, match="no such sample in the batch. .*from 0 to 2"):
            viz.heatmap(record, "c", sample=sample)
    for limits in ((1, 1), (0, np.nan), "ab", 3, (1, 2, 3)):
        with pytest.raises(ValueError, match="no limits of a colour scale"):
            viz.heatmap(record, "c", limits=limits)
    with pytest.raises(ValueError, match="2 values of this trace are called 'h'"):
        two = Trace({"a/h": X, "b/h": X}, inputs=None, outputs=X, states={}, readout=None, mask=None)
        viz.heatmap(two, "h")


def test_inputs_outputs_and_readout_can_be_drawn(record):
    assert_close(viz.heatmap(record, "inputs").images[0].get_array(), X[0].T, 0)
    assert_close(viz.heatmap(record, "outputs").images[0].get_array(), record.outputs[0].T, 0)


# trajectory ---------------------------------------------------------------------------------------


def test_a_trajectory_is_the_projection_on_the_two_principal_components(record):
    ax = viz.trajectory(record, "c")
    states = record.states["c"].astype("float64").reshape(-1, 4)
    values, vectors = np.linalg.eigh(np.cov(states.T))
    for place, order in ((0, -1), (1, -2)):
        expected = ((states - states.mean(axis=0)) @ vectors[:, order]).reshape(3, 8)
        drawn = np.array([line.get_xydata()[:, place] for line in ax.lines])
        sign = np.sign((drawn * expected).sum())
        assert_close(drawn, sign * expected, 1e-5)
    share = round(100 * values[-1] / values.sum())
    assert ax.get_xlabel() == f"component 1 ({share} % of the variance)"
    assert title(ax) == "c, 3 samples" and ax.get_aspect() == 1.0


def test_one_path_lies_among_the_directions_of_all(record):
    whole = viz.trajectory(record, "c").lines[1].get_xydata()
    ax = viz.trajectory(record, "c", sample=1)
    (line,) = ax.lines
    assert_close(line.get_xydata(), whole, 0)
    assert "start" in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("turn", [0.155, 0.157, 0.16, -0.155, -0.16])
def test_the_texts_of_start_and_end_keep_away_from_each_others_marks(turn):
    angles = turn * np.arange(41)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None].astype("float32")
    with matplotlib.rc_context({"font.size": 16}):
        ax = viz.trajectory(made(circle[:, 1:], states={"s": circle}), "s")
        ax.figure.canvas.draw()
        ends = ax.transData.transform(ax.lines[0].get_xydata()[[0, -1]])
        start = next(text for text in ax.texts if text.get_text() == "start").get_window_extent()
        half = 5 * ax.figure.dpi / 72  # of the square and of the ring
        marks = [matplotlib.transforms.Bbox([end - half, end + half]) for end in ends]
        assert not start.overlaps(marks[0]) and not start.overlaps(marks[1])


def test_a_number_stands_off_the_path(record):
    turns = 0.3 * np.arange(60)
    spiral = np.exp(-turns / 12) * np.stack([np.cos(turns), np.sin(turns)])
    for values in (spiral.T[None], np.outer(np.arange(9.0), [1.0, 0.0])[None], record.states["c"][:1]):
        ax = viz.trajectory(made(values), "v")
        ax.figure.canvas.draw()
        path = ax.transData.transform(ax.lines[0].get_xydata())
        parts = np.linspace(0, 1, 50)[:, None, None]
        dense = (path[:-1] * (1 - parts) + path[1:] * parts).reshape(-1, 2)
        numbers = [text for text in ax.texts if text.get_text().isdigit()]
        assert len(numbers) > 2
        for text in numbers:
            box = text.get_window_extent()
            assert not ((dense > box.min) & (dense < box.max)).all(axis=1).any(), text


def test_a_text_stands_on_the_free_side_of_a_corner():
    corner = np.array([[-40.0, -40.0], [0.0, 0.0], [40.0, -40.0]])
    assert beside(corner, 1, (8, 10)) == (0.0, 12.5)
    assert beside(-corner, 1, (8, 10)) == (0.0, -12.5)
    assert beside(corner, 1, (8, 10), taken=[(-5, 5, 5, 25)])[1] < 12.5
    # No direction of its own: the only point, or neighbours that are not finite.
    assert np.hypot(*beside(corner[:1], 0, (8, 10))) > 10
    assert np.isfinite(beside(np.where([[0], [1], [0]], corner, np.nan), 1, (8, 10))).all()


def bar_ticks(ax):
    ax.figure.canvas.draw()
    bar = ax.figure.axes[1]
    low, high = bar.get_ylim()
    shown = zip(bar.get_yticks(), bar.get_yticklabels(), strict=True)
    return [label.get_text() for place, label in shown if low <= place <= high]


def test_the_colours_of_timesteps_have_whole_numbers_and_the_start():
    state = made(X[:, :1], states={"s": draws(3, 2, 2)})
    assert bar_ticks(viz.trajectory(state, "s")) == ["start", "0"]
    assert bar_ticks(viz.trajectory(made(X[:, :1]), "v")) == ["0"]
    labels = bar_ticks(viz.trajectory(long_state(20), "s"))
    assert labels[0] == "start" and all(label.isdigit() for label in labels[1:])
    labels = bar_ticks(viz.trajectory(long_state(1000), "s"))
    assert labels[0] == "start" and "0" not in labels and labels[-1] == "800"


def test_the_lines_of_several_samples_are_told_apart(record):
    legend = viz.trajectory(record, "c").get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["sample 0", "sample 1", "sample 2"]
    assert viz.trajectory(record, "c", sample=1).get_legend() is None
    ax = viz.trajectory(made(draws(24, 3, 2)), "v")
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == 24 and len(ax.get_legend().get_texts()) == 24
    ax = viz.trajectory(made(draws(25, 3, 2)), "v")
    assert ax.get_legend() is None and note_of(ax).endswith("lines repeat after 24 samples")


def test_a_long_path_is_drawn_finer():
    looks = []
    for steps in (20, 60, 1000):
        ax = viz.trajectory(made(draws(1, steps, 3)), "v")
        looks.append((ax.lines[0].get_linewidth(), ax.collections[0].get_sizes()[0]))
    assert looks[0] == looks[1] == (1.2, 16)
    assert_close(looks[2], np.array(looks[0]) * (60 / 1000) ** 0.5, 1e-9)


def test_tiny_numbers_leave_no_exponent_over_the_note():
    ax = viz.trajectory(made(draws(1, 5, 3) * 1e-9), "v")
    ax.figure.canvas.draw()
    assert ax.yaxis.get_offset_text().get_text() == ax.xaxis.get_offset_text().get_text() == ""
    assert all(label.get_text() == "0" or "e" in label.get_text() for label in ax.get_yticklabels())


def test_the_sign_of_a_direction_is_settled():
    rows = draws(20, 3)
    directions = Projection.of(rows).directions
    assert (directions[np.abs(directions).argmax(axis=0), [0, 1]] > 0).all()
    assert_close(directions.T @ directions, np.eye(2), 1e-9)
    assert_close(Projection.of(np.outer(np.arange(5.0), [1.0, 2.0])).shares, [1.0, 0.0], 1e-12)


@pytest.mark.parametrize(
    "values",
    [np.zeros((1, 1, 3)), draws(1, 6, 1), draws(2, 1, 5), np.zeros((2, 4, 3)), draws(1, 4, 2, 2, 1)],
    ids=["one point", "one unit", "one timestep", "no variance", "images"],
)
def test_a_trajectory_of_little_is_drawn(values):
    ax = viz.trajectory(made(values), "v")
    assert len(ax.lines) == len(values)
    assert np.isfinite(ax.lines[0].get_xydata()).all()


def test_points_that_are_not_finite_are_left_out_and_counted():
    ax = viz.trajectory(made(odd_values()), "v")
    assert np.isnan(ax.lines[0].get_xydata()).all(axis=1).tolist() == [False, True, True, True, False]
    assert "3 points left out" in note_of(ax)
    assert viz.trajectory(made(np.full((1, 3, 2), np.inf)), "v").lines


def test_four_thousand_units_have_a_trajectory():
    assert viz.trajectory(made(draws(1, 20, 4096)), "v").lines[0].get_xydata().shape == (20, 2)


# gates --------------------------------------------------------------------------------------------


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
    gates = ["input_gate", "forget_gate", "output_gate"]
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
    assert {"moving", "open_1", "open_2", "shut"} <= set(found)
    assert_close([found["open_1"][1], found["open_2"][1], found["shut"][0]], np.ones((3, 5)), 1e-9)
    assert "never changing: " in note_of(ax) and "open_2" in note_of(ax) and "moving" not in note_of(ax)
    with pytest.raises(ValueError, match="there is no gate to draw"):
        tokens = made(X)
        tokens._values._arrays.update(v=np.ones((3, 7), "int32"))
        viz.gates(tokens)


def test_one_gate_of_one_unit_at_one_timestep_is_drawn():
    ax = viz.gates(made([[[0.95]]]))
    assert names_of(ax) == ["v"] and bands(ax)[0][1].tolist() == pytest.approx([1.0])
    assert note_of(ax) == "range 0.95 to 0.95"
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


# compare ------------------------------------------------------------------------------------------


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
    assert title(top) == "v, forced, sample 0" and title(bottom) == "Difference: forced - free"
    assert repr(result).startswith("Comparison of v: first differ at timestep 4, by at most ")


def test_equal_runs_never_part_and_equal_nan_is_equal():
    values = odd_values()
    result = viz.compare(made(values), made(values), "v")
    assert result.first_divergence is None and not result.difference.any()
    assert repr(result) == "Comparison of v: the same at every timestep"
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


# attention_map ------------------------------------------------------------------------------------


def softmax(values):
    e = np.exp(values)
    return e / e.sum(axis=-1, keepdims=True)


def test_an_attention_map_has_a_row_a_timestep_and_a_column_a_place():
    weights = softmax(draws(2, 7, 5))
    ax = viz.attention_map(made(weights), "v", sample=1, memory=list("abcde"), outputs=range(7))
    assert_close(ax.images[0].get_array(), weights[1], 0)
    assert ax.images[0].get_clim() == (0.0, 1.0) and ax.images[0].get_cmap().name == "viridis"
    assert [t.get_text() for t in ax.get_xticklabels()] == list("abcde")
    assert note_of(ax).endswith("rows sum to 1")


def test_heads_are_shown_one_at_a_time_or_as_their_mean():
    weights = softmax(draws(1, 4, 3, 1, 5))
    assert_close(viz.attention_map(made(weights), "v", head=2).images[0].get_array(), weights[0, :, 2, 0], 0)
    ax = viz.attention_map(made(weights), "v")
    assert_close(ax.images[0].get_array(), weights[0].mean(axis=1)[:, 0], 1e-6)
    assert title(ax) == "v, sample 0, mean of 3 heads"
    with pytest.raises(ValueError, match="no such head. Received: head=3"):
        viz.attention_map(made(weights), "v", head=3)


def test_axes_of_size_1_are_left_out_wherever_they_are():
    """Bahdanau's usual form: Dense(1), then a softmax over the places."""
    weights = softmax(draws(2, 4, 7))
    for shape in ((2, 4, 7, 1), (2, 4, 1, 7), (2, 4, 1, 7, 1)):
        ax = viz.attention_map(made(weights.reshape(shape)), "v", sample=1, memory=list("abcdefg"))
        assert_close(ax.images[0].get_array(), weights[1], 0)
        assert title(ax) == "v, sample 1" and note_of(ax).endswith("rows sum to 1")
        assert [t.get_text() for t in ax.get_xticklabels()] == list("abcdefg")
    ax = viz.attention_map(made(np.ones((1, 4, 1, 1))), "v")
    assert ax.images[0].get_array().shape == (4, 1)


def test_only_weights_have_a_mean_of_their_heads():
    keys = draws(1, 4, 7, 8)
    for values in (keys, np.abs(keys), softmax(keys) * 2):
        with pytest.raises(ValueError, match="no mean of its heads: its rows are no weights. .*Fix: head=0"):
            viz.attention_map(made(values), "v")
    ax = viz.attention_map(made(keys), "v", head=3)
    assert_close(ax.images[0].get_array(), keys[0, :, 3], 0)
    masked = softmax(keys)
    masked[0, 1] = 0.0  # where every place is masked
    masked[0, 2, 5] = np.nan
    shown = viz.attention_map(made(masked), "v").images[0].get_array()
    assert_close(shown[0], masked[0, 0].mean(axis=0), 1e-6)
    assert shown.mask[2].all() and not shown.mask[[0, 1, 3]].any()
    with pytest.raises(ValueError, match="no such head. Received: head=True"):
        viz.attention_map(made(softmax(keys)), "v", head=True)


def test_scores_are_signed_and_what_is_no_map_is_one_clear_error():
    ax = viz.attention_map(made(draws(1, 4, 3)), "v")
    assert ax.images[0].get_cmap().name == "RdBu_r" and "rows sum to -" in note_of(ax)
    for values in (draws(1, 4), draws(1, 4, 2, 3, 5)):
        with pytest.raises(ValueError, match="'v' is no attention map"):
            viz.attention_map(made(values), "v")
    with pytest.raises(ValueError, match="`memory` does not have one text for each. Received: 2 texts"):
        viz.attention_map(made(draws(1, 4, 3)), "v", memory=["a", "b"])
    with pytest.raises(
        TypeError, match="`memory` is no list of texts. Received: memory=3. Expected: a list of 3"
    ):
        viz.attention_map(made(draws(1, 4, 3)), "v", memory=3)
    plt.close("all")
    with pytest.raises(TypeError, match="`outputs` is no list of texts"):
        viz.attention_map(made(draws(1, 4, 3)), "v", outputs=4)
    assert plt.get_fignums() == []


def lines_apart(axis):
    """How far apart the lines of text of neighbouring labels are, as a part of their height."""
    axis.axes.figure.canvas.draw()
    places = axis.axes.transData.transform([(t, t) for t in axis.get_ticklocs()])
    step = np.diff(places[:, 0 if axis.axis_name == "x" else 1])
    label = axis.get_ticklabels()[0]
    slant = np.sin(np.radians(label.get_rotation())) if axis.axis_name == "x" else 1.0
    return np.abs(step).min() * slant / (label.get_fontsize() * axis.axes.figure.dpi / 72)


@pytest.mark.parametrize("count", [30, 60, 200])
def test_texts_at_ticks_are_short_and_as_many_as_fit(count):
    texts = [f"supercalifragilistic_{i}" for i in range(count)]
    ax = viz.attention_map(made(softmax(draws(1, count, count))), "v", memory=texts, outputs=texts)
    for axis in (ax.xaxis, ax.yaxis):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        assert lines_apart(axis) > 1.0 and max(map(len, labels)) <= 20
        assert len(set(labels)) == len(labels) > 10  # each still another one
    assert ax.get_xticklabels()[0].get_rotation() == 60
    # Letters lie level, and all are there where they fit.
    ax = viz.attention_map(made(softmax(draws(1, 3, 30))), "v", memory="x" * 30)
    assert len(ax.get_xticklabels()) == 30 and touching(ax.xaxis) == []


# animate ------------------------------------------------------------------------------------------


def test_an_animation_is_a_gif_with_a_frame_a_timestep(tmp_path, record):
    movie = viz.animate(record, "c")
    path = movie.save(tmp_path / "c.gif")
    with Image.open(path) as gif:
        assert gif.n_frames == 8
    assert repr(movie) == "Animation of c as heatmap, 8 frames"
    assert repr(viz.animate(record, "c", kind="trajectory")) == "Animation of c as trajectory, 8 frames"
    assert repr(viz.animate(record, "candidate")) == "Animation of candidate as heatmap, 7 frames"
    assert repr(viz.animate(made(X[:, :1]), "v")) == "Animation of v as heatmap, 1 frame"


@pytest.mark.parametrize("fps", [0, -2, "4", None, float("nan"), float("inf"), True])
def test_a_speed_is_a_number_above_0(fps, record):
    with pytest.raises(ValueError, match="no speed of an animation. Received: fps=.*above 0. Fix: fps=4"):
        viz.animate(record, "c", fps=fps)


def test_each_frame_uncovers_one_timestep(record):
    movie = viz.animate(record, "c", sample=1)
    assert_close(movie.axes.images[0].get_array(), record.states["c"][1].T, 0)
    movie.show(-1)
    assert title(movie.axes) == "c, sample 1, start" and movie.axes.patches[0].get_x() == -0.5
    for t in (0, 3, 6):
        movie.show(t)
        (veil,) = movie.axes.patches
        assert veil.get_x() == t + 0.5 and veil.get_x() + veil.get_width() == 6.5
        assert title(movie.axes) == f"c, sample 1, t = {t} of 6"


def test_a_growing_path_ends_where_the_trajectory_ends(record):
    whole = viz.trajectory(record, "c").lines[0].get_xydata()
    movie = viz.animate(record, "c", kind="trajectory")
    movie.show(2)
    assert_close(movie.axes.lines[1].get_xydata(), whole[:4], 1e-9)
    assert_close(movie.axes.lines[2].get_xydata(), whole[3:4], 1e-9)


def test_images_are_shown_a_timestep_a_frame():
    values = draws(1, 3, 4, 5, 2)
    movie = viz.animate(made(values), "v")
    assert movie.kind == "image"
    movie.show(2)
    assert_close(movie.axes.images[0].get_array(), values[0, 2, :, :, 0], 0)
    assert note_of(movie.axes).endswith("channel 0 of 2")


def test_long_runs_are_shown_in_strides_and_say_so():
    movie = viz.animate(made(draws(1, 401, 2)), "v")
    assert len(movie.timesteps) == 134 and movie.timesteps[-1] == 400
    assert "one timestep in 3" in note_of(movie.axes)


def test_an_animation_is_a_page_without_a_link_to_elsewhere(tmp_path):
    movie = viz.animate(made(X[:, :2], "<b>"), "<b>")
    page = movie.save(tmp_path / "v.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<title>&lt;b&gt;</title>" in page
    assert page.count("data:image/png;base64") == 2
    with pytest.raises(ValueError, match="says in which form.*Received: .*v.mp4. Expected: .gif, .html"):
        movie.save(tmp_path / "v.mp4")
    with pytest.raises(ValueError, match="cannot be animated in this way. Received: kind='image'"):
        viz.animate(made(X), "v", kind="image")


def test_a_notebook_that_shows_the_player_shows_no_second_picture(record):
    assert viz.animate(record, "c").figure and plt.get_fignums() == []
    figure, ax = plt.subplots()
    assert viz.animate(record, "c", ax=ax).figure is figure and plt.get_fignums() == [figure.number]


# letters of every size ----------------------------------------------------------------------------


def lstm_with(name="lstm"):
    rnn = LSTMCell(4, input_dim=2).get_layer(return_sequences=True, name=name)
    rnn(X)
    return rnn


def long_state(steps=40):
    return made(draws(1, steps, 3), states={"s": draws(1, steps + 1, 3)})


PLOTS = {
    "heatmap": lambda **ax: viz.heatmap(long_state(), "s", **ax),
    "trajectory": lambda **ax: viz.trajectory(long_state(), "s", sample=0, **ax),
    "gates": lambda **ax: viz.gates(trace(lstm_with(), X), **ax),
    "input_influence": lambda **ax: viz.input_influence(lstm_with(), X, 4, labels="abcdefg", **ax),
    "attention_map": lambda **ax: viz.attention_map(made(softmax(draws(1, 9, 12))), "v", **ax),
    "eigenvalues": lambda **ax: viz.eigenvalues(lstm_with(), **ax),
    "gradient_flow": lambda **ax: viz.gradient_flow(lstm_with(), X, **ax),
    "compare": lambda **ax: viz.compare(
        long_state(), made(draws(1, 40, 3), states=long_state().states), "s", **ax
    ),
}


def texts(figure):
    """Every text that is seen, with its size in points."""
    figure.canvas.draw()
    found = [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text()]
    return {text.get_text(): text.get_fontsize() for text in found}


def touching(axis):
    """Pairs of neighbouring tick labels of which one lies on the other."""
    shown = [label for label in axis.get_ticklabels() if label.get_text()]
    low, high = sorted(axis.get_view_interval())
    boxes = [label.get_window_extent() for label in shown]
    inside = [
        (label.get_text(), box)
        for label, box, place in zip(shown, boxes, axis.get_ticklocs(), strict=False)
        if low <= place <= high
    ]
    return [(a, b) for (a, one), (b, other) in zip(inside, inside[1:], strict=False) if one.overlaps(other)]


@pytest.mark.parametrize("size", [10, 16, 22])
@pytest.mark.parametrize("name", PLOTS)
def test_every_text_follows_the_size_of_the_users_settings(name, size):
    with matplotlib.rc_context({"font.size": 10}):
        PLOTS[name]()
        small = texts(plt.gcf())
        plt.close("all")
    with matplotlib.rc_context({"font.size": size}):
        PLOTS[name]()
        assert min(texts(plt.gcf()).values()) >= 0.875 * size - 1e-6
        for text, points in texts(plt.gcf()).items():
            assert points == pytest.approx(small.get(text, points * 10 / size) * size / 10)
        width, height = plt.gcf().get_size_inches()
        assert width <= 12 and height <= 7
        plt.close("all")


@pytest.mark.parametrize("size", [10, 16, 22])
@pytest.mark.parametrize("name", PLOTS)
def test_no_tick_label_lies_on_another(name, size):
    with matplotlib.rc_context({"font.size": size}):
        PLOTS[name]()
        plt.gcf().canvas.draw()
        for ax in plt.gcf().axes:
            assert touching(ax.xaxis) == [] and touching(ax.yaxis) == []
        plt.close("all")


def test_the_word_start_keeps_away_from_the_number_beside_it():
    with matplotlib.rc_context({"font.size": 16}):
        ax = viz.heatmap(long_state(40), "s")
        ax.figure.canvas.draw()
        labels = [label.get_text() for label in ax.get_xticklabels()]
        assert labels[0] == "start" and "0" not in labels and "10" in labels
        ax = viz.heatmap(long_state(5), "s")
        ax.figure.canvas.draw()
        assert [label.get_text() for label in ax.get_xticklabels()][:2] == ["start", "0"]
        plt.close("all")


# numbers without a picture ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["input_influence", "eigenvalues", "gradient_flow", "compare"])
def test_what_has_numbers_gives_them_without_drawing(name):
    keras.utils.set_random_seed(3)
    alone = PLOTS[name](ax=False)
    assert plt.get_fignums() == [] and not alone.axes
    keras.utils.set_random_seed(3)
    drawn = PLOTS[name]()
    assert repr(alone) == repr(drawn) and drawn.axes


def test_a_gradient_flow_can_be_drawn_later():
    flow = PLOTS["gradient_flow"](ax=False)
    assert len(flow.draw().axes) == 2 and flow.draw(flow.axes[1]).axes == [flow.axes[-1]]


@pytest.mark.parametrize("draw", ["heatmap", "trajectory", "gates", "attention_map"])
def test_what_is_no_axes_is_one_clear_error(draw):
    with pytest.raises(ValueError, match="does not fit these axes. Received: ax=False. Expected: ax=None"):
        PLOTS[draw](ax=False)


# the package --------------------------------------------------------------------------------------


def test_interventions_need_no_matplotlib():
    """And a plot is there by name before anything is drawn with."""
    code = (
        "import sys; sys.modules['matplotlib'] = None; import viz, rshop, numpy as np;"
        "rnn = rshop.SimpleRNNCell(2, input_dim=1).get_layer();"
        "both = viz.intervene(rnn, np.ones((1, 3, 1)), at=1, states={'h': 1.0});"
        "assert both.effect('h').any() and callable(viz.heatmap) and callable(viz.animate)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
