"""Parts that a stack adds meet no name of the user's; the size of a readout is found without copies."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, RNNCell, trace

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def stack(*parts, **options):
    rnn = RecurrentSequential(return_sequences=True, **options)
    for part in parts:
        rnn.add(part)
    return rnn


def free_running(rnn, x, merged):
    """The outputs of a stack without states whose last part is a Dense, in NumPy; tanh of the readout."""
    w, b = rnn.cells[-1].get_weights()
    y, outputs = np.zeros((len(x), b.shape[0])), []
    for t in range(x.shape[1]):
        y = merged(x[:, t], np.tanh(y)) @ w + b
        outputs.append(y)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("name", ["x", "readout", "activation", "add", "input_layer", "step"])
def test_a_part_may_have_any_name(name):
    rnn = stack(layers.Dense(3, name=name), readout="add", readout_activation="tanh")
    found = rnn(X)
    np.testing.assert_allclose(found, free_running(rnn, X, np.add), atol=1e-5)
    assert name in trace(rnn, X).names


def test_a_function_that_merges_the_readout_has_names_of_its_own():
    def mixed(pair):
        return ops.add(pair[0], pair[1])

    rnn = stack(layers.Dense(3, name="add"), readout=mixed, readout_activation="tanh")
    np.testing.assert_allclose(rnn(X), free_running(rnn, X, np.add), atol=1e-5)
    assert "readout_merge/add" in trace(rnn, X).names


def test_names_that_keras_made_up_are_numbered_where_they_meet():
    """Keras calls the cell of every LSTM layer `lstm_cell`; `clear_session` counts anew."""
    rnn = stack(layers.LSTM(3), layers.LSTM(3), layers.LSTMCell(3))
    names = [cell.name for cell in rnn.cells]
    assert len(set(names)) == 3
    assert rnn.state_names == [f"{name}/{state}" for name in names for state in ("h", "c")]
    before = layers.Dense(3)
    keras.backend.clear_session()
    rnn = stack(before, layers.Dense(3))
    w, b, v, c = rnn.get_weights() if rnn.built else (rnn(X), *rnn.get_weights())[1:]
    np.testing.assert_allclose(rnn(X), (X @ w + b) @ v + c, atol=1e-5)


def test_two_parts_with_one_name_of_the_users_are_named():
    with pytest.raises(ValueError, match="another part.*second 'mine'.*name='another_name'"):
        stack(layers.Dense(3, name="mine"), layers.Dense(3, name="mine"))


def test_two_parts_of_one_name_in_a_step_are_named_with_the_way_out():
    x, h = Input((2,), name="a"), Input((2,), name="h")
    y, n = layers.Dense(2, name="d")(x), layers.Dropout(0.1, name="d")(h)
    with pytest.raises(ValueError, match="called 'd'.*Received: a Dense and a Dropout.*name='d_of_mine'"):
        RecurrentModel(x, y, h, n)
    x = Input((2,))
    keras.backend.clear_session()
    h = Input((2,))
    with pytest.raises(ValueError, match=r"Received: a keras.Input of shape .* and a keras.Input.*name="):
        RecurrentModel(x, x + h, h, x + h)


class Plain(RNNCell):
    """A cell that is registered nowhere and has no config worth the name."""

    def build_model(self, input_shape):
        x, h = Input(input_shape[1:]), Input((4,))
        n = layers.Dense(4)(x) + 0.5 * h
        return keras.Model([x, h], [n, n])

    def get_config(self):
        raise NotImplementedError("nobody copies me")


class Halved(layers.Layer):
    """A layer that does not say the shape of its output."""

    def call(self, x):
        return x[..., ::2]

    def get_config(self):
        raise NotImplementedError("nobody copies me")


class HalvedSaysSo(Halved):
    def compute_output_shape(self, input_shape):
        size = input_shape[-1]
        return (*input_shape[:-1], None if size is None else (size + 1) // 2)


FIRST = {
    "Dense": lambda: layers.Dense(4),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "Keras cell": lambda: layers.GRUCell(3),
    "stacked Keras cells": lambda: layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(2)]),
    "Keras layer": lambda: layers.LSTM(5),
    "rshop cell": lambda: GRUCell(3),
    "a user's cell": lambda: Plain(4),
    "a user's layer": lambda: Halved(),
    "a stack": lambda: stack(LSTMCell(2), layers.Dense(7)),
}


@pytest.mark.parametrize("mode", ["concat", "readout_only"])
@pytest.mark.parametrize("first", FIRST)
def test_the_first_part_is_built_for_the_merged_size_and_never_copied(mode, first):
    rnn = stack(FIRST[first](), GRUCell(6), readout=mode)
    assert rnn(X).shape == (2, 5, 6)
    record = trace(rnn, X)
    # By hand, from the step: the readout is the output of the timestep before.
    states = [np.zeros((2, *t.shape[1:]), "float32") for t in rnn.description.states]
    y = np.zeros((2, 6), "float32")
    for t in range(5):
        y, *states = (np.asarray(v) for v in rnn.step([X[:, t], *states, y]))
        np.testing.assert_allclose(record.outputs[:, t], y, atol=1e-6)


@pytest.mark.parametrize("last", [lambda: Plain(4), lambda: layers.Dense(4), lambda: stack(Plain(4))])
@pytest.mark.parametrize("mode", ["concat", "readout_only", layers.Concatenate()])
def test_a_users_cell_needs_neither_registration_nor_config_to_run(mode, last):
    assert stack(Plain(4), last(), readout=mode)(X).shape == (2, 5, 4)


def test_a_part_that_does_not_say_its_size_gets_a_message_and_a_way_to_say_it():
    with pytest.raises(ValueError, match="Halved 'halved.*compute_output_shape.*output_dim.*Dense on top"):
        stack(GRUCell(6), Halved(), readout="concat")(X)
    rnn = stack(GRUCell(6), HalvedSaysSo(), readout="concat")
    assert rnn(X).shape == (2, 5, 3)
    with pytest.raises(ValueError, match="no size fits.*Received: readout='concat'.*Dense on top"):
        stack(layers.LayerNormalization(), readout="concat")(X)
    assert stack(layers.LayerNormalization(), readout="readout_only")(X).shape == (2, 5, 3)


def test_nothing_is_built_for_a_size_that_cannot_be_merged():
    cell = GRUCell(6)
    rnn = stack(cell, readout="add")
    with pytest.raises(ValueError, match="cannot merge the output with the input"):
        rnn(X)
    assert not cell.built and not rnn.built
    assert stack(cell, readout="concat")(X).shape == (2, 5, 6)


def test_a_readout_of_whole_numbers_has_the_kind_of_its_output():
    """The likeliest of three as a whole number: `x + r` where the last layer takes the argmax."""

    class Likeliest(layers.Layer):
        def call(self, x):
            return ops.cast(ops.argmax(x, axis=-1, keepdims=True), "int32")

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], 1)

        def compute_output_spec(self, x):
            return keras.KerasTensor(self.compute_output_shape(x.shape), "int32")

    rnn = stack(Likeliest(), readout=layers.Concatenate())
    found = np.asarray(rnn(np.array([[[0.5, 0.2], [0.1, 0.7], [0.0, 0.0]]], "float32")))
    # [.5 .2 | 0] -> 0, [.1 .7 | 0] -> 1, [0 0 | 1] -> 2
    np.testing.assert_array_equal(np.ravel(found), [0, 1, 2])


def test_cells_given_at_once_are_told_of_add():
    """As `keras.Sequential` takes its layers."""
    for given in ([LSTMCell(3)], (LSTMCell(3),), LSTMCell(3)):
        with pytest.raises(TypeError, match=r"one by one.*Received: RecurrentSequential\(.*rnn\.add\("):
            RecurrentSequential(given)
