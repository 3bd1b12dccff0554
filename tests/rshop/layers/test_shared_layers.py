"""A layer in two places of a model: Keras cannot load the file, so saving says it, and what to do."""

import warnings

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import GRUCell, RecurrentModel, RecurrentSequential

# Keras itself warns of what it then refuses to load.
pytestmark = pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def step_with(shared):
    a, h = Input((3,)), Input((3,))
    n = shared(a) + h
    return a, n, h, n


def outer_and_step():
    shared, i = layers.Dense(3, name="shared"), Input((5, 3))
    return keras.Model(i, RecurrentModel(*step_with(shared))(shared(i))), "shared"


def two_steps():
    parts, i = step_with(layers.Dense(3, name="shared")), Input((5, 3))
    return keras.Model(i, RecurrentModel(*parts)(RecurrentModel(*parts, return_sequences=True)(i))), "shared"


def two_cells_of_one_layer():
    layer, stack, i = GRUCell(3, input_dim=3).get_layer(), RecurrentSequential(), Input((5, 3))
    stack.add(layer.get_cell(name="one"))
    stack.add(layer.get_cell(name="two"))
    return keras.Model(i, stack(i)), "two"


def two_layers_of_one_cell():
    cell, i = GRUCell(3, input_dim=3, name="shared"), Input((5, 3))
    return keras.Model(i, cell.get_layer()(cell.get_layer(return_sequences=True)(i))), "shared"


def one_keras_cell_in_two_stacks():
    cell, i = layers.GRUCell(3, name="shared"), Input((5, 3))
    first, second = RecurrentSequential(return_sequences=True), RecurrentSequential()
    first.add(cell)
    second.add(cell)
    return keras.Model(i, second(first(i))), "shared"


SHARED = [
    outer_and_step,
    two_steps,
    two_cells_of_one_layer,
    two_layers_of_one_cell,
    one_keras_cell_in_two_stacks,
]


@pytest.mark.parametrize("build", SHARED)
def test_saving_a_shared_layer_warns_with_its_name_and_the_weights_are_the_way_out(build, tmp_path):
    model, name = build()
    with pytest.warns(UserWarning, match=f"'{name}'.*save_weights.*load_weights"):
        model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError):
        keras.saving.load_model(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    again, _ = build()
    again.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(again(X), model(X))


def test_a_layer_behind_the_step_that_has_it_is_named_at_loading(tmp_path):
    """What is written after our layer is not ours to see: Keras's own error names the layer."""
    shared, i = layers.Dense(3, name="shared"), Input((5, 3))
    model = keras.Model(i, shared(RecurrentModel(*step_with(shared), return_sequences=True)(i)))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="shared"):
        keras.saving.load_model(tmp_path / "model.keras")


def test_layers_without_weights_and_parts_used_twice_in_one_place_are_no_fault(tmp_path):
    squash, i = layers.Activation("tanh", name="squash"), Input((5, 3))
    stack = RecurrentSequential(return_sequences=True)
    twice = layers.Dense(3)
    for part in (twice, squash, twice):
        stack.add(part)
    other = RecurrentSequential()
    other.add(squash)
    model = keras.Model(i, other(stack(i)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(X), model(X))
