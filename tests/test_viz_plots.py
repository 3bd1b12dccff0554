"""Plots of a trace: what is on the axes are the numbers of the trace, and nothing is hidden."""

import subprocess
import sys

import keras
import matplotlib
import numpy as np
import pytest
from helpers_cells import accumulator, assert_close, draws, randomize
from keras import layers, ops
from matplotlib import pyplot as plt
from PIL import Image

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, Trace, trace
from viz.canvas import note_of, printable
from viz.gates import saturation
from viz.projection import Projection

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
    ax = viz.heatmap(record, "c", sample=1)
    (image,) = ax.images
    assert_close(image.get_array(), record["c"][1].T, 0)
    assert image.get_extent() == [-0.5, 6.5, 3.5, -0.5]
    assert title(ax) == "c, sample 1" and note_of(ax).startswith("range ")
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
    for sample in (3, -1, 1.5):
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


def test_scores_are_signed_and_what_is_no_map_is_one_clear_error():
    ax = viz.attention_map(made(draws(1, 4, 3)), "v")
    assert ax.images[0].get_cmap().name == "RdBu_r" and "rows sum to -" in note_of(ax)
    for values in (draws(1, 4), draws(1, 4, 2, 3, 5)):
        with pytest.raises(ValueError, match="'v' is no attention map"):
            viz.attention_map(made(values), "v")
    with pytest.raises(ValueError, match="`memory` does not have one text for each. Received: 2 texts"):
        viz.attention_map(made(draws(1, 4, 3)), "v", memory=["a", "b"])


# animate ------------------------------------------------------------------------------------------


def test_an_animation_is_a_gif_with_a_frame_a_timestep(tmp_path, record):
    movie = viz.animate(record, "c")
    path = movie.save(tmp_path / "c.gif")
    with Image.open(path) as gif:
        assert gif.n_frames == 7
    assert repr(movie) == "Animation of c as heatmap, 7 frames"


def test_each_frame_uncovers_one_timestep(record):
    movie = viz.animate(record, "c", sample=1)
    assert_close(movie.axes.images[0].get_array(), record["c"][1].T, 0)
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
    with pytest.raises(ValueError, match="written as GIF or as HTML. Received: path 'v.mp4'"):
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
