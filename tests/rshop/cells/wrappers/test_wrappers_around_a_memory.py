"""Wrappers around a cell with a memory, and a memory around wrappers: the numbers, made by hand."""

import numpy as np
import pytest

from rshop import LSTMCell
from rshop.attention import AdditiveAttention, DotAttention
from rshop.cells import (
    AttentionCell,
    ResidualCell,
)
from tests.support.attention import looks
from tests.support.cells import assert_close, lstm_np, sigmoid
from tests.support.wrapped import (
    AROUND,
    INSIDE_ATTENTION,
    MEMORY,
    PLACES,
    RESETS,
    UNITS,
    WRAPPERS,
    X,
    layer_with_memory,
    looking,
    x_beside_memory,
)

around = pytest.mark.parametrize("name", AROUND)


def one_by_one(cell, x, change=lambda t, y, old, new: (y, new)):
    """The outputs of a built `AttentionCell` called by hand at each timestep, changed by a function."""
    states = [np.zeros((3, *shape), "float32") for shape in ((UNITS,), (UNITS,), (5,))]
    ys = []
    for t in range(x.shape[1]):
        y, *new = (np.array(value) for value in cell([x[:, t], MEMORY, PLACES, *states]))
        y, states = change(t, y, states, new)
        ys.append(y)
    return np.stack(ys, axis=1)


def residual(rnn):
    return one_by_one(rnn.cell.cell, X) + X


def highway(rnn):
    kernel, bias = (np.array(w) for w in rnn.cell.weights if "carry_gate" in w.path)
    gate = sigmoid(X @ kernel + bias)
    return (1 - gate) * one_by_one(rnn.cell.cell, X) + gate * X


def zoneout(rnn):
    def mixed(t, y, old, new):
        states = [0.3 * before + 0.7 * after for before, after in zip(old, new, strict=True)]
        return states[0], states

    return one_by_one(rnn.cell.cell, X, mixed)


def as_it_is(rnn):
    return one_by_one(rnn.cell.cell, X)


def clock(rnn):
    return one_by_one(rnn.cell.cell, X[:, ::2]).repeat(2, axis=1)


def reset(rnn):
    ys = np.empty_like(X)
    for t in range(X.shape[1]):
        for b in range(len(X)):
            first = max((s for s in range(t + 1) if RESETS[b, s]), default=0)
            ys[b, t] = one_by_one(rnn.cell.cell, X[:, first : t + 1])[b, -1]
    return ys


BY_HAND = {
    "residual": residual,
    "highway": highway,
    "zoneout": zoneout,
    "recurrent": as_it_is,
    "weight drop": as_it_is,
    "clock": clock,
    "reset": reset,
}


@around
def test_a_wrapper_around_an_attention_is_its_equation_around_the_cell(name):
    rnn = layer_with_memory(WRAPPERS[name](looking()))
    y = rnn(x_beside_memory(rnn.cell), constants=MEMORY, constants_mask=PLACES)
    assert_close(y, BY_HAND[name](rnn), 1e-5)


def test_a_residual_attention_is_that_of_numpy():
    rnn = layer_with_memory(ResidualCell(looking(DotAttention())))
    weights = [np.array(w, "float64") for w in rnn.cell.cell.cell.get_weights()]
    h = c = np.zeros((3, UNITS))
    y = np.array(rnn(X, constants=MEMORY, constants_mask=PLACES))
    for t in range(X.shape[1]):
        context, _, _ = looks("dot", rnn.cell.cell.attention, h, MEMORY, PLACES)
        _, (h, c) = lstm_np(np.concatenate([X[:, t], context], axis=-1), [h, c], weights)
        assert_close(y[:, t], (h + X[:, t]).astype("float32"), 1e-5)


@pytest.mark.parametrize("name", INSIDE_ATTENTION)
def test_an_attention_around_a_wrapper_asks_with_its_state_and_feeds_it(name):
    # A residual cell has as many units as features that it reads: those of x and of the context.
    units = 2 * UNITS if name in ("residual", "highway") else UNITS
    rnn = layer_with_memory(AttentionCell(WRAPPERS[name](LSTMCell(units)), AdditiveAttention(3)))
    inner, attention = rnn.cell.cell, rnn.cell.attention
    states = [np.zeros((3, *t.shape[1:]), t.dtype) for t in inner.model.inputs[1:]]
    y = np.array(rnn(X, constants=MEMORY, constants_mask=PLACES))
    for t in range(X.shape[1]):
        context, _, _ = looks("additive", attention, states[0], MEMORY, PLACES)
        read = np.concatenate([X[:, t], context], axis=-1).astype("float32")
        expected, *states = (np.array(value) for value in inner([read, *states]))
        assert_close(y[:, t], expected, 1e-5)
