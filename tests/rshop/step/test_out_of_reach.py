"""What a step or a call cannot have gets one clear line with the way out."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, RNNCellFromModel, SimpleRNNCell

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


def of(function):
    """The layer of `n = function(x, h)`."""
    x, h = Input((3,)), Input((3,), name="h")
    n = function(x, h)
    return RecurrentModel(x, n, h, n)


HIDDEN = {
    "cond": lambda x, h: h + ops.cond(ops.sum(x) > 0, lambda: x + h, lambda: x - h),
    "while_loop": lambda x, h: ops.while_loop(lambda a: ops.sum(a) < 9, lambda a: (a + h,), (x,))[0],
    "fori_loop": lambda x, h: ops.fori_loop(0, 3, lambda i, a: a + h, x),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_tensor_that_a_function_reads_from_around_it_is_named(kind):
    with pytest.raises(ValueError, match=f"`ops.{kind}`.*Received: .*of shape .*Fix: .*"):
        of(HIDDEN[kind])


def test_what_a_function_is_called_with_runs():
    """`h + x`, with `1` added until the sum of x is 30: in NumPy."""
    rnn = of(lambda x, h: h + ops.while_loop(lambda a: ops.sum(a) < 30, lambda a: (a + 1,), (x,))[0])
    h = np.zeros((2, 3))
    for t in range(4):
        a = X[:, t]
        while a.sum() < 30:
            a = a + 1
        h = h + a
    np.testing.assert_allclose(rnn(X), h, rtol=1e-5)
    constant = of(
        lambda x, h: x + h + ops.cond(ops.sum(x) > 99, lambda: ops.ones((1, 3)), lambda: 0 * ops.ones((1, 3)))
    )
    np.testing.assert_allclose(constant(X), X.sum(axis=1), atol=1e-5)


def test_a_ragged_tensor_is_refused_with_the_call_that_runs():
    ragged = tf.ragged.constant([[[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]], ragged_rank=1)
    rnn = GRUCell(3).get_layer()
    with pytest.raises(TypeError, match=r"Ragged.*Fix: rnn\(x.to_tensor\(\), mask=tf.sequence_mask"):
        rnn(ragged)
    padded = rnn(ragged.to_tensor(), mask=tf.sequence_mask(ragged.row_lengths()))
    np.testing.assert_allclose(padded[:1], rnn(np.array([[[1.0, 2.0, 3.0]]])), atol=1e-6)


@pytest.mark.parametrize("make", [lambda **k: GRUCell(3).get_layer(**k), RecurrentSequential])
def test_time_major_says_how_to_put_the_batch_first(make):
    with pytest.raises(TypeError, match="time_major.*Fix: put the batch first, keras.ops.swapaxes"):
        make(time_major=True)


@pytest.mark.parametrize("cell", [LSTMCell, GRUCell, SimpleRNNCell])
def test_the_first_librarys_output_dim_is_a_cells_units(cell):
    a, b = cell(output_dim=7, input_dim=5), cell(7, input_dim=5)
    assert a.units == a.output_dim == 7 and a.get_config() == {**b.get_config(), "name": a.name}
    assert cell(7, output_dim=7).units == 7
    with pytest.raises(ValueError, match="units=3, output_dim=7.*Fix"):
        cell(3, output_dim=7)
    with pytest.raises(TypeError, match="number of units.*Fix"):
        cell()


@pytest.mark.parametrize(
    "given, shape",
    [
        ({"input_dim": 5, "input_shape": (5,)}, (None, 5)),
        ({"input_dim": 5, "batch_input_shape": (20, None)}, (20, 5)),
        ({"batch_shape": (20, 5), "batch_input_shape": (20, 5)}, (20, 5)),
        ({"input_dim": 5, "input_shape": (6,)}, None),
        ({"batch_shape": (20, 5), "batch_input_shape": (10, 5)}, None),
    ],
)
def test_no_constructor_drops_one_of_two_shapes(given, shape):
    if shape is None:
        with pytest.raises(ValueError, match="given twice.*Received: .*5.*Fix: leave out"):
            GRUCell(3, **given)
    else:
        assert GRUCell(3, **given).declared_shape == shape


def test_no_constructor_drops_what_contradicts_the_rest():
    with pytest.raises(ValueError, match="return_states=False, return_state=True"):
        RecurrentSequential(return_states=False, return_state=True)
    x, h = Input((3,)), Input((3,))
    model = keras.Model([x, h], [x + h, x + h])
    with pytest.raises(ValueError, match="output_dim=7 for .*3"):
        RNNCellFromModel(model, output_dim=7)
    with pytest.raises(ValueError, match="input_dim=7 for .*3"):
        RNNCellFromModel(model, input_dim=7)
    assert RNNCellFromModel(model, output_dim=3, input_dim=3).state_names == ["state_0"]
    with pytest.raises(ValueError, match="state_names=.*a layer"):
        RNNCellFromModel(GRUCell(3).get_layer(), state_names=["mine"])


@pytest.mark.parametrize("cell", [GRUCell, LSTMCell])
def test_kerass_option_implementation_is_ignored_as_keras_does(cell):
    theirs = getattr(layers, cell.__name__)(3, implementation=1)
    mine = cell.from_config({**theirs.get_config(), "implementation": 1})
    x, h = np.ones((2, 3), "float32"), [np.zeros((2, 3), "float32")] * (2 if cell is LSTMCell else 1)
    theirs(x, h)
    mine([x, *h])
    mine.set_weights(theirs.get_weights())
    np.testing.assert_allclose(mine([x, *h])[0], theirs(x, h)[0], atol=1e-6)


def test_from_config_takes_custom_objects():
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

    x, h = Input((3,)), Input((3,))
    n = Twice()(x) + h
    stack = RecurrentSequential()
    stack.add(Twice())
    for rnn in (RecurrentModel(x, n, h, n), stack):
        config = rnn.get_config()
        again = type(rnn).from_config(config, custom_objects={"Twice": Twice})
        np.testing.assert_array_equal(again(X), rnn(X))
        with pytest.raises((TypeError, ValueError), match="Twice"):
            type(rnn).from_config(config)
