"""The numbers of a plot without its picture, and axes that are none."""

import subprocess
import sys

import keras
import pytest
from matplotlib import pyplot as plt

from tests.support.every_plot import PLOTS


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
