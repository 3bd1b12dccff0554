"""What cannot be written out is refused, by name and with the way out; what is unusual still works."""

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import viz
from rshop import LSTMCell, RecurrentModel, to_numpy
from rshop.cells import ResetCell
from rshop.step.of_sequence import WeightsOfSequence
from tests.support.sequentials import stack
from tests.support.steps import Gain


class OfTensorFlow(layers.Layer):
    """A layer that leaves Keras's operations."""

    def call(self, x):
        return ops.convert_to_tensor(np.tanh(ops.convert_to_numpy(x)))


class Noisy(layers.Layer):
    """A layer that draws in inference too, from a generator of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(3)

    def call(self, x):
        return x + keras.random.normal((3,), seed=self.seeds)


class Drawn(layers.Layer):
    """A layer that draws from the seed of the process."""

    def call(self, x):
        return x + keras.random.normal((3,))


class WeightFirst(layers.Layer):
    """A layer whose weight stands left of a tensor, which Keras cannot follow."""

    def build(self, shape):
        self.gain = self.add_weight(shape=(), initializer="ones", name="gain")

    def call(self, x):
        return self.gain * x


def around(layer, **options):
    x, h = Input((3,), name="x"), Input((3,), name="h")
    return RecurrentModel(x, layer(x) + h, h, x + h, **options)


REFUSED = {
    "own": (OfTensorFlow, "its call is more than operations of Keras.*OfTensorFlow 'odd'"),
    "noisy": (Noisy, "keeps the state of a random generator.*Noisy 'odd'"),
    "drawn": (Drawn, "it draws random numbers.*Drawn 'odd'"),
    "weight_first": (WeightFirst, r"WeightFirst 'odd'.*Fix: .*x \* self.scale"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("write", [to_numpy, viz.equations], ids=["to_numpy", "equations"])
def test_a_layer_without_a_rule_is_refused_by_name(name, write):
    kind, text = REFUSED[name]
    keras.utils.set_random_seed(1)

    class Known(kind):
        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    Known.__name__ = kind.__name__
    rnn = around(Known(name="odd"))
    rnn.build((None, 4, 3))
    with pytest.raises(ValueError, match=text):
        write(rnn)


def test_a_layer_of_ones_own_needs_no_rule():
    rnn = around(Gain())
    x = np.ones((1, 2, 3), "float32")
    y = rnn(x)
    np.testing.assert_allclose(to_numpy(rnn).run(x)[0], y, atol=1e-6)


def test_half_precision_is_refused():
    rnn = stack(LSTMCell, dtype="mixed_bfloat16")
    rnn(np.ones((1, 2, 3)))
    with pytest.raises(ValueError, match="16 bits.*dtype='float32'"):
        to_numpy(rnn)


def test_double_precision_stays_double():
    rnn = LSTMCell(3, input_dim=2, dtype="float64").get_layer(dtype="float64")
    x = np.random.default_rng(0).normal(size=(2, 4, 2))
    y, states = to_numpy(rnn).run(x)
    assert y.dtype == "float64" and states[1].dtype == "float64"
    np.testing.assert_allclose(y, rnn(x), rtol=1e-12, atol=1e-12)


def test_a_layer_without_weights_yet_is_refused():
    with pytest.raises(ValueError, match=r"has no weights yet.*call it: rnn\(x\)"):
        to_numpy(stack(LSTMCell))


def test_noise_is_off_as_in_inference():
    rnn = around(layers.Dropout(0.5))
    x = np.ones((1, 2, 3), "float32")
    rnn(x)
    np.testing.assert_allclose(to_numpy(rnn).run(x)[0], rnn(x), atol=1e-6)


def test_a_stateful_layer_begins_with_its_first_states_and_goes_on_with_given_ones():
    rnn = stack(LSTMCell, stateful=True)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    first, second = rnn(x), rnn(x)
    run = to_numpy(rnn).run
    y, states = run(x)
    np.testing.assert_allclose(y, first, atol=1e-5)
    np.testing.assert_allclose(run(x, initial_state=states)[0], second, atol=1e-5)


def test_states_by_name_and_unknown_names():
    rnn = LSTMCell(2, input_dim=3).get_layer()
    x = np.ones((2, 4, 3), "float32")
    want = rnn(x, initial_state={"c": 0.5 * np.ones((2, 2))})
    run = to_numpy(rnn).run
    np.testing.assert_allclose(run(x, initial_state={"c": np.full(2, 0.5)})[0], want, atol=1e-6)
    with pytest.raises(ValueError, match=r"there are \['h', 'c'\]"):
        run(x, initial_state={"d": np.zeros(2)})


def test_saved_files_run_and_what_was_there_is_replaced(tmp_path):
    rnn = LSTMCell(2, input_dim=3).get_layer(return_sequences=True)
    source, x = to_numpy(rnn), np.ones((2, 4, 3), "float32")
    (tmp_path / "net.py").write_text("old")
    assert source.save(tmp_path / "net.py") == tmp_path / "net.py"
    module: dict = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), module)  # noqa: S102
    with np.load(tmp_path / "net.npz") as weights:
        assert sorted(weights) == ["bias", "kernel", "recurrent_kernel"]
        np.testing.assert_allclose(module["run"](weights, x)[0], rnn(x), atol=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.npz", "net.py"]
    assert str(source) == (tmp_path / "net.py").read_text(encoding="utf-8")


def test_the_text_is_shown_in_colour_and_names_stay_text():
    x = Input((2,), name="x")
    rnn = RecurrentModel(x, layers.Dense(2, name="<script>")(x), name='a"""<b>\'\\n')
    rnn.build((None, 3, 2))
    shown = to_numpy(rnn)._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and '<span style="color' in shown
    np.testing.assert_allclose(to_numpy(rnn).run(np.ones((1, 3, 2)))[0], rnn(np.ones((1, 3, 2))), atol=1e-6)


class Halved(WeightsOfSequence):
    def changed(self, weights, training):
        return [0.5 * weight for weight in weights]


@pytest.mark.parametrize("write", [to_numpy, viz.equations], ids=["to_numpy", "equations"])
@pytest.mark.parametrize("kind", ["reset", "halved"])
def test_what_belongs_to_a_whole_sequence_is_refused(kind, write):
    if kind == "reset":
        rnn, text = ResetCell(LSTMCell(3)).get_layer(), "once a sequence.*FirstValue.*a constant of the step"
        rnn([np.ones((1, 2, 3)), np.zeros((1, 2), bool)])
    else:
        x, h = Input((3,), name="x"), Input((3,), name="h")
        n = x + layers.Dense(3)(Halved(name="half")(h))
        rnn, text = RecurrentModel(x, n, h, n), "changes weights in inference.*Halved 'half'"
        rnn(np.ones((1, 2, 3)))
    with pytest.raises(ValueError, match=text):
        write(rnn)
