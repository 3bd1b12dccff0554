"""What Keras's summary says of our layers, in a model of one's own too, whose layers it asks for shapes."""

import keras
import numpy as np
from keras import Input, layers

from rshop import LSTMCell, RecurrentModel
from rshop.seq2seq import Forecaster


class Own(keras.Model):
    """A user's model: an LSTM, and a step with a constant."""

    def __init__(self):
        super().__init__()
        self.first = LSTMCell(5).get_layer(return_sequences=True, return_states=True)
        x, m, h = Input((5,)), Input((2,), name="m"), Input((4,), name="h")
        after = layers.Dense(4)(layers.Concatenate()([x, m, h]))
        self.second = RecurrentModel(x, after, h, after, constants=m)

    def call(self, inputs):
        x, constant = inputs
        return self.second(self.first(x)[0], constants=constant)


def summary(model) -> str:
    lines = []
    model.summary(print_fn=lines.append, line_length=120)
    return "\n".join(lines)


def test_a_model_of_ones_own_tells_the_shapes_of_its_layers():
    model = Own()
    model([np.ones((2, 7, 3), "float32"), np.ones((2, 2), "float32")])
    text = summary(model)
    assert "((2, 7, 5), (2, 5), (2, " in text
    assert "(2, 4)" in text
    # An LSTM of 3 numbers and 5 units, then 5 + 2 + 4 numbers to 4 with a bias.
    assert model.count_params() == 4 * 5 * (3 + 5 + 1) + (5 + 2 + 4 + 1) * 4


def test_a_fitted_forecaster_has_a_summary():
    model = Forecaster(4, 3)
    model.fit(np.sin(np.arange(60.0)), epochs=1, verbose=0)
    text = summary(model)
    assert "reader" in text and "decoder" in text
