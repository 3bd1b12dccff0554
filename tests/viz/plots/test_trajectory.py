"""`trajectory`: the path of a state in its two principal components."""

import matplotlib
import numpy as np
import pytest

import viz
from tests.support.cells import assert_close, draws
from tests.support.traces import X, long_state, made, odd_values, title
from viz.plots.label_place import beside
from viz.plots.projection import Projection
from viz.style.plot_axes import note_of


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
    assert title(ax) == "Path of c, 3 samples" and ax.get_aspect() == 1.0


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
