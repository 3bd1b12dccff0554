"""Layer normalization in a cell (Ba et al., 2016) against NumPy."""

import keras
import numpy as np
import pytest

from rshop import GRUCell, LSTMCell, RNNCellFromModel
from rshop.cells import LayerNormCell
from tests.support.cells import assert_close, draws, randomize, run_np, sigmoid
from tests.support.errors import check
from tests.support.wrapped import from_model

X = draws(2, 20, 4, seed=3)
EPSILON = 1e-5


def norm(z, gain, shift):
    mean, var = z.mean(-1, keepdims=True), z.var(-1, keepdims=True)
    return gain * (z - mean) / np.sqrt(var + EPSILON) + shift


def by_name(rnn) -> dict:
    """Random weights by the last two words of their paths."""
    values = randomize(rnn)
    return {
        "/".join(w.path.split("/")[-2:]): np.asarray(v, "float64")
        for w, v in zip(rnn.weights, values, strict=True)
    }


def norm_by(w, name):
    return lambda z: norm(z, w[f"{name}/gamma"], w[f"{name}/beta"])


def test_an_lstm_is_the_one_of_the_paper():
    """Equations 20 to 22 of the supplement."""
    rnn = LayerNormCell(LSTMCell(4)).get_layer(return_sequences=True)
    rnn(X)
    w = by_name(rnn)
    of_x, of_h, of_c = (norm_by(w, n) for n in ("kernel_norm", "recurrent_kernel_norm", "squashed_c_norm"))

    def step(x, states, _):
        h, c = states
        z = of_x(x @ w["kernel/kernel"]) + of_h(h @ w["recurrent_kernel/kernel"]) + w["bias/bias"]
        i, f, g, o = np.split(z, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(of_c(c))
        return h, [h, c]

    expected, _ = run_np(step, X, [np.zeros((2, 4))] * 2)
    assert_close(rnn(X), expected, 1e-5)


def test_a_gru_normalizes_its_gates_together():
    rnn = LayerNormCell(GRUCell(4)).get_layer(return_sequences=True)
    rnn(X)
    w = by_name(rnn)
    of_x, of_h = (norm_by(w, name) for name in ("kernel_norm", "recurrent_kernel_norm"))

    def step(x, states, _):
        (h,) = states
        a = np.split(of_x(x @ w["kernel/kernel"]) + w["bias/bias"][0], 3, axis=-1)
        b = np.split(of_h(h @ w["recurrent_kernel/kernel"]) + w["bias/bias"][1], 3, axis=-1)
        z, r = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
        h = z * h + (1 - z) * np.tanh(a[2] + r * b[2])
        return h, [h]

    expected, _ = run_np(step, X, [np.zeros((2, 4))])
    assert_close(rnn(X), expected, 1e-5)


def test_a_dense_layer_is_normalized_between_its_product_and_its_bias():
    rnn = LayerNormCell(from_model()).get_layer(return_sequences=True)
    rnn(X)
    w = by_name(rnn)
    of_x, of_h = norm_by(w, "W_norm"), norm_by(w, "U_norm")

    def step(x, states, _):
        h = np.tanh(of_x(x @ w["W/kernel"]) + w["W/bias"] + of_h(states[0] @ w["U/kernel"]))
        return h, [h]

    expected, _ = run_np(step, X, [np.zeros((2, 4))])
    assert_close(rnn(X), expected, 1e-5)


def test_outputs_do_not_depend_on_the_scale_of_the_weights():
    """What the paper derives: a larger kernel changes nothing."""
    cell = LayerNormCell(LSTMCell(4), epsilon=1e-12)
    rnn = cell.get_layer(return_sequences=True)
    before = np.array(rnn(X))
    kernels = [w for w in rnn.weights if w.path.endswith("kernel/kernel")]
    assert len(kernels) == 2
    for kernel in kernels:
        kernel.assign(100.0 * kernel)
    assert_close(rnn(X), before, 1e-4)


def test_a_built_keras_cell_brings_its_weights():
    theirs = keras.layers.GRUCell(4)
    theirs.build((None, 4))
    cell = LayerNormCell(theirs)
    for mine, other in zip(cell.cell.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, other, tolerance=0)


def closed(kind):
    if kind == "stacked":
        return keras.layers.StackedRNNCells([keras.layers.GRUCell(4)])
    x, h = keras.Input((4,)), keras.Input((4,), name="h")
    y, after = keras.layers.GRUCell(4, name="inside")(x, [h])
    return RNNCellFromModel(keras.Model([x, h], [y, *after]))


@pytest.mark.parametrize("kind, word", [("stacked", "StackedRNNCells"), ("model", "inside")])
def test_a_cell_that_cannot_be_seen_into_is_refused(kind, word):
    check(lambda: LayerNormCell(closed(kind)).get_layer()(X), [word, "LayerNormCell", "cannot be seen"])


def test_a_cell_without_a_product_is_refused():
    x, h = keras.Input((4,), name="x"), keras.Input((4,), name="h")
    n = keras.layers.Add()([x, 0.5 * h])
    cell = RNNCellFromModel(keras.Model([x, h], [n, n]))
    check(lambda: LayerNormCell(cell).get_layer()(X), ["nothing to normalize"])
