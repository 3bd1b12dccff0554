"""The text of every plot follows the font size of the user's settings, and none lies on another."""

import matplotlib
import pytest
from matplotlib import pyplot as plt

import viz
from tests.support.every_plot import PLOTS, touching
from tests.support.traces import long_state


def texts(figure):
    """Every text that is seen, with its size in points."""
    figure.canvas.draw()
    found = [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text()]
    return {text.get_text(): text.get_fontsize() for text in found}


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
