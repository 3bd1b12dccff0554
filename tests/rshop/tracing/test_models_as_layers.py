"""A Keras model where a recurrent layer is asked for: its only one is taken, with what reaches it there."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel
from viz.inspector.payload.encoding import encoded

IDS = np.array([[4, 2, 7, 0], [1, 1, 3, 5]])
WORDS = ["Received:", "Expected:", "Fix:"]


@pytest.fixture(scope="module")
def rnn():
    return LSTMCell(4, input_dim=3, name="cell").get_layer(return_sequences=True, name="reader")


@pytest.fixture(scope="module")
def model(rnn):
    """Tokens, of which 0 is padding, a Dense layer, the recurrent layer, a Dense layer."""
    ids = Input((None,), dtype="int32", name="ids")
    x = layers.Dense(3, "tanh", name="mixer")(layers.Embedding(9, 5, mask_zero=True, name="vectors")(ids))
    return keras.Model(ids, layers.Dense(2)(rnn(x)), name="tagger")


def what_reaches(model):
    """The layer's own input, in NumPy."""
    table, (kernel, bias) = (
        model.get_layer("vectors").get_weights()[0],
        model.get_layer("mixer").get_weights(),
    )
    return np.tanh(table[IDS] @ kernel + bias)


def test_a_trace_of_a_model_is_that_of_its_layer_with_what_reaches_it(model, rnn):
    found = rshop.trace(model, IDS)
    np.testing.assert_allclose(found.inputs, what_reaches(model), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.mask, IDS != 0)
    expected = rshop.trace(rnn, what_reaches(model), mask=IDS != 0)
    for name in expected.names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(IDS, verbose=0), found.outputs @ kernel + bias, atol=1e-5)


def test_the_inspector_of_a_model_is_that_of_its_layer(model, rnn):
    words = ["the", "cat", "sat", "-"]
    of_model = viz.inspect(model, IDS, labels=words, sample=1).payload
    of_layer = viz.inspect(rnn, rshop.trace(model, IDS).inputs, mask=IDS != 0, labels=words, sample=1).payload
    assert encoded(of_model) == encoded(of_layer)
    told = encoded(of_model)
    assert told["title"] == "reader" and told["mask"] == [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_an_argument_that_is_given_counts_and_not_the_models(model):
    assert rshop.trace(model, IDS, mask=np.ones((2, 4), bool)).mask.all()
    found = rshop.trace(model, IDS, initial_state={"h": np.full((2, 4), 0.5)})
    np.testing.assert_array_equal(found.states["h"][:, 0], np.full((2, 4), 0.5, "float32"))


def test_an_editor_changes_what_the_layer_of_a_model_reads(model):
    editor = viz.edit(model, IDS).change("h", t=1, unit=2, value=3.0)
    assert editor.futures["inputs kept"].edited.states["h"][0, 1, 2] == 3.0
    np.testing.assert_allclose(editor.trace.inputs, what_reaches(model), rtol=1e-5, atol=1e-6)


def test_numbers_of_a_model_are_those_of_its_layer(model, rnn):
    x, call = rshop.trace(model, IDS).inputs, {"mask": IDS != 0}
    for of_model, of_layer in (
        (viz.gradient_flow(model, IDS, ax=False).matrix, viz.gradient_flow(rnn, x, ax=False, **call).matrix),
        (
            viz.input_influence(model, IDS, ax=False).scores,
            viz.input_influence(rnn, x, ax=False, **call).scores,
        ),
        (
            viz.intervene(model, IDS, at=2, states={"c": 1.0}).effect("h"),
            viz.intervene(rnn, x, at=2, states={"c": 1.0}, **call).effect("h"),
        ),
    ):
        np.testing.assert_allclose(of_model, of_layer, rtol=1e-4, atol=1e-6)
        assert np.abs(of_layer).max() > 1e-3
    np.testing.assert_array_equal(
        list(viz.eigenvalues(model, ax=False).values.values()),
        list(viz.eigenvalues(rnn, ax=False).values.values()),
    )


def test_drawings_of_a_model_are_those_of_its_layer(model, rnn):
    assert viz.draw_step(model).text == viz.draw_step(rnn).text
    assert viz.draw_unrolled(model, steps=7).text == viz.draw_unrolled(rnn, steps=7).text


def test_a_layer_in_a_nested_model_is_found_with_its_mask(model):
    ids = Input((4,), dtype="int32")
    outer = keras.Model(ids, layers.GlobalMaxPooling1D()(model(ops.minimum(ids + 1, 8))))
    found = rshop.trace(outer, IDS - 1)
    np.testing.assert_array_equal(found.inputs, rshop.trace(model, IDS).inputs)
    np.testing.assert_array_equal(found.mask, IDS != 0)


def test_a_sequential_that_was_never_called_is_built():
    layer = GRUCell(2).get_layer(return_sequences=True)
    model = keras.Sequential([layers.Dense(3), layer, layers.Dense(1)])
    x = np.arange(12, dtype="float32").reshape(1, 4, 3) / 10
    found = rshop.trace(model, x)
    kernel, bias = model.layers[0].get_weights()
    np.testing.assert_allclose(found.inputs, x @ kernel + bias, rtol=1e-5, atol=1e-6)
    assert found.outputs.shape == (1, 4, 2)


def attending():
    """A decoder model: a state, a memory with a mask, and a truth come from elsewhere in the model."""
    x_t, h = Input((2,), name="x"), Input((2,), name="h")
    r, memory = Input((2,), name="r"), Input((3, 2), name="memory")
    n = x_t + h + r + layers.GlobalAveragePooling1D()(memory)
    rnn = RecurrentModel(x_t, n, h, n, r, constants=memory, teacher_force=True, return_sequences=True)
    x, start, words, truth = Input((4, 2)), Input((2,)), Input((3,)), Input((4, 2))
    vectors = layers.Embedding(5, 2, mask_zero=True)(words)
    y = rnn(x, initial_state=2.0 * start, constants=vectors, ground_truth=truth + 1.0)
    return keras.Model([x, start, words, truth], y), rnn


def test_states_constants_and_truths_are_those_of_the_model():
    model, _ = attending()
    rng = np.random.default_rng(0)
    x, start, truth = (rng.normal(size=size).astype("float32") for size in ((2, 4, 2), (2, 2), (2, 4, 2)))
    given = [x, start, np.array([[1, 2, 0], [3, 0, 0]]), truth]
    for training in (False, True):
        found = rshop.trace(model, given, training=training)
        np.testing.assert_allclose(found.states["h"][:, 0], 2 * start, rtol=1e-6)
        np.testing.assert_allclose(found.outputs, model(given, training=training), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.readout[:, 1:], truth[:, :-1] + 1, rtol=1e-6)


def test_inputs_by_name():
    a, b = Input((4, 3), name="a"), Input((4, 3), name="b")
    layer = GRUCell(2).get_layer(name="reader")
    model = keras.Model({"a": a, "b": b}, layer(a - b))
    one, two = np.ones((1, 4, 3)), np.full((1, 4, 3), 3.0)
    np.testing.assert_array_equal(rshop.trace(model, {"b": two, "a": one}).inputs, np.full((1, 4, 3), -2.0))
    with pytest.raises(ValueError, match="'a', 'c'.*Expected: .*'a', 'b'"):
        rshop.trace(model, {"a": one, "c": two})


# What is refused -----------------------------------------------------------------------------------


def of_none():
    return keras.Sequential([Input((4, 3)), layers.LSTM(2, name="kerass_own"), layers.Dense(1)], name="plain")


def of_two():
    inner = keras.Sequential([Input((4, 3)), GRUCell(3).get_layer(return_sequences=True, name="first")])
    return keras.Sequential([inner, LSTMCell(2).get_layer(name="second")], name="both")


def of_one_called_twice():
    x, layer = Input((4, 3)), GRUCell(3).get_layer(return_sequences=True, name="again")
    return keras.Model(x, layer(layer(x)))


class Written(keras.Model):
    """A model as a class: what reaches its layers is not seen."""

    def __init__(self):
        super().__init__()
        self.reader = GRUCell(3).get_layer(name="hidden")

    def call(self, x):
        return self.reader(x)


def written():
    model = Written()
    model(np.ones((1, 4, 3)))
    return model


CALLS = {
    "trace": lambda model, x: rshop.trace(model, x),
    "inspect": lambda model, x: viz.inspect(model, x),
    "edit": lambda model, x: viz.edit(model, x),
    "intervene": lambda model, x: viz.intervene(model, x, at=1),
    "gradient_flow": lambda model, x: viz.gradient_flow(model, x, ax=False),
    "input_influence": lambda model, x: viz.input_influence(model, x, ax=False),
    "draw_step": lambda model, x: viz.draw_step(model),
    "draw_unrolled": lambda model, x: viz.draw_unrolled(model),
    "eigenvalues": lambda model, x: viz.eigenvalues(model, ax=False),
}
TAKES_X = [name for name in CALLS if name not in ("draw_step", "draw_unrolled", "eigenvalues")]


@pytest.mark.parametrize("name", CALLS)
def test_a_model_of_no_or_several_recurrent_layers_is_one_clear_line(name):
    for make, words in (
        (of_none, ["'plain'", "no recurrent layer", "'kerass_own' (LSTM)"]),
        (
            of_two,
            ["2 recurrent layers", "'first'", "'second'", "model.get_layer('second')", ".get_layer('first')"],
        ),
    ):
        with pytest.raises(TypeError if make is of_none else ValueError) as caught:
            CALLS[name](make(), np.ones((1, 4, 3)))
        text = str(caught.value)
        assert not [word for word in [*words, *WORDS] if word not in text], text
        assert "\n" not in text


@pytest.mark.parametrize("name", TAKES_X)
@pytest.mark.parametrize("make", [of_one_called_twice, written])
def test_a_layer_whose_input_is_not_known_is_named(name, make):
    with pytest.raises(ValueError, match="'(again|hidden)'.*Received.*model.get_layer"):
        CALLS[name](make(), np.ones((1, 4, 3)))


def test_the_step_of_a_layer_in_a_written_model_is_drawn():
    assert viz.draw_step(written()).scene.title == "One timestep of hidden"


def test_a_bidirectional_is_one_layer_of_two_directions():
    both = layers.Bidirectional(GRUCell(2, input_dim=3).get_layer(return_sequences=True), name="both")
    model = keras.Sequential([Input((4, 3)), both])
    assert viz.draw_unrolled(model).text == viz.draw_unrolled(both).text
    for name in ("inspect", "draw_step", "intervene"):
        with pytest.raises(ValueError, match="forward_layer or layer.backward_layer"):
            CALLS[name](model, np.ones((1, 4, 3)))


def test_another_number_of_inputs_is_said():
    model, _ = attending()
    with pytest.raises(ValueError, match="Received: 1 arrays.*Expected: 4"):
        rshop.trace(model, np.ones((1, 4, 2)))
