"""Saving (laws 30 and 31): what is written is read back as it was, anywhere."""

import copy
import functools
import importlib
import json
import pickle

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import GRUCell, LSTMCell, RecurrentModel, RNNCell
from tests.support import fresh
from tests.support.models import MODELS, example
from tests.support.sequentials import over, stack

NAMES = sorted(MODELS)
every_model = pytest.mark.parametrize("name", NAMES)
built = functools.cache(example)


def rewound(model):
    """The model at its first state."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()
    return model


def numbers(model, inputs):
    """The outputs of one inference from the first state, as a flat list of float arrays."""
    rewound(model)
    outputs = model(inputs[0] if len(inputs) == 1 else inputs)
    return [np.asarray(keras.ops.convert_to_numpy(y)) for y in keras.tree.flatten(outputs)]


@functools.cache
def expected(name):
    """The numbers of a model of the table, which are not trivial."""
    outputs = numbers(*built(name))
    assert any(np.ptp(y) > 0 for y in outputs)
    return outputs


def same(name, again):
    """Assert that a copy has the weights of the original and gives identical numbers."""
    model, inputs = built(name)
    for y, z in zip(expected(name), numbers(again, inputs), strict=True):
        np.testing.assert_array_equal(y, z)
    rewound(model), rewound(again)
    for w, v in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(w, v)


def plain(config):
    """The JSON of a config, without the shapes that Keras adds to what is built already."""
    if isinstance(config, dict):
        return {k: plain(v) for k, v in config.items() if k != "build_config"}
    return [plain(v) for v in config] if isinstance(config, (list, tuple)) else config


def recurrent_layers(model):
    """The layers of this project in a model, `Bidirectional` opened."""
    inside = [getattr(layer, "forward_layer", layer) for layer in model.layers]
    return [layer for layer in inside if hasattr(layer, "step")]


# Law 30: a fresh process --------------------------------------------------------------------------

USER_CELL = """
import keras
from rshop import RNNCell


class Leaky(RNNCell):
    def __init__(self, output_dim, leak=0.5, **options):
        super().__init__(output_dim, **options)
        self.leak = leak

    def build_model(self, input_shape):
        x, h = keras.Input(input_shape[1:]), keras.Input((self.output_dim,))
        n = self.leak * h + keras.layers.Dense(self.output_dim)(x)
        return keras.Model([x, h], [n, n])

    def get_config(self):
        return {**super().get_config(), "leak": self.leak}


@keras.saving.register_keras_serializable("mine")
class RegisteredLeaky(Leaky):
    pass
"""


def write(folder, name, model, inputs, outputs):
    """Save a model at its first state, inputs, and the numbers that it has to give elsewhere."""
    fresh.write(folder, name, rewound(model), inputs, outputs)


def write_user_cells(folder):
    """The user's module, and a model of each of its cells."""
    (folder / "user_cells.py").write_text(USER_CELL)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        user_cells = importlib.import_module("user_cells")
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    for name in ("Leaky", "RegisteredLeaky"):
        cell = getattr(user_cells, name)(3, leak=0.25)
        model = over(cell.get_layer(return_sequences=True))
        write(folder, name, model, [x], numbers(model, [x]))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The difference (or error) of each model, alone in a process that imports `rshop` and no more."""
    folder, failed = tmp_path_factory.mktemp("models"), {}
    for name in NAMES:
        try:
            write(folder, name, *built(name), expected(name))
        except Exception as error:
            failed[name] = f"not saved: {error!r}"
    write_user_cells(folder)
    found = fresh.differences(folder)
    registered = tmp_path_factory.mktemp("registered")
    for ending in ("keras", "npz"):
        (folder / f"RegisteredLeaky.{ending}").rename(registered / f"RegisteredLeaky.{ending}")
    found["imported"] = fresh.differences(registered, "user_cells", path=folder)["RegisteredLeaky"]
    return {**found, **failed}


@every_model
def test_a_fresh_process_that_imports_only_rshop_loads_identical_predictions(name, elsewhere):
    """Law 30: `.keras`, no custom_objects."""
    assert elsewhere[name] == 0.0


# Law 30: here -------------------------------------------------------------------------------------


@every_model
def test_a_clone_with_the_weights_or_their_file_gives_equal_predictions(name, tmp_path):
    """Law 30: `clone_model` with `set_weights`; `.weights.h5` read where the weights were others."""
    model, _ = built(name)
    again = keras.models.clone_model(model)
    again.set_weights(model.get_weights())
    same(name, again)
    again.set_weights([w + np.ones((), w.dtype) for w in again.get_weights()])
    model.save_weights(tmp_path / "a.weights.h5")
    again.load_weights(tmp_path / "a.weights.h5")
    same(name, again)


@every_model
def test_one_config_builds_the_layer_twice_and_is_plain_json(name):
    """Law 30: `from_config` twice from one dict, which stays as it was; `json.dumps(config)`."""
    for layer in recurrent_layers(built(name)[0]):
        config = layer.get_config()
        text = json.dumps(config, sort_keys=True)
        first = type(layer).from_config(config)
        second = type(layer).from_config(config)
        assert json.dumps(config, sort_keys=True) == text
        third = type(layer).from_config(json.loads(text))
        for again in (first, second, third):
            assert plain(again.get_config()) == plain(config)
            assert again.state_names == layer.state_names


def pickled(value):
    return pickle.loads(pickle.dumps(value))


# Keras copies a model by pickling it, so a part of the table is enough for the copy.
@pytest.mark.parametrize(
    "name, copied", [(n, pickled) for n in NAMES] + [(n, copy.deepcopy) for n in NAMES[::5]]
)
def test_pickle_and_deepcopy_give_equal_predictions_and_other_weights(name, copied):
    """Law 30: a copy computes the same and shares nothing."""
    model, _ = built(name)
    again = copied(model)
    same(name, again)
    assert not {id(w) for w in model.weights} & {id(w) for w in again.weights}


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_built_layer_alone_is_copied_with_its_weights(copied):
    """Law 30: not the model only, the layer too."""
    rnn, x = (
        stack(LSTMCell, readout="add", state_initializer="learned"),
        np.ones((2, 4, 3), "float32"),
    )
    y = rnn(x)
    np.testing.assert_array_equal(copied(rnn)(x), y)


def test_the_loaded_layer_has_the_options_of_the_saved_one(tmp_path):
    """Law 30: forcing works after loading: truth 1..5, y = readout, gives 0..4 in training."""
    x, r = Input((1,), name="x"), Input((1,), name="r")
    rnn = RecurrentModel(x, r + 0 * x, readout_input=r, teacher_force=True, return_sequences=True)
    xs, truth = Input((5, 1)), Input((5, 1))
    keras.Model([xs, truth], rnn(xs, ground_truth=truth)).save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    truth = np.arange(1.0, 6.0, dtype="float32").reshape(1, 5, 1)
    y = again([np.zeros_like(truth), truth], training=True)
    np.testing.assert_array_equal(np.ravel(y), [0, 1, 2, 3, 4])


@pytest.mark.parametrize("stateful", [False, True])
def test_the_weights_of_a_cell_layer_are_those_of_keras_stateful_or_not(stateful):
    """Law 23: kernel, recurrent kernel, bias and no more, so they move between such layers."""
    rnn = over(LSTMCell(3).get_layer(stateful=stateful), batch=2)
    oracle = over(layers.LSTM(3, stateful=stateful), batch=2)
    oracle.set_weights(rnn.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(rnn(x), oracle(x), atol=1e-6)
    over(LSTMCell(3).get_layer(stateful=not stateful), batch=2).set_weights(oracle.get_weights())


def test_a_trained_model_goes_on_training_after_loading(tmp_path):
    """Law 30: compiled, fitted, saved, loaded, fitted: the same loss as without the file."""
    x, y = np.ones((4, 4, 3), "float32"), np.zeros((4, 4, 3), "float32")
    model = over(stack(GRUCell, readout="add"))
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    losses = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    assert losses[0][1] < losses[0][0]


# Law 31 -------------------------------------------------------------------------------------------


def test_a_registered_user_cell_reloads_where_its_module_is_imported(elsewhere):
    """Law 31: `@register_keras_serializable`, in a fresh process that imports the user's module."""
    assert elsewhere["imported"] == 0.0


def test_a_user_cell_that_is_not_there_is_an_error_with_the_decorator_and_the_class(elsewhere):
    """Law 31: neither registered nor imported, in a fresh process."""
    message = elsewhere["Leaky"]
    assert "register_keras_serializable" in message and "Leaky" in message


def test_an_unregistered_user_cell_is_an_error_with_the_decorator_and_the_class(tmp_path):
    """Law 31: in the same process, for a class that no import can find."""

    class HomeMade(RNNCell):
        def build_model(self, input_shape):
            x, h = Input(input_shape[1:]), Input((self.output_dim,))
            n = layers.Dense(self.output_dim)(x) + h
            return keras.Model([x, h], [n, n])

    model = over(stack(HomeMade))
    with pytest.raises((TypeError, ValueError)) as error:
        model.save(tmp_path / "m.keras")
        keras.saving.load_model(tmp_path / "m.keras")
    assert "register_keras_serializable" in str(error.value) and "HomeMade" in str(error.value)
