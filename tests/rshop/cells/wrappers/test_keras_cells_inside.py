"""Wrappers that look into a cell find Keras's inside other wrappers: the numbers are those of our cell."""

import keras
import pytest

from rshop import GRUCell, LSTMCell, RNNCellFromModel, SimpleRNNCell
from rshop.cells import (
    AttentionCell,
    LayerNormCell,
    RecurrentDropoutCell,
    ResidualCell,
    VariationalDropoutCell,
)
from tests.support.cells import assert_close, randomize
from tests.support.errors import check
from tests.support.wrapped import MASK, MEMORY, UNITS, WRAPPERS, X, layer_of, looking, x_of

PAIRS = {
    "lstm": (keras.layers.LSTMCell, LSTMCell),
    "gru": (keras.layers.GRUCell, GRUCell),
    "simple": (keras.layers.SimpleRNNCell, SimpleRNNCell),
}
LOOKING_IN = {name: WRAPPERS[name] for name in ("layer norm", "variational", "recurrent")}
BETWEEN = {name: wrap for name, wrap in WRAPPERS.items() if name not in LOOKING_IN}
BETWEEN["residual in zoneout"] = lambda cell: WRAPPERS["zoneout"](ResidualCell(cell))


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("outside", LOOKING_IN)
def test_a_keras_cell_inside_a_wrapper_gives_the_numbers_of_ours(outside, between, kind):
    theirs, ours = (layer_of(LOOKING_IN[outside](BETWEEN[between](cell(UNITS)))) for cell in PAIRS[kind])
    theirs.set_weights(ours.get_weights())
    x = x_of(ours)
    for how in ({}, {"training": True}, {"mask": MASK}):
        assert_close(theirs(x, **how), ours(x, **how), tolerance=0)


@pytest.mark.parametrize("between", BETWEEN)
def test_a_built_wrapper_brings_its_weights_and_stays_as_it_was(between):
    before = layer_of(BETWEEN[between](keras.layers.GRUCell(UNITS)))
    expected = before(x_of(before))
    weights = before.get_weights()
    copy = VariationalDropoutCell(before.cell, 0.3).cell
    for mine, theirs in zip(copy.get_weights(), weights, strict=True):
        assert_close(mine, theirs, tolerance=0)
    rnn = copy.get_layer(return_sequences=True)
    assert_close(rnn(x_of(rnn)), expected)
    randomize(rnn, seed=5)
    assert_close(before(x_of(before)), expected, tolerance=0)


def test_options_go_along():
    inside = keras.layers.LSTMCell(UNITS, activation="relu", recurrent_dropout=0.25, trainable=False)
    cell = LayerNormCell(ResidualCell(inside, name="around", dtype="float64")).cell
    assert (cell.name, cell.compute_dtype) == ("around", "float64")
    assert type(cell.cell) is LSTMCell and not cell.cell.trainable
    assert cell.cell.get_config()["activation"] == "relu"
    assert cell.cell.get_config()["recurrent_dropout"] == 0.25


def test_what_has_no_keras_cell_inside_is_wrapped_itself():
    cell = ResidualCell(LSTMCell(UNITS))
    assert LayerNormCell(cell).cell is cell


def test_candidates_are_dropped_in_a_keras_cell_with_a_memory():
    theirs, ours = (RecurrentDropoutCell(looking_at(cell), 0.4, seed=1).get_layer() for cell in PAIRS["lstm"])
    for rnn in (ours, theirs):
        rnn(X, constants=MEMORY)
    randomize(ours)
    theirs.set_weights(ours.get_weights())
    expected = ours(X, constants=MEMORY, training=True)
    assert_close(theirs(X, constants=MEMORY, training=True), expected, tolerance=0)


def looking_at(cell):
    return AttentionCell(cell(UNITS), looking().attention)


@pytest.mark.parametrize("outside", LOOKING_IN)
def test_saved_and_loaded_it_predicts_the_same(outside, tmp_path):
    rnn = layer_of(LOOKING_IN[outside](ResidualCell(keras.layers.LSTMCell(UNITS))))
    x = keras.Input((None, UNITS))
    model = keras.Model(x, rnn(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_close(loaded(X), model(X), tolerance=0)


class Closed(keras.layers.Layer):
    """A cell in Keras's form of which nothing is known: `h = x + h`."""

    state_size = output_size = UNITS

    def call(self, x, states):
        return x + states[0], [x + states[0]]


@pytest.mark.parametrize("wrap", [LayerNormCell, lambda cell: VariationalDropoutCell(cell, 0.3)])
@pytest.mark.parametrize("between", ["residual", "reset", "residual in zoneout"])
@pytest.mark.parametrize(
    "make", [Closed, lambda: keras.layers.StackedRNNCells([keras.layers.GRUCell(UNITS)])]
)
def test_a_closed_cell_is_refused_before_anything_is_built(make, between, wrap):
    cell = make()
    check(lambda: wrap(BETWEEN[between](cell)), ["cannot be seen", cell.name])
    assert not cell.built


def test_a_keras_cell_in_a_model_is_refused_before_the_call():
    x, h = keras.Input((UNITS,)), keras.Input((UNITS,), name="h")
    y, after = keras.layers.GRUCell(UNITS, name="inside")(x, [h])
    cell = RNNCellFromModel(keras.Model([x, h], [y, *after]))
    check(lambda: LayerNormCell(ResidualCell(cell)), ["inside", "cannot be seen"])
    assert ResidualCell(cell).get_layer()(X).shape == (3, UNITS)
