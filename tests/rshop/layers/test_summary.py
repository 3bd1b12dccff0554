"""What Keras's summary says of our layers, in a model of one's own too, whose layers it asks for shapes."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import LSTMCell, RecurrentModel
from rshop.seq2seq import CharacterTokenizer, EncoderDecoder, Forecaster, LanguageModel


class Own(keras.Model):
    """A user's model: an LSTM, and a step with a constant."""

    def __init__(self):
        super().__init__()
        self.first = LSTMCell(5).get_layer(return_sequences=True, return_states=True)
        x, m, h = Input((5,)), Input((2,), name="m"), Input((4,), name="h")
        after = layers.Dense(4)(layers.Concatenate()([x, m, h]))
        self.second = RecurrentModel(x, after, h, after, constants=m)

    def call(self, inputs):
        x, constant = inputs
        return self.second(self.first(x)[0], constants=constant)


def summary(model) -> str:
    lines = []
    model.summary(print_fn=lines.append, line_length=120)
    return "\n".join(lines)


def test_a_model_of_ones_own_tells_the_shapes_of_its_layers():
    model = Own()
    model([np.ones((2, 7, 3), "float32"), np.ones((2, 2), "float32")])
    text = summary(model)
    assert "((2, 7, 5), (2, 5), (2, " in text
    assert "(2, 4)" in text
    # An LSTM of 3 numbers and 5 units, then 5 + 2 + 4 numbers to 4 with a bias.
    assert model.count_params() == 4 * 5 * (3 + 5 + 1) + (5 + 2 + 4 + 1) * 4


def test_a_fitted_forecaster_has_a_summary():
    model = Forecaster(4, 3)
    model.fit(np.sin(np.arange(60.0)), epochs=1, verbose=0)
    text = summary(model)
    assert "reader" in text and "decoder" in text


PAIRS = {"source_tokens": 9, "target_tokens": 10, "embedding": 5}
READY = {
    "attention": (lambda: EncoderDecoder(6, **PAIRS), [(None, None), (None, None)]),
    "peek": (lambda: EncoderDecoder(6, mode="peek", depth=2, **PAIRS), [(None, None), (None, None)]),
    "vectors": (lambda: EncoderDecoder(6, mode="state"), [(None, None, 3), (None, None, 2)]),
    "text": (lambda: LanguageModel(6, CharacterTokenizer("abc")), (None, None)),
    "closed": (lambda: Forecaster(4, 3), (None, 20, 2)),
    "direct": (lambda: Forecaster(4, 3, mode="direct"), (None, 20, 2)),
    "known": (lambda: Forecaster(4, 3, known_future=2), [(None, 20, 1), (None, 23, 2)]),
}


def numbers(model) -> int:
    return sum(weight.size for weight in map(np.array, model.get_weights()))


@pytest.mark.parametrize("kind", READY)
def test_a_ready_model_that_is_built_has_built_every_part(kind):
    """The decoder too, before anything was generated; and a call adds no weight to what was counted."""
    make, shape = READY[kind]
    model = make()
    model.build(shape)
    text, counted = summary(model), model.count_params()
    assert "unbuilt" not in text and f"{counted:,}" in text
    given = [np.ones([2 if i == 0 else n or 4 for i, n in enumerate(one)]) for one in _each(shape)]
    model(given if len(given) > 1 else given[0])
    assert model.count_params() == counted == numbers(model)
    assert "unbuilt" not in summary(model)


def test_a_ready_model_that_was_called_or_has_generated_has_built_every_part():
    source = np.array([[3, 4, 5], [6, 2, 0]])
    called, spoke = EncoderDecoder(6, **PAIRS), EncoderDecoder(6, **PAIRS)
    called([source, source])
    spoke.generate(source, 3)
    assert called.count_params() == spoke.count_params() == numbers(called)
    said = LanguageModel(6, CharacterTokenizer("abc"))
    said.generate("ab", 2)
    for model in (called, spoke, said):
        assert "unbuilt" not in summary(model)


@pytest.mark.slow
def test_a_ready_model_in_a_fresh_process_has_built_every_part(tmp_path):
    """Loaded where nothing was built or called before."""
    for kind, (make, shape) in READY.items():
        model = make()
        model.build(shape)
        model.save(tmp_path / f"{kind}.keras")
    loaded = "; ".join(
        f"model = keras.saving.load_model(r'{tmp_path / kind}.keras'); model.summary(); "
        "print('counted', model.count_params())"
        for kind in READY
    )
    run = [sys.executable, "-c", f"import keras, rshop.seq2seq; {loaded}"]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "unbuilt" not in done.stdout
    counted = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("counted")]
    expected = []
    for make, shape in READY.values():
        model = make()
        model.build(shape)
        expected.append(model.count_params())
    assert counted == expected


def _each(shape):
    return shape if isinstance(shape, list) else [shape]


@pytest.mark.parametrize("own_build", [False, True])
def test_a_layer_with_a_call_of_its_own_tells_its_shape(own_build):
    """Its input has another name, under which Keras asks."""

    class Doubled(RecurrentModel):
        def call(self, inputs):
            return 2 * super().call(inputs)

    class Built(Doubled):
        def build(self, input_shape):
            super().build(input_shape)

    x, h = Input((3,)), Input((4,))
    after = layers.Dense(4)(layers.Concatenate()([x, h]))
    rnn = (Built if own_build else Doubled)(x, after, h, after, return_sequences=True, name="doubled")

    class Around(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = rnn

        def call(self, inputs):
            return self.rnn(inputs)

    model = Around()
    model(np.ones((2, 7, 3), "float32"))
    assert "(2, 7, 4)" in summary(model)
    assert rnn.compute_output_shape((2, 7, 3)) == (2, 7, 4)
