"""`attention_map`: where each timestep looks."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import viz
from tests.support.cells import assert_close, draws
from tests.support.every_plot import touching
from tests.support.traces import made, softmax, title
from viz.style.plot_axes import note_of


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
