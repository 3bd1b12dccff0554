"""Masks that tensors carry reach a run that is looked into as they reach the layer: by its own outputs."""

import keras
import numpy as np
import pytest
from keras import layers

import viz
from rshop import RecurrentModel, Stepper, trace

X = np.array([[[1.0], [2.0], [3.0], [4.0]], [[2.0], [-1.0], [0.5], [1.0]]], "float32")
IDS = np.array([[1, 0, 0], [2, 1, 0]])
#: `memory` is 4, 6 and 10 for the words 0, 1 and 2: the padding weighs if its mask is lost.
WORDS = np.array([[4.0], [6.0], [10.0]], "float32")


@pytest.fixture(scope="module")
def memory():
    """A constant `(2, 3, 1)` with a Keras mask; its mean is 6 and 8, without the mask 4.67 and 6.67."""
    table = layers.Embedding(3, 1, mask_zero=True)
    table.build()
    table.set_weights([WORDS])
    return table(IDS)


def reader(**options):
    """h = (h + x) mean(memory) / 10, y = h."""
    x, h, memory = keras.Input((1,)), keras.Input((1,), name="h"), keras.Input((3, 1), name="memory")
    n = (h + x) * layers.GlobalAveragePooling1D(name="mean")(memory) * 0.1
    return RecurrentModel(x, n, h, n, constants=memory, return_sequences=True, **options)


MEANS = np.array([6.0, 8.0])


def by_hand(x, h=0.0):
    found = []
    for t in range(x.shape[1]):
        h = (h + x[:, t, 0]) * MEANS / 10
        found.append(h)
    return np.stack(found, axis=1)[..., None]


def test_the_layer_reads_the_mask_of_its_constant(memory):
    np.testing.assert_allclose(reader()(X, constants=memory), by_hand(X), rtol=1e-5)


def test_recorded_runs_are_those_of_the_layer(memory):
    rnn = reader()
    y = np.asarray(rnn(X, constants=memory))
    np.testing.assert_allclose(trace(rnn, X, constants=memory).outputs, y, rtol=1e-5)
    both = viz.intervene(rnn, X, at=2, states={"h": 5.0}, constants=memory)
    np.testing.assert_allclose(both.original.outputs, y, rtol=1e-5)
    np.testing.assert_allclose(both.original["mean"][:, 0, 0], MEANS, rtol=1e-5)
    later = np.asarray(rnn(X[:, 2:], constants=memory, initial_state=np.full((2, 1), 5.0)))
    np.testing.assert_allclose(both.edited.outputs[:, 2:], later, rtol=1e-5)


def test_a_stepper_is_the_layer_timestep_by_timestep(memory):
    rnn = reader()
    stepper, y = Stepper(rnn, batch_size=2, constants=memory), np.asarray(rnn(X, constants=memory))
    for t in range(4):
        np.testing.assert_allclose(stepper.step(X[:, t]), y[:, t], rtol=1e-5)


def test_gradients_are_differences_of_the_layers_outputs(memory):
    """The step is linear: a state moves the output by its gradient times what it is moved by."""
    rnn = reader()
    y = np.asarray(rnn(X, constants=memory))
    moved = np.asarray(rnn(X, constants=memory, initial_state=np.ones((2, 1))))
    flow = viz.gradient_flow(rnn, X, constants=memory, ax=False).matrix
    np.testing.assert_allclose(flow[:, 0], np.abs(moved - y).mean(axis=0)[:, 0], rtol=1e-4)


def test_influences_are_differences_of_the_layers_outputs(memory):
    rnn, call = reader(), {"constants": memory}
    y = np.asarray(rnn(X, **call))[:, -1, 0]
    without = np.tile(X, (4, 1, 1, 1))
    without[range(4), :, range(4)] = 0
    changes = np.stack([np.abs(np.asarray(rnn(x, **call))[:, -1, 0] - y) for x in without], axis=1)
    for method, size in (("occlusion", 1.0), ("gradient", np.abs(X[..., 0]))):
        scores = viz.input_influence(rnn, X, method=method, ax=False, **call).scores
        np.testing.assert_allclose(scores * size, changes, rtol=1e-4)


def test_the_mask_of_the_input_is_read_too(memory):
    """Padding in `x` holds the state, of a layer called with its own embedding too."""
    x = layers.Masking(0.0)(np.concatenate([X, 0 * X[:, :1]], axis=1))
    rnn = reader()
    y = np.asarray(rnn(x, constants=memory))
    np.testing.assert_allclose(y[:, 4], y[:, 3], rtol=1e-6)
    np.testing.assert_allclose(viz.intervene(rnn, x, at=1, constants=memory).original.outputs, y, rtol=1e-5)
    flow = viz.gradient_flow(rnn, x, constants=memory, ax=False).matrix
    np.testing.assert_allclose(flow[4, 0], flow[3, 0], rtol=1e-5)
