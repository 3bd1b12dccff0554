"""Where Keras asks for shapes alone, a layer says them without writing out its loop."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers

from rshop import GRUCell, LSTMCell, RecurrentModel
from rshop.call.output_spec import only_shapes_are_asked

OPTIONS = [
    {},
    {"return_sequences": True},
    {"return_states": True},
    {"return_sequences": True, "return_states": True},
    {"decode": True, "output_length": 4},
    {"go_backwards": True, "return_sequences": True},
]


@keras.saving.register_keras_serializable(package="tests")
class Around(layers.Layer):
    """A layer of a user's, of which Keras learns the shapes by calling it on placeholders."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return keras.tree.map_structure(lambda y: y + 0, self.inner(x))


def asked(rnn, x):
    """The symbolic results of a user's layer around this one, and the operations that were written."""
    written = []
    run = rnn.results

    def results(*given):
        y = run(*given)
        if only_shapes_are_asked():
            written.append([op.type for op in keras.tree.flatten(y)[0].graph.get_operations()])
        return y

    rnn.results = results
    y = Around(rnn)(x)
    return keras.tree.flatten(y), written


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("batch, time", [(None, None), (2, 5), (None, 5)])
def test_the_shapes_are_those_of_the_numbers_and_no_loop_is_written(options, batch, time):
    rnn = LSTMCell(3).get_layer(**options)
    shape = (2,) if rnn.decode else (time, 2)
    found, written = asked(rnn, Input(batch_shape=(batch, *shape)))
    numbers = keras.tree.flatten(rnn(np.zeros((2, 2) if rnn.decode else (2, 5, 2), "float32")))
    assert len(found) == len(numbers)
    for symbolic, number in zip(found, numbers, strict=True):
        known = [
            size if size is not None else real
            for size, real in zip(symbolic.shape, number.shape, strict=True)
        ]
        assert known == list(number.shape) and symbolic.dtype == number.dtype.name
        assert symbolic.shape[0] == batch and symbolic.shape[-1] == 3
    assert written and not {"While", "StatelessWhile", "MatMul"} & set(written[-1])


def test_an_output_of_a_size_that_only_the_loop_knows_is_still_found():
    x, h = Input((None,)), Input((None,), name="h")
    rnn = RecurrentModel(x, x + h, initial_states=h, final_states=h, return_sequences=True)
    around = Around(lambda x: rnn(x, initial_state=x[:, 0]))
    assert around(Input((5, 3))).shape == (None, 5, 3)
    np.testing.assert_array_equal(around(np.ones((2, 5, 3), "float32")), np.full((2, 5, 3), 2))


def test_the_first_training_step_of_a_stateful_layer_begins_at_its_initial_state():
    """Keras asks for the shapes once before it trains; that run leaves nothing behind."""
    rnn = GRUCell(3).get_layer(stateful=True)
    x = Input(batch_shape=(2, 5, 2))
    model = keras.Model(x, rnn(x))
    own = layers.GRU(3, stateful=True)
    other = keras.Model(x, own(x))
    other.set_weights(model.get_weights())
    data = np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32")
    losses = []
    for m in (model, other):
        m.compile("sgd", "mse")
        losses.append([m.train_on_batch(data, np.ones((2, 3), "float32")) for _ in range(3)])
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_it_knows_when_shapes_alone_are_asked():
    assert not only_shapes_are_asked()
    with keras.SymbolicScope():
        assert only_shapes_are_asked()
    assert not only_shapes_are_asked()
    seen = []
    tf.function(lambda: seen.append(only_shapes_are_asked()))()
    assert seen == [False]
