"""What `docs/moving_here.md` says of others' weights and equations, against these equations in NumPy."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "moving_here.md"


@pytest.fixture(scope="module")
def page():
    """The names that the programs of the page leave behind."""
    names = {}
    for program in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(program, names)
    return names


def state_of_torch(gates, units=10, features=5):
    """Arrays with the names and shapes of the first layer of `torch.nn.LSTM` or `torch.nn.GRU`."""
    rng = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (gates * units, features), "weight_hh_l0": (gates * units, units)}
    shapes |= {"bias_ih_l0": (gates * units,), "bias_hh_l0": (gates * units,)}
    return {name: rng.normal(0, 0.5, size=shape).astype("float32") for name, shape in shapes.items()}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def halves(state, x_t, h):
    """The two affine maps of torch's documentation: of the input, and of the state."""
    of_input = x_t @ state["weight_ih_l0"].T + state["bias_ih_l0"]
    return of_input, h @ state["weight_hh_l0"].T + state["bias_hh_l0"]


def lstm_of_torch(state, x):
    """`torch.nn.LSTM` as its documentation has it: i, f, g, o."""
    h = c = np.zeros((len(x), 10))
    outputs = []
    for x_t in np.swapaxes(x, 0, 1):
        i, f, g, o = np.split(sum(halves(state, x_t, h)), 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def gru_of_torch(state, x):
    """`torch.nn.GRU` as its documentation has it: r, z, n, and n reads r times the whole map of the state."""
    h = np.zeros((len(x), 10))
    outputs = []
    for x_t in np.swapaxes(x, 0, 1):
        of_input, of_state = (np.split(half, 3, axis=-1) for half in halves(state, x_t, h))
        r, z = (sigmoid(of_input[k] + of_state[k]) for k in range(2))
        n = np.tanh(of_input[2] + r * of_state[2])
        h = (1 - z) * n + z * h
        outputs.append(h)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("kind, gates, expected", [("lstm", 4, lstm_of_torch), ("gru", 3, gru_of_torch)])
def test_weights_of_torch_give_the_numbers_of_torchs_equations(page, kind, gates, expected):
    state, x = state_of_torch(gates), page["data"]
    cell = {"lstm": page["rshop"].LSTMCell, "gru": page["rshop"].GRUCell}[kind](10)
    layer = cell.get_layer(return_sequences=True)
    layer(x)
    layer.set_weights(page[f"{kind}_from_torch"](state))
    np.testing.assert_allclose(layer(x), expected(state, x), atol=1e-5)


def test_the_leaky_network_has_the_numbers_of_its_equation(page):
    layer, x = page["leaky"], page["data"]
    w, b, u = (np.asarray(weight) for weight in layer.get_weights())
    h = np.zeros((len(x), 10))
    for x_t in np.swapaxes(x, 0, 1):
        h = 0.9 * h + 0.1 * np.tanh(x_t @ w + b + h @ u)
    np.testing.assert_allclose(layer(x), h, atol=1e-5)


def test_the_network_with_layer_normalization_has_the_numbers_of_addons_equation(page):
    """`y_t = f(ln(x_t W + y_{t-1} U) + b)`, ln with a scale and an epsilon of 1e-5."""
    layer, x = page["rnn"], page["data"]
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 0.5, size=np.shape(weight)) for weight in layer.get_weights()])
    w, u, gamma, b = (np.asarray(weight) for weight in layer.get_weights())
    y = np.zeros((len(x), 10))
    outputs = []
    for x_t in np.swapaxes(x, 0, 1):
        net = x_t @ w + y @ u
        middle, spread = net.mean(axis=-1, keepdims=True), net.var(axis=-1, keepdims=True)
        y = np.tanh(gamma * (net - middle) / np.sqrt(spread + 1e-5) + b)
        outputs.append(y)
    np.testing.assert_allclose(layer(x), np.stack(outputs, axis=1), atol=1e-4)
