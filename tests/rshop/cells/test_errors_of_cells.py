"""Errors of stacks and cells (laws 34 and 35): modes, sizes, what a user's cell has to return."""

import keras
import numpy as np
import pytest
from keras import layers

from rshop import GRUCell, LSTMCell, RecurrentSequential, RNNCell, RNNCellFromModel, SimpleRNNCell
from tests.support.errors import carry, check, frame, named, ones, stack


def plus(*tensors):
    return layers.Add()(list(tensors))


# Laws 34 and 35: RecurrentSequential --------------------------------------------------------------


def of_keras(**options):
    return stack(layers.LSTM(3, **options))


SEQUENTIAL = {
    "readout unknown": (
        lambda: stack(readout="concatx"),
        ["'concatx'", "add", "mul", "avg", "max", "concat", "readout_only"],
    ),
    "readout a number": (lambda: stack(readout=3.5), ["readout", "3.5"]),
    "readout activation unknown": (
        lambda: stack(GRUCell(3), readout=True, readout_activation="softmaxx")(ones(2, 4, 3)),
        ["readout_activation", "'softmaxx'"],
    ),
    "sync a word": (lambda: stack(state_sync="all"), ["state_sync", "'all'"]),
    "forcing without readout": (
        lambda: stack(GRUCell(3), teacher_force=True)(ones(2, 4, 3)),
        ["teacher_force", "readout"],
    ),
    "decode without length": (
        lambda: stack(GRUCell(3), decode=True)(ones(2, 3)),
        ["decode", "output_length"],
    ),
    "forcing above one": (lambda: stack(readout=True, teacher_force=1.5), ["teacher_force", "1.5"]),
    "length negative": (lambda: stack(decode=True, output_length=-3), ["output_length", "-3"]),
    "initializer unknown": (
        lambda: stack(GRUCell(3), state_initializer="oness")(ones(2, 4, 3)),
        ["state_initializer", "'oness'"],
    ),
    "initializers more than states": (
        lambda: stack(GRUCell(3), state_initializer=["ones"] * 3)(ones(2, 4, 3)),
        ["state_initializer", "3", "1"],
    ),
    "an option that does not exist": (
        lambda: stack(return_sequence=True),
        ["return_sequence"],
    ),
    "add a word": (lambda: stack("lstm"), ["add", "'lstm'"]),
    "add nothing": (lambda: stack(None), ["add", "None"]),
    "add a class": (lambda: stack(LSTMCell), ["add", "LSTMCell"]),
    "add an array": (lambda: stack(ones(2, 3)), ["add", "ndarray"]),
    "add a layer over sequences": (
        lambda: of_keras(return_sequences=True),
        ["return_sequences", "LSTM"],
    ),
    "add a backward layer": (lambda: of_keras(go_backwards=True), ["go_backwards", "LSTM"]),
    "add a stateful layer": (lambda: of_keras(stateful=True), ["stateful", "LSTM"]),
    "call without a cell": (lambda: stack()(ones(2, 4, 3)), ["add"]),
    "sync of two kinds": (
        lambda: stack(LSTMCell(3, name="alpha_cell"), GRUCell(3, name="beta_cell"), state_sync=True)(
            ones(2, 4, 3)
        ),
        ["state_sync", "alpha_cell", "beta_cell", "one kind of cell"],
    ),
    "sync of two sizes": (
        lambda: stack(GRUCell(3, name="alpha_cell"), GRUCell(7, name="beta_cell"), state_sync=True)(
            ones(2, 4, 3)
        ),
        ["state_sync", "alpha_cell", "beta_cell", "3", "7"],
    ),
    "readout of another size": (
        lambda: stack(GRUCell(7), readout="add")(ones(2, 4, 3)),
        ["readout", "add", "7", "3"],
    ),
    "readout of another rank": (
        lambda: stack(layers.Reshape((3, 1)), readout="concat")(ones(2, 4, 3)),
        ["readout", "concat"],
    ),
    "features": (
        lambda: stack(LSTMCell(4, input_dim=3))(ones(2, 4, 7)),
        ["7", "3"],
    ),
}


@named(SEQUENTIAL)
def test_a_sequential_says_what_is_wrong(do, words):
    """Laws 34 and 35: modes, cells, sync, sizes."""
    check(do, words)


# Laws 34 and 35: cells ----------------------------------------------------------------------------


class Unwritten(RNNCell):
    """Its user forgot `build_model`."""


class WrongModel(RNNCell):
    """`build_model` gives back what the test says."""

    def __init__(self, made, **options):
        super().__init__(3, **options)
        self.made = made

    def build_model(self, input_shape):
        return self.made()


def model_of_one_state(size=3):
    x, h = frame(), carry()
    n = layers.Dense(size)(plus(x, h))
    return keras.Model([x, h], [plus(x, h), n])


def model_without_next_state():
    x, h = frame(), carry()
    return keras.Model([x, h], plus(x, h))


def model_with_a_state_too_many():
    x, h = frame(), carry()
    return keras.Model([x, h], [plus(x, h), 2.0 * x, plus(x, h)])


def with_units(cell):
    wrong = {"zero": 0, "negative": -4, "a fraction": 2.5, "a word": "four", "nothing": None}
    return {
        f"{cell.__name__} of {what} units": (
            lambda units=units: cell(units),
            ["units", repr(units)],
        )
        for what, units in wrong.items()
    }


CELLS = {
    **with_units(LSTMCell),
    **with_units(GRUCell),
    **with_units(SimpleRNNCell),
    "output_dim negative": (lambda: Unwritten(-4), ["output_dim", "-4"]),
    "output_dim a word": (lambda: Unwritten("four"), ["output_dim", "'four'"]),
    "input_dim negative": (lambda: LSTMCell(4, input_dim=-3), ["input_dim", "-3"]),
    "input_dim a word": (lambda: LSTMCell(4, input_dim="three"), ["input_dim", "'three'"]),
    "input_shape a word": (lambda: LSTMCell(4, input_shape="three"), ["input_shape", "'three'"]),
    "batch_input_shape a number": (
        lambda: LSTMCell(4, batch_input_shape=3),
        ["batch_input_shape", "3"],
    ),
    "no build_model": (
        lambda: Unwritten(3)([ones(2, 3), ones(2, 3)]),
        ["Unwritten", "build_model"],
    ),
    "no build_model in a layer": (
        lambda: Unwritten(3, input_dim=3).get_layer(),
        ["Unwritten", "build_model"],
    ),
    "build_model gives no model": (
        lambda: WrongModel(lambda: "model")([ones(2, 3), ones(2, 3)]),
        ["WrongModel", "build_model", "'model'"],
    ),
    "build_model forgets the next state": (
        lambda: WrongModel(model_without_next_state)([ones(2, 3), ones(2, 3)]),
        ["WrongModel", "build_model"],
    ),
    "build_model changes a state": (
        lambda: WrongModel(lambda: model_of_one_state(7))([ones(2, 3), ones(2, 3)]),
        ["WrongModel", "build_model", "7", "3"],
    ),
    "a cell without its states": (
        lambda: LSTMCell(3)([ones(2, 3), ones(2, 3)]),
        ["LSTMCell", "2", "3"],
    ),
    "a cell with a state too many": (
        lambda: GRUCell(3)([ones(2, 3), ones(2, 3), ones(2, 3)]),
        ["GRUCell", "3", "2"],
    ),
    "a state of another size": (
        lambda: GRUCell(3)([ones(2, 3), ones(2, 7)]),
        ["7", "3"],
    ),
    "features that are not input_dim": (
        lambda: GRUCell(4, input_dim=3)([ones(2, 7), ones(2, 4)]),
        ["7", "3"],
    ),
    "an option of get_layer": (
        lambda: GRUCell(4, input_dim=3).get_layer(return_sequence=True),
        ["return_sequence"],
    ),
    "from a word": (lambda: RNNCellFromModel("lstm"), ["RNNCellFromModel", "'lstm'"]),
    "from nothing": (lambda: RNNCellFromModel(None), ["RNNCellFromModel", "None"]),
    "from a layer": (lambda: RNNCellFromModel(layers.Dense(3)), ["RNNCellFromModel", "Dense"]),
    "from a model without next state": (
        lambda: RNNCellFromModel(model_without_next_state()),
        ["model", "2", "1"],
    ),
    "from a model with a state too many": (
        lambda: RNNCellFromModel(model_with_a_state_too_many()),
        ["model", "2", "3"],
    ),
    "from a model that changes a state": (
        lambda: RNNCellFromModel(model_of_one_state(7)),
        ["carry", "7", "3"],
    ),
}


@named(CELLS)
def test_a_cell_says_what_is_wrong(do, words):
    """Law 34: units, dimensions, what `build_model` returns, what a cell is called with."""
    check(do, words)


# Nothing is left half done ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [lambda: "lstm", lambda: None, lambda: layers.LSTM(3, return_sequences=True)],
    ids=["word", "nothing", "sequences"],
)
def test_a_failed_add_leaves_the_sequential_as_it_was(wrong):
    """Law 35: the cells before it stay, the next one is added, the numbers are the same."""
    rnn, same = RecurrentSequential(return_sequences=True), stack(return_sequences=True)
    for one in (rnn, same):
        one.add(GRUCell(3))
    with pytest.raises((ValueError, TypeError)):
        rnn.add(wrong())
    for one in (rnn, same):
        one.add(layers.Dense(2))
    x = ones(2, 4, 3)
    expected = same(x)
    assert rnn(x).shape == (2, 4, 2) and rnn.num_states == 1
    rnn.set_weights(same.get_weights())
    np.testing.assert_array_equal(rnn(x), expected)


@pytest.mark.parametrize("cell", [SimpleRNNCell, GRUCell, LSTMCell])
def test_a_forgotten_return_sequences_is_named(cell):
    """Law 34: the layer before gave (batch, features), which has no time."""
    vectors = cell(8, input_dim=1).get_layer()(ones(2, 5, 1))
    check(lambda: cell(4).get_layer()(vectors), ["(batch, time, features)", "return_sequences=True"])
