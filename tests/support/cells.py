"""Small oracles for the law tests: NumPy equations, a table of cells, finite differences.

Nothing here imports the engine's inner files: a step is written with Keras, its expected
numbers with NumPy.
"""

import keras
import numpy as np
from keras import layers

import rshop


def draws(*shape, seed=0, scale=1.0):
    """A float32 array of normal draws: `draws(2, 3).shape == (2, 3)`."""
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def numpy_of(value):
    """The same structure with NumPy arrays for tensors."""
    return keras.tree.map_structure(keras.ops.convert_to_numpy, value)


def assert_close(actual, expected, tolerance=1e-6, err_msg=""):
    """Assert equal shapes and a maximum absolute difference (relative above 1)."""
    actual, expected = np.asarray(numpy_of(actual)), np.asarray(numpy_of(expected))
    assert actual.shape == expected.shape, f"{err_msg} shape {actual.shape}, expected {expected.shape}"
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance, err_msg=err_msg)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def simple_np(x_t, states, weights):
    """h = tanh(x W + h U + b); weights [W, U, b]."""
    (h,) = states
    W, U, *b = weights
    h = np.tanh(x_t @ W + h @ U + (b[0] if b else 0.0))
    return h, [h]


def gru_np(x_t, states, weights):
    """Keras' GRU; weights [W, U, b] with gates in the order z, r, h; b of shape (2, 3u) is
    `reset_after`.
    """
    (h,) = states
    W, U, b = weights
    u = h.shape[-1]
    after = b.ndim == 2
    b_i, b_r = (b[0], b[1]) if after else (b, np.zeros_like(b))
    a = x_t @ W + b_i
    z = sigmoid(a[:, :u] + h @ U[:, :u] + b_r[:u])
    r = sigmoid(a[:, u : 2 * u] + h @ U[:, u : 2 * u] + b_r[u : 2 * u])
    inner = r * (h @ U[:, 2 * u :] + b_r[2 * u :]) if after else (r * h) @ U[:, 2 * u :]
    h = z * h + (1 - z) * np.tanh(a[:, 2 * u :] + inner)
    return h, [h]


def lstm_np(x_t, states, weights):
    """Keras' LSTM; weights [W, U, b] with gates in the order i, f, c, o; c is not squashed."""
    h, c = states
    W, U, b = weights
    u = h.shape[-1]
    z = x_t @ W + h @ U + b
    i, f, g, o = (z[:, k * u : (k + 1) * u] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, [h, c]


def run_np(step, x, states, weights=None):
    """Outputs `(batch, time, ...)` and the list of final states of `step(x_t, states, weights)`, in
    float64.
    """
    x = np.asarray(x, "float64")
    states = [np.asarray(s, "float64") for s in states]
    weights = None if weights is None else [np.asarray(w, "float64") for w in weights]
    ys = []
    for t in range(x.shape[1]):
        y, states = step(x[:, t], states, weights)
        ys.append(y)
    return np.stack(ys, axis=1), states


def stack_np(cells):
    """One step out of `(step, weights, number of states)`; the output of each is the input of the
    next.
    """

    def step(x_t, states, _):
        y, after = x_t, []
        for cell, weights, n in cells:
            y, new = cell(y, states[:n], [np.asarray(w, "float64") for w in weights])
            states, after = states[n:], after + list(new)
        return y, after

    return step


def randomize(layer, seed=0, scale=0.5):
    """Give every weight of a built layer a seeded normal value and return the list."""
    weights = [draws(*w.shape, seed=seed + k, scale=scale) for k, w in enumerate(layer.get_weights())]
    layer.set_weights(weights)
    return weights


def simple_step(units=10, input_dim=5, readout=False):
    """`h = tanh(x W + b + h U)` from two Dense layers: (keyword arguments of RecurrentModel, the
    two layers).
    """
    x_t = keras.Input((input_dim,), name="x")
    h_tm1 = keras.Input((units,), name="h_tm1")
    r = keras.Input((units,), name="r") if readout else None
    of_x, of_h = layers.Dense(units, name="of_x"), layers.Dense(units, use_bias=False, name="of_h")
    fed = layers.Add(name="fed")([x_t, r]) if readout else x_t
    h = layers.Activation("tanh", name="h_t")(layers.Add(name="z")([of_x(fed), of_h(h_tm1)]))
    step = dict(input=x_t, output=h, initial_states=h_tm1, final_states=h)
    return (dict(step, readout_input=r) if readout else step), (of_x, of_h)


def accumulator(width=1, **options):
    """Step A: `n = h + x`, `y = n`."""
    x, h = keras.Input((width,), name="x"), keras.Input((width,), name="h")
    n = layers.Add(name="n")([x, h])
    return rshop.RecurrentModel(x, n, initial_states=h, final_states=n, **options)


def numeric_gradient(function, array, epsilon=1e-3):
    """Central differences of a scalar function of one array."""
    array = np.array(array, "float64")
    gradient = np.zeros_like(array)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        array[index] = kept + epsilon
        above = float(function(array))
        array[index] = kept - epsilon
        gradient[index] = (above - float(function(array))) / (2 * epsilon)
        array[index] = kept
    return gradient
