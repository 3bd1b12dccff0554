"""A cell that refused an input takes the next one as a new cell does."""

import keras
import pytest

from rshop import GRUCell, LSTMCell
from rshop.cells import HighwayCell, ResidualCell
from tests.support.cells import assert_close, draws
from tests.support.errors import check, ones

UNITS = 6
X = draws(3, 4, UNITS, seed=1)


@pytest.mark.parametrize("kind", [ResidualCell, HighwayCell])
@pytest.mark.parametrize("make", [GRUCell, keras.layers.GRUCell, lambda n: ResidualCell(LSTMCell(n))])
def test_a_cell_that_carries_its_input_around_forgets_an_input_of_another_size(kind, make):
    rnn, new = (kind(make(UNITS)).get_layer(return_sequences=True) for _ in range(2))
    check(lambda: rnn(X[..., :5]), ["differ in shape", "(None, 5)", "(None, 6)"])
    assert not rnn.cell.cell.built
    expected = new(X)
    rnn(X)
    rnn.set_weights(new.get_weights())
    assert_close(rnn(X), expected, tolerance=0)


def test_a_cell_of_vectors_forgets_frames():
    rnn = LSTMCell(4).get_layer()
    check(lambda: rnn(ones(3, 4, 2, 2)), ["reads a vector", "(3, 2, 2)", "Flatten"])
    rnn(X)
    assert [w.shape for w in rnn.weights] == [(6, 16), (4, 16), (16,)]


def test_a_cell_of_a_declared_size_forgets_another():
    cell = LSTMCell(4, input_dim=3)
    check(lambda: cell.build((None, 5)), ["made for another input", "(None, 5)"])
    cell.build((None, 3))
    assert [w.shape for w in cell.weights] == [(3, 16), (4, 16), (16,)]
