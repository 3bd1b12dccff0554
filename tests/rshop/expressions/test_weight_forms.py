"""What a layer makes of its weights is written out: the text follows when the weights become others."""

import numpy as np
import pytest
from keras import Input, layers, ops

import viz
from rshop import RecurrentModel, to_numpy

SIZE = 4
FORMS = {
    "W": lambda own: ops.convert_to_tensor(own.W),
    "W^T": lambda own: ops.transpose(own.W),
    "W - W^T": lambda own: own.W - ops.transpose(own.W),
    "W + W^T": lambda own: own.W + ops.transpose(own.W),
    "-W": lambda own: -own.W,
    "exp(W)": lambda own: ops.exp(own.W),
    "softplus(W)": lambda own: ops.softplus(own.W),
    "sigma(W)": lambda own: ops.sigmoid(own.W),
    "tanh(W)": lambda own: ops.tanh(own.W),
    "relu(W)": lambda own: ops.relu(own.W),
    "|W|": lambda own: ops.abs(own.W),
    "W * W": lambda own: ops.square(own.W),
    "1 - W": lambda own: 1 - own.W,
    "0.5 W": lambda own: own.W / np.sqrt(SIZE),
    "W * V": lambda own: own.W * own.V,
    "W + V": lambda own: own.W + own.V,
    "W - V": lambda own: own.W - own.V,
    "V - W": lambda own: own.V - own.W,
    "W * g": lambda own: own.W * own.g,
    "V / g": lambda own: own.V / own.g,
}


class Made(layers.Layer):
    """`h M`, where M is made of weights of the layer."""

    def __init__(self, form, **options):
        super().__init__(**options)
        self.form = form

    def build(self, shape):
        self.W, self.V = (self.add_weight(shape=(SIZE, SIZE), name=name) for name in "WV")
        self.g = self.add_weight(shape=(SIZE,), name="g", initializer="ones")

    def call(self, h):
        return ops.matmul(h, self.form(self))


def network(form):
    x, h = Input((SIZE,), name="x"), Input((SIZE,), name="h")
    n = ops.tanh(x + Made(form, name="own")(h))
    return RecurrentModel(x, n, h, n, return_sequences=True)


def other_weights(rnn, seed):
    draw = np.random.default_rng(seed)
    rnn.set_weights([draw.normal(size=w.shape) for w in rnn.get_weights()])


X = np.random.default_rng(0).normal(size=(2, 5, SIZE)).astype("float32")


@pytest.mark.parametrize("said", FORMS)
def test_the_text_follows_the_weights_and_the_equation_says_how(said):
    rnn = network(FORMS[said])
    other_weights(rnn, 1)
    source = to_numpy(rnn)
    assert not any("fixed" in key for key in source.weights)
    other_weights(rnn, 2)
    by_name = {w.path.rpartition("/")[2]: w.numpy() for w in rnn.weights}
    source.weights = {key: by_name[key.rpartition("/")[2]] for key in source.weights}
    np.testing.assert_allclose(source.run(X)[0], rnn(X), atol=1e-5)
    text = str(viz.equations(rnn))
    assert said.replace("|W|", "absolute(W)") in text, text


@pytest.mark.parametrize(
    "form",
    [
        lambda own: ops.clip(own.W, -0.5, 0.5),
        lambda own: ops.matmul(own.W, own.V),
        lambda own: own.W / ops.norm(own.W),
        lambda own: ops.cumsum(own.W, axis=0),
    ],
)
def test_what_is_not_known_stays_a_fixed_array_with_the_numbers_of_now(form):
    rnn = network(form)
    other_weights(rnn, 1)
    source = to_numpy(rnn)
    assert [key for key in source.weights if "fixed" in key]
    np.testing.assert_allclose(source.run(X)[0], rnn(X), atol=1e-5)


def test_one_number_of_a_layer_is_not_taken_for_a_multiple_of_itself():
    class One(layers.Layer):
        def build(self, shape):
            self.gain = self.add_weight(shape=(1,), name="gain", initializer="ones")

        def call(self, h):
            return h * ops.sin(self.gain)

    x, h = Input((SIZE,), name="x"), Input((SIZE,), name="h")
    n = x + One()(h)
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    assert [key for key in to_numpy(rnn).weights if "fixed" in key]
    np.testing.assert_allclose(to_numpy(rnn).run(X)[0], rnn(X), atol=1e-5)
