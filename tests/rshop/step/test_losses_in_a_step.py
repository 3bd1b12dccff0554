"""Losses that layers add within a timestep: the model adds their sum over time, as `unroll=True` does."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import RecurrentModel, Stepper, trace

X = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")
Y = np.zeros((8, 3), "float32")
#: What `KL` adds over the five timesteps of X.
EXPECTED = sum(0.1 * np.mean(X[:, t] ** 2) for t in range(5))


class KL(layers.Layer):
    def call(self, z):
        self.add_loss(0.1 * ops.mean(z**2))
        return z


class Noisy(layers.Layer):
    """Adds noise from a generator of its own, and what it drew as a loss."""

    def __init__(self, own=True):
        super().__init__()
        self.own, self.seed_generator = own, keras.random.SeedGenerator(1) if own else None

    def call(self, z):
        noise = keras.random.normal(ops.shape(z), seed=self.seed_generator)
        self.add_loss(ops.mean(noise))
        return z + noise


def layer(first, **options):
    """`n = first(x) + 0.5 h`."""
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    n = first(x) + 0.5 * h
    return RecurrentModel(x, n, h, n, **options)


def fitted_loss(rnn):
    """The loss of one epoch at rate 0, and the mean squared error of the prediction."""
    i = keras.Input((5, 3))
    model = keras.Model(i, rnn(i))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    loss = model.fit(X, Y, batch_size=8, verbose=0).history["loss"][0]
    return loss, np.mean(np.square(model.predict(X, verbose=0)))


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("mask", [False, True])
def test_what_add_loss_adds_is_summed_over_time(unroll, mask):
    rnn = layer(KL(), unroll=unroll)
    rnn(X, mask=np.ones((8, 5), bool) if mask else None)
    np.testing.assert_allclose(sum(float(loss) for loss in rnn.losses), EXPECTED, rtol=1e-5)
    total, error = fitted_loss(layer(KL(), unroll=unroll))
    np.testing.assert_allclose(total, error + EXPECTED, rtol=1e-5)


@pytest.mark.parametrize("unroll", [False, True])
def test_an_activity_regularizer_is_summed_over_time(unroll):
    """Keras's own regularizer: the mean over the batch of `0.01 |a|^2`, at each of five timesteps."""
    dense = layers.Dense(3, activity_regularizer=keras.regularizers.L2(0.01))
    rnn = layer(dense, unroll=unroll)
    total, error = fitted_loss(rnn)
    w, b = dense.get_weights()
    added = sum(0.01 * np.sum((X[:, t] @ w + b) ** 2) / 8 for t in range(5))
    np.testing.assert_allclose(total, error + added, rtol=1e-5)


def test_the_gradient_of_an_added_loss_reaches_the_weights():
    """Against the gradient of `sum_t 0.1 mean((x_t W + b)^2)` with respect to b, by hand."""
    dense = layers.Dense(3)
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    n = KL()(dense(x)) + 0.0 * h
    i = keras.Input((5, 3))
    model = keras.Model(i, RecurrentModel(x, n, h, n)(i))
    model.compile(keras.optimizers.SGD(1.0), loss=lambda truth, y: 0.0 * ops.sum(y))
    w, b = dense.get_weights()
    model.fit(X, Y, batch_size=8, verbose=0)
    by_hand = sum(0.1 * 2 * (X[:, t] @ w + b).sum(axis=0) / (8 * 3) for t in range(5))
    np.testing.assert_allclose(b - dense.get_weights()[1], by_hand, rtol=1e-4)


def test_a_loss_within_a_loop_within_a_step_is_summed_over_both():
    x, h = keras.Input((5, 3)), keras.Input((3,), name="h")
    n = layer(KL())(x) + 0.0 * h
    outer = RecurrentModel(x, n, h, n)
    outer(np.stack([X, X], axis=1))
    np.testing.assert_allclose(sum(float(loss) for loss in outer.losses), 2 * EXPECTED, rtol=1e-5)


def test_statistics_and_seeds_move_on_beside_a_loss():
    """Batch normalisation counts each of five timesteps; each draws noise of its own."""
    norm = layers.BatchNormalization(momentum=0.5)
    rnn = layer(lambda x: KL()(norm(x)))
    rnn(X, training=True)
    mean = np.zeros(3)
    for t in range(5):
        mean = 0.5 * mean + 0.5 * X[:, t].mean(axis=0)
    np.testing.assert_allclose(norm.moving_mean, mean, atol=1e-5)
    noisy = layer(Noisy(), return_sequences=True)
    noise = np.asarray(noisy(np.zeros_like(X)))
    steps = noise[:, 1:] - 0.5 * noise[:, :-1]
    assert np.abs(steps[:, 1:] - steps[:, :-1]).min(axis=(0, 2)).max() > 0
    np.testing.assert_allclose(float(noisy.losses[0]), noise[:, 0].mean() + steps.mean() * 4, atol=1e-5)


def test_noise_from_the_global_seed_beside_a_loss_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="Received: .*Fix: self.seed_generator = keras.random.SeedGenerator"):
        layer(Noisy(own=False))(X)


def test_looking_adds_no_loss():
    rnn = layer(KL())
    trace(rnn, X)
    assert rnn.losses == []
    Stepper(rnn, batch_size=8).step(X[:, 0])
    np.testing.assert_allclose(trace(rnn, X).outputs[:, -1], rnn(X), atol=1e-6)
