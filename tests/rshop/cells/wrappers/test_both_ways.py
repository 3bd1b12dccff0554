"""Wrapped cells in Keras's `Bidirectional`: its halves are two layers, one of which reads from behind."""

import keras
import numpy as np
import pytest

from tests.support.cells import assert_close
from tests.support.wrapped import INSIDE, MASK, UNITS, WRAPPERS, X, layer_of

NAMES = [name for name in WRAPPERS if name != "reset"]  # which reads two tensors


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("inside", ["lstm", "keras gru"])
def test_a_wrapped_cell_in_both_directions_is_two_layers(name, inside):
    def make(**options):
        return layer_of(WRAPPERS[name](INSIDE[inside]()), **options)

    ahead, behind = make(), make(go_backwards=True)
    behind.set_weights([0.5 * weight for weight in behind.get_weights()])
    both = keras.layers.Bidirectional(WRAPPERS[name](INSIDE[inside]()).get_layer(return_sequences=True))
    both(X)
    both.set_weights([*ahead.get_weights(), *behind.get_weights()])
    expected = np.concatenate([ahead(X), np.array(behind(X))[:, ::-1]], axis=-1)
    assert expected.shape == (3, 6, 2 * UNITS)
    assert_close(both(X), expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_outputs_of_masked_sequences(name):
    def make(**options):
        return layer_of(WRAPPERS[name](INSIDE["lstm"]()), return_sequences=False, **options)

    ahead, behind = make(), make()
    behind.set_weights([0.5 * weight for weight in behind.get_weights()])
    both = keras.layers.Bidirectional(WRAPPERS[name](INSIDE["lstm"]()).get_layer())
    both(X)
    both.set_weights([*ahead.get_weights(), *behind.get_weights()])
    found = np.array(both(X, mask=MASK))
    for i, valid in enumerate(MASK):
        x = X[i : i + 1, valid]  # without the masked timesteps
        assert_close(found[i : i + 1], np.concatenate([ahead(x), behind(x[:, ::-1])], axis=-1))
