"""What every test of a plot has: a run to draw, and figures that are rendered and closed."""

import keras
import pytest
from matplotlib import pyplot as plt

from rshop import LSTMCell, trace
from tests.support.cells import randomize
from tests.support.traces import X


@pytest.fixture(autouse=True)
def drawn_and_closed():
    """Whatever was drawn can be rendered, without a warning."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


@pytest.fixture(scope="module")
def record():
    """The trace of an LSTM of 4 units over 7 timesteps."""
    keras.utils.set_random_seed(0)
    rnn = LSTMCell(4, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    randomize(rnn, scale=1.5)
    return trace(rnn, X)
