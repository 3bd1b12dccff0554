"""`heatmap`: every number of a value in sight, and what is odd about it marked and counted."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.text import Text

import viz
from rshop import Trace
from tests.support.cells import accumulator, assert_close, draws
from tests.support.every_plot import PLOTS
from tests.support.traces import X, made, odd_values, title
from viz.style import palette
from viz.style.colour_matrix import range_text
from viz.style.plot_axes import note_of, printable, wrapped


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


def test_images_are_laid_out_flat():
    values = draws(1, 3, 4, 2, 2)
    ax = viz.heatmap(made(values), "v")
    assert_close(ax.images[0].get_array(), values[0].reshape(3, 16).T, 0)
    assert "4 x 2 x 2, laid out flat" in ax.get_ylabel()


def test_a_single_unit_is_a_line():
    values = draws(1, 3)
    ax = viz.heatmap(made(values), "v")
    assert not ax.images and len(ax.figure.axes) == 1
    assert_close(ax.lines[0].get_xydata(), np.stack([np.arange(3), values[0]], 1), 0)
    ax = viz.heatmap(made([[[0.25]]]), "v", limits=(0, 1))
    assert ax.lines[0].get_xydata().tolist() == [[0, 0.25]] and note_of(ax) == "all 0.25"
    assert_close(ax.get_ylim(), (-0.05, 1.05), 1e-6)


def test_what_no_line_can_show_is_marked_below_it():
    ax = viz.heatmap(made([[[1.0], [np.nan], [np.inf], [2.0]]]), "v")
    assert ax.lines[0].get_ydata()[[0, 3]].tolist() == [1.0, 2.0]
    assert np.isnan(ax.lines[0].get_ydata()[[1, 2]].astype(float)).all()
    assert [marks.get_offsets()[:, 0].tolist() for marks in ax.collections] == [[1.0], [2.0], [], []]
    assert note_of(ax) == "range 1 to 2, 1 NaN (x), 1 +infinity (▲)"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([2e-10, 1.0], "range ≈0 to 1"),
        ([-1e-9, 5.0], "range ≈0 to 5"),
        ([0.0, 1.0], "range 0 to 1"),
        ([2e-10, 3e-10], "range 2e-10 to 3e-10"),
        ([0.5, 0.5], "all 0.5"),
    ],
)
def test_a_range_names_no_number_that_is_nothing_beside_the_others(numbers, words):
    assert range_text(np.array(numbers)) == words


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_has_no_background_and_its_words_read_on_white_and_on_dark(name):
    PLOTS[name]()
    figure = plt.gcf()
    figure.canvas.draw()
    assert all(patch.get_facecolor()[3] == 0 for patch in (figure.patch, *(ax.patch for ax in figure.axes)))
    words = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert len(words) > 5
    for text in words:
        halo = bool(text.get_path_effects())
        assert halo or to_hex(text.get_color()) == palette.EITHER.lower(), text.get_text()
    plt.close("all")


def test_what_the_user_set_stays():
    with plt.rc_context({"text.color": "#112233", "figure.facecolor": "#445566", "xtick.color": "#00ff00"}):
        figure = viz.heatmap(made(X, "v"), "v").figure
        figure.canvas.draw()
    assert to_hex(figure.get_facecolor()) == "#445566"
    assert to_hex(figure.axes[0].get_xticklabels()[0].get_color()) == "#00ff00"


def test_names_break_between_words():
    assert wrapped("decoder/update_gate, sample 0", 14) == ["decoder/", "update_gate,", "sample 0"]
    assert wrapped("range -1.5 to 2.5", 12) == ["range -1.5", "to 2.5"]
    assert "".join(wrapped("a_b" * 40, 9)) == "a_b" * 40


def test_names_are_written_as_they_are():
    for name in ("猫", "$x_1$", "<script>alert(1)</script>", "_hidden", "a/b"):
        assert title(viz.heatmap(made(X, name), name)) == printable(f"{name}, sample 0")
    assert printable("猫$x$é") == "\\u732b\\$x\\$é"


def test_a_long_name_stands_in_the_title_in_lines_and_is_not_said_twice():
    name = "gate_the_extraordinarily_long_name_of_a_layer_that_a_careful_student_wrote_down_in_full"
    ax = viz.heatmap(made(X, name), name)
    ax.figure.canvas.draw()
    assert title(ax).replace("\n", "").startswith(name[:60])
    assert all(line.endswith(("_", ",", "0")) for line in title(ax).split("\n"))
    assert ax.figure.axes[1].get_ylabel() == ""


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
