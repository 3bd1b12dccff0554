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
    "1.00001 W": lambda own: own.W * (1 + 5e-6),
    "0.5 W": lambda own: own.W / np.sqrt(SIZE),
    "W * V": lambda own: own.W * own.V,
    "W + V": lambda own: own.W + own.V,
    "W - V": lambda own: own.W - own.V,
    "V - W": lambda own: own.V - own.W,
    "W * g": lambda own: own.W * own.g,
    "V / g": lambda own: own.V / own.g,
}


class Made(layers.Layer):
    """`h M`, or `h * M`, where M is made of weights of the layer."""

    def __init__(self, form, product=ops.matmul, **options):
        super().__init__(**options)
        self.form, self.product = form, product

    def build(self, shape):
        self.W, self.V = (self.add_weight(shape=(SIZE, SIZE), name=name) for name in "WV")
        self.g = self.add_weight(shape=(SIZE,), name="g", initializer="ones")
        self.one, self.other = (
            self.add_weight(shape=shape, name=name, initializer="ones")
            for name, shape in (("one", ()), ("other", (1,)))
        )

    def call(self, h):
        return self.product(h, self.form(self))


def network(form, product=ops.matmul):
    x, h = Input((SIZE,), name="x"), Input((SIZE,), name="h")
    n = ops.tanh(x + Made(form, product, name="own")(h))
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


UNKNOWN = {
    "clipped": lambda own: ops.clip(own.W, -0.5, 0.5),
    "clipped far away": lambda own: ops.clip(own.W, -10.0, 10.0),
    "pruned": lambda own: ops.where(ops.abs(own.W) < 0.05, 0.0, own.W),
    "product": lambda own: ops.matmul(own.W, own.V),
    "normalised": lambda own: own.W / ops.norm(own.W),
    "summed": lambda own: ops.cumsum(own.W, axis=0),
    "a little more": lambda own: ops.exp(own.W) + 1e-3,
    "square and a little": lambda own: ops.square(own.W) + 1e-6,
    "divided safely": lambda own: own.W / (own.V + 1e-2),
    "logarithm": lambda own: ops.log(ops.abs(own.W)),
    "zeros": lambda own: ops.zeros((SIZE, SIZE)),
    "a mask": lambda own: ops.where(ops.tri(SIZE) > 0, 0.0, -1e9 * ops.ones((SIZE, SIZE))),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_stays_a_fixed_array_with_the_numbers_of_now(name):
    rnn = network(UNKNOWN[name])
    other_weights(rnn, 1)
    source = to_numpy(rnn)
    assert [key for key in source.weights if "fixed" in key]
    np.testing.assert_allclose(source.run(X)[0], rnn(X), atol=1e-5)


OF_ONE_NUMBER = {
    "abs": ops.abs,
    "relu": ops.relu,
    "leaky": lambda g: ops.leaky_relu(g, 0.2),
    "sin": ops.sin,
    "root": lambda g: ops.sqrt(g * g),
    "clip": lambda g: ops.clip(g, 0, 2),
    "minimum": lambda g: ops.minimum(g, 1.0),
    "square": ops.square,
    "constant": lambda g: 0 * g,
    "softplus": ops.softplus,
}


@pytest.mark.parametrize("value", [-2.0, 0.5, 3.0])
@pytest.mark.parametrize("weight", ["one", "other", "g"])
@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_a_function_of_few_numbers_is_not_taken_for_another(name, weight, value):
    rnn = network(lambda own: OF_ONE_NUMBER[name](getattr(own, weight)), ops.multiply)
    for variable in rnn.weights:
        if variable.path.endswith(f"/{weight}"):
            variable.assign(np.full(variable.shape, value))
    np.testing.assert_allclose(to_numpy(rnn).run(X)[0], rnn(X), atol=1e-5)


def test_infinities_belong_to_no_weight_and_places_are_whole_numbers():
    """A layer with a fixed causal mask of 0 and minus infinity, and one that picks a place."""
    mask = np.where(np.tri(SIZE, dtype=bool), 0, -np.inf).astype("float32")
    rnn = network(lambda own: ops.softmax(ops.convert_to_tensor(mask)) + own.W)
    np.testing.assert_allclose(to_numpy(rnn).run(X)[0], rnn(X), atol=1e-5)
    rnn = network(
        lambda own: own.other, lambda h, g: ops.take(h, ops.convert_to_tensor([0]), axis=-1) * g + 0 * h
    )
    np.testing.assert_allclose(to_numpy(rnn).run(X)[0], rnn(X), atol=1e-5)


def test_a_layer_that_fails_with_other_weights_is_written_as_it_is():
    rnn = network(lambda own: ops.cholesky(ops.convert_to_tensor(own.W)))
    for variable in rnn.weights:
        variable.assign(4 * np.eye(SIZE) if variable.path.endswith("/W") else variable)
    source = to_numpy(rnn)
    np.testing.assert_array_equal(source.weights["own/fixed"], 2 * np.eye(SIZE))
    np.testing.assert_allclose(source.run(X)[0], rnn(X), atol=1e-5)
