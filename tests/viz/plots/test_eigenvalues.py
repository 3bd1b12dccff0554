"""`eigenvalues`: of every square weight that multiplies a state, in any step."""

import keras
import numpy as np
import pytest
from keras import layers

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support.cells import accumulator, assert_close, draws, randomize
from tests.support.linear_rnn import A, X, linear


def test_no_two_kernels_look_the_same():
    rnn = RecurrentSequential()
    for units in (2, 3, 4):
        rnn.add(LSTMCell(units))
    rnn(draws(1, 2, 2))
    sets = viz.eigenvalues(rnn).axes.collections
    looks = {(tuple(points.get_edgecolor()[0]), points.get_paths()[0].vertices.tobytes()) for points in sets}
    assert len(looks) == len(sets) == 12


def test_eigenvalues_of_a_rotation_are_on_the_unit_circle():
    rnn = SimpleRNNCell(2, input_dim=1).get_layer()
    rnn(np.ones((1, 1, 1)))
    angle = 0.3
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    rnn.set_weights([np.ones((1, 2)), rotation, np.zeros(2)])
    result = viz.eigenvalues(rnn)
    (values,) = result.values.values()
    assert_close(np.sort_complex(values), np.exp([-0.3j, 0.3j]), 1e-6)
    assert_close(list(result.radius.values()), [1.0], 1e-6)
    circle = result.axes.lines[0].get_xydata()
    assert_close(np.hypot(*circle.T), np.ones(len(circle)), 1e-9)
    assert_close(result.axes.collections[0].get_offsets(), np.stack([values.real, values.imag], 1), 1e-9)


@pytest.mark.parametrize(
    "cell", [GRUCell, LSTMCell, layers.LSTMCell, layers.GRUCell, lambda n: GRUCell(n, reset_after=False)]
)
def test_each_gate_of_a_cell_has_its_own_eigenvalues(cell):
    """As many inputs as units: the kernel of the input is no recurrent kernel."""
    rnn = RecurrentSequential()
    rnn.add(cell(3))
    rnn(draws(1, 2, 3))
    recurrent = rnn.get_weights()[1].astype("float64")
    result = viz.eigenvalues(rnn)
    expected = np.split(recurrent, recurrent.shape[1] // 3, axis=1)
    assert len(result.values) == len(expected)
    for values, square in zip(result.values.values(), expected, strict=True):
        assert_close(np.sort_complex(values), np.sort_complex(np.linalg.eigvals(square)), 1e-6)


def test_a_stack_has_the_kernels_of_its_states_and_no_other():
    rnn = RecurrentSequential()
    rnn.add(LSTMCell(3, name="low"))
    rnn.add(GRUCell(3, name="high"))
    rnn(draws(1, 2, 3))
    names = list(viz.eigenvalues(rnn).values)
    assert len(names) == 4 + 3
    assert all(("low" in name) == (i < 4) and "recurrent" in name for i, name in enumerate(names))


def test_of_a_joined_input_only_the_rows_of_the_state_count():
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    joined = layers.Concatenate()([x, layers.Dropout(0.5)(h)])
    n = layers.Dense(3, activation="tanh", name="mix")(joined)
    rnn = RecurrentModel(x, n, h, n)
    rnn(X)
    kernel = randomize(rnn)[0]
    (values,) = viz.eigenvalues(rnn).values.values()
    assert_close(
        np.sort_complex(values), np.sort_complex(np.linalg.eigvals(kernel[2:].astype("float64"))), 1e-5
    )


def test_a_state_is_followed_through_a_sum_with_an_input_and_no_further():
    """W (x + h) multiplies the state; P n of the new state n = h / 2 + W (x + h) does not."""
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    n = 0.5 * h + layers.Dense(3, name="W")(x + h)
    rnn = RecurrentModel(x, layers.Dense(3, name="P")(n), h, n)
    assert list(viz.eigenvalues(rnn).values) == ["W"]


def test_a_step_without_a_square_weight_is_one_clear_error():
    with pytest.raises(ValueError, match="No square weight multiplies a state"):
        viz.eigenvalues(accumulator(2))
    rnn = linear()
    rnn.step.get_layer("A").set_weights([A * np.nan])
    with pytest.raises(ValueError, match="not finite has no eigenvalues. Received: NaN or infinity in"):
        viz.eigenvalues(rnn)
    with pytest.raises(TypeError, match="no recurrent layer of rshop"):
        viz.eigenvalues("lstm")
